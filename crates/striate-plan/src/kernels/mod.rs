//! For each equation the kernel that computes it.

mod conv;
mod reference;

use crate::memory::Io;
use striate_graph::{Graph, Op};
use striate_kernels::{Isa, Workers};
use striate_tensor::Result;

/// How one equation is computed. Everything was decided when the plan was made; a run allocates nothing.
pub(crate) trait Kernel: Send + Sync {
    /// What the plan's text says.
    fn name(&self) -> String;

    /// Scratch that a run needs with so many threads, in f32s.
    fn scratch(&self, _threads: usize) -> usize {
        0
    }

    /// Computes the outputs from the inputs.
    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]);
}

/// What a kernel is chosen by: an equation of a graph whose batch size is known, and the (input, output) pairs that
/// share memory.
pub(crate) struct Problem<'a> {
    pub graph: &'a Graph,
    pub equation: usize,
    pub in_place: &'a [(usize, usize)],
    pub isa: Isa,
}

impl Problem<'_> {
    fn op(&self) -> &Op {
        &self.graph.equations[self.equation].op
    }

    /// The shape of input `index`.
    fn shape(&self, index: usize) -> striate_tensor::Shape {
        self.graph.value(self.graph.equations[self.equation].inputs[index]).ty.shape()
    }
}

/// The kernel of an equation; `None` for what needs no work.
pub(crate) fn choose(problem: &Problem<'_>) -> Result<Option<Box<dyn Kernel>>> {
    let kernel = match problem.op() {
        Op::Reshape(_) => return Ok(None),
        Op::Conv(_) | Op::ConvGradInput(_) | Op::ConvGradWeight(_) | Op::Fused(_) => conv::kernel(problem)?,
        _ => None,
    };
    Ok(Some(kernel.unwrap_or_else(|| reference::kernel(problem))))
}
