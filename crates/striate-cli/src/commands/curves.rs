use crate::draw::{self, terminal};
use crate::output::Output;
use crate::{Ended, look};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use striate::prelude::*;
use striate::run::{History, RunFolder};

#[derive(Debug, Args)]
pub(crate) struct CurvesArgs {
    /// Folder of the run
    #[arg(default_value = "runs/latest")]
    run: PathBuf,
    /// Folder for the pictures: loss, accuracy, learning rate [default: none are drawn]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[command(flatten)]
    format: super::FormatArgs,
}

pub(crate) fn run(args: &CurvesArgs, output: &mut Output) -> Result<Ended> {
    let history = History::read(&RunFolder::open(&args.run)?)?;
    let mut files = vec![];
    if let Some(folder) = &args.out {
        for (name, drawing) in look::curves::training(&history) {
            let path = folder.join(format!("{name}.{}", args.format.ending()));
            draw::write(&path, &drawing)?;
            files.push(path);
        }
    }
    if output.is_json() {
        let columns: serde_json::Map<_, _> =
            history.columns().iter().filter_map(|name| Some((name.clone(), json!(history.column(name)?)))).collect();
        output.object(&json!({ "epochs": history.epochs(), "columns": columns, "pictures": files }))?;
        return Ok(Ended::Well);
    }
    output.line(format!("epochs: {}", history.epochs()))?;
    let width = history.columns().iter().map(|name| name.len()).max().unwrap_or(0);
    for name in history.columns().iter().filter(|name| *name != "epoch" && *name != "steps") {
        let values: Vec<f64> = history.column(name).unwrap_or_default().into_iter().filter(|v| v.is_finite()).collect();
        if let (Some(first), Some(last)) = (values.first(), values.last()) {
            // A terminal is not endless: of many epochs the last 60.
            let bars = terminal::bars(&values[values.len().saturating_sub(60)..]);
            output.line(format!("{name:<width$}  {bars}  {first} → {last}"))?;
        }
    }
    files.iter().try_for_each(|file| output.line(format!("picture: {}", file.display())))?;
    Ok(Ended::Well)
}
