//! The columns of the product: the positions of a few samples one after the other, and where each lies in a channel of
//! `x` and of `y`, counted from the first of these samples.

use super::SIDE_BY_SIDE;
use crate::conv::problem::Problem;
use crate::simd::LANES;

#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// Samples side by side.
    pub samples: usize,
    /// Positions of one.
    pub positions: usize,
    /// For each column its element in `x` and in `y`.
    pub x: Vec<u32>,
    pub y: Vec<u32>,
}

impl Columns {
    /// As few samples as fill whole vectors and several tiles.
    pub(super) fn new(problem: &Problem) -> Self {
        let positions = problem.positions();
        let filled = |samples: usize| {
            let columns = samples * positions;
            columns as f64 / columns.next_multiple_of(LANES) as f64
        };
        let most = (384 / positions).max(1).min(problem.batch).clamp(1, SIDE_BY_SIDE);
        let least = 96usize.div_ceil(positions).min(most);
        let good = (least..=most).find(|&samples| filled(samples) >= 0.97);
        let samples = good.unwrap_or_else(|| {
            (least..=most).max_by(|&a, &b| filled(a).total_cmp(&filled(b)).then(b.cmp(&a))).unwrap_or(1)
        });
        let [_, high, wide] = problem.windows;
        let steps = problem.windows.map(|w| w.stride);
        let [_, rows, columns] = problem.outputs;
        let pixel = |position: usize| {
            let at = [position / (rows * columns), position / columns % rows, position % columns];
            ((at[0] * steps[0] * high.input) + at[1] * steps[1]) * wide.input + at[2] * steps[2]
        };
        let each = |channels: usize, pitch: usize, element: &dyn Fn(usize) -> usize| -> Vec<u32> {
            let of_sample = |s| (0..positions).map(move |p| (s * channels * pitch + element(p)) as u32);
            (0..samples).flat_map(of_sample).collect()
        };
        Columns {
            samples,
            positions,
            x: each(problem.in_channels, problem.pixels(), &pixel),
            y: each(problem.out_channels, positions, &|p| p),
        }
    }

    /// Columns of so many samples.
    pub(super) fn count(&self, samples: usize) -> usize {
        samples * self.positions
    }
}

/// Where the eight elements of `at` start, if they lie side by side.
#[inline(always)]
pub(super) fn together(at: &[u32]) -> Option<usize> {
    (at.len() >= LANES && at[LANES - 1] == at[0] + LANES as u32 - 1).then(|| at[0] as usize)
}
