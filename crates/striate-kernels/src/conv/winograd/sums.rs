//! What the weight gradients of all forms share: where `V`, `W` and their sums lie, and who computes what.
//!
//! Block by block: `W` and `V` are made, an item being some channels; then each point adds its products, an item being a
//! point of a group. At the end the sums are turned into kernels. So there is one set of sums, added up in the order of
//! the tiles.

use super::layout::pitch;
use super::outer::Outer;
use crate::parts::{Parts, lines};
use crate::simd::{Isa, LANES};
use crate::workers::Workers;
use std::ops::Range;

/// Tiles of a block, about: so many that loading and storing the sums costs little.
pub(super) const TILES: usize = 128;
/// Outputs of an item that makes `W`.
const OUTPUTS: usize = 8;
/// Kernels of an item at the end, about.
const KERNELS: usize = 512;

pub(super) struct Sums {
    pub isa: Isa,
    pub points: usize,
    pub groups: usize,
    /// Channels of a group.
    pub ins: usize,
    pub outs: usize,
    /// Taps of a kernel.
    pub taps: usize,
    /// Lanes of a full block.
    pub lanes: usize,
    pub blocks: usize,
}

/// Some channels of a group that are transformed: where they go, and the distance between two points.
pub(super) struct Slice {
    pub group: usize,
    pub channels: Range<usize>,
    pub to: *mut f32,
    pub pitch: usize,
}

impl Sums {
    fn eights(&self) -> usize {
        self.ins.div_ceil(LANES)
    }

    fn fours(&self) -> usize {
        self.outs.div_ceil(4)
    }

    /// Room for outputs of a group.
    pub(super) fn room(&self) -> usize {
        self.fours() * 4
    }

    /// Distances between two points of a group's `V`, `W` and sums.
    fn pitches(&self) -> [usize; 3] {
        [
            pitch(self.eights() * LANES, self.lanes),
            pitch(self.room(), self.lanes),
            pitch(self.room(), self.eights() * LANES),
        ]
    }

    /// Numbers of all groups' `V`, `W` and sums.
    fn lens(&self) -> [usize; 3] {
        self.pitches().map(|pitch| self.groups * self.points * pitch)
    }

    /// `own` numbers are a worker's.
    pub(super) fn scratch_len(&self, threads: usize, own: usize) -> usize {
        self.lens().iter().sum::<usize>() + threads * lines(own)
    }

    /// Runs all items. `input` makes `V` of eight input channels of a block, `grad` makes `W` of some outputs of it, each
    /// with `own` numbers of scratch; a block has `tiles` tiles; `kernels` turns an output's sums, from its first point on and
    /// points so far apart, into its kernels.
    #[allow(clippy::too_many_arguments)] // the stages in their order
    pub(super) fn run(
        &self,
        workers: &Workers,
        scratch: &mut [f32],
        grad_w: &mut [f32],
        own: usize,
        input: impl Fn(usize, Slice, &mut [f32]) + Sync,
        grad: impl Fn(usize, Slice, &mut [f32]) + Sync,
        tiles: impl Fn(usize) -> usize + Sync,
        kernels: impl Fn(&[f32], usize, &mut [f32]) + Sync,
    ) {
        let own = lines(own);
        let ([v_len, w_len, s_len], [v_pitch, w_pitch, s_pitch]) = (self.lens(), self.pitches());
        let (v, rest) = scratch.split_at_mut(v_len);
        let (w, rest) = rest.split_at_mut(w_len);
        let (s, mine) = rest.split_at_mut(s_len);
        let mine = Parts::new(mine);
        let (ins, outs) = (self.eights(), self.outs.div_ceil(OUTPUTS));
        for block in 0..self.blocks {
            let (v_parts, w_parts) = (Parts::new(&mut *v), Parts::new(&mut *w));
            workers.run(self.groups * (ins + outs), |item, worker| {
                let (group, item) = (item / (ins + outs), item % (ins + outs));
                // SAFETY: each worker has its own part, and runs one item at a time.
                let mine = unsafe { mine.part(worker * own..(worker + 1) * own) };
                if item < ins {
                    let channels = item * LANES..((item + 1) * LANES).min(self.ins);
                    let at = group * self.points * v_pitch + item * self.lanes * LANES;
                    input(block, Slice { group, channels, to: v_parts.start().wrapping_add(at), pitch: v_pitch }, mine);
                } else {
                    let channels = (item - ins) * OUTPUTS..((item - ins + 1) * OUTPUTS).min(self.outs);
                    let to = w_parts.start().wrapping_add(group * self.points * w_pitch);
                    grad(block, Slice { group, channels, to, pitch: w_pitch }, mine);
                }
            });
            let (v, w): (&[f32], &[f32]) = (v, w);
            workers.chunks(&mut *s, s_pitch, |point, _, s| {
                self.isa.run(Outer {
                    fours: self.fours(),
                    eights: self.eights(),
                    tiles: tiles(block),
                    lanes: self.lanes,
                    w: &w[point * w_pitch..][..w_pitch],
                    v: &v[point * v_pitch..][..v_pitch],
                    s,
                    begins: block == 0,
                });
            });
        }
        let s: &[f32] = s;
        let (some, size) = (KERNELS.div_ceil(self.ins), self.ins * self.taps);
        workers.chunks(grad_w, some * size, |item, _, grad_w| {
            for (output, grad_w) in grad_w.chunks_mut(size).enumerate() {
                let output = item * some + output;
                let (group, output) = (output / self.outs, output % self.outs);
                let at = group * self.points * s_pitch + output * self.eights() * LANES;
                kernels(&s[at..], s_pitch, grad_w);
            }
        });
    }
}
