//! Oja's unit: y = w·x, Δw = η·y·(x − y·w). The term −η·y²·w is Hebb's rule divided by the length that it would give w,
//! to first order in η.

use super::{BOUNDED, Settings, direction, each_step};
use crate::numbers::dot;
use crate::{Parts, Rows, Saved, checks};
use striate_tensor::{Result, Rng};

/// A unit whose weights become the first principal component of its inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Oja {
    weights: Vec<f32>,
}

impl Oja {
    /// A unit of `width` inputs with a random direction of length 1.
    ///
    /// # Errors
    /// `Fault::Model`: no input.
    pub fn new(width: usize, seed: u64) -> Result<Self> {
        checks::at_least("width", width, 1)?;
        checks::product(&[width])?;
        Ok(Oja { weights: direction(width, Rng::new(seed).stream("component").substream(0)) })
    }

    /// w.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// y = w·x.
    ///
    /// # Errors
    /// `Fault::Data`: `x` is not a row of this width.
    pub fn output(&self, x: &[f32]) -> Result<f32> {
        checks::row(x, self.weights.len())?;
        Ok(dot(&self.weights, x))
    }

    /// Learns from one row at the rate η.
    ///
    /// # Errors
    /// `Fault::Data`: `x` is not a row of this width. `Fault::Model`: a rate not above 0.
    pub fn learn_one(&mut self, x: &[f32], rate: f32) -> Result<()> {
        checks::row(x, self.weights.len())?;
        checks::positive("rate", rate)?;
        self.step(x, rate);
        Ok(())
    }

    /// Learns from all rows, epoch after epoch.
    ///
    /// # Errors
    /// `Fault::Data`: the rows have another width. `Fault::Model`: a setting is out of range. `Fault::Diverged`: the
    /// rate is too high.
    pub fn train(&mut self, rows: Rows<'_>, settings: &Settings) -> Result<()> {
        checks::width(rows, self.weights.len())?;
        each_step(rows, settings, |x, rate| self.step(x, rate))?;
        checks::bounded(&self.weights, settings.rate, BOUNDED)
    }

    fn step(&mut self, x: &[f32], rate: f32) {
        let y = dot(&self.weights, x);
        for (w, x) in self.weights.iter_mut().zip(x) {
            *w += rate * y * (x - y * *w);
        }
    }
}

impl Saved for Oja {
    const KIND: &'static str = "oja";

    fn parts(&self) -> Parts {
        Parts::new().reals("weights", [self.weights.len()], self.weights.clone()).text("width", self.weights.len())
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let width = parts.size("width")?;
        Ok(Oja { weights: parts.take("weights", &[width])? })
    }
}
