//! What the data passes of all forms share: how channels are cut, where `U`, `V` and `m` lie, and who computes what.
//!
//! Where there are many blocks of tiles an item is a block, whose `V` stays in the worker's cache. Where there are few
//! all `V` is made first, an item being some channels of a block; then an item is a part of the written channels of a
//! block. Each part's products are turned into outputs at once.

use super::super::{Block, DataCall};
use super::product::Product;
use super::tiling::Panel;
use crate::parts::{Parts, lines};
use crate::simd::{Isa, LANES};
use crate::workers::Workers;
use std::ops::Range;

/// Blocks of all groups from which on an item is a block.
const MANY: usize = 6;
/// Written channels of a part at most.
const PART: usize = 16;
/// Read channels of an item where `V` is made first.
const CHANNELS: usize = 16;
/// Numbers of a `V` that stays in the second-level cache.
const NEAR: usize = 112 << 10;

/// Distance between two points of `channels` channels: beyond a multiple of the pages, so that the points of an element
/// do not compete for the same lines of the cache.
pub(super) fn pitch(channels: usize, lanes: usize) -> usize {
    lines(channels * lanes) + 16
}

/// Tiles of a block: as many as leave `V` near, at most `most`; more where it does not stay near anyway, so that `U` is
/// read less often.
pub(super) fn tiles(points: usize, reads: usize, most: usize) -> usize {
    let fit = NEAR / points / reads;
    if fit < 24 { 48 } else { fit.min(most) }
}

pub(super) struct Layout {
    isa: Isa,
    points: usize,
    groups: usize,
    /// Channels of a group that are read, and that are written.
    reads: usize,
    writes: usize,
    /// Lanes of a full block, and its vectors as micro-kernels take them.
    lanes: usize,
    panels: Vec<Panel>,
    blocks: usize,
    /// Ranges of a group's fours of written channels.
    parts: Vec<Range<usize>>,
    /// Whether all `V` is made first.
    shared: bool,
}

/// What is in work, and by whom.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub group: usize,
    pub block: usize,
    pub worker: usize,
}

/// Where four written channels' `U` lies: the first channel, its place, and the distance between two points.
pub(super) struct Four {
    pub group: usize,
    pub first: usize,
    pub live: usize,
    pub start: usize,
    pub pitch: usize,
}

impl Layout {
    pub(super) fn new(
        isa: Isa,
        points: usize,
        groups: usize,
        (reads, writes): (usize, usize),
        (lanes, blocks): (usize, usize),
    ) -> Self {
        let fours = writes.div_ceil(4);
        let part = fours.div_ceil(fours.div_ceil(PART / 4));
        let parts = (0..fours).step_by(part).map(|f| f..(f + part).min(fours)).collect();
        let panels = Panel::of(lanes, isa.wide_lanes());
        Layout { isa, points, groups, reads, writes, lanes, panels, blocks, parts, shared: groups * blocks < MANY }
    }

    pub(super) fn reads(&self) -> usize {
        self.reads
    }

    pub(super) fn groups(&self) -> usize {
        self.groups
    }

    /// Written channels of all groups.
    pub(super) fn written(&self) -> usize {
        self.groups * self.writes
    }

    pub(super) fn panels(&self) -> &[Panel] {
        &self.panels
    }

    /// Numbers of `U` of a four of written channels at a point, and of a group.
    fn four(&self) -> usize {
        4 * self.reads
    }

    fn group(&self) -> usize {
        self.points * self.writes.div_ceil(4) * self.four()
    }

    pub(super) fn packed_len(&self) -> usize {
        self.groups * self.group()
    }

    /// The fours of all groups.
    pub(super) fn fours(&self) -> usize {
        self.groups * self.writes.div_ceil(4)
    }

    /// Where four `number` of [`Layout::fours`] lies.
    pub(super) fn four_of(&self, number: usize) -> Four {
        let fours = self.writes.div_ceil(4);
        let (group, four) = (number / fours, number % fours);
        let part = &self.parts[four / self.parts[0].len()];
        Four {
            group,
            first: four * 4,
            live: 4.min(self.writes - four * 4),
            start: group * self.group() + (part.start * self.points + four - part.start) * self.four(),
            pitch: part.len() * self.four(),
        }
    }

    pub(super) fn v_pitch(&self) -> usize {
        pitch(self.reads, self.lanes)
    }

    fn v_len(&self) -> usize {
        self.points * self.v_pitch()
    }

    pub(super) fn m_pitch(&self) -> usize {
        pitch(4 * self.parts[0].len(), self.lanes)
    }

    fn m_len(&self) -> usize {
        self.points * self.m_pitch()
    }

    /// `own` numbers are a worker's for the transform.
    pub(super) fn scratch_len(&self, threads: usize, own: usize) -> usize {
        let own = lines(own);
        let (shared, each) = if self.shared { (self.groups * self.blocks, 0) } else { (0, 1) };
        shared * self.v_len() + threads * (each * self.v_len() + self.m_len() + own)
    }

    /// `m` of a part of the written channels of a block with so many tiles; its written channels, counted over all groups.
    pub(super) fn product(
        &self,
        (place, part, tiles): (Place, usize, usize),
        packed: &[f32],
        v: &[f32],
        m: &mut [f32],
    ) -> Range<usize> {
        let fours = self.parts[part].clone();
        self.isa.run(Product {
            points: self.points,
            channels: self.reads,
            fours: fours.len(),
            lanes: self.lanes,
            vectors: tiles.div_ceil(LANES),
            panels: &self.panels,
            u: &packed[place.group * self.group() + fours.start * self.points * self.four()..],
            v,
            v_pitch: self.v_pitch(),
            m,
            m_pitch: self.m_pitch(),
        });
        let first = place.group * self.writes;
        first + fours.start * 4..first + (fours.end * 4).min(self.writes)
    }

    /// Calls the hook for what was written of some channels of a sample: part `part`, the range `written` of `positions`.
    ///
    /// # Safety
    /// The caller alone writes these elements, and has written them.
    pub(super) unsafe fn finish(
        &self,
        call: &DataCall<'_>,
        output: &Parts<'_, f32>,
        (sample, channels, worker): (usize, Range<usize>, usize),
        (part, written, positions): (usize, Range<usize>, usize),
    ) {
        let Some(hook) = call.epilogue.hook else { return };
        // whole channels together
        let step = if written.len() == positions { channels.len() } else { 1 };
        for channel in channels.step_by(step) {
            let start = (sample * self.written() + channel) * positions + written.start;
            let block = Block { start, sample, channel, position: written.start, part, worker };
            let len = if step == 1 { written.len() } else { step * positions };
            // SAFETY: by the contract above.
            hook(block, unsafe { output.part(start..start + len) });
        }
    }

    /// Runs all items. `transform` makes `V` of some channels, with `own` numbers of scratch; `part` makes a part's outputs
    /// from `V`, with room for `m`.
    pub(super) fn run(
        &self,
        workers: &Workers,
        scratch: &mut [f32],
        own: usize,
        transform: impl Fn(Place, Range<usize>, *mut f32, &mut [f32]) + Sync,
        part: impl Fn(Place, usize, &[f32], &mut [f32]) + Sync,
    ) {
        let own = lines(own);
        let (blocks, v_len, m_len) = (self.blocks, self.v_len(), self.m_len());
        let place = |number: usize, worker| Place { group: number / blocks, block: number % blocks, worker };
        if !self.shared {
            let (all, len) = (Parts::new(scratch), v_len + m_len + own);
            workers.run(self.groups * blocks, |item, worker| {
                // SAFETY: each worker has its own part, and runs one item at a time.
                let mine = unsafe { all.part(worker * len..(worker + 1) * len) };
                let (v, rest) = mine.split_at_mut(v_len);
                let (m, rest) = rest.split_at_mut(m_len);
                transform(place(item, worker), 0..self.reads, v.as_mut_ptr(), rest);
                for number in 0..self.parts.len() {
                    part(place(item, worker), number, v, m);
                }
            });
            return;
        }
        let (v, all) = scratch.split_at_mut(self.groups * blocks * v_len);
        let (all, len) = (Parts::new(all), m_len + own);
        let shared = Parts::new(&mut *v);
        let chunks = self.reads.div_ceil(CHANNELS);
        workers.run(self.groups * blocks * chunks, |item, worker| {
            let (number, chunk) = (item / chunks, item % chunks);
            let channels = chunk * CHANNELS..((chunk + 1) * CHANNELS).min(self.reads);
            // SAFETY: each worker has its own part, and runs one item at a time.
            let mine = unsafe { all.part(worker * len + m_len..(worker + 1) * len) };
            transform(place(number, worker), channels, shared.start().wrapping_add(number * v_len), mine);
        });
        let v: &[f32] = v;
        let parts = self.parts.len();
        workers.run(self.groups * parts * blocks, |item, worker| {
            // neighbouring items share their weights
            let (number, block) = (item / blocks % parts, item / blocks / parts * blocks + item % blocks);
            // SAFETY: each worker has its own part, and runs one item at a time.
            let m = unsafe { all.part(worker * len..worker * len + m_len) };
            part(place(block, worker), number, &v[block * v_len..][..v_len], m);
        });
    }
}
