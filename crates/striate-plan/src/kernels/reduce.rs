use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::ops;
use striate_kernels::{Reduce, Reduction, Workers};

/// A reduction over some axes.
struct Reducing {
    reduce: Reduce,
    reduction: Reduction,
}

pub(super) fn kernel(problem: &Problem<'_>, op: &ops::reduce::Reduce) -> Box<dyn Kernel> {
    let reduction = match op.reduction {
        ops::reduce::Reduction::Sum => Reduction::Sum,
        ops::reduce::Reduction::Mean => Reduction::Mean,
        ops::reduce::Reduction::Max => Reduction::Max,
    };
    Box::new(Reducing { reduce: Reduce::prepare(&problem.shape(0), &op.axes, problem.isa), reduction })
}

impl Kernel for Reducing {
    fn name(&self) -> String {
        format!("reduce {:?}", self.reduction).to_lowercase()
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        self.reduce.run(workers, self.reduction, io.f32(0), io.out_f32(0));
    }
}
