use super::{Progress, Schedule, StopRules};
use serde::{Deserialize, Serialize};
use striate_tensor::{Error, Result};

/// Everything that decides what a training computes, besides model, data and optimiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// Samples of a step.
    pub batch: usize,
    /// The rate that the schedule multiplies.
    pub learning_rate: f64,
    /// How the rate goes.
    pub schedule: Schedule,
    /// Epochs over which the rate rises in front of the schedule.
    pub warmup: f64,
    /// Decides the first weights, the order of the samples and the dropout.
    pub seed: u64,
    /// Convolutions without Winograd's minimal filtering, see [`striate_plan::Options::exact`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exact: bool,
    /// When to stop.
    pub stop: StopRules,
}

/// What `striate train` does without flags: small batches, one cycle of the learning rate over 15 epochs.
impl Default for Settings {
    fn default() -> Self {
        Settings {
            batch: 32,
            learning_rate: 0.05,
            schedule: Schedule::OneCycle { peak: 0.3 },
            warmup: 0.0,
            seed: 1,
            exact: false,
            stop: StopRules::after(15),
        }
    }
}

impl Settings {
    /// Whether the settings make sense.
    ///
    /// # Errors
    /// `Fault::Usage`, naming the first that does not.
    pub fn check(&self) -> Result<()> {
        self.stop.check()?;
        if self.batch == 0 {
            return Err(Error::usage("a batch needs at least one sample").found(0).expected("1 or more"));
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= f64::from(f32::MAX)) {
            return Err(Error::usage("the learning rate makes no sense")
                .found(self.learning_rate)
                .expected("a number above 0, such as 0.05"));
        }
        if !(self.warmup >= 0.0 && self.warmup.is_finite()) {
            return Err(Error::usage("the warm-up makes no sense").found(self.warmup).expected("epochs, 0 or more"));
        }
        // TOML and JSON readers know whole numbers only up to here.
        if i64::try_from(self.seed).is_err() {
            return Err(Error::usage("the seed is too large").found(self.seed).expected("less than 2^63"));
        }
        Ok(())
    }

    /// The learning rate at a step.
    pub fn rate(&self, at: Progress) -> f32 {
        (self.learning_rate * self.schedule.factor_after_warmup(self.warmup, at)) as f32
    }
}
