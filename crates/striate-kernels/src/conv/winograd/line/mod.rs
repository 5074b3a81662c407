//! Minimal filtering over one axis, strided or not, for all three passes: the taps of each place of the stride are a
//! filter of their own at stride 1, F(4, R). A kernel of 7 at stride 2 is filters of 4 and of 3 taps: 13 products for 4
//! outputs instead of 28.
//!
//! Letters: tiles of 4 outputs (or of 4 for each place of the stride, in the input gradient), points as in
//! `transform.rs`, those of all phases one after the other. With `U = G·w`, `V = Bᵀ·d`, `W = A·∂y`:
//!
//! ```text
//! y = Σ_φ Aᵀ·Σ_c U ∘ V        ∂w = Gᵀ·Σ_t W ∘ V
//! ```

mod data;
mod kernel;
mod phase;
mod read;
mod tiling;
mod transform;
mod weight;
mod write;

use super::super::problem::Problem;
use super::super::{ConvOptions, DataPass, WeightPass};
use super::Made;
use crate::simd::Isa;
use data::Data;
use phase::Phases;
use weight::Weight;

pub(in crate::conv) fn forward(problem: &Problem, isa: Isa, options: &ConvOptions) -> Made<dyn DataPass> {
    accepts(problem, options)?;
    Ok(Box::new(Data::forward(problem, isa)))
}

pub(in crate::conv) fn grad_input(problem: &Problem, isa: Isa, options: &ConvOptions) -> Made<dyn DataPass> {
    accepts(problem, options)?;
    Ok(Box::new(Data::backward(problem, isa)))
}

pub(in crate::conv) fn grad_weight(problem: &Problem, isa: Isa, options: &ConvOptions) -> Made<dyn WeightPass> {
    accepts(problem, options)?;
    Ok(Box::new(Weight::new(problem, isa)))
}

/// What a transform costs for each point of a channel's tile, in products.
const TRANSFORM: usize = 16;
/// Written numbers of all samples from which on they outweigh the kernels' transforms.
const NUMBERS: usize = 64;

fn accepts(problem: &Problem, options: &ConvOptions) -> Result<(), String> {
    if options.exact {
        return Err("exact results are asked for".into());
    }
    phase::accept(problem)?;
    if problem.table.is_some() {
        return Err("a table connects the channels".into());
    }
    if problem.batch * problem.positions() == 0 {
        return Err("there are no outputs".into());
    }
    if options.variant.is_some() {
        return Ok(());
    }
    let (ins, outs, points) = (problem.ins(), problem.outs(), Phases::forward(problem).points);
    let direct = transform::TILE * problem.taps() * ins * outs;
    let own = points * (ins * outs + TRANSFORM * (ins + outs));
    if direct <= own {
        return Err(format!("direct is cheaper: {direct} products for a tile against about {own}"));
    }
    if problem.batch * problem.positions() < NUMBERS {
        return Err(format!("fewer than {NUMBERS} outputs of a channel: the kernels' transforms cost more"));
    }
    Ok(())
}
