//! One file for each command.

pub(crate) mod bench;
pub(crate) mod eval;
pub(crate) mod models;
pub(crate) mod plan;
pub(crate) mod play;
pub(crate) mod predict;
pub(crate) mod predict_table;
pub(crate) mod search;
pub(crate) mod summary;
pub(crate) mod tables;
pub(crate) mod train;
pub(crate) mod train_online;
pub(crate) mod train_table;
pub(crate) mod tune;
pub(crate) mod version;

use crate::args::SavedArgs;
use std::path::Path;
use striate::prelude::*;
use striate::run::{Saved, Weights};
use striate::zoo;

/// The model that a word stands for: a file if it looks like one, else a model that comes with Striate.
fn model(word: &str) -> Result<Model> {
    let path = Path::new(word);
    let looks_like_a_file = path.extension().is_some_and(|end| end == "toml") || path.components().count() > 1;
    if looks_like_a_file || path.is_file() { Model::open(path) } else { zoo::find(word) }
}

/// The model and weights that the arguments name.
fn saved(args: &SavedArgs) -> Result<Saved> {
    let saved = Saved::open(&args.run, if args.last { Weights::Last } else { Weights::Best })?;
    Ok(saved.with_options(args.kernels.options()?))
}
