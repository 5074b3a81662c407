//! Scores of classes as probabilities, and labels as them.
//!
//! ```text
//! softmax:      y[k] = e^(z[k]) / Σ_j e^(z[j])                          z, y: N×K×…
//! log_softmax:  y[k] = z[k] − ln Σ_j e^(z[j])
//! one_hot:      y[k] = 1 where k is the label, else 0                   label: N×…   y: N×K×…
//! ```
//!
//! Classes lie along axis 1. The greatest z is subtracted first, so that no power overflows. Going back:
//!
//! ```text
//! ∂z = y·(∂y − Σ_k ∂y·y)                 log_softmax: ∂z = ∂y − e^y · Σ_k ∂y
//! ```

use crate::layer::{LayerForm, Scope};
use crate::operation::Operation;
use crate::ops::reduce::Reduction::Sum;
use crate::types::match_types;
use crate::{Adjoint, Case, Type, Value, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, DType, Error, Number, Result, Shape};

/// `softmax(z) → y`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Softmax;

/// `log_softmax(z) → y`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogSoftmax;

/// `one_hot(label) → y`; a label that is no class gives zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OneHot {
    /// K, the number of classes.
    pub classes: usize,
}

impl Operation for Softmax {
    const NAME: &'static str = "softmax";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        same_as_scores(inputs)
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let mut y = inputs[0].real().clone();
        for column in columns(y.shape()) {
            let total = log_sum_exp(&y, &column);
            column.iter().for_each(|&i| y.data_mut()[i] = (y.data()[i] - total).exp());
        }
        vec![y.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (y, dy) = (at.output(0), at.upstream(0));
        vec![Some(y * (dy - (dy * y).reduce(Sum, &[1])))]
    }

    fn cases() -> Vec<Case> {
        SCORES.iter().map(|z| Case::new(Softmax, z)).collect()
    }
}

impl Operation for LogSoftmax {
    const NAME: &'static str = "log_softmax";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        same_as_scores(inputs)
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let mut y = inputs[0].real().clone();
        for column in columns(y.shape()) {
            let total = log_sum_exp(&y, &column);
            column.iter().for_each(|&i| y.data_mut()[i] = y.data()[i] - total);
        }
        vec![y.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (y, dy) = (at.output(0), at.upstream(0));
        vec![Some(dy - y.exp() * dy.reduce(Sum, &[1]))]
    }

    fn cases() -> Vec<Case> {
        SCORES.iter().map(|z| Case::new(LogSoftmax, z)).collect()
    }
}

impl Operation for OneHot {
    const NAME: &'static str = "one_hot";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let dims = inputs.first().map_or(vec![], |labels| labels.dims.clone());
        match_types(inputs, &[crate::i32(dims.clone())], 1)?;
        let [n, rest @ ..] = dims.as_slice() else {
            return Err(Error::model("labels need an axis of samples").found(&inputs[0]).expected("N×…"));
        };
        Ok(vec![f32([*n, self.classes.into()].into_iter().chain(rest.iter().copied()))])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let labels = inputs[0].index();
        let shape: Shape = [labels.shape()[0], self.classes].iter().chain(&labels.shape()[1..]).copied().collect();
        let mut y = Array::full(shape.clone(), T::zero());
        for (column, &label) in columns(&shape).iter().zip(labels.data()) {
            if let Some(&i) = usize::try_from(label).ok().and_then(|k| column.get(k)) {
                y.data_mut()[i] = T::one();
            }
        }
        vec![y.into()]
    }

    fn gradient<'g>(&self, _at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![None]
    }

    fn cases() -> Vec<Case> {
        let case = |classes, labels: &str| Case::new(OneHot { classes }, labels);
        vec![case(5, "4<5"), case(3, "2x3x2<3"), case(2, "6<4")]
    }
}

/// The type of scores N×K×…, unchanged.
fn same_as_scores(inputs: &[Type]) -> Result<Vec<Type>> {
    let dims = inputs.first().map_or(vec![], |z| z.dims.clone());
    match_types(inputs, &[Type::new(DType::F32, dims)], 1)?;
    check_scores(&inputs[0])?;
    Ok(inputs.to_vec())
}

/// Whether a type has classes along axis 1.
pub(crate) fn check_scores(z: &Type) -> Result<()> {
    match z.rank() {
        0 | 1 => Err(Error::model("there are no classes along axis 1").found(z).expected("N×classes, or N×classes×…")),
        _ => Ok(()),
    }
}

/// For each place of N×… the row-major indices of its K elements in N×K×….
pub(crate) fn columns(shape: &Shape) -> Vec<Vec<usize>> {
    let (classes, inner) = (shape[1], shape[2..].iter().product::<usize>());
    let column = |n: usize, s: usize| (0..classes).map(|k| (n * classes + k) * inner + s).collect();
    (0..shape[0]).flat_map(|n| (0..inner).map(move |s| column(n, s))).collect()
}

/// ln Σ e^z over a column.
pub(crate) fn log_sum_exp<T: Number>(z: &Array<T>, column: &[usize]) -> T {
    let values = || column.iter().map(|&i| z.data()[i]);
    let greatest = values().fold(T::from_f64(f64::NEG_INFINITY), |max, z| if z > max { z } else { max });
    greatest + values().fold(T::zero(), |sum, z| sum + (z - greatest).exp()).ln()
}

const SCORES: [&str; 4] = ["3x5", "2x4x3", "1x2x2x3", "4x1"];

/// `softmax`, `log_softmax` over the classes, axis 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoftmaxLayer {
    #[serde(skip)]
    kind: usize,
}

impl SoftmaxLayer {
    /// Probabilities.
    pub fn new() -> Self {
        SoftmaxLayer { kind: 0 }
    }

    /// Logarithms of probabilities.
    pub fn log() -> Self {
        SoftmaxLayer { kind: 1 }
    }
}

impl Default for SoftmaxLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl LayerForm for SoftmaxLayer {
    const KINDS: &'static [&'static str] = &["softmax", "log_softmax"];

    fn kind(&self) -> &'static str {
        Self::KINDS[self.kind]
    }

    fn of_kind(self, kind: &str) -> Self {
        SoftmaxLayer { kind: Self::KINDS.iter().position(|k| *k == kind).unwrap_or(0) }
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], _scope: &Scope<'g>) -> Var<'g> {
        match self.kind {
            0 => inputs[0].softmax(),
            _ => inputs[0].log_softmax(),
        }
    }
}

impl<'g> Var<'g> {
    /// Probabilities of the classes along axis 1.
    #[track_caller]
    pub fn softmax(self) -> Var<'g> {
        self.apply(Softmax)
    }

    /// Logarithms of the probabilities of the classes along axis 1.
    #[track_caller]
    pub fn log_softmax(self) -> Var<'g> {
        self.apply(LogSoftmax)
    }
}
