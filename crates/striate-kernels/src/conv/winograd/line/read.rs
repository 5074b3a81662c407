//! From numbers to points: `V = Bᵀ·d` of every phase of the tiles of a block. For the data passes lanes are tiles, for
//! the weight gradient they are channels.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::super::tiling::Panel;
use super::phase::{Phase, Phases, SPAN};
use super::tiling::{Cover, Tiling};
use super::transform::{POINTS, TILE, grad_output, input, with_taps};
use crate::simd::{Kernel, LANES, Simd};
use std::ops::Range;

/// The first `SPAN` numbers at each of eight places: result `j` has the numbers `j`, as many as are needed.
///
/// # Safety
/// `SPAN` numbers must be readable at each place.
#[inline(always)]
unsafe fn turned<S: Simd>(simd: S, from: [*const f32; LANES], span: usize) -> [S::V; SPAN] {
    let mut all = [simd.splat(0.0); SPAN];
    let mut rows = [simd.splat(0.0); LANES];
    for half in 0..span.div_ceil(LANES).min(2) {
        for lane in 0..LANES {
            // SAFETY: by the contract above.
            rows[lane] = unsafe { simd.load(from[lane].add(half * LANES)) };
        }
        all[half * LANES..][..LANES].copy_from_slice(&simd.transpose(rows));
    }
    all
}

/// Writes the points of a phase, `pitch` apart.
///
/// # Safety
/// `v` must have room for a vector at each.
#[inline(always)]
unsafe fn phase<S: Simd, const R: usize>(simd: S, d: &[S::V; POINTS], v: *mut f32, pitch: usize) {
    let d = input::<S, R>(simd, d);
    for i in 0..R + TILE - 1 {
        // SAFETY: by the contract above.
        unsafe { simd.store(v.add(i * pitch), d[i]) };
    }
}

/// # Safety
/// `v` must have room for a vector at each point of each phase.
#[inline(always)]
unsafe fn all_phases<S: Simd>(simd: S, phases: &Phases, span: &[S::V; SPAN], v: *mut f32, pitch: usize) {
    for &Phase { taps, read, point, .. } in &phases.all {
        let mut d = [simd.splat(0.0); POINTS];
        for i in 0..POINTS {
            d[i] = span[(read + i * phases.step) % SPAN];
        }
        let v = v.wrapping_add(point * pitch);
        // SAFETY: by the contract above.
        unsafe { with_taps!(taps, phase(simd, &d, v, pitch)) };
    }
}

/// `V` of some channels, lanes along the tiles: `[point][panel][channel][tile]`.
pub(super) struct Tiles<'a> {
    pub tiling: &'a Tiling,
    pub phases: &'a Phases,
    pub cover: Cover,
    /// From the first channel of the first sample on; distance between two samples.
    pub source: &'a [f32],
    pub sample: usize,
    pub channels: Range<usize>,
    /// Points `pitch` apart, with room for so many channels.
    pub v: *mut f32,
    pub room: usize,
    pub panels: &'a [Panel],
    pub pitch: usize,
    /// At least [`Tiling::line_len`] numbers.
    pub line: &'a mut [f32],
}

impl Kernel for Tiles<'_> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (phases, tiles) = (self.phases, self.cover.len());
        for channel in self.channels.clone() {
            let plane = &self.source[channel * self.tiling.source..];
            let segment = self.tiling.copy(phases, &self.cover, plane, self.sample, self.line);
            let line = &self.line[..self.cover.samples.len() * segment];
            let places = self.panels.iter().flat_map(|panel| {
                let start = (panel.first * self.room + panel.width * channel) * LANES;
                (0..panel.width).map(move |vector| start + vector * LANES)
            });
            for (first, place) in (0..tiles).step_by(LANES).zip(places) {
                let mut from = [line.as_ptr(); LANES];
                for lane in 0..LANES.min(tiles - first) {
                    let (sample, tile) = self.cover.tile(first + lane);
                    let at =
                        (sample - self.cover.samples.start) * segment + (tile - self.cover.tiles.start) * phases.tile;
                    from[lane] = line[at..at + SPAN].as_ptr();
                }
                // SAFETY: every place has `SPAN` numbers; `v` has room for this channel and these tiles at every point,
                // which no other worker touches.
                unsafe {
                    let span = turned(simd, from, phases.span);
                    all_phases(simd, phases, &span, self.v.wrapping_add(place), self.pitch);
                }
            }
        }
    }
}

/// `V` of eight channels, lanes along them: `[point][tile][8]`.
pub(super) struct Channels<'a> {
    pub tiling: &'a Tiling,
    pub phases: &'a Phases,
    pub cover: Cover,
    /// From the first of the channels of the first sample on; distance between two samples.
    pub source: &'a [f32],
    pub sample: usize,
    /// Channels that there are.
    pub live: usize,
    pub v: *mut f32,
    pub pitch: usize,
    /// At least eight times [`Tiling::line_len`] numbers.
    pub lines: &'a mut [f32],
}

impl Kernel for Channels<'_> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (phases, tiles) = (self.phases, self.cover.len());
        let len = self.tiling.line_len(phases);
        let lines = &mut self.lines[..LANES * len];
        let mut segment = 0;
        for (channel, line) in lines.chunks_exact_mut(len).enumerate() {
            if channel < self.live {
                let plane = &self.source[channel * self.tiling.source..];
                segment = self.tiling.copy(phases, &self.cover, plane, self.sample, line);
            } else {
                line.fill(0.0);
            }
        }
        for number in 0..tiles {
            let (sample, tile) = self.cover.tile(number);
            let at = (sample - self.cover.samples.start) * segment + (tile - self.cover.tiles.start) * phases.tile;
            let mut from = [lines.as_ptr(); LANES];
            for channel in 0..LANES {
                from[channel] = lines[channel * len + at..][..SPAN].as_ptr();
            }
            // SAFETY: every place has `SPAN` numbers; `v` has room for these tiles at every point, which no other
            // worker touches.
            unsafe {
                let span = turned(simd, from, phases.span);
                all_phases(simd, phases, &span, self.v.wrapping_add(number * LANES), self.pitch);
            }
        }
    }
}

/// `W = A·∂y` of some outputs for every phase, lanes along the tiles: `[point][output][tile]`.
pub(super) struct Grads<'a> {
    pub tiling: &'a Tiling,
    pub phases: &'a Phases,
    pub cover: Cover,
    /// `∂y` from the group's first output of the first sample on; distance between two samples.
    pub grad_y: &'a [f32],
    pub sample: usize,
    pub outputs: Range<usize>,
    pub w: *mut f32,
    pub pitch: usize,
}

impl Kernel for Grads<'_> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (tiles, positions) = (self.cover.len(), self.tiling.target);
        for output in self.outputs.clone() {
            for first in (0..tiles).step_by(LANES) {
                let mut numbers = [[0.0f32; TILE]; LANES];
                let mut from = [numbers[0].as_ptr(); LANES];
                for lane in 0..LANES.min(tiles - first) {
                    let (sample, tile) = self.cover.tile(first + lane);
                    let start = tile * TILE;
                    let plane = &self.grad_y[sample * self.sample + output * positions..][..positions];
                    let there = &plane[start..(start + TILE).min(positions)];
                    if there.len() == TILE {
                        from[lane] = there.as_ptr();
                    } else {
                        numbers[lane][..there.len()].copy_from_slice(there);
                        from[lane] = numbers[lane].as_ptr();
                    }
                }
                for lane in LANES.min(tiles - first)..LANES {
                    from[lane] = numbers[lane].as_ptr();
                }
                let w = self.w.wrapping_add(output * self.tiling.lanes() + first);
                // SAFETY: every place has four numbers; `w` has room for this output and these tiles at every point,
                // which no other worker touches.
                unsafe {
                    let y = simd.gather4(from);
                    for &Phase { taps, point, .. } in &self.phases.all {
                        let w = w.wrapping_add(point * self.pitch);
                        with_taps!(taps, grad(simd, &y, w, self.pitch));
                    }
                }
            }
        }
    }
}

/// # Safety
/// As [`phase`].
#[inline(always)]
unsafe fn grad<S: Simd, const R: usize>(simd: S, y: &[S::V; TILE], w: *mut f32, pitch: usize) {
    let points = grad_output::<S, R>(simd, y);
    for i in 0..R + TILE - 1 {
        // SAFETY: by the contract of `phase`.
        unsafe { simd.store(w.add(i * pitch), points[i]) };
    }
}
