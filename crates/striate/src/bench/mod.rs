//! How fast a model runs: training steps or predictions on one batch of noise, each timed by itself.
//!
//! ```
//! use striate::bench::{Task, Times, Workload};
//! use striate::prelude::*;
//!
//! let mut workload = Workload::new(&zoo::find("lenet5")?, 2, Task::Train, 1)?;
//! workload.measure(1)?; // the first step prepares memory
//! let times = Times::new(workload.measure(3)?);
//! println!("{} images/s", workload.batch() as f64 / times.median().as_secs_f64());
//! assert!(times.least() <= times.median());
//! # Ok::<(), Error>(())
//! ```

pub(crate) mod convolution;
mod listing;
mod memory;
mod op;
mod problem;
mod profile;
mod times;
mod workload;

pub use listing::{Line, Listing};
pub use memory::peak_memory_kib;
pub use op::{OpReport, Variant, VariantReport, bench_op};
pub use problem::{Pass, Problem};
pub use profile::{Cost, Family, Profile, Timed};
pub use times::Times;
pub(crate) use workload::check_batch;
pub use workload::{Task, Workload};
