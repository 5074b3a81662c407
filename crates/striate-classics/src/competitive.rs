//! Competitive learning: the unit nearest to a row wins and moves towards it; a conscience keeps any unit from
//! winning all the time.
//!
#![cfg_attr(doc, doc = picture!("competitive"))]
//!
//! What twenty units became that competed for handwritten digits; drawn by `striate play competitive`.
//!
//! ```text
//! winner   k = argmin |x − wᵢ|² − C·(1/N − pᵢ)
//! moves    wₖ ← wₖ + η·(x − wₖ)
//! shares   pᵢ ← pᵢ + B·([i = k] − pᵢ)
//! ```
//!
//! pᵢ estimates how often unit i wins of late. A unit that wins more often than the N-th part of the time is handicapped,
//! one that never does comes forward: with C = 0 (plain winner-take-all) units that start far from all rows never learn.
//! (DeSieno counts the unit that is nearest, not the one that wins; counting wins closes the loop, so that all shares
//! end near 1/N.) Answers use the distance alone. Each unit also counts the labels of the rows that it won, which makes
//! a classifier of it ([`LearnOne`]): a row gets the most frequent label of its nearest unit.
//!
//! Sources: D. E. Rumelhart, D. Zipser, "Feature discovery by competitive learning", Cognitive Science 9 (1985). D.
//! DeSieno, "Adding a conscience to competitive learning", IEEE ICNN (1988).
//!
//! What to watch: C is in the units of |x|². A unit that never wins comes forward once C·pₖ, k the unit that wins in its
//! place, exceeds the difference of their squared distances. One win moves a handicap by about C·B, which must be small
//! against the squared distances between clusters, or units win rows that are not theirs. Equal shares are a wish: rows
//! of a large cluster are given to units of a small one where C is large. Standardize, for the distance adds all
//! columns up.
//!
//! ```
//! use striate_classics::{Rows, competitive::{Competitive, Settings}};
//! let rows = [0.0, 0.1, 0.2, 5.0, 5.1, 5.2];
//! let rows = Rows::new(&rows, 1)?;
//! let mut units = Competitive::new(1, 2, 1, &Settings::default())?;
//! let last = units.train(rows, 60, 1)?;
//! let (a, b) = (units.nearest(&[0.1])?, units.nearest(&[5.1])?);
//! assert!(a != b && last < 0.02);
//! assert!((units.weights(a)[0] - 0.1).abs() < 0.1);
//! # Ok::<(), striate_tensor::Error>(())
//! ```

use crate::numbers::{argmax, squared_distance};
use crate::online::LearnOne;
use crate::{Parts, Rows, Saved, checks};
use striate_tensor::{Error, Result, Rng};

/// How units learn.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// η.
    pub rate: f32,
    /// C, in the units of |x|²; 0 is plain winner-take-all.
    pub conscience: f32,
    /// B: how fast the shares follow.
    pub memory: f32,
    /// Draws the starting weights.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { rate: 0.05, conscience: 10.0, memory: 0.001, seed: 0 }
    }
}

/// Units that compete for rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Competitive {
    width: usize,
    classes: usize,
    /// `units × width`.
    weights: Vec<f32>,
    /// pᵢ.
    shares: Vec<f32>,
    /// `units × classes`: how many rows of each label a unit won.
    votes: Vec<f32>,
    rate: f32,
    conscience: f32,
    memory: f32,
}

impl Competitive {
    /// `units` units of `width` inputs, with small normal weights, for rows of `classes` classes (1 if there are none).
    ///
    /// # Errors
    /// `Fault::Model`: a size of 0, or a setting out of range.
    pub fn new(width: usize, units: usize, classes: usize, settings: &Settings) -> Result<Self> {
        checks::at_least("width", width, 1)?;
        checks::at_least("units", units, 1)?;
        checks::at_least("classes", classes, 1)?;
        checks::product(&[units, width])?;
        checks::product(&[units, classes])?;
        let rng = Rng::new(settings.seed).stream("competitive");
        let weights = (0..(units * width) as u64).map(|i| 0.1 * rng.normal(i)).collect();
        let &Settings { rate, conscience, memory, .. } = settings;
        let (shares, votes) = (vec![1.0 / units as f32; units], vec![0.0; units * classes]);
        Competitive { width, classes, weights, shares, votes, rate, conscience, memory }.checked()
    }

    /// The same with the given rows as starting weights, one for each unit.
    ///
    /// # Errors
    /// `Fault::Data`: the rows have another width, or there are not as many as units.
    pub fn starting_at(mut self, rows: Rows<'_>) -> Result<Self> {
        checks::width(rows, self.width)?;
        if rows.len() != self.units() {
            return Err(Error::data("the numbers of starting rows and units differ")
                .found(format!("{} rows", rows.len()))
                .expected(format!("{}, one for each unit", self.units())));
        }
        self.weights.copy_from_slice(rows.values());
        Ok(self)
    }

    fn checked(self) -> Result<Self> {
        checks::within("rate", self.rate, f32::MIN_POSITIVE, 1.0)?;
        checks::within("conscience", self.conscience, 0.0, f32::MAX)?;
        checks::within("memory", self.memory, f32::MIN_POSITIVE, 1.0)?;
        Ok(self)
    }

    /// How many units.
    pub fn units(&self) -> usize {
        self.shares.len()
    }

    /// The weights of a unit.
    ///
    /// # Panics
    /// When there is no such unit.
    pub fn weights(&self, unit: usize) -> &[f32] {
        &self.weights[unit * self.width..(unit + 1) * self.width]
    }

    /// pᵢ of each unit: how often it won of late.
    pub fn shares(&self) -> &[f32] {
        &self.shares
    }

    /// The unit nearest to a row.
    ///
    /// # Errors
    /// `Fault::Data`: `x` is not a row of this width.
    pub fn nearest(&self, x: &[f32]) -> Result<usize> {
        checks::row(x, self.width)?;
        Ok(self.nearest_of(x))
    }

    /// Lets the units compete for a row; gives back the winner.
    ///
    /// # Errors
    /// `Fault::Data`: `x` is not a row of this width.
    pub fn compete(&mut self, x: &[f32]) -> Result<usize> {
        checks::row(x, self.width)?;
        Ok(self.step(x))
    }

    /// Lets the units compete for all rows, `epochs` times in a new order; gives back the mean of |x − w|² from each row
    /// to its nearest unit afterwards.
    ///
    /// # Errors
    /// `Fault::Data`: the rows have another width.
    pub fn train(&mut self, rows: Rows<'_>, epochs: usize, seed: u64) -> Result<f64> {
        checks::width(rows, self.width)?;
        let rng = Rng::new(seed).stream("competitive");
        let mut order: Vec<usize> = (0..rows.len()).collect();
        for epoch in 0..epochs {
            rng.substream(epoch as u64).shuffle(&mut order);
            for &i in &order {
                self.step(rows.row(i));
            }
        }
        let error = |x| f64::from(squared_distance(x, self.weights(self.nearest_of(x))));
        Ok(rows.iter().map(error).sum::<f64>() / rows.len() as f64)
    }

    fn nearest_of(&self, x: &[f32]) -> usize {
        argmax(self.weights.chunks_exact(self.width).map(|w| -squared_distance(x, w)))
    }

    fn step(&mut self, x: &[f32]) -> usize {
        let even = 1.0 / self.shares.len() as f32;
        let distances = self.weights.chunks_exact(self.width).map(|w| squared_distance(x, w));
        let winner = argmax(distances.zip(&self.shares).map(|(d, p)| self.conscience * (even - p) - d));
        for (i, p) in self.shares.iter_mut().enumerate() {
            *p += self.memory * (f32::from(i == winner) - *p);
        }
        for (w, x) in self.weights[winner * self.width..(winner + 1) * self.width].iter_mut().zip(x) {
            *w += self.rate * (x - *w);
        }
        winner
    }
}

impl LearnOne for Competitive {
    /// The most frequent label of the nearest unit, the first of equals.
    fn predict_one(&self, x: &[f32]) -> Result<usize> {
        let unit = self.nearest(x)?;
        Ok(argmax(self.votes[unit * self.classes..(unit + 1) * self.classes].iter().copied()))
    }

    /// The label is counted; it has no influence on the weights.
    fn learn_one(&mut self, x: &[f32], y: usize) -> Result<()> {
        checks::label(y, self.classes)?;
        let unit = self.compete(x)?;
        self.votes[unit * self.classes + y] += 1.0;
        Ok(())
    }
}

impl Saved for Competitive {
    const KIND: &'static str = "competitive";

    fn parts(&self) -> Parts {
        let units = self.units();
        Parts::new()
            .reals("weights", [units, self.width], self.weights.clone())
            .reals("shares", [units], self.shares.clone())
            .reals("votes", [units, self.classes], self.votes.clone())
            .text("width", self.width)
            .text("units", units)
            .text("classes", self.classes)
            .text("rate", self.rate)
            .text("conscience", self.conscience)
            .text("memory", self.memory)
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let (width, units, classes) = (parts.size("width")?, parts.size("units")?, parts.size("classes")?);
        Competitive {
            width,
            classes,
            weights: parts.take("weights", &[units, width])?,
            shares: parts.take("shares", &[units])?,
            votes: parts.take("votes", &[units, classes])?,
            rate: parts.parse("rate")?,
            conscience: parts.parse("conscience")?,
            memory: parts.parse("memory")?,
        }
        .checked()
    }
}
