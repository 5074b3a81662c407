//! Moving numbers: permutations of axes, and boxes of one tensor into another.

use crate::parts::Parts;
use crate::simd::{Isa, Kernel, LANES, Simd};
use crate::workers::Workers;
use striate_tensor::Shape;

/// Axes at most.
const AXES: usize = 8;
/// Elements that are worth handing to another worker.
const WORTH: usize = 1 << 14;

/// A permutation of axes: `y` has axis `order[i]` of `x` as its axis `i`.
///
/// ```
/// use striate_kernels::{Isa, Permute, Workers};
/// let turn = Permute::prepare(&[2, 3].into(), &[1, 0], Isa::best());
/// let mut y = [0.0; 6];
/// turn.run(&Workers::new(1), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut y);
/// assert_eq!(y, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Permute {
    isa: Isa,
    elements: usize,
    /// The output's outer axes: (size, step in `x`, step in `y`).
    outer: Vec<(usize, usize, usize)>,
    /// The last axis of the output and the last axis of the input: (size, step in `x`, step in `y`); the same axis
    /// where rows stay rows.
    last: (usize, usize, usize),
    from: (usize, usize, usize),
}

impl Permute {
    /// `order` is a permutation of the axes of `shape`.
    pub fn prepare(shape: &Shape, order: &[usize], isa: Isa) -> Self {
        assert_eq!(order.len(), shape.rank(), "an order of all axes");
        let strides = shape.strides();
        let mut axes: Vec<(usize, usize, usize)> = vec![];
        for &axis in order.iter().filter(|&&axis| shape[axis] != 1) {
            match axes.last_mut() {
                Some(last) if last.1 == strides[axis] * shape[axis] => *last = (last.0 * shape[axis], strides[axis], 0),
                _ => axes.push((shape[axis], strides[axis], 0)),
            }
        }
        let mut step = 1;
        for axis in axes.iter_mut().rev() {
            axis.2 = step;
            step *= axis.0;
        }
        let last = axes.pop().unwrap_or((1, 1, 1));
        let rows = axes.iter().position(|a| a.1 == 1).filter(|_| last.1 != 1);
        let from = rows.map_or(last, |i| axes.remove(i));
        Permute { isa, elements: shape.elements(), outer: axes, last, from }
    }

    /// Writes all of `y`.
    pub fn run(&self, workers: &Workers, x: &[f32], y: &mut [f32]) {
        assert_eq!((x.len(), y.len()), (self.elements, self.elements), "x, y");
        if self.elements == 0 {
            return;
        }
        let outer: usize = self.outer.iter().map(|a| a.0).product();
        let y = Parts::new(y);
        let place = |mut index: usize| {
            let (mut from, mut to) = (0, 0);
            for &(size, x_step, y_step) in self.outer.iter().rev() {
                from += index % size * x_step;
                to += index % size * y_step;
                index /= size;
            }
            (from, to)
        };
        if self.last == self.from {
            // rows stay rows
            let gang = (WORTH / self.last.0).max(1);
            workers.run(outer.div_ceil(gang), |item, _| {
                for row in item * gang..outer.min((item + 1) * gang) {
                    let (from, to) = place(row);
                    // SAFETY: each row of the output belongs to one item, which runs once.
                    let to = unsafe { y.part(to..to + self.last.0) };
                    to.copy_from_slice(&x[from..][..self.last.0]);
                }
            });
            return;
        }
        let strips = self.from.0.div_ceil(STRIP);
        let gang = (WORTH / (self.last.0 * STRIP.min(self.from.0))).max(1);
        let all = outer * strips;
        workers.run(all.div_ceil(gang), |item, _| {
            for strip in item * gang..all.min((item + 1) * gang) {
                let (from, to) = place(strip / strips);
                let first = strip % strips * STRIP;
                let rows = STRIP.min(self.from.0 - first);
                self.isa.run(Turn {
                    x: &x[from + first..],
                    y: y.start().wrapping_add(to + first * self.from.2),
                    rows,
                    columns: self.last.0,
                    x_step: self.last.1,
                    y_step: self.from.2,
                });
            }
        });
    }
}

/// Rows of the output that are written together.
const STRIP: usize = 16;

/// `y[r·y_step + c] = x[c·x_step + r]`
struct Turn<'a> {
    x: &'a [f32],
    y: *mut f32,
    rows: usize,
    columns: usize,
    x_step: usize,
    y_step: usize,
}

impl Kernel for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (rows, columns) = (self.rows / LANES * LANES, self.columns / LANES * LANES);
        for c in (0..columns).step_by(LANES) {
            for r in (0..rows).step_by(LANES) {
                let mut block = [simd.splat(0.0); LANES];
                // SAFETY: rows and columns lie inside `x` and `y`, which `Permute` laid out; no other item has them.
                unsafe {
                    for (i, v) in block.iter_mut().enumerate() {
                        *v = simd.load(self.x.as_ptr().add((c + i) * self.x_step + r));
                    }
                    for (i, v) in simd.transpose(block).into_iter().enumerate() {
                        simd.store(self.y.add((r + i) * self.y_step + c), v);
                    }
                }
            }
        }
        for r in 0..self.rows {
            for c in if r < rows { columns } else { 0 }..self.columns {
                // SAFETY: as above.
                unsafe { *self.y.add(r * self.y_step + c) = self.x[c * self.x_step + r] };
            }
        }
    }
}

/// Where a box lies in a tensor: its first element and the step along each of its axes.
#[derive(Clone, Copy, Debug)]
pub struct BoxAt<'a> {
    /// Element number of the box's first element.
    pub start: usize,
    /// Elements from one to the next along each axis; negative to run backwards.
    pub steps: &'a [isize],
}

impl BoxAt<'_> {
    /// The smallest and the greatest element number.
    fn bounds(&self, sizes: &[usize]) -> (isize, isize) {
        let (mut low, mut high) = (self.start as isize, self.start as isize);
        for (&size, &step) in sizes.iter().zip(self.steps) {
            let reach = (size as isize - 1) * step;
            low += reach.min(0);
            high += reach.max(0);
        }
        (low, high)
    }
}

/// Copies a box of `sizes` elements (an axis each, at most 8) from one place to another: slices, padding and
/// concatenation are made of it.
///
/// ```
/// use striate_kernels::{BoxAt, Workers, copy_box};
/// let mut y = [0.0; 6];
/// let from = BoxAt { start: 1, steps: &[2, 1] };
/// copy_box(&Workers::new(1), &[2, 1], &[1.0, 2.0, 3.0, 4.0], from, &mut y, BoxAt { start: 0, steps: &[3, 1] });
/// assert_eq!(y, [2.0, 0.0, 0.0, 4.0, 0.0, 0.0]);
/// ```
///
/// # Panics
/// When a box leaves its slice.
pub fn copy_box<T: Copy + Send + Sync>(
    workers: &Workers,
    sizes: &[usize],
    x: &[T],
    from: BoxAt<'_>,
    y: &mut [T],
    to: BoxAt<'_>,
) {
    assert!(sizes.len() <= AXES && from.steps.len() == sizes.len() && to.steps.len() == sizes.len(), "axes");
    if sizes.contains(&0) {
        return;
    }
    for (at, len) in [(from, x.len()), (to, y.len())] {
        let (low, high) = at.bounds(sizes);
        assert!(low >= 0 && (high as usize) < len, "a box inside its tensor");
    }
    let Some((&row, outer)) = sizes.split_last() else {
        y[to.start] = x[from.start];
        return;
    };
    let rows: usize = outer.iter().product();
    let copy_row = |number: usize, y: &Parts<'_, T>| {
        let (mut source, mut target) = (from.start as isize, to.start as isize);
        let mut rest = number;
        for (axis, &size) in outer.iter().enumerate().rev() {
            source += (rest % size) as isize * from.steps[axis];
            target += (rest % size) as isize * to.steps[axis];
            rest /= size;
        }
        let (x_step, y_step) = (from.steps[outer.len()], to.steps[outer.len()]);
        if x_step == 1 && y_step == 1 {
            // SAFETY: inside by the bounds; rows do not overlap, or one thread copies them all.
            let y = unsafe { y.part(target as usize..target as usize + row) };
            y.copy_from_slice(&x[source as usize..][..row]);
            return;
        }
        for i in 0..row as isize {
            let at = (target + i * y_step) as usize;
            // SAFETY: as above.
            unsafe { y.part(at..at + 1)[0] = x[(source + i * x_step) as usize] };
        }
    };
    let y = Parts::new(y);
    // rows lie apart when each axis steps over all that is inside of it
    let mut extent = 1;
    let apart = sizes.iter().zip(to.steps).rev().all(|(&size, &step)| {
        let apart = size == 1 || step >= extent;
        extent = extent.max((size as isize - 1) * step + extent);
        apart
    });
    let gang = if apart { (WORTH / row).max(1) } else { rows };
    workers.run(rows.div_ceil(gang), |item, _| {
        (item * gang..rows.min((item + 1) * gang)).for_each(|number| copy_row(number, &y));
    });
}
