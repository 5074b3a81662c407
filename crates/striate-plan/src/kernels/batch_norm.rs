use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::ops::batch_norm::ChannelStatistics;
use striate_kernels::{Isa, Workers, channel_statistics};
use striate_tensor::Shape;

/// From a channel's biased variance v to r = 1/√(v + ε) and the unbiased one.
#[derive(Clone, Copy)]
pub(super) struct Finish {
    epsilon: f32,
    /// m/(m − 1)
    unbias: f32,
}

impl Finish {
    pub(super) fn new(op: &ChannelStatistics, shape: &Shape) -> Self {
        let m = (shape.elements() / shape[1].max(1)) as f32;
        Finish { epsilon: op.epsilon.0 as f32, unbias: m / (m - 1.0).max(1.0) }
    }

    /// `variance` becomes the unbiased one.
    pub(super) fn run(&self, inv_std: &mut [f32], variance: &mut [f32]) {
        for (inv_std, variance) in inv_std.iter_mut().zip(variance) {
            *inv_std = 1.0 / (*variance + self.epsilon).sqrt();
            *variance *= self.unbias;
        }
    }
}

/// Statistics of a whole tensor.
struct Statistics {
    isa: Isa,
    plane: usize,
    finish: Finish,
}

pub(super) fn kernel(problem: &Problem<'_>, op: &ChannelStatistics) -> Box<dyn Kernel> {
    let shape = problem.shape(0);
    Box::new(Statistics { isa: problem.isa, plane: shape[2..].iter().product(), finish: Finish::new(op, &shape) })
}

impl Kernel for Statistics {
    fn name(&self) -> String {
        "channel_statistics".into()
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let [mean, inv_std, unbiased] = [0, 1, 2].map(|o| io.out_f32(o));
        channel_statistics(workers, self.isa, io.f32(0), self.plane, mean, unbiased);
        self.finish.run(inv_std, unbiased);
    }
}
