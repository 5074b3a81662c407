//! The products of the weight gradient at a point: `s[o][c] += Σ_t w[o][t]·v[c][t]`, eight input channels to a vector.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use crate::simd::{Kernel, LANES, Simd};

/// Four outputs and up to three vectors of input channels at a time.
pub(super) struct Outer<'a> {
    /// Fours of outputs and eights of input channels.
    pub fours: usize,
    pub eights: usize,
    /// Tiles in work, and distance between two outputs of `w` and two eights of `v` in tiles.
    pub tiles: usize,
    pub lanes: usize,
    /// `[output][tile]`
    pub w: &'a [f32],
    /// `[eight][tile][8]`
    pub v: &'a [f32],
    /// `[output][eight][8]`; set instead of added to when the sums begin.
    pub s: &'a mut [f32],
    pub begins: bool,
}

impl Kernel for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        assert!(self.tiles <= self.lanes && self.w.len() >= self.fours * 4 * self.lanes);
        assert!(self.v.len() >= self.eights * self.lanes * LANES);
        assert!(self.s.len() >= self.fours * 4 * self.eights * LANES);
        let mut eight = 0;
        while eight < self.eights {
            // no single vector, if that can be: its sums are too few to hide the multipliers' latency
            let width = match self.eights - eight {
                4 => 2,
                rest => rest.min(3),
            };
            for four in 0..self.fours {
                // SAFETY: by the assertions, four outputs and `width` eights from here lie inside all three.
                unsafe {
                    match width {
                        3 => self.tile::<S, 3>(simd, four, eight),
                        2 => self.tile::<S, 2>(simd, four, eight),
                        _ => self.tile::<S, 1>(simd, four, eight),
                    }
                }
            }
            eight += width;
        }
    }
}

impl Outer<'_> {
    /// # Safety
    /// Four outputs from `4·four` and `W` eights from `eight` must lie inside `w`, `v` and `s`.
    #[inline(always)]
    unsafe fn tile<S: Simd, const W: usize>(&self, simd: S, four: usize, eight: usize) {
        let mut sums = [[simd.splat(0.0); W]; 4];
        let step = self.eights * LANES;
        let s = self.s.as_ptr().cast_mut().wrapping_add(four * 4 * step + eight * LANES);
        let mut w = self.w.as_ptr().wrapping_add(four * 4 * self.lanes);
        let mut v = self.v.as_ptr().wrapping_add(eight * self.lanes * LANES);
        // SAFETY: by the contract above.
        unsafe {
            if !self.begins {
                for o in 0..4 {
                    for c in 0..W {
                        sums[o][c] = simd.load(s.add(o * step + c * LANES));
                    }
                }
            }
            for _ in 0..self.tiles {
                let mut x = [simd.splat(0.0); W];
                for c in 0..W {
                    x[c] = simd.load(v.add(c * self.lanes * LANES));
                }
                for o in 0..4 {
                    let weight = simd.splat_at(w.add(o * self.lanes));
                    for c in 0..W {
                        sums[o][c] = simd.fma(x[c], weight, sums[o][c]);
                    }
                }
                w = w.add(1);
                v = v.add(LANES);
            }
            for o in 0..4 {
                for c in 0..W {
                    simd.store(s.add(o * step + c * LANES), sums[o][c]);
                }
            }
        }
    }
}
