use super::Samples;
use crate::checks;
use striate_tensor::Result;

/// Each column to mean 0 and standard deviation 1: x ← (x − μ)/σ. A column of one value only becomes 0.
///
/// ```
/// use striate_classics::data::{self, Standardizer};
/// let mut wine = data::wine();
/// Standardizer::of(&wine).apply(&mut wine)?;
/// let mean = wine.rows().iter().map(|x| x[12]).sum::<f32>() / 178.0;
/// assert!(mean.abs() < 1e-5);
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Standardizer {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Standardizer {
    /// Mean and standard deviation (of the population) of each column.
    pub fn of(samples: &Samples) -> Self {
        let n = samples.len().max(1) as f64;
        let sum_of = |term: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
            let mut sums = vec![0.0; samples.width()];
            for i in 0..samples.len() {
                sums.iter_mut().zip(samples.row(i)).enumerate().for_each(|(k, (s, &x))| *s += term(k, f64::from(x)));
            }
            sums.iter().map(|sum| sum / n).collect()
        };
        let mean = sum_of(&|_, x| x);
        let variance = sum_of(&|k, x| (x - mean[k]) * (x - mean[k]));
        Standardizer { deviation: variance.iter().map(|v| v.sqrt()).collect(), mean }
    }

    /// Standardizes all samples in place.
    ///
    /// # Errors
    /// `Fault::Data`: the samples have another width.
    pub fn apply(&self, samples: &mut Samples) -> Result<()> {
        if !samples.is_empty() {
            checks::width(samples.rows(), self.mean.len())?;
        }
        let width = self.mean.len();
        for row in samples.values_mut().chunks_exact_mut(width) {
            for ((x, mean), deviation) in row.iter_mut().zip(&self.mean).zip(&self.deviation) {
                // Rounding leaves a constant column with a deviation that is tiny, not 0.
                let constant = *deviation <= 1e-12 * mean.abs();
                *x = if constant { 0.0 } else { ((f64::from(*x) - mean) / deviation) as f32 };
            }
        }
        Ok(())
    }
}
