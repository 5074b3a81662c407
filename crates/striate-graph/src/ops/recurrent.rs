//! Recurrent networks: a state that goes from step to step of a sequence.
//!
#![cfg_attr(
    doc,
    doc = concat!(
        "<div style=\"background:#fff;border-radius:6px;width:fit-content;max-width:100%;overflow-x:auto\">\n",
        include_str!("../../pictures/recurrent.svg"),
        "</div>"
    )
)]
//!
//! Which of four inputs was on at the first step, then noise: how soon each network learns to tell at the end; drawn by
//! `striate play recurrent`.
//!
//! ```text
//! h_t, c_t = cell(p_t, W·h_(t−1) + b, h_(t−1), c_(t−1))                 p: N×T×G·H   W: G·H×H   b: G·H   h, c: N×T×H
//! ```
//!
//! The cells' equations are in [`cell`]. p is the input's part of all steps, one matrix product made before; the operation
//! is what cannot be done at once. It goes from step 0 to T − 1, or `reversed` from T − 1 to 0, and its outputs are the
//! states of all steps, so that the last one is a slice of them. Beyond the `length` of a sample its state is held: the
//! state of the last step is that of the sample's end, and on the way back the sample begins at its end with the state that
//! was given.
//!
//! The gradient is an operation too, back through time:
//!
//! ```text
//! ∂p_t, ∂q_t, ∂(h, c)_(t−1) ← cell backwards, of ∂h_t + what step t + 1 sends       ∂h_(t−1) += ∂q_t·W
//! ```
//!
//! and ∂W = Σ_t ∂q_tᵀ·h_(t−1) is one matrix product over all steps. Derivatives of the second order are those of the same
//! equations, composed of other operations step by step.
//!
//! Sources: J. Elman, "Finding structure in time", Cognitive Science 14 (1990), for `rnn`; M. Jordan, "Serial order: a
//! parallel distributed processing approach" (1986); S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural
//! Computation 9 (1997), with the forget gate of F. Gers, J. Schmidhuber, F. Cummins, "Learning to forget" (2000); K. Cho
//! et al., "Learning phrase representations using RNN encoder-decoder" (2014), for `gru`, its r as in PyTorch.
//!
//! ```
//! use striate_graph::ops::recurrent::{Cell, Recurrent};
//! use striate_graph::{Builder, Value, f32, interpret};
//! use striate_tensor::Array;
//! // One unit, two steps: h_t = tanh(p_t + h_(t−1)/2).
//! let g = Builder::new();
//! let inputs = [("p", vec![1, 2, 1]), ("W", vec![1, 1]), ("b", vec![1]), ("h0", vec![1, 1])];
//! let inputs = inputs.map(|(name, dims)| g.input(name, f32(dims)));
//! let states = g.apply(Recurrent { cell: Cell::Tanh, reversed: false }, &inputs).get(0).named("h");
//! let graph = g.finish([states])?;
//! let value = |dims: &[usize], numbers: &[f64]| Value::from(Array::new(dims, numbers.to_vec()));
//! let feeds = [
//!     ("p", value(&[1, 2, 1], &[0.5, -1.0])),
//!     ("W", value(&[1, 1], &[0.5])),
//!     ("b", value(&[1], &[0.0])),
//!     ("h0", value(&[1, 1], &[0.0])),
//! ];
//! let trace = interpret(&graph, &graph.initial_state(0), &feeds)?;
//! let first = 0.5f64.tanh();
//! assert_eq!(trace.output("h").real().data(), [first, (first / 2.0 - 1.0).tanh()]);
//! # Ok::<(), striate_tensor::Error>(())
//! ```

mod algebra;
pub mod cell;
mod jordan;
mod layer;

pub use cell::Cell;
pub use jordan::{JordanLayer, Squash};
pub use layer::{RecurrentLayer, Returns};

use crate::operation::{Cost, Operation};
use crate::ops::matmul::MatMul;
use crate::ops::sequence_mask::SequenceMask;
use crate::types::match_types;
use crate::{Adjoint, Case, Dim, N, Type, Value, Var, f32, i32};
use algebra::Algebra;
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Error, Number, Result};

/// `recurrent(p, W, b, h₀, c₀ (lstm only), length?) → (h, c (lstm only), gates)`.
///
/// What `gates` holds is said in [`cell`]; N×T×S·H, with S numbers of [`Cell::gates`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Recurrent {
    /// What a step computes.
    pub cell: Cell,
    /// Whether it goes from the last step to the first.
    pub reversed: bool,
}

/// `recurrent_grad(W, s, s₀, gates, ∂h, ∂c (lstm only), length?) → (∂blocks, ∂h₀, ∂c₀ (lstm only))`; s is c of an lstm, h
/// of the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecurrentGrad(pub Recurrent);

impl Operation for Recurrent {
    const NAME: &'static str = "recurrent";

    fn name(&self) -> &'static str {
        match self.cell {
            Cell::Tanh | Cell::Relu => "rnn",
            Cell::Lstm => "lstm",
            Cell::Gru => "gru",
        }
    }

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let (Some(p), Some(w)) = (inputs.first(), inputs.get(1)) else {
            return Err(Error::model("wrong number of inputs").found(inputs.len()).expected("at least 4"));
        };
        let (steps, units) = (size(p, 3, 1)?, size(w, 2, 1)?);
        let sizes = self.sizes(steps, units);
        let mut wanted = vec![sizes.sequence(sizes.blocks), f32([sizes.blocks, units]), f32([sizes.blocks])];
        wanted.extend(vec![sizes.state(); self.states()]);
        wanted.push(i32([N]));
        let n = match_types(inputs, &wanted, wanted.len() - 1)?;
        let mut outputs = vec![sizes.sequence(units); self.states()];
        outputs.push(sizes.sequence(sizes.gates));
        Ok(outputs.iter().map(|ty| ty.bind(n)).collect())
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (steps, real) = (inputs[0].shape()[1], 3 + self.states());
        let mask = mask_of(inputs.get(real).copied(), steps);
        let inputs: Vec<_> = inputs[..real].iter().map(|x| x.real().clone()).collect();
        self.forward(steps, &inputs, mask.as_ref()).into_iter().map(Value::Real).collect()
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let states = self.states();
        let inputs: Vec<_> = at.inputs().collect();
        if at.has_upstream(states) {
            return at.composed(|x| {
                let (steps, real) = (size_at(x[0], 1), 3 + states);
                self.forward(steps, &x[..real], x.get(real).map(|&length| mask_var(length, steps)).as_ref())
            });
        }
        let (w, h, h0, gates) = (inputs[1], at.output(0), inputs[3], at.output(states));
        let (before, state) = (inputs[2 + states], at.output(states - 1));
        let mut read = vec![w, state, before, gates];
        read.extend((0..states).map(|k| at.upstream(k)));
        read.extend(inputs.get(3 + states));
        let back = w.builder().apply(RecurrentGrad(self.clone()), &read);
        let (steps, units, blocks) = (size_at(h, 1), size_at(h, 2), back.get(0));
        let (of_x, of_q) = self.cell.sides();
        let dp = picked(blocks, of_x, units);
        let rows = |x: Var<'g>| match x.ty().dims[..] {
            [n, t, columns] => x.reshape(&[n.times(t).unwrap_or(n), columns]),
            _ => x,
        };
        let dq = rows(if of_q == of_x { dp } else { picked(blocks, of_q, units) });
        let dw = at.wants(1).then(|| {
            let h0 = h0.reshape(&[h0.ty().dims[0], Dim::from(1), units.into()]);
            let before = match self.reversed {
                _ if steps == 1 => h0,
                false => h0.concat(&[h.slice(1, 0..steps - 1)], 1),
                true => h.slice(1, 1..steps).concat(&[h0], 1),
            };
            at.apply(MatMul { a_transposed: true, b_transposed: false }, &[dq, rows(before)])
        });
        let db = at.wants(2).then(|| dq.sum_except(&[1]));
        let mut gradients = vec![Some(dp), dw, db];
        gradients.extend((1..=states).map(|k| Some(back.get(k))));
        gradients.extend(vec![None; inputs.len() - gradients.len()]);
        gradients
    }

    fn cost(&self, inputs: &[Type]) -> Cost {
        self.cost_of(&inputs[0], &inputs[1], self.cell.products().0)
    }

    fn cases() -> Vec<Case> {
        let mut cases = Vec::new();
        for cell in [Cell::Tanh, Cell::Relu, Cell::Lstm, Cell::Gru] {
            for (n, steps, units, reversed, lengths) in SIZES {
                let op = Recurrent { cell, reversed };
                let blocks = units * cell.blocks();
                let states = format!("{n}x{units} ").repeat(op.states());
                let inputs =
                    format!("{n}x{steps}x{blocks} {blocks}x{units} {blocks} {states}{}", length(n, steps, lengths));
                cases.push(Case::new(op.clone(), &inputs).named(&op.text(&inputs)));
            }
        }
        cases
    }
}

impl Operation for RecurrentGrad {
    const NAME: &'static str = "recurrent_grad";

    fn name(&self) -> &'static str {
        match self.0.cell {
            Cell::Tanh | Cell::Relu => "rnn_grad",
            Cell::Lstm => "lstm_grad",
            Cell::Gru => "gru_grad",
        }
    }

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let Some(state) = inputs.get(1) else {
            return Err(Error::model("wrong number of inputs").found(inputs.len()).expected("at least 5"));
        };
        let (steps, units) = (size(state, 3, 1)?, size(state, 3, 2)?);
        let sizes = self.0.sizes(steps, units);
        let mut wanted = vec![f32([sizes.blocks, units]), sizes.sequence(units), sizes.state()];
        wanted.push(sizes.sequence(sizes.gates));
        wanted.extend(vec![sizes.sequence(units); self.0.states()]);
        wanted.push(i32([N]));
        let n = match_types(inputs, &wanted, wanted.len() - 1)?;
        let mut outputs = vec![sizes.sequence(sizes.gates)];
        outputs.extend(vec![sizes.state(); self.0.states()]);
        Ok(outputs.iter().map(|ty| ty.bind(n)).collect())
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (steps, real) = (inputs[1].shape()[1], 4 + self.0.states());
        let mask = mask_of(inputs.get(real).copied(), steps);
        let inputs: Vec<_> = inputs[..real].iter().map(|x| x.real().clone()).collect();
        self.0.back(steps, &inputs, mask.as_ref()).into_iter().map(Value::Real).collect()
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        at.composed(|x| {
            let (steps, real) = (size_at(x[1], 1), 4 + self.0.states());
            self.0.back(steps, &x[..real], x.get(real).map(|&length| mask_var(length, steps)).as_ref())
        })
    }

    fn cost(&self, inputs: &[Type]) -> Cost {
        self.0.cost_of(&inputs[1], &inputs[0], self.0.cell.products().1)
    }

    fn cases() -> Vec<Case> {
        let mut cases = Vec::new();
        for cell in [Cell::Tanh, Cell::Relu, Cell::Lstm, Cell::Gru] {
            for (n, steps, units, reversed, lengths) in SIZES {
                let op = Recurrent { cell, reversed };
                let (blocks, gates) = (units * cell.blocks(), units * cell.gates());
                let upstream = format!("{n}x{steps}x{units} ").repeat(op.states());
                let inputs = format!("{blocks}x{units} {n}x{steps}x{units} {n}x{units} {n}x{steps}x{gates} {upstream}");
                let inputs = format!("{inputs}{}", length(n, steps, lengths));
                cases.push(Case::new(RecurrentGrad(op.clone()), &inputs).named(&op.text(&inputs)));
            }
        }
        cases
    }
}

/// Of the cases: samples, steps, units, whether reversed, whether the samples have lengths.
const SIZES: [(usize, usize, usize, bool, bool); 3] =
    [(2, 3, 3, false, false), (1, 1, 9, true, false), (5, 3, 2, true, true)];

/// The input of lengths from 0 to beyond the last step.
fn length(n: usize, steps: usize, given: bool) -> String {
    if given { format!("{n}<{}", steps + 2) } else { String::new() }
}

/// Sizes that the types of both operations are made of.
struct Sizes {
    steps: usize,
    units: usize,
    blocks: usize,
    gates: usize,
}

impl Sizes {
    fn sequence(&self, columns: usize) -> Type {
        f32([N, self.steps.into(), columns.into()])
    }

    fn state(&self) -> Type {
        f32([N, self.units.into()])
    }
}

impl Recurrent {
    /// Parts of the state: h, and c of an lstm.
    fn states(&self) -> usize {
        1 + usize::from(self.cell.has_memory())
    }

    fn sizes(&self, steps: usize, units: usize) -> Sizes {
        let (blocks, gates) = (units.saturating_mul(self.cell.blocks()), units.saturating_mul(self.cell.gates()));
        Sizes { steps, units, blocks, gates }
    }

    fn text(&self, inputs: &str) -> String {
        let relu = if self.cell == Cell::Relu { "relu " } else { "" };
        format!("{relu}{}{inputs}", if self.reversed { "reversed " } else { "" })
    }

    /// The steps in the order in which they are done.
    fn order(&self, steps: usize) -> impl DoubleEndedIterator<Item = usize> {
        let reversed = self.reversed;
        (0..steps).map(move |i| if reversed { steps - 1 - i } else { i })
    }

    fn cost_of(&self, sequence: &Type, w: &Type, products: usize) -> Cost {
        let (n, steps) = (sequence.dims[0].at(1), sequence.dims[1].at(1));
        let (blocks, units) = (w.dims[0].at(1), w.dims[1].at(1));
        Cost::exactly((n * steps * units * (blocks + products)) as u64)
    }

    /// The operation on its real inputs; the mask is N×T×1.
    fn forward<A: Algebra>(&self, steps: usize, inputs: &[A], mask: Option<&A>) -> Vec<A> {
        let (p, w, b) = (&inputs[0], &inputs[1], &inputs[2]);
        let (mut h, mut c) = (inputs[3].clone(), inputs.get(4).cloned());
        let blocks = self.cell.blocks();
        let split = |x: &A| (0..blocks).map(|k| x.block(k, blocks)).collect::<Vec<_>>();
        let mut results = vec![vec![]; self.states() + 1];
        let mut order = Vec::new();
        for t in self.order(steps) {
            let (x, q) = (p.at(t), h.product(w, true).plus(b));
            let step = self.cell.forward(&split(&x), &split(&q), &h, c.as_ref());
            let held = |new: A, old: &A| match mask {
                Some(mask) => new.where_or(&mask.at(t), old),
                None => new,
            };
            h = held(step.h, &h);
            c = step.c.zip(c).map(|(new, old)| held(new, &old));
            order.push(t);
            let parts = [Some(h.clone()), c.clone(), Some(A::beside(&step.gates))];
            results.iter_mut().zip(parts.into_iter().flatten()).for_each(|(steps, part)| steps.push(part));
        }
        results.into_iter().map(|parts| in_order(&order, parts)).collect()
    }

    /// The gradient's operation on its real inputs; the mask is N×T×1.
    fn back<A: Algebra>(&self, steps: usize, inputs: &[A], mask: Option<&A>) -> Vec<A> {
        let (w, state, start, gates) = (&inputs[0], &inputs[1], &inputs[2], &inputs[3]);
        let (mut from_h, mut from_c): (Option<A>, Option<A>) = (None, None);
        let order: Vec<_> = self.order(steps).collect();
        let mut done = Vec::new();
        for (i, &t) in order.iter().enumerate().rev() {
            let sum = |upstream: &A, sent: &Option<A>| match sent {
                Some(sent) => upstream.at(t).plus(sent),
                None => upstream.at(t),
            };
            let (dh, dc) = (sum(&inputs[4], &from_h), inputs.get(5).map(|dc| sum(dc, &from_c)));
            let mask = mask.map(|mask| mask.at(t));
            let live = |d: &A| mask.as_ref().map_or(d.clone(), |mask| d.where_or(mask, &d.zeros()));
            let held = |to: A, d: &A| mask.as_ref().map_or(to.clone(), |mask| to.plus(&d.zeros().where_or(mask, d)));
            let before = if i == 0 { start.clone() } else { state.at(order[i - 1]) };
            let kept = gates.at(t);
            let kept: Vec<_> = (0..self.cell.gates()).map(|k| kept.block(k, self.cell.gates())).collect();
            let step = self.cell.back(&kept, &before, &state.at(t), &live(&dh), dc.as_ref().map(live).as_ref());
            let of_q: Vec<_> = self.cell.sides().1.iter().map(|&k| step.blocks[k].clone()).collect();
            let to_h = A::beside(&of_q).product(w, false);
            let to_h = step.h.iter().fold(to_h, |sum, part| sum.plus(part));
            from_h = Some(held(to_h, &dh));
            from_c = step.c.zip(dc).map(|(to_c, dc)| held(to_c, &dc));
            done.push(A::beside(&step.blocks));
        }
        let done: Vec<_> = done.into_iter().rev().collect();
        [Some(in_order(&order, done)), from_h, from_c].into_iter().flatten().collect()
    }
}

/// Parts done in this order, as a sequence.
fn in_order<A: Algebra>(order: &[usize], parts: Vec<A>) -> A {
    let mut sorted: Vec<_> = order.iter().copied().zip(parts).collect();
    sorted.sort_by_key(|(t, _)| *t);
    A::sequence(&sorted.into_iter().map(|(_, part)| part).collect::<Vec<_>>())
}

/// Some blocks of N×T×S·H.
fn picked<'g>(blocks: Var<'g>, which: &[usize], units: usize) -> Var<'g> {
    let all = size_at(blocks, 2);
    if which.len() * units == all {
        return blocks;
    }
    let part = |k: &usize| blocks.slice(2, k * units..(k + 1) * units);
    let parts: Vec<_> = which.iter().map(part).collect();
    match which.iter().enumerate().all(|(i, &k)| i == k) {
        true => blocks.slice(2, 0..which.len() * units),
        false => parts[0].concat(&parts[1..], 2),
    }
}

/// 1 for the steps that a sample has, N×T×1.
fn mask_of<T: Number>(length: Option<&Value<T>>, steps: usize) -> Option<Array<T>> {
    let mask = SequenceMask { steps }.reference(&[length?]);
    let mask = mask[0].real().clone();
    let rows = mask.shape()[0];
    Some(mask.reshaped([rows, steps, 1]))
}

/// The same as a value.
fn mask_var(length: Var<'_>, steps: usize) -> Var<'_> {
    let mask = length.apply(SequenceMask { steps });
    match mask.ty().dims[..] {
        [n, t] => mask.reshape(&[n, t, Dim::from(1)]),
        _ => mask,
    }
}

/// The size of one axis of a type, which must have so many and must not depend on the batch.
fn size(ty: &Type, rank: usize, axis: usize) -> Result<usize> {
    let known = ty.dims.get(axis).and_then(|dim| dim.known()).filter(|&size| ty.rank() == rank && size > 0);
    known.ok_or_else(|| {
        let expected = if rank == 3 { "N×steps×numbers, none of them 0" } else { "a matrix of known sizes" };
        Error::model("a recurrent network cannot work on this").found(ty).expected(expected)
    })
}

/// The size of an axis of a value whose type was checked.
fn size_at(x: Var<'_>, axis: usize) -> usize {
    x.ty().dims.get(axis).map_or(1, |dim| dim.at(1))
}
