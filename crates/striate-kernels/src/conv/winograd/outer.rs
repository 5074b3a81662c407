//! The products of the weight gradient at a point: `s[o][c] += Σ_t w[o][t]·v[c][t]`, lanes along the input channels.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use crate::product::accumulate;
use crate::simd::{Eight, Kernel, LANES, Simd, Wide};

/// Four outputs (eight, where there are registers) and up to three registers of input channels at a time.
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
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let s = self.s.as_mut_ptr();
        assert!(self.tiles <= self.lanes && self.w.len() >= self.fours * 4 * self.lanes);
        assert!(self.v.len() >= self.eights * self.lanes * LANES);
        assert!(self.s.len() >= self.fours * 4 * self.eights * LANES);
        let wide = S::Wide::LANES / LANES;
        let mut eight = 0;
        while eight < self.eights {
            // no single register, if that can be: its sums are too few to hide the multipliers' latency
            let registers = match (self.eights - eight) / wide {
                4 => 2,
                rest => rest.min(3),
            };
            let mut four = 0;
            while four < self.fours {
                let both = S::Wide::ROWS == 8 && four + 2 <= self.fours;
                // SAFETY: by the assertions, these outputs and eights lie inside all three.
                unsafe {
                    match (registers, both) {
                        (3, true) => self.tile::<S::Wide, 8, 3>(simd.wide(), s, four, eight),
                        (2, true) => self.tile::<S::Wide, 8, 2>(simd.wide(), s, four, eight),
                        (1, true) => self.tile::<S::Wide, 8, 1>(simd.wide(), s, four, eight),
                        (3, false) => self.tile::<S::Wide, 4, 3>(simd.wide(), s, four, eight),
                        (2, false) => self.tile::<S::Wide, 4, 2>(simd.wide(), s, four, eight),
                        (1, false) => self.tile::<S::Wide, 4, 1>(simd.wide(), s, four, eight),
                        // a last eight that fills no register
                        (_, true) => self.tile::<Eight<S>, 8, 1>(Eight(simd), s, four, eight),
                        (_, false) => self.tile::<Eight<S>, 4, 1>(Eight(simd), s, four, eight),
                    }
                }
                four += if both { 2 } else { 1 };
            }
            eight += (registers * wide).max(1);
        }
    }
}

impl Outer<'_> {
    /// # Safety
    /// `R` outputs from `4·four` and `V` registers from `eight` must lie inside `w`, `v` and the sums that begin at `s`.
    #[inline(always)]
    unsafe fn tile<W: Wide, const R: usize, const V: usize>(&self, wide: W, s: *mut f32, four: usize, eight: usize) {
        let mut sums = [[wide.splat(0.0); V]; R];
        let (lanes, step) = (self.lanes, self.eights * LANES);
        let s = s.wrapping_add(four * 4 * step + eight * LANES);
        let w = self.w.as_ptr().wrapping_add(four * 4 * lanes);
        let v = self.v.as_ptr().wrapping_add(eight * lanes * LANES);
        let eights = W::LANES / LANES;
        // SAFETY: by the contract above.
        unsafe {
            if !self.begins {
                for r in 0..R {
                    for c in 0..V {
                        sums[r][c] = wide.load(s.add(r * step + c * W::LANES));
                    }
                }
            }
            accumulate(
                wide,
                self.tiles,
                |tile, r| w.add(r * lanes + tile),
                |tile, c| wide.load_eights(|half| v.add(((c * eights + half) * lanes + tile) * LANES)),
                &mut sums,
            );
            for r in 0..R {
                for c in 0..V {
                    wide.store(s.add(r * step + c * W::LANES), sums[r][c]);
                }
            }
        }
    }
}
