//! The end of the weight gradient: `∂w = Gᵀ·s·G` of an output's kernels, eight input channels to a vector.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::transform::Scheme;
use crate::simd::{Kernel, LANES, Simd};
use std::marker::PhantomData;

pub(super) struct GradFilter<'a, X, const M: usize, const N: usize> {
    /// From the output's first channel at point 0 on; distance between two points.
    pub s: &'a [f32],
    pub pitch: usize,
    /// The kernel's taps come in reverse.
    pub reversed: bool,
    /// Nine numbers for each input channel.
    pub grad_w: &'a mut [f32],
    pub scheme: PhantomData<X>,
}

impl<X: Scheme<M, N>, const M: usize, const N: usize> Kernel for GradFilter<'_, X, M, N> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let zero = simd.splat(0.0);
        for (eight, planes) in self.grad_w.chunks_mut(9 * LANES).enumerate() {
            let mut columns = [[zero; N]; 3];
            for j in 0..N {
                let mut d = [zero; N];
                for i in 0..N {
                    let s = &self.s[(i * N + j) * self.pitch + eight * LANES..][..LANES];
                    // SAFETY: the slice has `LANES` numbers.
                    d[i] = unsafe { simd.load(s.as_ptr()) };
                }
                let column = X::grad_filter(simd, d);
                for y in 0..3 {
                    columns[y][j] = column[y];
                }
            }
            let mut g = [zero; 9];
            for y in 0..3 {
                let row = X::grad_filter(simd, columns[y]);
                for x in 0..3 {
                    g[3 * y + x] = row[x];
                }
            }
            if self.reversed {
                g.reverse();
            }
            let mut rows = [zero; LANES];
            rows.copy_from_slice(&g[..LANES]);
            let rows = simd.transpose(rows);
            let mut last = [0.0f32; LANES];
            // SAFETY: the array has `LANES` numbers.
            unsafe { simd.store(last.as_mut_ptr(), g[8]) };
            for (lane, plane) in planes.chunks_exact_mut(9).enumerate() {
                // SAFETY: the plane has nine numbers.
                unsafe { simd.store(plane.as_mut_ptr(), rows[lane]) };
                plane[8] = last[lane];
            }
        }
    }
}
