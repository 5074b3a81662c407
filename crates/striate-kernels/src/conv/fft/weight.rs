//! The gradient to the weights: spectra of inputs times conjugates of those of the outputs' gradients, summed over the
//! samples in their order.

use super::data::{Back, There};
use super::product::{At, Products, TILE, floats};
use super::transform::PAIR;
use super::{BLOCK, Part, Planes, ahead, factor, input_sizes, kernel_sizes, output_sizes, pitch, samples_together};
use crate::conv::WeightPass;
use crate::conv::problem::Problem;
use crate::parts::Parts;
use crate::simd::Isa;
use crate::workers::Workers;

pub(super) struct Weight {
    isa: Isa,
    problem: Problem,
    planes: Planes,
    together: usize,
}

impl Weight {
    pub(super) fn new(problem: &Problem, isa: Isa, planes: Planes) -> Self {
        let together = samples_together(problem, &planes);
        Weight { isa, problem: problem.clone(), planes, together }
    }

    /// Adds the products of so many samples to the kernels' spectra, over one block of frequencies.
    fn block(&self, spectra: [&[f32]; 2], samples: usize, adds: bool, block: usize, sums: &Parts<'_, f32>) {
        let (p, pitch) = (&self.problem, pitch(&self.planes));
        let (ins, outs) = (p.ins(), p.outs());
        let vectors = self.planes.spectrum_len() / PAIR;
        let vectors = block * BLOCK..vectors.min((block + 1) * BLOCK);
        for input in 0..p.in_channels {
            let group = input / ins;
            for first in (0..outs).step_by(TILE) {
                let results = TILE.min(outs - first);
                let output = group * outs + first;
                let place = |t: usize| {
                    let at = ((output + t) * ins + input % ins) * pitch;
                    let range = floats(&vectors);
                    // SAFETY: each item has its own frequencies; the results are different spectra.
                    if t < results { unsafe { sums.part(at + range.start..at + range.end) } } else { &mut [] }
                };
                let x_at = At { first: input * pitch, factor: p.in_channels * pitch, result: 0 };
                let w_at = At { first: output * pitch, factor: p.out_channels * pitch, result: pitch };
                self.isa.run(Products {
                    vectors: vectors.clone(),
                    factors: samples,
                    results,
                    x: spectra[0],
                    x_at,
                    w: spectra[1],
                    w_at,
                    conjugate: true,
                    adds,
                    out: std::array::from_fn(place),
                });
            }
        }
    }
}

impl WeightPass for Weight {
    fn scratch_len(&self, threads: usize) -> usize {
        let planes = self.together * (self.problem.in_channels + self.problem.out_channels) + self.problem.rows;
        planes * pitch(&self.planes) + threads * self.planes.room_len()
    }

    fn run(&self, workers: &Workers, x: &[f32], grad_y: &[f32], grad_w: &mut [f32], scratch: &mut [f32]) {
        let p = &self.problem;
        let (pitch, len, room_len) = (pitch(&self.planes), self.planes.spectrum_len(), self.planes.room_len());
        let (ins, outs) = (p.in_channels, p.out_channels);
        let (x_spectra, rest) = scratch.split_at_mut(self.together * ins * pitch);
        let (y_spectra, rest) = rest.split_at_mut(self.together * outs * pitch);
        let (sums, room) = rest.split_at_mut(p.rows * pitch);
        let room = Parts::new(room);
        for first in (0..p.batch).step_by(self.together) {
            let samples = self.together.min(p.batch - first);
            let (x_there, y_there) = (Parts::new(&mut *x_spectra), Parts::new(&mut *y_spectra));
            workers.run(samples * (ins + outs), |item, worker| {
                let (data, sizes, there, item, planes) = match item.checked_sub(samples * ins) {
                    None => (x, input_sizes(p), &x_there, item, ins),
                    Some(item) => (grad_y, output_sizes(p), &y_there, item, outs),
                };
                // SAFETY: each worker has its own room, each item its own spectrum.
                let (room, spectrum) = unsafe {
                    (
                        room.part(worker * room_len..(worker + 1) * room_len),
                        there.part(item * pitch..item * pitch + len),
                    )
                };
                let elements: usize = sizes.iter().product();
                let plane = &data[(first * planes + item) * elements..][..elements];
                self.isa.run(There { planes: &self.planes, plane, sizes, spectrum, room });
            });
            let (x_spectra, y_spectra) = (&x_spectra[..samples * ins * pitch], &y_spectra[..samples * outs * pitch]);
            let sums = Parts::new(&mut *sums);
            workers.run((len / PAIR).div_ceil(BLOCK), |block, _| {
                self.block([x_spectra, y_spectra], samples, first > 0, block, &sums);
            });
        }
        let part = Part { sizes: kernel_sizes(p), first: ahead(&self.planes, p) };
        let sums = &*sums;
        workers.chunks(grad_w, p.taps(), |row, worker, plane| {
            // SAFETY: each worker has its own room.
            let room = unsafe { room.part(worker * room_len..(worker + 1) * room_len) };
            let spectrum = &sums[row * pitch..][..len];
            let scale = (factor(&self.planes), 0.0);
            self.isa.run(Back { planes: &self.planes, spectrum, part, scale, plane, room });
            if p.flipped {
                plane.reverse();
            }
        });
    }
}
