use super::{part_of, saved};
use crate::args::{PartName, SavedArgs, ThreadArgs};
use crate::output::Output;
use crate::{Ended, draw, look};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use striate::prelude::*;
use striate::train::Workers;

#[derive(Debug, Args)]
pub(crate) struct ErrorsArgs {
    #[command(flatten)]
    saved: SavedArgs,
    /// Folder with other data than the run's own
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Which part of the data
    #[arg(long, value_enum, default_value = "test")]
    part: PartName,
    /// How many samples, those with the greatest loss
    #[arg(long, value_name = "SAMPLES", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=400))]
    top: u16,
    /// Picture to draw them on: a name that ends with .svg or .png
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    threads: ThreadArgs,
}

pub(crate) fn run(args: &ErrorsArgs, output: &mut Output) -> Result<Ended> {
    args.out.as_deref().map_or(Ok(()), draw::check)?;
    let saved = saved(&args.saved)?;
    let data = super::data(&args.saved, args.data.as_deref())?.open(part_of(args.part))?;
    if args.out.is_some() {
        look::samples::picture_shape(&data)?;
    }
    let answers = saved.answers(&Workers::new(args.threads.count()), &data)?;
    let worst = answers.worst(usize::from(args.top));
    if let Some(path) = &args.out {
        let title = format!("The samples with the greatest loss: {}", saved.model().name);
        draw::write(path, &look::samples::sheet(&title, &data, &answers, &worst, 8)?)?;
    }
    let name = |k: usize| &answers.classes()[k];
    if output.is_json() {
        let errors = worst.iter().map(|j| {
            json!({
                "sample": j.sample, "true": name(j.truth), "predicted": name(j.predicted),
                "probability_of_true": j.probability, "probability_of_predicted": j.confidence, "loss": j.surprise,
            })
        });
        output.object(&json!({
            "model": saved.model().name, "data": data.source(), "errors": errors.collect::<Vec<_>>(), "picture": args.out,
        }))?;
        return Ok(Ended::Well);
    }
    if look::samples::picture_shape(&data).is_ok() {
        output.line(look::samples::text(&data, &answers, &worst, crate::output::width())?)?;
    }
    for j in &worst {
        let right = if j.truth == j.predicted { "right" } else { "wrong" };
        output.line(format!(
            "sample {:>6}: true {} ({:.4}), said {} ({:.4}), loss {:.3}, {right}",
            j.sample,
            name(j.truth),
            j.probability,
            name(j.predicted),
            j.confidence,
            j.surprise
        ))?;
    }
    if let Some(path) = &args.out {
        output.line(format!("picture: {}", path.display()))?;
    }
    Ok(Ended::Well)
}
