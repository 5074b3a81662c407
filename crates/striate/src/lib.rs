//! placeholder
#![forbid(unsafe_code)]

pub mod data;
pub mod model;
pub mod nn;
pub mod run;
mod suggest;
pub mod summary;
pub mod train;
pub mod zoo;

/// What most programs need: `use striate::prelude::*;`.
pub mod prelude {
    pub use crate::data::{Dataset, Digits, Preprocessing};
    pub use crate::model::{Loss, Model};
    pub use crate::nn::{Activations, Chain, Expr};
    pub use crate::zoo;
    pub use striate_graph::{Builder, Graph, Init, Layer, Mode, N, Scheme, Type, Var, f32, i32};
    pub use striate_tensor::{Error, Fault, Result, Shape};
}
