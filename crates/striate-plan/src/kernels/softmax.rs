use super::{Kernel, Problem};
use crate::memory::Io;
use striate_kernels::{Isa, Workers, softmax};

/// Softmax or its logarithm over axis 1.
struct Softmax {
    isa: Isa,
    classes: usize,
    inner: usize,
    logarithm: bool,
}

pub(super) fn kernel(problem: &Problem<'_>, logarithm: bool) -> Box<dyn Kernel> {
    let shape = problem.shape(0);
    Box::new(Softmax { isa: problem.isa, classes: shape[1], inner: shape[2..].iter().product(), logarithm })
}

impl Kernel for Softmax {
    fn name(&self) -> String {
        if self.logarithm { "log_softmax" } else { "softmax" }.into()
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        softmax(workers, self.isa, io.f32(0), (self.classes, self.inner), self.logarithm, io.out_f32(0));
    }
}
