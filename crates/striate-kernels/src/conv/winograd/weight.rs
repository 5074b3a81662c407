//! The weight gradient: with `W = A·∂y·Aᵀ` and `V = Bᵀ·x·B` of each tile, `∂w = Gᵀ·(Σ_t W ∘ V)·G`.
//!
//! Block by block: `W` and `V` are made, an item being some channels; then each point adds its products, an item being a
//! point of a group. At the end the sums are turned into kernels. So there is one set of sums, added up in the order of
//! the tiles.

use super::super::WeightPass;
use super::super::problem::Problem;
use super::channels::{Channels, scratch_len};
use super::grad_filter::GradFilter;
use super::input::{Grad, Input, Strip};
use super::outer::Outer;
use super::pitch;
use super::tiling::{Panel, Tiling};
use super::transform::Scheme;
use crate::parts::Parts;
use crate::simd::{Isa, LANES};
use crate::workers::Workers;
use std::marker::PhantomData;

/// Tiles of a block, about: so many that loading and storing the sums costs little.
const TILES: usize = 128;
/// Outputs of an item that makes `W`.
const OUTPUTS: usize = 8;
/// Kernels of an item at the end, about.
const KERNELS: usize = 512;

pub(super) struct Weight<X, const M: usize, const N: usize> {
    isa: Isa,
    /// Of `x`, and of `∂y`.
    tiling: Tiling,
    grad_tiling: Tiling,
    strip: Strip,
    grad_strip: Strip,
    groups: usize,
    /// Channels of a group.
    ins: usize,
    outs: usize,
    reversed: bool,
    scheme: PhantomData<X>,
}

impl<X: Scheme<M, N>, const M: usize, const N: usize> Weight<X, M, N> {
    pub(super) fn new(problem: &Problem, isa: Isa) -> Self {
        let [_, y, x] = problem.windows;
        let target = [problem.outputs[1], problem.outputs[2]];
        let before = [y, x].map(|w| w.before as isize);
        let tiling = Tiling::new(M, [y.input, x.input], target, before, problem.batch, TILES);
        let grad_tiling = Tiling { source: target, before: [0; 2], ..tiling.clone() };
        let single = Tiling { rows: 1, ..tiling.clone() };
        Weight {
            isa,
            strip: Strip::new(&single, N, N),
            grad_strip: Strip::new(&grad_tiling, N, M),
            tiling,
            grad_tiling,
            groups: problem.groups,
            ins: problem.ins(),
            outs: problem.outs(),
            reversed: problem.flipped,
            scheme: PhantomData,
        }
    }

    fn eights(&self) -> usize {
        self.ins.div_ceil(LANES)
    }

    fn fours(&self) -> usize {
        self.outs.div_ceil(4)
    }

    /// Distances between two points of a group's `V`, `W` and sums.
    fn pitches(&self) -> [usize; 3] {
        let lanes = self.tiling.lanes();
        [
            pitch(self.eights() * LANES, lanes),
            pitch(self.fours() * 4, lanes),
            pitch(self.fours() * 4, self.eights() * LANES),
        ]
    }

    /// Numbers of all groups' `V`, `W` and sums, and of a worker's own scratch.
    fn lens(&self) -> ([usize; 3], usize) {
        let all = self.pitches().map(|pitch| self.groups * N * N * pitch);
        (all, scratch_len(&self.tiling, &self.strip, N).max(self.grad_strip.len()))
    }

    /// `V` of eight channels of a block.
    fn input(&self, x: &[f32], block: usize, (group, eight): (usize, usize), v: *mut f32, scratch: &mut [f32]) {
        let (tiling, pitch) = (&self.tiling, self.pitches()[0]);
        let channel = group * self.ins + eight * LANES;
        self.isa.run(Channels {
            tiling,
            strip: &self.strip,
            rows: tiling.block(block),
            source: &x[channel * tiling.pixels()..],
            sample: self.groups * self.ins * tiling.pixels(),
            live: LANES.min(self.ins - eight * LANES),
            v: v.wrapping_add(group * N * N * pitch + eight * tiling.lanes() * LANES),
            pitch,
            scratch,
            scheme: self.scheme,
        });
    }

    /// `W` of some outputs of a block.
    fn grad(&self, grad_y: &[f32], block: usize, (group, chunk): (usize, usize), w: *mut f32, z: &mut [f32]) {
        let (tiling, pitch) = (&self.grad_tiling, self.pitches()[1]);
        self.isa.run(Input::<Grad<X>, M, N> {
            tiling,
            strip: &self.grad_strip,
            rows: tiling.block(block),
            source: &grad_y[group * self.outs * tiling.pixels()..],
            sample: self.groups * self.outs * tiling.pixels(),
            channels: chunk * OUTPUTS..((chunk + 1) * OUTPUTS).min(self.outs),
            v: w.wrapping_add(group * N * N * pitch),
            room: self.fours() * 4,
            panels: &[Panel { first: 0, width: tiling.lanes() / LANES }],
            pitch,
            z,
            transform: PhantomData,
        });
    }
}

impl<X: Scheme<M, N>, const M: usize, const N: usize> WeightPass for Weight<X, M, N> {
    fn scratch_len(&self, threads: usize) -> usize {
        let (all, own) = self.lens();
        all.iter().sum::<usize>() + threads * own
    }

    fn run(&self, workers: &Workers, x: &[f32], grad_y: &[f32], grad_w: &mut [f32], scratch: &mut [f32]) {
        let ([v_len, w_len, s_len], own_len) = self.lens();
        let [v_pitch, w_pitch, s_pitch] = self.pitches();
        let (v, rest) = scratch.split_at_mut(v_len);
        let (w, rest) = rest.split_at_mut(w_len);
        let (s, own) = rest.split_at_mut(s_len);
        let own = Parts::new(own);
        let (ins, outs) = (self.eights(), self.outs.div_ceil(OUTPUTS));
        for block in 0..self.tiling.blocks() {
            let (v_parts, w_parts) = (Parts::new(&mut *v), Parts::new(&mut *w));
            workers.run(self.groups * (ins + outs), |item, worker| {
                let (group, item) = (item / (ins + outs), item % (ins + outs));
                // SAFETY: each worker has its own part, and runs one item at a time.
                let own = unsafe { own.part(worker * own_len..(worker + 1) * own_len) };
                if item < ins {
                    self.input(x, block, (group, item), v_parts.start(), own);
                } else {
                    self.grad(grad_y, block, (group, item - ins), w_parts.start(), own);
                }
            });
            let (v, w): (&[f32], &[f32]) = (v, w);
            workers.chunks(&mut *s, s_pitch, |point, _, s| {
                self.isa.run(Outer {
                    fours: self.fours(),
                    eights: self.eights(),
                    tiles: self.tiling.block(block).len() * self.tiling.across,
                    lanes: self.tiling.lanes(),
                    w: &w[point * w_pitch..][..w_pitch],
                    v: &v[point * v_pitch..][..v_pitch],
                    s,
                    begins: block == 0,
                });
            });
        }
        let s: &[f32] = s;
        let some = KERNELS.div_ceil(self.ins);
        workers.chunks(grad_w, some * self.ins * 9, |item, _, grad_w| {
            for (output, grad_w) in grad_w.chunks_mut(self.ins * 9).enumerate() {
                let output = item * some + output;
                let (group, output) = (output / self.outs, output % self.outs);
                self.isa.run(GradFilter {
                    s: &s[group * N * N * s_pitch + output * self.eights() * LANES..],
                    pitch: s_pitch,
                    reversed: self.reversed,
                    grad_w,
                    scheme: self.scheme,
                });
            }
        });
    }
}
