use super::{Kernel, Problem};
use crate::memory::Io;
use striate_kernels::Workers;

/// Squared distances of each sample to each prototype.
struct Rbf {
    units: usize,
    features: usize,
}

pub(super) fn kernel(problem: &Problem<'_>) -> Box<dyn Kernel> {
    let prototypes = problem.shape(1);
    Box::new(Rbf { units: prototypes[0], features: prototypes[1] })
}

impl Kernel for Rbf {
    fn name(&self) -> String {
        "rbf".into()
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let (x, w) = (io.f32(0), io.f32(1));
        workers.chunks(io.out_f32(0), self.units, |n, _, y| {
            let x = &x[n * self.features..][..self.features];
            for (y, w) in y.iter_mut().zip(w.chunks_exact(self.features)) {
                *y = x.iter().zip(w).map(|(x, w)| (x - w) * (x - w)).sum();
            }
        });
    }
}
