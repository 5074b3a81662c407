//! When spectra are the fastest way, by a plain model fitted to measurements.
//!
//! Costs are nanoseconds of one core. With N samples, C and O channels, P pairs of channels that are joined, and V numbers of
//! a spectrum, rounded up to whole vectors:
//!
//! ```text
//! direct    0.0185 · N·P·taps·positions                more where a group has less than four outputs, at most twice
//! spectra   V · (0.17 · log₂ √V · (N·C + N·O + P)  +  0.16 · N·P)
//! ```
//!
//! A kernel's size is in the first line alone. So spectra win from about 13×13 where each channel is for itself, from 11×11
//! at one sample, and from 7×7 in batches that share the kernels' spectra between many channels; never at 3×3.

use super::Pass;
use crate::conv::problem::Problem;
use crate::simd::LANES;

/// What spectra must save to be taken: the model is no better than that.
const MARGIN: f64 = 1.1;

/// `Ok` where spectra of planes of these sizes are cheaper than the direct way, else what is cheaper.
pub(super) fn worth(problem: &Problem, pass: Pass, [high, wide]: [usize; 2]) -> Result<(), String> {
    let (batch, pairs) = (problem.batch as f64, problem.rows as f64);
    let together = match pass {
        Pass::Forward | Pass::GradWeight => problem.outs(),
        Pass::GradInput => problem.ins(),
    };
    let idle = (4.0 / together as f64).clamp(1.0, 2.0);
    let direct = 0.0185 * idle * batch * pairs * (problem.taps() * problem.positions()) as f64;
    let numbers = ((high / 2 + 1).next_multiple_of(LANES) * 2 * wide) as f64;
    let planes = batch * (problem.in_channels + problem.out_channels) as f64 + pairs;
    let spectra = numbers * (0.17 * numbers.sqrt().log2() * planes + 0.16 * batch * pairs);
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

    /// Whether spectra are taken for `[batch, channels, groups, size, kernel]`, padded to keep the size.
    fn taken([batch, channels, groups, size, kernel]: [usize; 5]) -> bool {
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
        let all = [Pass::Forward, Pass::GradInput, Pass::GradWeight].map(|pass| worth(&problem, pass, sizes).is_ok());
        assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
        all[0]
    }

    #[test]
    fn large_kernels_take_spectra_and_small_ones_do_not() {
        for shape in [[1, 1, 1, 32, 15], [1, 1, 1, 256, 15], [4, 8, 8, 64, 31], [8, 16, 16, 32, 21], [1, 16, 1, 32, 15]]
        {
            assert!(taken(shape), "{shape:?}");
        }
        for shape in [[4, 16, 1, 32, 9], [4, 16, 1, 16, 11], [8, 32, 1, 16, 9]] {
            assert!(taken(shape), "{shape:?}");
        }
        for shape in [[1, 1, 1, 64, 7], [4, 8, 8, 128, 7], [1, 4, 1, 32, 9], [64, 64, 1, 32, 3], [1, 16, 1, 64, 5]] {
            assert!(!taken(shape), "{shape:?}");
        }
    }
}
