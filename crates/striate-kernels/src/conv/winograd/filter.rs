//! The filter transform `U = G·g·Gᵀ`, eight read channels to a vector, four written channels side by side.
//!
//! A part of the written channels has its `U` as `[point][four][read channel][4]`; written channels that lack have zeros.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::transform::Scheme;
use crate::simd::{Kernel, LANES, Simd};
use std::marker::PhantomData;

/// Four written channels of a part.
pub(super) struct Filter<'a, X, const M: usize, const N: usize> {
    /// From the first written channel's first kernel plane on.
    pub weights: &'a [f32],
    /// Written channels: four, or those that are left.
    pub live: usize,
    /// Read channels.
    pub reads: usize,
    /// Distances between the kernel planes of two written channels, and of two read channels.
    pub write_step: usize,
    pub read_step: usize,
    /// The kernel's taps come in reverse.
    pub reversed: bool,
    /// Where the four start at point 0, and the distance between two points.
    pub u: *mut f32,
    pub pitch: usize,
    pub scheme: PhantomData<X>,
}

impl<X: Scheme<M, N>, const M: usize, const N: usize> Kernel for Filter<'_, X, M, N> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let zero = simd.splat(0.0);
        for first in (0..self.reads).step_by(LANES) {
            let count = LANES.min(self.reads - first);
            let mut points = [[[zero; 4]; N]; N];
            for m in 0..self.live {
                let mut g = [zero; 9];
                let mut rows = [zero; LANES];
                let mut last = [0.0f32; LANES];
                for lane in 0..count {
                    let at = m * self.write_step + (first + lane) * self.read_step;
                    let plane = &self.weights[at..][..9];
                    // SAFETY: the plane has nine numbers.
                    rows[lane] = unsafe { simd.load(plane.as_ptr()) };
                    last[lane] = plane[8];
                }
                g[..LANES].copy_from_slice(&simd.transpose(rows));
                // SAFETY: the array has `LANES` numbers.
                g[8] = unsafe { simd.load(last.as_ptr()) };
                if self.reversed {
                    g.reverse();
                }
                let mut columns = [[zero; 3]; N];
                for x in 0..3 {
                    let column = X::filter(simd, [g[x], g[3 + x], g[6 + x]]);
                    for i in 0..N {
                        columns[i][x] = column[i];
                    }
                }
                for i in 0..N {
                    let row = X::filter(simd, columns[i]);
                    for j in 0..N {
                        points[i][j][m] = row[j];
                    }
                }
            }
            for i in 0..N {
                for j in 0..N {
                    let u = self.u.wrapping_add((i * N + j) * self.pitch + first * 4);
                    let mut rest = [[0.0f32; 4]; LANES];
                    let mut to = [u; LANES];
                    for lane in 0..LANES {
                        to[lane] = if lane < count { u.wrapping_add(4 * lane) } else { rest[lane].as_mut_ptr() };
                    }
                    // SAFETY: every point has room for four numbers of each read channel, which this item alone writes.
                    unsafe { simd.scatter4(to, points[i][j]) };
                }
            }
        }
    }
}
