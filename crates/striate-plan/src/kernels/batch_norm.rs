use super::{Kernel, Problem};
use crate::memory::Io;
use striate_kernels::{Isa, Map, Source, Workers, channel_statistics};
use striate_tensor::{Binary, Program, Result, Shape};

/// Batch statistics, then one elementwise pass.
struct BatchNorm {
    isa: Isa,
    epsilon: f32,
    plane: usize,
    elements: usize,
    /// γ·(x − μ)·r + β
    normalise: Map,
}

pub(super) fn kernel(problem: &Problem<'_>, epsilon: f64) -> Result<Box<dyn Kernel>> {
    let shape = problem.shape(0);
    let beside: Shape = std::iter::once(shape[1]).chain(vec![1; shape.rank() - 2]).collect();
    let program = Program::build(5, |p| {
        let [x, gamma, beta, mean, inv_std] = [0, 1, 2, 3, 4];
        let centred = p.binary(Binary::Sub, x, mean);
        let scale = p.binary(Binary::Mul, gamma, inv_std);
        let scaled = p.binary(Binary::Mul, centred, scale);
        vec![p.binary(Binary::Add, scaled, beta)]
    });
    let inputs = [vec![shape.clone()], vec![beside; 4]].concat();
    Ok(Box::new(BatchNorm {
        isa: problem.isa,
        epsilon: epsilon as f32,
        plane: shape[2..].iter().product(),
        elements: shape.elements() / shape[1].max(1),
        normalise: Map::prepare(&program, &shape, &inputs, problem.isa)?,
    }))
}

impl Kernel for BatchNorm {
    fn name(&self) -> String {
        "batch_norm".into()
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let (x, gamma, beta) = (io.f32(0), io.f32(1), io.f32(2));
        let (y, mean, inv_std, unbiased) = (io.out_f32(0), io.out_f32(1), io.out_f32(2), io.out_f32(3));
        channel_statistics(workers, self.isa, x, self.plane, mean, unbiased);
        let m = self.elements as f32;
        for (inv_std, variance) in inv_std.iter_mut().zip(unbiased) {
            *inv_std = 1.0 / (*variance + self.epsilon).sqrt();
            *variance *= m / (m - 1.0).max(1.0);
        }
        let inputs = [x, gamma, beta, mean, inv_std].map(Source::Slice);
        self.normalise.run(workers, &inputs, &mut [y]);
    }
}
