//! The passes that give planes of data: forward, and the gradient to the input.

use super::product::{At, Products, TILE, floats};
use super::transform::PAIR;
use super::{BLOCK, Part, Planes, ahead, factor, input_sizes, kernel_sizes, output_sizes, pitch, samples_together};
use crate::conv::problem::Problem;
use crate::conv::{Block, DataCall, DataPass};
use crate::parts::Parts;
use crate::simd::{Isa, Kernel, Simd};
use crate::workers::Workers;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

/// Kernels whose spectra are made at the same time at most: each has its own room.
const ROOMS: usize = 8;

pub(super) struct Data {
    isa: Isa,
    problem: Problem,
    planes: Planes,
    /// Channels of what comes in and of what comes out, in all and in a group.
    ins: [usize; 2],
    outs: [usize; 2],
    /// Sizes of a plane that comes in.
    from: [usize; 2],
    /// Which part of the cyclic plane comes out.
    part: Part,
    direction: Direction,
    /// Samples that are taken together.
    together: usize,
}

impl Data {
    pub(super) fn new(problem: &Problem, isa: Isa, direction: Direction, planes: Planes) -> Self {
        let inputs = ([problem.in_channels, problem.ins()], input_sizes(problem));
        let outputs = ([problem.out_channels, problem.outs()], output_sizes(problem));
        let before = [problem.windows[1].before, problem.windows[2].before];
        let (((ins, from), (outs, sizes)), first) = match direction {
            Direction::Forward => ((inputs, outputs), ahead(&planes, problem)),
            Direction::Backward => ((outputs, inputs), before),
        };
        let together = samples_together(problem, &planes);
        let part = Part { sizes, first };
        Data { isa, problem: problem.clone(), planes, ins, outs, from, part, direction, together }
    }

    fn rooms(&self) -> usize {
        ROOMS.min(self.problem.rows)
    }

    fn room_len(&self) -> usize {
        self.planes.room_len() + self.problem.taps()
    }

    /// Where the kernel of result `channel` and the first input of its group lies, and the way to the next input and to the
    /// next result.
    fn kernels(&self, channel: usize) -> At {
        let pitch = pitch(&self.planes);
        let (group, channel) = (channel / self.outs[1], channel % self.outs[1]);
        let (inputs, outputs) = (self.problem.ins(), self.problem.outs());
        match self.direction {
            Direction::Forward => {
                At { first: (group * outputs + channel) * inputs * pitch, factor: pitch, result: inputs * pitch }
            }
            Direction::Backward => {
                At { first: (group * outputs * inputs + channel) * pitch, factor: inputs * pitch, result: pitch }
            }
        }
    }

    /// The sums of at most [`TILE`] results from `channel` on, over some frequencies.
    fn products<'a>(
        &self,
        spectra: &'a [f32],
        kernels: &'a [f32],
        channel: usize,
        results: usize,
        vectors: std::ops::Range<usize>,
        out: [&'a mut [f32]; TILE],
    ) {
        let pitch = pitch(&self.planes);
        let first = channel / self.outs[1] * self.ins[1] * pitch;
        self.isa.run(Products {
            vectors,
            factors: self.ins[1],
            results,
            x: spectra,
            x_at: At { first, factor: pitch, result: 0 },
            w: kernels,
            w_at: self.kernels(channel),
            conjugate: self.direction == Direction::Forward,
            adds: false,
            out,
        });
    }
}

impl DataPass for Data {
    fn packed_len(&self) -> usize {
        self.problem.rows * pitch(&self.planes) + self.rooms() * self.room_len()
    }

    fn pack(&self, workers: &Workers, weights: &[f32], packed: &mut [f32]) {
        let (pitch, taps, rooms) = (pitch(&self.planes), self.problem.taps(), self.rooms());
        let (spectra, room) = packed.split_at_mut(self.problem.rows * pitch);
        let (spectra, room) = (Parts::new(spectra), Parts::new(room));
        workers.run(rooms, |number, _| {
            // SAFETY: each item has its own room, and its own rows of the kernels.
            let room = unsafe { room.part(number * self.room_len()..(number + 1) * self.room_len()) };
            let (room, turned) = room.split_at_mut(self.planes.room_len());
            for row in (number..self.problem.rows).step_by(rooms) {
                let mut kernel = &weights[row * taps..][..taps];
                if self.problem.flipped {
                    turned.copy_from_slice(kernel);
                    turned.reverse();
                    kernel = turned;
                }
                // SAFETY: as above.
                let spectrum = unsafe { spectra.part(row * pitch..row * pitch + self.planes.spectrum_len()) };
                let (planes, sizes) = (&self.planes, kernel_sizes(&self.problem));
                self.isa.run(There { planes, plane: kernel, sizes, spectrum, room });
            }
        });
    }

    fn scratch_len(&self, threads: usize) -> usize {
        let planes = self.together * (self.ins[0] + self.outs[0]);
        planes * pitch(&self.planes) + threads * self.planes.room_len()
    }

    fn parts(&self) -> usize {
        1
    }

    fn run(&self, workers: &Workers, call: DataCall<'_>) {
        let DataCall { input, packed, bias, epilogue, output, scratch } = call;
        let (pitch, len, room_len) = (pitch(&self.planes), self.planes.spectrum_len(), self.planes.room_len());
        let (from, to) = (self.from.iter().product::<usize>(), self.part.sizes.iter().product::<usize>());
        let (ins, outs) = (self.ins[0], self.outs[0]);
        let (x_spectra, rest) = scratch.split_at_mut(self.together * ins * pitch);
        let (y_spectra, room) = rest.split_at_mut(self.together * outs * pitch);
        let (output, room) = (Parts::new(output), Parts::new(room));
        let batch = self.problem.batch;
        for first in (0..batch).step_by(self.together) {
            let samples = self.together.min(batch - first);
            let there = Parts::new(&mut *x_spectra);
            workers.run(samples * ins, |item, worker| {
                // SAFETY: each worker has its own room, each item its own spectrum.
                let (room, spectrum) = unsafe {
                    (
                        room.part(worker * room_len..(worker + 1) * room_len),
                        there.part(item * pitch..item * pitch + len),
                    )
                };
                let plane = &input[(first * ins + item) * from..][..from];
                self.isa.run(There { planes: &self.planes, plane, sizes: self.from, spectrum, room });
            });
            let sums = Parts::new(&mut *y_spectra);
            let vectors = len / PAIR;
            let blocks = vectors.div_ceil(BLOCK);
            let x_spectra = &x_spectra[..samples * ins * pitch];
            workers.run(samples * blocks, |item, _| {
                let (sample, block) = (item / blocks, item % blocks);
                let range = block * BLOCK..vectors.min((block + 1) * BLOCK);
                let mut channel = 0;
                while channel < outs {
                    let results = TILE.min(self.outs[1] - channel % self.outs[1]);
                    let place = |t: usize| {
                        let at = (sample * outs + channel + t) * pitch;
                        let range = floats(&range);
                        // SAFETY: each item has its own frequencies of its sample; results are different spectra.
                        if t < results { unsafe { sums.part(at + range.start..at + range.end) } } else { &mut [] }
                    };
                    let x = &x_spectra[sample * ins * pitch..];
                    self.products(x, packed, channel, results, range.clone(), std::array::from_fn(place));
                    channel += results;
                }
            });
            let y_spectra = &y_spectra[..samples * outs * pitch];
            workers.run(samples * outs, |item, worker| {
                let (sample, channel) = (first + item / outs, item % outs);
                let start = (first * outs + item) * to;
                // SAFETY: each worker has its own room, each item its own plane.
                let (room, plane) =
                    unsafe { (room.part(worker * room_len..(worker + 1) * room_len), output.part(start..start + to)) };
                self.isa.run(Back {
                    planes: &self.planes,
                    spectrum: &y_spectra[item * pitch..][..len],
                    part: self.part,
                    scale: (factor(&self.planes), bias.map_or(0.0, |b| b[channel])),
                    plane,
                    room,
                });
                plane.iter_mut().for_each(|y| *y = epilogue.limit.number(*y));
                if let Some(hook) = epilogue.hook {
                    hook(Block { start, sample, channel, position: 0, part: 0, worker }, plane);
                }
            });
        }
    }
}

/// From a plane to its spectrum.
pub(super) struct There<'a> {
    pub planes: &'a Planes,
    pub plane: &'a [f32],
    pub sizes: [usize; 2],
    pub spectrum: &'a mut [f32],
    pub room: &'a mut [f32],
}

impl Kernel for There<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.planes.forward(simd, self.plane, self.sizes, self.spectrum, self.room);
    }
}

/// From a spectrum to a part of its plane.
pub(super) struct Back<'a> {
    pub planes: &'a Planes,
    pub spectrum: &'a [f32],
    pub part: Part,
    pub scale: (f32, f32),
    pub plane: &'a mut [f32],
    pub room: &'a mut [f32],
}

impl Kernel for Back<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.planes.inverse(simd, self.spectrum, self.part, self.scale, self.plane, self.room);
    }
}
