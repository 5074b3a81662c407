//! Pooling: the maximum or the mean of what each output position sees.

mod quad;

use crate::parts::Parts;
use crate::simd::{Isa, Kernel, LANES, Simd};
use crate::workers::Workers;
use quad::Quad;
use striate_tensor::Taps;

/// How the index of a tap is stored: `u8` where a window has at most 256 taps, `i32` beyond.
pub trait TapIndex: Copy + Send + Sync {
    /// From a tap number.
    fn of(tap: u32) -> Self;
    /// The tap number.
    fn tap(self) -> usize;
    /// Writes eight tap numbers from `at` on, none beyond the end.
    fn store<S: Simd>(simd: S, to: &mut [Self], at: usize, taps: S::V);
    /// Eight tap numbers from `at` on, any beyond the end.
    fn load<S: Simd>(simd: S, from: &[Self], at: usize) -> S::V;
}

impl TapIndex for u8 {
    #[inline(always)]
    fn of(tap: u32) -> Self {
        tap as u8
    }
    #[inline(always)]
    fn tap(self) -> usize {
        usize::from(self)
    }
    #[inline(always)]
    fn store<S: Simd>(simd: S, to: &mut [Self], at: usize, taps: S::V) {
        match to[at..].first_chunk_mut() {
            Some(to) => *to = simd.to_bytes(taps),
            None => {
                let bytes = simd.to_bytes(taps);
                let rest = to.len() - at;
                to[at..].copy_from_slice(&bytes[..rest]);
            }
        }
    }
    #[inline(always)]
    fn load<S: Simd>(simd: S, from: &[Self], at: usize) -> S::V {
        let mut bytes = [0; LANES];
        match from[at..].first_chunk() {
            Some(from) => bytes = *from,
            None => bytes[..from.len() - at].copy_from_slice(&from[at..]),
        }
        simd.of_bytes(bytes)
    }
}

impl TapIndex for i32 {
    #[inline(always)]
    fn of(tap: u32) -> Self {
        tap as i32
    }
    #[inline(always)]
    fn tap(self) -> usize {
        self as usize
    }
    #[inline(always)]
    fn store<S: Simd>(simd: S, to: &mut [Self], at: usize, taps: S::V) {
        let bytes = simd.to_bytes(taps);
        to[at..].iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte.into());
    }
    #[inline(always)]
    fn load<S: Simd>(simd: S, from: &[Self], at: usize) -> S::V {
        let mut bytes = [0; LANES];
        bytes.iter_mut().zip(&from[at..]).for_each(|(byte, &tap)| *byte = tap as u8);
        simd.of_bytes(bytes)
    }
}

/// What a mean is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divisor {
    /// The taps of a whole window, padding included.
    Window,
    /// The taps that meet an input element.
    Live,
}

/// Neighbouring positions that see the same pattern, each `stride` pixels further.
#[derive(Clone, Debug)]
struct Run {
    position: u32,
    len: u32,
    /// Pixel of the first position's first live tap.
    pixel: u32,
    stride: u32,
    pattern: u32,
}

/// The live taps of a position: (tap, distance from the first one's pixel).
type Pattern = Vec<(u32, u32)>;

/// Pooling prepared for one set of windows; works on any number of planes (samples × channels).
///
/// ```
/// use striate_kernels::{Isa, Pool, Workers};
/// use striate_tensor::{Taps, Window};
/// let two = Window { input: 4, kernel: 2, stride: 2, dilation: 1, before: 0, after: 0 };
/// let pool = Pool::prepare(&Taps::sliding(&[two]), Isa::best());
/// let (mut y, mut index) = ([0.0; 2], [0u8; 2]);
/// pool.max(&Workers::new(1), &[1.0, 3.0, 5.0, 5.0], &mut y, Some(&mut index));
/// assert_eq!((y, index), ([3.0, 5.0], [1, 0]));
/// ```
#[derive(Clone, Debug)]
pub struct Pool {
    isa: Isa,
    pixels: usize,
    positions: usize,
    taps: usize,
    runs: Vec<Run>,
    patterns: Vec<Pattern>,
    /// Of each pattern the distance of each tap, dead ones 0.
    distances: Vec<Vec<u32>>,
    /// Where it is 2×2 side by side.
    quad: Option<Quad>,
}

impl Pool {
    /// Finds the runs of equal windows.
    pub fn prepare(taps: &Taps, isa: Isa) -> Self {
        let mut pool = Pool {
            isa,
            pixels: taps.pixels(),
            positions: taps.positions(),
            taps: taps.taps(),
            runs: vec![],
            patterns: vec![],
            distances: vec![],
            quad: None,
        };
        for position in 0..pool.positions {
            let seen = taps.at(position);
            let pixel = seen.first().map_or(0, |s| s.1);
            let pattern: Pattern = seen.iter().map(|&(tap, at)| (tap as u32, (at - pixel) as u32)).collect();
            let known = pool.patterns.iter().rposition(|p| *p == pattern);
            let number = known.unwrap_or_else(|| {
                let mut distances = vec![0; pool.taps];
                pattern.iter().for_each(|&(tap, distance)| distances[tap as usize] = distance);
                pool.distances.push(distances);
                pool.patterns.push(pattern);
                pool.patterns.len() - 1
            }) as u32;
            pool.extend(position as u32, pixel as u32, number);
        }
        pool.quad = pool.quad();
        pool
    }

    /// Whether every run is a row of 2×2 windows that lie side by side.
    fn quad(&self) -> Option<Quad> {
        let wide = self.runs.first()?.len;
        let row = 2 * wide;
        let pattern = vec![(0, 0), (1, 1), (2, row), (3, row + 1)];
        let in_place = |(number, run): (usize, &Run)| {
            run.len == wide && run.stride == 2 && run.pixel as usize == number * 2 * row as usize
        };
        let fits = wide > 1 && self.patterns == [pattern] && self.pixels == 4 * self.positions;
        (fits && self.runs.iter().enumerate().all(in_place)).then_some(Quad { wide: wide as usize })
    }

    fn extend(&mut self, position: u32, pixel: u32, pattern: u32) {
        if let Some(run) = self.runs.last_mut()
            && run.pattern == pattern
            && pixel > run.pixel
        {
            if run.len == 1 && pixel - run.pixel <= 2 {
                run.stride = pixel - run.pixel;
            }
            if pixel == run.pixel + run.len * run.stride {
                run.len += 1;
                return;
            }
        }
        self.runs.push(Run { position, len: 1, pixel, stride: 1, pattern });
    }

    /// Input elements of a plane.
    pub fn pixels(&self) -> usize {
        self.pixels
    }

    /// Output elements of a plane.
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// Planes of an item: some thousand elements.
    fn gang(&self) -> usize {
        (16_384 / self.pixels.max(1)).max(1)
    }

    fn planes(&self, x: &[f32], y: &[f32]) -> usize {
        let planes = x.len() / self.pixels.max(1);
        assert_eq!((x.len(), y.len()), (planes * self.pixels, planes * self.positions), "planes");
        planes
    }

    fn one_value(&self) -> bool {
        self.positions == 1 && self.pixels == self.taps && self.patterns[0].len() == self.pixels
    }

    /// `y[p] = max x[q]` and the tap where it is: the first maximum, where a NaN counts as the maximum.
    /// `x` is `planes×pixels`; `y` and `index` are `planes×positions`.
    ///
    /// # Panics
    /// With `u8` indices and more than 256 taps.
    pub fn max<I: TapIndex>(&self, workers: &Workers, x: &[f32], y: &mut [f32], index: Option<&mut [I]>) {
        assert!(size_of::<I>() > 1 || self.taps <= 256, "more than 256 taps need i32 indices");
        let planes = self.planes(x, y);
        let gang = self.gang();
        assert!(index.as_ref().is_none_or(|i| i.len() == y.len()), "index");
        let index = index.map(Parts::new);
        workers.chunks(y, gang * self.positions, |item, _, y| {
            if let Some(quad) = self.quad {
                let first = item * gang * self.positions;
                let x = &x[4 * first..][..4 * y.len()];
                let Some(index) = &index else { return self.isa.run(quad::Max { quad, x, y }) };
                // SAFETY: each plane belongs to one item, which runs once.
                let index = unsafe { index.part(first..first + y.len()) };
                return self.isa.run(quad::MaxAt { quad, x, y, index });
            }
            for (plane, y) in (item * gang..planes).zip(y.chunks_exact_mut(self.positions)) {
                let x = &x[plane * self.pixels..][..self.pixels];
                let index = index.as_ref().map(|i| {
                    // SAFETY: each plane belongs to one item, which runs once.
                    unsafe { i.part(plane * self.positions..(plane + 1) * self.positions) }
                });
                self.isa.run(Max { pool: self, x, y, index });
            }
        });
    }

    /// `∂x[q] = Σ ∂y[p]` over the positions whose maximum is at `q`.
    pub fn max_grad<I: TapIndex>(&self, workers: &Workers, grad_y: &[f32], index: &[I], grad_x: &mut [f32]) {
        let planes = self.planes(grad_x, grad_y);
        let gang = self.gang();
        assert_eq!(index.len(), grad_y.len(), "index");
        workers.chunks(grad_x, gang * self.pixels, |item, _, grad_x| {
            if let Some(quad) = self.quad {
                let part = item * gang * self.positions..item * gang * self.positions + grad_x.len() / 4;
                let (grad_y, index) = (&grad_y[part.clone()], &index[part]);
                return self.isa.run(quad::MaxGrad { quad, grad_y, index, grad_x });
            }
            for (plane, grad_x) in (item * gang..planes).zip(grad_x.chunks_exact_mut(self.pixels)) {
                let part = plane * self.positions..(plane + 1) * self.positions;
                let (grad_y, index) = (&grad_y[part.clone()], &index[part]);
                grad_x.fill(0.0);
                for run in &self.runs {
                    let distances = &self.distances[run.pattern as usize];
                    let part = run.position as usize..(run.position + run.len) as usize;
                    for (i, (dy, tap)) in grad_y[part.clone()].iter().zip(&index[part]).enumerate() {
                        let pixel = run.pixel as usize + i * run.stride as usize;
                        grad_x[pixel + distances[tap.tap()] as usize] += dy;
                    }
                }
            }
        });
    }

    fn count(&self, run: &Run, divisor: Divisor) -> f32 {
        let live = self.patterns[run.pattern as usize].len();
        (if divisor == Divisor::Live { live } else { self.taps }).max(1) as f32
    }

    /// `y[p] = Σ x[q] / divisor`. `x` is `planes×pixels`, `y` is `planes×positions`.
    pub fn mean(&self, workers: &Workers, x: &[f32], divisor: Divisor, y: &mut [f32]) {
        let planes = self.planes(x, y);
        let gang = self.gang();
        workers.chunks(y, gang * self.positions, |item, _, y| {
            for (plane, y) in (item * gang..planes).zip(y.chunks_exact_mut(self.positions)) {
                let x = &x[plane * self.pixels..][..self.pixels];
                if self.one_value() {
                    y[0] = self.isa.run(crate::reduce::Sum(x)) as f32 / self.pixels as f32;
                } else {
                    self.isa.run(Mean { pool: self, divisor, x, y });
                }
            }
        });
    }

    /// `∂x[q] = Σ ∂y[p] / divisor` over the positions that see `q`.
    pub fn mean_grad(&self, workers: &Workers, grad_y: &[f32], divisor: Divisor, grad_x: &mut [f32]) {
        let planes = self.planes(grad_x, grad_y);
        let gang = self.gang();
        workers.chunks(grad_x, gang * self.pixels, |item, _, grad_x| {
            for (plane, grad_x) in (item * gang..planes).zip(grad_x.chunks_exact_mut(self.pixels)) {
                let grad_y = &grad_y[plane * self.positions..][..self.positions];
                if self.one_value() {
                    grad_x.fill(grad_y[0] / self.pixels as f32);
                    continue;
                }
                grad_x.fill(0.0);
                for run in &self.runs {
                    let share = 1.0 / self.count(run, divisor);
                    let (len, stride) = (run.len as usize, run.stride as usize);
                    let grad_y = &grad_y[run.position as usize..][..len];
                    for &(_, distance) in &self.patterns[run.pattern as usize] {
                        let grad_x = grad_x[(run.pixel + distance) as usize..].iter_mut().step_by(stride);
                        grad_x.zip(grad_y).for_each(|(dx, dy)| *dx += dy * share);
                    }
                }
            }
        });
    }
}

/// What positions `i..i + count` of a run see through the tap at `distance`; other lanes repeat the last.
#[inline(always)]
fn seen<S: Simd>(simd: S, x: &[f32], run: &Run, i: usize, count: usize, distance: u32) -> S::V {
    let stride = run.stride as usize;
    let at = run.pixel as usize + i * stride + distance as usize;
    if count == LANES && at + stride * LANES <= x.len() {
        let from = x[at..][..stride * LANES].as_ptr();
        // SAFETY: the slice has `stride` vectors, and the stride of a run is 1 or 2.
        return unsafe { if stride == 1 { simd.load(from) } else { simd.load_apart(from).0 } };
    }
    let mut lanes = [0.0f32; LANES];
    for (lane, to) in lanes.iter_mut().enumerate() {
        *to = x[at + lane.min(count - 1) * stride];
    }
    // SAFETY: the array has `LANES` numbers.
    unsafe { simd.load(lanes.as_ptr()) }
}

struct Max<'a, I> {
    pool: &'a Pool,
    x: &'a [f32],
    y: &'a mut [f32],
    index: Option<&'a mut [I]>,
}

impl<I: TapIndex> Kernel for Max<'_, I> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        for run in &self.pool.runs {
            let pattern = &self.pool.patterns[run.pattern as usize];
            let len = run.len as usize;
            for i in (0..len).step_by(LANES) {
                // the last whole vector goes back over what is done rather than be cut short
                let i = i.min(len.saturating_sub(LANES));
                let count = LANES.min(len);
                let to = run.position as usize + i;
                let mut best = simd.splat(f32::NEG_INFINITY);
                let Some(index) = &mut self.index else {
                    for &(_, distance) in pattern {
                        let x = seen(simd, self.x, run, i, count, distance);
                        let stays = simd.nan(best);
                        best = simd.select(stays, best, simd.select(simd.le(x, best), best, x));
                    }
                    put(simd, &mut self.y[to..][..count], best);
                    continue;
                };
                let mut tap = simd.splat(pattern.first().map_or(0.0, |p| p.0 as f32));
                for &(number, distance) in pattern {
                    let x = seen(simd, self.x, run, i, count, distance);
                    let keep = simd.le(x, best);
                    let stays = simd.nan(best);
                    tap = simd.select(stays, tap, simd.select(keep, tap, simd.splat(number as f32)));
                    best = simd.select(stays, best, simd.select(keep, best, x));
                }
                put(simd, &mut self.y[to..][..count], best);
                let mut taps = [0.0f32; LANES];
                // SAFETY: the array has `LANES` numbers.
                unsafe { simd.store(taps.as_mut_ptr(), tap) };
                for (index, tap) in index[to..][..count].iter_mut().zip(taps) {
                    // SAFETY: a tap number is a small whole number.
                    *index = I::of(unsafe { tap.to_int_unchecked::<i32>() } as u32);
                }
            }
        }
    }
}

/// Stores the first lanes, as many as `to` has.
#[inline(always)]
fn put<S: Simd>(simd: S, to: &mut [f32], v: S::V) {
    let mut lanes = [0.0f32; LANES];
    // SAFETY: both have `LANES` numbers.
    unsafe {
        if to.len() == LANES {
            return simd.store(to.as_mut_ptr(), v);
        }
        simd.store(lanes.as_mut_ptr(), v);
    }
    to.copy_from_slice(&lanes[..to.len()]);
}

struct Mean<'a> {
    pool: &'a Pool,
    divisor: Divisor,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Mean<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for run in &self.pool.runs {
            let pattern = &self.pool.patterns[run.pattern as usize];
            let divisor = simd.splat(self.pool.count(run, self.divisor));
            let len = run.len as usize;
            for i in (0..len).step_by(LANES) {
                // the last whole vector goes back over what is done rather than be cut short
                let i = i.min(len.saturating_sub(LANES));
                let count = LANES.min(len);
                let mut sum = simd.splat(0.0);
                for &(_, distance) in pattern {
                    sum = simd.add(sum, seen(simd, self.x, run, i, count, distance));
                }
                put(simd, &mut self.y[run.position as usize + i..][..count], simd.div(sum, divisor));
            }
        }
    }
}
