//! The forward pass and the input gradient.
//!
//! `y[o,i,j] = b[o] + Σ_k w[o,ky,kx]·x[c, i·S + ky − before, j·S + kx − before]`. The input gradient sums over the
//! outputs of a group; at stride 1 it has that form with the kernel turned round and `K − 1 − before` zeros. At stride
//! 2, column `2j + a` of `∂x` (rows alike) meets output `p` by tap `t` when `2p + t = 2j + a + before`: with
//! `before = 2b + β`, taps of the parity of `a + β` meet `p = j + b + (a + β − t)/2`.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::layout::Layout;
use super::{COPY, accept, each, gang};
use crate::conv::Limit;
use crate::conv::problem::Problem;
use crate::conv::{Block, ConvOptions, DataCall, DataPass};
use crate::parts::Parts;
use crate::simd::{Isa, Kernel, LANES, Simd};
use crate::workers::Workers;
use std::ops::Range;

/// What a plane's kernel does; the numbers are `K`, and `S` or `β`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Correlate(usize, usize),
    Upsample(usize, usize),
}

struct Depthwise {
    isa: Isa,
    problem: Problem,
    form: Form,
    /// Whether the kernel elements come in opposite order.
    reversed: bool,
    layout: Layout,
    /// Planes of a group that are read, and that are written.
    reads: usize,
    writes: usize,
    /// Rows and columns of a written plane.
    target: [usize; 2],
    /// Steps of rows of a written plane (pairs of rows for `Upsample`), and of a band.
    steps: usize,
    band: usize,
    /// Groups of an item, and of those that are copied together.
    gang: usize,
    batch: usize,
}

pub(in crate::conv) fn forward(problem: &Problem, isa: Isa, _: &ConvOptions) -> Result<Box<dyn DataPass>, String> {
    let (k, s) = accept(problem)?;
    let [_, high, wide] = problem.windows;
    let target = [problem.outputs[1], problem.outputs[2]];
    let layout = Layout::new([high.input, wide.input], [high.before, wide.before], s, target[1], (k - 1) / s);
    let sizes = (1, problem.outs(), target[0]);
    Ok(Box::new(Depthwise::new(problem, isa, Form::Correlate(k, s), problem.flipped, layout, target, sizes)))
}

pub(in crate::conv) fn grad_input(problem: &Problem, isa: Isa, _: &ConvOptions) -> Result<Box<dyn DataPass>, String> {
    let (k, s) = accept(problem)?;
    let [_, high, wide] = problem.windows;
    let source = [problem.outputs[1], problem.outputs[2]];
    let target = [high.input, wide.input];
    if s == 1 {
        let before = [k - 1 - high.before, k - 1 - wide.before];
        let layout = Layout::new(source, before, 1, target[1], k - 1);
        let sizes = (problem.outs(), 1, target[0]);
        return Ok(Box::new(Depthwise::new(
            problem,
            isa,
            Form::Correlate(k, 1),
            !problem.flipped,
            layout,
            target,
            sizes,
        )));
    }
    if high.before % 2 != wide.before % 2 {
        return Err("paddings of different parity".into());
    }
    let low = (k - 1) / 2;
    let before = [low - high.before / 2, low - wide.before / 2];
    let layout = Layout::new(source, before, 1, target[1].div_ceil(2), low + 1);
    let sizes = (problem.outs(), 1, target[0].div_ceil(2));
    let form = Form::Upsample(k, wide.before % 2);
    Ok(Box::new(Depthwise::new(problem, isa, form, problem.flipped, layout, target, sizes)))
}

impl Depthwise {
    fn new(
        problem: &Problem,
        isa: Isa,
        form: Form,
        reversed: bool,
        layout: Layout,
        target: [usize; 2],
        (reads, writes, steps): (usize, usize, usize),
    ) -> Self {
        let gang = gang(problem, 1);
        let problem = problem.clone();
        let mut pass = Depthwise {
            isa,
            problem,
            form,
            reversed,
            layout,
            reads,
            writes,
            target,
            steps,
            band: steps,
            gang,
            batch: 1,
        };
        while pass.band > 4 && pass.copy_len() > COPY {
            pass.band = pass.band.div_ceil(2).next_multiple_of(4);
            if pass.band == 8 && pass.copy_len() > COPY {
                pass.band = 4;
            }
        }
        if pass.band >= steps {
            pass.batch = (COPY / pass.copy_len()).clamp(1, gang);
        }
        pass
    }

    /// Rows of a copy for so many steps.
    fn rows(&self, steps: usize) -> usize {
        match self.form {
            Form::Correlate(k, s) => (steps - 1) * s + k,
            Form::Upsample(k, _) => steps + (k - 1) / 2 + 1,
        }
    }

    /// Numbers of the copies of a group's planes.
    fn copy_len(&self) -> usize {
        self.reads * self.layout.len(self.rows(self.band))
    }

    fn item(&self, call: &DataCall<'_>, output: &Parts<'_, f32>, copy: &mut [f32], item: usize, worker: usize) {
        let groups = self.problem.groups;
        let gangs = groups.div_ceil(self.gang);
        let (sample, first) = (item / gangs, item % gangs * self.gang);
        let source: usize = self.layout.source.iter().product();
        let target: usize = self.target.iter().product();
        copy.fill(0.0);
        let end = (first + self.gang).min(groups);
        let size = self.reads * self.writes * self.problem.taps();
        for group in (first..end).step_by(self.batch) {
            let batch = self.batch.min(end - group);
            let read = (sample * groups + group) * self.reads;
            let channel = group * self.writes;
            let start = (sample * groups * self.writes + channel) * target;
            let range = start..start + batch * self.writes * target;
            let work = Planes {
                pass: self,
                planes: &call.input[read * source..][..batch * self.reads * source],
                // SAFETY: this item alone writes the planes of this sample and these groups.
                out: unsafe { output.part(range.clone()) },
                bias: call.bias.map(|b| &b[channel..][..batch * self.writes]),
                weights: &call.packed[group * size..][..batch * size],
                limit: call.epilogue.limit,
                copy: &mut *copy,
            };
            match self.form {
                Form::Correlate(3, 1) => self.isa.run(Correlate::<3, 1>(work)),
                Form::Correlate(3, _) => self.isa.run(Correlate::<3, 2>(work)),
                Form::Correlate(_, 1) => self.isa.run(Correlate::<5, 1>(work)),
                Form::Correlate(..) => self.isa.run(Correlate::<5, 2>(work)),
                Form::Upsample(3, 0) => self.isa.run(Upsample::<3, 0>(work)),
                Form::Upsample(3, _) => self.isa.run(Upsample::<3, 1>(work)),
                Form::Upsample(_, 0) => self.isa.run(Upsample::<5, 0>(work)),
                Form::Upsample(..) => self.isa.run(Upsample::<5, 1>(work)),
            }
            if let Some(hook) = call.epilogue.hook {
                // SAFETY: this item alone writes these planes, and has written them; no other part of them lives.
                hook(Block { start, sample, channel, position: 0, part: 0, worker }, unsafe { output.part(range) });
            }
        }
    }
}

impl DataPass for Depthwise {
    fn packed_len(&self) -> usize {
        self.problem.rows * self.problem.taps()
    }

    /// The rows in their order, each with its elements in the order of use.
    fn pack(&self, _: &Workers, weights: &[f32], packed: &mut [f32]) {
        packed.copy_from_slice(weights);
        if self.reversed {
            packed.chunks_exact_mut(self.problem.taps()).for_each(<[f32]>::reverse);
        }
    }

    fn scratch_len(&self, threads: usize) -> usize {
        threads * self.batch * self.copy_len()
    }

    fn parts(&self) -> usize {
        1
    }

    fn run(&self, workers: &Workers, call: DataCall<'_>) {
        let items = self.problem.batch * self.problem.groups.div_ceil(self.gang);
        let DataCall { input, packed, bias, epilogue, output, scratch } = call;
        let call = &DataCall { input, packed, bias, epilogue, output: &mut [], scratch: &mut [] };
        let (output, copies, len) = (Parts::new(output), Parts::new(scratch), self.batch * self.copy_len());
        workers.run(items, |item, worker| {
            // SAFETY: each worker has its own part, and runs one item at a time.
            let copy = unsafe { copies.part(worker * len..(worker + 1) * len) };
            self.item(call, &output, copy, item, worker);
        });
    }
}

/// Some groups of one sample.
struct Planes<'a> {
    pass: &'a Depthwise,
    planes: &'a [f32],
    out: &'a mut [f32],
    bias: Option<&'a [f32]>,
    /// For each group and written plane, for each read plane the taps.
    weights: &'a [f32],
    limit: Limit,
    copy: &'a mut [f32],
}

/// What is done with the rows of a band.
trait Body {
    fn rows<S: Simd>(simd: S, rows: &mut Rows<'_>, steps: Range<usize>);
}

/// Some rows of one written plane.
struct Rows<'a> {
    layout: &'a Layout,
    /// The copies of the planes that are read, and their number.
    copy: &'a [f32],
    reads: usize,
    /// The taps for each of them.
    weights: &'a [f32],
    bias: f32,
    limit: Limit,
    /// The step of the copy's first row.
    first: usize,
    width: usize,
    out: &'a mut [f32],
}

impl Planes<'_> {
    /// Band by band: copies what is read, then writes each plane's rows.
    #[inline(always)]
    fn bands<S: Simd, B: Body>(self, simd: S) {
        let pass = self.pass;
        let (source, target): (usize, usize) = (pass.layout.source.iter().product(), pass.target.iter().product());
        let stride = if let Form::Correlate(_, s) = pass.form { s } else { 1 };
        let size = pass.reads * pass.problem.taps();
        let (len, whole) = (pass.copy_len() / pass.reads, pass.band >= pass.steps);
        for first in (0..pass.steps).step_by(pass.band) {
            let steps = pass.band.min(pass.steps - first);
            let rows = (first * stride, pass.rows(steps));
            for (plane, copy) in self.planes.chunks_exact(source).zip(self.copy.chunks_exact_mut(len)) {
                pass.layout.fill(simd, plane, rows, whole, copy);
            }
            for (write, out) in self.out.chunks_exact_mut(target).enumerate() {
                let mut work = Rows {
                    layout: &pass.layout,
                    copy: &self.copy[write / pass.writes * pass.reads * len..][..pass.reads * len],
                    reads: pass.reads,
                    weights: &self.weights[write * size..][..size],
                    bias: self.bias.map_or(0.0, |b| b[write]),
                    limit: self.limit,
                    first,
                    width: pass.target[1],
                    out,
                };
                B::rows(simd, &mut work, first..first + steps);
            }
        }
    }
}

impl Rows<'_> {
    /// Where the read plane `read`'s copy starts.
    #[inline(always)]
    fn copy_of(&self, read: usize) -> *const f32 {
        self.copy[read * (self.copy.len() / self.reads)..].as_ptr()
    }

    /// Stores lanes from element `at` on, as many as the plane has. Lanes past the row's end fall on elements that are
    /// written later, since rows go downward and columns from right to left.
    #[inline(always)]
    fn put<S: Simd>(&mut self, simd: S, at: usize, mut v: S::V) {
        v = self.limit.vector(simd, v);
        let to = &mut self.out[at..];
        // SAFETY: `to` has `LANES` numbers, or as many as are copied.
        unsafe {
            if to.len() >= LANES {
                simd.store(to.as_mut_ptr(), v);
            } else {
                let mut lanes = [0.0f32; LANES];
                simd.store(lanes.as_mut_ptr(), v);
                to.copy_from_slice(&lanes[..to.len()]);
            }
        }
    }
}

/// Parts of 4, 3 and 1 rows, as few as there can be.
#[inline(always)]
fn part(left: usize) -> usize {
    match left {
        3 | 6 => 3,
        1 | 2 => 1,
        _ => 4,
    }
}

struct Correlate<'a, const K: usize, const STRIDE: usize>(Planes<'a>);

impl<const K: usize, const STRIDE: usize> Kernel for Correlate<'_, K, STRIDE> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.0.bands::<S, Correlate<'static, K, STRIDE>>(simd);
    }
}

impl<const K: usize, const STRIDE: usize> Body for Correlate<'_, K, STRIDE> {
    #[inline(always)]
    fn rows<S: Simd>(simd: S, rows: &mut Rows<'_>, steps: Range<usize>) {
        let vectors = rows.width.div_ceil(LANES);
        let mut row = steps.start;
        while row < steps.end {
            let part = part(steps.end - row);
            let mut right = vectors;
            while right > 0 {
                let wide = right.is_multiple_of(2);
                right -= if wide { 2 } else { 1 };
                let at = (row, right * LANES);
                // SAFETY: the copy holds the rows and columns of these outputs.
                unsafe {
                    match (part, wide) {
                        (4, true) => correlate::<S, K, STRIDE, 4, 2>(simd, rows, at),
                        (4, false) => correlate::<S, K, STRIDE, 4, 1>(simd, rows, at),
                        (3, true) => correlate::<S, K, STRIDE, 3, 2>(simd, rows, at),
                        (3, false) => correlate::<S, K, STRIDE, 3, 1>(simd, rows, at),
                        (_, true) => correlate::<S, K, STRIDE, 1, 2>(simd, rows, at),
                        (_, false) => correlate::<S, K, STRIDE, 1, 1>(simd, rows, at),
                    }
                }
            }
            row += part;
        }
    }
}

/// `R` rows and `V` vectors of outputs from (row, column) on.
///
/// # Safety
/// The copies must hold all rows of these outputs.
#[inline(always)]
unsafe fn correlate<S: Simd, const K: usize, const STRIDE: usize, const R: usize, const V: usize>(
    simd: S,
    rows: &mut Rows<'_>,
    (row, column): (usize, usize),
) {
    let mut sums = [[simd.splat(rows.bias); V]; R];
    let pitch = rows.layout.row();
    for read in 0..rows.reads {
        let start = rows.copy_of(read).wrapping_add((row - rows.first) * STRIDE * pitch + column);
        let taps = rows.weights[read * K * K..][..K * K].as_ptr();
        each!(KX < K, {
            let mut w = [simd.splat(0.0); K];
            for ky in 0..K {
                // SAFETY: the weights have all taps.
                w[ky] = simd.splat(unsafe { *taps.add(ky * K + KX) });
            }
            let start = start.wrapping_add(KX % STRIDE * rows.layout.pitch + KX / STRIDE);
            each!(R0 < R, {
                each!(KY < K, {
                    // the row meets outputs `R0` by tap `KY`; loads that repeat are shared
                    let from = start.wrapping_add((R0 * STRIDE + KY) * pitch);
                    for v in 0..V {
                        // SAFETY: by the contract above.
                        let x = unsafe { simd.load(from.add(v * LANES)) };
                        sums[R0][v] = simd.fma(x, w[KY], sums[R0][v]);
                    }
                });
            });
        });
    }
    for r in 0..R {
        for v in 0..V {
            let at = column + v * LANES;
            if at < rows.width {
                rows.put(simd, (row + r) * rows.width + at, sums[r][v]);
            }
        }
    }
}

struct Upsample<'a, const K: usize, const BETA: usize>(Planes<'a>);

impl<const K: usize, const BETA: usize> Kernel for Upsample<'_, K, BETA> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.0.bands::<S, Upsample<'static, K, BETA>>(simd);
    }
}

impl<const K: usize, const BETA: usize> Body for Upsample<'_, K, BETA> {
    #[inline(always)]
    fn rows<S: Simd>(simd: S, rows: &mut Rows<'_>, steps: Range<usize>) {
        let mut row = steps.start;
        while row < steps.end {
            let part = (steps.end - row).min(2);
            for right in (0..rows.width.div_ceil(2 * LANES)).rev() {
                let at = (row, right * LANES);
                // SAFETY: the copy holds the rows and columns of these outputs.
                unsafe {
                    match part {
                        2 => upsample::<S, K, BETA, 2>(simd, rows, at),
                        _ => upsample::<S, K, BETA, 1>(simd, rows, at),
                    }
                }
            }
            row += part;
        }
    }
}

/// `R` pairs of rows and 8 pairs of columns of outputs from pair (row, column) on.
///
/// # Safety
/// The copies must hold all rows of these outputs.
#[inline(always)]
unsafe fn upsample<S: Simd, const K: usize, const BETA: usize, const R: usize>(
    simd: S,
    rows: &mut Rows<'_>,
    (row, column): (usize, usize),
) {
    let mut sums = [[[simd.splat(rows.bias); 2]; 2]; R];
    let pitch = rows.layout.row();
    for read in 0..rows.reads {
        let start = rows.copy_of(read).wrapping_add((row - rows.first) * pitch + column);
        let taps = rows.weights[read * K * K..][..K * K].as_ptr();
        each!(KY < K, {
            each!(KX < K, {
                // SAFETY: the weights have all taps.
                let w = simd.splat(unsafe { *taps.add(KY * K + KX) });
                // the parity that has the tap, and the distance (a + β − t)/2 from the first row of the copy
                let (ay, ax) = ((KY + BETA) % 2, (KX + BETA) % 2);
                let (dy, dx) = ((K - 1 + ay + BETA - KY) / 2, (K - 1 + ax + BETA - KX) / 2);
                for r in 0..R {
                    let from = start.wrapping_add((r + dy) * pitch + dx);
                    // SAFETY: by the contract above.
                    let x = unsafe { simd.load(from) };
                    sums[r][ay][ax] = simd.fma(x, w, sums[r][ay][ax]);
                }
            });
        });
    }
    let height = rows.out.len() / rows.width;
    for r in 0..R {
        for a in 0..2 {
            let y = 2 * (row + r) + a;
            if y < height {
                let (low, high) = simd.zip(sums[r][a][0], sums[r][a][1]);
                rows.put(simd, y * rows.width + 2 * column, low);
                if 2 * column + LANES < rows.width {
                    rows.put(simd, y * rows.width + 2 * column + LANES, high);
                }
            }
        }
    }
}
