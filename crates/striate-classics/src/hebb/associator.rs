//! The linear associator: W ← W + η·y·xᵀ stores the pair (x, y), W·x recalls it.
//!
//! For stored pairs with orthogonal xᵤ, W·xᵤ = η·|xᵤ|²·yᵤ exactly; otherwise the other pairs add crosstalk
//! η·∑ (xᵥ·xᵤ)·yᵥ. Sources: D. O. Hebb (1949); J. A. Anderson, "A simple neural network generating an interactive
//! memory" (1972); T. Kohonen, "Correlation matrix memories" (1972).

use crate::numbers::{add_scaled, dot};
use crate::{Parts, Saved, checks};
use striate_tensor::Result;

/// A layer of linear units that learns by Hebb's rule.
///
/// ```
/// use striate_classics::hebb::Associator;
/// let mut memory = Associator::new(4, 2, 0.25)?;
/// memory.learn_one(&[1.0, 1.0, 1.0, 1.0], &[1.0, -1.0])?;
/// memory.learn_one(&[1.0, -1.0, 1.0, -1.0], &[-1.0, -1.0])?;
/// assert_eq!(memory.recall(&[1.0, 1.0, 1.0, 1.0])?, [1.0, -1.0]);
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Associator {
    width: usize,
    outputs: usize,
    rate: f32,
    /// `outputs × width`.
    weights: Vec<f32>,
}

impl Associator {
    /// A memory without contents, from rows of `width` numbers to rows of `outputs`.
    ///
    /// # Errors
    /// `Fault::Model`: no input, no output, or a rate that is not above 0.
    pub fn new(width: usize, outputs: usize, rate: f32) -> Result<Self> {
        checks::at_least("width", width, 1)?;
        checks::at_least("outputs", outputs, 1)?;
        checks::positive("rate", rate)?;
        checks::product(&[outputs, width])?;
        Ok(Associator { width, outputs, rate, weights: vec![0.0; width * outputs] })
    }

    /// Stores a pair.
    ///
    /// # Errors
    /// `Fault::Data`: `x` or `y` has the wrong length.
    pub fn learn_one(&mut self, x: &[f32], y: &[f32]) -> Result<()> {
        checks::row(x, self.width)?;
        checks::targets(y, self.outputs)?;
        let rows = self.weights.chunks_exact_mut(self.width);
        rows.zip(y).for_each(|(w, y)| add_scaled(w, self.rate * y, x));
        Ok(())
    }

    /// W·x.
    ///
    /// # Errors
    /// `Fault::Data`: `x` has the wrong length.
    pub fn recall(&self, x: &[f32]) -> Result<Vec<f32>> {
        checks::row(x, self.width)?;
        Ok(self.weights.chunks_exact(self.width).map(|w| dot(w, x)).collect())
    }

    /// W, `outputs × width`, row after row.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }
}

impl Saved for Associator {
    const KIND: &'static str = "hebb_associator";

    fn parts(&self) -> Parts {
        Parts::new()
            .reals("weights", [self.outputs, self.width], self.weights.clone())
            .text("width", self.width)
            .text("outputs", self.outputs)
            .text("rate", self.rate)
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let (width, outputs, rate) = (parts.size("width")?, parts.size("outputs")?, parts.parse("rate")?);
        checks::positive("rate", rate)?;
        Ok(Associator { width, outputs, rate, weights: parts.take("weights", &[outputs, width])? })
    }
}
