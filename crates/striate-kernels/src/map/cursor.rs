//! Where an element lies, walked row by row: without a division for each.

use super::AXES;

/// The row of an element, by the outer axes, and its column.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    sizes: &'a [usize],
    row: usize,
    outer: [usize; AXES],
    pub column: usize,
}

impl<'a> Cursor<'a> {
    /// At element `at` of a tensor of these axes, the last of which makes the rows.
    pub(super) fn new(sizes: &'a [usize], at: usize) -> Self {
        let (&row, axes) = sizes.split_last().expect("an axis");
        let (mut number, mut outer) = (at / row, [0; AXES]);
        for (to, &size) in outer[..axes.len()].iter_mut().zip(axes).rev() {
            *to = number % size;
            number /= size;
        }
        Cursor { sizes: axes, row, outer, column: at % row }
    }

    /// Goes on by so many elements.
    #[inline(always)]
    pub(super) fn advance(&mut self, elements: usize) {
        self.column += elements;
        while self.column >= self.row {
            self.column -= self.row;
            for (to, &size) in self.outer.iter_mut().zip(self.sizes).rev() {
                *to += 1;
                if *to < size {
                    break;
                }
                *to = 0;
            }
        }
    }

    /// Where the row starts in an input of these strides, the last of which is along the row.
    #[inline(always)]
    pub(super) fn row_start(&self, strides: &[usize]) -> usize {
        match self.sizes.len() {
            // as a loop it would be made of vectors of such products, which machines lack
            1 => self.outer[0] * strides[0],
            2 => self.outer[0] * strides[0] + self.outer[1] * strides[1],
            axes => self.outer[..axes].iter().zip(strides).map(|(&at, &stride)| at * stride).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walking_is_dividing() {
        let (sizes, strides) = ([3, 4, 5], [400, 20, 1]);
        let mut cursor = Cursor::new(&sizes, 0);
        let mut at = 0;
        for step in [1, 4, 7, 3, 12, 2, 20, 5] {
            cursor.advance(step);
            at += step;
            let other = Cursor::new(&sizes, at);
            assert_eq!((cursor.row_start(&strides), cursor.column), (other.row_start(&strides), other.column), "{at}");
            assert_eq!(other.row_start(&strides), at / 20 * 400 + at / 5 % 4 * 20);
        }
    }
}
