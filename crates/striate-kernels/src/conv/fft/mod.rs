//! Convolution as a product of spectra, for large kernels in two dimensions at stride 1.
//!
//! Capitals are spectra of planes of `H×W`, a bar is the conjugate (Mathieu, Henaff and LeCun 2013):
//!
//! ```text
//! Y[n,o] = Σ_c X[n,c]·W̄[o,c]        ∂X[n,c] = Σ_o ∂Y[n,o]·W[o,c]        ∂W[o,c] = Σ_n X[n,c]·∂Ȳ[n,o]
//! ```
//!
//! With `H` at least the height of the input plus its larger padding, and no less than that of kernel and output, what
//! goes round the cyclic plane meets zeros wherever a result is read. A result's first element is at −before, before, and
//! −before of the cyclic plane. The work is that of the transforms, whatever the kernel's size.
//!
//! Rounding: errors relative to the greatest element of a result stay below 10⁻⁵ (tests/fft.rs), but they are those of
//! sums over whole planes: a NaN or an infinity spreads over its plane.

mod data;
mod plane;
mod product;
mod transform;
mod weight;
mod worth;

use super::problem::Problem;
use super::{ConvOptions, DataPass, WeightPass};
use crate::simd::Isa;
use data::{Data, Direction};
use plane::{Part, Planes};
use weight::Weight;
use worth::worth;

type Made<P> = Result<Box<P>, String>;

/// f32s of the spectra that are held at a time: as many samples are taken together.
const TOGETHER: usize = 1 << 21;
/// f32s of the kernels' spectra, beyond which memory is better spent otherwise.
const MOST: usize = 1 << 24;
/// Complex vectors of an item of products.
const BLOCK: usize = 32;

pub(super) fn forward(problem: &Problem, isa: Isa, options: &ConvOptions) -> Made<dyn DataPass> {
    Ok(Box::new(Data::new(problem, isa, Direction::Forward, accepts(problem, options, Pass::Forward)?)))
}

pub(super) fn grad_input(problem: &Problem, isa: Isa, options: &ConvOptions) -> Made<dyn DataPass> {
    Ok(Box::new(Data::new(problem, isa, Direction::Backward, accepts(problem, options, Pass::GradInput)?)))
}

pub(super) fn grad_weight(problem: &Problem, isa: Isa, options: &ConvOptions) -> Made<dyn WeightPass> {
    Ok(Box::new(Weight::new(problem, isa, accepts(problem, options, Pass::GradWeight)?)))
}

/// The pass in question.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pass {
    Forward,
    GradInput,
    GradWeight,
}

/// The planes of the problem, or why it is not for spectra; what is asked for by name need not be worth it.
fn accepts(problem: &Problem, options: &ConvOptions, pass: Pass) -> Result<Planes, String> {
    let [z, y, x] = &problem.windows;
    if options.exact {
        return Err("exact results are asked for".into());
    }
    if z.kernel != 1 || z.input != 1 || z.before + z.after > 0 {
        return Err("not over two axes".into());
    }
    if y.input == 1 || x.input == 1 {
        return Err("over one axis: too short for eight series at once".into());
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
    let sizes = [1, 2].map(|axis| {
        let window = &problem.windows[axis];
        let least = window.input + window.before.max(window.after);
        transform::length(least.max(window.kernel).max(problem.outputs[axis]))
    });
    if options.variant.is_none() {
        worth(problem, pass, sizes)?;
    }
    let planes = Planes::new(sizes);
    if problem.rows * pitch(&planes) > MOST {
        return Err("the spectra of the kernels take too much memory".into());
    }
    Ok(planes)
}

/// Distance between two spectra: beyond a multiple of the pages, so that the same frequency of all channels does not
/// compete for the same lines of the cache.
fn pitch(planes: &Planes) -> usize {
    planes.spectrum_len().next_multiple_of(1024) + 16
}

/// How many samples are taken together, with so many planes each.
fn samples_together(problem: &Problem, planes: &Planes) -> usize {
    let each = (problem.in_channels + problem.out_channels) * pitch(planes);
    (TOGETHER / each).clamp(1, problem.batch)
}

/// What the transforms there and back leave to be divided by: each way there doubles.
fn factor(planes: &Planes) -> f32 {
    let [high, wide] = planes.sizes();
    0.25 / (high * wide) as f32
}

/// Where results begin in the cyclic plane that lies `before` ahead of them.
fn ahead(planes: &Planes, problem: &Problem) -> [usize; 2] {
    let sizes = planes.sizes();
    [0, 1].map(|axis| (sizes[axis] - problem.windows[axis + 1].before % sizes[axis]) % sizes[axis])
}

fn kernel_sizes(problem: &Problem) -> [usize; 2] {
    [problem.windows[1].kernel, problem.windows[2].kernel]
}

fn input_sizes(problem: &Problem) -> [usize; 2] {
    [problem.windows[1].input, problem.windows[2].input]
}

fn output_sizes(problem: &Problem) -> [usize; 2] {
    [problem.outputs[1], problem.outputs[2]]
}
