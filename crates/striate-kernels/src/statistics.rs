//! Mean and variance of each channel, of a whole tensor or part by part while another kernel writes it.

use crate::conv::Block;
use crate::parts::Parts;
use crate::reduce::{SHORT, Sum, total};
use crate::simd::{Isa, Kernel, Simd};
use crate::workers::Workers;

/// Mean and biased variance of each channel of `x` (`N×C×plane`), in two passes over each channel:
/// `mean = Σx/(N·plane)`, `variance = Σ(x − mean)²/(N·plane)`.
pub fn channel_statistics(
    workers: &Workers,
    isa: Isa,
    x: &[f32],
    plane: usize,
    mean: &mut [f32],
    variance: &mut [f32],
) {
    let channels = mean.len();
    assert_eq!(variance.len(), channels, "variance");
    let samples = x.len() / (channels * plane).max(1);
    assert_eq!(x.len(), samples * channels * plane, "x");
    let (means, variances) = (Parts::new(mean), Parts::new(variance));
    workers.run(channels, |channel, _| {
        let runs = || (0..samples).map(|n| &x[(n * channels + channel) * plane..][..plane]);
        let count = (samples * plane) as f64;
        let mean = runs().map(|run| isa.run(Sum(run))).sum::<f64>() / count;
        let squares = runs().map(|run| isa.run(Squares { x: run, mean: mean as f32 })).sum::<f64>();
        // the mean was rounded to f32: take the square of that error out again
        let error = mean - f64::from(mean as f32);
        // SAFETY: each channel is one item, which runs once.
        unsafe {
            means.part(channel..channel + 1)[0] = mean as f32;
            variances.part(channel..channel + 1)[0] = (squares / count - error * error).max(0.0) as f32;
        }
    });
}

/// `Σ (x − mean)²`
struct Squares<'a> {
    x: &'a [f32],
    mean: f32,
}

impl Kernel for Squares<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mean = simd.splat(self.mean);
        let square = |simd: S, x: S::V| {
            let d = simd.sub(x, mean);
            simd.mul(d, d)
        };
        let one = |x: f32| (x - self.mean) * (x - self.mean);
        self.x.chunks(SHORT).map(|x| f64::from(total(simd, x, square, one))).sum()
    }
}

/// Counts, means and squared deviations of finished parts, to be joined (Chan, Golub and LeVeque 1979).
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    isa: Isa,
    channels: usize,
    plane: usize,
    /// Parts of a channel of a sample at most.
    parts: usize,
}

impl Moments {
    /// For tensors of `N×channels×plane`, each channel of a sample finished in so many parts at most.
    pub fn new(channels: usize, plane: usize, parts: usize, isa: Isa) -> Self {
        Moments { isa, channels, plane, parts }
    }

    /// f32s that hold the moments of all parts of so many samples; zeros before the first part.
    pub fn partials_len(&self, samples: usize) -> usize {
        samples * self.parts * 3 * self.channels
    }

    /// Notes the moments of a finished part.
    pub fn note(&self, block: Block, part: &[f32], partials: &Parts<'_, f32>) {
        let whole = part.len() >= self.plane;
        for (i, x) in part.chunks(if whole { self.plane } else { part.len() }).enumerate() {
            let count = x.len() as f64;
            let mean = self.isa.run(Sum(x)) / count;
            let error = mean - f64::from(mean as f32);
            let squares = self.isa.run(Squares { x, mean: mean as f32 }) - count * error * error;
            let row = (block.sample * self.parts + block.part) * 3;
            for (k, number) in [x.len() as f32, mean as f32, squares as f32].into_iter().enumerate() {
                let at = (row + k) * self.channels + block.channel + i;
                // SAFETY: each part of a channel of a sample is finished once, by one worker.
                unsafe { partials.part(at..at + 1)[0] = number };
            }
        }
    }

    /// Joins the parts in order: mean and biased variance of each channel.
    pub fn join(&self, workers: &Workers, partials: &[f32], mean: &mut [f32], variance: &mut [f32]) {
        let variances = Parts::new(variance);
        workers.chunks(mean, 16, |item, _, means| {
            for (i, out) in means.iter_mut().enumerate() {
                let channel = item * 16 + i;
                let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
                for part in partials.chunks_exact(3 * self.channels) {
                    let [n, m, s] = [0, 1, 2].map(|k| f64::from(part[k * self.channels + channel]));
                    if n > 0.0 {
                        let (away, both) = (m - mean, count + n);
                        mean += away * n / both;
                        squares += s + away * away * count * n / both;
                        count = both;
                    }
                }
                *out = mean as f32;
                // SAFETY: each channel is in one item, which runs once.
                unsafe { variances.part(channel..channel + 1)[0] = (squares / count).max(0.0) as f32 };
            }
        });
    }
}
