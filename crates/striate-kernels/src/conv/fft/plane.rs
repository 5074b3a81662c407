//! A plane of real numbers and its spectrum.
//!
//! A plane of at most `H×W` is taken as one of `H×W` with zeros behind. Columns first: eight columns are real parts, the
//! next eight imaginary parts of one series of vectors, and their spectra `A`, `B` come out of the sum `Z = A + iB` by
//!
//! ```text
//! 2·A[k] = Z[k] + conj Z[−k]          2i·B[k] = Z[k] − conj Z[−k]
//! ```
//!
//! Of a column's spectrum the first `H/2 + 1` numbers say all. Then the rows, lanes running over eight of these
//! frequencies. A spectrum lies as (eight frequencies of the height, frequency of the width, part, lane), and is twice
//! the transform; the way back does not divide.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::transform::{PAIR, Transform, load, store};
use crate::simd::{LANES, Simd};

/// Planes of at most `H×W`.
#[derive(Clone, Debug)]
pub(super) struct Planes {
    high: Transform,
    wide: Transform,
    /// Eights of frequencies of the height.
    groups: usize,
    /// Columns that a plane may have, up to a multiple of sixteen.
    columns: usize,
}

/// Which part of a cyclic plane is meant: so many rows and columns from a first one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub sizes: [usize; 2],
    pub first: [usize; 2],
}

impl Planes {
    /// Of sizes that [`super::transform::length`] gives.
    pub(super) fn new([high, wide]: [usize; 2]) -> Self {
        Planes {
            high: Transform::new(high),
            wide: Transform::new(wide),
            groups: (high / 2 + 1).div_ceil(LANES),
            columns: wide.next_multiple_of(PAIR),
        }
    }

    pub(super) fn sizes(&self) -> [usize; 2] {
        [self.high.len(), self.wide.len()]
    }

    /// f32s of a spectrum.
    pub(super) fn spectrum_len(&self) -> usize {
        self.groups * self.wide.len() * PAIR
    }

    /// f32s that a worker needs: half-transformed planes, real and imaginary, and two series of vectors.
    pub(super) fn room_len(&self) -> usize {
        2 * self.half_len() + 2 * self.series_len()
    }

    fn half_len(&self) -> usize {
        self.groups * LANES * self.columns
    }

    fn series_len(&self) -> usize {
        self.high.len().max(self.columns) * PAIR
    }

    fn split<'a>(&self, room: &'a mut [f32]) -> [&'a mut [f32]; 4] {
        let (re, rest) = room[..self.room_len()].split_at_mut(self.half_len());
        let (im, rest) = rest.split_at_mut(self.half_len());
        let (a, b) = rest.split_at_mut(self.series_len());
        [re, im, a, b]
    }

    /// The spectrum of a plane of so many rows and columns.
    #[inline(always)]
    pub(super) fn forward<S: Simd>(
        &self,
        simd: S,
        plane: &[f32],
        [rows, columns]: [usize; 2],
        spectrum: &mut [f32],
        room: &mut [f32],
    ) {
        let [re, im, a, b] = self.split(room);
        let (high, half) = (self.high.len(), self.high.len() / 2 + 1);
        let zero = simd.splat(0.0);
        for first in (0..columns).step_by(PAIR) {
            let counts = [0, LANES].map(|part| columns.saturating_sub(first + part).min(LANES));
            for (row, x) in plane.chunks_exact(columns).take(rows).enumerate() {
                let re = some(simd, x, first, counts[0]);
                let im = some(simd, x, first + LANES, counts[1]);
                store(simd, a, row, (re, im));
            }
            a[rows * PAIR..high * PAIR].fill(0.0);
            let z = self.high.run(simd, a, b);
            for k in 0..half {
                let (z, mirrored) = (load(simd, z, k), load(simd, z, (high - k) % high));
                let at = k * self.columns + first;
                let (re, im) = (&mut re[at..][..PAIR], &mut im[at..][..PAIR]);
                // SAFETY: the slices have two vectors each.
                unsafe {
                    simd.store(re.as_mut_ptr(), simd.add(z.0, mirrored.0));
                    simd.store(im.as_mut_ptr(), simd.sub(z.1, mirrored.1));
                    simd.store(re.as_mut_ptr().add(LANES), simd.add(z.1, mirrored.1));
                    simd.store(im.as_mut_ptr().add(LANES), simd.sub(mirrored.0, z.0));
                }
            }
        }
        let filled = columns.next_multiple_of(LANES);
        for (group, spectrum) in spectrum.chunks_exact_mut(self.wide.len() * PAIR).enumerate() {
            let live = LANES.min(half - group * LANES);
            for first in (0..filled).step_by(LANES) {
                for (part, half) in [&*re, &*im].into_iter().enumerate() {
                    let mut block = [zero; LANES];
                    for lane in 0..LANES {
                        if lane < live {
                            block[lane] = some(simd, half, (group * LANES + lane) * self.columns + first, LANES);
                        }
                    }
                    let block = simd.transpose(block);
                    for column in 0..LANES {
                        let to = a[(first + column) * PAIR + part * LANES..][..LANES].as_mut_ptr();
                        // SAFETY: the slice has a vector.
                        unsafe { simd.store(to, block[column]) };
                    }
                }
            }
            if filled < self.wide.len() {
                a[filled * PAIR..self.wide.len() * PAIR].fill(0.0);
            }
            spectrum.copy_from_slice(self.wide.run(simd, a, b));
        }
    }

    /// A part of the plane that has this spectrum, times `factor`, row by row into `plane`, plus `bias`.
    #[inline(always)]
    pub(super) fn inverse<S: Simd>(
        &self,
        simd: S,
        spectrum: &[f32],
        part: Part,
        (factor, bias): (f32, f32),
        plane: &mut [f32],
        room: &mut [f32],
    ) {
        let [re, im, a, b] = self.split(room);
        let [rows, columns] = part.sizes;
        let (high, wide, half) = (self.high.len(), self.wide.len(), self.high.len() / 2 + 1);
        let (factor, bias) = (simd.splat(factor), simd.splat(bias));
        for (group, spectrum) in spectrum.chunks_exact(wide * PAIR).enumerate() {
            let live = LANES.min(half - group * LANES);
            for k in 0..wide {
                let (x, y) = load(simd, spectrum, k);
                store(simd, a, k, (y, x));
            }
            let z = self.wide.run(simd, a, b);
            for first in (0..columns).step_by(LANES) {
                for (number, half) in [&mut *re, &mut *im].into_iter().enumerate() {
                    let mut block = [bias; LANES];
                    for column in 0..LANES {
                        let from = (part.first[1] + (first + column).min(columns - 1)) % wide;
                        // the parts are exchanged
                        block[column] = some(simd, z, from * PAIR + (1 - number) * LANES, LANES);
                    }
                    let block = simd.transpose(block);
                    for lane in 0..LANES {
                        if lane < live {
                            let to = half[(group * LANES + lane) * self.columns + first..][..LANES].as_mut_ptr();
                            // SAFETY: the slice has a vector.
                            unsafe { simd.store(to, block[lane]) };
                        }
                    }
                }
            }
        }
        for first in (0..columns).step_by(PAIR) {
            let counts = [0, LANES].map(|part| columns.saturating_sub(first + part).min(LANES));
            for k in 0..half {
                let at = k * self.columns + first;
                let (re, im) = (&re[at..][..PAIR], &im[at..][..PAIR]);
                let (x, mut y) = (some(simd, re, 0, LANES), some(simd, im, 0, LANES));
                let (mut u, mut v) = (some(simd, re, LANES, LANES), some(simd, im, LANES, LANES));
                if counts[1] == 0 {
                    // the second eight were never written
                    (u, v) = (simd.splat(0.0), simd.splat(0.0));
                }
                // these two are their own mirror images, hence real: what rounding left of an imaginary part is none
                if k == 0 || 2 * k == high {
                    (y, v) = (simd.splat(0.0), simd.splat(0.0));
                }
                // parts exchanged: Z = A + iB, and its mirror image
                store(simd, a, k, (simd.add(y, u), simd.sub(x, v)));
                if k > 0 && 2 * k < high {
                    (y, v) = (simd.neg(y), simd.neg(v));
                    store(simd, a, high - k, (simd.add(y, u), simd.sub(x, v)));
                }
            }
            let z = self.high.run(simd, a, b);
            for (row, y) in plane.chunks_exact_mut(columns).take(rows).enumerate() {
                let (im, re) = load(simd, z, (part.first[0] + row) % high);
                put(simd, y, first, counts[0], simd.fma(re, factor, bias));
                put(simd, y, first + LANES, counts[1], simd.fma(im, factor, bias));
            }
        }
    }
}

/// `count` numbers from `at` on, at most a vector; zeros in the other lanes.
#[inline(always)]
fn some<S: Simd>(simd: S, from: &[f32], at: usize, count: usize) -> S::V {
    if count == LANES {
        let from = from[at..][..LANES].as_ptr();
        // SAFETY: the slice has a vector.
        return unsafe { simd.load(from) };
    }
    if count == 0 {
        return simd.splat(0.0);
    }
    let from = from[at..][..count].as_ptr();
    // SAFETY: the slice has `count` numbers.
    unsafe { simd.load_partial(from, count) }
}

/// Writes the first `count` lanes from `at` on.
#[inline(always)]
fn put<S: Simd>(simd: S, to: &mut [f32], at: usize, count: usize, v: S::V) {
    if count == 0 {
        return;
    }
    let to = to[at..][..count].as_mut_ptr();
    // SAFETY: the slice has `count` numbers.
    unsafe { if count == LANES { simd.store(to, v) } else { simd.store_partial(to, v, count) } };
}
