//! The equations of recurrent cells, one step forward and one step back.
//!
//! ```text
//! x: N×G·H, the input's part of a step, W_ih·x + b_ih        q = W_hh·h + b_hh, the state's part        h, c: the state before
//!
//! rnn:   a = f(x + q)                                         h' = a                       f: tanh, or max(·, 0)
//! lstm:  i, f, o = σ(x + q)    g = tanh(x + q)                c' = f·c + i·g     h' = o·tanh(c')
//! gru:   r, z = σ(x + q)       n = tanh(x_n + r·q_n)          h' = n + z·(h − n)
//! ```
//!
//! Blocks stand in PyTorch's order: lstm i, f, g, o; gru r, z, n. What a step back needs of a step forward is kept as the
//! blocks of `gates`: rnn a; lstm i, f, g, o; gru r, z, n, q_n. A step back gives ∂x in the same blocks (gru: and ∂q_n, which
//! alone differs from ∂x_n), and what goes to the state before besides ∂q·W_hh.

use super::algebra::Algebra;
use serde::{Deserialize, Serialize};
use striate_tensor::Unary;

/// A kind of recurrent cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Elman's network with tanh.
    Tanh,
    /// Elman's network with max(·, 0).
    Relu,
    /// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).
    Lstm,
    /// Gated recurrent unit (Cho et al. 2014, the reset gate behind the product as in cuDNN and PyTorch).
    Gru,
}

/// What a step forward gives.
pub(super) struct Forward<A> {
    pub h: A,
    pub c: Option<A>,
    pub gates: Vec<A>,
}

/// What a step back gives: the blocks, and what goes straight to h and c before it.
pub(super) struct Back<A> {
    pub blocks: Vec<A>,
    pub h: Option<A>,
    pub c: Option<A>,
}

impl Cell {
    /// G: blocks of H rows in the weights.
    pub fn blocks(self) -> usize {
        match self {
            Cell::Tanh | Cell::Relu => 1,
            Cell::Lstm => 4,
            Cell::Gru => 3,
        }
    }

    /// Blocks of H numbers that a step keeps for the way back.
    pub fn gates(self) -> usize {
        match self {
            Cell::Tanh | Cell::Relu => 1,
            Cell::Lstm | Cell::Gru => 4,
        }
    }

    /// Whether the state has a second part, c.
    pub fn has_memory(self) -> bool {
        self == Cell::Lstm
    }

    /// Those of the blocks of a step back that are ∂x, then those that are ∂q.
    pub(super) fn sides(self) -> (&'static [usize], &'static [usize]) {
        match self {
            Cell::Tanh | Cell::Relu => (&[0], &[0]),
            Cell::Lstm => (&[0, 1, 2, 3], &[0, 1, 2, 3]),
            Cell::Gru => (&[0, 1, 2], &[0, 1, 3]),
        }
    }

    /// Products of one element of the state, those of matrices left out: a step forward, a step back.
    pub(super) fn products(self) -> (usize, usize) {
        match self {
            Cell::Tanh => (0, 2),
            Cell::Relu => (0, 1),
            Cell::Lstm => (3, 16),
            Cell::Gru => (2, 11),
        }
    }

    /// The state after a step; `x` and `q` in blocks.
    pub(super) fn forward<A: Algebra>(self, x: &[A], q: &[A], h: &A, c: Option<&A>) -> Forward<A> {
        let sum = |k: usize| x[k].plus(&q[k]);
        match (self, c) {
            (Cell::Lstm, Some(c)) => {
                let (i, f, g, o) = (sum(0).logistic(), sum(1).logistic(), sum(2).tanh(), sum(3).logistic());
                let c = f.times(c).plus(&i.times(&g));
                Forward { h: o.times(&c.tanh()), c: Some(c), gates: vec![i, f, g, o] }
            }
            (Cell::Gru, _) => {
                let (r, z) = (sum(0).logistic(), sum(1).logistic());
                let n = x[2].plus(&r.times(&q[2])).tanh();
                Forward { h: n.plus(&z.times(&h.minus(&n))), c: None, gates: vec![r, z, n, q[2].clone()] }
            }
            _ => {
                let a = sum(0).unary(if self == Cell::Relu { Unary::Relu } else { Unary::Tanh });
                Forward { h: a.clone(), c: None, gates: vec![a] }
            }
        }
    }

    /// The gradient through a step: `before` and `after` are c of an lstm, h of the others; `dc` is that of an lstm.
    pub(super) fn back<A: Algebra>(self, gates: &[A], before: &A, after: &A, dh: &A, dc: Option<&A>) -> Back<A> {
        match (self, dc) {
            (Cell::Lstm, Some(dc)) => {
                let [i, f, g, o] = gates else { unreachable!("an lstm keeps four gates") };
                let tanh = after.tanh();
                let dc = dc.plus(&dh.times(o).times(&tanh.tanh_slope()));
                let blocks = vec![
                    dc.times(g).times(&i.logistic_slope()),
                    dc.times(before).times(&f.logistic_slope()),
                    dc.times(i).times(&g.tanh_slope()),
                    dh.times(&tanh).times(&o.logistic_slope()),
                ];
                Back { blocks, h: None, c: Some(dc.times(f)) }
            }
            (Cell::Gru, _) => {
                let [r, z, n, q] = gates else { unreachable!("a gru keeps four gates") };
                let dn = dh.times(&z.complement()).times(&n.tanh_slope());
                let dr = dn.times(q).times(&r.logistic_slope());
                let dz = dh.times(&before.minus(n)).times(&z.logistic_slope());
                let dq = dn.times(r);
                Back { blocks: vec![dr, dz, dn, dq], h: Some(dh.times(z)), c: None }
            }
            _ => {
                let slope = if self == Cell::Relu { gates[0].unary(Unary::Step) } else { gates[0].tanh_slope() };
                Back { blocks: vec![dh.times(&slope)], h: None, c: None }
            }
        }
    }
}
