//! Where branches meet: several tensors one after the other, or added up.
//!
//! ```text
//! concat:  y[…, offset_k + i, …] = x_k[…, i, …]      offset_k = size of x_0 … x_(k−1) along the axis
//! add:     y = x_0 + x_1 + …                         (a layer; the sum is an elementwise map)
//! ```
//!
//! The gradient of a concatenation is a slice for each input.

use super::map::Map;
use crate::layer::{LayerForm, Scope, is_one, one};
use crate::operation::Operation;
use crate::{Adjoint, Case, Dim, Type, Value, Var};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Binary, Error, Number, Program, Result, Shape};

/// `concat(x₀, x₁, …) → y`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Concat {
    /// The axis along which they follow each other.
    pub axis: usize,
}

impl Operation for Concat {
    const NAME: &'static str = "concat";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let differ = || {
            Error::model("only tensors that differ in one axis can be concatenated along it")
                .found(inputs.iter().map(Type::to_string).collect::<Vec<_>>().join(" and "))
                .expected(format!("known sizes on axis {}, and equal elements and sizes elsewhere", self.axis))
        };
        let Some(first) = inputs.first() else { return Err(Error::model("there is nothing to concatenate")) };
        let mut sum = 0usize;
        for x in inputs {
            let size = x.dims.get(self.axis).and_then(|dim| dim.known()).ok_or_else(differ)?;
            let same = |(axis, dim): (usize, &Dim)| axis == self.axis || first.dims[axis] == *dim;
            if x.dtype != first.dtype || x.rank() != first.rank() || !x.dims.iter().enumerate().all(same) {
                return Err(differ());
            }
            sum = sum.checked_add(size).ok_or_else(differ)?;
        }
        let mut dims = first.dims.clone();
        dims[self.axis] = sum.into();
        Ok(vec![first.with_dims(dims)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        vec![match inputs[0] {
            Value::Real(_) => Value::Real(self.joined(&inputs.iter().map(|x| x.real()).collect::<Vec<_>>())),
            Value::Index(_) => Value::Index(self.joined(&inputs.iter().map(|x| x.index()).collect::<Vec<_>>())),
        }]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let dy = at.upstream(0);
        let mut end = 0;
        let part = |x: Var<'g>| {
            let start = end;
            end += x.ty().dims[self.axis].at(1);
            dy.slice(self.axis, start..end)
        };
        at.inputs().map(part).map(Some).collect()
    }

    fn cases() -> Vec<Case> {
        let case = |axis, x: &str| Case::new(Concat { axis }, x).named(&format!("axis {axis} {x}"));
        vec![case(1, "2x3x4 2x1x4"), case(0, "3 5 1"), case(2, "2x1x3 2x1x2"), case(1, "2x3<9 2x2<5")]
    }
}

impl Concat {
    fn joined<E: Copy>(&self, xs: &[&Array<E>]) -> Array<E> {
        let mut shape = xs[0].shape().to_vec();
        shape[self.axis] = xs.iter().map(|x| x.shape()[self.axis]).sum();
        let shape = Shape::from(shape);
        Array::from_fn(shape.clone(), |i| {
            let mut position = shape.position(i);
            for x in xs {
                match position[self.axis].checked_sub(x.shape()[self.axis]) {
                    Some(rest) => position[self.axis] = rest,
                    None => return x.at(&position),
                }
            }
            unreachable!("the sizes of the parts sum up to the whole")
        })
    }
}

/// Names of layers: one, or a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "the name of a layer, or a list of names")]
pub enum Names {
    /// `"stem"`.
    One(String),
    /// `["stem", "shortcut"]`.
    Several(Vec<String>),
}

impl Names {
    fn list(&self) -> Vec<String> {
        match self {
            Names::One(name) => vec![name.clone()],
            Names::Several(names) => names.clone(),
        }
    }
}

impl From<&str> for Names {
    fn from(name: &str) -> Self {
        Names::One(name.to_string())
    }
}

impl<const K: usize> From<[&str; K]> for Names {
    fn from(names: [&str; K]) -> Self {
        Names::Several(names.map(str::to_string).to_vec())
    }
}

/// `add`: the output of the layer before it plus those of the layers in `with`, all of one type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddLayer {
    /// The layers whose outputs are added.
    pub with: Names,
}

impl AddLayer {
    /// Adds the outputs of these layers.
    pub fn with(names: impl Into<Names>) -> Self {
        AddLayer { with: names.into() }
    }
}

impl LayerForm for AddLayer {
    const KINDS: &'static [&'static str] = &["add"];

    fn others(&self) -> Vec<String> {
        self.with.list()
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let names = self.with.list();
        if names.is_empty() {
            return scope.poison(Error::model("`with` names no layer").expected("the name of at least one"));
        }
        let ty = inputs[0].ty();
        for (other, name) in inputs[1..].iter().zip(&names) {
            if other.ty() != ty {
                return scope.poison(
                    Error::model(format!("the output of `{name}` cannot be added: it has another type"))
                        .found(other.ty())
                        .expected(&ty)
                        .hint("a 1×1 convolution (with a stride) makes the channels and sizes of a skip fit"),
                );
            }
        }
        let sum = |p: &mut striate_tensor::ProgramBuilder| {
            vec![(1..inputs.len()).fold(0, |sum, x| p.binary(Binary::Add, sum, x))]
        };
        scope.builder.apply(Map { program: Program::build(inputs.len(), sum) }, inputs).get(0)
    }
}

/// `concat`: the output of the layer before it, then those of the layers in `with`, along one axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConcatLayer {
    /// The layers whose outputs follow.
    pub with: Names,
    /// The axis; the channels if absent. The batch axis is 0.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub axis: usize,
}

impl ConcatLayer {
    /// The channels of these layers after those of the layer before.
    pub fn with(names: impl Into<Names>) -> Self {
        ConcatLayer { with: names.into(), axis: 1 }
    }

    /// Another axis than the channels.
    pub fn axis(mut self, axis: usize) -> Self {
        self.axis = axis;
        self
    }
}

impl LayerForm for ConcatLayer {
    const KINDS: &'static [&'static str] = &["concat"];

    fn others(&self) -> Vec<String> {
        self.with.list()
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        if self.with.list().is_empty() {
            return scope.poison(Error::model("`with` names no layer").expected("the name of at least one"));
        }
        scope.builder.apply(Concat { axis: self.axis }, inputs).get(0)
    }
}
