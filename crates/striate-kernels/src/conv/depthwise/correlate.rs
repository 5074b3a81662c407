//! The kernel of the forward pass, and of the input gradient at stride 1: lanes along the width, straight from the
//! planes.
//!
//! A register's width of output columns goes down the plane. Each row of the input is read once, as the `K` registers
//! that its taps meet (zeros beside the plane), and added to the sums of all outputs that it belongs to; the topmost of
//! them is then complete. With stride 2 even rows belong to one output more than odd ones, and even and odd columns are
//! taken apart in registers.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use crate::conv::Limit;
use crate::simd::{Eight, Kernel, LANES, Simd, Wide};

/// Loads of a row: one for each tap, or two for each pair of taps where columns are taken apart.
const LOADS: usize = 6;
/// Outputs at most that a row belongs to; the last one begins with it.
const SUMS: usize = 5;

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
        for write in 0..written {
            for number in 0..self.reads {
                let read = write / self.writes * self.reads + number;
                let column = Column::<K, S> {
                    plane: self.planes[read * source..][..source].as_ptr(),
                    source: self.source,
                    weights: &self.weights[(write * self.reads + number) * K * K..][..K * K],
                    first: number == 0,
                    alone: self.reads == 1,
                    bias: self.bias.map_or(0.0, |bias| if number == 0 { bias[write] } else { 0.0 }),
                    limit: if number + 1 == self.reads { self.limit } else { Limit::None },
                    out: self.out[write * target..].as_mut_ptr(),
                    left: self.out.len() - write * target,
                    target: self.target,
                    before: self.before,
                };
                column.all(simd);
            }
        }
    }
}

/// One plane's part of one output plane.
struct Column<'a, const K: usize, const S: usize> {
    /// `source[0]·source[1]` numbers.
    plane: *const f32,
    source: [usize; 2],
    weights: &'a [f32],
    /// Whether the output is begun, rather than added to.
    first: bool,
    /// Whether no other plane is added to it: then what is past a row's end may be overwritten.
    alone: bool,
    bias: f32,
    limit: Limit,
    /// `left` numbers that nobody else has.
    out: *mut f32,
    /// Numbers from the start of the output plane on, those of the planes after it too: at least `target[0]·target[1]`.
    left: usize,
    target: [usize; 2],
    before: [usize; 2],
}

impl<const K: usize, const S: usize> Column<'_, K, S> {
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
                match (I::Wide::LANES > LANES && rest > LANES, self.inside(x, I::Wide::LANES)) {
                    (true, true) => self.down::<I, _, false>(simd, simd.wide(), x),
                    (true, false) => self.down::<I, _, true>(simd, simd.wide(), x),
                    (false, _) if self.inside(x, LANES) => self.down::<I, _, false>(simd, Eight(simd), x),
                    (false, _) => self.down::<I, _, true>(simd, Eight(simd), x),
                }
            }
            right = x;
        }
    }

    /// Whether all loads for so many columns from `x` on lie inside the plane's rows.
    #[inline(always)]
    fn inside(&self, x: usize, lanes: usize) -> bool {
        let reach = S * lanes + (K - 1).next_multiple_of(S);
        x * S >= self.before[1] && x * S - self.before[1] + reach <= self.source[1]
    }

    /// A register's width of columns from `x` on, row by row.
    ///
    /// # Safety
    /// `x` must be below `target[1]`, and without `EDGE` the columns be [`inside`](Self::inside).
    #[inline(always)]
    unsafe fn down<I: Simd, W: Wide<Eight = I::V>, const EDGE: bool>(&self, simd: I, wide: W, x: usize) {
        let ([height, width], rows) = (self.source, self.target[0]);
        let column = (x * S) as isize - self.before[1] as isize;
        let mut masks = [wide.mask(0..0); LOADS];
        for n in 0..K + S - 1 {
            let start = column + offset::<W, S>(n);
            let lanes = |at: isize| at.clamp(0, W::LANES as isize) as usize;
            masks[n] = wide.mask(lanes(-start)..lanes(width as isize - start));
        }
        let mut taps = [[wide.splat(0.0); K]; K];
        for ky in 0..K {
            for kx in 0..K {
                taps[ky][kx] = wide.splat(self.weights[ky * K + kx]);
            }
        }
        let (low, high) = self.limit.bounds();
        let (bias, low, high) = (wide.splat(self.bias), wide.splat(low), wide.splat(high));
        let mut sums = [bias; SUMS];
        let last = rows + Self::LIVE - 1;
        for step in 0..last {
            // SAFETY: by the contract above, throughout.
            unsafe {
                // rows above the plane wrap round, and are then not below its height either
                let above = |phase: usize| (step * S + phase).wrapping_sub(self.before[0]);
                let row = |y: usize| self.plane.wrapping_offset((y * width) as isize + column);
                if above(0) < height {
                    let x = read::<W, K, S, EDGE>(wide, row(above(0)), &masks);
                    for kx in 0..K {
                        for j in 0..Self::LIVE {
                            let sum = sums[SUMS - 1 - j];
                            sums[SUMS - 1 - j] = wide.fma(x[kx], taps[S * j][kx], sum);
                        }
                    }
                }
                if step + 1 >= Self::LIVE {
                    self.put(simd, wide, (step + 1 - Self::LIVE, x), sums[SUMS - Self::LIVE], (low, high));
                }
                // by name: as a loop it would be a move of memory
                sums = [sums[1], sums[2], sums[3], sums[4], bias];
                if S == 2 && above(1) < height {
                    let x = read::<W, K, S, EDGE>(wide, row(above(1)), &masks);
                    for kx in 0..K {
                        for j in 0..K / 2 {
                            let sum = sums[SUMS - 2 - j];
                            sums[SUMS - 2 - j] = wide.fma(x[kx], taps[2 * j + 1][kx], sum);
                        }
                    }
                }
            }
        }
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
        (row, x): (usize, usize),
        v: W::V,
        (low, high): (W::V, W::V),
    ) {
        let at = row * self.target[1] + x;
        let to = self.out.wrapping_add(at);
        // SAFETY: a whole store stays within `left` numbers, and a part of one within the row.
        unsafe {
            if self.alone && self.left - at >= W::LANES {
                return wide.store(to, wide.min(high, wide.max(low, v)));
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

/// How far load `n` of a row is from the row's first column.
#[inline(always)]
fn offset<W: Wide, const S: usize>(n: usize) -> isize {
    (if S == 1 { n } else { n / 2 * 2 + n % 2 * W::LANES }) as isize
}

/// The registers of a row that the taps meet.
///
/// # Safety
/// With `EDGE` the lanes that the masks have, without it all lanes must be readable.
#[inline(always)]
unsafe fn read<W: Wide, const K: usize, const S: usize, const EDGE: bool>(
    wide: W,
    row: *const f32,
    masks: &[W::Mask; LOADS],
) -> [W::V; K] {
    let load = |n: usize| {
        let from = row.wrapping_offset(offset::<W, S>(n));
        // SAFETY: by the contract above.
        unsafe { if EDGE { wide.load_masked(from, masks[n]) } else { wide.load(from) } }
    };
    let mut x = [wide.splat(0.0); K];
    if S == 1 {
        for kx in 0..K {
            x[kx] = load(kx);
        }
    } else {
        for pair in 0..K.div_ceil(2) {
            let (even, odd) = wide.unzip(load(2 * pair), load(2 * pair + 1));
            x[2 * pair] = even;
            if 2 * pair + 1 < K {
                x[2 * pair + 1] = odd;
            }
        }
    }
    x
}
