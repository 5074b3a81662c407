//! What training makes small.

use serde::{Deserialize, Serialize};
use striate_graph::ops::softmax::OneHot;
use striate_graph::{Type, Var, i32};
use striate_tensor::{Binary, Error, Result};

/// The loss of a model's scores N×K by the labels N, a mean over the batch; of scores N×K×… by labels N×…, a mean over all
/// places.
///
/// In `model.toml` it is a word, or a table: `loss = { type = "cross_entropy", label_smoothing = 0.1 }`.
///
/// ```
/// use striate::prelude::*;
/// let g = Builder::new();
/// let (scores, labels) = (g.input("scores", f32([N, 10.into()])), g.input("labels", i32([N])));
/// let loss = Loss::CrossEntropy { label_smoothing: 0.1 }.of(scores, labels);
/// assert_eq!(loss.ty().rank(), 0);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    deny_unknown_fields,
    expecting = "the name of a loss, or a table with its type"
)]
pub enum Loss {
    /// `−ln softmax(scores)[label]`.
    CrossEntropy {
        /// The share of certainty that is spread over all classes.
        #[serde(default)]
        label_smoothing: f64,
    },
    /// The cross-entropy of each class by itself, yes or no, with the logistic function of its score.
    BinaryCrossEntropy {},
    /// The mean square of the difference between the scores and 1 for the label, 0 for the others.
    MeanSquaredError {},
    /// Half the square of the difference between the outputs and 1 for the label, 0 for the others (or the targets), summed
    /// over the outputs, a mean over the samples: the textbooks' ½·Σ(T − O)². Its slope by the sum of a logistic unit is the
    /// textbooks' −O(1 − O)(T − O), so that the learning rate is theirs.
    SquaredError {},
    /// The loss that belongs to radial units (LeCun et al. 1998, equation 9): scores are negative distances.
    Rbf {
        /// The distance of "rubbish", the class that is none; the smaller, the closer the label must come.
        #[serde(default = "one")]
        rubbish: f64,
    },
}

fn one() -> f64 {
    1.0
}

impl Default for Loss {
    fn default() -> Self {
        Loss::CrossEntropy { label_smoothing: 0.0 }
    }
}

impl Loss {
    /// That of LeNet-5 as published, with "rubbish" at distance 1.
    pub fn rbf() -> Self {
        Loss::Rbf { rubbish: one() }
    }

    /// Its name in `model.toml`.
    pub fn kind(&self) -> &'static str {
        match self {
            Loss::CrossEntropy { .. } => "cross_entropy",
            Loss::BinaryCrossEntropy {} => "binary_cross_entropy",
            Loss::MeanSquaredError {} => "mean_squared_error",
            Loss::SquaredError {} => "squared_error",
            Loss::Rbf { .. } => "rbf",
        }
    }

    /// Whether the name says all.
    pub(super) fn is_plain(&self) -> bool {
        match self {
            Loss::CrossEntropy { label_smoothing } => *label_smoothing == 0.0,
            Loss::Rbf { rubbish } => *rubbish == one(),
            _ => true,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        match self {
            Loss::CrossEntropy { label_smoothing } if !(0.0..1.0).contains(label_smoothing) => {
                Err(Error::model("the label smoothing is not usable")
                    .found(label_smoothing)
                    .expected("a number from 0 to below 1"))
            }
            Loss::Rbf { rubbish } if !rubbish.is_finite() => {
                Err(Error::model("the distance of rubbish is not usable").found(rubbish).expected("a finite number"))
            }
            _ => Ok(()),
        }
    }

    /// The mean of (output − target)² that belongs to a value of this loss for a single output; `None` where the loss is no
    /// square.
    ///
    /// ```
    /// use striate::model::Loss;
    /// assert_eq!(Loss::SquaredError {}.mean_square(0.5), Some(1.0));
    /// assert_eq!(Loss::default().mean_square(0.5), None);
    /// ```
    pub fn mean_square(&self, loss: f64) -> Option<f64> {
        match self {
            Loss::MeanSquaredError {} => Some(loss),
            Loss::SquaredError {} => Some(2.0 * loss),
            _ => None,
        }
    }

    /// Whether it judges numbers instead of classes.
    pub(super) fn check_numbers(&self) -> Result<()> {
        match self.mean_square(0.0) {
            Some(_) => Ok(()),
            None => Err(Error::model("this loss does not judge numbers")
                .found(format!("loss = \"{}\" with targets", self.kind()))
                .expected("mean_squared_error or squared_error")),
        }
    }

    /// The output of a single unit for two classes that lies in the middle between them; `None` where the loss needs a score
    /// for each class.
    pub(super) fn middle(&self) -> Option<f64> {
        match self {
            Loss::BinaryCrossEntropy {} => Some(0.0),
            Loss::MeanSquaredError {} | Loss::SquaredError {} => Some(0.5),
            _ => None,
        }
    }

    /// The type of the labels that belong to scores N×K×…: i32 N×…, one for each place.
    pub fn labels(scores: &Type) -> Type {
        i32(scores.dims.iter().enumerate().filter(|&(axis, _)| axis != 1).map(|(_, &dim)| dim))
    }

    /// The loss of outputs N×K by targets N×K, a scalar.
    #[track_caller]
    pub fn of_targets<'g>(&self, outputs: Var<'g>, targets: Var<'g>) -> Var<'g> {
        match self {
            Loss::SquaredError {} => half_squares(outputs, targets),
            _ => match self.check_numbers() {
                Err(error) => outputs.builder().poison(error),
                Ok(()) => outputs.mean_squared_error(targets),
            },
        }
    }

    /// The loss of scores N×K×… by labels N×…, a scalar. A single output, N×1, stands for two classes: it shall be 1 for
    /// the second.
    #[track_caller]
    pub fn of<'g>(&self, scores: Var<'g>, labels: Var<'g>) -> Var<'g> {
        let one_hot = || match scores.ty().dims.get(1).and_then(|classes| classes.known()) {
            Some(1) => labels.apply(OneHot { classes: 2 }).slice(1, 1..2),
            Some(classes) => labels.apply(OneHot { classes }),
            None => labels,
        };
        match *self {
            Loss::CrossEntropy { label_smoothing } => scores.cross_entropy_smoothed(labels, label_smoothing),
            Loss::BinaryCrossEntropy {} => scores.binary_cross_entropy_with_logits(one_hot()),
            Loss::MeanSquaredError {} => scores.mean_squared_error(one_hot()),
            Loss::SquaredError {} => half_squares(scores, one_hot()),
            Loss::Rbf { rubbish } => scores.rbf_loss(labels, rubbish),
        }
    }

    /// From scores to a probability for each class: by softmax, or of each class by itself where the loss judges it so.
    #[track_caller]
    pub fn probabilities<'g>(&self, scores: Var<'g>) -> Var<'g> {
        match self {
            Loss::CrossEntropy { .. } | Loss::Rbf { .. } => scores.softmax(),
            Loss::BinaryCrossEntropy {} => scores.logistic(),
            Loss::MeanSquaredError {} | Loss::SquaredError {} => scores.each(|p, x| {
                let (zero, one) = (p.constant(0.0), p.constant(1.0));
                let above = p.binary(Binary::Max, x, zero);
                p.binary(Binary::Min, above, one)
            }),
        }
    }
}

/// ½·Σ(x − t)² over the elements of a sample, a mean over the N samples of x: N×K.
fn half_squares<'g>(x: Var<'g>, t: Var<'g>) -> Var<'g> {
    let elements = x.ty().dims[1..].iter().filter_map(|dim| dim.known()).product::<usize>();
    x.mean_squared_error(t) * (0.5 * elements as f64)
}
