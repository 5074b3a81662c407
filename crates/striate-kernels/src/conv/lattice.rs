//! Where the direct kernels read: a copy of some channels with its padding written out as zeros, cut apart by stride
//! phase along every axis, so that at any stride the numbers that a tap gives to neighbouring positions lie side by
//! side.
//!
//! With `u = j·stride + phase` the padded coordinate along an axis, the copy holds `[channel][phases][image][jz][jy][jx]`.
//! Position `p` and tap `t` meet at `u = p·stride + t·dilation`, so that `j = p + ⌊t·dilation/stride⌋`: the tap is a
//! constant distance from the position. Rows share their padding: the zeros that end one begin the next.

use crate::simd::{LANES, Simd, WIDEST};
use std::ops::Range;

/// One axis of the copy.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    /// Elements of the source.
    pub input: usize,
    pub stride: usize,
    /// Source element of padded coordinate `u` is `u − before`; negative where the source is cropped.
    pub before: isize,
    /// Positions (values of `p`).
    pub positions: usize,
    /// Phases in use, rising.
    pub phases: Vec<usize>,
    /// The largest tap distance `⌊t·dilation/stride⌋`.
    pub reach: usize,
}

/// What one pass over the lattice writes: a subset of the outputs, one residue of each axis.
#[derive(Clone, Debug)]
pub(crate) struct Outputs {
    /// Positions that the pass has, an axis.
    pub range: [Range<usize>; 3],
    /// Output coordinate of position `range.start`.
    pub start: [usize; 3],
    /// Steps between the outputs of neighbouring positions.
    pub step: [usize; 3],
}

/// The neighbouring positions of a register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tile {
    /// Where tap distance 0 of channel 0 finds them in the copy.
    pub base: u32,
    /// Their segments.
    pub first: u32,
    pub segments: u32,
    /// How its outputs are stored.
    pub store: Store,
}

/// How the outputs of a tile are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// The lanes as they are, at their first output.
    Straight,
    /// The lanes in this order, which leaves out those between rows. Those at the end fall on outputs of later tiles.
    Ordered(u32),
    /// Segment by segment.
    Segments,
}

/// Lanes of a tile whose outputs are evenly spaced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub lane: u32,
    pub count: u32,
    /// Output element of the first lane, from the block's first sample and the channel's start.
    pub out: u32,
}

/// The tiles of one pass over one band, by rising position.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tiles {
    pub tiles: Vec<Tile>,
    pub segments: Vec<Segment>,
    /// Orders of lanes.
    pub orders: Vec<[u32; WIDEST]>,
    /// Distance between two outputs of a segment.
    pub step: usize,
    /// `after[i]`: tiles of the first `i` images.
    pub after: Vec<usize>,
}

impl Tiles {
    /// Finds the tiles whose lanes can be stored at once: their outputs lie side by side, and so do those that come
    /// after them in the same image, as many as lanes are left.
    fn place(&mut self, lanes: usize) {
        if self.step != 1 {
            return;
        }
        for image in self.after.windows(2) {
            // where the outputs that follow the tile in work begin, and how far they go
            let (mut next, mut end) = (usize::MAX, 0);
            for tile in self.tiles[image[0]..image[1]].iter_mut().rev() {
                let segments = &self.segments[tile.first as usize..][..tile.segments as usize];
                let start = segments[0].out as usize;
                let after =
                    segments.iter().try_fold(start, |at, s| (at == s.out as usize).then_some(at + s.count as usize));
                if after != Some(next) {
                    end = after.unwrap_or(0);
                }
                next = start;
                if start + lanes <= end {
                    let live = segments.iter().flat_map(|s| s.lane..s.lane + s.count);
                    let mut order = [0; WIDEST];
                    order.iter_mut().zip(live).for_each(|(to, lane)| *to = lane);
                    let known = self.orders.iter().position(|o| *o == order);
                    let straight = segments.len() == 1 && segments[0].lane == 0;
                    tile.store = match (straight, known) {
                        (true, _) => Store::Straight,
                        (false, Some(known)) => Store::Ordered(known as u32),
                        (false, None) => {
                            self.orders.push(order);
                            Store::Ordered(self.orders.len() as u32 - 1)
                        }
                    };
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Lattice {
    pub axes: [Axis; 3],
    /// Samples that the copy holds side by side.
    pub images: usize,
    /// Positions of a band along the outermost axis that has several, and that axis.
    pub band: usize,
    pub band_axis: usize,
    /// Copied rows an axis.
    rows: [usize; 3],
    row_pitch: usize,
    image_pitch: usize,
    phase_pitch: usize,
    channel_pitch: usize,
}

impl Lattice {
    /// `band` positions along the band axis at a time, `images` samples at a time.
    pub(crate) fn new(axes: [Axis; 3], images: usize, band: usize) -> Self {
        let band_axis = axes.iter().position(|a| a.positions > 1).unwrap_or(2);
        let band = band.clamp(1, axes[band_axis].positions.max(1));
        let mut rows: [usize; 3] = std::array::from_fn(|a| axes[a].positions + axes[a].reach);
        rows[band_axis] = band + axes[band_axis].reach;
        let row_pitch = rows[2] - Self::shared_zeros(&axes[2], rows[2], band_axis == 2 && band < axes[2].positions);
        let image_pitch = rows[0] * rows[1] * row_pitch;
        let phase_pitch = images * image_pitch;
        let phases: usize = axes.iter().map(|a| a.phases.len()).product();
        let channel_pitch = phases * phase_pitch;
        Lattice { axes, images, band, band_axis, rows, row_pitch, image_pitch, phase_pitch, channel_pitch }
    }

    /// Zeros that the end of one row and the start of the next can have in common. At most `reach`: the positions of
    /// two rows must not fall together.
    fn shared_zeros(axis: &Axis, row: usize, cut: bool) -> usize {
        if cut {
            return 0;
        }
        let zeros = |&phase: &usize| {
            let live = Self::live(axis, phase, 0, row);
            if live.is_empty() { (row, row) } else { (live.start, row - live.end) }
        };
        let all = axis.phases.iter().map(zeros);
        let (start, end) = all.fold((row, row), |(a, b), (c, d)| (a.min(c), b.min(d)));
        start.min(end).min(axis.reach)
    }

    /// The `j` in `0..row` that meet a source element, when `j = 0` is position `first`.
    fn live(axis: &Axis, phase: usize, first: usize, row: usize) -> Range<usize> {
        let stride = axis.stride as isize;
        // source = (first + j)·stride + phase − before
        let shift = first as isize * stride + phase as isize - axis.before;
        let start = (-shift).max(0).div_euclid(stride) + isize::from((-shift).max(0).rem_euclid(stride) != 0);
        let room = axis.input as isize - shift;
        let end = if room <= 0 { 0 } else { (room + stride - 1) / stride };
        let (start, end) = ((start as usize).min(row), (end as usize).min(row));
        start..end.max(start)
    }

    /// Numbers of the copy of so many channels, the overhang of the last tile included: it starts at the last position
    /// at most, and the last row lacks at most `reach` zeros that it would share with a next one.
    pub(crate) fn len(&self, channels: usize) -> usize {
        channels * self.channel_pitch + WIDEST + self.axes[2].reach
    }

    /// Distance between two channels of the copy.
    pub(crate) fn channel_pitch(&self) -> usize {
        self.channel_pitch
    }

    /// Number of bands.
    pub(crate) fn bands(&self) -> usize {
        self.axes[self.band_axis].positions.div_ceil(self.band)
    }

    /// The positions of a band along the band axis.
    pub(crate) fn band_range(&self, band: usize) -> Range<usize> {
        let first = band * self.band;
        first..(first + self.band).min(self.axes[self.band_axis].positions)
    }

    /// The constant distance of a tap at distance `distance` in the phases of residues `phase`.
    pub(crate) fn offset(&self, phase: [usize; 3], distance: [usize; 3]) -> usize {
        let mut number = 0;
        for (axis, phase) in self.axes.iter().zip(phase) {
            let at = axis.phases.iter().position(|&p| p == phase).expect("a phase in use");
            number = number * axis.phases.len() + at;
        }
        number * self.phase_pitch + (distance[0] * self.rows[1] + distance[1]) * self.row_pitch + distance[2]
    }

    /// The tiles of a pass over a band: each starts at the first position that the one before did not reach.
    /// `sample` is the distance between two samples' outputs, `sizes` the output's axes, `lanes` those of a tile.
    pub(crate) fn tiles(
        &self,
        band: usize,
        outputs: &Outputs,
        sizes: [usize; 3],
        sample: usize,
        lanes: usize,
    ) -> Tiles {
        assert!(lanes <= WIDEST);
        let mut tiles = Tiles { step: outputs.step[2], after: vec![0], ..Tiles::default() };
        let band_first = self.band_range(band).start;
        let mut range = outputs.range.clone();
        let limits = self.band_range(band);
        let cut = &mut range[self.band_axis];
        *cut = cut.start.max(limits.start)..cut.end.min(limits.end);
        for image in 0..self.images {
            for z in range[0].clone() {
                let mut open: Option<(usize, usize)> = None; // end of the open tile, end of its last segment
                for y in range[1].clone() {
                    let first = [z, y, range[2].start];
                    let at: [usize; 3] =
                        std::array::from_fn(|a| first[a] - if a == self.band_axis { band_first } else { 0 });
                    let row = image * self.image_pitch + (at[0] * self.rows[1] + at[1]) * self.row_pitch + at[2];
                    let out: [usize; 3] = std::array::from_fn(|a| {
                        outputs.start[a] + (first[a] - outputs.range[a].start) * outputs.step[a]
                    });
                    let out = image * sample + (out[0] * sizes[1] + out[1]) * sizes[2] + out[2];
                    let count = range[2].len();
                    let mut x = 0;
                    while x < count {
                        let here = row + x;
                        let to = out + x * outputs.step[2];
                        let (end, _) = match open {
                            Some(open) if here < open.0 => open,
                            _ => {
                                let first = tiles.segments.len() as u32;
                                let store = Store::Segments;
                                tiles.tiles.push(Tile { base: here as u32, first, segments: 0, store });
                                (here + lanes, 0)
                            }
                        };
                        let tile = tiles.tiles.last_mut().expect("a tile was opened");
                        let take = (end - here).min(count - x);
                        let last = tiles.segments.last_mut().filter(|s| {
                            tile.segments > 0
                                && (s.lane + s.count) as usize + tile.base as usize == here
                                && s.out as usize + s.count as usize * outputs.step[2] == to
                        });
                        match last {
                            Some(segment) => segment.count += take as u32,
                            None => {
                                let lane = (here - tile.base as usize) as u32;
                                tiles.segments.push(Segment { lane, count: take as u32, out: to as u32 });
                                tile.segments += 1;
                            }
                        }
                        open = Some((end, here + take));
                        x += take;
                    }
                }
            }
            tiles.after.push(tiles.tiles.len());
        }
        tiles.place(lanes);
        tiles
    }

    /// Copies `channels` channels of `images` samples for a band. `source` starts at the first channel of the first
    /// sample; `sample` is the distance between two samples there.
    #[inline(always)]
    pub(crate) fn fill<S: Simd>(
        &self,
        simd: S,
        source: &[f32],
        sample: usize,
        (channels, images): (usize, usize),
        band: usize,
        copy: &mut [f32],
    ) {
        let mut firsts = [0; 3];
        firsts[self.band_axis] = self.band_range(band).start;
        let whole = images == self.images
            && self.axes.iter().zip(self.rows).enumerate().all(|(a, (axis, rows))| {
                axis.phases.iter().all(|&p| Self::live(axis, p, firsts[a], rows) == (0..rows))
            });
        // the overhang always: the last row's shared padding lies there, and dead lanes read it
        let unwritten = if whole { channels * self.channel_pitch } else { 0 };
        copy[unwritten..self.len(channels)].fill(0.0);
        let [dz, dy, dx] = [&self.axes[0], &self.axes[1], &self.axes[2]];
        let plane = dz.input * dy.input * dx.input;
        let mut phase_number = 0;
        for &pz in &dz.phases {
            for &py in &dy.phases {
                for &px in &dx.phases {
                    let [lz, ly, lx] = [
                        Self::live(dz, pz, firsts[0], self.rows[0]),
                        Self::live(dy, py, firsts[1], self.rows[1]),
                        Self::live(dx, px, firsts[2], self.rows[2]),
                    ];
                    let from = |axis: &Axis, a: usize, j: usize, phase: usize| {
                        (((firsts[a] + j) * axis.stride + phase) as isize - axis.before) as usize
                    };
                    if lx.is_empty() {
                        phase_number += 1;
                        continue;
                    }
                    let x = from(dx, 2, lx.start, px);
                    for channel in 0..channels {
                        for image in 0..images {
                            let source = &source[image * sample + channel * plane..][..plane];
                            let to = channel * self.channel_pitch
                                + phase_number * self.phase_pitch
                                + image * self.image_pitch;
                            for jz in lz.clone() {
                                let z = from(dz, 0, jz, pz);
                                for jy in ly.clone() {
                                    let y = from(dy, 1, jy, py);
                                    let row = &source[(z * dy.input + y) * dx.input..][..dx.input];
                                    let to = to + (jz * self.rows[1] + jy) * self.row_pitch + lx.start;
                                    copy_row(simd, &row[x..], dx.stride, &mut copy[to..][..lx.len()]);
                                }
                            }
                        }
                    }
                    phase_number += 1;
                }
            }
        }
    }
}

/// `to[i] = from[i·stride]`.
#[inline(always)]
fn copy_row<S: Simd>(simd: S, from: &[f32], stride: usize, to: &mut [f32]) {
    let len = to.len();
    if len == 0 {
        return;
    }
    assert!((len - 1) * stride < from.len());
    if stride == 1 && len >= LANES {
        let mut i = 0;
        while i < len {
            let at = i.min(len - LANES);
            // SAFETY: `at + LANES <= len`, and both slices are at least `len` long.
            unsafe { simd.store(to.as_mut_ptr().add(at), simd.load(from.as_ptr().add(at))) };
            i += LANES;
        }
    } else if stride == 2 {
        let mut i = 0;
        while 2 * (i + LANES) <= from.len() && i + LANES <= len {
            // SAFETY: the loop's condition keeps the load and the store inside.
            unsafe {
                simd.store(to.as_mut_ptr().add(i), simd.load_apart(from.as_ptr().add(2 * i)).0);
            }
            i += LANES;
        }
        if i < len {
            let (left, count) = (from.len() - 2 * i, len - i);
            // SAFETY: `left` numbers of `from` and `count` of `to` remain; no load or store passes them.
            unsafe {
                let (even, _) = simd.load_apart_partial(from.as_ptr().add(2 * i), left);
                let mut lanes = [0.0f32; LANES];
                simd.store(lanes.as_mut_ptr(), even);
                to[i..].copy_from_slice(&lanes[..count.min(LANES)]);
            }
        }
    } else {
        for (to, from) in to.iter_mut().zip(from.iter().step_by(stride)) {
            *to = *from;
        }
    }
}
