//! A network is a list of equations.
//!
//! A [`Graph`] holds values and the equations that compute them; a [`Builder`] appends equations, checking each one's
//! types as it comes; [`Builder::grad`] appends those of the gradient; [`interpret()`] computes them all, slowly and
//! obviously. What an operation means lies in one file of [`ops`]. Nothing here is fast, and nothing here knows a
//! kernel: the plan is another crate, held against this one.
//!
//! ```
//! use striate_graph::{interpret, f32, Builder, State, Value, N};
//! use striate_tensor::Array;
//!
//! let g = Builder::new();
//! let x = g.input("x", f32([N, 3.into()]));
//! let loss = (x * x).mean_all().named("loss");
//! let slope = g.grad(loss, &[x])[0].named("slope");
//! let graph = g.finish([loss, slope])?;
//! let x = Value::Real(Array::new([2, 3], vec![1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0]));
//! let trace = interpret(&graph, &State::new(), &[("x", x)])?;
//! assert_eq!(trace.output("slope").real().at(&[1, 2]), 2.0);
//! # Ok::<(), striate_tensor::Error>(())
//! ```
#![forbid(unsafe_code)]

mod build;
mod case;
mod expr;
mod grad;
mod graph;
mod init;
mod interpret;
pub mod layer;
mod operation;
pub mod ops;
pub mod optim;
pub mod types;
mod value;

pub use build::{Builder, Outputs, Var};
pub use case::{Case, CaseInput};
pub use grad::{Adjoint, GradientRule};
pub use graph::{Equation, Graph, Source, Update, ValueId, ValueInfo};
pub use init::{Init, Scheme};
pub use interpret::{State, Trace, interpret};
pub use layer::{LayerForm, Mode, Scope};
pub use operation::{Cost, Field, Operation};
pub use ops::custom::{Custom, CustomOp};
pub use ops::{Layer, Op};
pub use optim::Optimizer;
pub use types::{Dim, N, Type, f32, i32};
pub use value::Value;
