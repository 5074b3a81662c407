use crate::checks;
use striate_tensor::Result;

/// A view of rows of finite numbers, all of one width: what every network learns from.
///
/// ```
/// use striate_classics::Rows;
/// let rows = Rows::new(&[1.0, 2.0, 3.0, 4.0], 2)?;
/// assert_eq!((rows.len(), rows.row(1)), (2, &[3.0, 4.0][..]));
/// assert!(Rows::new(&[1.0, f32::NAN], 2).is_err());
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rows<'a> {
    values: &'a [f32],
    width: usize,
}

impl<'a> Rows<'a> {
    /// `values`, row after row, each of `width` numbers.
    ///
    /// # Errors
    /// `Fault::Data`: there is no row, the last one is not whole, or a number is not finite.
    pub fn new(values: &'a [f32], width: usize) -> Result<Self> {
        checks::count(values, width)?;
        Ok(Rows { values, width })
    }

    /// How many rows.
    #[expect(clippy::len_without_is_empty, reason = "there is always a row")]
    pub fn len(self) -> usize {
        self.values.len() / self.width
    }

    /// Numbers in a row.
    pub fn width(self) -> usize {
        self.width
    }

    /// One row.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(self, index: usize) -> &'a [f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// All rows in their order.
    pub fn iter(self) -> std::slice::ChunksExact<'a, f32> {
        self.values.chunks_exact(self.width)
    }

    /// All numbers, row after row.
    pub fn values(self) -> &'a [f32] {
        self.values
    }
}
