//! Three ways to store patterns x¹ … xᵖ of n units ±1 in symmetric weights, all with wᵢᵢ = 0.
//!
//! ```text
//! Hebb             W = (1/n)·∑ xᵘ·xᵘᵀ
//! pseudo-inverse   W = X·X⁺, the projection on the space of the patterns
//! Storkey          wᵢⱼ ← wᵢⱼ + (xᵢ·xⱼ − xᵢ·hⱼᵢ − hᵢⱼ·xⱼ)/n,   hᵢⱼ = ∑_{k ≠ i,j} wᵢₖ·xₖ,   pattern after pattern
//! ```

use crate::Rows;
use crate::numbers::dot64;

/// How a [`Hopfield`](super::Hopfield) network stores patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Correlations; one pass, local.
    Hebb,
    /// The projection on the space of the patterns; linearly independent ones are all held, however correlated.
    PseudoInverse,
    /// Local like Hebb's and one pass too, but each pattern is stored less what the weights say already.
    Storkey,
}

impl Storage {
    /// How many random patterns n units hold, for large n: Hebb's 0.138·n with few wrong units (Amit, Gutfreund,
    /// Sompolinsky 1985), the pseudo-inverse's n less the one at which every state is held, Storkey's n/√(2·ln n).
    ///
    /// ```
    /// use striate_classics::hopfield::Storage;
    /// assert!((Storage::Hebb.capacity(1000) - 138.0).abs() < 1e-9);
    /// ```
    pub fn capacity(self, units: usize) -> f64 {
        let n = units as f64;
        match self {
            Storage::Hebb => 0.138 * n,
            Storage::PseudoInverse => (n - 1.0).max(0.0),
            Storage::Storkey => n / (2.0 * n.max(2.0).ln()).sqrt(),
        }
    }

    /// Its name in files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Storage::Hebb => "hebb",
            Storage::PseudoInverse => "pseudo_inverse",
            Storage::Storkey => "storkey",
        }
    }

    /// The one of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Storage::Hebb, Storage::PseudoInverse, Storage::Storkey].into_iter().find(|s| s.name() == name)
    }

    /// W, row after row; summed in f64.
    pub(super) fn weights(self, patterns: Rows<'_>) -> Vec<f32> {
        let n = patterns.width();
        let mut w = match self {
            Storage::Hebb => hebb(patterns),
            Storage::PseudoInverse => projection(patterns),
            Storage::Storkey => storkey(patterns),
        };
        (0..n).for_each(|i| w[i * n + i] = 0.0);
        w.iter().map(|&w| w as f32).collect()
    }
}

fn hebb(patterns: Rows<'_>) -> Vec<f64> {
    let n = patterns.width();
    let mut w = vec![0.0; n * n];
    for x in patterns.iter() {
        let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        add_outer(&mut w, &x, 1.0 / n as f64);
    }
    w
}

/// ∑ q·qᵀ over an orthonormal base q of the space of the patterns, by Gram–Schmidt, twice for accuracy.
fn projection(patterns: Rows<'_>) -> Vec<f64> {
    let n = patterns.width();
    let mut base: Vec<Vec<f64>> = vec![];
    for x in patterns.iter() {
        let mut rest: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        for q in base.iter().chain(&base) {
            let part: f64 = q.iter().zip(&rest).map(|(q, r)| q * r).sum();
            rest.iter_mut().zip(q).for_each(|(r, q)| *r -= part * q);
        }
        let square: f64 = rest.iter().map(|r| r * r).sum();
        // What is left of a pattern that depends on those before is rounding.
        if square > 1e-18 * dot64(x, x) {
            base.push(rest.iter().map(|r| r / square.sqrt()).collect());
        }
    }
    let mut w = vec![0.0; n * n];
    base.iter().for_each(|q| add_outer(&mut w, q, 1.0));
    w
}

fn storkey(patterns: Rows<'_>) -> Vec<f64> {
    let n = patterns.width();
    let mut w = vec![0.0f64; n * n];
    for x in patterns.iter() {
        let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        // hᵢⱼ is the whole sum without its terms k = i and k = j.
        let whole: Vec<f64> = w.chunks_exact(n).map(|w| w.iter().zip(&x).map(|(w, x)| w * x).sum()).collect();
        let before = w.clone();
        let h = |i: usize, j: usize| whole[i] - before[i * n + i] * x[i] - before[i * n + j] * x[j];
        for i in 0..n {
            for j in (0..n).filter(|&j| j != i) {
                w[i * n + j] += (x[i] * x[j] - x[i] * h(j, i) - h(i, j) * x[j]) / n as f64;
            }
        }
    }
    w
}

/// W ← W + k·x·xᵀ.
fn add_outer(w: &mut [f64], x: &[f64], k: f64) {
    for (row, a) in w.chunks_exact_mut(x.len()).zip(x) {
        row.iter_mut().zip(x).for_each(|(w, b)| *w += k * a * b);
    }
}
