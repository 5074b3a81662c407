//! A recurrent cell over all steps of a sequence, and back through time.
//!
//! ```text
//! q = W·h + b      h, c ← cell(p_t, q, h, c)                            p: N×T×G·H   W: G·H×H   b: G·H   h, c: N×T×H
//! ∂p_t, ∂q ← cell backwards, of ∂h_t + what the step behind sends       ∂h ← ∂q·W
//! ```
//!
//! Samples do not meet: an item is a block of them through all steps, so that threads wait for each other once a sequence and
//! not once a step. W is packed once a run for all of them.

mod back;
mod cells;
mod forward;

pub use back::{BackIo, RecurrentBack};
pub use forward::{ForwardIo, RecurrentForward};

use crate::gemm::{Gemm, MatrixSizes};
use crate::simd::Isa;
use crate::workers::Workers;
use std::ops::Range;

/// A kind of recurrent cell. Of H numbers each: blocks of `p` and `W`, and what a step keeps in `gates`.
///
/// | | blocks | gates |
/// |---|---|---|
/// | `Tanh`, `Relu` | a | a |
/// | `Lstm` | i, f, g, o | i, f, g, o |
/// | `Gru` | r, z, n | r, z, n, q_n |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Elman's network with tanh.
    Tanh,
    /// Elman's network with max(·, 0).
    Relu,
    /// Long short-term memory.
    Lstm,
    /// Gated recurrent unit, the reset gate behind the product.
    Gru,
}

/// What both passes over a sequence know.
#[derive(Clone, Copy, Debug)]
pub struct Recurrence {
    /// What a step computes.
    pub cell: Cell,
    /// Whether it goes from the last step to the first.
    pub reversed: bool,
    /// N, samples.
    pub batch: usize,
    /// T, steps.
    pub steps: usize,
    /// H, numbers of a state.
    pub units: usize,
}

/// Samples of an item at least, where there are so many: a product of fewer rows is not worth its weights.
const FEWEST: usize = 12;
/// And at most.
const MOST: usize = 48;

impl Recurrence {
    /// G.
    fn blocks(&self) -> usize {
        match self.cell {
            Cell::Tanh | Cell::Relu => 1,
            Cell::Lstm => 4,
            Cell::Gru => 3,
        }
    }

    /// Blocks of H numbers that a step keeps.
    fn gates(&self) -> usize {
        if self.blocks() == 1 { 1 } else { 4 }
    }

    /// Samples of an item; the last one may have fewer.
    fn rows(&self) -> usize {
        let items = self.batch.div_ceil(self.batch.div_ceil(8).clamp(FEWEST, MOST));
        self.batch.div_ceil(items.max(1)).max(1)
    }

    /// The samples of an item.
    fn samples(&self, item: usize) -> Range<usize> {
        let rows = self.rows();
        item * rows..self.batch.min((item + 1) * rows)
    }

    fn items(&self) -> usize {
        self.batch.div_ceil(self.rows())
    }

    /// The steps in the order in which they are done.
    fn order(&self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator {
        let (steps, reversed) = (self.steps, self.reversed);
        (0..steps).map(move |i| if reversed { steps - 1 - i } else { i })
    }

    /// f32s of an item's own: two states, and q.
    fn own_len(&self) -> usize {
        self.rows() * self.units * (2 + self.blocks())
    }

    /// The two states, q, and what is left of a worker's scratch.
    fn split<'a>(&self, own: &'a mut [f32]) -> (&'a mut [f32], &'a mut [f32], &'a mut [f32], &'a mut [f32]) {
        let len = self.rows() * self.units;
        let (h, own) = own.split_at_mut(len);
        let (c, own) = own.split_at_mut(len);
        let (q, own) = own.split_at_mut(len * self.blocks());
        (h, c, q, own)
    }

    fn products(&self) -> usize {
        self.batch * self.steps * self.blocks() * self.units * self.units
    }
}

/// The product with W that every step of an item does alone.
struct Product {
    gemm: Gemm,
    alone: Workers,
}

impl Product {
    /// Of so many rows of H numbers with Wᵀ, or of G·H numbers with W.
    fn prepare(problem: &Recurrence, forward: bool, isa: Isa) -> Self {
        let (m, h, gh) = (problem.rows(), problem.units, problem.blocks() * problem.units);
        let sizes = if forward { MatrixSizes { m, n: gh, k: h } } else { MatrixSizes { m, n: h, k: gh } };
        Product { gemm: Gemm::prepare(sizes, false, forward, isa), alone: Workers::new(1) }
    }

    fn packed_len(&self) -> usize {
        self.gemm.packed_len()
    }

    fn scratch_len(&self) -> usize {
        self.gemm.scratch_len(1)
    }

    /// `y = x·op(W) (+ bias) (+ y)`; `packed` is empty where packing does not pay.
    fn run(
        &self,
        x: &[f32],
        (w, packed): (&[f32], &[f32]),
        bias: Option<&[f32]>,
        add: bool,
        y: &mut [f32],
        own: &mut [f32],
    ) {
        let none = crate::Epilogue::NONE;
        match packed.is_empty() {
            true => self.gemm.run(&self.alone, x, w, bias, add, none, y, own),
            false => self.gemm.run_packed(&self.alone, x, packed, bias, add, none, y, own),
        }
    }
}
