//! Adaline, adaptive linear neurons: the delta rule (least mean squares).
//!
#![cfg_attr(doc, doc = picture!("adaline"))]
//!
//! The error of three units on the petals of irises; drawn by `striate play adaline`.
//!
//! ```text
//! y = w·x + b,   e = t − y,   E = ½·mean e²
//! per sample:   w ← w + η·e·x,         b ← b + η·e
//! per epoch:    w ← w + η·mean(e·x),   b ← b + η·mean(e)
//! ```
//!
//! A step is that of steepest descent on E; unlike the perceptron, an adaline corrects its *linear* output, also when
//! the sign is right already. Per epoch it converges to the least-squares solution if η < 2/λ, λ the greatest
//! eigenvalue of mean((x,1)·(x,1)ᵀ); per sample it stays in a cloud around it whose size is proportional to η. Two
//! classes have one unit with targets ±1; more have a unit each, and the greatest output wins.
//!
//! Source: B. Widrow, M. E. Hoff, "Adaptive switching circuits", IRE WESCON Convention Record 4 (1960).
//!
//! What to watch: the rate. A sample with |x|² > 2/η throws the weights out; training that diverges ends in an error.
//! Standardize the columns.
//!
//! ```
//! use striate_classics::Rows;
//! use striate_classics::adaline::{Adaline, Mode, Settings};
//! let rows = [-1., -1., -1., 1., 1., -1., 1., 1.];
//! let rows = Rows::new(&rows, 2)?;
//! let settings = Settings { mode: Mode::PerEpoch, rate: 0.5, epochs: 60, ..Settings::default() };
//! let (and, training) = Adaline::train(rows, &[0, 0, 0, 1], 2, &settings)?;
//! assert!((and.outputs(&[1.0, 1.0])?[0] - 0.5).abs() < 1e-4); // the least-squares plane is (x₁ + x₂ − 1)/2
//! assert!((training.losses.last().unwrap() - 0.125).abs() < 1e-6);
//! # Ok::<(), striate_tensor::Error>(())
//! ```

use crate::numbers::{add_scaled, argmax, dot, share};
use crate::online::LearnOne;
use crate::perceptron::target;
use crate::{Parts, Rows, Saved, checks};
use striate_tensor::{Error, Fault, Result, Rng};

/// When the weights change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// After every row, in a new order each epoch.
    #[default]
    PerSample,
    /// Once an epoch, by the mean over all rows.
    PerEpoch,
}

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// η.
    pub rate: f32,
    /// Passes over the rows.
    pub epochs: usize,
    /// When the weights change.
    pub mode: Mode,
    /// Draws the order of the rows, per sample.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { rate: 0.01, epochs: 50, mode: Mode::PerSample, seed: 0 }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// E over all rows after each epoch, summed over the units.
    pub losses: Vec<f64>,
}

/// A layer of adaptive linear neurons.
#[derive(Clone, Debug, PartialEq)]
pub struct Adaline {
    width: usize,
    /// `units × width`.
    weights: Vec<f32>,
    bias: Vec<f32>,
    rate: f32,
}

impl Adaline {
    /// `units` neurons of `width` inputs that have learned nothing: all weights 0.
    ///
    /// # Errors
    /// `Fault::Model`: no input, no unit, or a rate that is not above 0.
    pub fn new(width: usize, units: usize, rate: f32) -> Result<Self> {
        checks::at_least("width", width, 1)?;
        checks::at_least("units", units, 1)?;
        checks::positive("rate", rate)?;
        checks::product(&[units, width])?;
        Ok(Adaline { width, weights: vec![0.0; units * width], bias: vec![0.0; units], rate })
    }

    /// Neurons to tell `classes` classes: one for two, one each otherwise.
    ///
    /// # Errors
    /// As [`Adaline::new`]; fewer than two classes.
    pub fn for_classes(width: usize, classes: usize, rate: f32) -> Result<Self> {
        checks::at_least("classes", classes, 2)?;
        Self::new(width, if classes == 2 { 1 } else { classes }, rate)
    }

    /// Trains neurons to tell classes, with targets ±1.
    ///
    /// # Errors
    /// `Fault::Model`: a setting is out of range. `Fault::Data`: the labels do not fit the rows. `Fault::Diverged`:
    /// the rate is too high.
    pub fn train(rows: Rows<'_>, labels: &[usize], classes: usize, settings: &Settings) -> Result<(Self, Training)> {
        checks::labels(labels, rows.len(), classes)?;
        let network = Self::for_classes(rows.width(), classes, settings.rate)?;
        let units = network.bias.len();
        let targets =
            labels.iter().flat_map(|&y| (0..units).map(move |unit| target(y, unit, classes))).collect::<Vec<_>>();
        network.train_to(rows, &targets, settings)
    }

    /// Trains neurons to give the `targets`, a row of them for each row of inputs; as many neurons as targets in a row.
    ///
    /// # Errors
    /// As [`Adaline::train`].
    pub fn train_targets(rows: Rows<'_>, targets: Rows<'_>, settings: &Settings) -> Result<(Self, Training)> {
        if targets.len() != rows.len() {
            return Err(Error::data("the numbers of targets and rows differ")
                .found(format!("{} rows of targets", targets.len()))
                .expected(format!("{}, one for each row of inputs", rows.len())));
        }
        Self::new(rows.width(), targets.width(), settings.rate)?.train_to(rows, targets.values(), settings)
    }

    fn train_to(mut self, rows: Rows<'_>, targets: &[f32], settings: &Settings) -> Result<(Self, Training)> {
        checks::at_least("epochs", settings.epochs, 1)?;
        let rng = Rng::new(settings.seed).stream("adaline");
        let units = self.bias.len();
        let of = |i: usize| &targets[i * units..(i + 1) * units];
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let mut losses = Vec::with_capacity(settings.epochs);
        for epoch in 0..settings.epochs {
            match settings.mode {
                Mode::PerSample => {
                    rng.substream(epoch as u64).shuffle(&mut order);
                    order.iter().for_each(|&i| self.delta(rows.row(i), of(i)));
                }
                Mode::PerEpoch => self.mean_delta(rows, targets),
            }
            let loss = self.loss(rows, targets);
            let bounded = loss <= f64::from(f32::MAX); // not when it is no number either
            if !bounded {
                return Err(Error::new(
                    Fault::Diverged,
                    "the adaline diverged: its error has grown beyond all numbers",
                )
                .found(format!("a rate of {} in epoch {}", self.rate, epoch + 1))
                .expected("a rate below 2 over the greatest eigenvalue of the inputs' correlation")
                .hint("lower `rate`, or standardize the columns"));
            }
            losses.push(loss);
        }
        Ok((self, Training { losses }))
    }

    /// The delta rule for one row.
    fn delta(&mut self, x: &[f32], targets: &[f32]) {
        for ((w, b), t) in self.weights.chunks_exact_mut(self.width).zip(&mut self.bias).zip(targets) {
            let step = self.rate * (t - dot(w, x) - *b);
            add_scaled(w, step, x);
            *b += step;
        }
    }

    /// The delta rule for the mean over all rows, summed in f64.
    fn mean_delta(&mut self, rows: Rows<'_>, targets: &[f32]) {
        let (units, n) = (self.bias.len(), rows.len() as f64);
        for (unit, (w, b)) in self.weights.chunks_exact_mut(self.width).zip(&mut self.bias).enumerate() {
            let mut sums = vec![0.0f64; w.len() + 1];
            for (i, x) in rows.iter().enumerate() {
                let e = f64::from(targets[i * units + unit] - dot(w, x) - *b);
                sums.iter_mut().zip(x.iter().chain([&1.0])).for_each(|(s, &x)| *s += e * f64::from(x));
            }
            let step = |sum: f64| (f64::from(self.rate) * sum / n) as f32;
            w.iter_mut().zip(&sums).for_each(|(w, &s)| *w += step(s));
            *b += step(sums[w.len()]);
        }
    }

    /// E = ½·mean e², summed over the units.
    fn loss(&self, rows: Rows<'_>, targets: &[f32]) -> f64 {
        let mut sum = 0.0;
        for (x, t) in rows.iter().zip(targets.chunks_exact(self.bias.len())) {
            sum += (0..t.len()).map(|unit| f64::from(t[unit] - self.output(unit, x)).powi(2)).sum::<f64>();
        }
        0.5 * sum / rows.len() as f64
    }

    /// y = w·x + b of each unit.
    ///
    /// # Errors
    /// `Fault::Data`: `x` is not a row of this width.
    pub fn outputs(&self, x: &[f32]) -> Result<Vec<f32>> {
        checks::row(x, self.width)?;
        Ok((0..self.bias.len()).map(|unit| self.output(unit, x)).collect())
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
        checks::labels(labels, rows.len(), self.classes())?;
        let right = rows.iter().zip(labels).filter(|&(x, &y)| self.class_of(x) == y).count();
        Ok(share(right, labels.len()))
    }

    /// Learns from a row and the targets of all units.
    ///
    /// # Errors
    /// `Fault::Data`: `x` or `targets` has the wrong length.
    pub fn learn_targets(&mut self, x: &[f32], targets: &[f32]) -> Result<()> {
        checks::row(x, self.width)?;
        checks::targets(targets, self.bias.len())?;
        self.delta(x, targets);
        Ok(())
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

    fn classes(&self) -> usize {
        self.bias.len().max(2)
    }

    fn output(&self, unit: usize, x: &[f32]) -> f32 {
        dot(self.weights(unit), x) + self.bias[unit]
    }

    fn class_of(&self, x: &[f32]) -> usize {
        match self.bias.len() {
            1 => usize::from(self.output(0, x) > 0.0),
            units => argmax((0..units).map(|unit| self.output(unit, x))),
        }
    }
}

impl LearnOne for Adaline {
    fn predict_one(&self, x: &[f32]) -> Result<usize> {
        self.predict(x)
    }

    fn learn_one(&mut self, x: &[f32], y: usize) -> Result<()> {
        let classes = self.classes();
        checks::label(y, classes)?;
        let targets: Vec<f32> = (0..self.bias.len()).map(|unit| target(y, unit, classes)).collect();
        self.learn_targets(x, &targets)
    }
}

impl Saved for Adaline {
    const KIND: &'static str = "adaline";

    fn parts(&self) -> Parts {
        Parts::new()
            .reals("weights", [self.bias.len(), self.width], self.weights.clone())
            .reals("bias", [self.bias.len()], self.bias.clone())
            .text("width", self.width)
            .text("units", self.bias.len())
            .text("rate", self.rate)
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let (width, units, rate) = (parts.size("width")?, parts.size("units")?, parts.parse("rate")?);
        checks::positive("rate", rate)?;
        let weights = parts.take("weights", &[units, width])?;
        Ok(Adaline { width, weights, bias: parts.take("bias", &[units])?, rate })
    }
}
