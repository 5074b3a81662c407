//! The input transform `V = Bᵀ·x·B` for the weight gradient, whose sums run over tiles: eight channels to a vector, laid
//! `[point][eight channels][tile][8]`.
//!
//! Down the columns as `input.rs` does, for one tile row of eight channels; these are turned so that a vector is a pixel
//! of all eight; then along the rows, tile by tile.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::input::{Patch, Strip, down_columns};
use super::tiling::Tiling;
use super::transform::Scheme;
use crate::simd::{Kernel, LANES, Simd};
use std::marker::PhantomData;
use std::ops::Range;

/// Transforms eight channels of a block.
pub(super) struct Channels<'a, X, const M: usize, const N: usize> {
    pub tiling: &'a Tiling,
    /// Of a single tile row.
    pub strip: &'a Strip,
    /// Tile rows of the block.
    pub rows: Range<usize>,
    /// From the first of the channels of the first sample on; distance between two samples.
    pub source: &'a [f32],
    pub sample: usize,
    /// Channels that there are.
    pub live: usize,
    /// To `v[point·pitch + tile·8 + channel]`.
    pub v: *mut f32,
    pub pitch: usize,
    /// At least [`scratch_len`] numbers.
    pub scratch: &'a mut [f32],
    pub scheme: PhantomData<X>,
}

/// Pixels of a turned row.
fn wide(tiling: &Tiling, points: usize) -> usize {
    ((tiling.across - 1) * tiling.size + points).next_multiple_of(LANES)
}

/// Numbers of scratch for patches of `points×points`.
pub(super) fn scratch_len(tiling: &Tiling, strip: &Strip, points: usize) -> usize {
    LANES * (strip.len() + points * wide(tiling, points))
}

impl<X: Scheme<M, N>, const M: usize, const N: usize> Kernel for Channels<'_, X, M, N> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (tiling, strip, wide) = (self.tiling, self.strip, wide(self.tiling, N));
        let (strips, turned) = self.scratch.split_at_mut(LANES * strip.len());
        let turned = &mut turned[..N * wide * LANES];
        strips.fill(0.0);
        for (number, row) in self.rows.clone().enumerate() {
            for (channel, z) in strips.chunks_exact_mut(strip.len()).take(self.live).enumerate() {
                let plane = &self.source[channel * tiling.pixels()..];
                down_columns::<S, Patch<X, M>, N, N>(simd, tiling, strip, row..row + 1, plane, self.sample, z);
            }
            for i in 0..N {
                for pixel in (0..wide).step_by(LANES) {
                    let mut block = [simd.splat(0.0); LANES];
                    for channel in 0..LANES {
                        let z = &strips[channel * strip.len() + i * strip.pitch + pixel..][..LANES];
                        // SAFETY: the slice has `LANES` numbers.
                        block[channel] = unsafe { simd.load(z.as_ptr()) };
                    }
                    let block = simd.transpose(block);
                    let to = &mut turned[(i * wide + pixel) * LANES..][..LANES * LANES];
                    for pixel in 0..LANES {
                        // SAFETY: the slice has `LANES` vectors.
                        unsafe { simd.store(to.as_mut_ptr().add(pixel * LANES), block[pixel]) };
                    }
                }
            }
            for across in 0..tiling.across {
                let v = self.v.wrapping_add((number * tiling.across + across) * LANES);
                for i in 0..N {
                    let from = &turned[(i * wide + across * M) * LANES..][..N * LANES];
                    let mut d = [simd.splat(0.0); N];
                    for j in 0..N {
                        // SAFETY: the slice has `N` vectors.
                        d[j] = unsafe { simd.load(from.as_ptr().add(j * LANES)) };
                    }
                    let d = X::input(simd, d);
                    for j in 0..N {
                        // SAFETY: `v` has room for these tiles at every point, which no other worker touches.
                        unsafe { simd.store(v.add((i * N + j) * self.pitch), d[j]) };
                    }
                }
            }
        }
    }
}
