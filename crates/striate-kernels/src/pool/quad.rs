//! The pool that nearly every network has: windows of 2×2 that lie side by side and cover the plane.
//!
//! Rows are taken in rising order, eight outputs at a time, and a vector that reaches beyond its row is put right by the
//! next row: only at the end of the memory are vectors cut short.

use super::TapIndex;
use crate::simd::{Kernel, LANES, Simd};

/// Sizes of such a pool: outputs of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quad {
    pub wide: usize,
}

/// Eight numbers from `at` on, zeros beyond the end.
#[inline(always)]
fn load<S: Simd>(simd: S, x: &[f32], at: usize) -> S::V {
    let rest = &x[at.min(x.len())..];
    // SAFETY: no more numbers are read than the slice has.
    unsafe { if rest.len() >= LANES { simd.load(rest.as_ptr()) } else { simd.load_partial(rest.as_ptr(), rest.len()) } }
}

/// Sixteen numbers from `at` on, zeros beyond the end: those at even places and those at odd places.
#[inline(always)]
fn load_apart<S: Simd>(simd: S, x: &[f32], at: usize) -> (S::V, S::V) {
    let rest = &x[at.min(x.len())..];
    // SAFETY: no more numbers are read than the slice has.
    unsafe { simd.load_apart_partial(rest.as_ptr(), rest.len()) }
}

/// Writes eight numbers from `at` on, none beyond the end.
#[inline(always)]
fn store<S: Simd>(simd: S, y: &mut [f32], at: usize, v: S::V) {
    let from = at.min(y.len());
    let rest = &mut y[from..];
    // SAFETY: no more numbers are written than the slice has.
    unsafe {
        if rest.len() >= LANES {
            simd.store(rest.as_mut_ptr(), v);
        } else {
            simd.store_partial(rest.as_mut_ptr(), v, rest.len());
        }
    }
}

impl Quad {
    /// For each eight outputs of a row: the first output and the pixel of its window's first tap.
    fn eights(self, outputs: usize) -> impl Iterator<Item = (usize, usize)> {
        let row = move |first: usize| (0..self.wide).step_by(LANES).map(move |column| (first, column));
        let place = move |(first, column): (usize, usize)| (first + column, 4 * first + 2 * column);
        (0..outputs).step_by(self.wide).flat_map(row).map(place)
    }

    /// The taps of eight windows, in order.
    #[inline(always)]
    fn taps<S: Simd>(self, simd: S, x: &[f32], pixel: usize) -> [S::V; 4] {
        let below = pixel + 2 * self.wide;
        let ((a, b), (c, d)) = (load_apart(simd, x, pixel), load_apart(simd, x, below));
        [a, b, c, d]
    }
}

/// `y[p] = max x[q]`, NaN where a window has one. Whole planes.
pub(super) struct Max<'a> {
    pub quad: Quad,
    pub x: &'a [f32],
    pub y: &'a mut [f32],
}

impl Kernel for Max<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for (to, pixel) in self.quad.eights(self.y.len()) {
            let [a, b, c, d] = self.quad.taps(simd, self.x, pixel);
            let (first, second) = (greater(simd, a, b), greater(simd, c, d));
            store(simd, self.y, to, greater(simd, first, second));
        }
    }
}

/// The greater, NaN where either is.
#[inline(always)]
fn greater<S: Simd>(simd: S, a: S::V, b: S::V) -> S::V {
    simd.select(simd.nan(a), a, simd.max(a, b))
}

/// The same, and the tap where it is: the first of several.
pub(super) struct MaxAt<'a, I> {
    pub quad: Quad,
    pub x: &'a [f32],
    pub y: &'a mut [f32],
    pub index: &'a mut [I],
}

impl<I: TapIndex> Kernel for MaxAt<'_, I> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for (to, pixel) in self.quad.eights(self.y.len()) {
            let taps = self.quad.taps(simd, self.x, pixel);
            let (mut best, mut at) = (taps[0], simd.splat(0.0));
            for (number, &x) in taps.iter().enumerate().skip(1) {
                // a NaN stays; else the greater, the earlier of equals, or the first NaN
                let stays = simd.nan(best);
                let keep = simd.le(x, best);
                at = simd.select(stays, at, simd.select(keep, at, simd.splat(number as f32)));
                best = simd.select(stays, best, simd.select(keep, best, x));
            }
            store(simd, self.y, to, best);
            I::store(simd, self.index, to, at);
        }
    }
}

/// `∂x[q] = ∂y[p]` where the maximum of `p` was at `q`, else 0. Whole planes.
pub(super) struct MaxGrad<'a, I> {
    pub quad: Quad,
    pub grad_y: &'a [f32],
    pub index: &'a [I],
    pub grad_x: &'a mut [f32],
}

impl<I: TapIndex> Kernel for MaxGrad<'_, I> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (row, zero) = (2 * self.quad.wide, simd.splat(0.0));
        // all of the first row of windows before the second, so that what reaches beyond a row is put right
        for first in (0..self.grad_y.len()).step_by(self.quad.wide) {
            for half in 0..2 {
                for column in (0..self.quad.wide).step_by(LANES) {
                    let (dy, at) = (load(simd, self.grad_y, first + column), I::load(simd, self.index, first + column));
                    let tap = |number: usize| simd.select(simd.eq(at, simd.splat(number as f32)), dy, zero);
                    let (left, right) = simd.zip(tap(2 * half), tap(2 * half + 1));
                    let to = 4 * first + half * row + 2 * column;
                    store(simd, self.grad_x, to, left);
                    store(simd, self.grad_x, to + LANES, right);
                }
            }
        }
    }
}
