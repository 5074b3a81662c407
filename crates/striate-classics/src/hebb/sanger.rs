//! Sanger's rule (the generalized Hebbian algorithm): yᵢ = wᵢ·x, Δwᵢ = η·yᵢ·(x − ∑_{j ≤ i} yⱼ·wⱼ). Each unit sees what the
//! units before it leave over, and learns its first principal component by Oja's rule.

use super::{BOUNDED, Settings, direction, each_step};
use crate::numbers::dot;
use crate::{Parts, Rows, Saved, checks};
use striate_tensor::{Result, Rng};

/// Units whose weights become the first principal components of their inputs, in order.
///
/// ```
/// use striate_classics::data::{self, Standardizer};
/// use striate_classics::hebb::{Sanger, Settings};
/// let mut iris = data::iris();
/// Standardizer::of(&iris).apply(&mut iris)?;
/// let mut units = Sanger::new(4, 2, 1)?;
/// units.train(iris.rows(), &Settings::default())?;
/// assert_eq!(units.outputs(iris.row(0))?.len(), 2); // four numbers as two
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sanger {
    width: usize,
    /// `units × width`.
    weights: Vec<f32>,
}

impl Sanger {
    /// `units` units of `width` inputs with random directions of length 1.
    ///
    /// # Errors
    /// `Fault::Model`: no input, no unit, or more units than inputs.
    pub fn new(width: usize, units: usize, seed: u64) -> Result<Self> {
        checks::at_least("units", units, 1)?;
        checks::at_least("width", width, units)?;
        checks::product(&[units, width])?;
        let rng = Rng::new(seed).stream("component");
        let weights = (0..units).flat_map(|unit| direction(width, rng.substream(unit as u64))).collect();
        Ok(Sanger { width, weights })
    }

    /// How many units.
    pub fn units(&self) -> usize {
        self.weights.len() / self.width
    }

    /// wᵢ.
    ///
    /// # Panics
    /// When there is no such unit.
    pub fn weights(&self, unit: usize) -> &[f32] {
        &self.weights[unit * self.width..(unit + 1) * self.width]
    }

    /// The outputs y of all units.
    ///
    /// # Errors
    /// `Fault::Data`: `x` is not a row of this width.
    pub fn outputs(&self, x: &[f32]) -> Result<Vec<f32>> {
        checks::row(x, self.width)?;
        Ok(self.weights.chunks_exact(self.width).map(|w| dot(w, x)).collect())
    }

    /// Learns from one row at the rate η.
    ///
    /// # Errors
    /// `Fault::Data`: `x` is not a row of this width. `Fault::Model`: a rate not above 0.
    pub fn learn_one(&mut self, x: &[f32], rate: f32) -> Result<()> {
        checks::row(x, self.width)?;
        checks::positive("rate", rate)?;
        self.step(x, rate, &mut vec![0.0; self.width]);
        Ok(())
    }

    /// Learns from all rows, epoch after epoch.
    ///
    /// # Errors
    /// `Fault::Data`: the rows have another width. `Fault::Model`: a setting is out of range. `Fault::Diverged`: the
    /// rate is too high.
    pub fn train(&mut self, rows: Rows<'_>, settings: &Settings) -> Result<()> {
        checks::width(rows, self.width)?;
        let mut rest = vec![0.0; self.width];
        each_step(rows, settings, |x, rate| self.step(x, rate, &mut rest))?;
        checks::bounded(&self.weights, settings.rate, BOUNDED)
    }

    /// `rest` is room for x − ∑_{j ≤ i} yⱼ·wⱼ.
    fn step(&mut self, x: &[f32], rate: f32, rest: &mut [f32]) {
        rest.copy_from_slice(x);
        for w in self.weights.chunks_exact_mut(self.width) {
            let y = dot(w, x);
            for (w, rest) in w.iter_mut().zip(rest.iter_mut()) {
                *rest -= y * *w;
                *w += rate * y * *rest;
            }
        }
    }
}

impl Saved for Sanger {
    const KIND: &'static str = "sanger";

    fn parts(&self) -> Parts {
        Parts::new()
            .reals("weights", [self.units(), self.width], self.weights.clone())
            .text("width", self.width)
            .text("units", self.units())
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let (width, units) = (parts.size("width")?, parts.size("units")?);
        Ok(Sanger { width, weights: parts.take("weights", &[units, width])? })
    }
}
