//! Losses, and the count of right answers.
//!
//! ```text
//! cross_entropy:  E = 1/m · Σ_c Σ_k t'[c, k]·(ln Σ_j e^(z[c, j]) − z[c, k])        z: N×K×…   E: scalar
//!                 t'[c, k] = (1 − ε)·t[c, k] + ε/K · Σ_j t[c, j]         labels: N×…, or t: N×K×…
//! correct:        number of places c whose greatest z[c, k] (the first on ties) is at k = label[c]
//! ```
//!
//! c runs over the m places of N×…, k over the classes along axis 1. With labels, t is their one-hot form: a label that is
//! no class adds nothing to E. Going back, with p = softmax(z) and l = −log_softmax(z):
//!
//! ```text
//! ∂z = (p·Σ_j t[j] − t')·∂E/m              ∂t = ((1 − ε)·l + ε/K · Σ_j l[j])·∂E/m
//! ```

use crate::operation::Operation;
use crate::ops::reduce::{Expand, Reduction};
use crate::ops::softmax::{OneHot, check_scores, columns, log_sum_exp};
use crate::types::match_types;
use crate::{Adjoint, Case, Dim, Type, Value, Var, f32, i32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Binary, DType, Error, Literal, Number, Result, Unary};

/// `cross_entropy(z, labels or t) → E`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CrossEntropy {
    /// ε, the share of certainty that is spread over all classes.
    pub smoothing: Literal,
    /// What the right answers are written as.
    pub targets: Targets,
}

/// What right answers are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Targets {
    /// The number of the class: i32 N×….
    Index,
    /// A probability for each class: f32 N×K×….
    Probabilities,
}

/// `correct(z, labels) → count`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Correct;

impl Operation for CrossEntropy {
    const NAME: &'static str = "cross_entropy";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        if !(0.0..=1.0).contains(&self.smoothing.0) {
            return Err(Error::model("label smoothing is a share").found(self.smoothing.0).expected("0 to 1"));
        }
        match_scores(inputs, self.targets)?;
        if inputs[0].dims[1].known().is_none() {
            return Err(Error::model("the number of classes must not depend on the batch size").found(&inputs[0]));
        }
        Ok(vec![f32(Vec::<Dim>::new())])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let z = inputs[0].real();
        let columns = columns(z.shape());
        let mut sum = T::zero();
        for (c, column) in columns.iter().enumerate() {
            let t: Vec<T> = match inputs[1] {
                Value::Real(t) => column.iter().map(|&i| t.data()[i]).collect(),
                Value::Index(labels) => (0..column.len()).map(|k| one_where(labels.data()[c] == k as i32)).collect(),
            };
            let spread = t.iter().fold(T::zero(), |sum, &t| sum + t) / T::from_usize(t.len());
            let (epsilon, total) = (T::from_f64(self.smoothing.0), log_sum_exp(z, column));
            for (&i, t) in column.iter().zip(t) {
                sum += ((T::one() - epsilon) * t + epsilon * spread) * (total - z.data()[i]);
            }
        }
        vec![Array::scalar(sum / T::from_usize(columns.len())).into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (z, share) = (at.input(0), shared_over_places(at.upstream(0), at.input(0)));
        let dz = at.wants(0).then(|| {
            let t = self.probabilities(z, at.input(1));
            (z.softmax() * t.reduce(Reduction::Sum, &[1]) - self.smoothed(t)) * share
        });
        let dt = at.wants(1).then(|| self.smoothed(-z.log_softmax()) * share);
        vec![dz, dt]
    }

    fn cases() -> Vec<Case> {
        let case = |smoothing, targets, inputs: &str| {
            let text = format!("{inputs} smoothing {smoothing}");
            Case::new(CrossEntropy { smoothing: Literal(smoothing), targets }, inputs).named(&text)
        };
        use Targets::{Index, Probabilities};
        vec![
            case(0.0, Index, "4x5 4<5"),
            case(0.1, Index, "3x10 3<10"),
            case(0.0, Index, "2x3x2x2 2x2x2<3"),
            case(0.2, Index, "5x2 5<4"),
            case(0.0, Probabilities, "4x5 +4x5"),
            case(0.3, Probabilities, "2x3x4 2x3x4"),
        ]
    }
}

impl Operation for Correct {
    const NAME: &'static str = "correct";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        match_scores(inputs, Targets::Index)?;
        Ok(vec![f32(Vec::<Dim>::new())])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (z, labels) = (inputs[0].real(), inputs[1].index());
        let answer = |column: &[usize]| {
            (1..column.len()).fold(0, |best, k| if z.data()[column[k]] > z.data()[column[best]] { k } else { best })
        };
        let right =
            columns(z.shape()).iter().zip(labels.data()).filter(|(c, label)| answer(c) as i32 == **label).count();
        vec![Array::scalar(T::from_usize(right)).into()]
    }

    fn gradient<'g>(&self, _at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![None, None]
    }

    fn cases() -> Vec<Case> {
        ["9x4 9<4", "2x3x5 2x5<3", "3x1 3<2"].iter().map(|inputs| Case::new(Correct, inputs)).collect()
    }
}

impl CrossEntropy {
    /// t.
    fn probabilities<'g>(&self, z: Var<'g>, targets: Var<'g>) -> Var<'g> {
        match self.targets {
            Targets::Index => targets.apply(OneHot { classes: z.ty().dims[1].at(1) }),
            Targets::Probabilities => targets,
        }
    }

    /// t' of t.
    fn smoothed<'g>(&self, t: Var<'g>) -> Var<'g> {
        match self.smoothing.0 {
            0.0 => t,
            epsilon => t * (1.0 - epsilon) + t.reduce(Reduction::Mean, &[1]) * epsilon,
        }
    }
}

fn one_where<T: Number>(condition: bool) -> T {
    if condition { T::one() } else { T::zero() }
}

/// Scores N×K×… and right answers that fit them.
fn match_scores(inputs: &[Type], targets: Targets) -> Result<()> {
    let mut dims = inputs.first().map_or(vec![], |z| z.dims.clone());
    let scores = f32(dims.clone());
    let answers = match targets {
        Targets::Probabilities => scores.clone(),
        Targets::Index => {
            dims.drain(1.min(dims.len())..2.min(dims.len()));
            i32(dims)
        }
    };
    match_types(inputs, &[scores, answers], 2)?;
    check_scores(&inputs[0])
}

/// A scalar shared out in equal parts over the places of z: N×1×…. The number of places may not be known yet.
fn shared_over_places<'g>(scalar: Var<'g>, z: Var<'g>) -> Var<'g> {
    let mut dims = z.ty().dims;
    dims[1] = 1.into();
    scalar.reshape(&vec![1.into(); dims.len()]).apply(Expand { dims, shared: true })
}

impl<'g> Var<'g> {
    /// The mean cross-entropy of these logits N×K×… with labels (i32 N×…) or probabilities (f32 N×K×…): a scalar.
    #[track_caller]
    pub fn cross_entropy(self, targets: Var<'g>) -> Var<'g> {
        self.cross_entropy_smoothed(targets, 0.0)
    }

    /// The cross-entropy with a share `smoothing` of the certainty spread over all classes.
    #[track_caller]
    pub fn cross_entropy_smoothed(self, targets: Var<'g>, smoothing: f64) -> Var<'g> {
        let kind = if targets.ty().dtype == DType::F32 { Targets::Probabilities } else { Targets::Index };
        let op = CrossEntropy { smoothing: Literal(smoothing), targets: kind };
        self.builder().apply(op, &[self, targets]).get(0)
    }

    /// The mean of (x − t)² over all elements: a scalar.
    #[track_caller]
    pub fn mean_squared_error(self, target: Var<'g>) -> Var<'g> {
        let squares = self.with(target, |p, x, t| {
            let error = p.binary(Binary::Sub, x, t);
            p.binary(Binary::Mul, error, error)
        });
        squares.mean_all()
    }

    /// The mean of softplus(z) − z·t over all elements: a scalar; t is the probability of "yes", z its logit.
    #[track_caller]
    pub fn binary_cross_entropy_with_logits(self, target: Var<'g>) -> Var<'g> {
        let losses = self.with(target, |p, z, t| {
            let (no, yes) = (p.unary(Unary::Softplus, z), p.binary(Binary::Mul, z, t));
            p.binary(Binary::Sub, no, yes)
        });
        losses.mean_all()
    }

    /// How many of these scores N×K×… are greatest at their label (i32 N×…): a scalar without gradient.
    #[track_caller]
    pub fn correct(self, labels: Var<'g>) -> Var<'g> {
        self.builder().apply(Correct, &[self, labels]).get(0)
    }
}
