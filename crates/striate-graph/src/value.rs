use striate_tensor::{Array, Number, Shape};

/// What a plain reference computes on: real numbers of one precision, or indices.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<T> {
    /// Real numbers.
    Real(Array<T>),
    /// Labels, positions, counters (`i32` and `u8` alike).
    Index(Array<i32>),
}

impl<T: Number> Value<T> {
    /// The shape.
    pub fn shape(&self) -> &Shape {
        match self {
            Value::Real(a) => a.shape(),
            Value::Index(a) => a.shape(),
        }
    }

    /// The value of `shape` whose element at each position is this one's at `from(position)`, or 0 where there is none.
    pub fn gathered(&self, shape: Shape, from: impl Fn(&[usize]) -> Option<Vec<usize>>) -> Value<T> {
        fn gather<E: Copy>(
            x: &Array<E>,
            shape: Shape,
            zero: E,
            from: impl Fn(&[usize]) -> Option<Vec<usize>>,
        ) -> Array<E> {
            Array::from_fn(shape.clone(), |i| from(&shape.position(i)).map_or(zero, |at| x.at(&at)))
        }
        match self {
            Value::Real(x) => Value::Real(gather(x, shape, T::zero(), from)),
            Value::Index(x) => Value::Index(gather(x, shape, 0, from)),
        }
    }

    /// The same value in another precision.
    pub fn converted<U: Number>(&self) -> Value<U> {
        match self {
            Value::Real(x) => Value::Real(x.map(|x| U::from_f64(x.to_f64()))),
            Value::Index(x) => Value::Index(x.clone()),
        }
    }

    /// The real numbers. Types were checked before, so that a mismatch is a defect.
    #[track_caller]
    pub fn real(&self) -> &Array<T> {
        match self {
            Value::Real(a) => a,
            Value::Index(_) => unreachable!("type checking lets only real numbers reach here"),
        }
    }

    /// The indices. Types were checked before, so that a mismatch is a defect.
    #[track_caller]
    pub fn index(&self) -> &Array<i32> {
        match self {
            Value::Index(a) => a,
            Value::Real(_) => unreachable!("type checking lets only indices reach here"),
        }
    }
}

impl<T> From<Array<T>> for Value<T> {
    fn from(array: Array<T>) -> Self {
        Value::Real(array)
    }
}
