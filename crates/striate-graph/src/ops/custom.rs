//! Operations of the user's own.
//!
//! ```text
//! (y₁, y₂, …) = f(x₁, x₂, …)
//! ```
//!
//! A [`CustomOp`] says what every operation says: types, a plain reference, a gradient as equations. It runs wherever a
//! graph runs, but only by its reference; and it cannot be written to a file, since it is code.
//!
//! ```
//! use striate_graph::{Adjoint, Builder, Custom, CustomOp, State, Type, Value, Var, f32, interpret};
//! use striate_tensor::{Array, Error, Result};
//!
//! #[derive(Debug)]
//! struct Cube;
//!
//! impl CustomOp for Cube {
//!     fn name(&self) -> &'static str {
//!         "cube"
//!     }
//!     fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
//!         match inputs {
//!             [x] => Ok(vec![x.clone()]),
//!             _ => Err(Error::model("cube takes one input").found(inputs.len())),
//!         }
//!     }
//!     fn reference(&self, inputs: &[&Value<f64>]) -> Vec<Value<f64>> {
//!         vec![inputs[0].real().map(|x| x * x * x).into()]
//!     }
//!     fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
//!         let x = at.input(0);
//!         vec![Some(at.upstream(0) * x * x * 3.0)]
//!     }
//! }
//!
//! let g = Builder::new();
//! let x = g.input("x", f32([2]));
//! let y = x.apply(Custom::new(Cube)).named("y");
//! let slope = g.grad(y.sum_all(), &[x])[0].named("slope");
//! let graph = g.finish([y, slope])?;
//! let trace = interpret(&graph, &State::new(), &[("x", Value::Real(Array::new([2], vec![2.0f64, -1.0])))])?;
//! assert_eq!(trace.output("y").real().data(), [8.0, -1.0]);
//! assert_eq!(trace.output("slope").real().data(), [12.0, 3.0]);
//! # Ok::<(), Error>(())
//! ```

use crate::operation::Operation;
use crate::{Adjoint, Case, Type, Value, Var};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use striate_tensor::{Error, Number, Result};

/// What a user's own operation means.
pub trait CustomOp: Debug + Send + Sync + 'static {
    /// The name in printed graphs.
    fn name(&self) -> &'static str;

    /// Its attributes as text: operations of the same name and attributes must do the same.
    fn attributes(&self) -> String {
        format!("{self:?}")
    }

    /// The types of the outputs, or what is wrong with the inputs.
    ///
    /// # Errors
    /// When the operation does not take inputs of these types.
    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>>;

    /// The outputs, in 64 bits whatever the graph is run in.
    fn reference(&self, inputs: &[&Value<f64>]) -> Vec<Value<f64>>;

    /// For each input the gradient of the loss, as equations appended to the list. Without this rule it is a mistake to
    /// ask for a gradient through the operation.
    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let missing = Error::model(format!("the custom operation `{}` has no gradient", self.name()))
            .hint("write CustomOp::gradient, or do not ask for the gradient through it");
        vec![Some(at.poison(missing)); at.inputs().count()]
    }
}

/// A user's own operation in a graph.
#[derive(Clone)]
pub struct Custom(Arc<dyn CustomOp>);

impl Custom {
    /// The operation as an attribute of an equation.
    pub fn new(op: impl CustomOp) -> Self {
        Custom(Arc::new(op))
    }

    fn identity(&self) -> (&'static str, String) {
        (self.0.name(), self.0.attributes())
    }
}

impl Operation for Custom {
    const NAME: &'static str = "custom";

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        self.0.types(inputs)
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let inputs: Vec<_> = inputs.iter().map(|x| x.converted()).collect();
        let outputs = self.0.reference(&inputs.iter().collect::<Vec<_>>());
        outputs.iter().map(Value::converted).collect()
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        self.0.gradient(at)
    }

    fn cases() -> Vec<Case> {
        vec![]
    }
}

impl Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.0, f)
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Custom {}

impl Hash for Custom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

/// Its name and attributes, for people to read.
impl Serialize for Custom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.identity().serialize(serializer)
    }
}

/// Always an error that says why.
impl<'de> Deserialize<'de> for Custom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (name, _) = <(String, String)>::deserialize(deserializer)?;
        Err(de::Error::custom(format!(
            "the custom operation `{name}` is code of its user and cannot be read from a file"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, Op, f32};

    #[derive(Debug)]
    struct Opaque(usize);

    impl CustomOp for Opaque {
        fn name(&self) -> &'static str {
            "opaque"
        }
        fn attributes(&self) -> String {
            self.0.to_string()
        }
        fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
            Ok(inputs.to_vec())
        }
        fn reference(&self, inputs: &[&Value<f64>]) -> Vec<Value<f64>> {
            inputs.iter().map(|x| (*x).clone()).collect()
        }
    }

    #[test]
    fn equal_by_name_and_attributes() {
        let op = |k| Op::from(Custom::new(Opaque(k)));
        assert_eq!(op(1), op(1));
        assert_ne!(op(1), op(2));
        assert_eq!(op(1).name(), "opaque");
    }

    #[test]
    fn a_missing_gradient_is_a_mistake_and_not_zero() {
        let g = Builder::new();
        let x = g.input("x", f32([3]));
        let slope = g.grad(x.apply(Custom::new(Opaque(1))).sum_all(), &[x])[0];
        let error = g.finish([slope]).expect_err("there is no gradient").to_string();
        assert!(error.contains("`opaque` has no gradient"), "{error}");
    }

    #[test]
    fn it_cannot_be_read_back() {
        let text = serde_json::to_string(&Op::from(Custom::new(Opaque(3)))).expect("it can be written");
        assert_eq!(text, r#"{"custom":["opaque","3"]}"#);
        let error = serde_json::from_str::<Op>(&text).expect_err("it is code").to_string();
        assert!(error.contains("custom operation `opaque` is code"), "{error}");
    }
}
