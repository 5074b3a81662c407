//! An operation with an elementwise program run on its output while it is still in the cache.
//!
//! ```text
//! y = program(first(x₁, …, xₖ), z₁, z₂, …)
//! ```
//!
//! Passes make it from an operation and the map that follows, after gradients were taken; it has none of its own.

use super::Op;
use crate::operation::{Cost, Field, Operation};
use crate::ops::map::Map;
use crate::{Adjoint, Case, Type, Value, Var};
use serde::{Deserialize, Serialize};
use striate_tensor::{Error, Number, Program, Result};

/// `fused(x₁, …, xₖ, z₁, z₂, …) → y`: the first `inputs` inputs belong to `first`, the others to the program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fused {
    /// What is computed first; it has one output.
    pub first: Box<Op>,
    /// How many inputs belong to it.
    pub inputs: usize,
    /// What is done to each element of its output, input 0 of the program.
    pub program: Program,
}

impl Operation for Fused {
    const NAME: &'static str = "fused";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let (first, extra) =
            inputs.split_at_checked(self.inputs).ok_or_else(|| Error::internal("inputs are missing"))?;
        let [y] = &self.first.types(first)?[..] else {
            return Err(Error::internal("only an operation with one output is fused").found(self.first.name()));
        };
        let types = Map { program: self.program.clone() }.types(&[std::slice::from_ref(y), extra].concat())?;
        match &types[..] {
            [z] if z == y => Ok(types),
            _ => Err(Error::internal("an epilogue keeps the type").found(format!("{types:?}")).expected(y)),
        }
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (first, extra) = inputs.split_at(self.inputs);
        let y = self.first.reference(first);
        let all: Vec<_> = y.iter().chain(extra.iter().copied()).collect();
        Map { program: self.program.clone() }.reference(&all)
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let error = Error::internal("gradients are taken before operations are fused");
        vec![Some(at.output(0).builder().poison(error)); self.inputs]
    }

    fn cost(&self, inputs: &[Type]) -> Cost {
        self.first.cost(&inputs[..self.inputs])
    }

    fn field(&self) -> Field {
        self.first.field()
    }

    fn at_batch(&self, batch: usize) -> Self {
        Fused { first: Box::new(self.first.at_batch(batch)), ..self.clone() }
    }

    fn cases() -> Vec<Case> {
        vec![]
    }
}
