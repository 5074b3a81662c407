//! From points to outputs: `y = Aᵀ·m` of a block's tiles for a part of the written channels, with bias and bounds.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::phase::{PLACES, Phase, Phases};
use super::tiling::{Cover, Tiling};
use super::transform::{POINTS, TILE, output, with_taps};
use crate::conv::Limit;
use crate::simd::{Kernel, LANES, Simd};

pub(super) struct Output<'a> {
    pub tiling: &'a Tiling,
    pub phases: &'a Phases,
    pub cover: Cover,
    /// `m[point·pitch + channel·lanes + tile]`
    pub m: &'a [f32],
    pub pitch: usize,
    /// Written channels.
    pub channels: usize,
    /// For each of them.
    pub bias: Option<&'a [f32]>,
    pub limit: Limit,
    /// The first of them in the first sample; distance between two samples.
    pub out: *mut f32,
    pub sample: usize,
}

impl Kernel for Output<'_> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (tiling, tiles, lanes) = (self.tiling, self.cover.len(), self.tiling.lanes());
        // phases that write in turn; one where they are added up
        let places = tiling.outputs / TILE;
        assert!(places <= PLACES && (places == 1 || places == self.phases.all.len()));
        assert!(self.m.len() >= (self.phases.points - 1) * self.pitch + self.channels * lanes);
        for first in (0..tiles).step_by(LANES) {
            let live = LANES.min(tiles - first);
            // where each tile's outputs start in a channel, and how many there are
            let mut at = [(0, 0); LANES];
            for (lane, at) in at.iter_mut().enumerate().take(live) {
                let (sample, tile) = self.cover.tile(first + lane);
                let start = tile * tiling.outputs;
                *at = (sample * self.sample + start, tiling.outputs.min(tiling.target - start));
            }
            let whole = at.iter().all(|at| at.1 == tiling.outputs);
            for channel in 0..self.channels {
                let m = self.m[channel * lanes + first..].as_ptr();
                let out = self.out.wrapping_add(channel * tiling.target);
                let bias = simd.splat(self.bias.map_or(0.0, |b| b[channel]));
                let mut y = [[bias; TILE]; PLACES];
                for (number, phase) in self.phases.all.iter().enumerate() {
                    let place = if places == 1 { 0 } else { number };
                    // SAFETY: by the assertion `m` has a vector here at every point.
                    let part = unsafe { with_taps!(phase.taps, outputs(simd, phase, m, self.pitch)) };
                    for k in 0..TILE {
                        y[place][k] = simd.add(y[place][k], part[k]);
                    }
                }
                // outputs `k·places + place` of a tile, four at a time
                let mut numbers = [[0.0f32; TILE * PLACES]; LANES];
                for four in 0..places {
                    let mut v = [bias; 4];
                    for j in 0..4 {
                        let number = 4 * four + j;
                        v[j] = self.limit.vector(simd, y[number % places][number / places]);
                    }
                    let mut to = [out; LANES];
                    for lane in 0..LANES {
                        to[lane] = match whole {
                            true => out.wrapping_add(at[lane].0 + 4 * four),
                            false => numbers[lane][4 * four..].as_mut_ptr(),
                        };
                    }
                    // SAFETY: whole tiles lie inside the channel of the output, which this item alone writes; the
                    // arrays have four numbers for each place.
                    unsafe { simd.scatter4(to, v) };
                }
                if !whole {
                    for (numbers, &(start, count)) in numbers.iter().zip(&at) {
                        // SAFETY: as above; dead lanes have no outputs.
                        unsafe { std::ptr::copy_nonoverlapping(numbers.as_ptr(), out.wrapping_add(start), count) };
                    }
                }
            }
        }
    }
}

/// # Safety
/// There must be a vector at each of the phase's points, `pitch` apart.
#[inline(always)]
unsafe fn outputs<S: Simd, const R: usize>(simd: S, phase: &Phase, m: *const f32, pitch: usize) -> [S::V; TILE] {
    let mut d = [simd.splat(0.0); POINTS];
    for i in 0..R + TILE - 1 {
        // SAFETY: by the contract above.
        d[i] = unsafe { simd.load(m.add((phase.point + i) * pitch)) };
    }
    output::<S, R>(simd, &d)
}
