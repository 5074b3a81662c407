use crate::Ended;
use crate::args::SummaryArgs;
use crate::output::Output;
use std::path::Path;
use striate::prelude::*;
use striate::run::{RunFolder, Saved, Weights};

pub(crate) fn run(args: &SummaryArgs, output: &mut Output) -> Result<Ended> {
    let summary = model(&args.model)?.summary()?;
    match output.is_json() {
        true => output.object(&summary)?,
        false => output.line(summary.to_string().trim_end())?,
    }
    Ok(Ended::Well)
}

/// The model that a word stands for; a run or a file of weights has one too.
fn model(word: &str) -> Result<Model> {
    let path = Path::new(word);
    if path.is_dir() || path.file_name().is_some_and(|name| name == "latest") {
        return Model::open(&RunFolder::open(path)?.model());
    }
    match path.extension().is_some_and(|end| end == "safetensors") {
        true => Ok(Saved::open(path, Weights::Best)?.model().clone()),
        false => super::model(word),
    }
}
