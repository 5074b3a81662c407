//! The output transform `Y = Aᵀ·m·A` of a block's tiles for a part of the written channels, with bias and relu.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::tiling::Tiling;
use super::transform::Scheme;
use crate::conv::Limit;
use crate::simd::{Kernel, LANES, Simd};
use std::marker::PhantomData;
use std::ops::Range;

pub(super) struct Output<'a, X, const M: usize, const N: usize> {
    pub tiling: &'a Tiling,
    /// Tile rows of the block.
    pub rows: Range<usize>,
    /// `m[point·pitch + channel·lanes + tile]`
    pub m: &'a [f32],
    pub pitch: usize,
    pub lanes: usize,
    /// Written channels.
    pub channels: usize,
    /// For each of them.
    pub bias: Option<&'a [f32]>,
    pub limit: Limit,
    /// The first of them in the first sample; distance between two samples.
    pub out: *mut f32,
    pub sample: usize,
    pub scheme: PhantomData<X>,
}

/// Where a tile's outputs start, and how many of its rows and columns there are.
#[derive(Clone, Copy, Default)]
struct Place {
    out: usize,
    height: usize,
    width: usize,
}

impl<X: Scheme<M, N>, const M: usize, const N: usize> Kernel for Output<'_, X, M, N> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let tiling = self.tiling;
        let [height, width] = tiling.target;
        let tiles = self.rows.len() * tiling.across;
        let last = (N * N - 1) * self.pitch + (self.channels - 1) * self.lanes;
        assert!(self.m.len() >= last + tiles.next_multiple_of(LANES));
        for first in (0..tiles).step_by(LANES) {
            // dead lanes have no rows
            let mut places = [Place::default(); LANES];
            for lane in 0..LANES.min(tiles - first) {
                let (row, across) = tiling.tile(self.rows.start, first + lane);
                let (top, left) = (row.down * M, across * M);
                places[lane] = Place {
                    out: row.image * self.sample + top * width + left,
                    height: M.min(height - top),
                    width: M.min(width - left),
                };
            }
            let whole = M == 4 && places.iter().all(|p| p.height == M && p.width == M);
            for channel in 0..self.channels {
                let m = self.m[channel * self.lanes + first..].as_ptr();
                let out = self.out.wrapping_add(channel * tiling.positions());
                let bias = self.bias.map_or(0.0, |b| b[channel]);
                // SAFETY: by the assertion `m` has a vector here at every point; the tiling's places lie inside the
                // channel of the output, and this item alone writes them.
                unsafe {
                    let y = self.transform(simd, m, bias);
                    if whole {
                        for i in 0..4 {
                            let mut to = [out; LANES];
                            for lane in 0..LANES {
                                to[lane] = out.add(places[lane].out + i * width);
                            }
                            let mut row = [simd.splat(0.0); 4];
                            for j in 0..4 {
                                row[j] = y[i % M][j % M];
                            }
                            simd.scatter4(to, row);
                        }
                    } else {
                        store_live(simd, &y, &places, out, width);
                    }
                }
            }
        }
    }
}

impl<X: Scheme<M, N>, const M: usize, const N: usize> Output<'_, X, M, N> {
    /// # Safety
    /// `m` must have a vector at every point.
    #[inline(always)]
    unsafe fn transform<S: Simd>(&self, simd: S, m: *const f32, bias: f32) -> [[S::V; M]; M] {
        let zero = simd.splat(0.0);
        let mut columns = [[zero; N]; M];
        for j in 0..N {
            let mut d = [zero; N];
            for i in 0..N {
                // SAFETY: by the contract above.
                d[i] = unsafe { simd.load(m.add((i * N + j) * self.pitch)) };
            }
            if j == 1 {
                // the product of point 1 by point 1 goes to every output as it is
                d[1] = simd.add(d[1], simd.splat(bias));
            }
            let column = X::output(simd, d);
            for i in 0..M {
                columns[i][j] = column[i];
            }
        }
        let mut y = [[zero; M]; M];
        for i in 0..M {
            y[i] = X::output(simd, columns[i]);
            for j in 0..M {
                y[i][j] = self.limit.vector(simd, y[i][j]);
            }
        }
        y
    }
}

/// Stores what there is of eight tiles.
///
/// # Safety
/// The places must lie inside the output channel that starts at `out`.
#[inline(always)]
unsafe fn store_live<S: Simd, const M: usize>(
    simd: S,
    y: &[[S::V; M]; M],
    places: &[Place; LANES],
    out: *mut f32,
    width: usize,
) {
    let mut lanes = [[0.0f32; 16]; LANES];
    for four in 0..M * M / 4 {
        let mut v = [simd.splat(0.0); 4];
        for j in 0..4 {
            v[j] = y[(4 * four + j) / M][(4 * four + j) % M];
        }
        let mut to = [out; LANES];
        for (to, lane) in to.iter_mut().zip(&mut lanes) {
            *to = lane[4 * four..].as_mut_ptr();
        }
        // SAFETY: the arrays have sixteen numbers.
        unsafe { simd.scatter4(to, v) };
    }
    for (place, lane) in places.iter().zip(&lanes) {
        for i in 0..place.height {
            // SAFETY: by the contract above.
            unsafe {
                let (from, to) = (lane.as_ptr().add(i * M), out.add(place.out + i * width));
                match place.width {
                    4 => std::ptr::copy_nonoverlapping(from, to, 4),
                    3 => std::ptr::copy_nonoverlapping(from, to, 3),
                    2 => std::ptr::copy_nonoverlapping(from, to, 2),
                    _ => std::ptr::copy_nonoverlapping(from, to, 1),
                }
            }
        }
    }
}
