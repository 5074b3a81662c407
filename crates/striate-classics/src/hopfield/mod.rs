//! Associative memory: patterns are stored in the weights between units, and recalled from a part or a noisy copy by
//! an energy that falls.
//!
#![cfg_attr(doc, doc = picture!("hopfield"))]
//!
//! Ten stored digits, recalled from noise and from their upper halves; drawn by `striate play hopfield`.
//!
//! | | state | rule | energy |
//! |---|---|---|---|
//! | [`Hopfield`] | ±1 | sᵢ ← sgn(∑ⱼ wᵢⱼ·sⱼ) | −½·sᵀ·W·s |
//! | [`Continuous`] | (−1, 1) | u̇ = −u + W·V + I, V = tanh(β·u) | −½·Vᵀ·W·V − I·V + ∑ᵢ∫₀^Vᵢ tanh⁻¹(v)/β dv |
//! | [`Modern`] | real | ξ ← Xᵀ·softmax(β·X·ξ) | −ln(∑ exp(β·xᵤ·ξ))/β + ½·ξ·ξ + … |
//! | [`Modern`], binary | ±1 | the sign with the lower energy | −ln ∑ exp(xᵤ·s) |
//!
//! How patterns x¹ … xᵖ of n units are stored in a [`Hopfield`] network is its [`Storage`]: Hebb's correlations, the
//! pseudo-inverse, or Storkey's rule; the diagonal of W is always 0. Updated one unit at a time
//! ([`Order::Asynchronous`]) the energy never rises, for W is symmetric, and the state settles; all at once
//! ([`Order::Synchronous`]) it may end in a cycle of two states, which is noticed.
//!
//! Sources: J. J. Hopfield, "Neural networks and physical systems with emergent collective computational abilities",
//! PNAS 79 (1982), and "Neurons with graded response …", PNAS 81 (1984). L. Personnaz, I. Guyon, G. Dreyfus,
//! "Collective computational properties of neural networks: new learning mechanisms", Physical Review A 34 (1986). A.
//! Storkey, "Increasing the capacity of a Hopfield network without sacrificing functionality" (1997). D. Krotov, J. J.
//! Hopfield, "Dense associative memory for pattern recognition" (2016). M. Demircigil et al., "On a model of
//! associative memory with huge storage capacity" (2017). H. Ramsauer et al., "Hopfield networks is all you need" (2020).
//!
//! What to watch: Hebb's rule needs patterns that are few (0.138·n at most) and nearly orthogonal; images are
//! neither, store them with the pseudo-inverse or in a modern network. With every pattern its negative is stored too,
//! and mixtures of patterns are settled states of their own. A modern network compares by x·ξ, which favours long
//! patterns: give all of them the same length.
//!
//! ```
//! use striate_classics::Rows;
//! use striate_classics::hopfield::{Hopfield, Order, Storage};
//! let stored = [1., 1., 1., 1., -1., -1., -1., -1., 1., -1., 1., -1., 1., -1., 1., -1.];
//! let memory = Hopfield::store(Rows::new(&stored, 8)?, Storage::Hebb)?;
//! // One wrong unit, and two that are not known.
//! let recall = memory.recall(&[1., 1., 1., -1., 0., -1., -1., 0.], Order::Asynchronous { seed: 1 }, 20)?;
//! assert_eq!(recall.state, stored[..8]);
//! assert!(recall.energies.is_sorted_by(|before, after| before >= after));
//! # Ok::<(), striate_tensor::Error>(())
//! ```

mod continuous;
mod discrete;
mod modern;
mod storage;

pub use continuous::{Continuous, Settled};
pub use discrete::{End, Hopfield, Order, Recall};
pub use modern::{Modern, Retrieval};
pub use storage::Storage;

use crate::Rows;
use striate_tensor::{Error, Result};

/// The patterns are of ±1.
fn binary(patterns: Rows<'_>) -> Result<()> {
    match patterns.values().iter().find(|x| x.abs() != 1.0) {
        None => Ok(()),
        Some(x) => Err(Error::data("a pattern of a binary memory has another number than −1 and 1")
            .found(x)
            .expected("−1 or 1")
            .hint("compare with a threshold first")),
    }
}
