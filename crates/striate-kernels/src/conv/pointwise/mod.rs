//! Pointwise (1×1) convolution at any stride: a matrix product for each sample, `Y[O×P] = W[O×C]·X[C×P]`, with X read
//! where it lies.
//!
//! The columns of the product are positions; samples of few positions are put side by side ([`columns`]), so that
//! lanes are full. The forward pass and the input gradient ([`data`]) keep a tile of outputs and columns in registers
//! over all channels; the weight gradient ([`weight`]) keeps a tile of weights over many columns.

mod columns;
mod data;
mod weight;

pub(super) use data::{forward, grad_input};
pub(super) use weight::grad_weight;

use super::problem::Problem;

/// Products that are worth handing to another worker.
const WORTH: usize = 200_000;

fn accept(problem: &Problem) -> Result<(), String> {
    if problem.table.is_some() || problem.groups != 1 {
        return Err("not every input meets every output".into());
    }
    if problem.taps() != 1 {
        return Err("the kernel is not 1×1".into());
    }
    if problem.windows.iter().any(|w| w.before + w.after > 0) || problem.positions() == 0 {
        return Err("padded".into());
    }
    if problem.in_channels < 8 || problem.out_channels < 8 {
        return Err("fewer than eight channels".into());
    }
    let sample = |channels: usize, elements: usize| channels * elements * problem.batch.min(SIDE_BY_SIDE);
    if sample(problem.in_channels, problem.pixels()).max(sample(problem.out_channels, problem.positions()))
        > u32::MAX as usize / 2
    {
        return Err("a sample has too many elements for 32-bit offsets".into());
    }
    Ok(())
}

/// Samples side by side at most.
const SIDE_BY_SIDE: usize = 512;
