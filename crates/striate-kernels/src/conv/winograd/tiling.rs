//! How the outputs are cut into tiles of `M×M`, and the tiles into blocks.
//!
//! Tiles are counted by image, tile row and tile column. A block is a number of whole tile rows, so that it covers, of
//! each of its images, whole rows of pixels. Neighbouring tiles of a block are the lanes of a register; lanes beyond
//! its last tile are dead.

use crate::simd::{LANES, WIDEST};
use std::ops::Range;

/// One tile row of an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub image: usize,
    /// Its number within the image.
    pub down: usize,
}

/// Neighbouring vectors of a block that a micro-kernel takes together: one to three of the widest registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panel {
    pub first: usize,
    pub width: usize,
}

impl Panel {
    /// Panels of `lanes` lanes in registers of `wide`; no single one, if that can be: it has too few sums to hide the
    /// multipliers' latency.
    pub(super) fn of(lanes: usize, wide: usize) -> Vec<Panel> {
        let (registers, vectors) = (lanes.div_ceil(wide), wide / LANES);
        let mut panels = vec![];
        let mut first = 0;
        while first < registers {
            let width = match registers - first {
                4 => 2,
                rest => rest.min(3),
            };
            panels.push(Panel { first: first * vectors, width: width * vectors });
            first += width;
        }
        panels
    }
}

#[derive(Clone, Debug)]
pub(super) struct Tiling {
    /// `M`
    pub size: usize,
    /// Height and width of what is read and of what is written.
    pub source: [usize; 2],
    pub target: [usize; 2],
    /// Zeros before the first source row and column; negative where the source is cropped.
    pub before: [isize; 2],
    pub batch: usize,
    /// Tiles of a row and tile rows of an image.
    pub across: usize,
    pub down: usize,
    /// Tile rows of a block.
    pub rows: usize,
}

impl Tiling {
    /// With blocks of about `tiles` tiles.
    pub(super) fn new(
        size: usize,
        source: [usize; 2],
        target: [usize; 2],
        before: [isize; 2],
        batch: usize,
        tiles: usize,
    ) -> Self {
        let [down, across] = target.map(|n| n.div_ceil(size));
        let all = batch * down;
        // registers that all blocks fill together; of equals the larger block
        let filled = |rows: usize| {
            let registers = |rows: usize| (rows * across).div_ceil(WIDEST);
            all / rows * registers(rows) + registers(all % rows)
        };
        let most = (tiles / across).clamp(1, all.max(1));
        let rows = (most.div_ceil(2)..=most).rev().min_by_key(|&rows| filled(rows)).unwrap_or(1);
        Tiling { size, source, target, before, batch, across, down, rows }
    }

    /// Number of blocks.
    pub(super) fn blocks(&self) -> usize {
        (self.batch * self.down).div_ceil(self.rows)
    }

    /// Tile rows of a block, counted over all images.
    pub(super) fn block(&self, block: usize) -> Range<usize> {
        block * self.rows..((block + 1) * self.rows).min(self.batch * self.down)
    }

    /// Lanes of a full block, dead ones included.
    pub(super) fn lanes(&self) -> usize {
        (self.rows * self.across).next_multiple_of(WIDEST)
    }

    /// Source pixels of a channel.
    pub(super) fn pixels(&self) -> usize {
        self.source[0] * self.source[1]
    }

    /// Written elements of a channel.
    pub(super) fn positions(&self) -> usize {
        self.target[0] * self.target[1]
    }

    /// The tile row of that number.
    pub(super) fn row(&self, number: usize) -> Row {
        Row { image: number / self.down, down: number % self.down }
    }

    /// Where a tile of a block whose first tile row is `first` lies: its row, and its number in it.
    pub(super) fn tile(&self, first: usize, tile: usize) -> (Row, usize) {
        (self.row(first + tile / self.across), tile % self.across)
    }

    /// The images of a block, each with the range of its elements that the block writes.
    pub(super) fn images(&self, rows: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        let images = rows.start / self.down..rows.end.div_ceil(self.down);
        images.map(move |image| {
            let at = |row: usize| ((row - image * self.down) * self.size).min(self.target[0]) * self.target[1];
            (image, at(rows.start.max(image * self.down))..at(rows.end.min((image + 1) * self.down)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_have_two_or_three_registers() {
        for vectors in 2..20 {
            let panels = Panel::of(vectors * LANES, LANES);
            assert_eq!(panels.iter().map(|p| p.width).sum::<usize>(), vectors);
            assert!(panels.iter().all(|p| p.width == 2 || p.width == 3), "{panels:?}");
            assert!(panels.windows(2).all(|p| p[0].first + p[0].width == p[1].first));
        }
        assert_eq!(Panel::of(LANES, LANES), [Panel { first: 0, width: 1 }]);
        let wide = [Panel { first: 0, width: 6 }, Panel { first: 6, width: 4 }];
        assert_eq!(Panel::of(9 * LANES, 2 * LANES), wide);
    }

    #[test]
    fn blocks_cover_every_element_once() {
        for (target, batch, tiles) in
            [([14, 14], 3, 24), ([4, 4], 7, 24), ([33, 2], 2, 8), ([1, 1], 1, 48), ([5, 90], 2, 16)]
        {
            let tiling = Tiling::new(4, target, target, [1, 1], batch, tiles);
            let mut next = 0;
            for block in 0..tiling.blocks() {
                for (image, part) in tiling.images(tiling.block(block)) {
                    assert_eq!(image * tiling.positions() + part.start, next, "{tiling:?}");
                    assert!(!part.is_empty());
                    next = image * tiling.positions() + part.end;
                }
            }
            assert_eq!(next, batch * tiling.positions(), "{tiling:?}");
        }
    }
}
