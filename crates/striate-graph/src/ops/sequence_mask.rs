//! Which steps of a sequence there are, where sequences of different lengths share a batch.
//!
//! ```text
//! y[n, t] = 1 where t < length[n], else 0                               length: N   y: N×T
//! ```

use crate::operation::Operation;
use crate::types::match_types;
use crate::{Adjoint, Case, N, Type, Value, Var, f32, i32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Error, Number, Result};

/// `sequence_mask(length) → y`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SequenceMask {
    /// T, the number of steps.
    pub steps: usize,
}

impl Operation for SequenceMask {
    const NAME: &'static str = "sequence_mask";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        if self.steps == 0 {
            return Err(Error::model("a sequence has at least one step").found("steps = 0"));
        }
        let n = match_types(inputs, &[i32([N])], 1)?;
        Ok(vec![f32([n, self.steps.into()])])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let length = inputs[0].index();
        let inside = |i: usize| ((i % self.steps) as i64) < i64::from(length.data()[i / self.steps]);
        let y = Array::from_fn([length.data().len(), self.steps], |i| if inside(i) { T::one() } else { T::zero() });
        vec![y.into()]
    }

    fn gradient<'g>(&self, _at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![None]
    }

    fn cases() -> Vec<Case> {
        vec![Case::new(SequenceMask { steps: 5 }, "7<7"), Case::new(SequenceMask { steps: 1 }, "3<2")]
    }
}
