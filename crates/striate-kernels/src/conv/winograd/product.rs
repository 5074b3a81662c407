//! The products of a part of the written channels: `m[point][o][tile] = Σ_c u[point][o][c]·v[point][c][tile]`.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use crate::simd::{Kernel, LANES, Simd};

/// All points, four written channels and up to three vectors of tiles at a time.
pub(super) struct Product<'a> {
    pub points: usize,
    /// Read channels, and fours of written ones.
    pub channels: usize,
    pub fours: usize,
    /// Distance between two channels of `v` and of `m`, and vectors in work.
    pub lanes: usize,
    pub vectors: usize,
    /// `[point][four][channel][4]`
    pub u: &'a [f32],
    /// `[point][channel][lane]`, points `v_pitch` apart.
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
            let mut vector = 0;
            while vector < self.vectors {
                // no single vector, if that can be: its sums are too few to hide the multipliers' latency
                let width = match self.vectors - vector {
                    4 => 2,
                    rest => rest.min(3),
                };
                for four in 0..self.fours {
                    let u = u[four * self.channels * 4..].as_ptr();
                    let v = v[vector * LANES..].as_ptr();
                    let m = m[four * 4 * self.lanes + vector * LANES..].as_mut_ptr();
                    // SAFETY: the slices have four weights and `lanes` numbers for each channel, `lanes` for each
                    // written channel, and the vectors lie within the lanes.
                    unsafe {
                        match width {
                            3 => tile::<S, 3>(simd, self.channels, self.lanes, u, v, m),
                            2 => tile::<S, 2>(simd, self.channels, self.lanes, u, v, m),
                            _ => tile::<S, 1>(simd, self.channels, self.lanes, u, v, m),
                        }
                    }
                }
                vector += width;
            }
        }
    }
}

/// # Safety
/// `u` must have `4·channels` numbers; `v` `W` vectors every `lanes` numbers, `channels` times; `m` the same, four times.
#[inline(always)]
unsafe fn tile<S: Simd, const W: usize>(
    simd: S,
    channels: usize,
    lanes: usize,
    mut u: *const f32,
    mut v: *const f32,
    m: *mut f32,
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
            v = v.add(lanes);
        }
        for o in 0..4 {
            for w in 0..W {
                simd.store(m.add(o * lanes + w * LANES), sums[o][w]);
            }
        }
    }
}
