//! Saved runs: a folder for each training, from which it can go on, be measured and be used.
//!
//! | file | content |
//! |---|---|
//! | `run.toml` | every setting, and where it came from |
//! | `model.toml` | the model |
//! | `metrics.csv` | one line for each complete epoch |
//! | `weights/best.safetensors` | the weights of the epoch with the best accuracy on the watched data |
//! | `weights/last.safetensors` | the weights of the last complete epoch, or of the moment of an interruption |
//! | `checkpoint.safetensors` | everything that the rest of the training depends on |
//!
//! `latest`, beside the folders, leads to the one made last. Every file is written atomically: at each moment it is the
//! old one or the new one. A [`Session`] trains in such a folder; [`Saved`] reads a model with its weights from one.

mod checkpoint;
mod folder;
mod history;
mod record;
mod saved;
mod session;

pub use folder::{RunFolder, Weights};
pub use history::History;
pub use record::{DataRecord, RunRecord, WatchedPart};
pub use saved::Saved;
pub use session::{Session, SessionEvent, Start, Summary};
