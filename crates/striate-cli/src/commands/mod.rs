//! One file for each command.

pub(crate) mod attribute;
pub(crate) mod bench;
pub(crate) mod compare_connectivity;
pub(crate) mod curves;
pub(crate) mod errors;
pub(crate) mod eval;
pub(crate) mod exercises;
pub(crate) mod filter;
pub(crate) mod hierarchy;
pub(crate) mod kernels;
pub(crate) mod locate;
pub(crate) mod maps;
pub(crate) mod models;
pub(crate) mod plan;
pub(crate) mod play;
pub(crate) mod predict;
pub(crate) mod predict_table;
pub(crate) mod report;
pub(crate) mod rf;
pub(crate) mod search;
pub(crate) mod shift;
pub(crate) mod spectrum;
pub(crate) mod subject;
pub(crate) mod summary;
pub(crate) mod tables;
pub(crate) mod trace;
pub(crate) mod train;
pub(crate) mod train_online;
pub(crate) mod train_table;
pub(crate) mod tune;
pub(crate) mod version;

use crate::args::{PartName, SavedArgs};
use clap::{Args, ValueEnum};
use std::path::Path;
use striate::data::Part;
use striate::prelude::*;
use striate::run::{DataRecord, RunFolder, RunRecord, Saved, Weights};
use striate::zoo;

/// The model that a word stands for: a file if it looks like one, else a model that comes with Striate.
fn model(word: &str) -> Result<Model> {
    let path = Path::new(word);
    let looks_like_a_file = path.extension().is_some_and(|end| end == "toml") || path.components().count() > 1;
    if looks_like_a_file || path.is_file() { Model::open(path) } else { zoo::find(word) }
}

/// The model and weights that the arguments name.
///
/// # Errors
/// When they name a model that has no weights; those of reading the file.
fn saved(args: &SavedArgs) -> Result<Saved> {
    let word = args.run.to_string_lossy();
    if !names_weights(&args.run) && model(&word).is_ok() {
        return Err(Error::usage(format!("`{word}` is a model, which has no weights"))
            .expected("the folder of a run, or a file of weights")
            .hint(format!("train it: striate train {word}; then give its run, such as runs/latest")));
    }
    let saved = Saved::open(&args.run, if args.last { Weights::Last } else { Weights::Best })?;
    Ok(saved.with_options(args.kernels.options()?))
}

/// Whether a path looks like a run or a file of weights.
fn names_weights(path: &Path) -> bool {
    path.is_dir()
        || path.file_name().is_some_and(|name| name == "latest")
        || path.extension().is_some_and(|end| end == "safetensors")
}

/// The data that are asked for, else the run's own, else the digits inside.
fn data(saved: &SavedArgs, folder: Option<&Path>) -> Result<DataRecord> {
    if let Some(folder) = folder {
        return Ok(DataRecord { folder: Some(folder.to_path_buf()), ..DataRecord::default() });
    }
    match saved.run.is_file() && saved.run.extension().is_some_and(|end| end == "safetensors") {
        true => Ok(DataRecord::default()),
        false => Ok(RunRecord::read(&RunFolder::open(&saved.run)?)?.data),
    }
}

/// Channels, height and width of the pictures that a model takes.
///
/// # Errors
/// `Fault::Model`: its samples are no pictures.
pub(crate) fn picture_input(model: &Model) -> Result<[usize; 3]> {
    model.input[..].try_into().map_err(|_| {
        Error::model("the model does not read pictures")
            .found(format!("an input of {}", model.input))
            .expected("channels × height × width")
    })
}

/// The part of a data set that a word stands for.
fn part_of(name: PartName) -> Part {
    match name {
        PartName::Train => Part::Train,
        PartName::Test => Part::Test,
    }
}

/// Which kind of files a folder of pictures gets.
#[derive(Debug, Args)]
pub(crate) struct FormatArgs {
    /// Kind of the pictures [default: svg]
    #[arg(long, value_enum, requires = "out")]
    format: Option<PictureFormat>,
}

impl FormatArgs {
    /// Whether one is asked for.
    fn is_given(&self) -> bool {
        self.format.is_some()
    }

    /// The ending of their names.
    fn ending(&self) -> &'static str {
        match self.format.unwrap_or(PictureFormat::Svg) {
            PictureFormat::Svg => "svg",
            PictureFormat::Png => "png",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PictureFormat {
    /// For browsers, editors, printers
    Svg,
    /// For everything else
    Png,
}
