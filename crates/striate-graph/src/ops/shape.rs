//! Operations that move elements and change none.
//!
//! ```text
//! reshape: the same elements, row-major, in other sizes
//! ```

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
