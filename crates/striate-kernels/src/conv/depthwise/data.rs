//! The forward pass and the input gradient.
//!
//! `y[o,i,j] = b[o] + Σ_k w[o,ky,kx]·x[c, i·S + ky − before, j·S + kx − before]`. The input gradient sums over the
//! outputs of a group; at stride 1 it has that form with the kernel turned round and `K − 1 − before` zeros. At stride
//! 2, column `2j + a` of `∂x` (rows alike) meets output `p` by tap `t` when `2p + t = 2j + a + before`: with
//! `before = 2b + β`, taps of the parity of `a + β` meet `p = j + b + (a + β − t)/2`.

use super::correlate::Correlate;
use super::layout::Layout;
use super::upsample::{Bands, Upsample};
use super::{NEAR, accept, gang};
use crate::conv::problem::Problem;
use crate::conv::{Block, ConvOptions, DataCall, DataPass};
use crate::parts::Parts;
use crate::simd::Isa;
use crate::workers::Workers;

/// What is done with planes.
enum Form {
    /// `K`, `S`, and the zeros before.
    Correlate(usize, usize, [usize; 2]),
    /// `K`, `β`, and how it is made of copies.
    Upsample(usize, usize, Bands),
}

struct Depthwise {
    isa: Isa,
    problem: Problem,
    form: Form,
    /// Whether the kernel elements come in opposite order.
    reversed: bool,
    /// Planes of a group that are read, and that are written.
    reads: usize,
    writes: usize,
    /// Rows and columns of a plane that is read, and of one that is written.
    source: [usize; 2],
    target: [usize; 2],
    /// Groups of an item, and of one call of the kernel.
    gang: usize,
    batch: usize,
}

pub(in crate::conv) fn forward(problem: &Problem, isa: Isa, _: &ConvOptions) -> Result<Box<dyn DataPass>, String> {
    let (k, s) = accept(problem)?;
    let [_, high, wide] = problem.windows;
    let form = Form::Correlate(k, s, [high.before, wide.before]);
    let (source, target) = ([high.input, wide.input], [problem.outputs[1], problem.outputs[2]]);
    Ok(Box::new(Depthwise::new(problem, isa, form, problem.flipped, (1, problem.outs()), source, target)))
}

pub(in crate::conv) fn grad_input(problem: &Problem, isa: Isa, _: &ConvOptions) -> Result<Box<dyn DataPass>, String> {
    let (k, s) = accept(problem)?;
    let [_, high, wide] = problem.windows;
    let (source, target) = ([problem.outputs[1], problem.outputs[2]], [high.input, wide.input]);
    let counts = (problem.outs(), 1);
    if s == 1 {
        let form = Form::Correlate(k, 1, [k - 1 - high.before, k - 1 - wide.before]);
        return Ok(Box::new(Depthwise::new(problem, isa, form, !problem.flipped, counts, source, target)));
    }
    if high.before % 2 != wide.before % 2 {
        return Err("paddings of different parity".into());
    }
    let low = (k - 1) / 2;
    let before = [low - high.before / 2, low - wide.before / 2];
    let layout = Layout::new(source, before, 1, target[1].div_ceil(2), low + 1);
    let bands = Bands::new(layout, k, target[0], counts.0, gang(problem, 1));
    let form = Form::Upsample(k, wide.before % 2, bands);
    Ok(Box::new(Depthwise::new(problem, isa, form, problem.flipped, counts, source, target)))
}

impl Depthwise {
    fn new(
        problem: &Problem,
        isa: Isa,
        form: Form,
        reversed: bool,
        (reads, writes): (usize, usize),
        source: [usize; 2],
        target: [usize; 2],
    ) -> Self {
        // two planes at least, which go side by side, where each is written from one
        let pairs = matches!(form, Form::Correlate(..)) && (reads, writes) == (1, 1);
        let least = if pairs { 2.min(problem.groups) } else { 1 };
        let gang = gang(problem, 1).next_multiple_of(least).min(problem.groups);
        let batch = match &form {
            // what a hook gets is in the first-level cache
            Form::Correlate(..) => (NEAR / (writes * target[0] * target[1])).clamp(least, gang) / least * least,
            Form::Upsample(.., bands) => bands.batch,
        };
        let problem = problem.clone();
        Depthwise { isa, problem, form, reversed, reads, writes, source, target, gang, batch }
    }

    /// Numbers of the copies that a worker makes at a time.
    fn copies(&self) -> usize {
        if let Form::Upsample(.., bands) = &self.form { self.batch * bands.len() } else { 0 }
    }

    fn item(&self, call: &DataCall<'_>, output: &Parts<'_, f32>, copy: &mut [f32], item: usize, worker: usize) {
        let groups = self.problem.groups;
        let gangs = groups.div_ceil(self.gang);
        let (sample, first) = (item / gangs, item % gangs * self.gang);
        let (read_len, written_len) = (self.source[0] * self.source[1], self.target[0] * self.target[1]);
        copy.fill(0.0);
        let end = (first + self.gang).min(groups);
        let size = self.reads * self.writes * self.problem.taps();
        for group in (first..end).step_by(self.batch) {
            let batch = self.batch.min(end - group);
            let read = (sample * groups + group) * self.reads;
            let channel = group * self.writes;
            let start = (sample * groups * self.writes + channel) * written_len;
            let range = start..start + batch * self.writes * written_len;
            let planes = &call.input[read * read_len..][..batch * self.reads * read_len];
            // SAFETY: this item alone writes the planes of this sample and these groups.
            let out = unsafe { output.part(range.clone()) };
            let bias = call.bias.map(|b| &b[channel..][..batch * self.writes]);
            let weights = &call.packed[group * size..][..batch * size];
            let (isa, target, limit) = (self.isa, self.target, call.epilogue.limit);
            match &self.form {
                &Form::Correlate(k, s, before) => {
                    let Depthwise { source, reads, writes, .. } = *self;
                    macro_rules! run {
                        ($k:literal, $s:literal) => {
                            isa.run(Correlate::<$k, $s> {
                                planes,
                                out,
                                bias,
                                weights,
                                reads,
                                writes,
                                source,
                                target,
                                before,
                                limit,
                            })
                        };
                    }
                    match (k, s) {
                        (3, 1) => run!(3, 1),
                        (3, _) => run!(3, 2),
                        (_, 1) => run!(5, 1),
                        (..) => run!(5, 2),
                    }
                }
                Form::Upsample(k, beta, bands) => {
                    let copy = &mut *copy;
                    macro_rules! run {
                        ($k:literal, $beta:literal) => {
                            isa.run(Upsample::<$k, $beta> { bands, planes, out, bias, limit, weights, target, copy })
                        };
                    }
                    match (k, beta) {
                        (3, 0) => run!(3, 0),
                        (3, _) => run!(3, 1),
                        (_, 0) => run!(5, 0),
                        (..) => run!(5, 1),
                    }
                }
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
        threads * self.copies()
    }

    fn parts(&self) -> usize {
        1
    }

    fn run(&self, workers: &Workers, call: DataCall<'_>) {
        let items = self.problem.batch * self.problem.groups.div_ceil(self.gang);
        let DataCall { input, packed, bias, epilogue, output, scratch } = call;
        let call = &DataCall { input, packed, bias, epilogue, output: &mut [], scratch: &mut [] };
        let (output, copies, len) = (Parts::new(output), Parts::new(scratch), self.copies());
        workers.run(items, |item, worker| {
            // SAFETY: each worker has its own part, and runs one item at a time.
            let copy = unsafe { copies.part(worker * len..(worker + 1) * len) };
            self.item(call, &output, copy, item, worker);
        });
    }
}
