//! The forward pass and the input gradient. An item is a block of tiles, whose `V` stays in the worker's cache; where
//! blocks are few, all `V` is made first, and an item is a part of the written channels of a block.

use super::super::super::problem::Problem;
use super::super::super::{Block, DataCall, DataPass};
use super::super::pitch;
use super::super::product::Product;
use super::super::tiling::Panel;
use super::kernel::Filter;
use super::phase::Phases;
use super::read::Tiles;
use super::tiling::Tiling;
use super::write::Output;
use crate::parts::Parts;
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
const V: usize = 112 << 10;

pub(super) struct Data {
    isa: Isa,
    phases: Phases,
    tiling: Tiling,
    panels: Vec<Panel>,
    groups: usize,
    /// Channels of a group that are read, and that are written.
    reads: usize,
    writes: usize,
    /// Taps of a kernel; distances between the kernels of two written channels, and of two read channels.
    taps: usize,
    write_step: usize,
    read_step: usize,
    /// Ranges of a group's fours of written channels.
    parts: Vec<Range<usize>>,
    /// Whether all `V` is made first.
    shared: bool,
}

/// What is in work, and by whom.
#[derive(Clone, Copy)]
struct Place {
    group: usize,
    block: usize,
    worker: usize,
}

impl Data {
    pub(super) fn forward(problem: &Problem, isa: Isa) -> Self {
        let lines = [problem.windows[2].input, problem.outputs[2]];
        let steps = [problem.taps() * problem.ins(), problem.taps()];
        Self::new(problem, isa, Phases::forward(problem), lines, [problem.ins(), problem.outs()], steps)
    }

    pub(super) fn backward(problem: &Problem, isa: Isa) -> Self {
        let lines = [problem.outputs[2], problem.windows[2].input];
        let steps = [problem.taps(), problem.taps() * problem.ins()];
        Self::new(problem, isa, Phases::backward(problem), lines, [problem.outs(), problem.ins()], steps)
    }

    fn new(
        problem: &Problem,
        isa: Isa,
        phases: Phases,
        [source, target]: [usize; 2],
        [reads, writes]: [usize; 2],
        [write_step, read_step]: [usize; 2],
    ) -> Self {
        let fit = V / phases.points / reads;
        // where `V` does not stay near anyway, more tiles, so that `U` is read less often
        let tiles = if fit < 24 { 48 } else { fit.min(96) };
        let tiling = Tiling::new(source, target, phases.outputs, problem.batch, tiles);
        let fours = writes.div_ceil(4);
        let part = fours.div_ceil(fours.div_ceil(PART / 4));
        Data {
            isa,
            panels: Panel::of(tiling.lanes() / LANES),
            groups: problem.groups,
            reads,
            writes,
            taps: problem.taps(),
            write_step,
            read_step,
            parts: (0..fours).step_by(part).map(|f| f..(f + part).min(fours)).collect(),
            shared: problem.groups * tiling.blocks() < MANY,
            tiling,
            phases,
        }
    }

    /// Numbers of `U` of a four of written channels at a point.
    fn four(&self) -> usize {
        4 * self.reads
    }

    /// Numbers of `U` of a group.
    fn group(&self) -> usize {
        self.phases.points * self.writes.div_ceil(4) * self.four()
    }

    fn v_pitch(&self) -> usize {
        pitch(self.reads, self.tiling.lanes())
    }

    fn v_len(&self) -> usize {
        self.phases.points * self.v_pitch()
    }

    fn m_pitch(&self) -> usize {
        pitch(4 * self.parts[0].len(), self.tiling.lanes())
    }

    fn m_len(&self) -> usize {
        self.phases.points * self.m_pitch()
    }

    fn line_len(&self) -> usize {
        self.tiling.line_len(&self.phases)
    }

    /// `V` of some channels of a block.
    fn transform(&self, call: &DataCall<'_>, place: Place, channels: Range<usize>, v: *mut f32, line: &mut [f32]) {
        self.isa.run(Tiles {
            tiling: &self.tiling,
            phases: &self.phases,
            cover: self.tiling.block(place.block),
            source: &call.input[place.group * self.reads * self.tiling.source..],
            sample: self.groups * self.reads * self.tiling.source,
            channels,
            v,
            room: self.reads,
            panels: &self.panels,
            pitch: self.v_pitch(),
            line,
        });
    }

    /// The outputs of a part of the written channels of a block.
    fn part(&self, call: &DataCall<'_>, output: &Parts<'_, f32>, place: Place, part: usize, v: &[f32], m: &mut [f32]) {
        let (tiling, points) = (&self.tiling, self.phases.points);
        let (cover, fours) = (tiling.block(place.block), self.parts[part].clone());
        self.isa.run(Product {
            points,
            channels: self.reads,
            fours: fours.len(),
            lanes: tiling.lanes(),
            vectors: cover.len().div_ceil(LANES),
            panels: &self.panels,
            u: &call.packed[place.group * self.group() + fours.start * points * self.four()..],
            v,
            v_pitch: self.v_pitch(),
            m,
            m_pitch: self.m_pitch(),
        });
        let channels = (fours.len() * 4).min(self.writes - fours.start * 4);
        let first = place.group * self.writes + fours.start * 4;
        let sample = self.groups * self.writes * tiling.target;
        self.isa.run(Output {
            tiling,
            phases: &self.phases,
            cover: cover.clone(),
            m,
            pitch: self.m_pitch(),
            channels,
            bias: call.bias.map(|b| &b[first..first + channels]),
            limit: call.epilogue.limit,
            out: output.start().wrapping_add(first * tiling.target),
            sample,
        });
        let Some(hook) = call.epilogue.hook else { return };
        let written = tiling.written(&cover);
        for image in cover.samples {
            // whole channels together
            let step = if written.len() == tiling.target { channels } else { 1 };
            for channel in (first..first + channels).step_by(step) {
                let start = image * sample + channel * tiling.target + written.start;
                let part = place.block % tiling.cut();
                let block =
                    Block { start, sample: image, channel, position: written.start, part, worker: place.worker };
                let len = if step == 1 { written.len() } else { step * tiling.target };
                // SAFETY: this item alone writes these channels of these tiles, and has written them.
                hook(block, unsafe { output.part(start..start + len) });
            }
        }
    }
}

impl DataPass for Data {
    fn packed_len(&self) -> usize {
        self.groups * self.group()
    }

    fn pack(&self, workers: &Workers, weights: &[f32], packed: &mut [f32]) {
        let fours = self.writes.div_ceil(4);
        let parts = Parts::new(packed);
        workers.run(self.groups * fours, |item, _| {
            let (group, four) = (item / fours, item % fours);
            let part = &self.parts[four / self.parts[0].len()];
            let start = group * self.group() + (part.start * self.phases.points + four - part.start) * self.four();
            self.isa.run(Filter {
                phases: &self.phases,
                weights: &weights[group * self.writes * self.reads * self.taps + four * 4 * self.write_step..],
                taps: self.taps,
                live: 4.min(self.writes - four * 4),
                reads: self.reads,
                write_step: self.write_step,
                read_step: self.read_step,
                u: parts.start().wrapping_add(start),
                pitch: part.len() * self.four(),
            });
        });
    }

    fn scratch_len(&self, threads: usize) -> usize {
        let (shared, own) = if self.shared { (self.groups * self.tiling.blocks(), 0) } else { (0, 1) };
        shared * self.v_len() + threads * (own * self.v_len() + self.m_len() + self.line_len())
    }

    fn parts(&self) -> usize {
        self.tiling.cut()
    }

    fn run(&self, workers: &Workers, call: DataCall<'_>) {
        let DataCall { input, packed, bias, epilogue, output, scratch } = call;
        let call = &DataCall { input, packed, bias, epilogue, output: &mut [], scratch: &mut [] };
        let output = &Parts::new(output);
        let (blocks, v_len, m_len, line_len) = (self.tiling.blocks(), self.v_len(), self.m_len(), self.line_len());
        if !self.shared {
            let (own, len) = (Parts::new(scratch), v_len + m_len + line_len);
            workers.run(self.groups * blocks, |item, worker| {
                let place = Place { group: item / blocks, block: item % blocks, worker };
                // SAFETY: each worker has its own part, and runs one item at a time.
                let own = unsafe { own.part(worker * len..(worker + 1) * len) };
                let (v, rest) = own.split_at_mut(v_len);
                let (m, line) = rest.split_at_mut(m_len);
                self.transform(call, place, 0..self.reads, v.as_mut_ptr(), line);
                for part in 0..self.parts.len() {
                    self.part(call, output, place, part, v, m);
                }
            });
            return;
        }
        let (v, own) = scratch.split_at_mut(self.groups * blocks * v_len);
        let (own, len) = (Parts::new(own), m_len + line_len);
        let shared = Parts::new(&mut *v);
        let chunks = self.reads.div_ceil(CHANNELS);
        workers.run(self.groups * blocks * chunks, |item, worker| {
            let (number, chunk) = (item / chunks, item % chunks);
            let place = Place { group: number / blocks, block: number % blocks, worker };
            let channels = chunk * CHANNELS..((chunk + 1) * CHANNELS).min(self.reads);
            // SAFETY: each worker has its own part, and runs one item at a time.
            let line = unsafe { own.part(worker * len + m_len..(worker + 1) * len) };
            self.transform(call, place, channels, shared.start().wrapping_add(number * v_len), line);
        });
        let v: &[f32] = v;
        let parts = self.parts.len();
        workers.run(self.groups * parts * blocks, |item, worker| {
            // neighbouring items share their weights
            let (part, number) = (item / blocks % parts, item / blocks / parts * blocks + item % blocks);
            let place = Place { group: number / blocks, block: number % blocks, worker };
            // SAFETY: each worker has its own part, and runs one item at a time.
            let m = unsafe { own.part(worker * len..worker * len + m_len) };
            self.part(call, output, place, part, &v[number * v_len..][..v_len], m);
        });
    }
}
