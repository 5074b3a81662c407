//! The same elements in other sizes, or in another order of the axes.
//!
//! ```text
//! reshape:    the same elements, row-major, in other sizes
//! transpose:  y[i_order[0], i_order[1], …] = x[i_0, i_1, …]
//! ```
//!
//! Axis k of y is axis `order[k]` of x. The adjoint of either is itself, with the sizes or the order of the way back.

use crate::layer::{LayerForm, Scope};
use crate::operation::Operation;
use crate::{Adjoint, Case, Dim, Type, Value, Var};
use serde::{Deserialize, Serialize};
use striate_tensor::{Error, Number, Result};

/// `reshape(x) → y` of sizes `dims`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reshape {
    /// The sizes of y.
    pub dims: Vec<Dim>,
}

/// `transpose(x) → y`, whose axis k is axis `order[k]` of x.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Transpose {
    /// For each axis of y the axis of x that it is.
    pub order: Vec<usize>,
}

impl Operation for Reshape {
    const NAME: &'static str = "reshape";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let [x] = inputs else { return Err(Error::model("reshape takes one input").found(inputs.len())) };
        let y = x.with_dims(self.dims.clone());
        if x.count().is_none() || x.count() != y.count() {
            return Err(Error::model("reshape cannot change the number of elements").found(x).expected(y));
        }
        Ok(vec![y])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let shape: Vec<usize> = self.dims.iter().map(|d| d.at(1)).collect();
        vec![match inputs[0] {
            Value::Real(x) => Value::Real(x.clone().reshaped(shape)),
            Value::Index(x) => Value::Index(x.clone().reshaped(shape)),
        }]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![Some(at.upstream(0).reshape(&at.input(0).ty().dims))]
    }

    fn at_batch(&self, batch: usize) -> Self {
        Reshape { dims: self.dims.iter().map(|d| d.at(batch).into()).collect() }
    }

    fn cases() -> Vec<Case> {
        let case = |x: &str, dims: &[usize]| Case::new(Reshape { dims: dims.iter().map(|&d| d.into()).collect() }, x);
        vec![case("2x3x4", &[2, 12]), case("6", &[1, 2, 3]), case(".", &[1, 1])]
    }
}

impl Operation for Transpose {
    const NAME: &'static str = "transpose";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let [x] = inputs else { return Err(Error::model("transpose takes one input").found(inputs.len())) };
        if self.order.len() != x.rank() || (0..x.rank()).any(|axis| !self.order.contains(&axis)) {
            return Err(Error::model("the order does not name each axis once")
                .found(format!("{:?} for {x}", self.order))
                .expected(format!("the numbers below {} in some order", x.rank())));
        }
        Ok(vec![x.with_dims(self.order.iter().map(|&axis| x.dims[axis]).collect())])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let x = inputs[0];
        let (shape, back) = (self.order.iter().map(|&axis| x.shape()[axis]).collect(), self.inverse().order);
        vec![x.gathered(shape, |at| Some(back.iter().map(|&axis| at[axis]).collect()))]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![Some(at.apply(self.inverse(), &[at.upstream(0)]))]
    }

    fn cases() -> Vec<Case> {
        let case = |x: &str, order: &[usize]| {
            Case::new(Transpose { order: order.to_vec() }, x).named(&format!("{order:?} {x}"))
        };
        vec![
            case("3x5", &[1, 0]),
            case("2x3x4x5", &[0, 2, 3, 1]),
            case("2x3x4", &[2, 0, 1]),
            case("2x3x4<9", &[1, 0, 2]),
        ]
    }
}

impl Transpose {
    /// The order of the way back.
    pub fn inverse(&self) -> Self {
        let mut order = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(to, &from)| order[from] = to);
        Transpose { order }
    }
}

/// `flatten`: all axes after the batch axis become one, N×C×H×W → N×(C·H·W).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlattenLayer {}

impl LayerForm for FlattenLayer {
    const KINDS: &'static [&'static str] = &["flatten"];

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        match inputs[0].ty().known_from(1) {
            Ok(sizes) => behind_the_batch(inputs[0], scope, &[sizes.iter().product()]),
            Err(error) => scope.poison(error),
        }
    }
}

/// `reshape`: the axes after the batch axis get the sizes `to`, N×… → N×to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReshapeLayer {
    /// The sizes of one sample: all but the batch axis.
    pub to: Vec<usize>,
}

impl ReshapeLayer {
    /// One sample in other sizes.
    pub fn to(sizes: impl Into<Vec<usize>>) -> Self {
        ReshapeLayer { to: sizes.into() }
    }
}

impl LayerForm for ReshapeLayer {
    const KINDS: &'static [&'static str] = &["reshape"];

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        behind_the_batch(inputs[0], scope, &self.to)
    }
}

/// `transpose`: the axes after the batch axis in another order. Axes are counted as everywhere, the batch axis being 0,
/// so that `order = [2, 3, 1]` makes N×H×W×C of N×C×H×W.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransposeLayer {
    /// For each axis after the batch axis the axis of the input that it is, counted from 1.
    pub order: Vec<usize>,
}

impl TransposeLayer {
    /// The axes 1, 2, … in this order.
    pub fn new(order: impl Into<Vec<usize>>) -> Self {
        TransposeLayer { order: order.into() }
    }
}

impl LayerForm for TransposeLayer {
    const KINDS: &'static [&'static str] = &["transpose"];

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        if self.order.contains(&0) {
            return scope.poison(
                Error::model("the batch axis stays where it is")
                    .found(format!("order = {:?}", self.order))
                    .expected("the axes after it, counted from 1"),
            );
        }
        inputs[0].transpose(&[&[0], &self.order[..]].concat())
    }
}

fn behind_the_batch<'g>(x: Var<'g>, scope: &Scope<'g>, sizes: &[usize]) -> Var<'g> {
    match x.ty().dims.first() {
        Some(&batch) => x.reshape(&[&[batch], &sizes.iter().map(|&size| size.into()).collect::<Vec<_>>()[..]].concat()),
        None => scope.poison(Error::model("a scalar has no batch axis").found(x.ty()).expected("N×…")),
    }
}
