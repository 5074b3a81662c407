//! The micro-kernel of the forward pass and of the input gradient.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::lattice::{Store, Tile, Tiles};
use crate::conv::Limit;
use crate::product::accumulate;
use crate::simd::{Kernel, Simd, WIDEST, Wide};

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
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        debug_assert_eq!(self.weights.len(), self.offsets.len() * M);
        let mut rest = &self.tiles.tiles[..self.tiles.after[self.images]];
        // as many registers as leave room for all sums; but no single one last, if that can be
        macro_rules! rounds {
            ($($width:literal),*) => {
                while !rest.is_empty() {
                    $(if rest.len() >= $width && rest.len() != $width + 1 {
                        let (tiles, after) = rest.split_at($width);
                        // SAFETY: the lattice made tiles and offsets for this copy and this output.
                        unsafe { self.tile::<S, $width>(simd, tiles) };
                        rest = after;
                        continue;
                    })*
                    unreachable!("a width of one and of two");
                }
            };
        }
        match (S::Wide::ROWS == 8, M) {
            (true, 6) => rounds!(4, 3, 2, 1),
            (true, 4) => rounds!(6, 3, 2, 1),
            (true, _) => rounds!(8, 4, 3, 2, 1),
            (false, 6) => rounds!(2, 1),
            (false, 4) => rounds!(3, 2, 1),
            (false, 3 | 2) => rounds!(4, 2, 1),
            _ => rounds!(8, 4, 2, 1),
        }
    }
}

impl<const M: usize> Block<'_, M> {
    /// # Safety
    /// `base + offset` and the lanes from there must lie inside the copy for all tiles and offsets, and the tiles'
    /// outputs inside the output.
    #[inline(always)]
    unsafe fn tile<S: Simd, const V: usize>(&self, simd: S, tiles: &[Tile]) {
        let wide = simd.wide();
        let mut sums = [[wide.splat(0.0); V]; M];
        for m in 0..M {
            for v in 0..V {
                sums[m][v] = wide.splat(self.bias[m]);
            }
        }
        let mut starts = [self.copy.as_ptr(); V];
        for v in 0..V {
            starts[v] = starts[v].wrapping_add(tiles[v].base as usize);
        }
        // SAFETY: by the contract above; `weights` has `M` numbers for each offset.
        unsafe {
            accumulate(
                wide,
                self.offsets.len(),
                |term, m| self.weights.as_ptr().add(term * M + m),
                |term, v| wide.load(starts[v].add(*self.offsets.get_unchecked(term) as usize)),
                &mut sums,
            );
        }
        let bounds = self.limit.bounds(wide);
        for m in 0..M {
            for v in 0..V {
                sums[m][v] = bounds.of(sums[m][v]);
            }
        }
        if tiles.iter().all(|tile| tile.store != Store::Segments) {
            for v in 0..V {
                let to = self.out.wrapping_add(self.tiles.segments[tiles[v].first as usize].out as usize);
                if let Store::Ordered(order) = tiles[v].store {
                    let order = &self.tiles.orders[order as usize];
                    for m in 0..M {
                        sums[m][v] = wide.permute(sums[m][v], order);
                    }
                }
                for m in 0..M {
                    // SAFETY: the lanes are outputs of this tile, or of later ones, which write them again.
                    unsafe { wide.store(to.add(m * self.pitch), sums[m][v]) };
                }
            }
            return;
        }
        for v in 0..V {
            let segments = &self.tiles.segments[tiles[v].first as usize..][..tiles[v].segments as usize];
            let mut lanes = [[0.0f32; WIDEST]; M];
            for m in 0..M {
                // SAFETY: `lanes[m]` has all lanes.
                unsafe { wide.store(lanes[m].as_mut_ptr(), sums[m][v]) };
            }
            for segment in segments {
                for m in 0..M {
                    // SAFETY: the segment's outputs lie inside the output, and its lanes among `lanes[m]`.
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

/// `to[i·step] = from[i]` for `i` below `count <= WIDEST`.
///
/// # Safety
/// All these elements must be readable and writable.
#[inline(always)]
unsafe fn scatter(from: *const f32, to: *mut f32, count: usize, step: usize) {
    // SAFETY: by the contract above.
    unsafe {
        if step == 1 {
            let mut done = 0;
            for size in [16, 8, 4, 2, 1] {
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
