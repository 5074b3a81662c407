//! The elementwise part of one step, forward and back, for the samples of an item.
//!
//! ```text
//! rnn:   a = f(p + q)                                         h' = a
//! lstm:  i, f, o = σ(p + q)    g = tanh(p + q)                c' = f·c + i·g     h' = o·tanh(c')
//! gru:   r, z = σ(p + q)       n = tanh(p_n + r·q_n)          h' = n + z·(h − n)
//! ```
//!
//! Back, with ∂h and ∂c what comes from the output and from the step behind:
//!
//! ```text
//! rnn:   ∂a = ∂h·f'
//! lstm:  ∂c += ∂h·o·(1 − tanh²c)     ∂i = ∂c·g·i(1 − i)    ∂f = ∂c·c·f(1 − f)    ∂g = ∂c·i·(1 − g²)    ∂o = ∂h·tanh c·o(1 − o)
//!        to c: ∂c·f
//! gru:   ∂n = ∂h·(1 − z)·(1 − n²)    ∂r = ∂n·q_n·r(1 − r)    ∂z = ∂h·(h − n)·z(1 − z)    ∂q_n = ∂n·r     to h: ∂h·z
//! ```
//!
//! Beyond its length a sample holds its state: forward h' = h, c' = c; back ∂h and ∂c go on as they are.

use super::{Cell, Recurrence};
use crate::map::functions::{logistic, tanh};
use crate::simd::{Kernel, LANES, Simd};

/// A step forward of `count` samples.
pub(super) struct StepForward<'a> {
    pub problem: &'a Recurrence,
    pub t: usize,
    pub count: usize,
    pub lengths: &'a [i32],
    /// count×T×G·H.
    pub p: &'a [f32],
    /// count×G·H.
    pub q: &'a [f32],
    /// h and c before the step and after it, count×H.
    pub state: &'a mut [f32],
    pub memory: &'a mut [f32],
    /// Those of all steps; gates empty if nobody reads them.
    pub h: &'a mut [f32],
    pub c: &'a mut [f32],
    pub gates: &'a mut [f32],
}

/// A step back of `count` samples.
pub(super) struct StepBack<'a> {
    pub problem: &'a Recurrence,
    pub t: usize,
    /// The step before it; none before the first.
    pub before: Option<usize>,
    pub count: usize,
    pub lengths: &'a [i32],
    pub s: &'a [f32],
    pub s0: &'a [f32],
    pub gates: &'a [f32],
    pub dh: &'a [f32],
    pub dc: &'a [f32],
    pub blocks: &'a mut [f32],
    /// ∂q for the product, count×G·H.
    pub q: &'a mut [f32],
    /// What the step behind sends to h and c, and then what this one sends but for the product.
    pub to_h: &'a mut [f32],
    pub to_c: &'a mut [f32],
}

/// At most eight numbers of a row: where they start and how many they are.
#[derive(Clone, Copy)]
struct Span {
    at: usize,
    count: usize,
}

impl Span {
    /// The same numbers further on.
    #[inline(always)]
    fn plus(self, offset: usize) -> Self {
        Span { at: self.at + offset, ..self }
    }

    #[inline(always)]
    fn load<S: Simd>(self, s: S, from: &[f32]) -> S::V {
        let from = &from[self.at..self.at + self.count];
        // SAFETY: the slice has `count` numbers.
        unsafe { if self.count == LANES { s.load(from.as_ptr()) } else { s.load_partial(from.as_ptr(), self.count) } }
    }

    #[inline(always)]
    fn store<S: Simd>(self, s: S, to: &mut [f32], v: S::V) {
        let to = &mut to[self.at..self.at + self.count];
        // SAFETY: the slice has `count` numbers.
        unsafe {
            if self.count == LANES {
                s.store(to.as_mut_ptr(), v)
            } else {
                s.store_partial(to.as_mut_ptr(), v, self.count)
            }
        }
    }
}

/// y·(1 − y).
#[inline(always)]
fn logistic_slope<S: Simd>(s: S, y: S::V) -> S::V {
    s.mul(y, s.sub(s.splat(1.0), y))
}

/// 1 − y².
#[inline(always)]
fn tanh_slope<S: Simd>(s: S, y: S::V) -> S::V {
    s.sub(s.splat(1.0), s.mul(y, y))
}

/// Whether a sample has the step.
#[inline(always)]
fn lives(lengths: &[i32], row: usize, t: usize) -> bool {
    lengths.get(row).is_none_or(|&length| (t as i64) < i64::from(length))
}

impl Kernel for StepForward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Recurrence { cell, steps, units, .. } = *self.problem;
        let (wide, kept) = (self.problem.blocks() * units, self.problem.gates() * units);
        for row in 0..self.count {
            let (place, live) = (row * steps + self.t, lives(self.lengths, row, self.t));
            for unit in (0..units).step_by(LANES) {
                let span = Span { at: unit, count: LANES.min(units - unit) };
                let p = |k: usize| span.plus(place * wide + k * units).load(s, self.p);
                let q = |k: usize| span.plus(row * wide + k * units).load(s, self.q);
                let sum = |k: usize| s.add(p(k), q(k));
                let (own, out) = (span.plus(row * units), span.plus(place * units));
                let (h, gates) = match cell {
                    Cell::Tanh => {
                        let a = tanh(s, sum(0));
                        (a, [a; 4])
                    }
                    Cell::Relu => {
                        let a = s.max(s.splat(0.0), sum(0));
                        (a, [a; 4])
                    }
                    Cell::Lstm => {
                        let (i, f) = (logistic(s, sum(0)), logistic(s, sum(1)));
                        let (g, o) = (tanh(s, sum(2)), logistic(s, sum(3)));
                        let before = own.load(s, self.memory);
                        let after = s.fma(f, before, s.mul(i, g));
                        let c = if live { after } else { before };
                        own.store(s, self.memory, c);
                        out.store(s, self.c, c);
                        (s.mul(o, tanh(s, after)), [i, f, g, o])
                    }
                    Cell::Gru => {
                        let (r, z, q_n) = (logistic(s, sum(0)), logistic(s, sum(1)), q(2));
                        let n = tanh(s, s.fma(r, q_n, p(2)));
                        let h = own.load(s, self.state);
                        (s.fma(z, s.sub(h, n), n), [r, z, n, q_n])
                    }
                };
                let h = if live { h } else { own.load(s, self.state) };
                own.store(s, self.state, h);
                out.store(s, self.h, h);
                if !self.gates.is_empty() {
                    for (k, &gate) in gates.iter().enumerate().take(self.problem.gates()) {
                        span.plus(place * kept + k * units).store(s, self.gates, gate);
                    }
                }
            }
        }
    }
}

impl Kernel for StepBack<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Recurrence { cell, steps, units, .. } = *self.problem;
        let (wide, kept) = (self.problem.blocks() * units, self.problem.gates() * units);
        let zero = s.splat(0.0);
        for row in 0..self.count {
            let (place, live) = (row * steps + self.t, lives(self.lengths, row, self.t));
            for unit in (0..units).step_by(LANES) {
                let span = Span { at: unit, count: LANES.min(units - unit) };
                let (own, out) = (span.plus(row * units), span.plus(place * units));
                let gate = |k: usize| span.plus(place * kept + k * units).load(s, self.gates);
                let before = match self.before {
                    Some(t) => span.plus((row * steps + t) * units).load(s, self.s),
                    None => own.load(s, self.s0),
                };
                let sent = s.add(out.load(s, self.dh), own.load(s, self.to_h));
                let dh = if live { sent } else { zero };
                let mut to_h = if live { zero } else { sent };
                let blocks = match cell {
                    Cell::Tanh => [s.mul(dh, tanh_slope(s, gate(0))), zero, zero, zero],
                    Cell::Relu => [s.select(s.lt(zero, gate(0)), dh, zero), zero, zero, zero],
                    Cell::Lstm => {
                        let (i, f, g, o) = (gate(0), gate(1), gate(2), gate(3));
                        let squashed = tanh(s, out.load(s, self.s));
                        let sent = s.add(out.load(s, self.dc), own.load(s, self.to_c));
                        let dc = if live { sent } else { zero };
                        let dc = s.fma(s.mul(dh, o), tanh_slope(s, squashed), dc);
                        let to_c = if live { s.mul(dc, f) } else { sent };
                        own.store(s, self.to_c, to_c);
                        [
                            s.mul(s.mul(dc, g), logistic_slope(s, i)),
                            s.mul(s.mul(dc, before), logistic_slope(s, f)),
                            s.mul(s.mul(dc, i), tanh_slope(s, g)),
                            s.mul(s.mul(dh, squashed), logistic_slope(s, o)),
                        ]
                    }
                    Cell::Gru => {
                        let (r, z, n, q_n) = (gate(0), gate(1), gate(2), gate(3));
                        let dn = s.mul(s.mul(dh, s.sub(s.splat(1.0), z)), tanh_slope(s, n));
                        to_h = s.fma(dh, z, to_h);
                        [
                            s.mul(s.mul(dn, q_n), logistic_slope(s, r)),
                            s.mul(s.mul(dh, s.sub(before, n)), logistic_slope(s, z)),
                            dn,
                            s.mul(dn, r),
                        ]
                    }
                };
                own.store(s, self.to_h, to_h);
                for (k, &block) in blocks.iter().enumerate().take(self.problem.gates()) {
                    span.plus(place * kept + k * units).store(s, self.blocks, block);
                }
                for k in 0..self.problem.blocks() {
                    // the state's side of a gru's n is not the input's
                    let from = if cell == Cell::Gru && k == 2 { 3 } else { k };
                    span.plus(row * wide + k * units).store(s, self.q, blocks[from]);
                }
            }
        }
    }
}
