//! A transform of both axes of a block's tiles, channel by channel: `Bᵀ·d·B` of the input, `A·∂y·Aᵀ` of the gradient.
//!
//! Down the columns first: all pixels of a row, eight to a vector, into `O` transformed rows `z` with the padding
//! written out as zeros. Then along the rows with eight tiles to a vector, gathered from `z`.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::tiling::{Panel, Tiling};
use super::transform::Scheme;
use crate::simd::{Kernel, LANES, Simd};
use std::marker::PhantomData;
use std::ops::Range;

/// Where the transformed rows of a channel lie in the scratch `z`: `[row][tile row of the block][pixel]`, then zeros.
#[derive(Clone, Debug)]
pub(super) struct Strip {
    /// Distance between two tile rows' pixels, and between two transformed rows.
    segment: usize,
    pub pitch: usize,
    /// The pixels of a segment that meet source pixels, and the first of those.
    live: Range<usize>,
    first: usize,
    /// Transformed rows.
    rows: usize,
    /// Where each lane's tile of a full block starts; dead lanes where the first tile does.
    pub bases: Vec<u32>,
}

impl Strip {
    /// For `rows` transformed rows, of tiles that read `reads` pixels every `M` pixels of a row.
    pub(super) fn new(tiling: &Tiling, rows: usize, reads: usize) -> Self {
        let (width, before) = (tiling.source[1] as isize, tiling.before[1]);
        let extent = (tiling.across - 1) * tiling.size + reads;
        let start = before.clamp(0, extent as isize);
        let end = (before + width).clamp(start, extent as isize);
        let first = (start - before).max(0) as usize;
        // eight readable numbers from every tile's start
        let segment = (tiling.across - 1) * tiling.size + LANES;
        let tiles = tiling.rows * tiling.across;
        let base = |tile: usize| tile / tiling.across * segment + tile % tiling.across * tiling.size;
        let bases = (0..tiling.lanes()).map(|tile| base(if tile < tiles { tile } else { 0 }) as u32).collect();
        let pitch = tiling.rows * segment + LANES;
        Strip { segment, pitch, live: start as usize..end as usize, first, rows, bases }
    }

    /// Numbers of `z`; the zeros at its end stand for a row outside the source.
    pub(super) fn len(&self) -> usize {
        self.rows * self.pitch + self.live.len()
    }
}

/// A transform of `I` pixels into `O` numbers.
pub(super) trait Along<const I: usize, const O: usize> {
    fn along<S: Simd>(simd: S, d: [S::V; I]) -> [S::V; O];
}

/// `Bᵀ`
pub(super) struct Patch<X, const M: usize>(PhantomData<X>);

impl<X: Scheme<M, N>, const M: usize, const N: usize> Along<N, N> for Patch<X, M> {
    #[inline(always)]
    fn along<S: Simd>(simd: S, d: [S::V; N]) -> [S::V; N] {
        X::input(simd, d)
    }
}

/// `A`
pub(super) struct Grad<X>(PhantomData<X>);

impl<X: Scheme<M, N>, const M: usize, const N: usize> Along<M, N> for Grad<X> {
    #[inline(always)]
    fn along<S: Simd>(simd: S, y: [S::V; M]) -> [S::V; N] {
        X::grad_output(simd, y)
    }
}

/// Transforms some channels of a block by `F`.
pub(super) struct Input<'a, F, const I: usize, const O: usize> {
    pub tiling: &'a Tiling,
    pub strip: &'a Strip,
    /// Tile rows of the block.
    pub rows: Range<usize>,
    /// From the first channel of the first sample on; distance between two samples.
    pub source: &'a [f32],
    pub sample: usize,
    pub channels: Range<usize>,
    /// To `[point][panel][channel][tile]`, points `pitch` apart, with room for so many channels.
    pub v: *mut f32,
    pub room: usize,
    pub panels: &'a [Panel],
    pub pitch: usize,
    /// At least `strip.len()` numbers.
    pub z: &'a mut [f32],
    pub transform: PhantomData<F>,
}

impl<F: Along<I, O>, const I: usize, const O: usize> Kernel for Input<'_, F, I, O> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (tiling, strip) = (self.tiling, self.strip);
        let z = &mut self.z[..strip.len()];
        z.fill(0.0);
        let live = (self.rows.len() * tiling.across).div_ceil(LANES);
        for channel in self.channels.clone() {
            let plane = &self.source[channel * tiling.pixels()..];
            down_columns::<S, F, I, O>(simd, tiling, strip, self.rows.clone(), plane, self.sample, z);
            let places = self.panels.iter().flat_map(|panel| {
                let start = (panel.first * self.room + panel.width * channel) * LANES;
                (0..panel.width).map(move |vector| start + vector * LANES)
            });
            for (bases, place) in strip.bases.chunks_exact(LANES).zip(places).take(live) {
                let mut from = [z.as_ptr(); LANES];
                for lane in 0..LANES {
                    from[lane] = from[lane].wrapping_add(bases[lane] as usize);
                }
                let v = self.v.wrapping_add(place);
                for i in 0..O {
                    // SAFETY: a transformed row has `LANES` numbers from every tile's start; `v` has room for this
                    // channel and these tiles at every point, which no other worker touches.
                    unsafe {
                        let row = F::along(simd, patch::<S, I>(simd, from));
                        for j in 0..O {
                            simd.store(v.add((i * O + j) * self.pitch), row[j]);
                        }
                    }
                    for lane in 0..LANES {
                        from[lane] = from[lane].wrapping_add(strip.pitch);
                    }
                }
            }
        }
    }
}

/// The first `I <= 8` numbers at each of eight places: result `j` has the numbers `j`.
///
/// # Safety
/// `LANES` numbers must be readable at each place.
#[inline(always)]
unsafe fn patch<S: Simd, const I: usize>(simd: S, from: [*const f32; LANES]) -> [S::V; I] {
    let mut d = [simd.splat(0.0); I];
    // SAFETY: by the contract above.
    unsafe {
        let head = simd.gather4(from);
        for (d, head) in d.iter_mut().zip(head) {
            *d = head;
        }
        if I > 4 {
            let mut from = from;
            for lane in 0..LANES {
                from[lane] = from[lane].add(4);
            }
            let tail = simd.gather4(from);
            for (d, tail) in d[4..].iter_mut().zip(tail) {
                *d = tail;
            }
        }
    }
    d
}

/// The transform down the columns of the `I` source rows of every tile row: into `O` rows of `z`.
///
/// `z` starts as zeros, and what this writes outside the live pixels is zero.
#[inline(always)]
pub(super) fn down_columns<S: Simd, F: Along<I, O>, const I: usize, const O: usize>(
    simd: S,
    tiling: &Tiling,
    strip: &Strip,
    rows: Range<usize>,
    plane: &[f32],
    sample: usize,
    z: &mut [f32],
) {
    let [height, width] = tiling.source;
    let count = strip.live.len();
    if count == 0 {
        return;
    }
    let zeros = z[O * strip.pitch..][..count].as_ptr();
    let mut row = tiling.row(rows.start);
    for number in 0..rows.len() {
        let image = &plane[row.image * sample..][..height * width];
        let top = (row.down * tiling.size) as isize - tiling.before[0];
        let mut from = [zeros; I];
        for i in 0..I {
            let y = top + i as isize;
            if (0..height as isize).contains(&y) {
                from[i] = image[y as usize * width + strip.first..][..count].as_ptr();
            }
        }
        let to = &mut z[number * strip.segment + strip.live.start..][..(O - 1) * strip.pitch + count.max(LANES)];
        let to = to.as_mut_ptr();
        let mut x = 0;
        while x < count {
            let at = x.min(count.saturating_sub(LANES));
            let mut d = [simd.splat(0.0); I];
            // SAFETY: each source row has `count` numbers, each row of `z` `count`, and `LANES`, from here.
            unsafe {
                if count < LANES {
                    for i in 0..I {
                        d[i] = simd.load_partial(from[i], count);
                    }
                } else {
                    for i in 0..I {
                        d[i] = simd.load(from[i].add(at));
                    }
                }
                let d = F::along(simd, d);
                for o in 0..O {
                    simd.store(to.add(o * strip.pitch + at), d[o]);
                }
            }
            x += LANES;
        }
        row.down += 1;
        if row.down == tiling.down {
            row.down = 0;
            row.image += 1;
        }
    }
}
