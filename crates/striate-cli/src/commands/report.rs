use crate::output::Output;
use crate::page::{Context, Wishes, page};
use crate::{Ended, args::ThreadArgs};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use striate::prelude::*;
use striate::run::RunFolder;
use striate_io::write_atomically;

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Folder of the run
    #[arg(default_value = "runs/latest")]
    run: PathBuf,
    /// File to write [default: report.html in the run's folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A picture of yours to look at, besides samples of the data
    #[arg(long, value_name = "PICTURE")]
    image: Option<PathBuf>,
    /// Answer few samples, leave out what takes long
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    threads: ThreadArgs,
}

pub(crate) fn run(args: &ReportArgs, output: &mut Output) -> Result<Ended> {
    let folder = RunFolder::open(&args.run)?;
    let out = args.out.clone().unwrap_or_else(|| folder.path().join("report.html"));
    let wishes = Wishes { threads: args.threads.count(), image: args.image.clone(), quick: args.quick };
    let bytes = write(folder, &wishes, &out)?;
    match output.is_json() {
        true => output.object(&json!({ "report": out, "bytes": bytes }))?,
        false => output.line(format!("report: {} ({} kB)", out.display(), bytes.div_ceil(1000)))?,
    }
    Ok(Ended::Well)
}

/// Writes the report of a run; gives its size in bytes.
///
/// # Errors
/// As [`Context::open`]; `Fault::Data`: the disk.
pub(crate) fn write(folder: RunFolder, wishes: &Wishes, out: &Path) -> Result<usize> {
    let text = page(&Context::open(folder, wishes)?)?;
    write_atomically(out, |file| file.write_all(text.as_bytes()))?;
    Ok(text.len())
}
