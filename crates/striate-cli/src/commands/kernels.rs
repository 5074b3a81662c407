use super::subject;
use crate::args::{SavedArgs, ThreadArgs};
use crate::output::{Output, note};
use crate::{Ended, draw, look};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use striate::data::Part;
use striate::explain::{KernelBank, Lens, Order, activity};
use striate::prelude::*;
use striate::train::Workers;

#[derive(Debug, Args)]
pub(crate) struct KernelsArgs {
    #[command(flatten)]
    saved: SavedArgs,
    /// The convolution [default: the first]
    #[arg(long)]
    layer: Option<String>,
    /// Order of the kernels: largest norm, or lowest frequency, first
    #[arg(long, value_enum, default_value = "index")]
    sort: OrderName,
    /// Draw each kernel's plane for each input channel instead of its mean over them
    #[arg(long)]
    planes: bool,
    /// Data to look for kernels that are never active [default: the run's own test part]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Look at no data
    #[arg(long, conflicts_with = "data")]
    no_data: bool,
    /// Picture to draw them on: a name that ends with .svg or .png
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    threads: ThreadArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OrderName {
    Index,
    Norm,
    Frequency,
}

impl From<OrderName> for Order {
    fn from(name: OrderName) -> Self {
        match name {
            OrderName::Index => Order::Index,
            OrderName::Norm => Order::Norm,
            OrderName::Frequency => Order::Frequency,
        }
    }
}

pub(crate) fn run(args: &KernelsArgs, output: &mut Output) -> Result<Ended> {
    args.out.as_deref().map_or(Ok(()), draw::check)?;
    let lens = subject::trained(&args.saved)?;
    let layer = subject::convolution(&lens, args.layer.as_deref())?;
    let bank = KernelBank::of(&lens, &layer)?;
    let active = if args.no_data { None } else { active(args, &lens, &layer)? };
    let facts = bank.facts(active.as_ref().map(|(_, ranges)| &ranges[..]));
    let (order, duplicates) = (bank.order(args.sort.into()), bank.duplicates());
    if let Some(path) = &args.out {
        let title = format!("Kernels of {layer} in {}", lens.model().name);
        draw::write(path, &look::kernels::drawing(&title, &bank, &facts, &order, &duplicates, args.planes))?;
    }
    let dead: Vec<_> = facts.iter().filter(|f| f.dead_by_norm || f.dead_by_output == Some(true)).collect();
    let watched = active.as_ref().map(|(watched, _)| watched);
    if output.is_json() {
        let kernels: Vec<_> = order.iter().map(|&channel| &facts[channel]).collect();
        let pairs: Vec<_> =
            duplicates.iter().map(|(a, b, cosine)| json!({ "kernels": [a, b], "cosine": cosine })).collect();
        output.object(&json!({
            "model": lens.model().name, "layer": layer, "shape": bank.conv.weight().shape().to_vec(), "watched": watched,
            "kernels": kernels, "dead": dead.iter().map(|f| f.channel).collect::<Vec<_>>(), "duplicates": pairs,
            "picture": args.out,
        }))?;
        return Ok(Ended::Well);
    }
    output.line(format!("{layer}: {} kernels of {}", bank.count(), bank.conv.weight()))?;
    for &channel in &order {
        let (f, two) = (&facts[channel], facts[channel].response.as_ref());
        let label = two.map_or(String::new(), |r| format!("{}, mean frequency {:.3}", r.label(), r.centroid));
        output.line(format!("  {channel:>4}  norm {:>9.4}  {label}", f.norm))?;
    }
    for f in &dead {
        let why = match (f.dead_by_norm, f.dead_by_output == Some(true)) {
            (true, true) => "its norm is below a hundredth of the median, and its output never changes",
            (true, false) => "its norm is below a hundredth of the median",
            _ => "its output never changes over the data",
        };
        output.line(format!("dead: {} ({why})", f.channel))?;
    }
    for (a, b, cosine) in &duplicates {
        output.line(format!("duplicates: {a} and {b} (cosine {cosine:.3})"))?;
    }
    if dead.is_empty() {
        let looked = watched.map_or("by norm".to_string(), |layer| format!("by norm and by the output of {layer}"));
        output.line(format!("dead: none, {looked}"))?;
    }
    if duplicates.is_empty() {
        output.line("duplicates: none with a cosine above 0.95")?;
    }
    args.out.iter().try_for_each(|file| output.line(format!("picture: {}", file.display())))?;
    Ok(Ended::Well)
}

/// How much the output of each kernel varies over the data; none, with a note, where the run's own data do not fit.
fn active(args: &KernelsArgs, lens: &Lens, layer: &str) -> Result<Option<(String, Vec<f32>)>> {
    let model = lens.model();
    let data = super::data(&args.saved, args.data.as_deref())?.open(Part::Test)?;
    let given = model.preprocessing.output_shape(data.sample_shape());
    if given != model.input {
        let error = Error::data("the samples do not fit the model").found(&given).expected(&model.input);
        if args.data.is_some() {
            return Err(error);
        }
        note(format!("note: kernels that are never active are not looked for\n{error}"));
        return Ok(None);
    }
    activity(lens, &Workers::new(args.threads.count()), layer, &data).map(Some)
}
