//! Winograd's minimal filtering for 3×3 kernels at stride 1, for all three passes: F(4×4, 3×3) needs 36 products for 16
//! outputs instead of 144, F(2×2, 3×3) 16 for 4 instead of 36. Kernels over one axis have their own room, `line/`.
//!
//! Letters: tiles of `M×M` outputs, which read `N×N` pixels, `N = M + 2`; `N²` points. With the matrices of
//! `transform.rs`, for each point
//!
//! ```text
//! U[o,c] = G·w[o,c]·Gᵀ     V[c,t] = Bᵀ·x[c,t]·B     m[o,t] = Σ_c U[o,c]·V[c,t]     y[o,t] = Aᵀ·m[o,t]·A
//! ```
//!
//! Rounding: differences of neighbouring pixels are multiplied and added up again, so that errors are some times those of
//! the plain sum. Relative to the greatest element of a result they stay below
//!
//! | | `y`, `∂x` | `∂w` |
//! |---|---|---|
//! | F(4×4, 3×3) | 10⁻⁵ | 3·10⁻⁵ |
//! | F(2×2, 3×3) | 3·10⁻⁶ | 10⁻⁵ |
//! | F(4, 2…4), over one axis (`line/`) | 5·10⁻⁶ | 10⁻⁵ |
//!
//! for numbers as networks have them (tests/winograd.rs holds them to it). A NaN or an infinity spreads over its tiles.

mod channels;
mod data;
mod filter;
mod grad_filter;
mod input;
mod layout;
pub(super) mod line;
mod outer;
mod output;
mod product;
mod sums;
mod tiling;
mod transform;
mod weight;
mod worth;

use super::problem::Problem;
use super::{ConvOptions, DataPass, WeightPass};
use crate::simd::Isa;
use data::{Data, Direction};
use transform::{F2, F4};
use weight::Weight;
use worth::{Pass, worth};

type Made<P> = Result<Box<P>, String>;

pub(super) fn forward4(problem: &Problem, isa: Isa, options: &ConvOptions) -> Made<dyn DataPass> {
    accepts(problem, options, Pass::Forward, 4)?;
    Ok(Box::new(Data::<F4, 4, 6>::new(problem, isa, Direction::Forward)))
}

pub(super) fn grad_input4(problem: &Problem, isa: Isa, options: &ConvOptions) -> Made<dyn DataPass> {
    accepts(problem, options, Pass::GradInput, 4)?;
    Ok(Box::new(Data::<F4, 4, 6>::new(problem, isa, Direction::Backward)))
}

pub(super) fn grad_weight4(problem: &Problem, isa: Isa, options: &ConvOptions) -> Made<dyn WeightPass> {
    accepts(problem, options, Pass::GradWeight, 4)?;
    Ok(Box::new(Weight::<F4, 4, 6>::new(problem, isa)))
}

pub(super) fn forward2(problem: &Problem, isa: Isa, options: &ConvOptions) -> Made<dyn DataPass> {
    accepts(problem, options, Pass::Forward, 2)?;
    Ok(Box::new(Data::<F2, 2, 4>::new(problem, isa, Direction::Forward)))
}

pub(super) fn grad_input2(problem: &Problem, isa: Isa, options: &ConvOptions) -> Made<dyn DataPass> {
    accepts(problem, options, Pass::GradInput, 2)?;
    Ok(Box::new(Data::<F2, 2, 4>::new(problem, isa, Direction::Backward)))
}

pub(super) fn grad_weight2(problem: &Problem, isa: Isa, options: &ConvOptions) -> Made<dyn WeightPass> {
    accepts(problem, options, Pass::GradWeight, 2)?;
    Ok(Box::new(Weight::<F2, 2, 4>::new(problem, isa)))
}

/// Why the problem has no minimal filtering of this kind, or is not worth it; what is asked for by name is.
fn accepts(problem: &Problem, options: &ConvOptions, pass: Pass, size: usize) -> Result<(), String> {
    let [z, y, x] = &problem.windows;
    if options.exact {
        return Err("exact results are asked for".into());
    }
    if z.kernel != 1 || z.input != 1 || z.before + z.after > 0 || y.kernel != 3 || x.kernel != 3 {
        return Err("not a 3×3 kernel over two axes".into());
    }
    if [y, x].iter().any(|w| w.stride != 1 || w.dilation != 1) {
        return Err("stride and dilation are not 1".into());
    }
    if problem.table.is_some() {
        return Err("a table connects the channels".into());
    }
    if problem.batch * problem.positions() == 0 {
        return Err("there are no outputs".into());
    }
    if options.variant.is_some() { Ok(()) } else { worth(problem, pass, size) }
}
