//! The kernel of the forward pass, and of the input gradient at stride 1: lanes along the width, straight from the
//! planes.
//!
//! A register's width of output columns goes down the plane. Each row of the input is read once, as the `K` registers
//! that its taps meet, and added to the sums of all outputs that it belongs to; the topmost of them is then complete.
//! Two planes go down side by side, since each sum waits for its own last addition. With stride 2 even rows belong to
//! one output more than odd ones, and even and odd columns are taken apart as they are loaded.
//!
//! Columns beside the plane are zeros: what lies there in memory, a row of this plane or of the next, is read and masked.
//! Where the memory ends among them, what there is of the row is copied to a window first.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::each;
use crate::conv::{Bounds, Limit};
use crate::simd::{Eight, Kernel, LANES, Simd, WIDEST, Wide};

/// Outputs at most that a row belongs to; the last one begins with it.
const SUMS: usize = 5;
/// Numbers at most that the loads of a row meet.
const REACH: usize = 2 * WIDEST + 4;

/// Planes, each correlated with `K×K` taps at a stride of `S`.
pub(super) struct Correlate<'a, const K: usize, const S: usize> {
    pub planes: &'a [f32],
    pub out: &'a mut [f32],
    /// A number for each written plane.
    pub bias: Option<&'a [f32]>,
    /// For each written plane, for each plane that it reads, the taps.
    pub weights: &'a [f32],
    /// Planes that a written one reads, and planes that are written from the same ones.
    pub reads: usize,
    pub writes: usize,
    /// Rows and columns of a plane that is read, and of one that is written.
    pub source: [usize; 2],
    pub target: [usize; 2],
    /// Zeros above and to the left.
    pub before: [usize; 2],
    pub limit: Limit,
}

impl<const K: usize, const S: usize> Kernel for Correlate<'_, K, S> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<I: Simd>(self, simd: I) {
        let (source, target) = (self.source[0] * self.source[1], self.target[0] * self.target[1]);
        let written = self.out.len() / target;
        let read = written / self.writes * self.reads;
        assert!(self.planes.len() >= read * source && self.weights.len() >= written * self.reads * K * K, "planes");
        // a plane of the first half with one of the second: what is past the end of a plane is still to be written
        let half = if self.reads == 1 { written / 2 } else { 0 };
        let (low, high) = self.out.split_at_mut(half * target);
        let (low, high) = ((low.as_mut_ptr(), low.len()), (high.as_mut_ptr(), high.len()));
        let plane = |write: usize, number: usize| {
            let start = (write / self.writes * self.reads + number) * source;
            let ((out, len), at) = if write < half { (low, write * target) } else { (high, (write - half) * target) };
            Plane {
                start: self.planes.as_ptr().wrapping_add(start),
                around: [start, self.planes.len() - start].map(usize::cast_signed),
                weights: self.weights[(write * self.reads + number) * K * K..][..K * K].as_ptr(),
                bias: self.bias.map_or(0.0, |bias| if number == 0 { bias[write] } else { 0.0 }),
                out: out.wrapping_add(at),
                left: len - at,
            }
        };
        let Correlate { source, target, before, reads, limit, .. } = self;
        for write in 0..half {
            let planes = [plane(write, 0), plane(half + write, 0)];
            let sides = Planes::<K, S, 2> { planes, source, target, before, first: true, alone: true, limit };
            sides.all(simd);
        }
        for write in 2 * half..written {
            for number in 0..reads {
                let limit = if number + 1 == reads { limit } else { Limit::None };
                let (planes, first, alone) = ([plane(write, number)], number == 0, reads == 1);
                Planes::<K, S, 1> { planes, source, target, before, first, alone, limit }.all(simd);
            }
        }
    }
}

/// One plane that is read, and the one that it is written or added to.
#[derive(Clone, Copy)]
struct Plane {
    /// `source[0]·source[1]` numbers.
    start: *const f32,
    /// Numbers that may be read before the start, and from it on.
    around: [isize; 2],
    /// `K·K` numbers.
    weights: *const f32,
    bias: f32,
    /// `left` numbers: those of the plane, and those after it that are written later.
    out: *mut f32,
    left: usize,
}

/// `P` planes that go side by side.
struct Planes<const K: usize, const S: usize, const P: usize> {
    planes: [Plane; P],
    source: [usize; 2],
    target: [usize; 2],
    before: [usize; 2],
    /// Whether the outputs are begun, rather than added to.
    first: bool,
    /// Whether no other plane is added to them: then what is past a row's end may be overwritten.
    alone: bool,
    limit: Limit,
}

impl<const K: usize, const S: usize, const P: usize> Planes<K, S, P> {
    /// Outputs that an even row belongs to.
    const LIVE: usize = K.div_ceil(S);

    /// From right to left: lanes past the row's end fall on what is written later.
    #[inline(always)]
    fn all<I: Simd>(&self, simd: I) {
        let mut right = self.target[1];
        while right > 0 {
            let rest = match right % I::Wide::LANES {
                0 => I::Wide::LANES,
                rest => rest,
            };
            let x = right - rest;
            // SAFETY: the fields say what there is; columns outside of the plane are masked unless all are inside.
            unsafe {
                // one plane at a time is rare, what is left over or is added to: masks cost little there
                match (I::Wide::LANES > LANES && rest > LANES, P > 1) {
                    (true, true) if self.inside(x, I::Wide::LANES) => self.down::<I, _, false>(simd, simd.wide(), x),
                    (true, _) => self.down::<I, _, true>(simd, simd.wide(), x),
                    (false, true) if self.inside(x, LANES) => self.down::<I, _, false>(simd, Eight(simd), x),
                    (false, _) => self.down::<I, _, true>(simd, Eight(simd), x),
                }
            }
            right = x;
        }
    }

    /// Numbers that the loads of a row meet.
    #[inline(always)]
    fn reach(lanes: usize) -> usize {
        S * lanes + (K - 1).next_multiple_of(S)
    }

    /// Whether all loads for so many columns from `x` on lie inside the planes' rows.
    #[inline(always)]
    fn inside(&self, x: usize, lanes: usize) -> bool {
        x * S >= self.before[1] && x * S - self.before[1] + Self::reach(lanes) <= self.source[1]
    }

    /// A register's width of columns from `x` on, row by row.
    ///
    /// # Safety
    /// `x` must be below `target[1]`, and without `EDGE` the columns be [`inside`](Self::inside).
    #[inline(always)]
    unsafe fn down<I: Simd, W: Wide<Eight = I::V>, const EDGE: bool>(&self, simd: I, wide: W, x: usize) {
        let ([height, width], rows) = (self.source, self.target[0]);
        let column = (x * S).cast_signed() - self.before[1].cast_signed();
        let mut masks = [wide.mask(0..0); K];
        let mut taps = [[[wide.splat(0.0); K]; K]; P];
        let mut bias = [wide.splat(0.0); P];
        for kx in 0..K {
            // the lanes whose column lies in the plane
            let below = |end: isize| (end - column - kx.cast_signed()).max(0).cast_unsigned().div_ceil(S);
            masks[kx] = wide.mask(below(0)..below(width.cast_signed()));
        }
        for p in 0..P {
            for ky in 0..K {
                for kx in 0..K {
                    // SAFETY: the weights have all taps.
                    taps[p][ky][kx] = wide.splat(unsafe { *self.planes[p].weights.add(ky * K + kx) });
                }
            }
            bias[p] = wide.splat(self.planes[p].bias);
        }
        let bounds = self.limit.bounds(wide);
        let mut sums = [[wide.splat(0.0); SUMS]; P];
        for p in 0..P {
            sums[p] = [bias[p]; SUMS];
        }
        let mut window = [0.0f32; REACH];
        let last = rows + Self::LIVE - 1;
        for step in 0..last {
            // rows above the planes wrap round, and are then not below their height either
            let row = |phase: usize| (step * S + phase).wrapping_sub(self.before[0]);
            // SAFETY: by the contract above, throughout.
            unsafe {
                if row(0) < height {
                    each!(Q < P, {
                        let from = self.row::<EDGE>(Q, row(0), column, W::LANES, &mut window);
                        let x = read::<W, K, S, EDGE>(wide, from, &masks);
                        for kx in 0..K {
                            for j in 0..Self::LIVE {
                                let sum = sums[Q][SUMS - 1 - j];
                                sums[Q][SUMS - 1 - j] = wide.fma(x[kx], taps[Q][S * j][kx], sum);
                            }
                        }
                    });
                }
                each!(Q < P, {
                    if step + 1 >= Self::LIVE {
                        let to = (step + 1 - Self::LIVE, x);
                        self.put(simd, wide, Q, to, sums[Q][SUMS - Self::LIVE], bounds);
                    }
                    // by name: as a loop it would be a move of memory
                    let s = sums[Q];
                    sums[Q] = [s[1], s[2], s[3], s[4], bias[Q]];
                });
                if S == 2 && row(1) < height {
                    each!(Q < P, {
                        let from = self.row::<EDGE>(Q, row(1), column, W::LANES, &mut window);
                        let x = read::<W, K, S, EDGE>(wide, from, &masks);
                        for kx in 0..K {
                            for j in 0..K / 2 {
                                let sum = sums[Q][SUMS - 2 - j];
                                sums[Q][SUMS - 2 - j] = wide.fma(x[kx], taps[Q][2 * j + 1][kx], sum);
                            }
                        }
                    });
                }
            }
        }
    }

    /// Where a row's numbers from `column` on lie: in place, or in `window`, if the memory ends among them.
    ///
    /// # Safety
    /// Plane `p` must have the row, and without `EDGE` the columns.
    #[inline(always)]
    unsafe fn row<const EDGE: bool>(
        &self,
        p: usize,
        row: usize,
        column: isize,
        lanes: usize,
        window: &mut [f32; REACH],
    ) -> *const f32 {
        let Plane { start, around: [before, after], .. } = self.planes[p];
        let (at, reach) = ((row * self.source[1]).cast_signed() + column, Self::reach(lanes));
        if EDGE && !(at >= -before && at + reach.cast_signed() <= after) {
            // SAFETY: no more is read than there is.
            unsafe { part(start, at, [-before, after], &mut window[..reach]) };
            return window.as_ptr();
        }
        debug_assert!(at >= -before && at + reach.cast_signed() <= after, "a row inside the planes");
        start.wrapping_offset(at)
    }

    /// Columns that there are of eight.
    #[inline(always)]
    fn lanes(&self, x: usize, eight: usize) -> usize {
        (self.target[1] - x).saturating_sub(eight * LANES).min(LANES)
    }

    /// # Safety
    /// The output must have the row.
    #[inline(always)]
    unsafe fn put<I: Simd, W: Wide<Eight = I::V>>(
        &self,
        simd: I,
        wide: W,
        p: usize,
        (row, x): (usize, usize),
        v: W::V,
        bounds: Bounds<W>,
    ) {
        let at = row * self.target[1] + x;
        let to = self.planes[p].out.wrapping_add(at);
        // SAFETY: a whole store stays within `left` numbers, and a part of one within the row.
        unsafe {
            if self.alone && self.planes[p].left - at >= W::LANES {
                return wide.store(to, bounds.of(v));
            }
            for eight in 0..W::LANES / LANES {
                let (to, live) = (to.wrapping_add(eight * LANES), self.lanes(x, eight));
                let mut v = wide.eight(v, eight);
                if !self.first {
                    v = simd.add(simd.load_partial(to, live), v);
                }
                simd.store_partial(to, self.limit.vector(simd, v), live);
            }
        }
    }
}

/// `to[i] = start[at + i]` as far as that lies between the bounds.
///
/// # Safety
/// All that lies between the bounds must be readable.
#[cold]
unsafe fn part(start: *const f32, at: isize, [low, high]: [isize; 2], to: &mut [f32]) {
    for (to, at) in to.iter_mut().zip(at..) {
        if (low..high).contains(&at) {
            // SAFETY: by the contract above.
            *to = unsafe { *start.offset(at) };
        }
    }
}

/// The registers of a row that the taps meet; with `EDGE` only the lanes that the masks have, zeros elsewhere.
///
/// # Safety
/// All that they meet must be readable.
#[inline(always)]
unsafe fn read<W: Wide, const K: usize, const S: usize, const EDGE: bool>(
    wide: W,
    row: *const f32,
    masks: &[W::Mask; K],
) -> [W::V; K] {
    let mut x = [wide.splat(0.0); K];
    // SAFETY: by the contract above.
    unsafe {
        if S == 1 {
            for kx in 0..K {
                x[kx] = wide.load(row.add(kx));
            }
        } else {
            for pair in 0..K.div_ceil(2) {
                let (even, odd) = wide.load_apart(row.add(2 * pair));
                x[2 * pair] = even;
                if 2 * pair + 1 < K {
                    x[2 * pair + 1] = odd;
                }
            }
        }
    }
    if EDGE {
        for kx in 0..K {
            x[kx] = wide.keep(x[kx], masks[kx]);
        }
    }
    x
}
