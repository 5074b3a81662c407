//! Training: steps, epochs, schedules, stopping rules, and what is measured.
//!
//! [`Trainer`] trains a model on a data set; each call of [`Trainer::advance`] does one thing and says what it was.
//! [`Steps`] trains any graph that has a loss. Which numbers come out depends on the seed and the data alone: never on
//! the number of threads, nor on interruptions.

mod divergence;
mod evaluate;
mod graphs;
mod metrics;
mod schedule;
mod settings;
mod steps;
mod stop;
mod trainer;

pub use divergence::{NonFinite, first_non_finite};
pub use evaluate::Evaluator;
pub use graphs::{Graphs, LABELS, evaluation_graph};
pub(crate) use graphs::{answering_graph, fits};
pub use metrics::{Evaluation, Tally, best_class, count_right, mean_iou};
pub use schedule::{Progress, Schedule};
pub use settings::Settings;
pub use steps::{LEARNING_RATE, Steps};
pub use stop::{StopReason, StopRules, Watched};
pub use trainer::{Best, Data, EpochReport, Event, Position, Trainer};

pub use striate_graph::optim::{Adam, AdamW, Optimizer, Sgd};
pub use striate_plan::{Feed, Store, Workers};

/// Numbers kept to the last bit in texts.
pub(crate) mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{:016x}", number.to_bits()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map(f64::from_bits).map_err(serde::de::Error::custom)
    }
}
