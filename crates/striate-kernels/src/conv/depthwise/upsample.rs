//! The kernel of the input gradient at stride 2: every vector of `∂x` is two vectors, one for each parity of its columns,
//! zipped. A few rows of `∂y` at a time are copied with their padding ([`Layout`]).
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::layout::Layout;
use super::{NEAR, each};
use crate::conv::Limit;
use crate::simd::{Kernel, LANES, Simd};
use std::ops::Range;

/// How `∂x` is made of copies.
#[derive(Clone, Debug)]
pub(super) struct Bands {
    pub layout: Layout,
    /// Pairs of rows of a written plane, and of a band.
    steps: usize,
    band: usize,
    /// Rows of a copy beyond one for each pair.
    more: usize,
    /// Planes that a written one reads.
    reads: usize,
    /// Groups that are copied together.
    pub batch: usize,
}

impl Bands {
    pub(super) fn new(layout: Layout, k: usize, height: usize, reads: usize, gang: usize) -> Self {
        let steps = height.div_ceil(2);
        let mut bands = Bands { layout, steps, band: steps, more: k.div_ceil(2), reads, batch: 1 };
        while bands.band > 4 && bands.len() > NEAR {
            bands.band = bands.band.div_ceil(2).next_multiple_of(4);
            if bands.band == 8 && bands.len() > NEAR {
                bands.band = 4;
            }
        }
        if bands.band >= steps {
            bands.batch = (NEAR / bands.len()).clamp(1, gang);
        }
        bands
    }

    /// Numbers of the copies of a group's planes.
    pub(super) fn len(&self) -> usize {
        self.reads * self.layout.len(self.band + self.more)
    }
}

/// Planes of some groups, each written from `K×K` taps of those that it reads; `before = 2b + BETA` zeros.
pub(super) struct Upsample<'a, const K: usize, const BETA: usize> {
    pub bands: &'a Bands,
    pub planes: &'a [f32],
    pub out: &'a mut [f32],
    /// A number for each written plane.
    pub bias: Option<&'a [f32]>,
    pub limit: Limit,
    /// For each written plane, for each plane that it reads, the taps.
    pub weights: &'a [f32],
    /// Rows and columns of a written plane.
    pub target: [usize; 2],
    /// Zeros, where none of the planes is.
    pub copy: &'a mut [f32],
}

impl<const K: usize, const BETA: usize> Kernel for Upsample<'_, K, BETA> {
    type Output = ();

    /// Band by band: copies what is read, then writes each plane's rows.
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Bands { ref layout, steps, band, more, reads, .. } = *self.bands;
        let (source, target): (usize, usize) = (layout.source.iter().product(), self.target.iter().product());
        let len = self.bands.len() / reads;
        for first in (0..steps).step_by(band) {
            let end = steps.min(first + band);
            for (plane, copy) in self.planes.chunks_exact(source).zip(self.copy.chunks_exact_mut(len)) {
                layout.fill(simd, plane, (first, end - first + more), band >= steps, copy);
            }
            for (write, out) in self.out.chunks_exact_mut(target).enumerate() {
                let mut rows = Rows {
                    layout,
                    copy: &self.copy[write * reads * len..][..reads * len],
                    reads,
                    weights: &self.weights[write * reads * K * K..][..reads * K * K],
                    first,
                    width: self.target[1],
                    bias: self.bias.map_or(0.0, |bias| bias[write]),
                    limit: self.limit,
                    out,
                };
                rows.run::<S, K, BETA>(simd, first..end);
            }
        }
    }
}

/// Some rows of one written plane.
struct Rows<'a> {
    layout: &'a Layout,
    /// The copies of the planes that are read, and their number.
    copy: &'a [f32],
    reads: usize,
    /// The taps for each of them.
    weights: &'a [f32],
    /// The step of the copy's first row.
    first: usize,
    width: usize,
    bias: f32,
    limit: Limit,
    out: &'a mut [f32],
}

impl Rows<'_> {
    #[inline(always)]
    fn run<S: Simd, const K: usize, const BETA: usize>(&mut self, simd: S, steps: Range<usize>) {
        let mut row = steps.start;
        while row < steps.end {
            let part = (steps.end - row).min(2);
            for right in (0..self.width.div_ceil(2 * LANES)).rev() {
                let at = (row, right * LANES);
                // SAFETY: the copy holds the rows and columns of these outputs.
                unsafe {
                    match part {
                        2 => upsample::<S, K, BETA, 2>(simd, self, at),
                        _ => upsample::<S, K, BETA, 1>(simd, self, at),
                    }
                }
            }
            row += part;
        }
    }

    /// Where the read plane `read`'s copy starts.
    #[inline(always)]
    fn copy_of(&self, read: usize) -> *const f32 {
        self.copy[read * (self.copy.len() / self.reads)..].as_ptr()
    }

    /// Stores lanes from element `at` on, as many as the plane has. Lanes past the row's end fall on elements that are
    /// written later, since rows go downward and columns from right to left.
    #[inline(always)]
    fn put<S: Simd>(&mut self, simd: S, at: usize, v: S::V) {
        let v = self.limit.vector(simd, v);
        let to = &mut self.out[at..];
        // SAFETY: `to` has `LANES` numbers, or as many as are written.
        unsafe {
            if to.len() >= LANES {
                simd.store(to.as_mut_ptr(), v);
            } else {
                simd.store_partial(to.as_mut_ptr(), v, to.len());
            }
        }
    }
}

/// `R` pairs of rows and 8 pairs of columns of outputs from pair (row, column) on.
///
/// # Safety
/// The copies must hold all rows of these outputs.
#[inline(always)]
unsafe fn upsample<S: Simd, const K: usize, const BETA: usize, const R: usize>(
    simd: S,
    rows: &mut Rows<'_>,
    (row, column): (usize, usize),
) {
    let mut sums = [[[simd.splat(rows.bias); 2]; 2]; R];
    let pitch = rows.layout.row();
    for read in 0..rows.reads {
        let start = rows.copy_of(read).wrapping_add((row - rows.first) * pitch + column);
        let taps = rows.weights[read * K * K..][..K * K].as_ptr();
        each!(KY < K, {
            each!(KX < K, {
                // SAFETY: the weights have all taps.
                let w = simd.splat(unsafe { *taps.add(KY * K + KX) });
                // the parity that has the tap, and the distance (a + β − t)/2 from the first row of the copy
                let (ay, ax) = ((KY + BETA) % 2, (KX + BETA) % 2);
                let (dy, dx) = ((K - 1 + ay + BETA - KY) / 2, (K - 1 + ax + BETA - KX) / 2);
                for r in 0..R {
                    let from = start.wrapping_add((r + dy) * pitch + dx);
                    // SAFETY: by the contract above.
                    let x = unsafe { simd.load(from) };
                    sums[r][ay][ax] = simd.fma(x, w, sums[r][ay][ax]);
                }
            });
        });
    }
    let height = rows.out.len() / rows.width;
    for r in 0..R {
        for a in 0..2 {
            let y = 2 * (row + r) + a;
            if y < height {
                let (low, high) = simd.zip(sums[r][a][0], sums[r][a][1]);
                rows.put(simd, y * rows.width + 2 * column, low);
                if 2 * column + LANES < rows.width {
                    rows.put(simd, y * rows.width + 2 * column + LANES, high);
                }
            }
        }
    }
}
