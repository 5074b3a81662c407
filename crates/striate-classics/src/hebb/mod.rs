//! Learning by correlation: Hebb's rule, and what keeps it bounded: Oja's and Sanger's.
//!
#![cfg_attr(doc, doc = picture!("hebb"))]
//!
//! What Oja's unit and eight of Sanger's make of handwritten digits; drawn by `striate play hebb`.
//!
//! ```text
//! Hebb     Δw = η·y·x                           grows without end along the correlation of x and y
//! Oja      Δw = η·y·(x − y·w)                   |w| → 1, w → the first principal component of x
//! Sanger   Δwᵢ = η·yᵢ·(x − ∑_{j ≤ i} yⱼ·wⱼ)     wᵢ → the i-th principal component
//! ```
//!
//! with y = w·x for the last two, which see no target. [`Associator`] uses Hebb's rule with a given y.
//!
//! Sources: D. O. Hebb, "The Organization of Behavior" (1949). E. Oja, "A simplified neuron model as a principal
//! component analyzer", Journal of Mathematical Biology 15 (1982). T. D. Sanger, "Optimal unsupervised learning in a
//! single-layer linear feedforward neural network", Neural Networks 2 (1989).
//!
//! What to watch: principal components are those of centred data: subtract the mean, or standardize, first. The rate
//! must stay well below 1/λ₁, λ₁ the greatest variance; let it fall for a sharp result. A component is found up to
//! its sign, and slowly where two variances are nearly equal.
//!
//! ```
//! use striate_classics::{Rows, hebb::{Oja, Settings}};
//! let rows = [2., 1., -2., -1., 1., -2., -1., 2., 4., 2., -4., -2.]; // varies most along (2, 1)
//! let mut unit = Oja::new(2, 1)?;
//! unit.train(Rows::new(&rows, 2)?, &Settings { rate: 0.02, ..Settings::default() })?;
//! assert!((unit.weights()[0] / unit.weights()[1] - 2.0).abs() < 0.05);
//! # Ok::<(), striate_tensor::Error>(())
//! ```

mod associator;
mod oja;
mod sanger;

pub use associator::Associator;
pub use oja::Oja;
pub use sanger::Sanger;

use crate::{Rows, checks};
use striate_tensor::{Result, Rng};

/// How Oja's and Sanger's units are trained: over all rows in a new order each epoch, at the rate η/(1 + decay·epoch).
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// η.
    pub rate: f32,
    /// How the rate falls; 0 keeps it.
    pub decay: f32,
    /// Passes over the rows.
    pub epochs: usize,
    /// Draws the order of the rows.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { rate: 0.01, decay: 0.1, epochs: 100, seed: 0 }
    }
}

/// Gives every row of every epoch, with its rate, to `learn`.
fn each_step(rows: Rows<'_>, settings: &Settings, mut learn: impl FnMut(&[f32], f32)) -> Result<()> {
    checks::positive("rate", settings.rate)?;
    checks::within("decay", settings.decay, 0.0, f32::MAX)?;
    checks::at_least("epochs", settings.epochs, 1)?;
    let rng = Rng::new(settings.seed).stream("hebb");
    let mut order: Vec<usize> = (0..rows.len()).collect();
    for epoch in 0..settings.epochs {
        rng.substream(epoch as u64).shuffle(&mut order);
        let rate = settings.rate / (1.0 + settings.decay * epoch as f32);
        order.iter().for_each(|&i| learn(rows.row(i), rate));
    }
    Ok(())
}

/// A random direction of length 1.
fn direction(width: usize, rng: Rng) -> Vec<f32> {
    let w: Vec<f32> = (0..width as u64).map(|i| rng.normal(i)).collect();
    let length = w.iter().map(|w| w * w).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    w.iter().map(|w| w / length).collect()
}

/// What the rate must be for the weights to stay bounded.
const BOUNDED: &str = "a rate well below 1 over the greatest variance of the rows";
