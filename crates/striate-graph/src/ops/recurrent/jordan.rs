//! Jordan's network (Jordan 1986): what goes from step to step is the output, not the hidden state.
//!
//! ```text
//! s_t = y_(t−1) + μ·s_(t−1)                                             the state units, with decay μ; s_0 = 0
//! h_t = tanh(W_ih·x_t + b_ih + W_yh·s_t)        y_t = g(W_hy·h_t + b_hy)
//! ```
//!
//! The steps are a composition of other operations, one after the other: the network is of interest for its history.

use crate::layer::{LayerForm, Scope, is_default};
use crate::ops::matmul::MatMul;
use crate::{Dim, Scheme, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Error, Unary};

use super::algebra::Algebra;

/// `jordan`: N×T×F to the outputs of all steps, N×T×outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JordanLayer {
    /// Hidden units.
    pub units: usize,
    /// Numbers of an output, which is fed back.
    pub outputs: usize,
    /// The function of the output units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub function: Squash,
    /// μ, the share of the state units that stays; below 1.
    #[serde(default, skip_serializing_if = "is_default")]
    pub decay: f64,
}

/// The function of the output units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Squash {
    /// 1/(1 + e⁻ˣ), as published.
    #[default]
    Logistic,
    /// The hyperbolic tangent.
    Tanh,
    /// None.
    Identity,
}

impl JordanLayer {
    /// So many hidden units and outputs.
    pub fn new(units: usize, outputs: usize) -> Self {
        JordanLayer { units, outputs, function: Squash::default(), decay: 0.0 }
    }

    /// The function of the output units.
    pub fn function(mut self, function: Squash) -> Self {
        self.function = function;
        self
    }

    /// The share of the state units that stays from step to step.
    pub fn decay(mut self, decay: f64) -> Self {
        self.decay = decay;
        self
    }
}

impl LayerForm for JordanLayer {
    const KINDS: &'static [&'static str] = &["jordan"];

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let (x, g) = (inputs[0], scope.builder);
        let dims = x.ty().dims;
        let sizes = (dims.len() == 3).then(|| Some((dims[0], dims[1].known()?, dims[2].known()?))).flatten();
        let Some((n, steps, features)) = sizes.filter(|(_, steps, features)| steps * features > 0) else {
            let error = Error::model("a recurrent layer takes a sequence").found(x.ty()).expected("N×steps×features");
            return scope.poison(error.hint("put a `reshape` or a `transpose` before it"));
        };
        if self.units == 0 || self.outputs == 0 || !(0.0..1.0).contains(&self.decay) {
            return scope.poison(
                Error::model("a Jordan network cannot be made of this")
                    .found(format!("units = {}, outputs = {}, decay = {}", self.units, self.outputs, self.decay))
                    .expected("at least 1 unit and 1 output, 0 ≤ decay < 1"),
            );
        }
        let start = Scheme::Fan.weight(self.units, self.units);
        let matrix =
            |what: &str, rows: usize, columns: usize| scope.parameter(what, f32([rows, columns]), start.clone());
        let bias = |what: &str, rows: usize| scope.parameter(what, f32([rows]), start.clone());
        let (w_ih, b_ih) = (matrix("weight_ih", self.units, features), bias("bias_ih", self.units));
        let w_yh = matrix("weight_yh", self.units, self.outputs);
        let (w_hy, b_hy) = (matrix("weight_hy", self.outputs, self.units), bias("bias_hy", self.outputs));
        let product = |inputs: &[Var<'g>]| g.apply(MatMul { a_transposed: false, b_transposed: true }, inputs).get(0);
        let Some(all) = n.times(Dim::from(steps)) else {
            return scope.poison(Error::model("the number of steps depends on the batch").found(x.ty()));
        };
        let p = product(&[x.reshape(&[all, features.into()]), w_ih, b_ih]);
        let p = p.reshape(&[n, steps.into(), self.units.into()]);
        let mut state: Option<Var<'g>> = None;
        let mut outputs: Vec<Var<'g>> = vec![];
        for t in 0..steps {
            state = match (state, outputs.last()) {
                (Some(state), Some(&y)) if self.decay != 0.0 => Some(y + state * self.decay),
                (_, last) => last.copied(),
            };
            let p = Algebra::at(&p, t);
            let h = Algebra::tanh(&state.map_or(p, |state| p + product(&[state, w_yh])));
            let y = product(&[h, w_hy, b_hy]);
            outputs.push(match self.function {
                Squash::Logistic => Var::unary(y, Unary::Logistic),
                Squash::Tanh => Var::unary(y, Unary::Tanh),
                Squash::Identity => y,
            });
        }
        Var::sequence(&outputs)
    }
}
