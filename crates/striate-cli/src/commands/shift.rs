use super::{part_of, saved};
use crate::args::{PartName, SavedArgs, ThreadArgs};
use crate::output::{Output, percent};
use crate::{Ended, draw, look};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use striate::explain::Lens;
use striate::explain::shift;
use striate::prelude::*;
use striate::train::Workers;

pub(crate) const ABOUT: &str = "\
Pictures are moved by d pixels left, right, up and down; what they leave repeats the border. For the output f of a layer whose \
units lie s pixels apart:

  E(d) = |f(moved) - moved f| / |moved f|, f moved by d/s units (between two units: interpolated), over units whose receptive
         field lies within the picture and off the repeated border; 0 at multiples of s, else what the stride loses
  C(d) = |f(moved) - f| / |f|, over all units

and of the answer the part of the pictures that keep their class, and the mean change of its probability.";

#[derive(Debug, Args)]
pub(crate) struct ShiftArgs {
    #[command(flatten)]
    saved: SavedArgs,
    /// The greatest shift, in pixels
    #[arg(long, value_name = "PIXELS", default_value = "8")]
    max: usize,
    /// How many samples, the first ones
    #[arg(long, default_value = "200", value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// Picture of the curves: a name that ends with .svg or .png
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folder with other data than the run's own
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Which part of the data
    #[arg(long, value_enum, default_value = "test")]
    part: PartName,
    #[command(flatten)]
    threads: ThreadArgs,
}

pub(crate) fn run(args: &ShiftArgs, output: &mut Output) -> Result<Ended> {
    args.out.as_deref().map_or(Ok(()), draw::check)?;
    let saved = saved(&args.saved)?;
    let lens = Lens::of(&saved)?;
    let data = super::data(&args.saved, args.data.as_deref())?.open(part_of(args.part))?.take(args.samples as usize);
    let shifts = shift::measure(&lens, &Workers::new(args.threads.count()), &data, args.max)?;
    let name = &lens.model().name;
    if let Some(path) = &args.out {
        draw::write(path, &look::shifts::drawing(name, &shifts))?;
    }
    if output.is_json() {
        output.object(&json!({ "model": name, "data": data.source(), "shifts": shifts, "picture": args.out }))?;
        return Ok(Ended::Well);
    }
    output.line(format!("{name}: {} pictures moved each way along each axis", shifts.samples))?;
    output.line(" shift  same class  mean |Δp|")?;
    for (d, (same, p)) in shifts.same_class.iter().zip(&shifts.probability).enumerate() {
        output.line(format!("{d:>6}  {:>10}  {p:>9.4}", percent(*same)))?;
    }
    output.line(format!(
        "{:<12} {:<12} {:>6} {:>9} {:>16} {:>11}",
        "layer",
        "type",
        "stride",
        "mean E",
        "E at multiples",
        format!("C({})", args.max)
    ))?;
    for layer in &shifts.layers {
        let stride: Vec<_> = layer.stride.iter().map(usize::to_string).collect();
        let number = |v: Option<f64>| v.map_or("-".to_string(), |v| format!("{v:.4}"));
        output.line(format!(
            "{:<12} {:<12} {:>6} {:>9} {:>16} {:>11}",
            layer.layer,
            layer.kind,
            stride.join("×"),
            number(layer.mean_error()),
            layer.error_at_multiples().map_or("-".to_string(), |v| format!("{v:.1e}")),
            number(layer.change.last().copied().flatten())
        ))?;
    }
    output.line("E: how far maps are from moving along; -: no unit whose field stays off the border")?;
    args.out.iter().try_for_each(|path| output.line(format!("picture: {}", path.display())))?;
    Ok(Ended::Well)
}
