//! The forward pass and the input gradient, which is a forward pass with the kernels turned by 180° and the roles of
//! the channels exchanged, padded by `2 − p`.
//!
//! Where there are many blocks of tiles an item is a block, whose `V` stays in the worker's cache. Where there are few
//! all `V` is made first, an item being some channels of a block; then an item is a part of the written channels of a
//! block. Each part's products are turned into outputs at once.

use super::super::problem::Problem;
use super::super::{Block, DataCall, DataPass};
use super::filter::Filter;
use super::input::{Input, Patch, Strip};
use super::output::Output;
use super::pitch;
use super::product::Product;
use super::tiling::{Panel, Tiling};
use super::transform::Scheme;
use crate::parts::Parts;
use crate::simd::{Isa, LANES};
use crate::workers::Workers;
use std::marker::PhantomData;
use std::ops::Range;

/// Blocks of all groups from which on an item is a block.
const MANY: usize = 6;
/// Written channels of a part at most.
const PART: usize = 16;
/// Read channels of an item where `V` is made first.
const CHANNELS: usize = 16;
/// Numbers of a `V` that stays in the second-level cache.
const V: usize = 112 << 10;

/// What is read and what is written.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

pub(super) struct Data<X, const M: usize, const N: usize> {
    isa: Isa,
    tiling: Tiling,
    strip: Strip,
    panels: Vec<Panel>,
    groups: usize,
    /// Channels of a group that are read, and that are written.
    reads: usize,
    writes: usize,
    /// Distances between the kernel planes of two written channels, and of two read channels.
    write_step: usize,
    read_step: usize,
    reversed: bool,
    /// Ranges of a group's fours of written channels.
    parts: Vec<Range<usize>>,
    /// Whether all `V` is made first.
    shared: bool,
    scheme: PhantomData<X>,
}

impl<X: Scheme<M, N>, const M: usize, const N: usize> Data<X, M, N> {
    pub(super) fn new(problem: &Problem, isa: Isa, direction: Direction) -> Self {
        let [_, y, x] = problem.windows;
        let (inner, outer) = ([y.input, x.input], [problem.outputs[1], problem.outputs[2]]);
        let (ins, outs) = (problem.ins(), problem.outs());
        let (source, target, before, reads, writes) = match direction {
            Direction::Forward => (inner, outer, [y, x].map(|w| w.before as isize), ins, outs),
            Direction::Backward => (outer, inner, [y, x].map(|w| 2 - w.before as isize), outs, ins),
        };
        let (write_step, read_step) = match direction {
            Direction::Forward => (9 * ins, 9),
            Direction::Backward => (9, 9 * ins),
        };
        let fit = V / (N * N) / reads;
        // where `V` does not stay near anyway, more tiles, so that `U` is read less often
        let tiles = if fit < 24 { 48 } else { fit.min(64) };
        let tiling = Tiling::new(M, source, target, before, problem.batch, tiles);
        let fours = writes.div_ceil(4);
        let part = fours.div_ceil(fours.div_ceil(PART / 4));
        Data {
            isa,
            strip: Strip::new(&tiling, N, N),
            panels: Panel::of(tiling.lanes() / LANES),
            groups: problem.groups,
            reads,
            writes,
            write_step,
            read_step,
            reversed: problem.flipped != (direction == Direction::Backward),
            parts: (0..fours).step_by(part).map(|f| f..(f + part).min(fours)).collect(),
            shared: problem.groups * tiling.blocks() < MANY,
            tiling,
            scheme: PhantomData,
        }
    }

    /// Numbers of `U` of a four of written channels at a point.
    fn four(&self) -> usize {
        4 * self.reads
    }

    /// Numbers of `U` of a group.
    fn group(&self) -> usize {
        N * N * self.writes.div_ceil(4) * self.four()
    }

    fn v_pitch(&self) -> usize {
        pitch(self.reads, self.tiling.lanes())
    }

    fn v_len(&self) -> usize {
        N * N * self.v_pitch()
    }

    fn m_pitch(&self) -> usize {
        pitch(4 * self.parts[0].len(), self.tiling.lanes())
    }

    fn m_len(&self) -> usize {
        N * N * self.m_pitch()
    }

    /// `V` of some channels of a block.
    fn transform(&self, call: &DataCall<'_>, place: Place, channels: Range<usize>, v: *mut f32, z: &mut [f32]) {
        self.isa.run(Input::<Patch<X, M>, N, N> {
            tiling: &self.tiling,
            strip: &self.strip,
            rows: self.tiling.block(place.block),
            source: &call.input[place.group * self.reads * self.tiling.pixels()..],
            sample: self.groups * self.reads * self.tiling.pixels(),
            channels,
            v,
            room: self.reads,
            panels: &self.panels,
            pitch: self.v_pitch(),
            z,
            transform: PhantomData,
        });
    }

    /// The outputs of a part of the written channels of a block.
    fn part(&self, call: &DataCall<'_>, output: &Parts<'_, f32>, place: Place, part: usize, v: &[f32], m: &mut [f32]) {
        let tiling = &self.tiling;
        let (rows, fours) = (tiling.block(place.block), self.parts[part].clone());
        self.isa.run(Product {
            points: N * N,
            channels: self.reads,
            fours: fours.len(),
            lanes: tiling.lanes(),
            vectors: (rows.len() * tiling.across).div_ceil(LANES),
            panels: &self.panels,
            u: &call.packed[place.group * self.group() + fours.start * N * N * self.four()..],
            v,
            v_pitch: self.v_pitch(),
            m,
            m_pitch: self.m_pitch(),
        });
        let channels = (fours.len() * 4).min(self.writes - fours.start * 4);
        let first = place.group * self.writes + fours.start * 4;
        let (positions, sample) = (tiling.positions(), self.groups * self.writes * tiling.positions());
        self.isa.run(Output {
            tiling,
            rows: rows.clone(),
            m,
            pitch: self.m_pitch(),
            lanes: tiling.lanes(),
            channels,
            bias: call.bias.map(|b| &b[first..first + channels]),
            limit: call.epilogue.limit,
            out: output.start().wrapping_add(first * positions),
            sample,
            scheme: self.scheme,
        });
        let Some(hook) = call.epilogue.hook else { return };
        for (image, written) in tiling.images(rows) {
            // whole channels together
            let step = if written.len() == positions { channels } else { 1 };
            for channel in (first..first + channels).step_by(step) {
                let start = image * sample + channel * positions + written.start;
                let part = written.start / (tiling.size * tiling.target[1]);
                let block =
                    Block { start, sample: image, channel, position: written.start, part, worker: place.worker };
                let len = if step == 1 { written.len() } else { step * positions };
                // SAFETY: this item alone writes these channels of these tile rows, and has written them.
                hook(block, unsafe { output.part(start..start + len) });
            }
        }
    }
}

/// What is in work, and by whom.
#[derive(Clone, Copy)]
struct Place {
    group: usize,
    block: usize,
    worker: usize,
}

impl<X: Scheme<M, N>, const M: usize, const N: usize> DataPass for Data<X, M, N> {
    fn packed_len(&self) -> usize {
        self.groups * self.group()
    }

    fn pack(&self, workers: &Workers, weights: &[f32], packed: &mut [f32]) {
        let fours = self.writes.div_ceil(4);
        let parts = Parts::new(packed);
        workers.run(self.groups * fours, |item, _| {
            let (group, four) = (item / fours, item % fours);
            let part = &self.parts[four / self.parts[0].len()];
            let start = group * self.group() + (part.start * N * N + four - part.start) * self.four();
            self.isa.run(Filter {
                weights: &weights[group * self.writes * self.reads * 9 + four * 4 * self.write_step..],
                live: 4.min(self.writes - four * 4),
                reads: self.reads,
                write_step: self.write_step,
                read_step: self.read_step,
                reversed: self.reversed,
                u: parts.start().wrapping_add(start),
                pitch: part.len() * self.four(),
                scheme: self.scheme,
            });
        });
    }

    fn scratch_len(&self, threads: usize) -> usize {
        let (shared, own) = if self.shared { (self.groups * self.tiling.blocks(), 0) } else { (0, 1) };
        shared * self.v_len() + threads * (own * self.v_len() + self.m_len() + self.strip.len())
    }

    /// A part begins with a row of tiles.
    fn parts(&self) -> usize {
        self.tiling.down
    }

    fn run(&self, workers: &Workers, call: DataCall<'_>) {
        let DataCall { input, packed, bias, epilogue, output, scratch } = call;
        let call = &DataCall { input, packed, bias, epilogue, output: &mut [], scratch: &mut [] };
        let output = &Parts::new(output);
        let (blocks, v_len, m_len, z_len) = (self.tiling.blocks(), self.v_len(), self.m_len(), self.strip.len());
        if !self.shared {
            let (own, len) = (Parts::new(scratch), v_len + m_len + z_len);
            workers.run(self.groups * blocks, |item, worker| {
                let place = Place { group: item / blocks, block: item % blocks, worker };
                // SAFETY: each worker has its own part, and runs one item at a time.
                let own = unsafe { own.part(worker * len..(worker + 1) * len) };
                let (v, rest) = own.split_at_mut(v_len);
                let (m, z) = rest.split_at_mut(m_len);
                self.transform(call, place, 0..self.reads, v.as_mut_ptr(), z);
                for part in 0..self.parts.len() {
                    self.part(call, output, place, part, v, m);
                }
            });
            return;
        }
        let (v, own) = scratch.split_at_mut(self.groups * blocks * v_len);
        let (own, len) = (Parts::new(own), m_len + z_len);
        let shared = Parts::new(&mut *v);
        let chunks = self.reads.div_ceil(CHANNELS);
        workers.run(self.groups * blocks * chunks, |item, worker| {
            let (number, chunk) = (item / chunks, item % chunks);
            let place = Place { group: number / blocks, block: number % blocks, worker };
            let channels = chunk * CHANNELS..((chunk + 1) * CHANNELS).min(self.reads);
            // SAFETY: each worker has its own part, and runs one item at a time.
            let z = unsafe { own.part(worker * len + m_len..(worker + 1) * len) };
            self.transform(call, place, channels, shared.start().wrapping_add(number * v_len), z);
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
