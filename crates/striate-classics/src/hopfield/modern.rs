//! Dense associative memory: the patterns are kept as they are, and the energy has wells so narrow that many fit.
//!
//! ```text
//! real     E(ξ) = −ln(∑ᵤ exp(β·xᵤ·ξ))/β + ½·ξ·ξ + ln(p)/β + ½·max|xᵤ|²,   ξ ← ∑ᵤ softmax(β·X·ξ)ᵤ·xᵤ
//! binary   E(s) = −ln ∑ᵤ exp(xᵤ·s),   sᵢ ← the sign with the lower energy
//! ```
//!
//! The real rule is one step of the concave–convex procedure, so that the energy never rises; it is the attention of
//! transformers with ξ as query and the patterns as keys and values. Sums of exponentials are taken relative to their
//! greatest.

use super::binary;
use crate::numbers::dot64;
use crate::{Parts, Rows, Saved, checks};
use striate_tensor::{Result, Rng};

/// A dense associative memory.
///
/// ```
/// use striate_classics::{Rows, data, hopfield::Modern};
/// let digits = data::digits();
/// let mut patterns = digits.rows().values().to_vec(); // 1,797 patterns of 64 units
/// for pattern in patterns.chunks_mut(64) {
///     let length = pattern.iter().map(|x| x * x).sum::<f32>().sqrt();
///     pattern.iter_mut().for_each(|x| *x /= length);
/// }
/// let memory = Modern::store(Rows::new(&patterns, 64)?, 100.0)?;
/// let mut probe = patterns[5 * 64..6 * 64].to_vec();
/// probe[40..].fill(0.0); // the upper part alone
/// assert_eq!(memory.retrieve(&probe, 5)?.nearest, 5);
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Modern {
    width: usize,
    patterns: Vec<f32>,
    beta: f32,
}

/// What a retrieval found.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrieval {
    /// The state at the end.
    pub state: Vec<f32>,
    /// The stored pattern that has the greatest share of it.
    pub nearest: usize,
    /// The energy at the start and after each change.
    pub energies: Vec<f64>,
}

impl Modern {
    /// A memory of `patterns`, real or ±1, with the inverse temperature β.
    ///
    /// # Errors
    /// `Fault::Model`: β is not above 0.
    pub fn store(patterns: Rows<'_>, beta: f32) -> Result<Self> {
        checks::positive("beta", beta)?;
        Ok(Modern { width: patterns.width(), patterns: patterns.values().to_vec(), beta })
    }

    /// The stored patterns.
    pub fn patterns(&self) -> impl ExactSizeIterator<Item = &[f32]> + Clone {
        self.patterns.chunks_exact(self.width)
    }

    /// One more pattern.
    ///
    /// # Errors
    /// `Fault::Data`: it has another length.
    pub fn learn_one(&mut self, pattern: &[f32]) -> Result<()> {
        checks::row(pattern, self.width)?;
        self.patterns.extend_from_slice(pattern);
        Ok(())
    }

    /// The real energy E(ξ).
    ///
    /// # Errors
    /// `Fault::Data`: ξ has another length.
    pub fn energy(&self, state: &[f32]) -> Result<f64> {
        checks::row(state, self.width)?;
        Ok(self.energy_of(state, &self.overlaps(state, self.beta)))
    }

    /// softmax(β·X·ξ): the share of each pattern in the next state.
    ///
    /// # Errors
    /// `Fault::Data`: ξ has another length.
    pub fn attention(&self, state: &[f32]) -> Result<Vec<f64>> {
        checks::row(state, self.width)?;
        Ok(softmax(&self.overlaps(state, self.beta)))
    }

    /// Makes at most `steps` steps of the real rule, until the state no longer changes.
    ///
    /// # Errors
    /// `Fault::Data`: the probe has another length.
    pub fn retrieve(&self, probe: &[f32], steps: usize) -> Result<Retrieval> {
        checks::row(probe, self.width)?;
        let mut state = probe.to_vec();
        let mut overlaps = self.overlaps(&state, self.beta);
        let mut energies = vec![self.energy_of(&state, &overlaps)];
        for _ in 0..steps {
            let mut next = vec![0.0f64; self.width];
            for (x, share) in self.patterns().zip(softmax(&overlaps)) {
                next.iter_mut().zip(x).for_each(|(n, &x)| *n += share * f64::from(x));
            }
            let next: Vec<f32> = next.iter().map(|&x| x as f32).collect();
            if next == state {
                break;
            }
            state = next;
            overlaps = self.overlaps(&state, self.beta);
            energies.push(self.energy_of(&state, &overlaps));
        }
        Ok(Retrieval { state, nearest: greatest(&overlaps), energies })
    }

    /// Recalls by the binary rule, one unit after the other in random orders, for at most `sweeps` sweeps; the stored
    /// patterns must be of ±1. Only the signs of the probe count; 0 is a unit that is not known. β plays no part.
    ///
    /// # Errors
    /// `Fault::Data`: the probe has another length, or a pattern another number than ±1.
    pub fn recall_binary(&self, probe: &[f32], seed: u64, sweeps: usize) -> Result<Retrieval> {
        checks::row(probe, self.width)?;
        binary(Rows::new(&self.patterns, self.width)?)?;
        let rng = Rng::new(seed).stream("hopfield");
        let mut state: Vec<f32> = probe.iter().map(|&s| if s == 0.0 { 0.0 } else { s.signum() }).collect();
        let mut overlaps = self.overlaps(&state, 1.0);
        let mut energies = vec![-log_sum_exp(overlaps.iter().copied())];
        let mut order: Vec<usize> = (0..self.width).collect();
        for sweep in 0..sweeps {
            rng.substream(sweep as u64).shuffle(&mut order);
            let before = energies.len();
            for &i in &order {
                let column = || self.patterns().map(|x| f64::from(x[i]));
                let with = |s: f64| {
                    let change = s - f64::from(state[i]);
                    log_sum_exp(overlaps.iter().zip(column()).map(|(o, x)| o + change * x))
                };
                let new = if with(1.0) >= with(-1.0) { 1.0 } else { -1.0 };
                let change = f64::from(new - state[i]);
                if change != 0.0 {
                    overlaps.iter_mut().zip(self.patterns()).for_each(|(o, x)| *o += change * f64::from(x[i]));
                    state[i] = new;
                    energies.push(-log_sum_exp(overlaps.iter().copied()));
                }
            }
            if energies.len() == before {
                break;
            }
        }
        Ok(Retrieval { state, nearest: greatest(&overlaps), energies })
    }

    /// scale·X·ξ.
    fn overlaps(&self, state: &[f32], scale: f32) -> Vec<f64> {
        self.patterns().map(|x| f64::from(scale) * dot64(x, state)).collect()
    }

    fn energy_of(&self, state: &[f32], overlaps: &[f64]) -> f64 {
        let beta = f64::from(self.beta);
        let longest = self.patterns().map(|x| dot64(x, x)).fold(0.0, f64::max);
        let wells = (overlaps.len() as f64).ln() - log_sum_exp(overlaps.iter().copied());
        wells / beta + 0.5 * dot64(state, state) + 0.5 * longest
    }
}

fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let greatest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    greatest + values.map(|x| (x - greatest).exp()).sum::<f64>().ln()
}

fn softmax(values: &[f64]) -> Vec<f64> {
    let all = log_sum_exp(values.iter().copied());
    values.iter().map(|x| (x - all).exp()).collect()
}

/// The place of the greatest, the first of equals.
fn greatest(values: &[f64]) -> usize {
    (0..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}

impl Saved for Modern {
    const KIND: &'static str = "hopfield_modern";

    fn parts(&self) -> Parts {
        let count = self.patterns().len();
        Parts::new()
            .reals("patterns", [count, self.width], self.patterns.clone())
            .text("width", self.width)
            .text("patterns", count)
            .text("beta", self.beta)
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let (width, count) = (parts.size("width")?, parts.size("patterns")?);
        let patterns = parts.take("patterns", &[count, width])?;
        Self::store(Rows::new(&patterns, width)?, parts.parse("beta")?)
    }
}
