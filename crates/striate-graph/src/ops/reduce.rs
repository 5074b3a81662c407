//! Reductions over axes, and the repetition that is their adjoint.
//!
//! ```text
//! sum:  y[r] = Σ x[r, …]      mean: y[r] = Σ x[r, …] / m      max: y[r] = max x[r, …]
//! expand: y[r, …] = x[r]      shared: y[r, …] = x[r] / m
//! ```
//!
//! A reduced axis stays, with size 1; `m` is the number of elements that one output sees. Sum and expand are each other's
//! gradients, and so are mean and shared expand.

use crate::operation::Operation;
use crate::{Adjoint, Case, Dim, Type, Value, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, DType, Error, Number, Result};

/// What a reduction does with the elements that it joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// Their greatest; its gradient is shared equally among ties.
    Max,
}

/// `reduce(x) → y`, with `y` of size 1 on the reduced axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reduce {
    /// Sum, mean or maximum.
    pub reduction: Reduction,
    /// The axes that are reduced, rising.
    pub axes: Vec<usize>,
}

/// `expand(x) → y`: repeats each axis of size 1 to the size in `dims`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Expand {
    /// The sizes of y.
    pub dims: Vec<Dim>,
    /// Whether x is shared out in equal parts instead of copied.
    pub shared: bool,
}

impl Operation for Reduce {
    const NAME: &'static str = "reduce";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let [x] = inputs else { return Err(Error::model("reduce takes one input").found(inputs.len())) };
        if x.dtype != DType::F32 || self.axes.iter().any(|&a| a >= x.rank()) {
            return Err(Error::model("the axes to reduce are not axes of the input")
                .found(format!("axes {:?} of {x}", self.axes))
                .expected(format!("axes below {}", x.rank())));
        }
        let kept = |(axis, &dim): (usize, &Dim)| if self.axes.contains(&axis) { Dim::from(1) } else { dim };
        Ok(vec![f32(x.dims.iter().enumerate().map(kept))])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let x = inputs[0].real();
        let kept = |(axis, &size): (usize, &usize)| if self.axes.contains(&axis) { 1 } else { size };
        let shape = x.shape().iter().enumerate().map(kept).collect::<striate_tensor::Shape>();
        let m = T::from_usize(x.shape().elements() / shape.elements().max(1));
        let start = if self.reduction == Reduction::Max { T::from_f64(f64::NEG_INFINITY) } else { T::zero() };
        let mut y = Array::full(shape.clone(), start);
        for (i, &value) in x.data().iter().enumerate() {
            let mut position = x.shape().position(i);
            self.axes.iter().for_each(|&axis| position[axis] = 0);
            let sum = &mut y.data_mut()[shape.index(&position)];
            match self.reduction {
                Reduction::Sum | Reduction::Mean => *sum += value,
                Reduction::Max if value > *sum || value.to_f64().is_nan() => *sum = value,
                Reduction::Max => {}
            }
        }
        if self.reduction == Reduction::Mean {
            y = y.map(|sum| sum / m);
        }
        vec![y.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (x, y, dy) = (at.input(0), at.output(0), at.upstream(0));
        let back = |v: Var<'g>, shared: bool| at.apply(Expand { dims: x.ty().dims, shared }, &[v]);
        vec![Some(match self.reduction {
            Reduction::Sum => back(dy, false),
            Reduction::Mean => back(dy, true),
            Reduction::Max => {
                let below = (y - x).step();
                let reached = -below + 1.0;
                let ties = at.apply(Reduce { reduction: Reduction::Sum, axes: self.axes.clone() }, &[reached]);
                reached * (dy / ties)
            }
        })]
    }

    fn cases() -> Vec<Case> {
        use Reduction::{Max, Mean, Sum};
        let case = |reduction, axes: &[usize], x: &str| {
            Case::new(Reduce { reduction, axes: axes.to_vec() }, x).named(&format!("{reduction:?} {axes:?} {x}"))
        };
        let mut cases = vec![case(Max, &[1], "5x7"), case(Max, &[0, 2], "2x3x4"), case(Sum, &[], "2x3")];
        for (axes, x) in [(&[0, 2, 3][..], "3x4x5x2"), (&[1], "6x9"), (&[0], "13x5"), (&[0, 1, 2], "2x3x4")] {
            cases.extend([case(Sum, axes, x), case(Mean, axes, x)]);
        }
        cases
    }
}

impl Operation for Expand {
    const NAME: &'static str = "expand";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let [x] = inputs else { return Err(Error::model("expand takes one input").found(inputs.len())) };
        let fits = |(is, to): (&Dim, &Dim)| is == to || *is == Dim::from(1);
        if x.dtype != DType::F32 || x.rank() != self.dims.len() || !x.dims.iter().zip(&self.dims).all(fits) {
            return Err(Error::model("only axes of size 1 can be repeated").found(x).expected(f32(self.dims.clone())));
        }
        Ok(vec![f32(self.dims.clone())])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let x = inputs[0].real();
        let shape = f32(self.dims.clone()).shape();
        let m = T::from_usize(if self.shared { shape.elements() / x.shape().elements().max(1) } else { 1 });
        let y = Array::from_fn(shape.clone(), |i| {
            let position: Vec<_> = shape
                .position(i)
                .iter()
                .zip(x.shape().iter())
                .map(|(&p, &size)| if size == 1 { 0 } else { p })
                .collect();
            x.at(&position) / m
        });
        vec![y.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let dims = at.input(0).ty().dims;
        let axes = (0..dims.len()).filter(|&axis| dims[axis] != self.dims[axis]).collect();
        let reduction = if self.shared { Reduction::Mean } else { Reduction::Sum };
        vec![Some(at.apply(Reduce { reduction, axes }, &[at.upstream(0)]))]
    }

    fn at_batch(&self, batch: usize) -> Self {
        Expand { dims: self.dims.iter().map(|d| d.at(batch).into()).collect(), shared: self.shared }
    }

    fn cases() -> Vec<Case> {
        let case = |x: &str, dims: &[usize], shared| {
            let dims = dims.iter().map(|&d| d.into()).collect();
            Case::new(Expand { dims, shared }, x)
        };
        vec![
            case("1x3x1", &[2, 3, 4], false),
            case("5x1", &[5, 6], true),
            case("1x1", &[3, 2], true),
            case("4x1x3", &[4, 2, 3], false),
        ]
    }
}
