//! An elementwise program some of whose outputs are summed at once instead of being kept.
//!
//! ```text
//! yₖ = programₖ(x₁, x₂, …)      or      yₖ[r] = Σ programₖ(x₁, x₂, …)[r, …] over the axes that are summed
//! ```
//!
//! Passes make it from maps and the sums that read them, after gradients were taken; it has none of its own. A summed
//! axis stays, with size 1.

use crate::operation::{Field, Operation};
use crate::ops::map::Map;
use crate::ops::reduce::{Reduce, Reduction};
use crate::{Adjoint, Case, Type, Value, Var};
use serde::{Deserialize, Serialize};
use striate_tensor::{Error, Number, Program, Result};

/// `map_sums(x₁, x₂, …) → (y₁, y₂, …)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MapSums {
    /// What is done to each element.
    pub program: Program,
    /// For each output of the program whether its sum is what is kept.
    pub summed: Vec<bool>,
    /// The axes that sums run over, rising.
    pub axes: Vec<usize>,
}

impl MapSums {
    /// The sum over [`MapSums::axes`] as an operation of its own.
    pub fn sum(&self) -> Reduce {
        Reduce { reduction: Reduction::Sum, axes: self.axes.clone() }
    }
}

impl Operation for MapSums {
    const NAME: &'static str = "map_sums";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let types = Map { program: self.program.clone() }.types(inputs)?;
        if types.len() != self.summed.len() {
            return Err(Error::internal("not every output says whether it is summed").found(self.summed.len()));
        }
        let one = |(ty, &summed): (Type, &bool)| match summed {
            true => Ok(self.sum().types(&[ty])?.remove(0)),
            false => Ok(ty),
        };
        types.into_iter().zip(&self.summed).map(one).collect()
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let whole = Map { program: self.program.clone() }.reference(inputs);
        let one = |(y, &summed): (Value<T>, &bool)| match summed {
            true => self.sum().reference(&[&y]).remove(0),
            false => y,
        };
        whole.into_iter().zip(&self.summed).map(one).collect()
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let error = Error::internal("gradients are taken before sums are written into maps");
        vec![Some(at.output(0).builder().poison(error)); self.program.inputs()]
    }

    fn field(&self) -> Field {
        Field::Point
    }

    fn cases() -> Vec<Case> {
        vec![]
    }
}
