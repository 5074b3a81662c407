use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::Op;
use striate_graph::ops::pool::MaxPoolAt;
use striate_kernels::{Divisor, Pool, Workers};
use striate_tensor::DType;

/// A pool or one of its adjoints.
struct Pooling {
    pool: Pool,
    pass: Pass,
}

enum Pass {
    /// The maxima, and where they are.
    Max,
    /// The maxima alone: nothing reads where they are.
    MaxOnly,
    MaxGrad,
    Mean(Divisor),
    MeanGrad(Divisor),
}

pub(super) fn kernel(problem: &Problem<'_>) -> Option<Box<dyn Kernel>> {
    let divisor = |counts: bool| if counts { Divisor::Window } else { Divisor::Live };
    let (windows, pass) = match problem.op() {
        Op::MaxPool(pool) => {
            let pass = if problem.is_read(1) { Pass::Max } else { Pass::MaxOnly };
            (&pool.windows, pass)
        }
        Op::MaxPoolGrad(grad) => (&grad.0.windows, Pass::MaxGrad),
        Op::MeanPool(pool) => (&pool.windows, Pass::Mean(divisor(pool.counts_padding()))),
        Op::MeanPoolGrad(grad) => (&grad.0.windows, Pass::MeanGrad(divisor(grad.0.counts_padding()))),
        _ => return None,
    };
    Some(Box::new(Pooling { pool: Pool::prepare(&windows.taps(), problem.isa), pass }))
}

/// What the recorded indices pick: needed for second derivatives alone, so plain loops do.
struct PickAt {
    /// For each position and tap the pixel that they meet.
    met: Vec<u32>,
    pixels: usize,
    positions: usize,
    taps: usize,
}

pub(super) fn at(op: &MaxPoolAt) -> Box<dyn Kernel> {
    let taps = op.0.windows.taps();
    let mut met = vec![0; taps.positions() * taps.taps()];
    for position in 0..taps.positions() {
        taps.at(position).into_iter().for_each(|(t, q)| met[position * taps.taps() + t] = q as u32);
    }
    Box::new(PickAt { met, pixels: taps.pixels(), positions: taps.positions(), taps: taps.taps() })
}

impl Kernel for PickAt {
    fn name(&self) -> String {
        "max_pool_at".to_string()
    }

    fn run(&self, _workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let x = io.f32(0);
        let tap = |i: usize| if io.dtype(1) == DType::U8 { io.u8(1)[i].into() } else { io.i32(1)[i] as usize };
        for (plane, y) in io.out_f32(0).chunks_exact_mut(self.positions).enumerate() {
            for (position, y) in y.iter_mut().enumerate() {
                let met = self.met[position * self.taps + tap(plane * self.positions + position)];
                *y = x[plane * self.pixels + met as usize];
            }
        }
    }
}

impl Kernel for Pooling {
    fn name(&self) -> String {
        match self.pass {
            Pass::Max => "max_pool with indices",
            Pass::MaxOnly => "max_pool",
            Pass::MaxGrad => "max_pool_grad",
            Pass::Mean(_) => "mean_pool",
            Pass::MeanGrad(_) => "mean_pool_grad",
        }
        .to_string()
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let pool = &self.pool;
        match self.pass {
            Pass::Max if io.out_dtype(1) == DType::U8 => {
                pool.max(workers, io.f32(0), io.out_f32(0), Some(io.out_u8(1)));
            }
            Pass::Max => pool.max(workers, io.f32(0), io.out_f32(0), Some(io.out_i32(1))),
            Pass::MaxOnly => pool.max::<i32>(workers, io.f32(0), io.out_f32(0), None),
            Pass::MaxGrad if io.dtype(0) == DType::U8 => pool.max_grad(workers, io.f32(1), io.u8(0), io.out_f32(0)),
            Pass::MaxGrad => pool.max_grad(workers, io.f32(1), io.i32(0), io.out_f32(0)),
            Pass::Mean(divisor) => pool.mean(workers, io.f32(0), divisor, io.out_f32(0)),
            Pass::MeanGrad(divisor) => pool.mean_grad(workers, io.f32(0), divisor, io.out_f32(0)),
        }
    }
}
