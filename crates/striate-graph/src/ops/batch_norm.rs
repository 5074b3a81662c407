//! Batch normalisation (Ioffe and Szegedy 2015), channel by channel.
//!
//! ```text
//! y = γ·x̂ + β      x̂ = (x − μ)·r      μ = mean(x)      r = 1/√(v + ε)      v = mean((x − μ)²)      u = v·m/(m − 1)
//!                                                                     x, y: N×C×…   γ, β, μ, r, u: C
//! ```
//!
//! Means run over all axes but the channels; m is the number of elements of a channel, and u the unbiased variance that
//! the running statistics take (v itself where m = 1). The gradient needs only μ and r:
//!
//! ```text
//! ∂β = Σ ∂y      ∂γ = Σ ∂y·x̂      ∂x = γr·∂y − γr·∂β/m − (x − μ)·γr²·∂γ/m + ∂μ/m − ∂r·r²·x̂/m + 2·∂u·(x − μ)/(m − 1)
//! ```

use crate::layer::{LayerForm, Mode, Scope, is_yes, yes};
use crate::operation::Operation;
use crate::ops::map::Map;
use crate::ops::reduce::{Expand, Reduction};
use crate::types::match_types;
use crate::{Adjoint, Case, Dim, Init, Type, Value, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Binary, Error, Literal, Number, Program, Result, Unary};

/// `batch_norm(x, γ, β) → (y, μ, r, u)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BatchNorm {
    /// ε, which keeps r finite.
    pub epsilon: Literal,
}

impl Operation for BatchNorm {
    const NAME: &'static str = "batch_norm";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let x = inputs.first().ok_or_else(|| Error::model("wrong number of inputs").found(0).expected(3))?;
        let channels = f32([channels(x)?]);
        match_types(inputs, &[f32(x.dims.clone()), channels.clone(), channels.clone()], 3)?;
        Ok(vec![x.clone(), channels.clone(), channels.clone(), channels])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (x, gamma, beta) = (inputs[0].real(), inputs[1].real(), inputs[2].real());
        let statistics = ChannelStatistics { epsilon: self.epsilon }.reference(&inputs[..1]);
        let (mean, inv_std) = (statistics[0].real(), statistics[1].real());
        let y = Array::from_fn(x.shape().clone(), |i| {
            let c = channel(x, i);
            gamma.data()[c] * (x.data()[i] - mean.data()[c]) * inv_std.data()[c] + beta.data()[c]
        });
        [vec![y.into()], statistics].concat()
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (x, dy) = (at.input(0), at.upstream(0));
        let per_channel = |v: Var<'g>| v.reshape(&beside(&x.ty()));
        let (gamma, mean, inv_std) = (per_channel(at.input(1)), per_channel(at.output(1)), per_channel(at.output(2)));
        let normed = (x - mean) * inv_std;
        let (dgamma, dbeta) = ((dy * normed).sum_except(&[1]), dy.sum_except(&[1]));
        let dx = at.wants(0).then(|| {
            let m = elements_of_a_channel(x);
            // what is the same for a channel is computed once, so that an element costs two products
            let scale = gamma * inv_std;
            let shift = -(scale * (per_channel(dbeta) / m));
            let slope = scale * inv_std * (per_channel(dgamma) / m);
            let dx = dy * scale + shift - (x - mean) * slope;
            through_statistics(at, 1).map_or(dx, |more| dx + more)
        });
        vec![dx, Some(dgamma), Some(dbeta)]
    }

    fn cases() -> Vec<Case> {
        let case = |epsilon, inputs: &str| Case::new(BatchNorm { epsilon: Literal(epsilon) }, inputs);
        vec![
            case(1e-5, "4x3x3x2 3 3"),
            case(1e-3, "6x5 5 5"),
            case(1e-5, "2x2x7 2 2"),
            case(0.1, "1x2x2x2x3 2 2"),
            case(1.0, "1x4 4 4"),
        ]
    }
}

/// `channel_statistics(x) → (μ, r, u)`: the part of [`BatchNorm`] that looks at the whole batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChannelStatistics {
    /// ε, which keeps r finite.
    pub epsilon: Literal,
}

impl Operation for ChannelStatistics {
    const NAME: &'static str = "channel_statistics";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let x = inputs.first().ok_or_else(|| Error::model("wrong number of inputs").found(0).expected(1))?;
        match_types(inputs, &[f32(x.dims.clone())], 1)?;
        Ok(vec![f32([channels(x)?]); 3])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let x = inputs[0].real();
        let (channels, epsilon) = (x.shape()[1], T::from_f64(self.epsilon.0));
        let m = x.shape().elements() / channels.max(1);
        let sums = |term: &dyn Fn(usize) -> T| {
            let mut sums = Array::full([channels], T::zero());
            (0..x.shape().elements()).for_each(|i| sums.data_mut()[channel(x, i)] += term(i));
            sums
        };
        let mean = sums(&|i| x.data()[i]).map(|sum| sum / T::from_usize(m));
        let squares = sums(&|i| {
            let centred = x.data()[i] - mean.data()[channel(x, i)];
            centred * centred
        });
        let inv_std = squares.map(|sum| T::one() / (sum / T::from_usize(m) + epsilon).sqrt());
        let unbiased = squares.map(|sum| sum / T::from_usize(m.saturating_sub(1).max(1)));
        vec![mean.into(), inv_std.into(), unbiased.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![through_statistics(at, 0)]
    }

    fn cases() -> Vec<Case> {
        let case = |epsilon, x: &str| Case::new(ChannelStatistics { epsilon: Literal(epsilon) }, x);
        vec![case(1e-5, "4x3x3x2"), case(1e-3, "6x5"), case(1e-5, "2x2x7"), case(0.1, "1x2x2x2x3")]
    }
}

/// What x gets through μ, r and u, the outputs from number `first` on; `None` where nothing depends on them.
fn through_statistics<'g>(at: &Adjoint<'g>, first: usize) -> Option<Var<'g>> {
    let x = at.input(0);
    let per_channel = |v: Var<'g>| v.reshape(&beside(&x.ty()));
    let centred = || x - per_channel(at.output(first));
    let inv_std = || per_channel(at.output(first + 1));
    let m = elements_of_a_channel(x);
    let of_mean = at
        .has_upstream(first)
        .then(|| (per_channel(at.upstream(first)) / m).apply(Expand { dims: x.ty().dims, shared: false }));
    let of_inv_std = at.has_upstream(first + 1).then(|| {
        let slope = per_channel(at.upstream(first + 1)) * inv_std() * inv_std() / m;
        -(slope * (centred() * inv_std()))
    });
    let of_unbiased = at.has_upstream(first + 2).then(|| {
        let others = (m - 1.0).each(|p, others| {
            let one = p.constant(1.0);
            p.binary(Binary::Max, others, one)
        });
        per_channel(at.upstream(first + 2)) * 2.0 / others * centred()
    });
    [of_mean, of_inv_std, of_unbiased].into_iter().flatten().reduce(|sum, part| sum + part)
}

/// The channel of element `i`.
fn channel<T: Number>(x: &Array<T>, i: usize) -> usize {
    i / x.shape()[2..].iter().product::<usize>() % x.shape()[1]
}

/// The size of the channels' axis.
fn channels(x: &Type) -> Result<Dim> {
    x.dims.get(1).copied().ok_or_else(|| Error::model("there are no channels to normalise").found(x).expected("N×C×…"))
}

/// The sizes of a channel's number beside x: 1×C×1….
pub(crate) fn beside(x: &Type) -> Vec<Dim> {
    let kept = |(axis, &dim): (usize, &Dim)| if axis == 1 { dim } else { 1.into() };
    x.dims.iter().enumerate().map(kept).collect()
}

/// m, as a value: the batch size may not be known yet.
fn elements_of_a_channel(x: Var<'_>) -> Var<'_> {
    let rank = x.ty().rank();
    let mut dims = x.ty().dims;
    dims[1] = 1.into();
    let one = x.builder().constant(Array::full(vec![1; rank], 1.0));
    one.apply(Expand { dims, shared: false }).reduce(Reduction::Sum, &(0..rank).collect::<Vec<_>>())
}

/// `batch_norm`: normalises by the batch while learning, by the running statistics afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNormLayer {
    /// ε, which keeps 1/√(variance + ε) finite.
    #[serde(default = "epsilon", skip_serializing_if = "is_epsilon")]
    pub epsilon: f64,
    /// The share of each batch in the running statistics: running = (1 − momentum)·running + momentum·batch.
    #[serde(default = "momentum", skip_serializing_if = "is_momentum")]
    pub momentum: f64,
    /// Whether each channel is scaled by a learned weight γ and moved by a learned bias β.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub affine: bool,
}

impl Default for BatchNormLayer {
    fn default() -> Self {
        BatchNormLayer { epsilon: epsilon(), momentum: momentum(), affine: true }
    }
}

impl BatchNormLayer {
    /// ε 10⁻⁵, momentum 0.1, with weight and bias.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another ε.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// Another momentum.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// No weight and no bias.
    pub fn without_affine(mut self) -> Self {
        self.affine = false;
        self
    }

    fn check(&self, x: &Type) -> Result<usize> {
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return Err(Error::model("epsilon must be positive").found(self.epsilon));
        }
        if !(0.0..=1.0).contains(&self.momentum) {
            return Err(Error::model("momentum must be from 0 to 1").found(self.momentum));
        }
        let channels = channels(x)?;
        channels.known().ok_or_else(|| Error::model("the number of channels must not depend on the batch").found(x))
    }
}

impl LayerForm for BatchNormLayer {
    const KINDS: &'static [&'static str] = &["batch_norm"];

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let x = inputs[0];
        let channels = match self.check(&x.ty()) {
            Ok(channels) => channels,
            Err(error) => return scope.poison(error),
        };
        let affine = |what: &str, start: f32| match self.affine {
            true => scope.parameter(what, f32([channels]), Init::Fill(start)),
            false => scope.builder.constant(Array::full([channels], start)),
        };
        let (gamma, beta) = (affine("weight", 1.0), affine("bias", 0.0));
        let mean = scope.state("running_mean", f32([channels]), Init::Fill(0.0));
        let variance = scope.state("running_var", f32([channels]), Init::Fill(1.0));
        match scope.mode {
            Mode::Train => {
                let outputs = scope.builder.apply(BatchNorm { epsilon: Literal(self.epsilon) }, &[x, gamma, beta]);
                for (running, batch) in [(mean, outputs.get(1)), (variance, outputs.get(3))] {
                    scope.builder.update(running, running * (1.0 - self.momentum) + batch * self.momentum);
                }
                outputs.get(0)
            }
            Mode::Infer => {
                let program = scale_and_shift(self.epsilon);
                let line = scope.builder.apply(Map { program }, &[gamma, beta, mean, variance]);
                let beside = beside(&x.ty());
                x * line.get(0).reshape(&beside) + line.get(1).reshape(&beside)
            }
        }
    }
}

/// From γ, β, mean and variance to the line a·x + b that they are together: a = γ/√(variance + ε), b = β − a·mean.
fn scale_and_shift(epsilon: f64) -> Program {
    Program::build(4, |p| {
        let epsilon = p.constant(epsilon);
        let variance = p.binary(Binary::Add, 3, epsilon);
        let deviation = p.unary(Unary::Sqrt, variance);
        let scale = p.binary(Binary::Div, 0, deviation);
        let moved = p.binary(Binary::Mul, scale, 2);
        vec![scale, p.binary(Binary::Sub, 1, moved)]
    })
}

fn epsilon() -> f64 {
    1e-5
}

fn is_epsilon(value: &f64) -> bool {
    *value == epsilon()
}

fn momentum() -> f64 {
    0.1
}

fn is_momentum(value: &f64) -> bool {
    *value == momentum()
}
