use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::Op;
use striate_graph::ops::dropout::DropoutMask;
use striate_kernels::Workers;

/// Elements of an item.
const ITEM: usize = 4096;

struct Mask(DropoutMask);
struct Count;

pub(super) fn kernel(problem: &Problem<'_>) -> Option<Box<dyn Kernel>> {
    match problem.op() {
        Op::DropoutMask(op) => Some(Box::new(Mask(op.clone()))),
        Op::Count(_) => Some(Box::new(Count)),
        _ => None,
    }
}

impl Kernel for Mask {
    fn name(&self) -> String {
        "dropout_mask".into()
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let counter = io.i32(0);
        let rng = self.0.rng(counter[0], counter[1]);
        let (rate, kept) = (self.0.rate.0, (1.0 / (1.0 - self.0.rate.0)) as f32);
        workers.chunks(io.out_f32(0), ITEM, |item, _, mask| {
            for (i, element) in mask.iter_mut().enumerate() {
                let drawn = rng.uniform((item * ITEM + i) as u64);
                *element = if f64::from(drawn) >= rate { kept } else { 0.0 };
            }
        });
    }
}

impl Kernel for Count {
    fn name(&self) -> String {
        "count".into()
    }

    fn run(&self, _workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let (from, to) = (io.i32(0), io.out_i32(0));
        to.copy_from_slice(&[from[0], from[1].wrapping_add(1)]);
    }
}
