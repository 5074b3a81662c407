//! Rows of a plane with their padding written out: `[row][column parity][pitch]`, the parities only where the stride is
//! 2. Row `i` of a copy that starts at padded row `first` is source row `first + i − before`, and so are columns, so
//! that the eight numbers that a tap gives to eight neighbouring outputs lie side by side.

use crate::simd::{LANES, Simd};

#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Rows and columns of the source.
    pub source: [usize; 2],
    /// Zeros before each.
    pub before: [usize; 2],
    /// 1 or 2.
    pub stride: usize,
    /// Distance between the parities of a row.
    pub pitch: usize,
}

impl Layout {
    /// For `columns` outputs a row that read up to `reach` numbers further in a parity.
    pub(super) fn new(source: [usize; 2], before: [usize; 2], stride: usize, columns: usize, reach: usize) -> Self {
        // whole vectors are written from the first source column on
        let written = before[1] / stride + stride - 1 + source[1].div_ceil(stride).next_multiple_of(LANES);
        let pitch = written.max(columns + reach).next_multiple_of(LANES);
        Layout { source, before, stride, pitch }
    }

    /// Distance between two rows.
    #[inline(always)]
    pub(super) fn row(&self) -> usize {
        self.stride * self.pitch
    }

    /// Numbers of a copy of so many rows. Lanes without an output read past the last row's end.
    pub(super) fn len(&self, rows: usize) -> usize {
        rows * self.row() + 2 * LANES
    }

    /// Copies `rows` rows from padded row `first` on. Zeros beside the source must lie there already, they are never
    /// overwritten; with `whole`, when always the same rows are copied, so must those above and below it.
    #[inline(always)]
    pub(super) fn fill<S: Simd>(
        &self,
        simd: S,
        plane: &[f32],
        (first, rows): (usize, usize),
        whole: bool,
        copy: &mut [f32],
    ) {
        let [height, width] = self.source;
        assert!(plane.len() >= height * width && copy.len() >= self.len(rows), "a copy of the rows");
        let shift = self.before[1] / self.stride;
        let odd = self.before[1] % self.stride;
        for i in 0..rows {
            let to = &mut copy[i * self.row()..][..self.row()];
            let Some(y) = (first + i).checked_sub(self.before[0]).filter(|&y| y < height) else {
                if !whole {
                    to.fill(0.0);
                }
                continue;
            };
            let from = plane[y * width..][..width].as_ptr();
            let to = to.as_mut_ptr();
            // SAFETY: no load passes the row's `width`; `pitch` has room for whole vectors from `shift + 1` on.
            unsafe {
                if self.stride == 1 {
                    let to = to.add(shift);
                    let mut x = 0;
                    while x + LANES <= width {
                        simd.store(to.add(x), simd.load(from.add(x)));
                        x += LANES;
                    }
                    if x < width {
                        simd.store(to.add(x), simd.load_partial(from.add(x), width - x));
                    }
                } else {
                    // padded column `2i + before`: even source columns have the parity of `before`
                    let (even, uneven) = if odd == 0 {
                        (to.add(shift), to.add(self.pitch + shift))
                    } else {
                        (to.add(self.pitch + shift), to.add(shift + 1))
                    };
                    let mut x = 0;
                    while x < width {
                        let left = width - x;
                        let (a, b) = simd.load_apart_partial(from.add(x), left);
                        simd.store(even.add(x / 2), a);
                        simd.store(uneven.add(x / 2), b);
                        x += 2 * LANES;
                    }
                }
            }
        }
    }
}
