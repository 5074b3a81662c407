use super::subject;
use crate::args::SavedArgs;
use crate::output::{Output, percent};
use crate::{Ended, draw, look};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use striate::data::Invert;
use striate::prelude::*;
use striate::train::Workers;

#[derive(Debug, Args)]
pub(crate) struct MapsArgs {
    #[command(flatten)]
    saved: SavedArgs,
    /// PNG, JPEG or BMP file of any size
    #[arg(value_name = "PICTURE")]
    picture: PathBuf,
    /// One layer [default: all]
    #[arg(long)]
    layer: Option<String>,
    /// Folder for a picture of each layer; with --layer a file that ends with .svg or .png, too [default: none are drawn]
    #[arg(long, value_name = "FOLDER|FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    format: super::FormatArgs,
    /// Whether to turn light into dark: auto, never or always
    #[arg(long, default_value = "auto", value_parser = crate::args::invert)]
    invert: Invert,
}

pub(crate) fn run(args: &MapsArgs, output: &mut Output) -> Result<Ended> {
    let lens = subject::trained(&args.saved)?;
    let names: Vec<&str> = match &args.layer {
        Some(name) => vec![lens.layer(name)?.name.as_str()],
        None => lens.layers().iter().map(|layer| layer.name.as_str()).collect(),
    };
    let file = args.out.as_ref().filter(|path| path.extension().is_some() && !path.is_dir());
    if let Some(path) = file {
        draw::check(path)?;
        if args.layer.is_none() {
            return Err(Error::usage("all layers do not fit one picture")
                .found(format!("--out {}", path.display()))
                .expected("a folder, or --layer with one layer"));
        }
        if args.format.is_given() {
            return Err(Error::usage("--format is for folders")
                .found(format!("--out {}", path.display()))
                .hint("the ending of the file says its kind; leave --format out, or give a folder"));
        }
    }
    let (sample, picture) = subject::picture(&lens, &args.picture, args.invert)?;
    let values = lens.outputs(&Workers::new(1), &names, &sample)?;
    let (mut files, mut told) = (vec![], vec![]);
    for (name, values) in names.iter().zip(&values) {
        let layer = lens.layer(name)?;
        let mut drawn = None;
        if let Some(out) = &args.out
            && let Some(drawing) = look::maps::drawing(layer, values)
        {
            let path = match file {
                Some(path) => path.clone(),
                None => out.join(format!("{name}.{}", args.format.ending())),
            };
            draw::write(&path, &drawing)?;
            drawn = Some(path.clone());
            files.push(path);
        }
        let data = values.data();
        let count = data.len().max(1) as f64;
        let mean = data.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
        let zero = data.iter().filter(|v| **v == 0.0).count() as f64 / count;
        let (low, high) = draw::colour::extent(data);
        told.push((layer, low, mean, high, zero, drawn));
    }
    if output.is_json() {
        let layers = told.iter().map(|(layer, low, mean, high, zero, drawn)| {
            json!({
                "layer": layer.name, "type": layer.kind, "shape": &layer.output[..], "least": low, "mean": mean,
                "greatest": high, "zero": zero, "picture": drawn,
            })
        });
        output.object(&json!({
            "model": lens.model().name, "picture": args.picture, "prepared": picture.to_string(),
            "layers": layers.collect::<Vec<_>>(),
        }))?;
        return Ok(Ended::Well);
    }
    output.line(format!("{}  ({picture})", args.picture.display()))?;
    let width = told.iter().map(|t| t.0.name.len()).max().unwrap_or(0);
    for (layer, low, mean, high, zero, _) in &told {
        output.line(format!(
            "  {:<width$}  {:<12} {:>10.4} … {:>10.4}  mean {:>9.4}  zero {:>8}",
            layer.name,
            layer.output.to_string(),
            low,
            high,
            mean,
            percent(*zero)
        ))?;
    }
    files.iter().try_for_each(|file| output.line(format!("picture: {}", file.display())))?;
    Ok(Ended::Well)
}
