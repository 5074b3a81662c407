//! Convolutional networks: define them, train them, look inside.
//!
//! A network is a list of equations, a [`Graph`](graph::Graph). There are three doors to one:
//!
//! | door | for |
//! |---|---|
//! | [`zoo`] | networks that come with Striate: LeNet-5 as published and as written today, ResNet-20, … |
//! | [`Model`](model::Model) | layers in order, skips by name: a chain in Rust, or a `model.toml` |
//! | [`Builder`](graph::Builder) | any graph: values, operators, and the layers of [`nn`] as methods |
//!
//! What is built then gives its gradient, its [`summary`], and runs: [`data`] feeds it, [`train`] trains it, [`bench`](mod@bench) times it, [`tune`]
//! finds the fastest kernels, [`explain`] looks inside.
//!
//! ```
//! use striate::prelude::*;
//!
//! let model = Model::new("small", [1, 28, 28])
//!     .classes(10)
//!     .conv2d(8, 5).same().relu()
//!     .max_pool2d(2)
//!     .flatten()
//!     .dense(10)
//!     .finish()?; // every mistake at once, each with the line that made it
//!
//! println!("{}", model.summary()?); // shapes, parameters, connections, multiply-adds, memory, receptive fields
//! println!("{}", model.to_toml()); // the same model as a file
//! let graph = model.graph_for_inference()?; // samples to scores and probabilities
//! assert_eq!(graph.parameters().count(), 4);
//! # Ok::<(), Error>(())
//! ```
//!
//! Mistakes are values that say what was found, what was expected, where, and what to do: an [`Error`](tensor::Error).
//! Everything that a program needs is in this crate: the floors below are [`tensor`], [`graph`] and [`plan`];
//! [`classics`] are the networks around convolutional ones, from the perceptron to the deep belief network.
#![forbid(unsafe_code)]

pub mod bench;
pub mod data;
pub mod evaluate;
pub mod exercises;
pub mod explain;
pub mod model;
pub mod nn;
pub mod run;
pub mod suggest;
pub mod summary;
mod table;
pub mod tables;
pub mod train;
pub mod tune;
pub mod zoo;

pub use striate_classics as classics;
pub use striate_graph as graph;
pub use striate_plan as plan;
pub use striate_tensor as tensor;

/// What most programs need: `use striate::prelude::*;`.
pub mod prelude {
    pub use crate::data::{Dataset, Digits, Preprocessing};
    pub use crate::model::{Loss, Model};
    pub use crate::nn::{Activations, Chain, Expr, layers};
    pub use crate::zoo;
    pub use striate_graph::{Builder, Graph, Init, Layer, Mode, N, Scheme, Type, Var, f32, i32};
    pub use striate_tensor::{Error, Fault, Result, Shape};
}

/// The README's example is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
