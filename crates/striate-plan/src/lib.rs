//! The fast executor: a [`Plan`] is a graph made ready for one batch size, a [`Store`] what is kept between runs.
//!
//! ```
//! use striate_graph::{f32, Builder, Init, N};
//! use striate_plan::{Feed, Options, Plan, Store, Workers};
//!
//! let g = Builder::new();
//! let x = g.input("x", f32([N, 2.into()]));
//! let w = g.parameter("w", f32([1, 2]), Init::Fill(3.0));
//! let y = (x * w).named("y");
//! let graph = g.finish([y])?;
//!
//! let workers = Workers::new(1);
//! let mut store = Store::new(&graph, 1);
//! let mut plan = Plan::new(&graph, 2, &Options::default())?;
//! plan.run(&workers, &mut store, &[Feed::F32(&[1.0, 2.0, 3.0, 4.0])])?;
//! assert_eq!(plan.output(0), [3.0, 6.0, 9.0, 12.0]);
//! # Ok::<(), striate_tensor::Error>(())
//! ```
#![deny(unsafe_code)]

mod arena;
mod choices;
mod kernels;
#[allow(unsafe_code)] // views of the arena
mod memory;
mod passes;
mod plan;
mod slices;
mod store;

pub use choices::{Choices, ConvPass, problem_text};
pub use plan::{Feed, Options, Plan, Step};
pub use store::{Store, Tensor};
pub use striate_kernels::{Isa, Workers, available_threads};

use passes::Readers;
