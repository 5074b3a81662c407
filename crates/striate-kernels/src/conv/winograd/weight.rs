//! The weight gradient: with `W = A·∂y·Aᵀ` and `V = Bᵀ·x·B` of each tile, `∂w = Gᵀ·(Σ_t W ∘ V)·G`.

use super::super::WeightPass;
use super::super::problem::Problem;
use super::channels::{Channels, scratch_len};
use super::grad_filter::GradFilter;
use super::input::{Grad, Input, Strip};
use super::sums::{Slice, Sums, TILES};
use super::tiling::{Panel, Tiling};
use super::transform::Scheme;
use crate::simd::{Isa, LANES};
use crate::workers::Workers;
use std::marker::PhantomData;

pub(super) struct Weight<X, const M: usize, const N: usize> {
    /// Of `x`, and of `∂y`.
    tiling: Tiling,
    grad_tiling: Tiling,
    strip: Strip,
    grad_strip: Strip,
    sums: Sums,
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
        let sums = Sums {
            isa,
            points: N * N,
            groups: problem.groups,
            ins: problem.ins(),
            outs: problem.outs(),
            taps: 9,
            lanes: tiling.lanes(),
            blocks: tiling.blocks(),
        };
        Weight {
            strip: Strip::new(&single, N, N),
            grad_strip: Strip::new(&grad_tiling, N, M),
            tiling,
            grad_tiling,
            sums,
            reversed: problem.flipped,
            scheme: PhantomData,
        }
    }

    /// A worker's own scratch.
    fn own(&self) -> usize {
        scratch_len(&self.tiling, &self.strip, N).max(self.grad_strip.len())
    }

    /// `V` of eight channels of a block.
    fn input(&self, x: &[f32], block: usize, slice: Slice, scratch: &mut [f32]) {
        let (tiling, sums) = (&self.tiling, &self.sums);
        sums.isa.run(Channels {
            tiling,
            strip: &self.strip,
            rows: tiling.block(block),
            source: &x[(slice.group * sums.ins + slice.channels.start) * tiling.pixels()..],
            sample: sums.groups * sums.ins * tiling.pixels(),
            live: slice.channels.len(),
            v: slice.to,
            pitch: slice.pitch,
            scratch,
            scheme: self.scheme,
        });
    }

    /// `W` of some outputs of a block.
    fn grad(&self, grad_y: &[f32], block: usize, slice: Slice, z: &mut [f32]) {
        let (tiling, sums) = (&self.grad_tiling, &self.sums);
        sums.isa.run(Input::<Grad<X>, M, N> {
            tiling,
            strip: &self.grad_strip,
            rows: tiling.block(block),
            source: &grad_y[slice.group * sums.outs * tiling.pixels()..],
            sample: sums.groups * sums.outs * tiling.pixels(),
            channels: slice.channels,
            v: slice.to,
            room: sums.room(),
            panels: &[Panel { first: 0, width: tiling.lanes() / LANES }],
            pitch: slice.pitch,
            z,
            transform: PhantomData,
        });
    }
}

impl<X: Scheme<M, N>, const M: usize, const N: usize> WeightPass for Weight<X, M, N> {
    fn scratch_len(&self, threads: usize) -> usize {
        self.sums.scratch_len(threads, self.own())
    }

    fn run(&self, workers: &Workers, x: &[f32], grad_y: &[f32], grad_w: &mut [f32], scratch: &mut [f32]) {
        self.sums.run(
            workers,
            scratch,
            grad_w,
            self.own(),
            |block, slice, own| self.input(x, block, slice, own),
            |block, slice, own| self.grad(grad_y, block, slice, own),
            |block| self.tiling.block(block).len() * self.tiling.across,
            |s, pitch, grad_w| {
                self.sums.isa.run(GradFilter { s, pitch, reversed: self.reversed, grad_w, scheme: self.scheme });
            },
        );
    }
}
