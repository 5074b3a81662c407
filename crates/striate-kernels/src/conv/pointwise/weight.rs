//! The weight gradient `∂w[o,c] = Σ_n Σ_p ∂y[n,o,p]·x[n,c,p]` as outer products: for each column, some rows of one side
//! times some lanes of the other.
//!
//! The side with fewer channels gives the lanes: it is transposed, a panel of channels at a time, to `[column][lane]`;
//! the other gives the rows, read as they lie along the positions. At a stride the lanes are always `x`, whose columns
//! are gathered. The batch is cut into a fixed number of chunks, whose sums `[panel][row][lane]` are added in order.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::columns::{Columns, together};
use super::{WORTH, accept};
use crate::conv::problem::Problem;
use crate::conv::{ConvOptions, WeightPass};
use crate::parts::Parts;
use crate::product::accumulate;
use crate::simd::{Isa, Kernel, LANES, Simd, Wide};
use crate::workers::Workers;

/// Columns of a stretch: a panel of this height stays in the first-level cache.
const STRETCH: usize = 256;
/// Floats that the chunks' sums may take together.
const SUMS: usize = 1 << 20;

/// A side of the product: its channels, and its elements of a channel.
#[derive(Clone, Copy, Debug)]
struct Side {
    channels: usize,
    pitch: usize,
}

/// Neighbouring positions of a sample.
#[derive(Clone, Copy, Debug)]
struct Segment {
    sample: usize,
    position: usize,
    count: usize,
}

struct Pointwise {
    isa: Isa,
    /// Whether `x` gives the lanes.
    forward: bool,
    rows: Side,
    lanes: Side,
    /// Vectors of a panel, and its registers: 3 with 4 rows, or 2 with 6; twice the rows where there are registers.
    vectors: usize,
    registers: usize,
    panels: usize,
    /// The element of each position in a channel of the lanes' side.
    at: Vec<u32>,
    segments: Vec<Segment>,
    /// Where the segments of each stretch start, and the stretches of each chunk.
    stretches: Vec<usize>,
    chunks: Vec<usize>,
    /// Rows of an item.
    part: usize,
}

pub(in crate::conv) fn grad_weight(
    problem: &Problem,
    isa: Isa,
    _: &ConvOptions,
) -> Result<Box<dyn WeightPass>, String> {
    accept(problem)?;
    let (positions, pixels) = (problem.positions(), problem.pixels());
    let x = Side { channels: problem.in_channels, pitch: pixels };
    let y = Side { channels: problem.out_channels, pitch: positions };
    let forward = pixels != positions || x.channels <= y.channels;
    let (rows, lanes) = if forward { (y, x) } else { (x, y) };
    let columns = Columns::new(problem);
    let at = if forward { columns.x[..positions].to_vec() } else { (0..positions as u32).collect() };
    let padded = |registers: usize| lanes.channels.next_multiple_of(registers * isa.wide_lanes());
    let registers = if padded(2) < padded(3) { 2 } else { 3 };
    let vectors = registers * isa.wide_lanes() / LANES;
    let panels = lanes.channels.div_ceil(vectors * LANES);

    let (mut segments, mut stretches, mut filled) = (vec![], vec![0], 0);
    for sample in 0..problem.batch {
        for position in (0..positions).step_by(STRETCH) {
            let count = STRETCH.min(positions - position);
            if filled + count > STRETCH {
                stretches.push(segments.len());
                filled = 0;
            }
            segments.push(Segment { sample, position, count });
            filled += count;
        }
    }
    stretches.push(segments.len());
    let number = stretches.len() - 1;
    let products = problem.batch * positions * rows.channels * lanes.channels;
    // of the channels that there are: how sums are cut must not depend on the registers
    let room = SUMS / (rows.channels * lanes.channels);
    let chunk = number.div_ceil(8.min(room).min(products.div_ceil(WORTH)).max(1)).max(1);
    let mut chunks: Vec<usize> = (0..number).step_by(chunk).collect();
    let items = chunks.len();
    chunks.push(number);
    let share = (products / items.max(1)).div_ceil(WORTH).min(8usize.div_ceil(items.max(1))).min(rows.channels / 64);
    let part = rows.channels.div_ceil(share.max(1)).next_multiple_of(24);
    Ok(Box::new(Pointwise {
        isa,
        forward,
        rows,
        lanes,
        vectors,
        registers,
        panels,
        at,
        segments,
        stretches,
        chunks,
        part,
    }))
}

impl Pointwise {
    fn width(&self) -> usize {
        self.vectors * LANES
    }

    /// Sums of one chunk.
    fn sums(&self) -> usize {
        self.panels * self.rows.channels * self.width()
    }

    fn sums_len(&self) -> usize {
        (self.chunks.len() - 1) * self.sums()
    }

    fn worker_len(&self) -> usize {
        STRETCH * self.width()
    }
}

impl WeightPass for Pointwise {
    fn scratch_len(&self, threads: usize) -> usize {
        self.sums_len() + threads * self.worker_len()
    }

    fn run(&self, workers: &Workers, x: &[f32], grad_y: &[f32], grad_w: &mut [f32], scratch: &mut [f32]) {
        let (sums, scratch) = scratch.split_at_mut(self.sums_len());
        let parts = self.rows.channels.div_ceil(self.part);
        let (rows, lanes) = if self.forward { (grad_y, x) } else { (x, grad_y) };
        let (all, own, len) = (Parts::new(&mut *sums), Parts::new(scratch), self.worker_len());
        let chunks = self.chunks.len() - 1;
        workers.run(chunks * parts, |item, worker| {
            // SAFETY: each worker has its own part, and runs one item at a time.
            let packed = unsafe { own.part(worker * len..(worker + 1) * len) };
            let (chunk, part) = (item / parts, item % parts);
            let first = part * self.part;
            let count = self.part.min(self.rows.channels - first);
            let sums = &all;
            self.isa.run(Item { pass: self, rows, lanes, chunk, first, count, sums, packed });
        });
        let (sums, width, outs) = (&*sums, self.width(), if self.forward { self.rows } else { self.lanes }.channels);
        let ins = grad_w.len() / outs;
        workers.chunks(grad_w, ins, |output, _, out| {
            for (number, chunk) in sums.chunks_exact(self.sums()).enumerate() {
                let first = number == 0;
                let add = |to: &mut f32, sum: f32| *to = if first { sum } else { *to + sum };
                if self.forward {
                    for (panel, out) in out.chunks_mut(width).enumerate() {
                        let from = &chunk[(panel * self.rows.channels + output) * width..][..out.len()];
                        out.iter_mut().zip(from).for_each(|(to, &sum)| add(to, sum));
                    }
                } else {
                    let from = &chunk[output / width * self.rows.channels * width + output % width..];
                    out.iter_mut().zip(from.iter().step_by(width)).for_each(|(to, &sum)| add(to, sum));
                }
            }
        });
    }
}

/// Some rows against all lanes over one chunk.
struct Item<'a> {
    pass: &'a Pointwise,
    rows: &'a [f32],
    lanes: &'a [f32],
    chunk: usize,
    first: usize,
    count: usize,
    sums: &'a Parts<'a, f32>,
    packed: &'a mut [f32],
}

impl Kernel for Item<'_> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let pass = self.pass;
        let width = pass.width();
        for stretch in pass.chunks[self.chunk]..pass.chunks[self.chunk + 1] {
            let segments = &pass.segments[pass.stretches[stretch]..pass.stretches[stretch + 1]];
            let begins = stretch == pass.chunks[self.chunk];
            for panel in 0..pass.panels {
                self.pack(simd, segments, panel);
                let start = self.chunk * pass.sums() + (panel * pass.rows.channels + self.first) * width;
                // SAFETY: this item alone has the sums of these rows in this chunk.
                let sums = unsafe { self.sums.part(start..start + self.count * width) };
                let (mut row, mut sums) = (0, &mut sums[..]);
                while row < self.count {
                    macro_rules! tile {
                        ($($rows:literal),*; $registers:literal) => {
                            match self.count - row {
                                $(left if left >= $rows => {
                                    let (now, after) = sums.split_at_mut($rows * width);
                                    self.tile::<S, $rows, $registers>(simd, segments, self.first + row, begins, now);
                                    (row, sums) = (row + $rows, after);
                                })*
                                _ => unreachable!("one row at least"),
                            }
                        };
                    }
                    match (S::Wide::ROWS == 8, pass.registers) {
                        (true, 3) => tile!(8, 4, 2, 1; 3),
                        (true, _) => tile!(12, 6, 4, 2, 1; 2),
                        (false, 3) => tile!(4, 3, 2, 1; 3),
                        (false, _) => tile!(6, 5, 4, 3, 2, 1; 2),
                    }
                }
            }
        }
    }
}

impl Item<'_> {
    /// `packed[column][lane]`, zeros in lanes beyond the last channel.
    #[inline(always)]
    fn pack<S: Simd>(&mut self, simd: S, segments: &[Segment], panel: usize) {
        let pass = self.pass;
        let (side, width) = (pass.lanes, pass.width());
        for eight in 0..pass.vectors {
            let first = panel * width + eight * LANES;
            let live = side.channels.saturating_sub(first).min(LANES);
            let mut column = 0;
            for segment in segments {
                let at = &pass.at[segment.position..][..segment.count];
                let source = |lane: usize| {
                    let channel = segment.sample * side.channels + first + lane.min(live.max(1) - 1);
                    &self.lanes[(channel * side.pitch).min(self.lanes.len())..]
                };
                let mut done = 0;
                while done < at.len() {
                    let to = &mut self.packed[(column + done) * width..];
                    if live == LANES
                        && let Some(start) = together(&at[done..])
                    {
                        let mut block = [simd.splat(0.0); LANES];
                        for lane in 0..LANES {
                            // SAFETY: the slice has `LANES` numbers.
                            block[lane] = unsafe { simd.load(source(lane)[start..][..LANES].as_ptr()) };
                        }
                        let block = simd.transpose(block);
                        for i in 0..LANES {
                            let to = &mut to[i * width + eight * LANES..][..LANES];
                            // SAFETY: the slice has `LANES` numbers.
                            unsafe { simd.store(to.as_mut_ptr(), block[i]) };
                        }
                        done += LANES;
                    } else {
                        let to = &mut to[eight * LANES..][..LANES];
                        for lane in 0..LANES {
                            to[lane] = if lane < live { source(lane)[at[done] as usize] } else { 0.0 };
                        }
                        done += 1;
                    }
                }
                column += segment.count;
            }
        }
    }

    /// `M` rows from `row` on times `V` registers of lanes over the columns of the segments.
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(
        &self,
        simd: S,
        segments: &[Segment],
        row: usize,
        begins: bool,
        to: &mut [f32],
    ) {
        let side = self.pass.rows;
        let (wide, width) = (simd.wide(), S::Wide::LANES);
        assert!(to.len() == M * V * width && row + M <= side.channels, "whole rows");
        let mut sums = [[wide.splat(0.0); V]; M];
        if !begins {
            for m in 0..M {
                for v in 0..V {
                    // SAFETY: the slice has `M·V` registers.
                    sums[m][v] = unsafe { wide.load(to.as_ptr().add((m * V + v) * width)) };
                }
            }
        }
        let mut lanes = self.packed.as_ptr();
        for segment in segments {
            let start = (segment.sample * side.channels + row) * side.pitch + segment.position;
            let rows = &self.rows[start..][..(M - 1) * side.pitch + segment.count];
            let rows: [*const f32; M] = std::array::from_fn(|m| rows[m * side.pitch..].as_ptr());
            // SAFETY: each row has `count` numbers; `pack` wrote `V` registers for each column.
            unsafe {
                accumulate(
                    wide,
                    segment.count,
                    |column, m| rows[m].add(column),
                    |column, v| wide.load(lanes.add((column * V + v) * width)),
                    &mut sums,
                );
            }
            lanes = lanes.wrapping_add(segment.count * V * width);
        }
        for m in 0..M {
            for v in 0..V {
                // SAFETY: the slice has `M·V` registers.
                unsafe { wide.store(to.as_mut_ptr().add((m * V + v) * width), sums[m][v]) };
            }
        }
    }
}
