//! The weight gradient: with `W = A·∂y` and `V = Bᵀ·x` of each tile, `∂w = Gᵀ·(Σ_t W ∘ V)`, phase by phase.
//!
//! Block by block: `W` and `V` are made, an item being some channels; then each point adds its products, an item being a
//! point of a group. At the end the sums are turned into kernels. So there is one set of sums, added up in the order of
//! the tiles.

use super::super::super::WeightPass;
use super::super::super::problem::Problem;
use super::super::outer::Outer;
use super::super::pitch;
use super::kernel::GradFilter;
use super::phase::Phases;
use super::read::{Channels, Grads};
use super::tiling::Tiling;
use crate::parts::Parts;
use crate::simd::{Isa, LANES};
use crate::workers::Workers;

/// Tiles of a block, about: so many that loading and storing the sums costs little.
const TILES: usize = 128;
/// Outputs of an item that makes `W`.
const OUTPUTS: usize = 8;
/// Kernels of an item at the end, about.
const KERNELS: usize = 512;

pub(super) struct Weight {
    isa: Isa,
    phases: Phases,
    tiling: Tiling,
    groups: usize,
    /// Channels of a group.
    ins: usize,
    outs: usize,
    taps: usize,
}

impl Weight {
    pub(super) fn new(problem: &Problem, isa: Isa) -> Self {
        let phases = Phases::forward(problem);
        let (source, target) = (problem.windows[2].input, problem.outputs[2]);
        let tiling = Tiling::new(source, target, phases.outputs, problem.batch, TILES);
        Weight {
            isa,
            phases,
            tiling,
            groups: problem.groups,
            ins: problem.ins(),
            outs: problem.outs(),
            taps: problem.taps(),
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
        let all = self.pitches().map(|pitch| self.groups * self.phases.points * pitch);
        (all, LANES * self.tiling.line_len(&self.phases))
    }

    /// `V` of eight channels of a block.
    fn input(&self, x: &[f32], block: usize, (group, eight): (usize, usize), v: *mut f32, lines: &mut [f32]) {
        let (tiling, pitch) = (&self.tiling, self.pitches()[0]);
        let channel = group * self.ins + eight * LANES;
        self.isa.run(Channels {
            tiling,
            phases: &self.phases,
            cover: tiling.block(block),
            source: &x[channel * tiling.source..],
            sample: self.groups * self.ins * tiling.source,
            live: LANES.min(self.ins - eight * LANES),
            v: v.wrapping_add(group * self.phases.points * pitch + eight * tiling.lanes() * LANES),
            pitch,
            lines,
        });
    }

    /// `W` of some outputs of a block.
    fn grad(&self, grad_y: &[f32], block: usize, (group, chunk): (usize, usize), w: *mut f32) {
        let (tiling, pitch) = (&self.tiling, self.pitches()[1]);
        self.isa.run(Grads {
            tiling,
            phases: &self.phases,
            cover: tiling.block(block),
            grad_y: &grad_y[group * self.outs * tiling.target..],
            sample: self.groups * self.outs * tiling.target,
            outputs: chunk * OUTPUTS..((chunk + 1) * OUTPUTS).min(self.outs),
            w: w.wrapping_add(group * self.phases.points * pitch),
            pitch,
        });
    }
}

impl WeightPass for Weight {
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
                if item < ins {
                    // SAFETY: each worker has its own part, and runs one item at a time.
                    let own = unsafe { own.part(worker * own_len..(worker + 1) * own_len) };
                    self.input(x, block, (group, item), v_parts.start(), own);
                } else {
                    self.grad(grad_y, block, (group, item - ins), w_parts.start());
                }
            });
            let (v, w): (&[f32], &[f32]) = (v, w);
            workers.chunks(&mut *s, s_pitch, |point, _, s| {
                self.isa.run(Outer {
                    fours: self.fours(),
                    eights: self.eights(),
                    tiles: self.tiling.block(block).len(),
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
        workers.chunks(grad_w, some * self.ins * self.taps, |item, _, grad_w| {
            for (output, grad_w) in grad_w.chunks_mut(self.ins * self.taps).enumerate() {
                let output = item * some + output;
                let (group, output) = (output / self.outs, output % self.outs);
                self.isa.run(GradFilter {
                    phases: &self.phases,
                    s: &s[group * self.phases.points * s_pitch + output * self.eights() * LANES..],
                    pitch: s_pitch,
                    taps: self.taps,
                    grad_w,
                });
            }
        });
    }
}
