//! The plain variant: takes any problem, row by row.

use super::problem::Problem;
use super::{Block, ConvOptions, DataCall, DataPass, WeightPass};
use crate::simd::Isa;
use crate::workers::Workers;
use std::ops::Range;
use striate_tensor::Window;

struct Plain(Problem);

/// One row of positions that a tap joins with one row of pixels: position `at + i` meets pixel `from + i·stride`.
struct Run {
    position: usize,
    pixel: usize,
    len: usize,
    stride: usize,
}

/// The positions of a window at which `tap` meets a pixel.
fn live(w: &Window, tap: usize, outputs: usize) -> Range<usize> {
    let shift = tap * w.dilation;
    let from = w.before.saturating_sub(shift).div_ceil(w.stride);
    let to = (w.input + w.before).saturating_sub(shift).div_ceil(w.stride);
    from.min(outputs)..to.clamp(from.min(outputs), outputs)
}

impl Problem {
    /// Calls `run(kernel element, row of positions and pixels)` for all taps.
    #[inline(always)]
    fn each_run(&self, mut run: impl FnMut(usize, Run)) {
        let [wz, wy, wx] = &self.windows;
        for t in 0..self.taps() {
            let [tz, ty, tx] = self.tap(t);
            let [z, y, x] =
                [live(wz, tz, self.outputs[0]), live(wy, ty, self.outputs[1]), live(wx, tx, self.outputs[2])];
            if x.is_empty() {
                continue;
            }
            for pz in z {
                for py in y.clone() {
                    let at = |w: &Window, p: usize, t: usize| p * w.stride + t * w.dilation - w.before;
                    let position = (pz * self.outputs[1] + py) * self.outputs[2] + x.start;
                    let pixel = (at(wz, pz, tz) * wy.input + at(wy, py, ty)) * wx.input + at(wx, x.start, tx);
                    run(self.element(t), Run { position, pixel, len: x.len(), stride: wx.stride });
                }
            }
        }
    }

    /// The group of an output channel, the channel within it, and the group's first input channel.
    fn group_of_output(&self, output: usize) -> (usize, usize, usize) {
        let group = output / self.outs();
        (group, output % self.outs(), group * self.ins())
    }
}

pub(super) fn forward(problem: &Problem, _: Isa, _: &ConvOptions) -> Result<Box<dyn DataPass>, String> {
    Ok(Box::new(Forward(Plain(problem.clone()))))
}

pub(super) fn grad_input(problem: &Problem, _: Isa, _: &ConvOptions) -> Result<Box<dyn DataPass>, String> {
    Ok(Box::new(GradInput(Plain(problem.clone()))))
}

pub(super) fn grad_weight(problem: &Problem, _: Isa, _: &ConvOptions) -> Result<Box<dyn WeightPass>, String> {
    Ok(Box::new(GradWeight(Plain(problem.clone()))))
}

impl Plain {
    fn weights(&self) -> usize {
        self.0.rows * self.0.taps()
    }

    /// Starts each channel at its bias, lets `add` sum into it, then applies the epilogue.
    fn channels(
        workers: &Workers,
        call: DataCall<'_>,
        (channels, len): (usize, usize),
        add: impl Fn(&[f32], &[f32], usize, usize, &mut [f32]) + Sync,
    ) {
        let DataCall { input, packed, bias, epilogue, output, .. } = call;
        workers.chunks(output, len, |item, worker, out| {
            let (sample, channel) = (item / channels, item % channels);
            out.fill(bias.map_or(0.0, |b| b[channel]));
            add(input, packed, sample, channel, out);
            out.iter_mut().for_each(|y| *y = epilogue.limit.number(*y));
            if let Some(hook) = epilogue.hook {
                hook(Block { start: item * len, sample, channel, position: 0, part: 0, worker }, out);
            }
        });
    }
}

macro_rules! unpacked {
    () => {
        fn packed_len(&self) -> usize {
            self.0.weights()
        }
        fn pack(&self, _: &Workers, weights: &[f32], packed: &mut [f32]) {
            packed.copy_from_slice(weights);
        }
        fn scratch_len(&self, _: usize) -> usize {
            0
        }
        fn parts(&self) -> usize {
            1
        }
    };
}

struct Forward(Plain);

impl DataPass for Forward {
    unpacked!();

    fn run(&self, workers: &Workers, call: DataCall<'_>) {
        let p = &self.0.0;
        Plain::channels(workers, call, (p.out_channels, p.positions()), |x, w, sample, output, y| {
            let (group, output, first) = p.group_of_output(output);
            for input in 0..p.ins() {
                let Some(row) = p.row(group, output, input) else { continue };
                let x = &x[(sample * p.in_channels + first + input) * p.pixels()..][..p.pixels()];
                p.each_run(|element, run| {
                    let w = w[row * p.taps() + element];
                    let x = x[run.pixel..].iter().step_by(run.stride);
                    y[run.position..][..run.len].iter_mut().zip(x).for_each(|(y, x)| *y += w * x);
                });
            }
        });
    }
}

struct GradInput(Plain);

impl DataPass for GradInput {
    unpacked!();

    fn run(&self, workers: &Workers, call: DataCall<'_>) {
        let p = &self.0.0;
        Plain::channels(workers, call, (p.in_channels, p.pixels()), |grad_y, w, sample, input, grad_x| {
            let (group, input) = (input / p.ins(), input % p.ins());
            for output in 0..p.outs() {
                let Some(row) = p.row(group, output, input) else { continue };
                let channel = sample * p.out_channels + group * p.outs() + output;
                let grad_y = &grad_y[channel * p.positions()..][..p.positions()];
                p.each_run(|element, run| {
                    let w = w[row * p.taps() + element];
                    let grad_x = grad_x[run.pixel..].iter_mut().step_by(run.stride);
                    grad_x.zip(&grad_y[run.position..][..run.len]).for_each(|(dx, dy)| *dx += w * dy);
                });
            }
        });
    }
}

struct GradWeight(Plain);

impl WeightPass for GradWeight {
    fn scratch_len(&self, _: usize) -> usize {
        0
    }

    fn run(&self, workers: &Workers, x: &[f32], grad_y: &[f32], grad_w: &mut [f32], _: &mut [f32]) {
        let p = &self.0.0;
        let parts = crate::parts::Parts::new(grad_w);
        // one item an (output, input) pair: a pair that the table leaves out does nothing
        workers.run(p.out_channels * p.ins(), |item, _| {
            let (group, output, first) = p.group_of_output(item / p.ins());
            let input = item % p.ins();
            let Some(row) = p.row(group, output, input) else { return };
            // SAFETY: each row belongs to one pair, and each item runs once.
            let row = unsafe { parts.part(row * p.taps()..(row + 1) * p.taps()) };
            row.fill(0.0);
            for sample in 0..p.batch {
                let x = &x[(sample * p.in_channels + first + input) * p.pixels()..][..p.pixels()];
                let channel = sample * p.out_channels + group * p.outs() + output;
                let grad_y = &grad_y[channel * p.positions()..][..p.positions()];
                p.each_run(|element, run| {
                    let x = x[run.pixel..].iter().step_by(run.stride);
                    row[element] += grad_y[run.position..][..run.len].iter().zip(x).map(|(dy, x)| dy * x).sum::<f32>();
                });
            }
        });
    }
}
