//! Learning while in use: each sample is answered first and learned from afterwards.
//!
//! *Prequential* accuracy is the share of right answers given before each sample was learned: test, then train. No
//! sample is set aside, and none is judged by a network that has seen it.
//!
//! Sources: A. P. Dawid, "Statistical theory: the prequential approach" (1984). J. Gama, R. Sebastião, P. Rodrigues,
//! "On evaluating stream learning algorithms", Machine Learning 90 (2013).
//!
//! What to watch: the order of the samples matters; shuffle sorted data. Early mistakes weigh on the whole accuracy
//! for long: [`Prequential::accuracy_of_last`] tells how good the network has become.
//!
//! ```
//! use striate_classics::{data, online::prequential, perceptron::Perceptron};
//! let (stream, _) = data::digits().split(0.0, 1); // shuffled
//! let answers = prequential(&mut Perceptron::new(64, 10)?, stream.rows(), stream.labels())?;
//! assert!(answers.accuracy_of_last(500) > answers.accuracy() && answers.accuracy() > 0.8);
//! # Ok::<(), striate_tensor::Error>(())
//! ```

use crate::numbers::share;
use crate::{Rows, checks};
use striate_tensor::Result;

/// A classifier that learns from one sample at a time.
pub trait LearnOne {
    /// The class of a row.
    ///
    /// # Errors
    /// `Fault::Data`: `x` is not a row of the network's width.
    fn predict_one(&self, x: &[f32]) -> Result<usize>;

    /// Learns from a row and its class.
    ///
    /// # Errors
    /// `Fault::Data`: `x` is not a row of the network's width, or `y` is no class of it.
    fn learn_one(&mut self, x: &[f32], y: usize) -> Result<()>;
}

/// Answers each row, then learns from it, in the order given.
///
/// # Errors
/// `Fault::Data`: the labels do not fit the rows, or the network refuses a row.
pub fn prequential(network: &mut impl LearnOne, rows: Rows<'_>, labels: &[usize]) -> Result<Prequential> {
    checks::labels(labels, rows.len(), usize::MAX)?;
    let mut right = Vec::with_capacity(rows.len());
    for (x, &y) in rows.iter().zip(labels) {
        right.push(network.predict_one(x)? == y);
        network.learn_one(x, y)?;
    }
    Ok(Prequential { right })
}

/// Which answers were right, in the order of the samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prequential {
    /// Whether the answer to each sample was right.
    pub right: Vec<bool>,
}

impl Prequential {
    /// The share of right answers.
    pub fn accuracy(&self) -> f64 {
        self.accuracy_of_last(self.right.len())
    }

    /// The share of right answers among the last `window`, or among all if there are fewer.
    pub fn accuracy_of_last(&self, window: usize) -> f64 {
        let last = &self.right[self.right.len().saturating_sub(window)..];
        share(last.iter().filter(|&&right| right).count(), last.len())
    }
}
