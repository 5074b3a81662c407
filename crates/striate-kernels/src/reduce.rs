//! Sums, means and maxima over any axes.

use crate::parts::Parts;
use crate::simd::{Isa, Kernel, LANES, Simd};
use crate::workers::Workers;
use striate_tensor::Shape;

/// What a reduction computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The sum.
    Sum,
    /// The sum divided by the number of elements.
    Mean,
    /// The maximum; NaN where any element is NaN.
    Max,
}

/// Elements that one item of a reduction to few outputs takes.
const STRETCH: usize = 1 << 16;
/// Partial results of an output at most.
const PARTIALS: usize = 64;
/// Numbers summed in f32 before they go to f64.
pub(crate) const SHORT: usize = 1024;

/// A reduction prepared for one shape: `out[kept] = reduce x[kept, reduced]`, `out` row-major over the kept axes.
///
/// Runs are summed in f32 over at most about a thousand numbers by eight lanes, and the runs in f64, always in the same
/// order.
///
/// ```
/// use striate_kernels::{Isa, Reduce, Reduction, Workers};
/// let sum = Reduce::prepare(&[2, 3].into(), &[0], Isa::best());
/// let mut out = [0.0; 3];
/// sum.run(&Workers::new(1), Reduction::Sum, &[1.0, 2.0, 3.0, 10.0, 20.0, 30.0], &mut out);
/// assert_eq!(out, [11.0, 22.0, 33.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Reduce {
    isa: Isa,
    /// The reduced axes without the innermost run: (size, stride), outermost first.
    outer: Vec<(usize, usize)>,
    outer_count: usize,
    /// The kept axes without the innermost columns.
    kept: Vec<(usize, usize)>,
    /// Reduced elements that lie side by side.
    run: usize,
    /// Kept elements that lie side by side; 1 where `run` > 1.
    columns: usize,
    elements: usize,
    outputs: usize,
}

impl Reduce {
    /// Over `axes` of `shape`.
    pub fn prepare(shape: &Shape, axes: &[usize], isa: Isa) -> Self {
        // neighbouring axes of one kind are one axis
        let mut merged: Vec<(bool, usize, usize)> = vec![];
        for (axis, (&size, stride)) in shape.iter().zip(shape.strides()).enumerate() {
            let reduced = axes.contains(&axis);
            match merged.last_mut() {
                _ if size == 1 => {}
                Some(last) if last.0 == reduced => *last = (reduced, last.1 * size, stride),
                _ => merged.push((reduced, size, stride)),
            }
        }
        let (mut run, mut columns) = (1, 1);
        match merged.last() {
            Some(&(true, size, _)) => run = size,
            Some(&(false, size, _)) => columns = size,
            None => {}
        }
        merged.pop();
        let pick = |reduced: bool| -> Vec<(usize, usize)> {
            merged.iter().filter(|m| m.0 == reduced).map(|m| (m.1, m.2)).collect()
        };
        let (outer, kept) = (pick(true), pick(false));
        let outputs = kept.iter().map(|k| k.0).product::<usize>() * columns;
        let outer_count = outer.iter().map(|o| o.0).product();
        Reduce { isa, outer, outer_count, kept, run, columns, elements: shape.elements(), outputs }
    }

    /// Elements of the result.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Reduces `x` into `out`.
    pub fn run(&self, workers: &Workers, reduction: Reduction, x: &[f32], out: &mut [f32]) {
        assert_eq!((x.len(), out.len()), (self.elements, self.outputs), "x, out");
        let count = self.elements / self.outputs.max(1);
        let finish = |total: f64| (if reduction == Reduction::Mean { total / count as f64 } else { total }) as f32;
        let maximum = reduction == Reduction::Max;
        if self.columns > 1 {
            // tiles of columns, all reduced rows
            let width = if self.outputs * count > 2 * STRETCH { 64 } else { 256 };
            let tiles = self.columns.div_ceil(width);
            let parts = Parts::new(out);
            workers.run(self.outputs / self.columns * tiles, |item, _| {
                let (kept, first) = (item / tiles, item % tiles * width);
                let width = width.min(self.columns - first);
                let start = kept * self.columns + first;
                // SAFETY: each item has its own columns, and runs once.
                let out = unsafe { parts.part(start..start + width) };
                let x = &x[place(kept, &self.kept) + first..];
                for (block, out) in out.chunks_mut(64).enumerate() {
                    self.isa.run(Columns { reduce: self, x: &x[block * 64..], maximum, count, reduction, out });
                }
            });
            return;
        }
        let share = if self.outputs >= 16 { 1 } else { (count / STRETCH).clamp(1, PARTIALS).min(self.splits()) };
        if share == 1 {
            let gang = (4096 / count.max(1)).max(1);
            workers.chunks(out, gang, |item, _, out| {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = finish(self.part(x, item * gang + i, (0, 1), maximum));
                }
            });
            return;
        }
        let mut partials = [0.0f64; 16 * PARTIALS];
        let partials = &mut partials[..self.outputs * share];
        workers.chunks(partials, 1, |item, _, partial| {
            partial[0] = self.part(x, item / share, (item % share, share), maximum);
        });
        for (out, partials) in out.iter_mut().zip(partials.chunks_exact(share)) {
            let fold = |a: f64, &b: &f64| if maximum { greater(a, b) } else { a + b };
            *out = finish(partials[1..].iter().fold(partials[0], fold));
        }
    }

    /// Into how many parts an output's elements can be cut.
    fn splits(&self) -> usize {
        if self.outer_count > 1 { self.outer_count } else { self.run.div_ceil(SHORT) }
    }

    /// Part `part.0` of `part.1` of one output's elements, which lie in runs.
    fn part(&self, x: &[f32], output: usize, part: (usize, usize), maximum: bool) -> f64 {
        let start = place(output, &self.kept);
        let cut = |n: usize| n * part.0 / part.1..n * (part.0 + 1) / part.1;
        let (rows, run) =
            if self.outer_count > 1 { (cut(self.outer_count), 0..self.run) } else { (0..1, cut(self.run)) };
        let mut total = if maximum { f64::NEG_INFINITY } else { 0.0 };
        if self.run == 1 {
            // the reduced elements are far apart
            for row in rows {
                let x = f64::from(x[start + place(row, &self.outer)]);
                total = if maximum { greater(total, x) } else { total + x };
            }
            return total;
        }
        for row in rows {
            let x = &x[start + place(row, &self.outer)..][run.clone()];
            total = if maximum {
                greater(total, f64::from(self.isa.run(Greatest(x))))
            } else {
                total + self.isa.run(Sum(x))
            };
        }
        total
    }
}

/// Where element `index` of the axes lies.
#[inline]
fn place(mut index: usize, axes: &[(usize, usize)]) -> usize {
    let mut at = 0;
    for &(size, stride) in axes.iter().rev() {
        at += index % size * stride;
        index /= size;
    }
    at
}

/// The maximum, where a NaN counts as greater than all.
fn greater(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

/// The sum of a slice: f32 over short stretches, f64 over these.
pub(crate) struct Sum<'a>(pub &'a [f32]);

impl Kernel for Sum<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        self.0.chunks(SHORT).map(|x| f64::from(total(simd, x, |_, v| v, |x| x))).sum()
    }
}

/// `Σ f(x)` over a slice in f32: four vectors of sums, then their lanes, then the tail.
#[inline(always)]
pub(crate) fn total<S: Simd>(simd: S, x: &[f32], f: impl Fn(S, S::V) -> S::V, tail: impl Fn(f32) -> f32) -> f32 {
    total_of(
        simd,
        x.len(),
        // SAFETY: a vector from `at` on is asked for only where the slice has it.
        #[inline(always)]
        |at| f(simd, unsafe { simd.load(x.as_ptr().add(at)) }),
        #[inline(always)]
        |at| tail(x[at]),
    )
}

/// The same of `len` numbers, of which `vector(at)` gives eight from `at` on and `number(at)` one.
#[inline(always)]
pub(crate) fn total_of<S: Simd>(
    simd: S,
    len: usize,
    vector: impl Fn(usize) -> S::V,
    number: impl Fn(usize) -> f32,
) -> f32 {
    let mut sums = [simd.splat(0.0); 4];
    let mut at = 0;
    while at + 4 * LANES <= len {
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = simd.add(*sum, vector(at + i * LANES));
        }
        at += 4 * LANES;
    }
    while at + LANES <= len {
        sums[0] = simd.add(sums[0], vector(at));
        at += LANES;
    }
    let sum = simd.sum(simd.add(simd.add(sums[0], sums[1]), simd.add(sums[2], sums[3])));
    (at..len).fold(sum, |sum, at| sum + number(at))
}

/// The maximum of a slice, NaN where it has one.
pub(crate) struct Greatest<'a>(pub &'a [f32]);

impl Kernel for Greatest<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let mut best = simd.splat(f32::NEG_INFINITY);
        let mut nans = simd.splat(0.0);
        let mut eights = self.0.chunks_exact(LANES);
        for eight in &mut eights {
            // SAFETY: the chunk is one vector.
            let x = unsafe { simd.load(eight.as_ptr()) };
            nans = simd.select(simd.nan(x), x, nans);
            best = simd.max(x, best);
        }
        let start = if simd.sum(nans).is_nan() { f32::NAN } else { simd.greatest(best) };
        let fold = |a: f32, &b: &f32| if b > a || b.is_nan() { b } else { a };
        eights.remainder().iter().fold(start, fold)
    }
}

/// At most 64 columns over all reduced rows.
struct Columns<'a> {
    reduce: &'a Reduce,
    x: &'a [f32],
    maximum: bool,
    reduction: Reduction,
    count: usize,
    out: &'a mut [f32],
}

impl Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = self.out.len();
        let start = if self.maximum { f32::NEG_INFINITY } else { 0.0 };
        let mut totals = [f64::from(start); 64];
        let rows = self.reduce.outer_count;
        let mut row = 0;
        while row < rows {
            let mut sums = [start; 64];
            let end = rows.min(row + 64);
            for row in row..end {
                let x = &self.x[place(row, &self.reduce.outer)..][..width];
                let mut column = 0;
                while column < width {
                    let live = LANES.min(width - column);
                    // SAFETY: `live` columns are inside the row, and `sums` has whole vectors.
                    unsafe {
                        let x = simd.load_partial(x.as_ptr().add(column), live);
                        let sum = sums.as_mut_ptr().add(column);
                        let old = simd.load(sum);
                        let new = if self.maximum {
                            simd.select(simd.nan(old), old, simd.select(simd.le(x, old), old, x))
                        } else {
                            simd.add(old, x)
                        };
                        simd.store(sum, new);
                    }
                    column += LANES;
                }
            }
            for (total, &sum) in totals.iter_mut().zip(&sums) {
                *total = if self.maximum { greater(*total, f64::from(sum)) } else { *total + f64::from(sum) };
            }
            row = end;
        }
        for (out, total) in self.out.iter_mut().zip(totals) {
            *out = (if self.reduction == Reduction::Mean { total / self.count as f64 } else { total }) as f32;
        }
    }
}
