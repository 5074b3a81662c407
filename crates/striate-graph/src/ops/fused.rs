//! An operation and what is done to its output while that is still in the cache.
//!
//! ```text
//! y = first(x₁, …, xₖ)      outputs: y itself if it is kept, then those of then(y, z₁, z₂, …)
//! ```
//!
//! Passes make it from an operation and the equation that follows, after gradients were taken; it has none of its own.

use super::Op;
use crate::operation::{Cost, Field, Operation};
use crate::{Adjoint, Case, Type, Value, Var};
use serde::{Deserialize, Serialize};
use striate_tensor::{Error, Number, Result};

/// `fused(x₁, …, xₖ, z₁, z₂, …) → (…)`: the first `inputs` inputs belong to `first`, the others to `then`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fused {
    /// What is computed first; it has one output.
    pub first: Box<Op>,
    /// How many inputs belong to it.
    pub inputs: usize,
    /// What is done to its output, its input 0.
    pub then: Box<Op>,
    /// Whether the output of `first` is an output too, before the others.
    pub keeps: bool,
}

impl Operation for Fused {
    const NAME: &'static str = "fused";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let (first, extra) =
            inputs.split_at_checked(self.inputs).ok_or_else(|| Error::internal("inputs are missing"))?;
        let [y] = &self.first.types(first)?[..] else {
            return Err(Error::internal("only an operation with one output is fused").found(self.first.name()));
        };
        let types = self.then.types(&[std::slice::from_ref(y), extra].concat())?;
        Ok(if self.keeps { [vec![y.clone()], types].concat() } else { types })
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (first, extra) = inputs.split_at(self.inputs);
        let mut y = self.first.reference(first);
        let all: Vec<_> = y.iter().chain(extra.iter().copied()).collect();
        let then = self.then.reference(&all);
        y.truncate(usize::from(self.keeps));
        y.extend(then);
        y
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
        let [first, then] = [&self.first, &self.then].map(|op| Box::new(op.at_batch(batch)));
        Fused { first, then, ..self.clone() }
    }

    fn cases() -> Vec<Case> {
        vec![]
    }
}
