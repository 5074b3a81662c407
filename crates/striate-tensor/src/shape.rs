use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Deref;

/// What the elements of a tensor are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// A real number; 32 bits in the plan, 32 or 64 in the interpreter.
    F32,
    /// A class label, a position, a counter.
    I32,
    /// A small position: the index of a maximum within its pooling window.
    U8,
}

impl DType {
    /// Bytes of one element in the plan.
    pub fn bytes(self) -> usize {
        match self {
            DType::F32 | DType::I32 => 4,
            DType::U8 => 1,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DType::F32 => "f32",
            DType::I32 => "i32",
            DType::U8 => "u8",
        })
    }
}

/// The sizes of a tensor's axes, outermost first; rows lie contiguously (row-major, "C order").
///
/// ```
/// use striate_tensor::Shape;
/// let s = Shape::from([2, 3, 5]);
/// assert_eq!((s.rank(), s.elements(), s.strides()), (3, 30, vec![15, 5, 1]));
/// assert_eq!(s.to_string(), "2×3×5");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Number of elements: the product of the sizes; 1 for a scalar.
    pub fn elements(&self) -> usize {
        self.0.iter().product()
    }

    /// How far apart two neighbours along each axis lie, in elements.
    pub fn strides(&self) -> Vec<usize> {
        let mut strides = vec![1; self.rank()];
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis] * self.0[axis];
        }
        strides
    }

    /// The position of element `index` (row-major), one coordinate an axis.
    pub fn position(&self, mut index: usize) -> Vec<usize> {
        let mut at = vec![0; self.rank()];
        for axis in (0..self.rank()).rev() {
            at[axis] = index % self.0[axis];
            index /= self.0[axis];
        }
        at
    }

    /// The row-major index of a position.
    pub fn index(&self, position: &[usize]) -> usize {
        debug_assert_eq!(position.len(), self.rank());
        position.iter().zip(&self.0).fold(0, |index, (p, size)| index * size + p)
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl<const R: usize> From<[usize; R]> for Shape {
    fn from(sizes: [usize; R]) -> Self {
        Shape(sizes.to_vec())
    }
}

impl From<&[usize]> for Shape {
    fn from(sizes: &[usize]) -> Self {
        Shape(sizes.to_vec())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(sizes: Vec<usize>) -> Self {
        Shape(sizes)
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(sizes: I) -> Self {
        Shape(sizes.into_iter().collect())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("scalar");
        }
        for (axis, size) in self.0.iter().enumerate() {
            write!(f, "{}{size}", if axis == 0 { "" } else { "×" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
