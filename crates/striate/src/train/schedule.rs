//! Learning-rate schedules: the factor `f(t)` by which the base rate is multiplied at step `t`.
//!
//! | text | f, with `p = t/T` the part of the training that lies behind |
//! |---|---|
//! | `constant` | 1 |
//! | `step:EPOCHS:FACTOR` | `FACTOR^⌊t / (EPOCHS · steps an epoch)⌋` |
//! | `cosine`, `cosine:FLOOR` | `FLOOR + (1 − FLOOR)(1 + cos πp)/2`; FLOOR 0 (Loshchilov and Hutter 2017, one period) |
//! | `one-cycle`, `one-cycle:PEAK` | by half cosines from 1/25 up to 1 at `p = PEAK` (0.3), then down to 1/250,000 (Smith and Topin 2018; the numbers are PyTorch's) |
//!
//! A warm-up in front of any of them rises in equal steps to 1; the schedule then runs over what remains.

use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;
use striate_tensor::{Error, Result};

/// How the learning rate goes, before any warm-up.
///
/// ```
/// use striate::train::{Progress, Schedule};
/// let at = |step| Progress { step, steps_per_epoch: 10, epochs: 6 };
/// let schedule: Schedule = "step:2:0.1".parse()?;
/// assert_eq!([0, 19, 20, 40].map(|step| (schedule.factor(at(step)) * 1000.0).round()), [1000.0, 1000.0, 100.0, 10.0]);
/// assert_eq!(schedule.to_string(), "step:2:0.1");
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Schedule {
    /// The base rate throughout.
    #[default]
    Constant,
    /// Multiplied by `factor` after every so many epochs.
    Step {
        /// How many epochs a step of the staircase lasts.
        epochs: f64,
        /// What each step of the staircase multiplies by.
        factor: f64,
    },
    /// Half a cosine, from 1 down to `floor`.
    Cosine {
        /// Where it ends.
        floor: f64,
    },
    /// Up, then down below where it began.
    OneCycle {
        /// The part of the training after which the rate is highest.
        peak: f64,
    },
}

/// Where a training stands: everything that a schedule depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Steps that lie behind.
    pub step: u64,
    /// Steps of one epoch.
    pub steps_per_epoch: u64,
    /// Epochs of the whole training.
    pub epochs: u64,
}

impl Progress {
    /// Steps of the whole training.
    pub fn total(&self) -> u64 {
        self.steps_per_epoch.saturating_mul(self.epochs)
    }
}

const ONE_CYCLE_PEAK: f64 = 0.3;
const ONE_CYCLE_START: f64 = 1.0 / 25.0;
const ONE_CYCLE_END: f64 = ONE_CYCLE_START / 1e4;

impl Schedule {
    /// The factor at a step; a pure function.
    pub fn factor(&self, at: Progress) -> f64 {
        self.shape(at.step as f64, at.total() as f64, at.steps_per_epoch as f64)
    }

    /// The factor at a step after a warm-up of so many epochs: `(t + 1)/W` during its `W` steps.
    ///
    /// ```
    /// use striate::train::{Progress, Schedule};
    /// let at = |step| Progress { step, steps_per_epoch: 4, epochs: 3 };
    /// assert_eq!([0, 1, 2, 3, 4].map(|t| Schedule::Constant.factor_after_warmup(1.0, at(t))), [0.25, 0.5, 0.75, 1.0, 1.0]);
    /// ```
    pub fn factor_after_warmup(&self, warmup_epochs: f64, at: Progress) -> f64 {
        let per_epoch = at.steps_per_epoch as f64;
        let warmup = (warmup_epochs * per_epoch).round().clamp(0.0, at.total() as f64);
        let step = at.step as f64;
        match step < warmup {
            true => (step + 1.0) / warmup,
            false => self.shape(step - warmup, at.total() as f64 - warmup, per_epoch),
        }
    }

    fn shape(&self, step: f64, total: f64, per_epoch: f64) -> f64 {
        let part = if total > 0.0 { (step / total).min(1.0) } else { 1.0 };
        match *self {
            Schedule::Constant => 1.0,
            Schedule::Step { epochs, factor } => factor.powf((step / (epochs * per_epoch)).floor()),
            Schedule::Cosine { floor } => half_cosine(1.0, floor, part),
            Schedule::OneCycle { peak } if part < peak => half_cosine(ONE_CYCLE_START, 1.0, part / peak),
            Schedule::OneCycle { peak } => half_cosine(1.0, ONE_CYCLE_END, (part - peak) / (1.0 - peak)),
        }
    }
}

/// From `from` at 0 to `to` at 1, level at both ends.
fn half_cosine(from: f64, to: f64, part: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * part).cos())
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Schedule::Constant => f.write_str("constant"),
            Schedule::Step { epochs, factor } => write!(f, "step:{epochs}:{factor}"),
            Schedule::Cosine { floor: 0.0 } => f.write_str("cosine"),
            Schedule::Cosine { floor } => write!(f, "cosine:{floor}"),
            Schedule::OneCycle { peak: ONE_CYCLE_PEAK } => f.write_str("one-cycle"),
            Schedule::OneCycle { peak } => write!(f, "one-cycle:{peak}"),
        }
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::usage("unknown learning-rate schedule")
                .found(format!("`{text}`"))
                .expected("constant, step:EPOCHS:FACTOR, cosine, cosine:FLOOR, one-cycle or one-cycle:PEAK")
                .hint("for example step:30:0.1 divides the rate by ten every 30 epochs; floor and peak lie between 0 and 1")
        };
        let mut words = text.split(':');
        let name = words.next().unwrap_or_default();
        let numbers: Vec<f64> = words.map(|word| word.parse().map_err(|_| wrong())).collect::<Result<_>>()?;
        let inside = |x: f64| x > 0.0 && x < 1.0;
        match (name, numbers[..].as_ref()) {
            ("constant", []) => Ok(Schedule::Constant),
            ("step", &[epochs, factor]) if epochs > 0.0 && epochs.is_finite() && factor > 0.0 && factor.is_finite() => {
                Ok(Schedule::Step { epochs, factor })
            }
            ("cosine", []) => Ok(Schedule::Cosine { floor: 0.0 }),
            ("cosine", &[floor]) if floor == 0.0 || inside(floor) => Ok(Schedule::Cosine { floor }),
            ("one-cycle", []) => Ok(Schedule::OneCycle { peak: ONE_CYCLE_PEAK }),
            ("one-cycle", &[peak]) if inside(peak) => Ok(Schedule::OneCycle { peak }),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Schedule {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(step: u64) -> Progress {
        Progress { step, steps_per_epoch: 10, epochs: 10 }
    }

    #[track_caller]
    fn check(text: &str, expected: [f64; 4]) {
        let schedule: Schedule = text.parse().unwrap();
        assert_eq!(schedule.to_string(), text);
        for (step, expected) in [0, 30, 65, 100].into_iter().zip(expected) {
            let factor = schedule.factor(at(step));
            assert!((factor - expected).abs() < 1e-9, "{text} at step {step}: {factor}, not {expected}");
        }
    }

    #[test]
    fn shapes() {
        check("constant", [1.0, 1.0, 1.0, 1.0]);
        check("step:3:0.5", [1.0, 0.5, 0.25, 0.125]);
        check("cosine", [1.0, 0.5 * (1.0 + (0.3 * PI).cos()), 0.5 * (1.0 + (0.65 * PI).cos()), 0.0]);
        check("cosine:0.5", [1.0, 0.5 + 0.25 * (1.0 + (0.3 * PI).cos()), 0.5 + 0.25 * (1.0 + (0.65 * PI).cos()), 0.5]);
        check("one-cycle", [0.04, 1.0, 0.5 * (1.0 + 4e-6), 4e-6]);
        check("one-cycle:0.65", [0.04, 0.04 + 0.96 * 0.5 * (1.0 - (PI * 0.3 / 0.65).cos()), 1.0, 4e-6]);
    }

    #[test]
    fn warmup_stands_in_front() {
        let cosine = Schedule::Cosine { floor: 0.0 };
        assert_eq!(cosine.factor_after_warmup(2.0, at(0)), 0.05);
        assert_eq!(cosine.factor_after_warmup(2.0, at(19)), 1.0);
        assert_eq!(cosine.factor_after_warmup(2.0, at(20)), 1.0);
        assert!((cosine.factor_after_warmup(2.0, at(60)) - 0.5).abs() < 1e-12);
        assert_eq!(cosine.factor_after_warmup(0.0, at(30)), cosine.factor(at(30)));
        // A warm-up longer than the training never ends.
        assert_eq!(cosine.factor_after_warmup(1e9, at(99)), 1.0);
    }

    #[test]
    fn mistakes_are_told() {
        for text in ["", "cos", "step", "step:3", "step:0:0.1", "step:3:nan", "cosine:1", "one-cycle:0", "constant:1"] {
            let error = text.parse::<Schedule>().unwrap_err();
            assert_eq!(error.fault(), striate_tensor::Fault::Usage);
            assert!(error.to_string().contains(&format!("`{text}`")));
        }
    }
}
