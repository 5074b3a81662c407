//! The product of two matrices, and the dense layer made of it.
//!
//! ```text
//! y[i, j] = c[j] + Σ_k a[i, k] · b[k, j]                                a: I×K   b: K×J   c: J   y: I×J
//! ```
//!
//! `a_transposed` means that a is stored as K×I, `b_transposed` that b is stored as J×K. Products of either kind are each
//! other's gradients:
//!
//! ```text
//! ∂a = ∂y·bᵀ      ∂b = aᵀ·∂y      ∂c[j] = Σ_i ∂y[i, j]
//! ```

use crate::layer::{LayerForm, Scope, is_default, is_yes, yes};
use crate::operation::{Cost, Operation};
use crate::types::match_types;
use crate::{Adjoint, Case, Dim, Scheme, Type, Value, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Error, Number, Result};

/// `matmul(a, b, c?) → y`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MatMul {
    /// Whether a is stored as K×I.
    pub a_transposed: bool,
    /// Whether b is stored as J×K.
    pub b_transposed: bool,
}

impl Operation for MatMul {
    const NAME: &'static str = "matmul";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let [a, b, ..] = inputs else {
            return Err(Error::model("wrong number of inputs").found(inputs.len()).expected("2 to 3"));
        };
        let ((i, k), (_, j)) = (oriented(&a.dims, self.a_transposed)?, oriented(&b.dims, self.b_transposed)?);
        let stored =
            |rows: Dim, columns: Dim, transposed| f32(if transposed { [columns, rows] } else { [rows, columns] });
        let wanted = [stored(i, k, self.a_transposed), stored(k, j, self.b_transposed), f32([j])];
        match_types(inputs, &wanted, 2)?;
        Ok(vec![f32([i, j])])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (a, b, c) = (inputs[0].real(), inputs[1].real(), inputs.get(2).map(|c| c.real()));
        let stored =
            |m: &Array<T>, transposed, row, column| m.at(&if transposed { [column, row] } else { [row, column] });
        let (i_size, k_size) =
            if self.a_transposed { (a.shape()[1], a.shape()[0]) } else { (a.shape()[0], a.shape()[1]) };
        let j_size = b.shape()[if self.b_transposed { 0 } else { 1 }];
        let y = Array::from_fn([i_size, j_size], |index| {
            let (i, j) = (index / j_size, index % j_size);
            let start = c.map_or(T::zero(), |c| c.at(&[j]));
            (0..k_size)
                .fold(start, |sum, k| sum + stored(a, self.a_transposed, i, k) * stored(b, self.b_transposed, k, j))
        });
        vec![y.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (a, b, dy) = (at.input(0), at.input(1), at.upstream(0));
        let product = |a, b, a_transposed, b_transposed| at.apply(MatMul { a_transposed, b_transposed }, &[a, b]);
        let da = at.wants(0).then(|| match self.a_transposed {
            false => product(dy, b, false, !self.b_transposed),
            true => product(b, dy, self.b_transposed, true),
        });
        let db = at.wants(1).then(|| match self.b_transposed {
            false => product(a, dy, !self.a_transposed, false),
            true => product(dy, a, true, self.a_transposed),
        });
        let dc = at.wants(2).then(|| dy.sum_except(&[1]));
        vec![da, db, dc]
    }

    fn cost(&self, inputs: &[Type]) -> Cost {
        let j = inputs[1].dims[if self.b_transposed { 0 } else { 1 }];
        Cost::exactly((inputs[0].shape().elements() * j.at(1)) as u64)
    }

    fn cases() -> Vec<Case> {
        let mut cases = Vec::new();
        for (a_transposed, a) in [(false, ["3x4", "1x7", "5x1"]), (true, ["4x3", "7x1", "1x5"])] {
            for (b_transposed, b) in [(false, ["4x2", "7x9", "1x3"]), (true, ["2x4", "9x7", "3x1"])] {
                for ((a, b), c) in a.iter().zip(b).zip(["2", "9", ""]) {
                    let text = format!("{a}{} {b}{} {c}", mark(a_transposed), mark(b_transposed));
                    cases.push(Case::new(MatMul { a_transposed, b_transposed }, &format!("{a} {b} {c}")).named(&text));
                }
            }
        }
        cases
    }
}

/// Rows and columns of a matrix as it is meant.
fn oriented(stored: &[Dim], transposed: bool) -> Result<(Dim, Dim)> {
    match *stored {
        [rows, columns] if transposed => Ok((columns, rows)),
        [rows, columns] => Ok((rows, columns)),
        _ => Err(Error::model("only matrices can be multiplied")
            .found(f32(stored.to_vec()))
            .expected("2 axes")
            .hint("put a `flatten` before, or reshape")),
    }
}

fn mark(transposed: bool) -> &'static str {
    if transposed { "ᵀ" } else { "" }
}

impl<'g> Var<'g> {
    /// The product of two matrices, I×K and K×J.
    #[track_caller]
    pub fn matmul(self, other: Var<'g>) -> Var<'g> {
        self.builder().apply(MatMul::default(), &[self, other]).get(0)
    }
}

/// `dense`: each unit sees every input, y = x·Wᵀ + b. x: N×I   W: units×I   b: units   y: N×units
///
/// Spatial axes of size 1, as a global pool leaves them, are dropped; larger ones want a `flatten` before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    /// Number of units.
    pub units: usize,
    /// Whether each unit has a bias.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub bias: bool,
    /// How the weights start.
    #[serde(default, skip_serializing_if = "is_default")]
    pub init: Scheme,
}

impl Dense {
    /// So many units.
    pub fn new(units: usize) -> Self {
        Dense { units, bias: true, init: Scheme::default() }
    }

    /// No bias.
    pub fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }

    /// How the weights start.
    pub fn init(mut self, init: Scheme) -> Self {
        self.init = init;
        self
    }
}

impl LayerForm for Dense {
    const KINDS: &'static [&'static str] = &["dense"];

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let x = without_trivial_axes(inputs[0]);
        let features = match features(&x.ty(), self.units) {
            Ok(features) => features,
            Err(error) => return scope.poison(error),
        };
        let w = scope.parameter("weight", f32([self.units, features]), self.init.weight(features, self.units));
        let b = self.bias.then(|| scope.parameter("bias", f32([self.units]), self.init.bias(features, self.units)));
        let inputs: Vec<_> = [Some(x), Some(w), b].into_iter().flatten().collect();
        scope.builder.apply(MatMul { a_transposed: false, b_transposed: true }, &inputs).get(0)
    }
}

/// N×I×1×… as N×I.
pub(crate) fn without_trivial_axes(x: Var<'_>) -> Var<'_> {
    let dims = x.ty().dims;
    match dims.len() > 2 && dims[2..].iter().all(|&dim| dim == Dim::from(1)) {
        true => x.reshape(&dims[..2]),
        false => x,
    }
}

/// The number of features I of x: N×I, for a layer of so many units.
pub(crate) fn features(x: &Type, units: usize) -> Result<usize> {
    if units == 0 {
        return Err(Error::model("a layer needs at least one unit").found("units = 0"));
    }
    if x.rank() != 2 {
        return Err(Error::model("a layer of units takes one row of features a sample")
            .found(x)
            .expected("N×features")
            .hint("put a `flatten` before it"));
    }
    Ok(x.known_from(1)?[0])
}
