//! All operations. One line here and one file beside it make an operation: it then runs, is differentiated, counted,
//! printed and tested.

use crate::operation::{Cost, Field, Operation};
use crate::{Adjoint, Case, Type, Value, Var};
use serde::{Deserialize, Serialize};
use striate_tensor::{Number, Result};

macro_rules! operations {
    ($($file:ident: $($name:ident),+;)+) => {
        $(pub mod $file;)+

        /// An operation with its attributes.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Op {
            $($(#[doc = concat!("See [`", stringify!($file), "::", stringify!($name), "`].")] $name($file::$name),)+)+
        }

        impl Op {
            /// The name in printed graphs.
            pub fn name(&self) -> &'static str {
                match self { $($(Op::$name(_) => $file::$name::NAME,)+)+ }
            }

            /// See [`Operation::types`].
            pub fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
                match self { $($(Op::$name(op) => op.types(inputs),)+)+ }
            }

            /// See [`Operation::reference`].
            pub fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
                match self { $($(Op::$name(op) => op.reference(inputs),)+)+ }
            }

            /// See [`Operation::gradient`].
            pub fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
                match self { $($(Op::$name(op) => op.gradient(at),)+)+ }
            }

            /// See [`Operation::cost`].
            pub fn cost(&self, inputs: &[Type]) -> Cost {
                match self { $($(Op::$name(op) => op.cost(inputs),)+)+ }
            }

            /// See [`Operation::field`].
            pub fn field(&self) -> Field {
                match self { $($(Op::$name(op) => op.field(),)+)+ }
            }

            /// See [`Operation::at_batch`].
            pub fn at_batch(&self, batch: usize) -> Self {
                match self { $($(Op::$name(op) => Op::$name(op.at_batch(batch)),)+)+ }
            }

            /// The cases of every operation.
            pub fn cases() -> Vec<Case> {
                let mut cases = Vec::new();
                $($(cases.extend($file::$name::cases());)+)+
                cases
            }
        }

        $($(impl From<$file::$name> for Op {
            fn from(op: $file::$name) -> Self {
                Op::$name(op)
            }
        })+)+
    };
}

operations! {
    conv: Conv, ConvGradInput, ConvGradWeight;
    pool: MaxPool, MaxPoolGrad, MaxPoolAt, MeanPool, MeanPoolGrad;
    map: Map;
    reduce: Reduce, Expand;
    shape: Reshape;
}
