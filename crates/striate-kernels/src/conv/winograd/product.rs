//! The products of a part of the written channels: `m[point][o][tile] = Σ_c u[point][o][c]·v[point][c][tile]`.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::tiling::Panel;
use crate::simd::{Kernel, LANES, Simd};

/// All points, four written channels and a panel of tiles at a time.
pub(super) struct Product<'a> {
    pub points: usize,
    /// Read channels, and fours of written ones.
    pub channels: usize,
    pub fours: usize,
    /// Distance between two channels of `m`, and vectors in work.
    pub lanes: usize,
    pub vectors: usize,
    pub panels: &'a [Panel],
    /// `[point][four][channel][4]`
    pub u: &'a [f32],
    /// `[point][panel][channel][lane]`, points `v_pitch` apart.
    pub v: &'a [f32],
    pub v_pitch: usize,
    /// `[point][written channel][lane]`, points `m_pitch` apart.
    pub m: &'a mut [f32],
    pub m_pitch: usize,
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        assert!(self.vectors * LANES <= self.lanes);
        for point in 0..self.points {
            let u = &self.u[point * self.fours * self.channels * 4..][..self.fours * self.channels * 4];
            let v = &self.v[point * self.v_pitch..][..self.channels * self.lanes];
            let m = &mut self.m[point * self.m_pitch..][..self.fours * 4 * self.lanes];
            for panel in self.panels.iter().take_while(|panel| panel.first < self.vectors) {
                let step = panel.width * LANES;
                let v = v[panel.first * self.channels * LANES..][..self.channels * step].as_ptr();
                for four in 0..self.fours {
                    let u = u[four * self.channels * 4..].as_ptr();
                    let m = m[four * 4 * self.lanes + panel.first * LANES..].as_mut_ptr();
                    // SAFETY: the slices have four weights and a panel's row for each channel, `lanes` numbers for each
                    // written channel, and the panel lies within the lanes.
                    unsafe {
                        match panel.width.min(self.vectors - panel.first) {
                            3 => tile::<S, 3>(simd, self.channels, u, v, step, m, self.lanes),
                            2 => tile::<S, 2>(simd, self.channels, u, v, step, m, self.lanes),
                            _ => tile::<S, 1>(simd, self.channels, u, v, step, m, self.lanes),
                        }
                    }
                }
            }
        }
    }
}

/// # Safety
/// `u` must have `4·channels` numbers, `v` `W` vectors every `step` numbers, `channels` times, `m` `W` every `lanes`
/// numbers, four times.
#[inline(always)]
unsafe fn tile<S: Simd, const W: usize>(
    simd: S,
    channels: usize,
    mut u: *const f32,
    mut v: *const f32,
    step: usize,
    m: *mut f32,
    lanes: usize,
) {
    let mut sums = [[simd.splat(0.0); W]; 4];
    // SAFETY: by the contract above.
    unsafe {
        for _ in 0..channels {
            let mut x = [simd.splat(0.0); W];
            for w in 0..W {
                x[w] = simd.load(v.add(w * LANES));
            }
            for o in 0..4 {
                let weight = simd.splat_at(u.add(o));
                for w in 0..W {
                    sums[o][w] = simd.fma(x[w], weight, sums[o][w]);
                }
            }
            u = u.add(4);
            v = v.add(step);
        }
        for o in 0..4 {
            for w in 0..W {
                simd.store(m.add(o * lanes + w * LANES), sums[o][w]);
            }
        }
    }
}
