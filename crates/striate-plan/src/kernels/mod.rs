//! For each equation the kernel that computes it.

mod batch_norm;
mod conv;
mod epilogue;
mod labels;
mod local;
pub(crate) mod map;
mod map_sums;
mod matmul;
mod moves;
mod pool;
mod random;
mod rbf;
mod recurrent;
mod reduce;
mod reference;
mod resample;
mod softmax;

use crate::Options;
use crate::memory::Io;
use striate_graph::ops::fused::Fused;
use striate_graph::{Graph, Op, Source};
use striate_kernels::{Isa, Workers};
use striate_tensor::{Result, Shape};

use epilogue::Epilogues;

/// How one equation is computed. Everything was decided when the plan was made; a run allocates nothing.
pub(crate) trait Kernel: Send + Sync {
    /// What the plan's text says.
    fn name(&self) -> String;

    /// Scratch that a run needs with so many threads, in f32s.
    fn scratch(&self, _threads: usize) -> usize {
        0
    }

    /// Whether a run reads input `index`; not if the kernel was made from its numbers.
    fn reads(&self, _index: usize) -> bool {
        true
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
    pub options: &'a Options,
}

impl Problem<'_> {
    fn op(&self) -> &Op {
        &self.graph.equations[self.equation].op
    }

    /// The shape of input `index`.
    fn shape(&self, index: usize) -> Shape {
        self.graph.value(self.graph.equations[self.equation].inputs[index]).ty.shape()
    }

    /// The numbers of input `index`, if it is a constant.
    fn constant(&self, index: usize) -> Option<&[f32]> {
        match &self.graph.value(self.graph.equations[self.equation].inputs[index]).source {
            Source::Constant(array) => Some(array.data()),
            _ => None,
        }
    }

    /// Whether anything reads output `index`.
    fn is_read(&self, index: usize) -> bool {
        let graph = self.graph;
        let output = graph.equations[self.equation].outputs[index];
        let mut read = graph.equations.iter().flat_map(|e| &e.inputs).chain(&graph.outputs);
        read.any(|&id| id == output) || graph.updates.iter().any(|u| u.next == output)
    }

    /// The shape of output `index`.
    fn out_shape(&self, index: usize) -> Shape {
        self.graph.value(self.graph.equations[self.equation].outputs[index]).ty.shape()
    }
}

/// The kernel of an equation; `None` for what needs no work.
pub(crate) fn choose(problem: &Problem<'_>) -> Result<Option<Box<dyn Kernel>>> {
    let kernel = match problem.op() {
        Op::Reshape(_) => return Ok(None),
        Op::Fused(fused) => linear(problem, &fused.first, Some(fused))?,
        Op::MapSums(op) => map_sums::kernel(problem, op),
        Op::Map(op) => map::kernel(problem, &op.program, format!("map {}", op.program))?,
        Op::Expand(op) => map::expand(problem, op)?,
        Op::Reduce(op) => Some(reduce::kernel(problem, op)),
        Op::MaxPool(_) | Op::MaxPoolGrad(_) | Op::MeanPool(_) | Op::MeanPoolGrad(_) => pool::kernel(problem),
        Op::MaxPoolAt(op) => Some(pool::at(op)),
        Op::Resample(op) => Some(resample::kernel(problem, op, false)),
        Op::ResampleGrad(op) => Some(resample::kernel(problem, &op.0, true)),
        Op::ChannelStatistics(op) => Some(batch_norm::kernel(problem, op)),
        Op::Softmax(_) => Some(softmax::kernel(problem, false)),
        Op::LogSoftmax(_) => Some(softmax::kernel(problem, true)),
        Op::CrossEntropy(_) | Op::Correct(_) | Op::OneHot(_) => labels::kernel(problem),
        Op::DropoutMask(_) | Op::Count(_) => random::kernel(problem),
        Op::Transpose(_) | Op::Slice(_) | Op::PadZeros(_) | Op::Concat(_) => moves::kernel(problem),
        Op::Local(_) | Op::LocalGradInput(_) | Op::LocalGradWeight(_) => local::kernel(problem),
        Op::Recurrent(_) | Op::RecurrentGrad(_) | Op::SequenceMask(_) => recurrent::kernel(problem),
        Op::Rbf(_) => Some(rbf::kernel(problem)),
        op => linear(problem, op, None)?,
    };
    Ok(Some(kernel.unwrap_or_else(|| reference::kernel(problem))))
}

/// The kernel of an operation that takes an epilogue.
fn linear(problem: &Problem<'_>, op: &Op, fused: Option<&Fused>) -> Result<Option<Box<dyn Kernel>>> {
    let epilogue = |parts: usize, adds: bool| match fused {
        Some(fused) => Epilogues::new(problem, fused, parts, adds),
        None => Ok(Epilogues::none(problem.graph.equations[problem.equation].inputs.len())),
    };
    match op {
        Op::MatMul(op) => Ok(Some(matmul::kernel(problem, op, epilogue(1, false)?))),
        op => conv::kernel(problem, op, epilogue),
    }
}
