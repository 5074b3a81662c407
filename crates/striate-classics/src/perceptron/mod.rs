//! Rosenblatt's perceptron: units that are corrected whenever they err, until they no longer do.
//!
#![cfg_attr(doc, doc = picture!("perceptron"))]
//!
//! Lines between irises by their petals, and the answer of the unit with the greatest sum; drawn by `striate play perceptron`.
//!
//! A unit answers with the sign of s = w·x + b. For a row x of target t = ±1
//!
//! ```text
//! t·s ≤ m   ⇒   w ← w + η·t·x,   b ← b + η·t        (margin m, rate η)
//! ```
//!
//! and nothing changes otherwise. Two classes need one unit (class 1 is +1); k > 2 classes have a unit each, trained
//! against the rest, and the greatest s wins. If w*·x + b* separates the classes, |w*, b*| = 1, with every row at
//! least γ away, and |x, 1| ≤ R, then at most (R/γ)² corrections are made with m = 0 (Novikoff). If nothing separates
//! them, the corrections never end: [`separability`] decides which it is, with a proof in hand.
//!
//! Sources: F. Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the
//! brain", Psychological Review 65 (1958). A. Novikoff, "On convergence proofs on perceptrons" (1962). S. Gallant,
//! "Perceptron-based learning algorithms" (1990), for [`Keep::Pocket`]. Y. Freund, R. Schapire, "Large margin
//! classification using the perceptron algorithm" (1999), for [`Keep::Average`].
//!
//! What to watch: columns of large scale drown the others: standardize. Weights start at 0, so that without a margin
//! the rate only scales them. On data that cannot be separated the last weights are accidental; [`Keep`] says which
//! are kept.
//!
//! ```
//! use striate_classics::Rows;
//! use striate_classics::perceptron::{Perceptron, Settings, Verdict};
//! let rows = [0., 0., 0., 1., 1., 0., 1., 1.];
//! let rows = Rows::new(&rows, 2)?;
//! let (or, training) = Perceptron::train(rows, &[0, 1, 1, 1], 2, &Settings::default())?;
//! assert_eq!(training.units[0].verdict, Verdict::Converged);
//! assert_eq!(or.predict(&[0.0, 1.0])?, 1);
//! let (_, training) = Perceptron::train(rows, &[0, 1, 1, 0], 2, &Settings::default())?;
//! assert_eq!(training.units[0].verdict, Verdict::NotSeparable); // exclusive or
//! # Ok::<(), striate_tensor::Error>(())
//! ```

mod min_norm;
mod separability;
mod train;

pub use separability::{Separability, separability};
pub use train::{Keep, Settings, Training, Unit, Verdict};

use crate::numbers::{add_scaled, argmax, dot, share};
use crate::online::LearnOne;
use crate::{Parts, Rows, Saved, checks};
use striate_tensor::Result;

/// A layer of perceptron units: one for two classes, one for each class otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Perceptron {
    width: usize,
    classes: usize,
    /// `units × width`.
    weights: Vec<f32>,
    bias: Vec<f32>,
    rate: f32,
    margin: f32,
}

impl Perceptron {
    /// A perceptron that has learned nothing: all weights 0, rate 1, margin 0.
    ///
    /// # Errors
    /// `Fault::Model`: no input, or fewer than two classes.
    pub fn new(width: usize, classes: usize) -> Result<Self> {
        checks::at_least("width", width, 1)?;
        checks::at_least("classes", classes, 2)?;
        let units = units(classes);
        checks::product(&[units, width])?;
        Ok(Perceptron {
            width,
            classes,
            weights: vec![0.0; units * width],
            bias: vec![0.0; units],
            rate: 1.0,
            margin: 0.0,
        })
    }

    /// The same with the rate η.
    ///
    /// # Errors
    /// `Fault::Model`: not above 0.
    pub fn rate(mut self, rate: f32) -> Result<Self> {
        checks::positive("rate", rate)?;
        self.rate = rate;
        Ok(self)
    }

    /// The same with the margin m.
    ///
    /// # Errors
    /// `Fault::Model`: below 0.
    pub fn margin(mut self, margin: f32) -> Result<Self> {
        checks::within("margin", margin, 0.0, f32::MAX)?;
        self.margin = margin;
        Ok(self)
    }

    /// Inputs.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The weights of a unit.
    ///
    /// # Panics
    /// When there is no such unit.
    pub fn weights(&self, unit: usize) -> &[f32] {
        &self.weights[unit * self.width..(unit + 1) * self.width]
    }

    /// The biases of all units.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// s = w·x + b of each unit.
    ///
    /// # Errors
    /// `Fault::Data`: `x` is not a row of this width.
    pub fn scores(&self, x: &[f32]) -> Result<Vec<f32>> {
        checks::row(x, self.width)?;
        Ok((0..self.bias.len()).map(|unit| self.score(unit, x)).collect())
    }

    /// The class of a row.
    ///
    /// # Errors
    /// `Fault::Data`: `x` is not a row of this width.
    pub fn predict(&self, x: &[f32]) -> Result<usize> {
        checks::row(x, self.width)?;
        Ok(self.class_of(x))
    }

    /// The share of rows whose class is found.
    ///
    /// # Errors
    /// `Fault::Data`: the rows have another width, or the labels do not fit them.
    pub fn accuracy(&self, rows: Rows<'_>, labels: &[usize]) -> Result<f64> {
        checks::width(rows, self.width)?;
        checks::labels(labels, rows.len(), self.classes)?;
        let right = rows.iter().zip(labels).filter(|&(x, &y)| self.class_of(x) == y).count();
        Ok(share(right, labels.len()))
    }

    fn score(&self, unit: usize, x: &[f32]) -> f32 {
        dot(self.weights(unit), x) + self.bias[unit]
    }

    fn class_of(&self, x: &[f32]) -> usize {
        match self.classes {
            2 => usize::from(self.score(0, x) > 0.0),
            _ => argmax((0..self.classes).map(|unit| self.score(unit, x))),
        }
    }

    /// The rule, for one unit and one row of target ±1; gives back whether it was corrected.
    fn correct(&mut self, unit: usize, x: &[f32], target: f32) -> bool {
        // `!(… > m)` and not `… ≤ m`: a sum that overflowed to no number must count as an error.
        let right = target * self.score(unit, x) > self.margin;
        if !right {
            let step = self.rate * target;
            add_scaled(&mut self.weights[unit * self.width..(unit + 1) * self.width], step, x);
            self.bias[unit] += step;
        }
        !right
    }
}

impl LearnOne for Perceptron {
    fn predict_one(&self, x: &[f32]) -> Result<usize> {
        self.predict(x)
    }

    fn learn_one(&mut self, x: &[f32], y: usize) -> Result<()> {
        checks::row(x, self.width)?;
        checks::label(y, self.classes)?;
        for unit in 0..self.bias.len() {
            self.correct(unit, x, target(y, unit, self.classes));
        }
        Ok(())
    }
}

impl Saved for Perceptron {
    const KIND: &'static str = "perceptron";

    fn parts(&self) -> Parts {
        Parts::new()
            .reals("weights", [self.bias.len(), self.width], self.weights.clone())
            .reals("bias", [self.bias.len()], self.bias.clone())
            .text("width", self.width)
            .text("classes", self.classes)
            .text("rate", self.rate)
            .text("margin", self.margin)
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let (width, classes) = (parts.size("width")?, parts.size("classes")?);
        let units = units(classes);
        let weights = parts.take("weights", &[units, width])?;
        let bias = parts.take("bias", &[units])?;
        let blank = Perceptron { width, classes, weights, bias, rate: 1.0, margin: 0.0 };
        checks::at_least("classes", classes, 2)?;
        blank.rate(parts.parse("rate")?)?.margin(parts.parse("margin")?)
    }
}

fn units(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

/// +1 for the rows that a unit stands for, −1 for the rest.
pub(crate) fn target(label: usize, unit: usize, classes: usize) -> f32 {
    let own = if classes == 2 { 1 } else { unit };
    if label == own { 1.0 } else { -1.0 }
}
