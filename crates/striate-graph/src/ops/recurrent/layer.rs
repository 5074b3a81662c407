//! `rnn`, `lstm` and `gru` as a user writes them: layers upon each other, in one direction or both.
//!
//! Parameters have PyTorch's names and rows: `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, those of the way
//! back with `_reverse`, those of the next layer with `l1`. All start uniform in ±1/√units.

use super::{Cell, Recurrent, mask_var};
use crate::layer::{LayerForm, Scope, is_default, is_one, is_yes, one, yes};
use crate::ops::dropout::Dropout;
use crate::ops::matmul::MatMul;
use crate::ops::reduce::Expand;
use crate::{Dim, Init, Scheme, Type, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Error, Result};

/// `rnn`, `lstm`, `gru`: N×T×F to the states of the last layer, N×T×units, or of its last step, N×units; twice as many with
/// both directions, those of the way back behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecurrentLayer {
    #[serde(skip)]
    kind: usize,
    /// H, the numbers of a state.
    pub units: usize,
    /// Layers upon each other.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub layers: usize,
    /// Whether a second network goes from the last step to the first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bidirectional: bool,
    /// The states of all steps, or of the last.
    #[serde(default, skip_serializing_if = "is_default")]
    pub returns: Returns,
    /// Of an `rnn` that its function is max(·, 0) instead of tanh.
    #[serde(default, skip_serializing_if = "is_default")]
    pub relu: bool,
    /// Whether there are biases.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub bias: bool,
    /// The probability with which numbers between two layers are silenced while learning.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dropout: f64,
    /// Whether a run starts with the states that the one before it ended with, which are kept as `hidden_l0` and `cell_l0`:
    /// truncated backpropagation through time. Wants a batch of known size.
    #[serde(default, skip_serializing_if = "is_default")]
    pub carry: bool,
    /// The layer that says how many steps each sample has, i32 N; all if absent. Outputs beyond are 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lengths: Option<String>,
}

/// Which states a recurrent layer gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Returns {
    /// Those of all steps, N×T×….
    #[default]
    Sequence,
    /// Those of the last step done, N×….
    Last,
}

impl RecurrentLayer {
    fn new(kind: usize, units: usize) -> Self {
        RecurrentLayer {
            kind,
            units,
            layers: 1,
            bidirectional: false,
            returns: Returns::Sequence,
            relu: false,
            bias: true,
            dropout: 0.0,
            carry: false,
            lengths: None,
        }
    }

    /// Elman's network.
    pub fn rnn(units: usize) -> Self {
        Self::new(0, units)
    }

    /// Long short-term memory.
    pub fn lstm(units: usize) -> Self {
        Self::new(1, units)
    }

    /// Gated recurrent units.
    pub fn gru(units: usize) -> Self {
        Self::new(2, units)
    }

    /// So many layers upon each other.
    pub fn layers(mut self, layers: usize) -> Self {
        self.layers = layers;
        self
    }

    /// A second network goes from the last step to the first.
    pub fn bidirectional(mut self) -> Self {
        self.bidirectional = true;
        self
    }

    /// The states of the last step only.
    pub fn last(mut self) -> Self {
        self.returns = Returns::Last;
        self
    }

    /// Of an `rnn` that its function is max(·, 0).
    pub fn with_relu(mut self) -> Self {
        self.relu = true;
        self
    }

    /// No biases.
    pub fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }

    /// Numbers between two layers are silenced with this probability while learning.
    pub fn dropout_between(mut self, rate: f64) -> Self {
        self.dropout = rate;
        self
    }

    /// A run starts with the states that the one before it ended with.
    pub fn carry(mut self) -> Self {
        self.carry = true;
        self
    }

    fn cell(&self) -> Cell {
        match (self.kind, self.relu) {
            (0, false) => Cell::Tanh,
            (0, true) => Cell::Relu,
            (1, _) => Cell::Lstm,
            _ => Cell::Gru,
        }
    }

    fn check(&self, x: &Type) -> Result<()> {
        let wrong = |what: &str, found: String, expected: &str| Err(Error::model(what).found(found).expected(expected));
        if self.units == 0 || self.layers == 0 {
            let found = format!("units = {}, layers = {}", self.units, self.layers);
            return wrong("a recurrent layer needs units and layers", found, "at least 1 of each");
        }
        if self.relu && self.kind != 0 {
            return wrong("only an rnn has a function to choose", format!("relu of {}", self.kind()), "tanh");
        }
        if x.rank() != 3 || x.known_from(1).is_err() || x.dims[1..].iter().any(|dim| dim.at(1) == 0) {
            return Err(Error::model("a recurrent layer takes a sequence")
                .found(x)
                .expected("N×steps×features")
                .hint("put a `reshape` or a `transpose` before it"));
        }
        if self.carry && (x.dims[0].known().is_none() || self.bidirectional || self.lengths.is_some()) {
            return Err(Error::model("states cannot be carried from run to run")
                .found(format!("{x}{}", if self.bidirectional { ", both directions" } else { "" }))
                .expected("a batch of known size, one direction, no lengths")
                .hint("give the input a number in place of N"));
        }
        Ok(())
    }

    /// The states of all steps of one layer in one direction; `name` is that of its parameters.
    fn direction<'g>(&self, x: Var<'g>, lengths: Option<Var<'g>>, name: &str, scope: &Scope<'g>) -> Var<'g> {
        let (cell, g) = (self.cell(), scope.builder);
        let dims = x.ty().dims;
        let &[n, steps, features] = &dims[..] else { return x };
        let (units, rows) = (Dim::from(self.units), Dim::from(self.units.saturating_mul(cell.blocks())));
        let start = Scheme::Fan.weight(self.units, self.units);
        let parameter = |what: &str, ty| scope.parameter(&format!("{what}_{name}"), ty, start.clone());
        let w_ih = parameter("weight_ih", f32([rows, features]));
        let w = parameter("weight_hh", f32([rows, units]));
        let bias = |what: &str| match self.bias {
            true => parameter(what, f32([rows])),
            false => zeros(g, vec![rows]),
        };
        let (b_ih, b) = (bias("bias_ih"), bias("bias_hh"));
        let Some(all) = n.times(steps) else {
            return scope.poison(Error::model("the number of steps depends on the batch").found(x.ty()));
        };
        let projection = MatMul { a_transposed: false, b_transposed: true };
        let p = g.apply(projection, &[x.reshape(&[all, features]), w_ih, b_ih]).get(0).reshape(&[n, steps, rows]);
        let parts = if cell.has_memory() { &["hidden", "cell"][..] } else { &["hidden"] };
        let first = |part: &&str| match self.carry {
            true => scope.state(&format!("{part}_{name}"), f32([n, units]), Init::Fill(0.0)),
            false => zeros(g, vec![n, units]),
        };
        let first: Vec<_> = parts.iter().map(first).collect();
        let op = Recurrent { cell, reversed: name.ends_with("_reverse") };
        let mut inputs = [&[p, w, b], &first[..]].concat();
        inputs.extend(lengths);
        let outputs = g.apply(op, &inputs);
        if self.carry {
            let last = steps.at(1) - 1;
            let end = |part: Var<'g>| part.slice(1, last..last + 1).reshape(&[n, units]);
            first.iter().enumerate().for_each(|(k, &state)| g.update(state, end(outputs.get(k))));
        }
        outputs.get(0)
    }
}

/// Zeros of sizes that may depend on the batch.
fn zeros(g: &crate::Builder, dims: Vec<Dim>) -> Var<'_> {
    g.constant(Array::full(vec![1; dims.len()], 0.0)).apply(Expand { dims, shared: false })
}

impl LayerForm for RecurrentLayer {
    const KINDS: &'static [&'static str] = &["rnn", "lstm", "gru"];

    fn kind(&self) -> &'static str {
        Self::KINDS[self.kind]
    }

    fn of_kind(self, kind: &str) -> Self {
        RecurrentLayer { kind: Self::KINDS.iter().position(|k| *k == kind).unwrap_or(0), ..self }
    }

    fn others(&self) -> Vec<String> {
        self.lengths.iter().cloned().collect()
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let (mut x, lengths) = (inputs[0], inputs.get(1).copied());
        if let Err(error) = self.check(&x.ty()) {
            return scope.poison(error);
        }
        let steps = x.ty().dims[1].at(1);
        let ways = if self.bidirectional { &["", "_reverse"][..] } else { &[""] };
        let mut states = vec![];
        for layer in 0..self.layers {
            if layer > 0 && self.dropout != 0.0 {
                let scope = Scope { name: format!("{}.dropout_l{layer}", scope.name), ..scope.clone() };
                x = Dropout::new(self.dropout).apply(&[x], &scope);
            }
            states = ways.iter().map(|way| self.direction(x, lengths, &format!("l{layer}{way}"), scope)).collect();
            if let Some(poisoned) = states.iter().find(|state| state.is_poisoned()) {
                return *poisoned;
            }
            x = joined(&states, 2);
        }
        match (self.returns, lengths) {
            (Returns::Sequence, None) => x,
            // what a state is held at beyond the end of a sample is not an output
            (Returns::Sequence, Some(lengths)) => x * mask_var(lengths, steps),
            (Returns::Last, _) => {
                let last = |(way, state): (usize, &Var<'g>)| {
                    let at = if way == 0 { steps - 1 } else { 0 };
                    state.slice(1, at..at + 1).reshape(&[state.ty().dims[0], self.units.into()])
                };
                joined(&states.iter().enumerate().map(last).collect::<Vec<_>>(), 1)
            }
        }
    }
}

fn joined<'g>(parts: &[Var<'g>], axis: usize) -> Var<'g> {
    if parts.len() == 1 { parts[0] } else { parts[0].concat(&parts[1..], axis) }
}
