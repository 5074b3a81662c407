//! When to stop: the rules of the textbooks, each with a reason that is printed.
//!
//! | rule | stops after the epoch in which |
//! |---|---|
//! | `epochs` | the given number is reached |
//! | `accuracy` | so large a part of the training samples was classified right, while they were learnt |
//! | `change` | no weight differs by this much or more from what it was an epoch before |
//! | `patience` | so many epochs have passed since the accuracy (of numbers: the loss) on the watched data was best |
//! | `seconds` | so much time was spent (the only rule that depends on the machine) |

use serde::{Deserialize, Serialize};
use std::fmt;
use striate_tensor::{Error, Result};

/// The rules of a training. Rules that are `None` never stop it.
///
/// ```
/// use striate::train::{StopReason, StopRules, Watched};
/// let rules = StopRules { accuracy: Some(0.99), ..StopRules::after(20) };
/// let mut now = Watched { epoch: 3, accuracy: 0.98, ..Watched::default() };
/// assert_eq!(rules.verdict(&now), None);
/// now.accuracy = 0.995;
/// assert_eq!(rules.verdict(&now).unwrap().to_string(), "99.50 % of the training samples are right (at least 99.00 % were asked for)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StopRules {
    /// At most so many passes over the training samples.
    pub epochs: u64,
    /// Enough training samples are right: this part of them, between 0 and 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// The weights are stable: the largest change of any weight over an epoch is below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
    /// So many epochs without a better accuracy on the watched data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// So many seconds of training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// What the rules look at, at the end of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Watched {
    /// Epochs that are complete.
    pub epoch: u64,
    /// The part of the training samples that was right in this epoch.
    pub accuracy: f64,
    /// The largest change of a weight over this epoch, if it was measured.
    pub change: Option<f64>,
    /// Epochs since the best one on the watched data.
    pub waited: u64,
    /// Seconds of training so far.
    pub seconds: f64,
}

/// Why a training ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "rule")]
pub enum StopReason {
    /// All epochs are done.
    Epochs {
        /// How many.
        epochs: u64,
    },
    /// Enough training samples are right.
    Accuracy {
        /// The part that is right.
        accuracy: f64,
        /// The part that was asked for.
        wanted: f64,
    },
    /// The weights are stable.
    Change {
        /// The largest change of a weight over the last epoch.
        change: f64,
        /// The limit.
        limit: f64,
    },
    /// No progress on the watched data.
    Patience {
        /// Epochs since the best one.
        waited: u64,
    },
    /// Out of time.
    Seconds {
        /// The limit.
        limit: f64,
    },
}

const MOST_EPOCHS: u64 = 1_000_000_000;

impl StopRules {
    /// The one rule that there always is.
    pub fn after(epochs: u64) -> Self {
        StopRules { epochs, accuracy: None, change: None, patience: None, seconds: None }
    }

    /// Whether the rules make sense.
    ///
    /// # Errors
    /// `Fault::Usage`, naming the rule.
    pub fn check(&self) -> Result<()> {
        let positive = |name: &str, value: Option<f64>, most: f64, expected: &str| match value {
            Some(value) if !(value > 0.0 && value <= most) => {
                Err(Error::usage(format!("{name} makes no sense")).found(value).expected(expected))
            }
            _ => Ok(()),
        };
        for (name, count) in [("the number of epochs", Some(self.epochs)), ("the patience", self.patience)] {
            if let Some(count) = count.filter(|count| !(1..=MOST_EPOCHS).contains(count)) {
                let error = Error::usage(format!("{name} makes no sense")).found(count);
                return Err(error.expected(format!("a whole number from 1 to {MOST_EPOCHS}")));
            }
        }
        positive("the accuracy to stop at", self.accuracy, 1.0, "a part of the samples, above 0 and at most 1")?;
        positive("the change of weights to stop at", self.change, f64::MAX, "a number above 0")?;
        positive("the time limit", self.seconds, f64::MAX, "seconds, above 0")
    }

    /// The first rule that says stop, in the order of the declaration with `epochs` last.
    pub fn verdict(&self, now: &Watched) -> Option<StopReason> {
        if let Some(wanted) = self.accuracy.filter(|&wanted| now.accuracy >= wanted) {
            return Some(StopReason::Accuracy { accuracy: now.accuracy, wanted });
        }
        if let (Some(limit), Some(change)) = (self.change, now.change)
            && change < limit
        {
            return Some(StopReason::Change { change, limit });
        }
        if self.patience.is_some_and(|patience| now.waited >= patience) {
            return Some(StopReason::Patience { waited: now.waited });
        }
        if let Some(limit) = self.seconds.filter(|&limit| now.seconds >= limit) {
            return Some(StopReason::Seconds { limit });
        }
        (now.epoch >= self.epochs).then_some(StopReason::Epochs { epochs: self.epochs })
    }
}

impl StopReason {
    /// One word for machines: `epochs`, `accuracy`, `change`, `patience`, `seconds`.
    pub fn name(&self) -> &'static str {
        match self {
            StopReason::Epochs { .. } => "epochs",
            StopReason::Accuracy { .. } => "accuracy",
            StopReason::Change { .. } => "change",
            StopReason::Patience { .. } => "patience",
            StopReason::Seconds { .. } => "seconds",
        }
    }
}

/// One line that names the rule and its numbers.
impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::Epochs { epochs: 1 } => f.write_str("the epoch is done"),
            StopReason::Epochs { epochs } => write!(f, "all {epochs} epochs are done"),
            StopReason::Accuracy { accuracy, wanted } => write!(
                f,
                "{:.2} % of the training samples are right (at least {:.2} % were asked for)",
                100.0 * accuracy,
                100.0 * wanted
            ),
            StopReason::Change { change, limit } => {
                write!(
                    f,
                    "the weights are stable: none changed by more than {change:.3e} in an epoch (limit {limit:.3e})"
                )
            }
            StopReason::Patience { waited } => write!(f, "no better result for {waited} epochs"),
            StopReason::Seconds { limit } => write!(f, "the time limit of {limit} s is reached"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_stops_and_says_why() {
        let now = Watched { epoch: 4, accuracy: 0.9, change: Some(1e-4), waited: 3, seconds: 12.0 };
        let none = StopRules::after(100);
        assert_eq!(none.verdict(&now), None);
        for (rules, name) in [
            (StopRules::after(4), "epochs"),
            (StopRules { accuracy: Some(0.9), ..none }, "accuracy"),
            (StopRules { change: Some(2e-4), ..none }, "change"),
            (StopRules { patience: Some(3), ..none }, "patience"),
            (StopRules { seconds: Some(12.0), ..none }, "seconds"),
        ] {
            rules.check().unwrap();
            let reason = rules.verdict(&now).unwrap();
            assert_eq!(reason.name(), name);
            assert!(!reason.to_string().is_empty());
        }
        for rules in [
            StopRules { accuracy: Some(0.91), ..none },
            StopRules { change: Some(1e-4), ..none },
            StopRules { patience: Some(4), ..none },
            StopRules { seconds: Some(13.0), ..none },
        ] {
            assert_eq!(rules.verdict(&now), None);
        }
    }

    #[test]
    fn senseless_rules_are_refused() {
        let some = StopRules::after(1);
        for rules in [
            StopRules::after(0),
            StopRules { accuracy: Some(1.5), ..some },
            StopRules { accuracy: Some(f64::NAN), ..some },
            StopRules { change: Some(0.0), ..some },
            StopRules { patience: Some(0), ..some },
            StopRules { seconds: Some(-1.0), ..some },
        ] {
            assert_eq!(rules.check().unwrap_err().fault(), striate_tensor::Fault::Usage);
        }
    }
}
