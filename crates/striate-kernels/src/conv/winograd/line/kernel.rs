//! The kernels' own transforms: `U = G·g` for the data passes, `∂g = Gᵀ·s` at the end of the weight gradient; eight read
//! channels to a vector.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::phase::{KERNEL, Phase, Phases};
use super::transform::{POINTS, TAPS, TILE, filter, grad_filter, with_taps};
use crate::simd::{Kernel, LANES, Simd};

/// Four written channels of a part, as `[point][four][read channel][4]`; those that lack have zeros.
pub(super) struct Filter<'a> {
    pub phases: &'a Phases,
    /// From the first written channel's first kernel on; taps of a kernel.
    pub weights: &'a [f32],
    pub taps: usize,
    /// Written channels: four, or those that are left.
    pub live: usize,
    /// Read channels.
    pub reads: usize,
    /// Distances between the kernels of two written channels, and of two read channels.
    pub write_step: usize,
    pub read_step: usize,
    /// Where the four start at point 0, and the distance between two points.
    pub u: *mut f32,
    pub pitch: usize,
}

impl Kernel for Filter<'_> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let zero = simd.splat(0.0);
        for first in (0..self.reads).step_by(LANES) {
            let count = LANES.min(self.reads - first);
            let mut kernels = [[zero; KERNEL]; 4];
            for m in 0..self.live {
                let mut rows = [zero; LANES];
                for lane in 0..count {
                    let kernel = &self.weights[m * self.write_step + (first + lane) * self.read_step..][..self.taps];
                    // SAFETY: the kernel has `taps` numbers, at most eight.
                    rows[lane] = unsafe { simd.load_partial(kernel.as_ptr(), self.taps) };
                }
                kernels[m] = simd.transpose(rows);
            }
            for phase in &self.phases.all {
                let u = self.u.wrapping_add(phase.point * self.pitch + first * 4);
                // SAFETY: every point has room for four numbers of each read channel, which this item alone writes.
                unsafe { with_taps!(phase.taps, phase_of(simd, phase, &kernels, u, self.pitch, count)) };
            }
        }
    }
}

/// # Safety
/// At each of the phase's points, `pitch` apart from `u` on, there must be room for four numbers of `count` channels.
#[inline(always)]
unsafe fn phase_of<S: Simd, const R: usize>(
    simd: S,
    phase: &Phase,
    kernels: &[[S::V; KERNEL]; 4],
    u: *mut f32,
    pitch: usize,
    count: usize,
) {
    let mut points = [[simd.splat(0.0); 4]; POINTS];
    for m in 0..4 {
        let mut g = [simd.splat(0.0); TAPS];
        for i in 0..R {
            g[i] = kernels[m][phase.tap[i] % KERNEL];
        }
        let row = filter::<S, R>(simd, &g);
        for i in 0..R + TILE - 1 {
            points[i][m] = row[i];
        }
    }
    for i in 0..R + TILE - 1 {
        let mut rest = [[0.0f32; 4]; LANES];
        let mut to = [u; LANES];
        for lane in 0..LANES {
            to[lane] = if lane < count { u.wrapping_add(i * pitch + 4 * lane) } else { rest[lane].as_mut_ptr() };
        }
        // SAFETY: by the contract above.
        unsafe { simd.scatter4(to, points[i]) };
    }
}

/// The kernels of an output, from the sums at the points.
pub(super) struct GradFilter<'a> {
    pub phases: &'a Phases,
    /// From the output's first channel at point 0 on; distance between two points.
    pub s: &'a [f32],
    pub pitch: usize,
    /// `taps` numbers for each input channel.
    pub taps: usize,
    pub grad_w: &'a mut [f32],
}

impl Kernel for GradFilter<'_> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let zero = simd.splat(0.0);
        for (eight, kernels) in self.grad_w.chunks_mut(self.taps * LANES).enumerate() {
            let mut rows = [zero; KERNEL];
            for phase in &self.phases.all {
                let s = &self.s[phase.point * self.pitch + eight * LANES..];
                with_taps!(phase.taps, kernel_of(simd, phase, s, self.pitch, &mut rows));
            }
            let rows = simd.transpose(rows);
            for (lane, kernel) in kernels.chunks_exact_mut(self.taps).enumerate() {
                // SAFETY: the kernel has `taps` numbers, at most eight.
                unsafe { simd.store_partial(kernel.as_mut_ptr(), rows[lane], self.taps) };
            }
        }
    }
}

#[inline(always)]
fn kernel_of<S: Simd, const R: usize>(simd: S, phase: &Phase, s: &[f32], pitch: usize, rows: &mut [S::V; KERNEL]) {
    let mut points = [simd.splat(0.0); POINTS];
    for i in 0..R + TILE - 1 {
        let s = &s[i * pitch..][..LANES];
        // SAFETY: the slice has `LANES` numbers.
        points[i] = unsafe { simd.load(s.as_ptr()) };
    }
    let g = grad_filter::<S, R>(simd, &points);
    for i in 0..R {
        rows[phase.tap[i] % KERNEL] = g[i];
    }
}
