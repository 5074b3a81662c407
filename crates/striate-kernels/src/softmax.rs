//! Softmax and its logarithm along an axis.

use crate::map::functions::{exp, ln};
use crate::parts::Parts;
use crate::simd::{Isa, Kernel, LANES, Simd};
use crate::workers::Workers;

/// `y = e^(x − m) / Σ e^(x − m)` along the middle axis of `x` (`outer×axis×inner`), with `m` the maximum there; with
/// `logarithm`, `y = x − m − ln Σ e^(x − m)`.
///
/// ```
/// use striate_kernels::{Isa, Workers, softmax};
/// let mut y = [0.0; 2];
/// softmax(&Workers::new(1), Isa::best(), &[3.0, 3.0], (2, 1), false, &mut y);
/// assert_eq!(y, [0.5, 0.5]);
/// ```
pub fn softmax(workers: &Workers, isa: Isa, x: &[f32], (axis, inner): (usize, usize), logarithm: bool, y: &mut [f32]) {
    let block = axis * inner;
    assert!(x.len() == y.len() && block > 0 && x.len().is_multiple_of(block), "x and y in blocks of {block}");
    if inner == 1 {
        let gang = (4096 / axis).max(1);
        workers.chunks(y, gang * axis, |item, _, y| {
            let x = &x[item * gang * axis..][..y.len()];
            isa.run(Rows { x, y, axis, logarithm });
        });
        return;
    }
    let across = inner.div_ceil(COLUMNS);
    let parts = Parts::new(y);
    workers.run(x.len() / block * across, |item, _| {
        let (outer, first) = (item / across, item % across * COLUMNS);
        let width = COLUMNS.min(inner - first);
        let start = outer * block + first;
        let row = |i: usize| start + i * inner..start + i * inner + width;
        for first in (0..width).step_by(LANES) {
            let count = LANES.min(width - first);
            // SAFETY: `row(i)` lies inside `x` and `y`, and these columns are this item's alone.
            unsafe {
                let y = parts.part(row(0)).as_mut_ptr().add(first);
                isa.run(Column { x: x[row(0)].as_ptr().add(first), y, count, axis, step: inner, logarithm });
            }
        }
    });
}

/// Columns of an item.
const COLUMNS: usize = 256;

struct Rows<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    axis: usize,
    logarithm: bool,
}

impl Kernel for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (x, y) in self.x.chunks_exact(self.axis).zip(self.y.chunks_exact_mut(self.axis)) {
            let greatest = s.splat(crate::reduce::Greatest(x).run(s));
            let whole = x.len() / LANES * LANES;
            let mut sum = s.splat(0.0);
            let mut tail = 0.0;
            // SAFETY: all loads and stores lie below `axis`, which is the length of both rows.
            unsafe {
                for at in (0..whole).step_by(LANES) {
                    let e = exp(s, s.sub(s.load(x.as_ptr().add(at)), greatest));
                    s.store(y.as_mut_ptr().add(at), e);
                    sum = s.add(sum, e);
                }
                if whole < x.len() {
                    let count = x.len() - whole;
                    let e = exp(s, s.sub(s.load_partial(x.as_ptr().add(whole), count), greatest));
                    s.store_partial(y.as_mut_ptr().add(whole), e, count);
                    tail = y[whole..].iter().sum();
                }
            }
            let sum = s.splat(s.sum(sum) + tail);
            let scale = s.div(s.splat(1.0), sum);
            let log = ln(s, sum);
            for at in (0..x.len()).step_by(LANES) {
                let count = LANES.min(x.len() - at);
                // SAFETY: `count` numbers lie below `axis`.
                unsafe {
                    let v = if self.logarithm {
                        s.sub(s.sub(s.load_partial(x.as_ptr().add(at), count), greatest), log)
                    } else {
                        s.mul(s.load_partial(y.as_ptr().add(at), count), scale)
                    };
                    s.store_partial(y.as_mut_ptr().add(at), v, count);
                }
            }
        }
    }
}

/// At most eight columns along a strided axis.
struct Column {
    x: *const f32,
    y: *mut f32,
    count: usize,
    axis: usize,
    step: usize,
    logarithm: bool,
}

impl Kernel for Column {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // SAFETY: the caller's columns have `axis` rows of `count` numbers, `step` apart.
        unsafe {
            let x = |i: usize| s.load_partial(self.x.add(i * self.step), self.count);
            let mut greatest = s.splat(f32::NEG_INFINITY);
            for i in 0..self.axis {
                let x = x(i);
                greatest = s.select(s.nan(greatest), greatest, s.select(s.le(x, greatest), greatest, x));
            }
            let mut sum = s.splat(0.0);
            for i in 0..self.axis {
                let e = exp(s, s.sub(x(i), greatest));
                s.store_partial(self.y.add(i * self.step), e, self.count);
                sum = s.add(sum, e);
            }
            let log = ln(s, sum);
            for i in 0..self.axis {
                let y = self.y.add(i * self.step);
                let v = if self.logarithm {
                    s.sub(s.sub(x(i), greatest), log)
                } else {
                    s.div(s.load_partial(y, self.count), sum)
                };
                s.store_partial(y, v, self.count);
            }
        }
    }
}
