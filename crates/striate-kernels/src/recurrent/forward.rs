//! Forward through all steps.

use super::cells::StepForward;
use super::{Cell, Product, Recurrence};
use crate::parts::Parts;
use crate::simd::Isa;
use crate::workers::Workers;

/// From `p` and the first state to the states of all steps.
pub struct RecurrentForward {
    problem: Recurrence,
    product: Product,
    isa: Isa,
}

/// What [`RecurrentForward::run`] reads and writes.
#[derive(Debug)]
pub struct ForwardIo<'a> {
    /// N×T×G·H.
    pub p: &'a [f32],
    /// G·H×H.
    pub w: &'a [f32],
    /// G·H.
    pub b: &'a [f32],
    /// N×H.
    pub h0: &'a [f32],
    /// N×H; empty but of an lstm.
    pub c0: &'a [f32],
    /// Steps of each sample; empty if all have all.
    pub lengths: &'a [i32],
    /// N×T×H.
    pub h: &'a mut [f32],
    /// N×T×H; empty but of an lstm.
    pub c: &'a mut [f32],
    /// N×T×S·H; empty if nobody reads them.
    pub gates: &'a mut [f32],
}

impl RecurrentForward {
    /// Prepares a problem.
    pub fn prepare(problem: Recurrence, isa: Isa) -> Self {
        RecurrentForward { problem, product: Product::prepare(&problem, true, isa), isa }
    }

    /// f32s of scratch that `run` needs with so many workers.
    pub fn scratch_len(&self, threads: usize) -> usize {
        self.product.packed_len() + threads * (self.problem.own_len() + self.product.scratch_len())
    }

    /// All steps of all samples.
    pub fn run(&self, workers: &Workers, io: ForwardIo<'_>, scratch: &mut [f32]) {
        let problem = &self.problem;
        let Recurrence { cell, batch, steps, units, .. } = *problem;
        let (states, wide, kept) = (batch * units, problem.blocks() * units, problem.gates() * units);
        let remembered = if cell == Cell::Lstm { states } else { 0 };
        assert_eq!((io.p.len(), io.w.len(), io.b.len()), (batch * steps * wide, wide * units, wide), "p, W, b");
        assert_eq!((io.h0.len(), io.c0.len()), (states, remembered), "h₀, c₀");
        assert_eq!((io.h.len(), io.c.len()), (states * steps, remembered * steps), "h, c");
        assert!(io.gates.is_empty() || io.gates.len() == batch * steps * kept, "gates");
        assert!(io.lengths.is_empty() || io.lengths.len() == batch, "lengths");
        assert!(scratch.len() >= self.scratch_len(workers.threads()), "scratch");
        let (packed, own) = scratch.split_at_mut(self.product.packed_len());
        self.product.gemm.pack(io.w, packed);
        let packed = &*packed;
        let own_len = problem.own_len() + self.product.scratch_len();
        let each = |len: usize| len / batch.max(1);
        let (c_each, gates_each) = (each(io.c.len()), each(io.gates.len()));
        let (own, h, c, gates) = (Parts::new(own), Parts::new(io.h), Parts::new(io.c), Parts::new(io.gates));
        workers.run_worth(problem.products(), problem.items(), |item, worker| {
            let samples = problem.samples(item);
            let of = |each: usize| samples.start * each..samples.end * each;
            // SAFETY: each worker has its own scratch, and runs one item at a time.
            let own = unsafe { own.part(worker * own_len..(worker + 1) * own_len) };
            // SAFETY: the samples of different items do not overlap, and so do not their parts of h, c and gates.
            let (h, c, gates) = unsafe { (h.part(of(steps * units)), c.part(of(c_each)), gates.part(of(gates_each))) };
            let (state, memory, q, own) = problem.split(own);
            // rows beyond the last sample are multiplied with the others, and read by nobody
            state.fill(0.0);
            state[..of(units).len()].copy_from_slice(&io.h0[of(units)]);
            if cell == Cell::Lstm {
                memory[..of(units).len()].copy_from_slice(&io.c0[of(units)]);
            }
            let lengths = if io.lengths.is_empty() { &[] } else { &io.lengths[samples.clone()] };
            let (count, p) = (samples.len(), &io.p[of(steps * wide)]);
            for t in problem.order() {
                self.product.run(state, (io.w, packed), Some(io.b), false, q, own);
                self.isa.run(StepForward { problem, t, count, lengths, p, q, state, memory, h, c, gates });
            }
        });
    }
}
