//! Which variant of a convolution is the fastest, by measurement.
//!
//! Plans choose variants by rules. Where a rule is wrong for a machine, a table of choices says so: [`known`] comes with
//! Striate, and `striate tune` writes one of the user's own, [`cache_file`]. Both reach a plan only through
//! [`Options::choices`](striate_plan::Options::choices); [`load`] gives the two together.
//!
//! What is chosen decides which bits come out, so a training run records its choices in its folder and goes on with those:
//! neither a new measurement nor another machine changes a run that was begun.
//!
//! ```
//! use striate::bench::Task;
//! use striate::plan::{Choices, Isa, Workers};
//! use striate::prelude::*;
//! use striate::tune::jobs;
//! let model = Model::new("small", [4, 8, 8]).classes(2).conv2d(4, 3).same().flatten().dense(2).finish()?;
//! for job in jobs(&model, 2, Task::Infer)? {
//!     let (before, now) = (Choices::default(), Workers::new(1));
//!     if let Some(outcome) = job.measure(Isa::best(), &before, &now)? {
//!         println!("{outcome}");
//!     }
//! }
//! # Ok::<(), Error>(())
//! ```

mod job;
mod machine;
mod table;

pub use job::{Job, Outcome, jobs};
pub use machine::Machine;
pub use table::{Table, cache_file, known, load};
