//! The forward pass and the input gradient.

use super::super::super::problem::Problem;
use super::super::super::{DataCall, DataPass};
use super::super::layout::{Layout, Place, tiles};
use super::kernel::Filter;
use super::phase::Phases;
use super::read::Tiles;
use super::tiling::Tiling;
use super::write::Output;
use crate::parts::Parts;
use crate::simd::Isa;
use crate::workers::Workers;
use std::ops::Range;

/// Tiles of a block at most.
const TILES: usize = 96;

pub(super) struct Data {
    isa: Isa,
    phases: Phases,
    tiling: Tiling,
    layout: Layout,
    /// Taps of a kernel; distances between the kernels of two written channels, and of two read channels; numbers of a group.
    taps: usize,
    write_step: usize,
    read_step: usize,
    group_step: usize,
}

impl Data {
    pub(super) fn forward(problem: &Problem, isa: Isa) -> Self {
        let lines = [problem.windows[2].input, problem.outputs[2]];
        let steps = [problem.taps() * problem.ins(), problem.taps()];
        Self::new(problem, isa, Phases::forward(problem), lines, (problem.ins(), problem.outs()), steps)
    }

    pub(super) fn backward(problem: &Problem, isa: Isa) -> Self {
        let lines = [problem.outputs[2], problem.windows[2].input];
        let steps = [problem.taps(), problem.taps() * problem.ins()];
        Self::new(problem, isa, Phases::backward(problem), lines, (problem.outs(), problem.ins()), steps)
    }

    fn new(
        problem: &Problem,
        isa: Isa,
        phases: Phases,
        [source, target]: [usize; 2],
        channels: (usize, usize),
        [write_step, read_step]: [usize; 2],
    ) -> Self {
        let points = phases.points;
        let tiling = Tiling::new(source, target, phases.outputs, problem.batch, tiles(points, channels.0, TILES));
        Data {
            isa,
            layout: Layout::new(isa, points, problem.groups, channels, (tiling.lanes(), tiling.blocks())),
            taps: problem.taps(),
            write_step,
            read_step,
            group_step: problem.taps() * problem.ins() * problem.outs(),
            tiling,
            phases,
        }
    }

    fn line_len(&self) -> usize {
        self.tiling.line_len(&self.phases)
    }

    /// `V` of some channels of a block.
    fn transform(&self, call: &DataCall<'_>, place: Place, channels: Range<usize>, v: *mut f32, line: &mut [f32]) {
        let (reads, source) = (self.layout.reads(), self.tiling.source);
        self.isa.run(Tiles {
            tiling: &self.tiling,
            phases: &self.phases,
            cover: self.tiling.block(place.block),
            source: &call.input[place.group * reads * source..],
            sample: self.layout.groups() * reads * source,
            channels,
            v,
            room: reads,
            panels: self.layout.panels(),
            pitch: self.layout.v_pitch(),
            line,
        });
    }

    /// The outputs of a part of the written channels of a block.
    fn part(&self, call: &DataCall<'_>, output: &Parts<'_, f32>, place: Place, part: usize, v: &[f32], m: &mut [f32]) {
        let (tiling, target) = (&self.tiling, self.tiling.target);
        let cover = tiling.block(place.block);
        let channels = self.layout.product((place, part, cover.len()), call.packed, v, m);
        self.isa.run(Output {
            tiling,
            phases: &self.phases,
            cover: cover.clone(),
            m,
            pitch: self.layout.m_pitch(),
            channels: channels.len(),
            bias: call.bias.map(|b| &b[channels.clone()]),
            limit: call.epilogue.limit,
            out: output.start().wrapping_add(channels.start * target),
            sample: self.layout.written() * target,
        });
        let (number, written) = (place.block % tiling.cut(), tiling.written(&cover));
        for sample in cover.samples {
            // SAFETY: this item alone writes these channels of these tiles, and has written them.
            unsafe {
                let what = (sample, channels.clone(), place.worker);
                self.layout.finish(call, output, what, (number, written.clone(), target));
            }
        }
    }
}

impl DataPass for Data {
    fn packed_len(&self) -> usize {
        self.layout.packed_len()
    }

    fn pack(&self, workers: &Workers, weights: &[f32], packed: &mut [f32]) {
        let packed = Parts::new(packed);
        workers.run(self.layout.fours(), |item, _| {
            let four = self.layout.four_of(item);
            self.isa.run(Filter {
                phases: &self.phases,
                weights: &weights[four.group * self.group_step + four.first * self.write_step..],
                taps: self.taps,
                live: four.live,
                reads: self.layout.reads(),
                write_step: self.write_step,
                read_step: self.read_step,
                u: packed.start().wrapping_add(four.start),
                pitch: four.pitch,
            });
        });
    }

    fn scratch_len(&self, threads: usize) -> usize {
        self.layout.scratch_len(threads, self.line_len())
    }

    fn parts(&self) -> usize {
        self.tiling.cut()
    }

    fn run(&self, workers: &Workers, call: DataCall<'_>) {
        let DataCall { input, packed, bias, epilogue, output, scratch } = call;
        let call = &DataCall { input, packed, bias, epilogue, output: &mut [], scratch: &mut [] };
        let output = &Parts::new(output);
        self.layout.run(
            workers,
            scratch,
            self.line_len(),
            |place, channels, v, line| self.transform(call, place, channels, v, line),
            |place, part, v, m| self.part(call, output, place, part, v, m),
        );
    }
}
