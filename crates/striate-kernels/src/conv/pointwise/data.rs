//! The forward pass `y[o,p] = b[o] + Σ_c w[o,c]·x[c,p]` and the input gradient `∂x[c,p] = Σ_o w[o,c]·∂y[o,p]`, one
//! form with the weights transposed: `M` outputs times `V` registers of columns, weights packed `[block of M][term][M]`,
//! columns packed a panel at a time `[term][lanes of V registers]`.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::columns::{Columns, together};
use super::{WORTH, accept};
use crate::conv::problem::Problem;
use crate::conv::{Block, ConvOptions, DataCall, DataPass, Hook};
use crate::parts::Parts;
use crate::product::accumulate;
use crate::simd::{Isa, Kernel, LANES, Simd, WIDEST, Wide};
use crate::workers::Workers;
use std::ops::Range;

/// Outputs of a block at most.
const MOST: usize = 8;
/// Floats of the panels that are packed together: each row of `x` is read in long runs.
const PACKED: usize = 64 << 10;
/// Rows that are fetched ahead of their turn: each begins on another page.
const AHEAD: usize = 4;
/// Columns in which bands are counted: whole panels on every instruction set.
const UNIT: usize = 3 * WIDEST;
/// Outputs of a band that stay in the second-level cache.
const NEAR: usize = 96 << 10;
/// Positions whose operands in an epilogue are worth a walk to memory.
const LONG: usize = 480;

/// Neighbouring columns, and how many vectors they make: 3, 2 or 1 of the widest registers.
#[derive(Clone, Copy, Debug)]
struct Panel {
    first: usize,
    vectors: usize,
}

struct Pointwise {
    isa: Isa,
    /// Outputs of a block, `M`, and lanes of three registers.
    block: usize,
    widest: usize,
    batch: usize,
    /// Channels that are read, and that are written.
    terms: usize,
    outs: usize,
    backward: bool,
    columns: Columns,
    /// Elements of a channel that is read, and of one that is written.
    source: usize,
    target: usize,
    panels: Vec<Panel>,
    /// Ranges of panels and of blocks, one of each an item.
    bands: Vec<Range<usize>>,
    parts: Vec<Range<usize>>,
    /// Panels that are packed together.
    run: usize,
    /// Whether the items of a band share its panels, packed before.
    shared: bool,
}

pub(in crate::conv) fn forward(problem: &Problem, isa: Isa, _: &ConvOptions) -> Result<Box<dyn DataPass>, String> {
    accept(problem)?;
    if problem.pixels() != problem.positions() {
        return Err("strided: its columns would be gathered number by number".into());
    }
    Ok(Box::new(Pointwise::new(problem, isa, false)?))
}

pub(in crate::conv) fn grad_input(problem: &Problem, isa: Isa, _: &ConvOptions) -> Result<Box<dyn DataPass>, String> {
    Ok(Box::new(Pointwise::new(problem, isa, true)?))
}

/// Panels of three registers of `wide` lanes, from column `first` on; of two at the end rather than of one.
fn panels(mut first: usize, columns: usize, wide: usize) -> Vec<Panel> {
    let mut left = columns.div_ceil(wide);
    let mut panels = vec![];
    while left > 0 {
        let registers = if left == 4 { 2 } else { left.min(3) };
        panels.push(Panel { first, vectors: registers * (wide / LANES) });
        first += registers * wide;
        left -= registers;
    }
    panels
}

/// `count` cut into ranges of `size`.
fn ranges(count: usize, size: usize) -> Vec<Range<usize>> {
    (0..count).step_by(size.max(1)).map(|first| first..(first + size.max(1)).min(count)).collect()
}

impl Pointwise {
    fn new(problem: &Problem, isa: Isa, backward: bool) -> Result<Self, String> {
        accept(problem)?;
        let columns = Columns::new(problem);
        let (inside, outside) = ((problem.in_channels, problem.pixels()), (problem.out_channels, problem.positions()));
        let ((terms, source), (outs, target)) = if backward { (outside, inside) } else { (inside, outside) };
        let (wide, block) = (isa.wide_lanes(), isa.rows());
        let widest = 3 * wide;
        let count = columns.count(columns.samples);
        let run = (PACKED / (terms * widest)).max(1);
        // enough items for several workers; where outputs leave gaps an item writes whole channels
        let mut band = count;
        let groups = problem.batch.div_ceil(columns.samples);
        let products = problem.batch * problem.positions() * terms * outs;
        if columns.samples == 1 && source == target {
            // an epilogue finds the outputs of a band in the cache, and long stretches of its operands in memory
            let (units, long) = (count.div_ceil(UNIT), LONG.div_ceil(UNIT));
            let near = (NEAR / outs).max(LONG).div_ceil(UNIT).min((PACKED / (terms * UNIT)).max(long));
            let share = 8usize.div_ceil(groups.max(1)).min((products / groups.max(1)).div_ceil(4 * WORTH));
            let shared = units.div_ceil(share.min(units.div_ceil(2)).max(1));
            band = units.div_ceil(units.div_ceil(near.min(shared))) * UNIT;
        }
        let (mut all, mut bands) = (vec![], vec![]);
        for first in (0..count).step_by(band) {
            let before = all.len();
            all.extend(panels(first, band.min(count - first), wide));
            bands.push(before..all.len());
        }
        let (panels, band) = (all, bands.iter().map(Range::len).max().unwrap_or(0));
        let items = groups * bands.len();
        let blocks = outs.div_ceil(block);
        let share =
            (products / items.max(1)).div_ceil(WORTH).min(8usize.div_ceil(items.max(1))).min(blocks.div_ceil(4));
        let parts = ranges(blocks, blocks.div_ceil(share.max(1)));
        let shared = parts.len() > 1 && band <= run;
        let batch = problem.batch;
        Ok(Pointwise {
            isa,
            block,
            widest,
            batch,
            terms,
            outs,
            backward,
            columns,
            source,
            target,
            panels,
            bands,
            parts,
            run,
            shared,
        })
    }

    fn packed_panels(&self) -> usize {
        self.run * self.terms * self.widest
    }

    /// A group's samples: the first, and how many.
    fn samples(&self, group: usize) -> (usize, usize) {
        let first = group * self.columns.samples;
        (first, self.columns.samples.min(self.batch - first))
    }

    /// Packs neighbouring panels of a group.
    fn pack_panels(&self, call: &DataCall<'_>, group: usize, panels: &[Panel], packed: &mut [f32]) {
        let (first, samples) = self.samples(group);
        let from = if self.backward { &self.columns.y } else { &self.columns.x };
        self.isa.run(Pack {
            pass: self,
            input: &call.input[first * self.terms * self.source..],
            from: &from[..self.columns.count(samples)],
            panels,
            packed,
        });
    }

    /// Some blocks of outputs of a band of a group; `packed` are its panels, if they are packed already.
    fn item(
        &self,
        call: &DataCall<'_>,
        output: &Parts<'_, f32>,
        (item, worker): (usize, usize),
        packed: Option<&[f32]>,
        scratch: &mut [f32],
    ) {
        let (item, part) = (item / self.parts.len(), item % self.parts.len());
        let (group, band) = (item / self.bands.len(), item % self.bands.len());
        let (first, samples) = self.samples(group);
        let channels = self.parts[part].start * self.block..(self.parts[part].end * self.block).min(self.outs);
        if self.source != self.target && self.backward {
            for sample in first..first + samples {
                let start = sample * self.outs;
                let range = (start + channels.start) * self.target..(start + channels.end) * self.target;
                // SAFETY: this item alone writes these channels of these samples.
                let gaps = unsafe { output.part(range) };
                for (channel, gaps) in channels.clone().zip(gaps.chunks_mut(self.target)) {
                    gaps.fill(call.epilogue.limit.number(call.bias.map_or(0.0, |bias| bias[channel])));
                }
            }
        }
        let to = if self.backward { &self.columns.x } else { &self.columns.y };
        // as soon as a block's band is whole; at the end where its panels do not fit together
        let panels = &self.panels[self.bands[band].clone()];
        let at_once = panels.len() <= self.run;
        let finish = |channels: Range<usize>| {
            if let Some(hook) = call.epilogue.hook {
                self.hook(hook, output, (first, samples), channels, band, worker);
            }
        };
        for panels in panels.chunks(self.run) {
            let start = first * self.outs * self.target;
            let packed = match packed {
                Some(packed) => packed,
                None => {
                    self.pack_panels(call, group, panels, scratch);
                    &*scratch
                }
            };
            self.isa.run(Product {
                pass: self,
                call,
                to: &to[..self.columns.count(samples)],
                out: output.start().wrapping_add(start),
                add: call.epilogue.add.map(|add| &add[start..]),
                panels,
                blocks: self.parts[part].clone(),
                finish: if at_once { &finish } else { &|_| {} },
                packed,
            });
        }
        if !at_once {
            finish(channels);
        }
    }

    fn hook(
        &self,
        hook: &Hook<'_>,
        output: &Parts<'_, f32>,
        (first, samples): (usize, usize),
        channels: Range<usize>,
        band: usize,
        worker: usize,
    ) {
        let whole = self.bands.len() == 1;
        let panels = &self.panels[self.bands[band].clone()];
        let (position, end) = if whole {
            (0, self.target)
        } else {
            let end = panels.last().map_or(0, |p| p.first + p.vectors * LANES);
            (panels[0].first, end.min(self.target))
        };
        for sample in first..first + samples {
            for channel in channels.clone().step_by(if whole { channels.len() } else { 1 }) {
                let start = (sample * self.outs + channel) * self.target + position;
                let len = if whole { channels.len() * self.target } else { end - position };
                let part = if whole { 0 } else { band };
                let block = Block { start, sample, channel, position, part, worker };
                // SAFETY: this item alone writes these channels at these positions, and has written them.
                hook(block, unsafe { output.part(start..start + len) });
            }
        }
    }
}

impl DataPass for Pointwise {
    fn packed_len(&self) -> usize {
        self.outs.next_multiple_of(self.block) * self.terms
    }

    fn pack(&self, workers: &Workers, weights: &[f32], packed: &mut [f32]) {
        let size = self.block;
        workers.chunks(packed, size * self.terms, |block, _, packed| {
            let first = block * size;
            let live = size.min(self.outs - first);
            if self.backward {
                for (to, row) in packed.chunks_exact_mut(size).zip(weights.chunks_exact(self.outs)) {
                    to[live..].fill(0.0);
                    to[..live].copy_from_slice(&row[first..first + live]);
                }
            } else {
                let rows: [&[f32]; MOST] =
                    std::array::from_fn(|m| &weights[(first + m.min(live - 1)) * self.terms..][..self.terms]);
                for (term, to) in packed.chunks_exact_mut(size).enumerate() {
                    for (to, row) in to.iter_mut().zip(rows) {
                        *to = row[term];
                    }
                }
            }
        });
    }

    fn scratch_len(&self, threads: usize) -> usize {
        let groups = self.batch.div_ceil(self.columns.samples);
        self.packed_panels() * if self.shared { groups * self.bands.len() } else { threads }
    }

    fn parts(&self) -> usize {
        self.bands.len()
    }

    /// Not where outputs leave gaps, which no tile visits.
    fn adds(&self) -> bool {
        self.source == self.target
    }

    fn run(&self, workers: &Workers, call: DataCall<'_>) {
        let bands = self.batch.div_ceil(self.columns.samples) * self.bands.len();
        let items = bands * self.parts.len();
        let len = self.packed_panels();
        let DataCall { input, packed, bias, epilogue, output, scratch } = call;
        let call = &DataCall { input, packed, bias, epilogue, output: &mut [], scratch: &mut [] };
        let output = Parts::new(output);
        if self.shared {
            workers.chunks(&mut scratch[..bands * len], len, |item, _, packed| {
                let panels = &self.panels[self.bands[item % self.bands.len()].clone()];
                self.pack_panels(call, item / self.bands.len(), panels, packed);
            });
            let packed: &[f32] = scratch;
            workers.run(items, |item, worker| {
                let packed = &packed[item / self.parts.len() * len..][..len];
                self.item(call, &output, (item, worker), Some(packed), &mut []);
            });
            return;
        }
        let own = Parts::new(scratch);
        workers.run(items, |item, worker| {
            // SAFETY: each worker has its own part, and runs one item at a time.
            let own = unsafe { own.part(worker * len..(worker + 1) * len) };
            self.item(call, &output, (item, worker), None, own);
        });
    }
}

/// Copies neighbouring panels: `packed[panel][term][column]`, zeros beyond the last column.
struct Pack<'a> {
    pass: &'a Pointwise,
    /// From the first sample on.
    input: &'a [f32],
    /// For each live column its element in a channel that is read.
    from: &'a [u32],
    panels: &'a [Panel],
    packed: &'a mut [f32],
}

impl Kernel for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (terms, source, widest) = (self.pass.terms, self.pass.source, self.pass.widest);
        let first = self.panels.first().map_or(0, |panel| panel.first);
        // the panels of all registers at the start whose columns lie one after the other
        let straight = self.panels.iter().take_while(|panel| {
            let end = panel.first + widest;
            panel.vectors * LANES == widest
                && end <= self.from.len()
                && self.from[end - 1] - self.from[first] == (end - first - 1) as u32
        });
        let straight = straight.count();
        assert!(self.packed.len() >= self.panels.len() * terms * widest, "room for the panels");
        if straight > 0 {
            for term in 0..terms {
                let to = self.packed[term * widest..].as_mut_ptr();
                let from = &self.input[term * source + self.from[first] as usize..][..straight * widest];
                // SAFETY: `from` has all numbers of the run, and panel `p` lies `p·terms·widest` from the first.
                unsafe {
                    match widest / LANES {
                        3 => copy::<S, 3>(simd, from, AHEAD * source, to, terms * widest),
                        6 => copy::<S, 6>(simd, from, AHEAD * source, to, terms * widest),
                        _ => unreachable!("three registers of eight or sixteen lanes"),
                    }
                }
            }
        }
        for (number, panel) in self.panels.iter().enumerate().skip(straight) {
            let packed = &mut self.packed[number * terms * widest..][..terms * panel.vectors * LANES];
            for (term, packed) in packed.chunks_exact_mut(panel.vectors * LANES).enumerate() {
                let input = &self.input[term * source..];
                for (v, to) in packed.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                    let column = (panel.first + v * LANES).min(self.from.len());
                    let at = &self.from[column..(column + LANES).min(self.from.len())];
                    if let Some(first) = together(at) {
                        let from = &input[first..][..LANES];
                        // SAFETY: both have `LANES` numbers.
                        unsafe { simd.store(to.as_mut_ptr(), simd.load(from.as_ptr())) };
                    } else {
                        to[at.len()..].fill(0.0);
                        for (to, &at) in to.iter_mut().zip(at) {
                            *to = input[at as usize];
                        }
                    }
                }
            }
        }
    }
}

/// Each `V` vectors of `from` to the next place, `pitch` apart; what lies `ahead` of them is fetched.
///
/// # Safety
/// All these places must be writable.
#[inline(always)]
unsafe fn copy<S: Simd, const V: usize>(simd: S, from: &[f32], ahead: usize, to: *mut f32, pitch: usize) {
    for (number, from) in from.chunks_exact(V * LANES).enumerate() {
        let to = to.wrapping_add(number * pitch);
        for line in (0..V * LANES).step_by(2 * LANES) {
            simd.fetch(from.as_ptr().wrapping_add(ahead + line));
        }
        for v in 0..V {
            // SAFETY: the chunk has `V` vectors, and the place by the contract above.
            unsafe { simd.store(to.add(v * LANES), simd.load(from.as_ptr().add(v * LANES))) };
        }
    }
}

/// Some blocks of outputs by neighbouring panels that are packed.
struct Product<'a> {
    pass: &'a Pointwise,
    call: &'a DataCall<'a>,
    /// For each live column its element in a channel that is written.
    to: &'a [u32],
    /// The first sample's output, and what is added to it.
    out: *mut f32,
    add: Option<&'a [f32]>,
    panels: &'a [Panel],
    blocks: Range<usize>,
    /// Called with the channels of each block once all these panels have been.
    finish: &'a dyn Fn(Range<usize>),
    packed: &'a [f32],
}

impl Kernel for Product<'_> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let size = self.pass.block;
        // outputs outside: each is written in long stretches
        for block in self.blocks.clone() {
            for (number, panel) in self.panels.iter().enumerate().filter(|(_, panel)| panel.first < self.to.len()) {
                let registers = panel.vectors * LANES / S::Wide::LANES;
                // SAFETY: the panel is packed; the block's channels and the columns lie in the output.
                unsafe {
                    if S::Wide::ROWS == 8 {
                        match registers {
                            3 => self.tile::<S, 8, 3>(simd, block, *panel, number),
                            2 => self.tile::<S, 8, 2>(simd, block, *panel, number),
                            _ => self.tile::<S, 8, 1>(simd, block, *panel, number),
                        }
                    } else {
                        match registers {
                            3 => self.tile::<S, 4, 3>(simd, block, *panel, number),
                            2 => self.tile::<S, 4, 2>(simd, block, *panel, number),
                            _ => self.tile::<S, 4, 1>(simd, block, *panel, number),
                        }
                    }
                }
            }
            (self.finish)(block * size..((block + 1) * size).min(self.pass.outs));
        }
    }
}

impl Product<'_> {
    /// A block of `M` outputs and a panel of `V` registers.
    ///
    /// # Safety
    /// The panel must be packed, and the block's channels and the panel's live columns lie in the output and be this
    /// item's alone.
    #[inline(always)]
    unsafe fn tile<S: Simd, const M: usize, const V: usize>(&self, simd: S, block: usize, panel: Panel, number: usize) {
        let Pointwise { terms, outs, target, widest, .. } = *self.pass;
        let (wide, lanes) = (simd.wide(), S::Wide::LANES);
        assert_eq!(self.pass.block, M, "outputs of a block");
        let mut sums = [[wide.splat(0.0); V]; M];
        let live = M.min(outs - block * M);
        if let Some(bias) = self.call.bias {
            for m in 0..M {
                let bias = wide.splat(bias[(block * M + m).min(outs - 1)]);
                for v in 0..V {
                    sums[m][v] = bias;
                }
            }
        }
        let w = self.call.packed[block * terms * M..][..terms * M].as_ptr();
        let x = self.packed[number * terms * widest..][..terms * V * lanes].as_ptr();
        // SAFETY: both slices have as many numbers a term.
        unsafe {
            accumulate(
                wide,
                terms,
                |term, m| {
                    if m == M - 1 {
                        // the next block's weights: each block is a stream of its own
                        simd.fetch(w.wrapping_add((term + terms) * M));
                    }
                    w.add(term * M + m)
                },
                |term, v| wide.load(x.add((term * V + v) * lanes)),
                &mut sums,
            );
        }
        let limit = self.call.epilogue.limit;
        let end = panel.first + V * lanes;
        if end <= self.to.len() && live == M && self.to[end - 1] - self.to[panel.first] == (V * lanes - 1) as u32 {
            let bounds = limit.bounds(wide);
            let start = block * M * target + self.to[panel.first] as usize;
            let add = self.add.map(|add| add[start..][..(M - 1) * target + V * lanes].as_ptr());
            let (out, one) = (self.out.wrapping_add(start), wide.splat(1.0));
            for m in 0..M {
                for v in 0..V {
                    let (at, mut sum) = (m * target + v * lanes, sums[m][v]);
                    // SAFETY: by the contract above; the slice reaches to the last of these.
                    unsafe {
                        if let Some(add) = add {
                            // a product with 1 is exact: this is a sum
                            sum = wide.fma(wide.load(add.add(at)), one, sum);
                        }
                        wide.store(out.add(at), bounds.of(sum));
                    }
                }
            }
            return;
        }
        for v in 0..V {
            for half in 0..lanes / LANES {
                let column = (panel.first + v * lanes + half * LANES).min(self.to.len());
                let at = &self.to[column..(column + LANES).min(self.to.len())];
                let together = together(at);
                let mut eight = [0.0f32; LANES];
                for m in 0..live {
                    let mut sum = wide.eight(sums[m][v], half);
                    let start = (block * M + m) * target;
                    if let Some(add) = self.add {
                        for (to, &at) in eight.iter_mut().zip(at) {
                            *to = add[start + at as usize];
                        }
                        // SAFETY: the array has `LANES` numbers.
                        sum = simd.add(sum, unsafe { simd.load(eight.as_ptr()) });
                    }
                    let (sum, row) = (limit.vector(simd, sum), self.out.wrapping_add(start));
                    // SAFETY: by the contract above; the array has `LANES` numbers.
                    unsafe {
                        if let Some(first) = together {
                            simd.store(row.add(first), sum);
                            continue;
                        }
                        simd.store(eight.as_mut_ptr(), sum);
                        for (&at, &lane) in at.iter().zip(&eight) {
                            *row.add(at as usize) = lane;
                        }
                    }
                }
            }
        }
    }
}
