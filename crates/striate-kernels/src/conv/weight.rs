//! The direct variant of the weight gradient: a dot product over positions for each (output, (channel, tap)), on the
//! forward pass's copy of `x` and on `∂y` laid out tile by tile, dead lanes zero.
//!
//! The batch is cut into a fixed number of chunks, whose sums are added in order.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::direct::{Fill, forward_axes};
use super::lattice::{Lattice, Outputs, Tiles};
use super::problem::Problem;
use super::{ConvOptions, WeightPass};
use crate::parts::{Parts, lines};
use crate::simd::{Isa, Kernel, LANES, Simd, Wide};
use crate::workers::Workers;
use std::ops::Range;

struct Direct {
    isa: Isa,
    problem: Problem,
    lattice: Lattice,
    /// Input channels of a copy.
    reads: usize,
    /// For each (channel, tap) of a copy the distance in it.
    offsets: Vec<u32>,
    /// For each band the tiles and their bases alone.
    bands: Vec<(Tiles, Vec<u32>)>,
    /// Outputs of a register, 1 or 2; blocks of outputs of a group: first and width, at most 4 registers.
    each: usize,
    blocks: Vec<(usize, usize)>,
    /// Ranges of `blocks`, one an item.
    parts: Vec<Range<usize>>,
    /// The first weight row of each output channel, and the end.
    rows: Vec<usize>,
    /// Groups of an item.
    gang: usize,
    /// Chunks of the batch, and image groups of the lattice in each.
    chunks: usize,
    chunk: usize,
    copy_len: usize,
    grad_len: usize,
}

/// Floats of the two copies together that stay in the second-level cache.
const COPIES: usize = 96 << 10;
/// Positions of a dot product that make its end cheap.
const LONG: usize = 768;
/// Channels that a copy has at least, so that it is worth its making.
const FEW: usize = 16;
/// Floats that the chunks' sums may take together.
const SUMS: usize = 1 << 20;

pub(super) fn direct(problem: &Problem, isa: Isa, _: &ConvOptions) -> Result<Box<dyn WeightPass>, String> {
    let axes = forward_axes(problem);
    let (ins, outs) = (problem.ins(), problem.outs());
    let positions = problem.positions().max(1);

    // long dot products, of so few channels that both copies stay near
    let live = |lattice: &Lattice| {
        let axis = &lattice.axes[lattice.band_axis];
        lattice.images * (positions / axis.positions.max(1) * lattice.band.min(axis.positions).max(1))
    };
    let both =
        |lattice: &Lattice, reads: usize, writes: usize| reads * lattice.channel_pitch() + writes * live(lattice);
    let weights = problem.rows * problem.taps();
    let (mut reads, mut writes) = (ins, outs);
    let (few_reads, few_writes) = (FEW.min(ins), FEW.min(outs));
    // many weights leave no room for the sums of several chunks
    let most = if weights > SUMS / 2 { problem.batch } else { problem.batch.div_ceil(2) };
    let mut images = LONG.div_ceil(positions).clamp(1, most.max(1));
    while images > 1 && both(&Lattice::new(axes.clone(), images, usize::MAX), few_reads, few_writes) > COPIES {
        images = images.div_ceil(2);
    }
    let mut lattice = Lattice::new(axes.clone(), images, usize::MAX);
    let reach = lattice.axes[lattice.band_axis].reach;
    while images == 1
        && lattice.band > 4.max(reach)
        && (live(&lattice) > 2 * LONG || both(&lattice, few_reads, few_writes) > COPIES)
    {
        lattice = Lattice::new(axes.clone(), 1, lattice.band.div_ceil(2));
    }
    while both(&lattice, reads, writes) > COPIES && (reads > few_reads || writes > few_writes) {
        let copy_is_larger = reads * lattice.channel_pitch() > writes * live(&lattice);
        if reads > few_reads && (copy_is_larger || writes <= few_writes) {
            reads = reads.div_ceil(2).max(few_reads);
        } else {
            writes = writes.div_ceil(2).max(few_writes);
        }
    }
    if lattice.len(reads) > u32::MAX as usize || problem.out_channels * positions > u32::MAX as usize / 64 {
        return Err("the padded copy has too many elements for 32-bit offsets".into());
    }

    let outputs = Outputs { range: problem.outputs.map(|n| 0..n), start: [0; 3], step: [1; 3] };
    let sample = problem.out_channels * positions;
    let bands: Vec<_> = (0..lattice.bands())
        .map(|b| lattice.tiles(b, &outputs, problem.outputs, sample, LANES))
        .map(|tiles| {
            let bases: Vec<u32> = tiles.tiles.iter().map(|t| t.base).collect();
            (tiles, bases)
        })
        .collect();
    let pitch = lattice.channel_pitch();
    let taps: Vec<usize> = (0..problem.taps())
        .map(|tap| {
            let at = |a: usize| problem.tap(tap)[a] * problem.windows[a].dilation;
            let stride = |a: usize| problem.windows[a].stride;
            lattice.offset(std::array::from_fn(|a| at(a) % stride(a)), std::array::from_fn(|a| at(a) / stride(a)))
        })
        .collect();
    let offsets = (0..reads).flat_map(|c| taps.iter().map(move |t| (c * pitch + t) as u32)).collect();

    let each = isa.wide_lanes() / LANES;
    let blocks = blocks(outs, each);
    let groups_of_images = problem.batch.div_ceil(images).max(1);
    let chunks = groups_of_images.min(8).min((SUMS / weights.max(1)).max(1));
    let chunk = groups_of_images.div_ceil(chunks);
    let chunks = groups_of_images.div_ceil(chunk);
    let products = positions * weights;
    let gang = (problem.groups * 100_000 / products.max(1)).clamp(1, problem.groups);
    let items = chunks * problem.groups.div_ceil(gang);
    let share = (problem.batch * products / items).div_ceil(200_000).min(8usize.div_ceil(items));
    let part =
        blocks.len().div_ceil(share.clamp(1, blocks.len().div_ceil(4).max(1))).max(1).min(writes.div_ceil(4 * each));
    let parts: Vec<Range<usize>> = (0..blocks.len()).step_by(part).map(|b| b..(b + part).min(blocks.len())).collect();

    let mut rows = vec![0];
    for output in 0..problem.out_channels {
        let group = output / outs;
        rows.push(rows[output] + (0..ins).filter(|&i| problem.row(group, output % outs, i).is_some()).count());
    }
    let copy_len = lines(lattice.len(reads));
    let widest = bands.iter().map(|b| b.1.len()).max().unwrap_or(0);
    let grad_len = lines((part * 4 * each).min(outs.next_multiple_of(each)) * widest * LANES);
    let problem = problem.clone();
    Ok(Box::new(Direct {
        isa,
        problem,
        lattice,
        reads,
        offsets,
        bands,
        each,
        blocks,
        parts,
        rows,
        gang,
        chunks,
        chunk,
        copy_len,
        grad_len,
    }))
}

/// Blocks of 4 and 3 registers of `each` outputs, for which the kernel has 12 sums or more; 2 and 1 where there are no
/// more outputs.
fn blocks(outputs: usize, each: usize) -> Vec<(usize, usize)> {
    let registers = outputs.div_ceil(each);
    let widths = match registers % 4 {
        0 => vec![4; registers / 4],
        3 => [vec![4; registers / 4], vec![3]].concat(),
        2 if registers > 2 => [vec![4; registers / 4 - 1], vec![3, 3]].concat(),
        1 if registers > 5 => [vec![4; registers / 4 - 2], vec![3, 3, 3]].concat(),
        1 if registers > 1 => vec![3, 2],
        rest => vec![rest],
    };
    let mut first = 0;
    let place = |width: usize| {
        first += width * each;
        (first - width * each, (width * each).min(outputs + width * each - first))
    };
    widths.into_iter().map(place).collect()
}

impl Direct {
    fn sums_len(&self) -> usize {
        if self.chunks == 1 { 0 } else { lines(self.chunks * self.problem.rows * self.problem.taps()) }
    }

    fn worker_len(&self) -> usize {
        self.copy_len + self.grad_len
    }

    /// One chunk, gang of groups and part of the outputs: sets the weight rows of those outputs in `sums`.
    fn item(&self, x: &[f32], grad_y: &[f32], sums: &Parts<'_, f32>, scratch: &mut [f32], item: usize) {
        let p = &self.problem;
        let gangs = p.groups.div_ceil(self.gang);
        let (item, part) = (item / self.parts.len(), item % self.parts.len());
        let (chunk, gang) = (item / gangs, item % gangs);
        let (copy, grad) = scratch.split_at_mut(self.copy_len);
        let blocks = &self.blocks[self.parts[part].clone()];
        let (first_out, end_out) = (blocks[0].0, blocks.last().map_or(0, |b| b.0 + b.1));
        for group in gang * self.gang..((gang + 1) * self.gang).min(p.groups) {
            let first = group * p.outs() + first_out;
            let rows = self.rows[first]..self.rows[first + end_out - first_out];
            let start = chunk * p.rows * p.taps();
            // SAFETY: an item alone has the rows of its outputs in its chunk's sums, and runs once.
            let sums = unsafe { sums.part(start + rows.start * p.taps()..start + rows.end * p.taps()) };
            sums.fill(0.0);
            for first_in in (0..p.ins()).step_by(self.reads) {
                let ins = first_in..(first_in + self.reads).min(p.ins());
                self.sum(x, grad_y, chunk, group, ins, blocks, (copy, grad), (sums, rows.start));
            }
        }
    }

    /// Adds to `sums` (from weight row `first_row` on) what a chunk gives to some inputs and outputs of a group.
    #[allow(clippy::too_many_arguments)] // what is summed, over what, and where
    fn sum(
        &self,
        x: &[f32],
        grad_y: &[f32],
        chunk: usize,
        group: usize,
        ins: Range<usize>,
        blocks: &[(usize, usize)],
        (copy, grad): (&mut [f32], &mut [f32]),
        (sums, first_row): (&mut [f32], usize),
    ) {
        let p = &self.problem;
        let (first_out, end_out) = (blocks[0].0, blocks.last().map_or(0, |b| b.0 + b.1));
        let samples = p.batch.min((chunk + 1) * self.chunk * self.lattice.images);
        for sample in (chunk * self.chunk * self.lattice.images..samples).step_by(self.lattice.images) {
            let images = self.lattice.images.min(p.batch - sample);
            for (band, (tiles, bases)) in self.bands.iter().enumerate() {
                let source = &x[(sample * p.in_channels + group * p.ins() + ins.start) * p.pixels()..];
                let (lattice, size) = (&self.lattice, (ins.len(), images));
                let sample_len = p.in_channels * p.pixels();
                self.isa.run(Fill { lattice, source, sample: sample_len, size, band, copy });
                let used = tiles.after[images];
                let (each, pitch) = (self.each, used * self.each * LANES);
                for output in first_out..end_out {
                    let channel = sample * p.out_channels + group * p.outs() + output;
                    let from = &grad_y[channel * p.positions()..];
                    // the outputs of a register tile by tile
                    let (register, half) = ((output - first_out) / each, (output - first_out) % each);
                    let to = &mut grad[register * pitch + half * LANES..(register + 1) * pitch];
                    self.isa.run(Spread { tiles, used, from, to, step: each * LANES });
                }
                for &(output, width) in blocks {
                    let block = Block {
                        direct: self,
                        bases: &bases[..used],
                        copy,
                        grad: &grad[(output - first_out) / each * pitch..][..width.div_ceil(each) * pitch],
                        group,
                        output,
                        outputs: width,
                        ins: ins.clone(),
                        sums,
                        first_row,
                    };
                    match width.div_ceil(each) {
                        4 => self.isa.run(Dots::<4>(block)),
                        3 => self.isa.run(Dots::<3>(block)),
                        2 => self.isa.run(Dots::<2>(block)),
                        _ => self.isa.run(Dots::<1>(block)),
                    }
                }
            }
        }
    }
}

/// Lays a channel's `∂y` out tile by tile.
struct Spread<'a> {
    tiles: &'a Tiles,
    used: usize,
    from: &'a [f32],
    to: &'a mut [f32],
    /// Distance between two tiles there.
    step: usize,
}

impl Kernel for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for (tile, to) in self.tiles.tiles[..self.used].iter().zip(self.to.chunks_mut(self.step)) {
            let to = &mut to[..LANES];
            let segments = &self.tiles.segments[tile.first as usize..][..tile.segments as usize];
            if let [segment] = segments
                && segment.count as usize == LANES
            {
                let from = &self.from[segment.out as usize..][..LANES];
                // SAFETY: both slices have `LANES` numbers.
                unsafe { simd.store(to.as_mut_ptr(), simd.load(from.as_ptr())) };
                continue;
            }
            to.fill(0.0);
            for segment in segments {
                let (lane, mut rest) = (segment.lane as usize, segment.count as usize);
                let (mut from, mut to) = (&self.from[segment.out as usize..][..rest], &mut to[lane..][..rest]);
                // in powers of two: copies of known length
                while rest >= 4 {
                    to[..4].copy_from_slice(&from[..4]);
                    (from, to, rest) = (&from[4..], &mut to[4..], rest - 4);
                }
                if rest >= 2 {
                    to[..2].copy_from_slice(&from[..2]);
                    (from, to, rest) = (&from[2..], &mut to[2..], rest - 2);
                }
                if rest == 1 {
                    to[0] = from[0];
                }
            }
        }
    }
}

struct Block<'a> {
    direct: &'a Direct,
    bases: &'a [u32],
    copy: &'a [f32],
    grad: &'a [f32],
    group: usize,
    /// The block's first output within the group, and its number.
    output: usize,
    outputs: usize,
    /// The inputs of the group that the copy holds.
    ins: Range<usize>,
    sums: &'a mut [f32],
    /// The weight row where `sums` starts.
    first_row: usize,
}

/// A block of `M` registers of outputs against all (channel, tap) pairs of a copy.
struct Dots<'a, const M: usize>(Block<'a>);

impl<const M: usize> Kernel for Dots<'_, M> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let direct = self.0.direct;
        let offsets = &direct.offsets[..self.0.ins.len() * direct.problem.taps()];
        let mut done = 0;
        macro_rules! rounds {
            ($($terms:literal),*) => {{$(
                while let Some(terms) = offsets[done..].first_chunk::<$terms>() {
                    // SAFETY: the lattice made bases and offsets for this copy; `grad` has `M` rows of tiles.
                    unsafe { self.dots(simd, done, terms) };
                    done += $terms;
                }
            )*}};
        }
        // as many as leave room for all sums; fewer at the end
        if S::Wide::ROWS == 8 {
            match M {
                4 => rounds!(6, 3, 2, 1),
                3 => rounds!(8, 4, 3, 2, 1),
                2 => rounds!(9, 5, 3, 2, 1),
                _ => rounds!(9, 5, 3, 2, 1),
            }
        } else {
            match M {
                4 => rounds!(3, 2, 1),
                3 => rounds!(4, 3, 2, 1),
                2 => rounds!(5, 3, 2, 1),
                _ => rounds!(9, 5, 3, 2, 1),
            }
        }
    }
}

impl<const M: usize> Dots<'_, M> {
    /// The dot products of terms `done..` with all outputs, added to the rows that exist.
    ///
    /// # Safety
    /// `base + offset + LANES` must lie inside the copy for all bases and offsets.
    #[inline(always)]
    unsafe fn dots<S: Simd, const R: usize>(&mut self, simd: S, done: usize, offsets: &[u32; R]) {
        let (wide, each) = (simd.wide(), S::Wide::LANES / LANES);
        let mut sums = [[wide.splat(0.0); R]; M];
        let copy = self.0.copy.as_ptr();
        let starts = offsets.map(|offset| copy.wrapping_add(offset as usize));
        let pitch = self.0.bases.len() * S::Wide::LANES;
        let mut grad = self.0.grad.as_ptr();
        for &base in self.0.bases {
            // SAFETY: by the contract above; `grad` has `pitch` numbers for each register of outputs, one of them for each
            // base.
            unsafe {
                // the fewer side stays in registers while the other passes through one
                if R <= M {
                    let mut x = [wide.splat(0.0); R];
                    for r in 0..R {
                        x[r] = wide.repeat(starts[r].add(base as usize));
                    }
                    for m in 0..M {
                        let g = wide.load_here(grad.add(m * pitch));
                        for r in 0..R {
                            sums[m][r] = wide.fma(g, x[r], sums[m][r]);
                        }
                    }
                } else {
                    let mut g = [wide.splat(0.0); M];
                    for m in 0..M {
                        g[m] = wide.load(grad.add(m * pitch));
                    }
                    for r in 0..R {
                        let x = wide.repeat_here(starts[r].add(base as usize));
                        for m in 0..M {
                            sums[m][r] = wide.fma(g[m], x, sums[m][r]);
                        }
                    }
                }
                grad = grad.add(S::Wide::LANES);
            }
        }
        for half in 0..each {
            let mut totals = [[0.0; R]; M];
            for first in (0..M * R).step_by(LANES) {
                let mut eight = [simd.splat(0.0); LANES];
                for i in first..(M * R).min(first + LANES) {
                    eight[i - first] = wide.eight(sums[i / R][i % R], half);
                }
                let mut lanes = [0.0f32; LANES];
                // SAFETY: the array has `LANES` numbers.
                unsafe { simd.store(lanes.as_mut_ptr(), simd.sums(eight)) };
                for i in first..(M * R).min(first + LANES) {
                    totals[i / R][i % R] = lanes[i - first];
                }
            }
            for (m, totals) in totals.iter().enumerate() {
                if m * each + half < self.0.outputs {
                    self.0.add(done, m * each + half, totals);
                }
            }
        }
    }
}

impl Block<'_> {
    /// Adds the dot products of terms `done..` with output `output` of the block to the rows that exist. Not inlined: it
    /// would be most of the kernels' code.
    #[inline(never)]
    fn add(&mut self, done: usize, output: usize, totals: &[f32]) {
        let p = &self.direct.problem;
        let taps = p.taps();
        let done = self.ins.start * taps + done;
        let output = self.output + output;
        if p.table.is_none() && !p.flipped {
            // an output's rows lie side by side
            let row = (self.group * p.outs() + output) * p.ins() - self.first_row;
            let sums = &mut self.sums[row * taps + done..][..totals.len()];
            sums.iter_mut().zip(totals).for_each(|(sum, total)| *sum += total);
            return;
        }
        for (r, total) in totals.iter().enumerate() {
            let (input, tap) = ((done + r) / taps, (done + r) % taps);
            if let Some(row) = p.row(self.group, output, input) {
                self.sums[(row - self.first_row) * taps + p.element(tap)] += total;
            }
        }
    }
}

impl WeightPass for Direct {
    fn scratch_len(&self, threads: usize) -> usize {
        self.sums_len() + threads * self.worker_len()
    }

    fn run(&self, workers: &Workers, x: &[f32], grad_y: &[f32], grad_w: &mut [f32], scratch: &mut [f32]) {
        let (sums, scratch) = scratch.split_at_mut(self.sums_len());
        let items = self.chunks * self.problem.groups.div_ceil(self.gang) * self.parts.len();
        let (own, len) = (Parts::new(scratch), self.worker_len());
        let parts = if self.chunks == 1 { Parts::new(&mut *grad_w) } else { Parts::new(&mut *sums) };
        let p = &self.problem;
        workers.run_worth(p.batch * p.positions() * p.rows * p.taps(), items, |item, worker| {
            // SAFETY: each worker has its own part, and runs one item at a time.
            let own = unsafe { own.part(worker * len..(worker + 1) * len) };
            self.item(x, grad_y, &parts, own, item);
        });
        if self.chunks > 1 {
            let total = grad_w.len();
            let sums: &[f32] = sums;
            workers.chunks(grad_w, 8192, |item, _, out| {
                out.copy_from_slice(&sums[item * 8192..][..out.len()]);
                for chunk in 1..self.chunks {
                    let sums = &sums[chunk * total + item * 8192..][..out.len()];
                    out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
                }
            });
        }
    }
}
