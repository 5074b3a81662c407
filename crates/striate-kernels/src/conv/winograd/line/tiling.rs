//! How the written lines are cut into tiles, and the tiles into blocks: some tiles of one sample, or some whole samples.
//!
//! Neighbouring tiles of a block are the lanes of a register; lanes beyond its last tile are dead.

use super::phase::{Phases, SPAN};
use crate::simd::WIDEST;
use std::ops::Range;

#[derive(Clone, Debug)]
pub(super) struct Tiling {
    /// Numbers of a channel that are read, and that are written; those of a tile.
    pub source: usize,
    pub target: usize,
    pub outputs: usize,
    batch: usize,
    /// Tiles of a sample, and of a block of it.
    across: usize,
    size: usize,
    /// Blocks of a sample, or samples of a block.
    cut: usize,
    samples: usize,
}

/// What a block covers: these tiles of each of these samples.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cover {
    pub samples: Range<usize>,
    pub tiles: Range<usize>,
}

impl Cover {
    /// Number of tiles.
    pub(super) fn len(&self) -> usize {
        self.samples.len() * self.tiles.len()
    }

    /// The sample and tile of a lane.
    pub(super) fn tile(&self, lane: usize) -> (usize, usize) {
        (self.samples.start + lane / self.tiles.len(), self.tiles.start + lane % self.tiles.len())
    }
}

impl Tiling {
    /// With blocks of about `tiles` tiles.
    pub(super) fn new(source: usize, target: usize, outputs: usize, batch: usize, tiles: usize) -> Self {
        let across = target.div_ceil(outputs);
        let samples = batch.div_ceil(batch.div_ceil((tiles / across).max(1)));
        let cut = if samples > 1 { 1 } else { across.div_ceil(tiles) };
        let size = if cut > 1 { across.div_ceil(cut).next_multiple_of(WIDEST) } else { across };
        Tiling { source, target, outputs, batch, across, size, cut: across.div_ceil(size), samples }
    }

    pub(super) fn blocks(&self) -> usize {
        self.batch.div_ceil(self.samples) * self.cut
    }

    /// Blocks of a sample.
    pub(super) fn cut(&self) -> usize {
        self.cut
    }

    pub(super) fn block(&self, block: usize) -> Cover {
        let (first, part) = (block / self.cut * self.samples, block % self.cut);
        Cover {
            samples: first..(first + self.samples).min(self.batch),
            tiles: part * self.size..((part + 1) * self.size).min(self.across),
        }
    }

    /// Lanes of a full block, dead ones included.
    pub(super) fn lanes(&self) -> usize {
        (self.samples * self.size).next_multiple_of(WIDEST)
    }

    /// The written numbers of a channel that a block covers.
    pub(super) fn written(&self, cover: &Cover) -> Range<usize> {
        cover.tiles.start * self.outputs..(cover.tiles.end * self.outputs).min(self.target)
    }

    /// Numbers of a block's part of a channel that is read, with zeros for the padding.
    pub(super) fn line_len(&self, phases: &Phases) -> usize {
        self.samples * (self.size * phases.tile + SPAN)
    }

    /// Copies a block's part of a channel; `plane` is the channel of sample 0. Gives the distance between samples.
    #[inline(always)]
    pub(super) fn copy(&self, phases: &Phases, cover: &Cover, plane: &[f32], sample: usize, line: &mut [f32]) -> usize {
        let segment = cover.tiles.len() * phases.tile + SPAN;
        for (number, line) in cover.samples.clone().zip(line.chunks_exact_mut(segment)) {
            let from = &plane[number * sample..][..self.source];
            let start = (cover.tiles.start * phases.tile) as isize + phases.first;
            let before = (-start).clamp(0, segment as isize) as usize;
            let first = (start.max(0) as usize).min(self.source);
            let count = (segment - before).min(self.source - first);
            line[..before].fill(0.0);
            line[before..before + count].copy_from_slice(&from[first..first + count]);
            line[before + count..].fill(0.0);
        }
        segment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_every_number_once() {
        for (target, batch, tiles) in [(100, 3, 8), (7, 9, 24), (4, 1, 48), (129, 2, 16)] {
            let tiling = Tiling::new(0, target, 4, batch, tiles);
            let mut seen = vec![0; batch * target];
            for block in 0..tiling.blocks() {
                let cover = tiling.block(block);
                assert!(cover.len() <= tiling.lanes() && cover.len() > 0);
                for sample in cover.samples.clone() {
                    tiling.written(&cover).for_each(|at| seen[sample * target + at] += 1);
                }
            }
            assert!(seen.iter().all(|&count| count == 1), "{tiling:?}");
        }
    }
}
