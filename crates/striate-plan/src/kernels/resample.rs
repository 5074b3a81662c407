use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::ops::resample::{Resample, Resampling};
use striate_kernels::{Separable, Workers};

/// Upsampling or blurring, or the way back.
struct Resampled {
    name: &'static str,
    map: Separable,
}

pub(super) fn kernel(problem: &Problem<'_>, op: &Resample, back: bool) -> Box<dyn Kernel> {
    let matrix = |axis: &Resampling| match back {
        false => (axis.rows(), axis.input()),
        true => (axis.columns(), axis.output()),
    };
    let axes: Vec<_> = op.axes.iter().map(matrix).collect();
    Box::new(Resampled { name: problem.op().name(), map: Separable::prepare(&axes, problem.isa) })
}

impl Kernel for Resampled {
    fn name(&self) -> String {
        self.name.into()
    }

    fn scratch(&self, threads: usize) -> usize {
        self.map.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        self.map.run(workers, io.f32(0), io.out_f32(0), scratch);
    }
}
