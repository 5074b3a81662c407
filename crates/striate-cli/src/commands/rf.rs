use super::subject::{self, Place};
use crate::args::{SavedArgs, ThreadArgs};
use crate::output::Output;
use crate::{Ended, draw, look};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use striate::explain::{FieldProbe, Size};
use striate::prelude::*;
use striate::train::Workers;

#[derive(Debug, Args)]
pub(crate) struct RfArgs {
    #[command(flatten)]
    saved: SavedArgs,
    /// The layer whose unit is looked from; without it, an error that lists them
    #[arg(long)]
    layer: Option<String>,
    /// Row and column of the unit in the layer's maps [default: the middle]
    #[arg(long, value_name = "ROW,COLUMN", value_parser = subject::place)]
    at: Option<Place>,
    /// One channel of the layer [default: the sum of all]
    #[arg(long)]
    channel: Option<usize>,
    /// Pictures to measure on [default: test samples of the run; noise for a model without weights]
    #[arg(long, value_name = "PICTURE")]
    image: Vec<PathBuf>,
    /// Average squares of gradients instead of their sizes
    #[arg(long)]
    squared: bool,
    /// Picture to draw both fields on: a name that ends with .svg or .png
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    threads: ThreadArgs,
}

pub(crate) fn run(args: &RfArgs, output: &mut Output) -> Result<Ended> {
    args.out.as_deref().map_or(Ok(()), draw::check)?;
    let subject = subject::any(&args.saved)?;
    let lens = &subject.lens;
    let Some(layer) = &args.layer else {
        let spatial = lens.layers().iter().filter(|layer| layer.output.rank() == lens.model().input.rank());
        let names: Vec<_> = spatial.map(|layer| layer.name.as_str()).collect();
        return Err(Error::usage("no layer is named").expected(format!("--layer with one of {}", names.join(", "))));
    };
    let mut probe = FieldProbe::new(lens, layer)?;
    let at = match &args.at {
        Some(place) => place.0.clone(),
        None => probe.output()[1..].iter().map(|size| size / 2).collect(),
    };
    let reach = probe.reach(&at)?;
    // Large pictures are slow: a few of them tell enough.
    let most = if lens.model().input.elements() > 20_000 { 8 } else { 64 };
    let (samples, what) = subject::samples(&args.saved, &subject, &args.image, most)?;
    let size = if args.squared { Size::Squared } else { Size::Absolute };
    let effective = probe.effective(&Workers::new(args.threads.count()), &samples, args.channel, &at, size)?;
    let (centre, spread) = effective.spread();
    let formula = probe.formula();
    let box_ = probe.sees(&at)?;
    // In the padding, too, where there is a formula.
    let middle = match probe.varies() {
        true => box_.iter().map(|range| (range.start + range.end).saturating_sub(1) as f64 / 2.0).collect(),
        false => formula.centre(&at),
    };
    if let Some(path) = &args.out {
        let title = format!("What {layer} of {} sees at {}", lens.model().name, Place(at.clone()));
        let measure = if args.squared { "mean (∂u/∂x)²" } else { "mean |∂u/∂x|" };
        draw::write(path, &look::fields::drawing(&title, measure, &samples, &box_, &middle, &effective)?)?;
    }
    let ranges: Vec<_> = box_.iter().map(|range| [range.start, range.end]).collect();
    if output.is_json() {
        output.object(&json!({
            "model": lens.model().name, "layer": layer, "at": at, "trained": subject.trained,
            "formula": (!probe.varies()).then_some(formula), "centre": middle, "sees": ranges,
            "largest": probe.boxes().greatest(),
            "elements": reach.count(), "elements_are_box": reach.bounds() == box_ && reach.count() == box_.iter().map(|r| r.len()).product::<usize>(),
            "effective": {
                "samples": what, "channel": args.channel, "measure": if args.squared { "squared" } else { "absolute" },
                "centre": centre, "spread": spread, "elements": effective.support().count(),
            },
            "picture": args.out,
        }))?;
        return Ok(Ended::Well);
    }
    let times = |numbers: &[usize]| numbers.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    let decimals = |numbers: &[f64]| numbers.iter().map(|v| format!("{v:.1}")).collect::<Vec<_>>().join(", ");
    let spans: Vec<_> = ranges.iter().map(|[from, to]| format!("{from}–{}", to.saturating_sub(1))).collect();
    output.line(format!("{layer}, unit {} of {}", Place(at.clone()), probe.output()))?;
    output.line(match probe.varies() {
        true => format!(
            "by formula: behind an upsampling or a transposed convolution the box depends on the place; at most {}",
            times(&probe.boxes().greatest())
        ),
        false => format!("by formula: {}, neighbours {} apart", times(&formula.size), times(&formula.stride)),
    })?;
    output.line(format!("sees: {} of the input, centre {}", spans.join(" by "), decimals(&middle)))?;
    output.line(format!("elements that lead to it: {}", reach.count()))?;
    let untrained = if subject.trained { "" } else { ", with weights that have learnt nothing" };
    output.line(format!(
        "effective (on {what}{untrained}): centre {}, standard deviation {}, {} elements count",
        decimals(&centre),
        decimals(&spread),
        effective.support().count()
    ))?;
    args.out.iter().try_for_each(|file| output.line(format!("picture: {}", file.display())))?;
    Ok(Ended::Well)
}
