//! Looking inside a network: what its layers give, what they see, what decides.
//!
//! A [`Lens`] is a model with weights that stay as they are. Any question to it is a graph: its layers' outputs, what is
//! computed from them, gradients of either; the fast executor answers.
//!
//! ```
//! use striate::explain::Lens;
//! use striate::plan::Workers;
//! use striate::prelude::*;
//! use striate::tensor::Array;
//!
//! let lens = Lens::untrained(zoo::find("lenet5")?, 1)?;
//! let digits = Array::full([2, 1, 28, 28], 0.5f32);
//!
//! // What a layer gives.
//! let maps = lens.outputs(&Workers::new(1), &["pool1"], &digits)?;
//! assert_eq!(maps[0].shape()[..], [2, 6, 14, 14]);
//!
//! // How the sum of the scores of class 3 changes with each pixel.
//! let mut question = lens.ask(|view| {
//!     let score = view.output.slice(1, 3..4).sum_all();
//!     view.builder.grad(score, &[view.input])
//! })?;
//! let slopes = question.answer(&Workers::new(1), &digits, &[])?;
//! assert_eq!(slopes[0].shape(), digits.shape());
//! # Ok::<(), Error>(())
//! ```

pub mod attribution;
mod boxes;
mod dense_matrix;
mod effective_field;
mod feed;
mod filters;
mod granularity;
pub mod heatmap;
pub mod hierarchy;
mod kernels;
mod lens;
pub mod locate;
mod receptive_field;
mod response;
pub mod shift;
mod trace;
mod transform;

pub use boxes::Boxes;
pub(crate) use boxes::boxes;
pub use dense_matrix::{Comparison, Connectivity, DenseMatrix, compare, dense, to_dense_matrix};
pub use effective_field::{EffectiveField, FieldProbe, Size};
pub use filters::{Filter, TwoPaths, filter, filters, two_paths};
pub use granularity::{BANDS, Granularity, granularity};
pub use kernels::{DUPLICATE, KernelBank, KernelFacts, Order, activity};
pub use lens::{Lens, LensLayer, Question, View};
pub(crate) use receptive_field::fields;
pub use receptive_field::{Reach, ReceptiveField};
pub use response::{Character, Response};
pub use trace::{Step, Term, Tracing, trace};
pub use transform::{Plane, frequency};
