//! The direct variant of the forward pass and of the input gradient: both are sums over (channel, tap) of a packed
//! weight times a constant distance in a [`Lattice`]. The input gradient at stride `s` is `s` such passes an axis, one
//! for each residue of its outputs.

use super::lattice::{Axis, Lattice, Outputs, Tiles};
use super::problem::Problem;
use super::tile::{self, blocks};
use super::{Block, ConvOptions, DataCall, DataPass};
use crate::parts::Parts;
use crate::simd::{Isa, Kernel, Simd};
use crate::workers::Workers;
use std::ops::Range;

/// One residue of the outputs: its taps and where it writes.
struct Pass {
    /// Kernel elements.
    elements: Vec<usize>,
    /// For each (channel, tap) of a group the distance in the copy.
    offsets: Vec<u32>,
    /// For each band.
    tiles: Vec<Tiles>,
    /// Where its weights start within a group's packed weights.
    packed: usize,
}

/// How a kernel element of `output` and `input` (channels of a group, as this pass sees them) is found.
#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Forward,
    Backward,
}

struct Direct {
    isa: Isa,
    problem: Problem,
    direction: Direction,
    lattice: Lattice,
    passes: Vec<Pass>,
    /// Channels of a group that are read, and that are written.
    reads: usize,
    writes: usize,
    /// Elements of a channel that is read, and of one that is written.
    source: usize,
    target: usize,
    /// The last two axes of a written channel form its rows; a band is whole steps of this many elements.
    blocks: Vec<(usize, usize)>,
    /// Ranges of `blocks`, one an item.
    parts: Vec<Range<usize>>,
    /// Groups of an item.
    gang: usize,
    bands: Vec<Range<usize>>,
}

/// What an axis contributes to a pass: its taps as (tap, phase, distance) and its outputs.
struct Residue {
    taps: Vec<(usize, usize, usize)>,
    range: Range<usize>,
    start: usize,
    step: usize,
}

pub(super) fn forward(problem: &Problem, isa: Isa, _: &ConvOptions) -> Result<Box<dyn DataPass>, String> {
    let axes = forward_axes(problem);
    let residues = problem.windows.map(|w| {
        let taps = (0..w.kernel).map(|t| (t, t * w.dilation % w.stride, t * w.dilation / w.stride)).collect();
        vec![Residue { taps, range: 0..w.output().unwrap_or(0), start: 0, step: 1 }]
    });
    Direct::new(problem, isa, Direction::Forward, axes, residues).map(|d| Box::new(d) as _)
}

/// The axes of the copy of `x`.
pub(super) fn forward_axes(problem: &Problem) -> [Axis; 3] {
    problem.windows.map(|w| {
        let mut phases: Vec<usize> = (0..w.kernel).map(|t| t * w.dilation % w.stride).collect();
        phases.sort_unstable();
        phases.dedup();
        Axis {
            input: w.input,
            stride: w.stride,
            before: w.before as isize,
            positions: w.output().unwrap_or(0),
            phases,
            reach: (w.kernel - 1) * w.dilation / w.stride,
        }
    })
}

/// Input `q` gets from tap `t` the output `p = (q + before − t·dilation)/stride` where that divides. With
/// `q + before = m·stride + ρ` and `t·dilation = e·stride + ρ`: `p = m − e`.
pub(super) fn grad_input(problem: &Problem, isa: Isa, _: &ConvOptions) -> Result<Box<dyn DataPass>, String> {
    let axes = problem.windows.map(|w| {
        let reach = (w.kernel - 1) * w.dilation / w.stride;
        let first = w.before / w.stride;
        Axis {
            input: w.output().unwrap_or(0),
            stride: 1,
            before: reach as isize - first as isize,
            positions: (w.input - 1 + w.before) / w.stride + 1 - first,
            phases: vec![0],
            reach,
        }
    });
    let residues = problem.windows.map(|w| {
        let reach = (w.kernel - 1) * w.dilation / w.stride;
        let first = w.before / w.stride;
        let residue = |rho: usize| {
            let of_tap = |t: usize| {
                let u = t * w.dilation;
                (u % w.stride == rho).then_some((t, 0, reach - u / w.stride))
            };
            let from = w.before.saturating_sub(rho).div_ceil(w.stride);
            let to = (w.input + w.before).saturating_sub(rho).div_ceil(w.stride);
            Residue {
                taps: (0..w.kernel).filter_map(of_tap).collect(),
                range: from - first..to.max(from) - first,
                start: (from * w.stride + rho) - w.before,
                step: w.stride,
            }
        };
        (0..w.stride).map(residue).collect()
    });
    Direct::new(problem, isa, Direction::Backward, axes, residues).map(|d| Box::new(d) as _)
}

/// Floats of a copy that still leave room for weights in the second-level cache.
const COPY: usize = 64 << 10;
/// Products that are worth handing to another worker.
const WORTH: usize = 200_000;
/// Products that take as long as packing one weight.
const PACKED: usize = 16;

impl Direct {
    fn new(
        problem: &Problem,
        isa: Isa,
        direction: Direction,
        axes: [Axis; 3],
        residues: [Vec<Residue>; 3],
    ) -> Result<Self, String> {
        let forward = direction == Direction::Forward;
        let (reads, writes) = if forward { (problem.ins(), problem.outs()) } else { (problem.outs(), problem.ins()) };
        let sizes = if forward { problem.outputs } else { problem.windows.map(|w| w.input) };
        let source: usize = axes.iter().map(|a| a.input).product();
        let target: usize = sizes.iter().product();
        let sample = writes * problem.groups * target;
        if sample > u32::MAX as usize / 64 || problem.in_channels * problem.pixels() > u32::MAX as usize / 64 {
            return Err("a sample has too many elements for 32-bit offsets".into());
        }

        // images and bands: a copy of moderate size that yields several vectors
        let positions: usize = axes.iter().map(|a| a.positions.max(1)).product();
        let image: usize = reads * Lattice::new(axes.clone(), 1, usize::MAX).channel_pitch();
        let weights = reads * writes * problem.taps();
        let wanted = if weights > 64 << 10 { 256 } else { 48 };
        let images = wanted.min(COPY / image.max(1) * positions).div_ceil(positions.max(1));
        let images = images.clamp(1, problem.batch.div_ceil(4).max(1));
        let whole = Lattice::new(axes.clone(), images, usize::MAX);
        let outermost = &axes[whole.band_axis];
        let mut band = outermost.positions.max(1);
        let size = |band: usize| reads * Lattice::new(axes.clone(), images, band).channel_pitch();
        while images == 1 && size(band) > COPY * 3 / 2 && band > 4.max(outermost.reach) {
            band = band.div_ceil(2);
        }

        // items: enough for several workers where there is work for them
        let products = problem.positions() * problem.rows * problem.taps();
        let blocks = blocks(writes);
        let gang = (problem.groups * WORTH / 2 / products.max(1)).clamp(1, problem.groups);
        let mut items = problem.batch.div_ceil(images) * problem.groups.div_ceil(gang);
        items *= outermost.positions.div_ceil(band).max(1);
        let share = (problem.batch * products / items.max(1)).div_ceil(WORTH).min(8usize.div_ceil(items));
        let part = blocks.len().div_ceil(share.clamp(1, blocks.len().div_ceil(4).max(1))).max(1);
        let parts: Vec<_> = (0..blocks.len()).step_by(part).map(|b| b..(b + part).min(blocks.len())).collect();
        items *= parts.len();
        while images == 1 && items < 8 && band > 2 && problem.batch * products / items > WORTH {
            band = band.div_ceil(2);
            items *= 2;
        }

        let lattice = Lattice::new(axes, images, band);
        if lattice.len(reads) > u32::MAX as usize {
            return Err("the padded copy has too many elements for 32-bit offsets".into());
        }
        let mut passes = Vec::new();
        let mut packed = 0;
        for z in &residues[0] {
            for y in &residues[1] {
                for x in &residues[2] {
                    let pass = Self::pass(problem, isa, &lattice, [z, y, x], (reads, packed), sizes, sample);
                    packed += pass.offsets.len() * writes;
                    passes.push(pass);
                }
            }
        }
        let bands = (0..lattice.bands()).map(|b| Self::written(&lattice, &residues, &sizes, b)).collect();
        let problem = problem.clone();
        Ok(Direct {
            isa,
            problem,
            direction,
            lattice,
            passes,
            reads,
            writes,
            source,
            target,
            blocks,
            parts,
            gang,
            bands,
        })
    }

    fn pass(
        problem: &Problem,
        isa: Isa,
        lattice: &Lattice,
        axes: [&Residue; 3],
        (reads, packed): (usize, usize),
        sizes: [usize; 3],
        sample: usize,
    ) -> Pass {
        let [_, ky, kx] = problem.windows.map(|w| w.kernel);
        let mut taps = Vec::new();
        for &(tz, pz, dz) in &axes[0].taps {
            for &(ty, py, dy) in &axes[1].taps {
                for &(tx, px, dx) in &axes[2].taps {
                    let element = problem.element((tz * ky + ty) * kx + tx);
                    taps.push((element, lattice.offset([pz, py, px], [dz, dy, dx])));
                }
            }
        }
        let pitch = lattice.channel_pitch();
        let outputs =
            Outputs { range: axes.map(|a| a.range.clone()), start: axes.map(|a| a.start), step: axes.map(|a| a.step) };
        Pass {
            elements: taps.iter().map(|t| t.0).collect(),
            offsets: (0..reads).flat_map(|c| taps.iter().map(move |t| (c * pitch + t.1) as u32)).collect(),
            tiles: (0..lattice.bands()).map(|b| lattice.tiles(b, &outputs, sizes, sample, isa.wide_lanes())).collect(),
            packed,
        }
    }

    /// The elements of a channel that a band writes: whole steps of the band axis, all residues together.
    fn written(lattice: &Lattice, residues: &[Vec<Residue>; 3], sizes: &[usize; 3], band: usize) -> Range<usize> {
        let axis = lattice.band_axis;
        let below: usize = sizes[axis + 1..].iter().product();
        let limits = lattice.band_range(band);
        let coordinates = residues[axis].iter().filter_map(|r| {
            let (from, to) = (r.range.start.max(limits.start), r.range.end.min(limits.end));
            let at = |m: usize| r.start + (m - r.range.start) * r.step;
            (from < to).then(|| (at(from), at(to - 1) + 1))
        });
        let (from, to) = coordinates.fold((usize::MAX, 0), |(a, b), (c, d)| (a.min(c), b.max(d)));
        if from > to { 0..0 } else { from * below..to * below }
    }

    fn group_weights(&self) -> usize {
        self.reads * self.writes * self.problem.taps()
    }

    fn item(&self, call: &DataCall<'_>, output: &Parts<'_, f32>, copy: &mut [f32], item: usize, worker: usize) {
        let p = &self.problem;
        let (item, part) = (item / self.parts.len(), item % self.parts.len());
        let (item, band) = (item / self.bands.len(), item % self.bands.len());
        let gangs = p.groups.div_ceil(self.gang);
        let (first, gang) = (item / gangs * self.lattice.images, item % gangs);
        let images = self.lattice.images.min(p.batch - first);
        let sample = self.reads * p.groups * self.source;
        for group in gang * self.gang..((gang + 1) * self.gang).min(p.groups) {
            let source = &call.input[first * sample + group * self.reads * self.source..];
            let fill = Fill { lattice: &self.lattice, source, sample, size: (self.reads, images), band, copy };
            self.isa.run(fill);
            for &(first_write, width) in &self.blocks[self.parts[part].clone()] {
                let at = Place { first, images, channel: group * self.writes + first_write, band, worker };
                for pass in &self.passes {
                    let terms = pass.offsets.len();
                    let start = group * self.group_weights() + pass.packed + first_write * terms;
                    let weights = &call.packed[start..][..width * terms];
                    match width {
                        6 => self.block::<6>(call, pass, weights, copy, output, at),
                        4 => self.block::<4>(call, pass, weights, copy, output, at),
                        3 => self.block::<3>(call, pass, weights, copy, output, at),
                        2 => self.block::<2>(call, pass, weights, copy, output, at),
                        _ => self.block::<1>(call, pass, weights, copy, output, at),
                    }
                }
                if let Some(hook) = call.epilogue.hook {
                    self.hook(hook, output, at, width);
                }
            }
        }
    }

    fn block<const M: usize>(
        &self,
        call: &DataCall<'_>,
        pass: &Pass,
        weights: &[f32],
        copy: &[f32],
        output: &Parts<'_, f32>,
        at: Place,
    ) {
        let bias = call.bias.map_or([0.0; M], |b| std::array::from_fn(|m| b[at.channel + m]));
        let start = self.start(at.first, at.channel);
        self.isa.run(tile::Block {
            tiles: &pass.tiles[at.band],
            images: at.images,
            offsets: &pass.offsets,
            weights,
            copy,
            bias,
            limit: call.epilogue.limit,
            out: output.start().wrapping_add(start),
            pitch: self.target,
        });
    }

    /// The output element where a channel starts.
    fn start(&self, sample: usize, channel: usize) -> usize {
        (sample * self.writes * self.problem.groups + channel) * self.target
    }

    fn hook(&self, hook: &super::Hook<'_>, output: &Parts<'_, f32>, at: Place, width: usize) {
        let written = self.bands[at.band].clone();
        let whole = written.len() == self.target;
        for sample in at.first..at.first + at.images {
            for channel in (at.channel..at.channel + width).step_by(if whole { width } else { 1 }) {
                let start = self.start(sample, channel) + written.start;
                let len = if whole { width * self.target } else { written.len() };
                let part = if whole { 0 } else { at.band };
                let block = Block { start, sample, channel, position: written.start, part, worker: at.worker };
                // SAFETY: this item alone writes these channels of these samples in this band, and has written them.
                hook(block, unsafe { output.part(start..start + len) });
            }
        }
    }
}

/// What part of the output is in work.
#[derive(Clone, Copy)]
struct Place {
    first: usize,
    images: usize,
    channel: usize,
    band: usize,
    worker: usize,
}

impl DataPass for Direct {
    fn packed_len(&self) -> usize {
        self.problem.groups * self.group_weights()
    }

    fn pack(&self, workers: &Workers, weights: &[f32], packed: &mut [f32]) {
        let taps = self.problem.taps();
        let parts = Parts::new(packed);
        workers.run_worth(weights.len() * PACKED, self.problem.groups * self.blocks.len(), |item, _| {
            let (group, (first, width)) = (item / self.blocks.len(), self.blocks[item % self.blocks.len()]);
            for pass in &self.passes {
                let terms = pass.offsets.len();
                let start = group * self.group_weights() + pass.packed + first * terms;
                // SAFETY: the blocks of different items do not overlap, and each item runs once.
                let block = unsafe { parts.part(start..start + width * terms) };
                let step = (width * pass.elements.len()).max(1);
                for (read, terms) in block.chunks_mut(step).enumerate() {
                    let mut rows: [Option<&[f32]>; 6] = [None; 6];
                    for (m, row) in rows[..width].iter_mut().enumerate() {
                        let number = match self.direction {
                            Direction::Forward => self.problem.row(group, first + m, read),
                            Direction::Backward => self.problem.row(group, read, first + m),
                        };
                        *row = number.map(|row| &weights[row * taps..][..taps]);
                    }
                    for (to, &element) in terms.chunks_exact_mut(width).zip(&pass.elements) {
                        for (to, row) in to.iter_mut().zip(&rows) {
                            *to = row.map_or(0.0, |row| row[element]);
                        }
                    }
                }
            }
        });
    }

    fn scratch_len(&self, threads: usize) -> usize {
        threads * self.lattice.len(self.reads)
    }

    fn parts(&self) -> usize {
        self.bands.len()
    }

    fn run(&self, workers: &Workers, call: DataCall<'_>) {
        let items = self.problem.batch.div_ceil(self.lattice.images)
            * self.problem.groups.div_ceil(self.gang)
            * self.bands.len()
            * self.parts.len();
        let DataCall { input, packed, bias, epilogue, output, scratch } = call;
        let call = DataCall { input, packed, bias, epilogue, output: &mut [], scratch: &mut [] };
        let (output, copies, len) = (Parts::new(output), Parts::new(scratch), self.lattice.len(self.reads));
        let call = &call;
        let p = &self.problem;
        workers.run_worth(p.batch * p.positions() * p.rows * p.taps(), items, |item, worker| {
            // SAFETY: each worker has its own part, and runs one item at a time.
            let copy = unsafe { copies.part(worker * len..(worker + 1) * len) };
            self.item(call, &output, copy, item, worker);
        });
    }
}

/// [`Lattice::fill`] for the instruction set.
pub(super) struct Fill<'a> {
    pub lattice: &'a Lattice,
    pub source: &'a [f32],
    pub sample: usize,
    pub size: (usize, usize),
    pub band: usize,
    pub copy: &'a mut [f32],
}

impl Kernel for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.lattice.fill(simd, self.source, self.sample, self.size, self.band, self.copy);
    }
}
