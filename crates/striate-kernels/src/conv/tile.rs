//! The micro-kernel of the forward pass and of the input gradient.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::lattice::{Tile, Tiles};
use crate::conv::Limit;
use crate::simd::{Kernel, LANES, Simd};

/// Output channels of a block, in which its packed weights lie side by side: 6, 4, 3, 2 or 1.
///
/// Blocks of 6 and 4 keep the multipliers busiest; the split has no waste.
pub(crate) fn blocks(outputs: usize) -> Vec<(usize, usize)> {
    let widths: Vec<usize> = match outputs {
        0 => vec![],
        1..=4 => vec![outputs],
        5 => vec![3, 2],
        _ if outputs.is_multiple_of(4) => vec![4; outputs / 4],
        _ => match outputs % 6 {
            0 => vec![6; outputs / 6],
            1 => [vec![6; outputs / 6 - 1], vec![4, 3]].concat(),
            2 => [vec![6; outputs / 6 - 1], vec![4, 4]].concat(),
            5 => [vec![6; outputs / 6 - 1], vec![4, 4, 3]].concat(),
            rest => [vec![6; outputs / 6], vec![rest]].concat(),
        },
    };
    let mut first = 0;
    let mut place = |width| {
        first += width;
        (first - width, width)
    };
    widths.into_iter().map(&mut place).collect()
}

/// All tiles of a block of `M` output channels:
/// `out[m][p] = bias[m] + Σ_r weights[r][m] · copy[base(p) + offsets[r]]`.
pub(crate) struct Block<'a, const M: usize> {
    pub tiles: &'a Tiles,
    /// Images in work; the tiles of the others are left out.
    pub images: usize,
    pub offsets: &'a [u32],
    pub weights: &'a [f32],
    pub copy: &'a [f32],
    pub bias: [f32; M],
    pub limit: Limit,
    /// The first sample's output of the block's first channel.
    pub out: *mut f32,
    /// Distance between two channels' outputs.
    pub pitch: usize,
}

impl<const M: usize> Kernel for Block<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        debug_assert_eq!(self.weights.len(), self.offsets.len() * M);
        let mut rest = &self.tiles.tiles[..self.tiles.after[self.images]];
        macro_rules! rounds {
            ($($width:literal),*) => {{$(
                while let Some((tiles, after)) = rest.split_first_chunk::<$width>() {
                    // SAFETY: the lattice made tiles and offsets for this copy and this output.
                    unsafe { self.tile(simd, tiles) };
                    rest = after;
                }
            )*}};
        }
        // as many vectors as leave registers for twelve sums; fewer at the end
        match M {
            6 => rounds!(2, 1),
            4 => rounds!(3, 2, 1),
            3 => rounds!(4, 2, 1),
            2 => rounds!(4, 2, 1),
            _ => rounds!(8, 4, 2, 1),
        }
    }
}

impl<const M: usize> Block<'_, M> {
    /// # Safety
    /// `base + offset + LANES` must lie inside the copy for all tiles and offsets, and the tiles' outputs inside the
    /// output.
    #[inline(always)]
    unsafe fn tile<S: Simd, const V: usize>(&self, simd: S, tiles: &[Tile; V]) {
        let mut sums = [[simd.splat(0.0); V]; M];
        for m in 0..M {
            for v in 0..V {
                sums[m][v] = simd.splat(self.bias[m]);
            }
        }
        let starts = tiles.map(|t| t.base as usize);
        let copy = self.copy.as_ptr();
        let mut weights = self.weights.as_ptr();
        for &offset in self.offsets {
            // SAFETY: by the contract above; `weights` has `M` numbers for each offset.
            unsafe {
                let at = copy.add(offset as usize);
                if V <= M {
                    let mut x = [simd.splat(0.0); V];
                    for v in 0..V {
                        x[v] = simd.load(at.add(starts[v]));
                    }
                    for m in 0..M {
                        let w = simd.splat_at(weights.add(m));
                        for v in 0..V {
                            sums[m][v] = simd.fma(x[v], w, sums[m][v]);
                        }
                    }
                } else {
                    let mut w = [simd.splat(0.0); M];
                    for m in 0..M {
                        w[m] = simd.splat_at(weights.add(m));
                    }
                    for v in 0..V {
                        let x = simd.load(at.add(starts[v]));
                        for m in 0..M {
                            sums[m][v] = simd.fma(x, w[m], sums[m][v]);
                        }
                    }
                }
                weights = weights.add(M);
            }
        }
        if self.limit != Limit::None {
            for m in 0..M {
                for v in 0..V {
                    sums[m][v] = self.limit.vector(simd, sums[m][v]);
                }
            }
        }
        for (v, tile) in tiles.iter().enumerate() {
            let segments = &self.tiles.segments[tile.first as usize..][..tile.segments as usize];
            if let [segment] = segments
                && segment.count as usize == LANES
                && self.tiles.step == 1
            {
                for m in 0..M {
                    // SAFETY: the segment's outputs lie inside the output.
                    unsafe { simd.store(self.out.add(m * self.pitch + segment.out as usize), sums[m][v]) };
                }
                continue;
            }
            let mut lanes = [[0.0f32; LANES]; M];
            for m in 0..M {
                // SAFETY: `lanes[m]` has `LANES` numbers.
                unsafe { simd.store(lanes[m].as_mut_ptr(), sums[m][v]) };
            }
            for segment in segments {
                for m in 0..M {
                    // SAFETY: the segment's outputs lie inside the output, and its lanes below `LANES`.
                    unsafe {
                        let to = self.out.add(m * self.pitch + segment.out as usize);
                        let from = lanes[m].as_ptr().add(segment.lane as usize);
                        scatter(from, to, segment.count as usize, self.tiles.step);
                    }
                }
            }
        }
    }
}

/// `to[i·step] = from[i]` for `i` below `count <= LANES`.
///
/// # Safety
/// All these elements must be readable and writable.
#[inline(always)]
unsafe fn scatter(from: *const f32, to: *mut f32, count: usize, step: usize) {
    // SAFETY: by the contract above.
    unsafe {
        if step == 1 {
            let mut done = 0;
            for size in [8, 4, 2, 1] {
                if count & size != 0 {
                    std::ptr::copy_nonoverlapping(from.add(done), to.add(done), size);
                    done += size;
                }
            }
        } else {
            for i in 0..count {
                *to.add(i * step) = *from.add(i);
            }
        }
    }
}
