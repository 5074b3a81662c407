//! Back through time.

use super::cells::StepBack;
use super::{Cell, Product, Recurrence};
use crate::parts::Parts;
use crate::simd::Isa;
use crate::workers::Workers;

/// From the gradient by the states of all steps to those by `p` and by the first state.
pub struct RecurrentBack {
    problem: Recurrence,
    product: Product,
    isa: Isa,
}

/// What [`RecurrentBack::run`] reads and writes.
#[derive(Debug)]
pub struct BackIo<'a> {
    /// G·H×H.
    pub w: &'a [f32],
    /// c of an lstm, h of the others: N×T×H.
    pub s: &'a [f32],
    /// That of the first step, N×H.
    pub s0: &'a [f32],
    /// N×T×S·H.
    pub gates: &'a [f32],
    /// N×T×H.
    pub dh: &'a [f32],
    /// N×T×H; empty but of an lstm.
    pub dc: &'a [f32],
    /// Steps of each sample; empty if all have all.
    pub lengths: &'a [i32],
    /// ∂p in the blocks of `gates`, that of q_n (gru) last: N×T×S·H.
    pub blocks: &'a mut [f32],
    /// N×H.
    pub dh0: &'a mut [f32],
    /// N×H; empty but of an lstm.
    pub dc0: &'a mut [f32],
}

impl RecurrentBack {
    /// Prepares a problem.
    pub fn prepare(problem: Recurrence, isa: Isa) -> Self {
        RecurrentBack { problem, product: Product::prepare(&problem, false, isa), isa }
    }

    /// f32s of scratch that `run` needs with so many workers.
    pub fn scratch_len(&self, threads: usize) -> usize {
        self.product.packed_len() + threads * (self.problem.own_len() + self.product.scratch_len())
    }

    /// All steps of all samples.
    pub fn run(&self, workers: &Workers, io: BackIo<'_>, scratch: &mut [f32]) {
        let problem = &self.problem;
        let Recurrence { cell, batch, steps, units, .. } = *problem;
        let (states, wide, kept) = (batch * units, problem.blocks() * units, problem.gates() * units);
        let remembered = if cell == Cell::Lstm { states } else { 0 };
        assert_eq!((io.w.len(), io.s0.len(), io.dh0.len()), (wide * units, states, states), "W, s₀, ∂h₀");
        assert_eq!((io.s.len(), io.dh.len()), (states * steps, states * steps), "s, ∂h");
        assert_eq!((io.dc.len(), io.dc0.len()), (remembered * steps, remembered), "∂c, ∂c₀");
        assert_eq!((io.gates.len(), io.blocks.len()), (batch * steps * kept, batch * steps * kept), "gates, blocks");
        assert!(io.lengths.is_empty() || io.lengths.len() == batch, "lengths");
        assert!(scratch.len() >= self.scratch_len(workers.threads()), "scratch");
        let (packed, own) = scratch.split_at_mut(self.product.packed_len());
        self.product.gemm.pack(io.w, packed);
        let packed = &*packed;
        let own_len = problem.own_len() + self.product.scratch_len();
        let c_each = io.dc0.len() / batch.max(1);
        let (own, blocks) = (Parts::new(own), Parts::new(io.blocks));
        let (dh0, dc0) = (Parts::new(io.dh0), Parts::new(io.dc0));
        workers.run_worth(problem.products(), problem.items(), |item, worker| {
            let samples = problem.samples(item);
            let of = |each: usize| samples.start * each..samples.end * each;
            // SAFETY: each worker has its own scratch, and runs one item at a time.
            let own = unsafe { own.part(worker * own_len..(worker + 1) * own_len) };
            // SAFETY: the samples of different items do not overlap, and so do not their parts of the outputs.
            let (blocks, dh0, dc0) =
                unsafe { (blocks.part(of(steps * kept)), dh0.part(of(units)), dc0.part(of(c_each))) };
            let (to_h, to_c, q, own) = problem.split(own);
            // nothing comes from behind the last step; rows beyond the last sample stay zero
            for own in [&mut *to_h, &mut *to_c, &mut *q] {
                own.fill(0.0);
            }
            let lengths = if io.lengths.is_empty() { &[] } else { &io.lengths[samples.clone()] };
            let count = samples.len();
            let (s, dh, gates) = (&io.s[of(steps * units)], &io.dh[of(steps * units)], &io.gates[of(steps * kept)]);
            let (s0, dc) = (&io.s0[of(units)], &io.dc[of(steps * c_each)]);
            for (i, t) in problem.order().enumerate().rev() {
                let before = (i > 0).then(|| if problem.reversed { t + 1 } else { t - 1 });
                self.isa.run(StepBack {
                    problem,
                    t,
                    before,
                    count,
                    lengths,
                    s,
                    s0,
                    gates,
                    dh,
                    dc,
                    blocks,
                    q,
                    to_h,
                    to_c,
                });
                self.product.run(q, (io.w, packed), None, true, to_h, own);
            }
            dh0.copy_from_slice(&to_h[..dh0.len()]);
            dc0.copy_from_slice(&to_c[..dc0.len()]);
        });
    }
}
