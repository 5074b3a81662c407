//! The weight gradient: with `W = A·∂y` and `V = Bᵀ·x` of each tile, `∂w = Gᵀ·(Σ_t W ∘ V)`, phase by phase.

use super::super::super::WeightPass;
use super::super::super::problem::Problem;
use super::super::sums::{Slice, Sums, TILES};
use super::kernel::GradFilter;
use super::phase::Phases;
use super::read::{Channels, Grads};
use super::tiling::Tiling;
use crate::simd::{Isa, LANES};
use crate::workers::Workers;

pub(super) struct Weight {
    phases: Phases,
    tiling: Tiling,
    sums: Sums,
}

impl Weight {
    pub(super) fn new(problem: &Problem, isa: Isa) -> Self {
        let phases = Phases::forward(problem);
        let (source, target) = (problem.windows[2].input, problem.outputs[2]);
        let tiling = Tiling::new(source, target, phases.outputs, problem.batch, TILES);
        let sums = Sums {
            isa,
            points: phases.points,
            groups: problem.groups,
            ins: problem.ins(),
            outs: problem.outs(),
            taps: problem.taps(),
            lanes: tiling.lanes(),
            blocks: tiling.blocks(),
        };
        Weight { phases, tiling, sums }
    }

    /// A worker's own scratch: eight lines.
    fn own(&self) -> usize {
        LANES * self.tiling.line_len(&self.phases)
    }

    /// `V` of eight channels of a block.
    fn input(&self, x: &[f32], block: usize, slice: Slice, lines: &mut [f32]) {
        let (tiling, sums) = (&self.tiling, &self.sums);
        sums.isa.run(Channels {
            tiling,
            phases: &self.phases,
            cover: tiling.block(block),
            source: &x[(slice.group * sums.ins + slice.channels.start) * tiling.source..],
            sample: sums.groups * sums.ins * tiling.source,
            live: slice.channels.len(),
            v: slice.to,
            pitch: slice.pitch,
            lines,
        });
    }

    /// `W` of some outputs of a block.
    fn grad(&self, grad_y: &[f32], block: usize, slice: Slice) {
        let (tiling, sums) = (&self.tiling, &self.sums);
        sums.isa.run(Grads {
            tiling,
            phases: &self.phases,
            cover: tiling.block(block),
            grad_y: &grad_y[slice.group * sums.outs * tiling.target..],
            sample: sums.groups * sums.outs * tiling.target,
            outputs: slice.channels,
            w: slice.to,
            pitch: slice.pitch,
        });
    }
}

impl WeightPass for Weight {
    fn scratch_len(&self, threads: usize) -> usize {
        self.sums.scratch_len(threads, self.own())
    }

    fn run(&self, workers: &Workers, x: &[f32], grad_y: &[f32], grad_w: &mut [f32], scratch: &mut [f32]) {
        self.sums.run(
            workers,
            scratch,
            grad_w,
            self.own(),
            |block, slice, lines| self.input(x, block, slice, lines),
            |block, slice, _| self.grad(grad_y, block, slice),
            |block| self.tiling.block(block).len(),
            |s, pitch, grad_w| {
                let (phases, taps) = (&self.phases, self.sums.taps);
                self.sums.isa.run(GradFilter { phases, s, pitch, taps, grad_w });
            },
        );
    }
}
