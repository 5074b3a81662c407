//! Quantities that fall while a network learns.
//!
//! With u = t/T, the part of the training that is over, v₀ the start and v₁ the end:
//!
//! ```text
//! constant      v₀
//! linear        v₀ + (v₁ − v₀)·u
//! exponential   v₀·(v₁/v₀)ᵘ
//! inverse       v₀ / (1 + (v₀/v₁ − 1)·u)
//! ```

use crate::checks::setting;
use serde::{Deserialize, Serialize};
use striate_tensor::Result;

/// How a [`Schedule`] goes from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decay {
    /// Stays at the start.
    Constant,
    /// In equal steps.
    Linear,
    /// In equal ratios.
    Exponential,
    /// The reciprocal in equal steps: fast at first.
    Inverse,
}

/// A quantity over the course of a training.
///
/// ```
/// use striate_classics::{Decay, Schedule};
/// let rate = Schedule::new(0.5, 0.1, Decay::Inverse);
/// assert_eq!((rate.at(0.0), rate.at(1.0)), (0.5, 0.1));
/// assert!(rate.at(0.5) < 0.3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The value before the first step.
    pub start: f64,
    /// The value after the last step.
    pub end: f64,
    /// The way between.
    pub decay: Decay,
}

impl Schedule {
    /// From `start` to `end`.
    pub fn new(start: f64, end: f64, decay: Decay) -> Self {
        Schedule { start, end, decay }
    }

    /// Always the same value.
    pub fn constant(value: f64) -> Self {
        Schedule { start: value, end: value, decay: Decay::Constant }
    }

    /// The value when the part `progress` of the training is over; beyond 1 it stays at the end.
    pub fn at(&self, progress: f64) -> f64 {
        let (v0, v1, u) = (self.start, self.end, progress.clamp(0.0, 1.0));
        match self.decay {
            Decay::Constant => v0,
            Decay::Linear => v0 + (v1 - v0) * u,
            Decay::Exponential => v0 * (v1 / v0).powf(u),
            Decay::Inverse => v0 / (1.0 + (v0 / v1 - 1.0) * u),
        }
    }

    /// # Errors
    /// `Fault::Model` when a value is negative, not finite, or zero where the decay divides by it.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        let least = match self.decay {
            Decay::Constant | Decay::Linear => 0.0,
            Decay::Exponential | Decay::Inverse => f64::MIN_POSITIVE,
        };
        let holds = [self.start, self.end].iter().all(|v| v.is_finite() && *v >= least);
        let expected = if least > 0.0 { "finite numbers above 0" } else { "finite numbers from 0" };
        setting(holds, name, format!("{} to {}", self.start, self.end), expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_where_it_says_and_never_rises() {
        for decay in [Decay::Constant, Decay::Linear, Decay::Exponential, Decay::Inverse] {
            let schedule = Schedule::new(3.0, 0.5, decay);
            let values: Vec<f64> = (0..=20).map(|i| schedule.at(f64::from(i) / 20.0)).collect();
            assert_eq!(values[0], 3.0);
            assert!(values.windows(2).all(|w| w[1] <= w[0]), "{decay:?}");
            let end = if decay == Decay::Constant { 3.0 } else { 0.5 };
            assert!((values[20] - end).abs() < 1e-12 && schedule.at(7.0) == schedule.at(1.0), "{decay:?}");
        }
        assert!(Schedule::new(1.0, 0.0, Decay::Exponential).check("rate").is_err());
        assert!(Schedule::new(1.0, 0.0, Decay::Linear).check("rate").is_ok());
        assert!(Schedule::constant(f64::NAN).check("rate").unwrap_err().to_string().contains("`rate`"));
    }
}
