//! When spectra are the fastest way, by a plain model fitted to measurements.
//!
//! Costs are nanoseconds of one core. With N samples, C and O channels, P pairs of channels that are joined, and V numbers of
//! a spectrum, rounded up to whole vectors:
//!
//! ```text
//! direct    0.0185 · N·P·taps·positions                more where a group has less than four outputs, at most twice
//! spectra   V · (0.17 · log₂ √V · (N·C + N·O + P)  +  price · N·P)
//! ```
//!
//! The price of a product is that of its multiplications while the P·V numbers of the kernels' spectra stay near; beyond that
//! it is the memory's. A kernel's size is in the first line alone. So spectra win from about 13×13 where each channel is for
//! itself, from 9×9 between some channels, from 11×11 between many or at one sample; never at 3×3.

use super::Pass;
use crate::conv::problem::Problem;
use crate::simd::LANES;

/// What spectra must save to be taken: the model is no better than that.
const MARGIN: f64 = 1.1;

/// Numbers of kernels' spectra that stay near, and that stay in the caches at all.
const NEAR: usize = 3 << 18;
const FAR: usize = 1 << 21;

/// Nanoseconds of a product of vectors' numbers, where all kernels have so many; the weight gradient writes those that the
/// others read again for every sample.
fn price(pass: Pass, spectra: usize) -> f64 {
    match pass {
        _ if spectra <= NEAR => 0.16,
        Pass::GradWeight => 0.35,
        _ if spectra <= FAR => 0.45,
        _ => 0.9,
    }
}

/// `Ok` where spectra of planes of these sizes are cheaper than the direct way, else what is cheaper.
pub(super) fn worth(problem: &Problem, pass: Pass, [high, wide]: [usize; 2]) -> Result<(), String> {
    let (batch, pairs) = (problem.batch as f64, problem.rows as f64);
    let together = match pass {
        Pass::Forward | Pass::GradWeight => problem.outs(),
        Pass::GradInput => problem.ins(),
    };
    let idle = (4.0 / together as f64).clamp(1.0, 2.0);
    let direct = 0.0185 * idle * batch * pairs * (problem.taps() * problem.positions()) as f64;
    let numbers = (high / 2 + 1).next_multiple_of(LANES) * 2 * wide;
    let price = price(pass, problem.rows * numbers);
    let numbers = numbers as f64;
    let planes = batch * (problem.in_channels + problem.out_channels) as f64 + pairs;
    let spectra = numbers * (0.17 * numbers.sqrt().log2() * planes + price * batch * pairs);
    match spectra * MARGIN < direct {
        true => Ok(()),
        false => Err(format!("direct is cheaper: about {:.0} µs against {:.0}", direct / 1e3, spectra / 1e3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::fft::transform::length;
    use striate_tensor::{Connections, ConvGeometry, Window};

    /// Whether spectra are taken for `[batch, channels, groups, size, kernel]`, padded to keep the size, by each pass.
    fn taken([batch, channels, groups, size, kernel]: [usize; 5]) -> [bool; 3] {
        let window = Window { input: size, kernel, stride: 1, dilation: 1, before: kernel / 2, after: kernel / 2 };
        let problem = Problem::new(&ConvGeometry {
            batch,
            in_channels: channels,
            out_channels: channels,
            windows: vec![window; 2],
            connections: Connections::Groups(groups),
            flipped: false,
        });
        let sizes = [length(size + kernel / 2); 2];
        [Pass::Forward, Pass::GradInput, Pass::GradWeight].map(|pass| worth(&problem, pass, sizes).is_ok())
    }

    #[test]
    fn large_kernels_take_spectra_and_small_ones_do_not() {
        for shape in [[1, 1, 1, 32, 15], [1, 1, 1, 256, 15], [4, 8, 8, 64, 31], [8, 16, 16, 32, 21], [1, 16, 1, 32, 15]]
        {
            assert_eq!(taken(shape), [true; 3], "{shape:?}");
        }
        for shape in [[4, 16, 1, 32, 9], [4, 16, 1, 16, 11], [8, 32, 1, 16, 9]] {
            assert_eq!(taken(shape), [true; 3], "{shape:?}");
        }
        for shape in [[1, 1, 1, 64, 7], [4, 8, 8, 128, 7], [1, 4, 1, 32, 9], [64, 64, 1, 32, 3], [1, 16, 1, 64, 5]] {
            assert_eq!(taken(shape), [false; 3], "{shape:?}");
        }
        // many channels: the kernels' spectra leave the caches
        for shape in [[32, 64, 1, 32, 5], [32, 32, 1, 32, 5], [16, 128, 1, 16, 5]] {
            assert_eq!(taken(shape), [false; 3], "{shape:?}");
        }
        assert_eq!(taken([32, 64, 1, 32, 7]), [false, false, true]);
        assert_eq!(taken([32, 64, 1, 32, 11]), [true; 3]);
    }
}
