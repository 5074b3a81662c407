//! The products of a part of the written channels: `m[point][o][tile] = Σ_c u[point][o][c]·v[point][c][tile]`.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::tiling::Panel;
use crate::product::accumulate;
use crate::simd::{Kernel, LANES, Simd, Wide};

/// All points, four written channels (eight, where there are registers) and a panel of tiles at a time.
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
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (lanes, wide) = (self.lanes, S::Wide::LANES / LANES);
        assert!(self.vectors * LANES <= lanes && lanes.is_multiple_of(S::Wide::LANES));
        let four = self.channels * 4;
        for point in 0..self.points {
            let u = &self.u[point * self.fours * four..][..self.fours * four];
            let v = &self.v[point * self.v_pitch..][..self.channels * lanes];
            let m = &mut self.m[point * self.m_pitch..][..self.fours * 4 * lanes];
            for panel in self.panels.iter().take_while(|panel| panel.first < self.vectors) {
                let step = panel.width * LANES;
                let v = v[panel.first * self.channels * LANES..][..self.channels * step].as_ptr();
                let registers = panel.width.min(self.vectors - panel.first).div_ceil(wide);
                let mut number = 0;
                while number < self.fours {
                    let both = S::Wide::ROWS == 8 && number + 2 <= self.fours;
                    let (u, m) =
                        (u[number * four..].as_ptr(), m[number * 4 * lanes + panel.first * LANES..].as_mut_ptr());
                    let at = Tile { channels: self.channels, u, v, step, m, lanes };
                    // SAFETY: the slices have four weights and a panel's row for each channel, `lanes` numbers for each
                    // written channel, and the panel lies within the lanes.
                    unsafe {
                        match (registers, both) {
                            (3, true) => at.tile::<S::Wide, 8, 3>(simd.wide()),
                            (2, true) => at.tile::<S::Wide, 8, 2>(simd.wide()),
                            (_, true) => at.tile::<S::Wide, 8, 1>(simd.wide()),
                            (3, false) => at.tile::<S::Wide, 4, 3>(simd.wide()),
                            (2, false) => at.tile::<S::Wide, 4, 2>(simd.wide()),
                            (_, false) => at.tile::<S::Wide, 4, 1>(simd.wide()),
                        }
                    }
                    number += if both { 2 } else { 1 };
                }
            }
        }
    }
}

/// Where a tile of products finds its operands.
#[derive(Clone, Copy)]
struct Tile {
    channels: usize,
    u: *const f32,
    v: *const f32,
    step: usize,
    m: *mut f32,
    lanes: usize,
}

impl Tile {
    /// # Safety
    /// `u` must have `4·channels` numbers for each four of the `R` rows, `v` `V` registers every `step` numbers,
    /// `channels` times, `m` `V` every `lanes` numbers, `R` times.
    #[inline(always)]
    unsafe fn tile<W: Wide, const R: usize, const V: usize>(self, wide: W) {
        let Tile { channels, u, v, step, m, lanes } = self;
        let mut sums = [[wide.splat(0.0); V]; R];
        // SAFETY: by the contract above.
        unsafe {
            accumulate(
                wide,
                channels,
                |channel, r| u.add((r / 4 * channels + channel) * 4 + r % 4),
                |channel, w| wide.load(v.add(channel * step + w * W::LANES)),
                &mut sums,
            );
            for r in 0..R {
                for w in 0..V {
                    wide.store(m.add(r * lanes + w * W::LANES), sums[r][w]);
                }
            }
        }
    }
}
