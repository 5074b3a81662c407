//! A fixed linear map along each spatial axis, plane by plane: `y[p] = Σ A_1[p_1,q_1]·A_2[p_2,q_2]·A_3[p_3,q_3]·x[q]`.
//!
//! The matrices have few numbers in a row, as those of upsampling and of blurring with a stride. A row of the output
//! (along the last axis) is made in two steps: the rows of the input that it is made of are summed, then the sum is taken
//! along the last axis. There, in all but the ends, a row of the matrix is the one before it moved: vectors are written
//! of `up` interleaved series of outputs whose inputs move by `down`.

use crate::parts::Parts;
use crate::simd::{Isa, Kernel, LANES, Simd};
use crate::workers::Workers;
use std::ops::Range;

/// Elements that are worth handing to another worker.
const WORTH: usize = 1 << 14;

/// A sparse matrix: for each row its (column, number) pairs by rising column.
type Rows = Vec<Vec<(usize, f64)>>;

/// The map, prepared.
///
/// ```
/// use striate_kernels::{Isa, Separable, Workers};
/// let twice = vec![vec![(0, 1.0)], vec![(0, 1.0)], vec![(1, 1.0)], vec![(1, 1.0)]];
/// let map = Separable::prepare(&[(twice, 2)], Isa::best());
/// let workers = Workers::new(1);
/// let mut scratch = vec![0.0; map.scratch_len(workers.threads())];
/// let mut y = [0.0; 4];
/// map.run(&workers, &[3.0, 5.0], &mut y, &mut scratch);
/// assert_eq!(y, [3.0, 3.0, 5.0, 5.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Separable {
    isa: Isa,
    pixels: usize,
    positions: usize,
    /// For each row of the output the rows of the input, by their first pixel, that it is made of.
    outer: Vec<Vec<(usize, f32)>>,
    last: Last,
}

/// The matrix of the last axis.
#[derive(Clone, Debug)]
struct Last {
    input: usize,
    /// Of row `p` the terms `starts[p]..starts[p + 1]`.
    starts: Vec<usize>,
    terms: Vec<(usize, f32)>,
    /// Where rows are moved copies: row `p + up` is row `p`, moved by `down`.
    regular: Range<usize>,
    up: usize,
    down: usize,
}

impl Separable {
    /// The matrix of each axis, at most three, with the number of its columns.
    pub fn prepare(axes: &[(Rows, usize)], isa: Isa) -> Self {
        let (last, outer_axes) = axes.split_last().expect("at least one axis");
        let mut outer = vec![vec![(0, 1.0)]];
        let mut pixels = 1;
        for (rows, columns) in outer_axes {
            let wider = |terms: &Vec<(usize, f64)>, row: &Vec<(usize, f64)>| -> Vec<(usize, f64)> {
                terms.iter().flat_map(|&(q, a)| row.iter().map(move |&(at, b)| (q * columns + at, a * b))).collect()
            };
            outer =
                outer.iter().flat_map(|terms| rows.iter().map(|row| wider(terms, row)).collect::<Vec<_>>()).collect();
            pixels *= columns;
        }
        let last = Last::new(&last.0, last.1);
        let rounded =
            |terms: &Vec<(usize, f64)>| terms.iter().map(|&(row, a)| (row * last.input, a as f32)).collect::<Vec<_>>();
        let outer: Vec<_> = outer.iter().map(rounded).collect();
        let positions = outer.len() * last.outputs();
        Separable { isa, pixels: pixels * last.input, positions, outer, last }
    }

    /// f32s of scratch that `run` needs with so many workers.
    pub fn scratch_len(&self, threads: usize) -> usize {
        threads * self.last.input
    }

    /// `x` is `planes×pixels`, `y` is `planes×positions`; `scratch` at least [`Separable::scratch_len`] long.
    pub fn run(&self, workers: &Workers, x: &[f32], y: &mut [f32], scratch: &mut [f32]) {
        let planes = x.len() / self.pixels.max(1);
        assert_eq!((x.len(), y.len()), (planes * self.pixels, planes * self.positions), "planes");
        assert!(scratch.len() >= self.scratch_len(workers.threads()), "scratch");
        let gang = (WORTH / (self.pixels + self.positions).max(1)).max(1);
        let sums = Parts::new(scratch);
        workers.chunks(y, gang * self.positions, |item, worker, y| {
            // SAFETY: each worker has its own part.
            let sum = unsafe { sums.part(worker * self.last.input..(worker + 1) * self.last.input) };
            let x = &x[item * gang * self.pixels..];
            self.isa.run(Planes { map: self, x, y, sum });
        });
    }
}

impl Last {
    fn new(rows: &Rows, input: usize) -> Self {
        let moved = |p: usize, up: usize, down: usize| {
            let pairs = || rows[p].iter().zip(&rows[p + up]);
            rows[p].len() == rows[p + up].len() && pairs().all(|(a, b)| a.0 + down == b.0 && a.1 == b.1)
        };
        let mut best = (0..0, 1, 1);
        for (up, down) in [(1, 1), (2, 1), (1, 2)] {
            let mut start = 0;
            for p in 0..rows.len() {
                if p + up >= rows.len() || !moved(p, up, down) {
                    let end = (p + up).min(rows.len());
                    if end > start && end - start > best.0.len() {
                        best = (start..end, up, down);
                    }
                    start = p + 1;
                }
            }
        }
        let (mut regular, up, down) = best;
        // whole vectors, all of whose loads lie within the row
        let reach = |blocks: usize| {
            let terms = rows[regular.start..].iter().take(up).flatten();
            blocks > 0 && terms.clone().all(|term| term.0 + blocks * LANES * down <= input)
        };
        let blocks = (0..=regular.len() / (up * LANES)).rev().find(|&blocks| reach(blocks)).unwrap_or(0);
        regular.end = regular.start + blocks * up * LANES;
        let mut starts = vec![0];
        starts.extend(rows.iter().scan(0, |sum, row| {
            *sum += row.len();
            Some(*sum)
        }));
        let terms = rows.iter().flatten().map(|&(q, a)| (q, a as f32)).collect();
        Last { input, starts, terms, regular, up, down }
    }

    fn outputs(&self) -> usize {
        self.starts.len() - 1
    }

    #[inline(always)]
    fn row(&self, p: usize) -> &[(usize, f32)] {
        &self.terms[self.starts[p]..self.starts[p + 1]]
    }

    /// A vector of one of the interleaved series of outputs.
    #[inline(always)]
    fn series<S: Simd>(&self, simd: S, x: &[f32], block: usize, number: usize) -> S::V {
        let mut sum = simd.splat(0.0);
        for &(q, a) in self.row(self.regular.start + number) {
            let from = x[q + block * LANES * self.down..][..LANES * self.down].as_ptr();
            // SAFETY: the slice has `down` vectors, and `down` is 1 or 2.
            let seen = unsafe { if self.down == 1 { simd.load(from) } else { simd.load_apart(from).0 } };
            sum = simd.fma(simd.splat(a), seen, sum);
        }
        sum
    }

    /// `y[p] = Σ A[p, q]·x[q]`
    #[inline(always)]
    fn apply<S: Simd>(&self, simd: S, x: &[f32], y: &mut [f32]) {
        for p in (0..self.regular.start).chain(self.regular.end..y.len()) {
            y[p] = self.row(p).iter().fold(0.0, |sum, &(q, a)| sum + a * x[q]);
        }
        let (x, y) = (&x[..self.input], &mut y[self.regular.clone()]);
        for (block, y) in y.chunks_exact_mut(self.up * LANES).enumerate() {
            let to = y.as_mut_ptr();
            // SAFETY: the chunk has `up` vectors, and `up` is 1 or 2.
            unsafe {
                if self.up == 1 {
                    simd.store(to, self.series(simd, x, block, 0));
                } else {
                    let (low, high) = simd.zip(self.series(simd, x, block, 0), self.series(simd, x, block, 1));
                    simd.store(to, low);
                    simd.store(to.add(LANES), high);
                }
            }
        }
    }
}

struct Planes<'a> {
    map: &'a Separable,
    x: &'a [f32],
    y: &'a mut [f32],
    sum: &'a mut [f32],
}

impl Kernel for Planes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let map = self.map;
        let (wide, width) = (map.last.input, map.last.outputs());
        for (x, y) in self.x.chunks_exact(map.pixels).zip(self.y.chunks_exact_mut(map.positions)) {
            for (row, terms) in map.outer.iter().enumerate() {
                let at = row * width;
                if row > 0 && map.outer[row - 1] == *terms {
                    y.copy_within(at - width..at, at);
                    continue;
                }
                let y = &mut y[at..at + width];
                if let [(q, 1.0)] = terms[..] {
                    map.last.apply(simd, &x[q..q + wide], y);
                    continue;
                }
                self.sum.fill(0.0);
                for &(q, a) in terms {
                    self.sum.iter_mut().zip(&x[q..q + wide]).for_each(|(sum, x)| *sum += a * x);
                }
                map.last.apply(simd, self.sum, y);
            }
        }
    }
}
