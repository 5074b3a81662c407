//! The types of values: elements, sizes, and the checks that operations share.

use serde::{Deserialize, Serialize};
use std::fmt;
use striate_tensor::{DType, Error, Result, Shape, Window};

/// The size of one axis: a number, or a multiple of the batch size `N`, the one symbol in shapes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dim {
    size: usize,
    batched: bool,
}

/// The batch size, chosen when a graph is run.
pub const N: Dim = Dim { size: 1, batched: true };

impl Dim {
    /// The size once the batch size is known.
    pub fn at(self, batch: usize) -> usize {
        if self.batched { self.size * batch } else { self.size }
    }

    /// The size if it does not depend on the batch.
    pub fn known(self) -> Option<usize> {
        (!self.batched).then_some(self.size)
    }

    /// The product of two sizes; at most one of them may depend on the batch.
    pub fn times(self, other: Dim) -> Option<Dim> {
        (!(self.batched && other.batched))
            .then(|| Dim { size: self.size * other.size, batched: self.batched || other.batched })
    }
}

impl From<usize> for Dim {
    fn from(size: usize) -> Self {
        Dim { size, batched: false }
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.batched, self.size) {
            (true, 1) => f.write_str("N"),
            (true, size) => write!(f, "{size}N"),
            (false, size) => write!(f, "{size}"),
        }
    }
}

impl fmt::Debug for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a value is: the type of its elements and the size of each axis.
///
/// ```
/// use striate_graph::{f32, N};
/// let images = f32([N, 3.into(), 32.into(), 32.into()]);
/// assert_eq!(images.to_string(), "f32 N×3×32×32");
/// assert_eq!(images.at_batch(8).shape().elements(), 8 * 3 * 32 * 32);
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Type {
    /// Type of the elements.
    pub dtype: DType,
    /// Size of each axis, outermost first.
    pub dims: Vec<Dim>,
}

/// The type of real numbers in the given sizes.
pub fn f32<D: Into<Dim>>(dims: impl IntoIterator<Item = D>) -> Type {
    Type::new(DType::F32, dims)
}

/// The type of labels and indices in the given sizes.
pub fn i32<D: Into<Dim>>(dims: impl IntoIterator<Item = D>) -> Type {
    Type::new(DType::I32, dims)
}

impl Type {
    /// Elements of `dtype` in the given sizes.
    pub fn new<D: Into<Dim>>(dtype: DType, dims: impl IntoIterator<Item = D>) -> Self {
        Type { dtype, dims: dims.into_iter().map(Into::into).collect() }
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    /// The type with `N` replaced by a number.
    pub fn at_batch(&self, batch: usize) -> Type {
        Type::new(self.dtype, self.dims.iter().map(|d| d.at(batch)))
    }

    /// The shape for a batch of one; for a type without `N`, the shape.
    pub fn shape(&self) -> Shape {
        self.shape_at(1)
    }

    /// The shape for a batch size.
    pub fn shape_at(&self, batch: usize) -> Shape {
        self.dims.iter().map(|d| d.at(batch)).collect()
    }

    /// The same elements, other sizes.
    pub fn with_dims(&self, dims: Vec<Dim>) -> Type {
        Type { dtype: self.dtype, dims }
    }

    /// The type with `N` replaced by another size, which may itself depend on the batch.
    pub fn bind(&self, n: Dim) -> Type {
        let bound = |d: &Dim| if d.batched { Dim { size: d.size * n.size, batched: n.batched } } else { *d };
        Type { dtype: self.dtype, dims: self.dims.iter().map(bound).collect() }
    }

    /// The product of all sizes; `None` where `N` would be squared.
    pub fn count(&self) -> Option<Dim> {
        self.dims.iter().try_fold(Dim::from(1), |product, &d| product.times(d))
    }

    /// The sizes from `axis` on, which must not depend on the batch.
    pub fn known_from(&self, axis: usize) -> Result<Vec<usize>> {
        let sizes: Option<Vec<_>> = self.dims.iter().skip(axis).map(|d| d.known()).collect();
        sizes.ok_or_else(|| {
            Error::model(format!("only the first {axis} axes may depend on the batch size N")).found(self)
        })
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.dtype)?;
        if self.dims.is_empty() {
            return f.write_str("scalar");
        }
        for (axis, dim) in self.dims.iter().enumerate() {
            write!(f, "{}{dim}", if axis == 0 { "" } else { "×" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Holds inputs against the types that an operation wants, of which the last ones may be absent. `N` in a wanted type
/// stands for any one size, the same wherever it occurs; that size is the result.
pub fn match_types(inputs: &[Type], wanted: &[Type], required: usize) -> Result<Dim> {
    if inputs.len() < required || inputs.len() > wanted.len() {
        return Err(Error::model("wrong number of inputs").found(inputs.len()).expected(match wanted.len() {
            most if most == required => format!("{most}"),
            most => format!("{required} to {most}"),
        }));
    }
    let mut n = None;
    for (index, (input, wanted)) in inputs.iter().zip(wanted).enumerate() {
        let fits = input.dtype == wanted.dtype
            && input.rank() == wanted.rank()
            && input.dims.iter().zip(&wanted.dims).all(|(&is, &want)| match want == N {
                true => *n.get_or_insert(is) == is,
                false => is == want,
            });
        if !fits {
            let wanted = n.map_or(wanted.clone(), |n| wanted.bind(n));
            return Err(Error::model(format!("input {index} has the wrong type")).found(input).expected(wanted));
        }
    }
    Ok(n.unwrap_or(N))
}

/// Sizes of windows beyond which sums of them might overflow, and tables of their taps fill the memory.
pub(crate) const LARGEST: usize = 1 << 24;

/// Whether windows of a kernel or a pool can slide over their input.
pub fn check_windows(what: &str, windows: &[Window]) -> Result<()> {
    for (axis, w) in windows.iter().enumerate() {
        if w.kernel == 0 || w.stride == 0 || w.dilation == 0 {
            return Err(Error::model(format!("{what}, stride and dilation must be at least 1")).found(format!(
                "{what} {}, stride {}, dilation {} on spatial axis {axis}",
                w.kernel, w.stride, w.dilation
            )));
        }
        if [w.input, w.kernel, w.stride, w.dilation, w.before, w.after].iter().any(|&size| size > LARGEST) {
            return Err(Error::model(format!("the {what} or its padding is absurdly large"))
                .found(format!("{w:?}"))
                .expected(format!("sizes up to {LARGEST}")));
        }
        if w.output().is_none() {
            return Err(Error::model(format!("the {what} does not fit the input"))
                .found(format!(
                    "{what} {} (extent {}) on an axis of {} with padding {}+{}",
                    w.kernel,
                    w.extent(),
                    w.input,
                    w.before,
                    w.after
                ))
                .expected(format!("an extent of at most {}", w.input + w.before + w.after))
                .hint("use a smaller kernel, padding = \"same\", or a larger input"));
        }
    }
    Ok(())
}
