//! Sums of products of spectra, frequency by frequency.
//!
//! ```text
//! out[t][f] (+)= Σ_c x[c][f] · w[t, c][f]          or with the conjugate of w
//! ```
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::transform::{PAIR, load, store};
use crate::simd::{Kernel, Simd};
use std::ops::Range;

/// Results that are summed at the same time.
pub(super) const TILE: usize = 4;

/// Where the spectra of a sum lie: the first, and the way to the next factor and to the next result.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub first: usize,
    pub factor: usize,
    pub result: usize,
}

/// At most [`TILE`] sums over a range of complex vectors.
pub(super) struct Products<'a> {
    pub vectors: Range<usize>,
    /// c runs below this.
    pub factors: usize,
    /// t runs below this.
    pub results: usize,
    pub x: &'a [f32],
    pub x_at: At,
    pub w: &'a [f32],
    pub w_at: At,
    pub conjugate: bool,
    /// Whether what is there already counts.
    pub adds: bool,
    /// Of each result the range of vectors.
    pub out: [&'a mut [f32]; TILE],
}

impl Kernel for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        match (self.results, self.conjugate) {
            (4, true) => self.sums::<S, 4, true>(simd),
            (3, true) => self.sums::<S, 3, true>(simd),
            (2, true) => self.sums::<S, 2, true>(simd),
            (_, true) => self.sums::<S, 1, true>(simd),
            (4, false) => self.sums::<S, 4, false>(simd),
            (3, false) => self.sums::<S, 3, false>(simd),
            (2, false) => self.sums::<S, 2, false>(simd),
            (_, false) => self.sums::<S, 1, false>(simd),
        }
    }
}

impl Products<'_> {
    #[inline(always)]
    fn sums<S: Simd, const T: usize, const CONJUGATE: bool>(&mut self, simd: S) {
        for (index, vector) in self.vectors.clone().enumerate() {
            let zero = (simd.splat(0.0), simd.splat(0.0));
            let mut sums = [zero; T];
            for t in 0..T {
                if self.adds {
                    sums[t] = load(simd, self.out[t], index);
                }
            }
            for c in 0..self.factors {
                let x = load(simd, &self.x[self.x_at.first + c * self.x_at.factor..], vector);
                let less = simd.neg(x.1);
                for t in 0..T {
                    let from = self.w_at.first + c * self.w_at.factor + t * self.w_at.result;
                    let w = load(simd, &self.w[from..], vector);
                    let im = if CONJUGATE { simd.neg(w.1) } else { w.1 };
                    sums[t].0 = simd.fma(x.0, w.0, simd.fma(less, im, sums[t].0));
                    sums[t].1 = simd.fma(x.1, w.0, simd.fma(x.0, im, sums[t].1));
                }
            }
            for t in 0..T {
                store(simd, self.out[t], index, sums[t]);
            }
        }
    }
}

/// f32s of so many complex vectors.
pub(super) fn floats(vectors: &Range<usize>) -> Range<usize> {
    vectors.start * PAIR..vectors.end * PAIR
}
