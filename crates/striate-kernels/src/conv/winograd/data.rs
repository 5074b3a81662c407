//! The forward pass and the input gradient, which is a forward pass with the kernels turned by 180° and the roles of
//! the channels exchanged, padded by `2 − p`.

use super::super::problem::Problem;
use super::super::{DataCall, DataPass};
use super::filter::Filter;
use super::input::{Input, Patch, Strip};
use super::layout::{Layout, Place, tiles};
use super::output::Output;
use super::tiling::Tiling;
use super::transform::Scheme;
use crate::parts::Parts;
use crate::simd::Isa;
use crate::workers::Workers;
use std::marker::PhantomData;
use std::ops::Range;

/// Tiles of a block at most.
const TILES: usize = 64;

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
    layout: Layout,
    /// Distances between the kernel planes of two written channels, and of two read channels; numbers of a group.
    write_step: usize,
    read_step: usize,
    group_step: usize,
    reversed: bool,
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
        let tiling = Tiling::new(M, source, target, before, problem.batch, tiles(N * N, reads, TILES));
        Data {
            isa,
            strip: Strip::new(&tiling, N, N),
            layout: Layout::new(isa, N * N, problem.groups, (reads, writes), (tiling.lanes(), tiling.blocks())),
            write_step,
            read_step,
            group_step: 9 * ins * outs,
            reversed: problem.flipped != (direction == Direction::Backward),
            tiling,
            scheme: PhantomData,
        }
    }

    /// `V` of some channels of a block.
    fn transform(&self, call: &DataCall<'_>, place: Place, channels: Range<usize>, v: *mut f32, z: &mut [f32]) {
        let (reads, pixels) = (self.layout.reads(), self.tiling.pixels());
        self.isa.run(Input::<Patch<X, M>, N, N> {
            tiling: &self.tiling,
            strip: &self.strip,
            rows: self.tiling.block(place.block),
            source: &call.input[place.group * reads * pixels..],
            sample: self.layout.groups() * reads * pixels,
            channels,
            v,
            room: reads,
            panels: self.layout.panels(),
            pitch: self.layout.v_pitch(),
            z,
            transform: PhantomData,
        });
    }

    /// The outputs of a part of the written channels of a block.
    fn part(&self, call: &DataCall<'_>, output: &Parts<'_, f32>, place: Place, part: usize, v: &[f32], m: &mut [f32]) {
        let tiling = &self.tiling;
        let rows = tiling.block(place.block);
        let tiles = rows.len() * tiling.across;
        let channels = self.layout.product((place, part, tiles), call.packed, v, m);
        let positions = tiling.positions();
        self.isa.run(Output {
            tiling,
            rows: rows.clone(),
            m,
            pitch: self.layout.m_pitch(),
            lanes: tiling.lanes(),
            channels: channels.len(),
            bias: call.bias.map(|b| &b[channels.clone()]),
            limit: call.epilogue.limit,
            out: output.start().wrapping_add(channels.start * positions),
            sample: self.layout.written() * positions,
            scheme: self.scheme,
        });
        for (image, written) in tiling.images(rows) {
            let number = written.start / (tiling.size * tiling.target[1]);
            // SAFETY: this item alone writes these channels of these tile rows, and has written them.
            unsafe {
                let what = (image, channels.clone(), place.worker);
                self.layout.finish(call, output, what, (number, written, positions));
            }
        }
    }
}

impl<X: Scheme<M, N>, const M: usize, const N: usize> DataPass for Data<X, M, N> {
    fn packed_len(&self) -> usize {
        self.layout.packed_len()
    }

    fn pack(&self, workers: &Workers, weights: &[f32], packed: &mut [f32]) {
        let packed = Parts::new(packed);
        workers.run(self.layout.fours(), |item, _| {
            let four = self.layout.four_of(item);
            self.isa.run(Filter {
                weights: &weights[four.group * self.group_step + four.first * self.write_step..],
                live: four.live,
                reads: self.layout.reads(),
                write_step: self.write_step,
                read_step: self.read_step,
                reversed: self.reversed,
                u: packed.start().wrapping_add(four.start),
                pitch: four.pitch,
                scheme: self.scheme,
            });
        });
    }

    fn scratch_len(&self, threads: usize) -> usize {
        self.layout.scratch_len(threads, self.strip.len())
    }

    /// A part begins with a row of tiles.
    fn parts(&self) -> usize {
        self.tiling.down
    }

    fn run(&self, workers: &Workers, call: DataCall<'_>) {
        let DataCall { input, packed, bias, epilogue, output, scratch } = call;
        let call = &DataCall { input, packed, bias, epilogue, output: &mut [], scratch: &mut [] };
        let output = &Parts::new(output);
        self.layout.run(
            workers,
            scratch,
            self.strip.len(),
            |place, channels, v, z| self.transform(call, place, channels, v, z),
            |place, part, v, m| self.part(call, output, place, part, v, m),
        );
    }
}
