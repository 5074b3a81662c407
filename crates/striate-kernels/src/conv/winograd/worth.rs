//! Which variant a shape gets: the one that costs least by a plain model, fitted to measurements.
//!
//! Costs are the multipliers' cycles for each pair of an input and an output channel, over the whole batch:
//!
//! ```text
//! direct    start + position·positions
//! F(M×M)    start + product·(tiles in whole vectors, channels in whole blocks) + transform·tiles·(1/C + 1/O)
//! ```
//!
//! The start of F(M×M) is the transform of a kernel, dearer where all transformed kernels leave the near caches.

use super::super::problem::Problem;
use crate::simd::LANES;

/// The pass in question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pass {
    Forward,
    GradInput,
    GradWeight,
}

/// Transformed kernels of so many pairs of channels stay in the near caches.
const NEAR: usize = 1 << 14;

struct Cost {
    /// With few and with many pairs of channels.
    start: [f64; 2],
    product: f64,
    transform: f64,
}

/// `Ok` where F(`size`×`size`) is the cheapest, else what is cheaper.
pub(super) fn worth(problem: &Problem, pass: Pass, size: usize) -> Result<(), String> {
    let direct = direct(problem, pass);
    let [four, two] = [4, 2].map(|size| minimal(problem, pass, size));
    let (own, other) = if size == 4 { (four, two) } else { (two, four) };
    if direct <= own {
        return Err(format!("direct is cheaper: about {direct:.0} cycles for each pair of channels against {own:.0}"));
    }
    if other < own {
        let size = 6 - size;
        return Err(format!(
            "F({size}×{size}) is cheaper: about {other:.0} cycles for each pair of channels against {own:.0}"
        ));
    }
    Ok(())
}

fn written(problem: &Problem, pass: Pass) -> [usize; 2] {
    match pass {
        Pass::GradInput => [problem.windows[1].input, problem.windows[2].input],
        Pass::Forward | Pass::GradWeight => [problem.outputs[1], problem.outputs[2]],
    }
}

fn direct(problem: &Problem, pass: Pass) -> f64 {
    let positions = problem.batch * written(problem, pass).iter().product::<usize>();
    match pass {
        Pass::Forward | Pass::GradInput => 40.0 + 0.62 * positions as f64,
        Pass::GradWeight => 50.0 + 0.7 * positions as f64,
    }
}

fn minimal(problem: &Problem, pass: Pass, size: usize) -> f64 {
    let cost = match (pass, size) {
        (Pass::GradWeight, 4) => Cost { start: [30.0, 110.0], product: 3.0, transform: 24.0 },
        (Pass::GradWeight, _) => Cost { start: [15.0, 40.0], product: 1.33, transform: 10.0 },
        (_, 4) => Cost { start: [70.0, 130.0], product: 3.0, transform: 20.0 },
        (_, _) => Cost { start: [35.0, 45.0], product: 1.33, transform: 12.0 },
    };
    let (ins, outs) = (problem.ins(), problem.outs());
    let start = cost.start[usize::from(ins * outs > NEAR)];
    let tiles = problem.batch * written(problem, pass).iter().map(|n| n.div_ceil(size)).product::<usize>();
    let whole = |channels: usize, block: usize| channels.next_multiple_of(block) as f64 / channels as f64;
    let products = match pass {
        Pass::Forward => tiles.next_multiple_of(LANES) as f64 * whole(outs, 4),
        Pass::GradInput => tiles.next_multiple_of(LANES) as f64 * whole(ins, 4),
        Pass::GradWeight => tiles as f64 * whole(ins, LANES) * whole(outs, 4),
    };
    start + cost.product * products + cost.transform * tiles as f64 * (1.0 / ins as f64 + 1.0 / outs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_tensor::{Connections, ConvGeometry, Window};

    /// The variant for `c` to `o` channels on square maps.
    fn chosen(pass: Pass, [c, o, size, batch]: [usize; 4]) -> &'static str {
        let window = Window { input: size, kernel: 3, stride: 1, dilation: 1, before: 1, after: 1 };
        let problem = Problem::new(&ConvGeometry {
            batch,
            in_channels: c,
            out_channels: o,
            windows: vec![window; 2],
            connections: Connections::Groups(1),
            flipped: false,
        });
        match [4, 2].map(|size| worth(&problem, pass, size).is_ok()) {
            [true, _] => "F4",
            [false, true] => "F2",
            [false, false] => "direct",
        }
    }

    #[test]
    fn large_maps_take_f4_small_ones_f2_and_few_products_direct() {
        use Pass::{Forward, GradInput, GradWeight};
        for pass in [Forward, GradInput, GradWeight] {
            for shape in [[64, 64, 32, 32], [128, 128, 16, 32], [256, 256, 14, 8], [16, 16, 128, 4], [512, 512, 7, 32]]
            {
                assert_eq!(chosen(pass, shape), "F4", "{pass:?} {shape:?}");
            }
            for shape in [[512, 512, 2, 32], [128, 128, 2, 16], [256, 256, 7, 1]] {
                assert_eq!(chosen(pass, shape), "F2", "{pass:?} {shape:?}");
            }
            for shape in [[1, 32, 28, 64], [3, 64, 28, 4], [1, 1, 8, 1]] {
                assert_eq!(chosen(pass, shape), "direct", "{pass:?} {shape:?}");
            }
        }
        assert_eq!(chosen(Forward, [512, 512, 2, 1]), "direct");
        assert_eq!(chosen(GradInput, [512, 512, 4, 1]), "direct");
    }
}
