//! The weight gradient `∂w[o,ky,kx] = Σ x[n, c, i·S + ky − before, j·S + kx − before]·∂y[n,o,i,j]`: a vector of partial
//! sums for each tap over a plane, planes added image by image, lanes added last.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::layout::Layout;
use super::{NEAR, accept, gang};
use crate::conv::problem::Problem;
use crate::conv::{ConvOptions, WeightPass};
use crate::parts::Parts;
use crate::simd::{Isa, Kernel, LANES, Simd};
use crate::workers::Workers;

struct Depthwise {
    isa: Isa,
    problem: Problem,
    kernel: usize,
    stride: usize,
    layout: Layout,
    /// Rows of outputs at a time.
    band: usize,
    /// Groups of an item, and of those that are copied together.
    gang: usize,
    batch: usize,
}

pub(in crate::conv) fn grad_weight(
    problem: &Problem,
    isa: Isa,
    _: &ConvOptions,
) -> Result<Box<dyn WeightPass>, String> {
    let (kernel, stride) = accept(problem)?;
    let [_, high, wide] = problem.windows;
    let layout = Layout::new(
        [high.input, wide.input],
        [high.before, wide.before],
        stride,
        problem.outputs[2],
        (kernel - 1) / stride,
    );
    let gang = gang(problem, problem.batch);
    let mut pass =
        Depthwise { isa, problem: problem.clone(), kernel, stride, layout, band: problem.outputs[1], gang, batch: 1 };
    while pass.band > 4 && pass.copy_len() > NEAR {
        pass.band = pass.band.div_ceil(2);
    }
    if pass.band >= problem.outputs[1] {
        pass.batch = (NEAR / (pass.copy_len() + pass.sums_len())).clamp(1, gang);
    }
    Ok(Box::new(pass))
}

impl Depthwise {
    fn rows(&self, band: usize) -> usize {
        (band - 1) * self.stride + self.kernel
    }

    fn copy_len(&self) -> usize {
        self.layout.len(self.rows(self.band))
    }

    /// The partial sums of a group: a vector for each tap.
    fn sums_len(&self) -> usize {
        self.problem.outs() * self.problem.taps() * LANES
    }

    fn worker_len(&self) -> usize {
        self.batch * (self.copy_len() + self.sums_len())
    }
}

impl WeightPass for Depthwise {
    fn scratch_len(&self, threads: usize) -> usize {
        threads * self.worker_len()
    }

    fn run(&self, workers: &Workers, x: &[f32], grad_y: &[f32], grad_w: &mut [f32], scratch: &mut [f32]) {
        let p = &self.problem;
        let size = p.outs() * p.taps();
        let (out, own, len) = (Parts::new(grad_w), Parts::new(scratch), self.worker_len());
        workers.run(p.groups.div_ceil(self.gang), |item, worker| {
            // SAFETY: each worker has its own part, and runs one item at a time.
            let own = unsafe { own.part(worker * len..(worker + 1) * len) };
            let (copy, sums) = own.split_at_mut(self.batch * self.copy_len());
            copy.fill(0.0);
            let end = ((item + 1) * self.gang).min(p.groups);
            for group in (item * self.gang..end).step_by(self.batch) {
                let batch = self.batch.min(end - group);
                // SAFETY: this item alone has the rows of these groups.
                let out = unsafe { out.part(group * size..(group + batch) * size) };
                let sums = &mut sums[..batch * self.sums_len()];
                let work = Groups { pass: self, x, grad_y, group, copy: &mut *copy, sums, out };
                match (self.kernel, self.stride) {
                    (3, 1) => self.isa.run(Dots::<3, 1>(work)),
                    (3, _) => self.isa.run(Dots::<3, 2>(work)),
                    (_, 1) => self.isa.run(Dots::<5, 1>(work)),
                    _ => self.isa.run(Dots::<5, 2>(work)),
                }
            }
        });
    }
}

/// Some groups, from `group` on.
struct Groups<'a> {
    pass: &'a Depthwise,
    x: &'a [f32],
    grad_y: &'a [f32],
    group: usize,
    copy: &'a mut [f32],
    /// The partial sums of all taps of these groups.
    sums: &'a mut [f32],
    /// Their rows.
    out: &'a mut [f32],
}

struct Dots<'a, const K: usize, const STRIDE: usize>(Groups<'a>);

impl<const K: usize, const STRIDE: usize> Kernel for Dots<'_, K, STRIDE> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Groups { pass, x, grad_y, group, copy, sums, out } = self.0;
        let p = &pass.problem;
        let (pixels, positions, taps) = (p.pixels(), p.positions(), p.taps());
        let [_, height, width] = p.outputs;
        let (layout, len, whole) = (&pass.layout, pass.copy_len(), pass.band >= height);
        let batch = sums.len() / pass.sums_len();
        sums.fill(0.0);
        for sample in 0..p.batch {
            let planes = &x[(sample * p.groups + group) * pixels..][..batch * pixels];
            let grads = &grad_y[(sample * p.groups + group) * p.outs() * positions..];
            for first in (0..height).step_by(pass.band) {
                let band = pass.band.min(height - first);
                let rows = (first * STRIDE, pass.rows(band));
                for (plane, copy) in planes.chunks_exact(pixels).zip(copy.chunks_exact_mut(len)) {
                    layout.fill(simd, plane, rows, whole, copy);
                    // lanes without an output meet zeros of `∂y`, and must meet a finite number here
                    copy[rows.1 * layout.row()..][..2 * LANES].fill(0.0);
                }
                for (output, sums) in sums.chunks_exact_mut(taps * LANES).enumerate() {
                    let copy = &copy[output / p.outs() * len..][..len];
                    let grad = &grads[output * positions + first * width..][..band * width];
                    // as many rows of taps as leave registers for the sums
                    match K {
                        3 => dots::<S, K, STRIDE, 3>(simd, layout, copy, grad, width, 0, sums),
                        _ => {
                            dots::<S, K, STRIDE, 2>(simd, layout, copy, grad, width, 0, sums);
                            dots::<S, K, STRIDE, 2>(simd, layout, copy, grad, width, 2, sums);
                            dots::<S, K, STRIDE, 1>(simd, layout, copy, grad, width, 4, sums);
                        }
                    }
                }
            }
        }
        for (out, sums) in out.chunks_exact_mut(taps).zip(sums.chunks_exact(taps * LANES)) {
            for (tap, sums) in sums.chunks_exact(LANES).enumerate() {
                // SAFETY: the chunk has `LANES` numbers.
                out[p.element(tap)] = simd.sum(unsafe { simd.load(sums.as_ptr()) });
            }
        }
    }
}

/// Adds to the sums of `T` rows of taps from row `first` on what the rows of `grad` give.
#[inline(always)]
fn dots<S: Simd, const K: usize, const STRIDE: usize, const T: usize>(
    simd: S,
    layout: &Layout,
    copy: &[f32],
    grad: &[f32],
    width: usize,
    first: usize,
    to: &mut [f32],
) {
    let rows = grad.len() / width;
    assert!(copy.len() >= layout.len((rows - 1) * STRIDE + K) && to.len() >= (first + T) * K * LANES, "whole rows");
    let mut sums = [[simd.splat(0.0); K]; T];
    let pitch = layout.row();
    for (row, grad) in grad.chunks_exact(width).enumerate() {
        let start = copy[(row * STRIDE + first) * pitch..].as_ptr();
        for column in (0..width).step_by(LANES) {
            // SAFETY: no load passes the row of `∂y`; the copy has `LANES` numbers at every tap of every position.
            unsafe {
                let from = grad.as_ptr().add(column);
                let g = if column + LANES <= width { simd.load(from) } else { simd.load_partial(from, width - column) };
                for t in 0..T {
                    for k in 0..K {
                        let at = t * pitch + k % STRIDE * layout.pitch + k / STRIDE + column;
                        sums[t][k] = simd.fma(g, simd.load(start.add(at)), sums[t][k]);
                    }
                }
            }
        }
    }
    for t in 0..T {
        for k in 0..K {
            let to = to[((first + t) * K + k) * LANES..][..LANES].as_mut_ptr();
            // SAFETY: the slice has `LANES` numbers.
            unsafe { simd.store(to, simd.add(simd.load(to), sums[t][k])) };
        }
    }
}
