//! The error of numbers that are told.
//!
//! ```text
//! MSE = mean (y − t)²    RMSE = √MSE, in the unit of t    R² = 1 − MSE / mean (t − mean t)²
//! ```

use super::Scale;

/// How far off a model's numbers are, in their own units.
///
/// ```
/// use striate::tables::{Regression, Scale};
/// // Learned as (t − 10)/2: targets 8 and 12, told as 8 and 13.
/// let scale = Scale { center: 10.0, spread: 2.0 };
/// let found = Regression::of(0.125, &[-1.0, 1.0], scale);
/// assert!((found.rmse - 0.5f64.sqrt()).abs() < 1e-12 && (found.r2 - 0.875).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regression {
    /// The root of the mean square of the errors, in the unit of the target.
    pub rmse: f64,
    /// The part of the target's variance that is explained: 1 is perfect, 0 as good as always telling the mean. NaN where
    /// the target has one value only.
    pub r2: f64,
}

impl Regression {
    /// From the mean square of the errors and the targets, both as they were learned.
    pub fn of(mean_square: f64, targets: &[f32], scale: Scale) -> Self {
        let count = targets.len().max(1) as f64;
        let mean = targets.iter().map(|&t| f64::from(t)).sum::<f64>() / count;
        let variance = targets.iter().map(|&t| (f64::from(t) - mean).powi(2)).sum::<f64>() / count;
        let r2 = if variance > 0.0 { 1.0 - mean_square / variance } else { f64::NAN };
        Regression { rmse: mean_square.sqrt() * scale.spread, r2 }
    }
}
