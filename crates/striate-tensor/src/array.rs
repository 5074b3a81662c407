use crate::Shape;

/// Numbers in a shape, row-major: the plain tensor of the interpreter and of files.
///
/// ```
/// use striate_tensor::Array;
/// let a = Array::new([2, 2], vec![1, 2, 3, 4]);
/// assert_eq!(a.at(&[1, 0]), 3);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Array<T> {
    shape: Shape,
    data: Vec<T>,
}

impl<T: Copy> Array<T> {
    /// `data` in the given shape.
    ///
    /// # Panics
    /// When the number of elements does not match the shape.
    #[track_caller]
    pub fn new(shape: impl Into<Shape>, data: Vec<T>) -> Self {
        let shape = shape.into();
        assert_eq!(shape.elements(), data.len(), "{} numbers for the shape {shape}", data.len());
        Array { shape, data }
    }

    /// The same value everywhere.
    pub fn full(shape: impl Into<Shape>, value: T) -> Self {
        let shape = shape.into();
        let data = vec![value; shape.elements()];
        Array { shape, data }
    }

    /// The value of `f` at each row-major index.
    pub fn from_fn(shape: impl Into<Shape>, f: impl FnMut(usize) -> T) -> Self {
        let shape = shape.into();
        let data = (0..shape.elements()).map(f).collect();
        Array { shape, data }
    }

    /// A scalar.
    pub fn scalar(value: T) -> Self {
        Array { shape: Shape::from([]), data: vec![value] }
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// All elements, row-major.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// All elements, row-major, to write.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// The elements alone.
    pub fn into_data(self) -> Vec<T> {
        self.data
    }

    /// One element.
    pub fn at(&self, position: &[usize]) -> T {
        self.data[self.shape.index(position)]
    }

    /// The same elements in another shape of as many elements.
    #[track_caller]
    pub fn reshaped(self, shape: impl Into<Shape>) -> Self {
        Array::new(shape, self.data)
    }

    /// Each element by itself.
    pub fn map<U: Copy>(&self, f: impl FnMut(T) -> U) -> Array<U> {
        Array { shape: self.shape.clone(), data: self.data.iter().copied().map(f).collect() }
    }
}
