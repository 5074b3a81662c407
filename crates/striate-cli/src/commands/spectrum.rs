use super::subject::{self, Subject};
use crate::args::{SavedArgs, ThreadArgs};
use crate::output::Output;
use crate::{Ended, draw, look};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use striate::data::Invert;
use striate::explain::{BANDS, KernelBank, Lens, TwoPaths, granularity};
use striate::prelude::*;
use striate::tensor::Array;
use striate::train::Workers;

#[derive(Debug, Args)]
pub(crate) struct SpectrumArgs {
    #[command(flatten)]
    saved: SavedArgs,
    /// A convolution, to see what its kernels let through; without it, which frequencies of the input reach each layer
    #[arg(long)]
    layer: Option<String>,
    /// Picture to filter with the kernels, by sums and by spectra; without --layer, to try frequencies around
    #[arg(long, value_name = "PICTURE")]
    image: Option<PathBuf>,
    /// One kernel by its channel, drawn large
    #[arg(long, value_name = "CHANNEL", requires = "layer", conflicts_with_all = ["image", "directions"])]
    kernel: Option<usize>,
    /// Draw the directions that the first eight kernels let through
    #[arg(long, requires = "layer", conflicts_with = "image")]
    directions: bool,
    /// How many kernels, the first of them
    #[arg(long, default_value = "24", requires = "layer", conflicts_with = "kernel", value_parser = clap::value_parser!(u16).range(1..=256))]
    top: u16,
    /// Picture to draw them on: a name that ends with .svg or .png
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    threads: ThreadArgs,
}

pub(crate) fn run(args: &SpectrumArgs, output: &mut Output) -> Result<Ended> {
    args.out.as_deref().map_or(Ok(()), draw::check)?;
    let lens = subject::trained(&args.saved)?;
    match &args.layer {
        Some(layer) => kernels(args, &lens, layer, output)?,
        None => layers(args, lens, output)?,
    }
    if let (Some(file), false) = (&args.out, output.is_json()) {
        output.line(format!("picture: {}", file.display()))?;
    }
    Ok(Ended::Well)
}

/// What the kernels of a layer let through.
fn kernels(args: &SpectrumArgs, lens: &Lens, layer: &str, output: &mut Output) -> Result<()> {
    let bank = KernelBank::of(lens, layer)?;
    if let Some(channel) = args.kernel.filter(|&channel| channel >= bank.count()) {
        return Err(Error::usage(format!("the layer `{layer}` has no such kernel"))
            .found(channel)
            .expected(format!("a number below {}", bank.count())));
    }
    let shown = match args.kernel {
        Some(channel) => channel..channel + 1,
        None => 0..bank.count().min(usize::from(args.top)),
    };
    let responses: Vec<_> = shown.clone().filter_map(|channel| bank.response(channel)).collect();
    if responses.is_empty() {
        return Err(Error::usage(format!("the kernels of `{layer}` do not lie over pictures"))
            .found(format!("kernels of {}", bank.conv.weight()))
            .expected("two axes"));
    }
    let mut paths: Option<(Array<f32>, Vec<TwoPaths>)> = None;
    if let Some(path) = &args.image {
        let (sample, _) = subject::picture(lens, path, Invert::Auto)?;
        let input = bank.input(lens, &Workers::new(args.threads.count()), &sample)?;
        let input = input.clone().reshaped(input.shape()[1..].to_vec());
        let each = shown.clone().map(|channel| bank.two_paths(channel, &input)).collect::<Result<_>>()?;
        paths = Some((input, each));
    }
    let difference = paths.as_ref().map(|(_, paths)| paths.iter().map(|p| p.difference).fold(0.0, f64::max));
    if let Some(path) = &args.out {
        let title = format!("What the kernels of {layer} let through");
        let paths = paths.as_ref().map(|(input, paths)| (input, &paths[..]));
        let drawing = match (args.kernel, args.directions) {
            (Some(channel), _) => look::spectra::one(&format!("Kernel {channel} of {layer}"), &responses[0]),
            (_, true) => {
                look::spectra::directions(&format!("Directions that kernels of {layer} let through"), &responses)
            }
            _ => look::spectra::kernels(&title, &responses, paths),
        };
        draw::write(path, &drawing)?;
    }
    if output.is_json() {
        return output.object(&json!({
            "model": lens.model().name, "layer": layer, "kernels": responses,
            "greatest_difference_of_paths": difference, "picture": args.out,
        }));
    }
    for (channel, r) in shown.zip(&responses) {
        output.line(format!(
            "{channel:>4}  {:<28} peak {:.3}  bandwidth {:.3}  mean frequency {:.3}",
            r.label(),
            r.peak,
            r.bandwidth,
            r.centroid
        ))?;
    }
    match difference {
        Some(difference) => output.line(format!(
            "sums over windows and products of spectra: equal but for {difference:.1e} of the greatest result"
        )),
        None => Ok(()),
    }
}

/// Which frequencies reach each layer.
fn layers(args: &SpectrumArgs, lens: Lens, output: &mut Output) -> Result<()> {
    let subject = Subject { lens, trained: true };
    let (samples, what) = subject::samples(&args.saved, &subject, args.image.as_slice(), 8)?;
    let found = granularity(&subject.lens, &Workers::new(args.threads.count()), &samples)?;
    if let Some(path) = &args.out {
        draw::write(path, &look::spectra::granularity(&found))?;
    }
    if output.is_json() {
        return output.object(&json!({
            "model": subject.lens.model().name, "samples": what, "frequencies": BANDS, "layers": found,
            "picture": args.out,
        }));
    }
    output.line(format!("gratings added to {what}: how strongly layers answer, over their strongest answer"))?;
    let bands: Vec<_> = BANDS.iter().map(|f| format!("{f:>6.3}")).collect();
    let width = found.iter().map(|g| g.layer.len()).max().unwrap_or(0).max(16);
    output.line(format!("{:<width$}  {}   limit", "cycles per pixel", bands.join(" ")))?;
    for g in &found {
        let numbers: Vec<_> = g.survives.iter().map(|s| format!("{s:>6.2}")).collect();
        let limit = if g.limit > 0.0 { format!("{:.3}", g.limit) } else { "no places".into() };
        output.line(format!("{:<width$}  {}   {limit}", g.layer, numbers.join(" ")))?;
    }
    Ok(())
}
