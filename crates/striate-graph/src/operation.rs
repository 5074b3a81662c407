use crate::{Adjoint, Case, Type, Value, Var};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use std::hash::Hash;
use striate_tensor::{Number, Result, Window};

/// What one operation means. Its attributes are plain data; its rules are these functions.
///
/// The file of an operation reads from the top like a short paper: formula, attributes, rules, cases.
pub trait Operation: Clone + Debug + PartialEq + Eq + Hash + Serialize + DeserializeOwned {
    /// The name in printed graphs: snake case, as the field calls it.
    const NAME: &'static str;

    /// The name that this one has in printed graphs.
    fn name(&self) -> &'static str {
        Self::NAME
    }

    /// The types of the outputs, or what is wrong with the inputs. The only place where shapes are checked.
    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>>;

    /// The outputs, computed without any cleverness.
    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>>;

    /// For each input the gradient of the loss, as equations appended to the list; `None` where there is none.
    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>>;

    /// Products that the reference takes, taps in the padding left out; elementwise work counts as nothing.
    fn cost(&self, _inputs: &[Type]) -> Cost {
        Cost::default()
    }

    /// How an output position looks back on the spatial axes of the first input.
    fn field(&self) -> Field {
        Field::Whole
    }

    /// The same operation once the batch size is known.
    fn at_batch(&self, _batch: usize) -> Self {
        self.clone()
    }

    /// Small problems that every floor tests its promises on.
    fn cases() -> Vec<Case>;
}

/// Multiply-adds of one evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// As everybody counts them: taps in the padding included.
    pub multiply_adds: u64,
    /// Those of them that meet the padding and need not be done.
    pub in_padding: u64,
}

impl Cost {
    /// So many multiply-adds, none of them in the padding.
    pub fn exactly(multiply_adds: u64) -> Self {
        Cost { multiply_adds, in_padding: 0 }
    }
}

/// The receptive-field rule of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// Each position sees only itself.
    Point,
    /// Each position sees a sliding window, one a spatial axis.
    Sliding(Vec<Window>),
    /// Each position may see everything.
    Whole,
}
