use super::{FormatArgs, part_of, saved};
use crate::args::{PartName, SavedArgs, ThreadArgs};
use crate::draw::canvas::Drawing;
use crate::draw::colour::Map;
use crate::draw::pixels::Pixels;
use crate::draw::tiles::{Sheet, Tile};
use crate::output::{Output, note};
use crate::{Ended, draw};
use clap::Args;
use serde_json::json;
use std::ops::Range;
use std::path::PathBuf;
use striate::data::Dataset;
use striate::explain::Lens;
use striate::explain::hierarchy::{self, Ascent, Channel, Exciters, Maximized, cut};
use striate::prelude::*;
use striate::tensor::Array;
use striate::train::Workers;

#[derive(Debug, Args)]
pub(crate) struct HierarchyArgs {
    #[command(flatten)]
    saved: SavedArgs,
    /// One layer alone [default: all that convolve, and the dense ones]
    #[arg(long)]
    layer: Option<String>,
    /// How many pieces of pictures for each channel
    #[arg(long, value_name = "PIECES", default_value = "9", value_parser = clap::value_parser!(u16).range(1..=100))]
    top: u16,
    /// Also make a picture for each channel that excites it, by gradient ascent
    #[arg(long)]
    maximize: bool,
    /// Folder for the pictures, one for each layer [default: none are drawn]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
    /// How many channels of a layer are drawn, the first ones
    #[arg(long, default_value = "16", value_parser = clap::value_parser!(u16).range(1..=1000))]
    channels: u16,
    /// Folder with other data than the run's own
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Which part of the data
    #[arg(long, value_enum, default_value = "test")]
    part: PartName,
    /// Steps of the ascent
    #[arg(long, default_value = "96", value_parser = clap::value_parser!(u16).range(0..=10_000))]
    steps: u16,
    /// Decides the start of the ascent and its jitter
    #[arg(long, default_value = "0")]
    seed: u64,
    #[command(flatten)]
    threads: ThreadArgs,
}

pub(crate) fn run(args: &HierarchyArgs, output: &mut Output) -> Result<Ended> {
    let saved = saved(&args.saved)?;
    let lens = Lens::of(&saved)?;
    if args.out.is_some() {
        super::picture_input(lens.model())?;
    }
    let layers: Vec<String> = match &args.layer {
        Some(layer) => vec![lens.layer(layer)?.name.clone()],
        None => hierarchy::layers(&lens).into_iter().map(|layer| layer.name.clone()).collect(),
    };
    let names: Vec<&str> = layers.iter().map(String::as_str).collect();
    let data = super::data(&args.saved, args.data.as_deref())?.open(part_of(args.part))?;
    let workers = Workers::new(args.threads.count());
    let found = hierarchy::exciters(&lens, &workers, &data, &names, args.top.into())?;
    let ascent = Ascent { steps: args.steps.into(), seed: args.seed, ..Ascent::default() };
    let made = match args.maximize {
        true => {
            names.iter().map(|name| hierarchy::maximize(&lens, &workers, name, &ascent)).collect::<Result<Vec<_>>>()?
        }
        false => vec![],
    };
    let mut files = vec![];
    if let Some(folder) = &args.out {
        for (number, layer) in found.iter().enumerate() {
            let path = folder.join(format!("{:02}-{}.{}", number + 1, layer.layer, args.format.ending()));
            let drawing = sheet(lens.model(), &data, layer, made.get(number), args)?;
            draw::write(&path, &drawing)?;
            note(format!("picture: {}", path.display()));
            files.push(path);
        }
    }
    if output.is_json() {
        output.object(&json!({
            "model": lens.model().name, "data": data.source(), "layers": found, "maximized": made, "pictures": files,
        }))?;
        return Ok(Ended::Well);
    }
    for (number, layer) in found.iter().enumerate() {
        let sees = layer.channels.first().and_then(|c| c.patches.first()).map_or(String::new(), |p| sizes(&p.region));
        let count = layer.channels.len();
        output.line(format!("{} ({}): {count} channels, each unit sees {sees}", layer.layer, layer.kind))?;
        for (c, channel) in layer.channels.iter().take(args.channels.into()).enumerate() {
            output.line(line(lens.model(), c, channel, made.get(number)))?;
        }
        if count > usize::from(args.channels) {
            output.line(format!("  … {} more (--channels)", count - usize::from(args.channels)))?;
        }
    }
    files.iter().try_for_each(|file| output.line(format!("picture: {}", file.display())))?;
    Ok(Ended::Well)
}

fn sizes(region: &[Range<i64>]) -> String {
    let sizes: Vec<_> = region.iter().map(|range| (range.end - range.start).to_string()).collect();
    sizes.join("×")
}

/// The name of a label of the data, which may have more classes than the model.
fn class_of(model: &Model, label: i32) -> &str {
    usize::try_from(label).ok().and_then(|label| model.classes.get(label)).map_or("other", String::as_str)
}

/// The classes of a channel's pieces, each with how many there are, and the values.
fn line(model: &Model, number: usize, channel: &Channel, made: Option<&Maximized>) -> String {
    let mut classes: Vec<(&str, usize)> = vec![];
    for patch in &channel.patches {
        let class = class_of(model, patch.label);
        match classes.iter_mut().find(|(name, _)| *name == class) {
            Some((_, count)) => *count += 1,
            None => classes.push((class, 1)),
        }
    }
    classes.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let classes: Vec<_> = classes.iter().map(|(name, count)| format!("{count}× {name}")).collect();
    let best = channel.patches.first().map_or(f32::NAN, |patch| patch.value);
    let made = made.map_or(String::new(), |made| format!(", made {:.3}", made.after[number]));
    format!("  {number:>4}: best {best:.3}{made}; {}", classes.join(", "))
}

/// A row for each channel: the made picture, then the pieces.
fn sheet(
    model: &Model,
    data: &Dataset,
    layer: &Exciters,
    made: Option<&Maximized>,
    args: &HierarchyArgs,
) -> Result<Drawing> {
    let shown = layer.channels.len().min(args.channels.into());
    let pixels = |sample: &Array<f32>, region: &[Range<i64>]| {
        let piece = cut(sample, region, |channel| model.preprocessing.ends(channel)[0]);
        let (channels, columns) = (piece.shape()[0], piece.shape()[2]);
        Pixels::sample(model.preprocessing.brightness(&piece).data(), channels, columns, (0.0, 1.0))
    };
    let mut tiles = vec![];
    let across = usize::from(args.top) + usize::from(made.is_some());
    for (c, channel) in layer.channels.iter().take(shown).enumerate() {
        tiles.extend(
            made.map(|made| {
                Tile::coloured(pixels(&made.samples[c], &made.region), format!("made\n{:.2}", made.after[c]))
            }),
        );
        for patch in &channel.patches {
            let caption = format!("{}\n{:.2}", class_of(model, patch.label), patch.value);
            tiles.push(Tile::coloured(pixels(&sample(model, data, patch.sample)?, &patch.region), caption));
        }
    }
    let rows: Vec<_> = (0..shown).map(|c| format!("channel {c}")).collect();
    let of = if shown < layer.channels.len() {
        format!(", {shown} of {} channels", layer.channels.len())
    } else {
        String::new()
    };
    let title = format!("{}: what excites {}{of}", model.name, layer.layer);
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let columns = model.input[2];
    Ok(Sheet { title: &title, columns, across, range: (0.0, 1.0), map: Map::Grey, unit: "", rows: &rows }.draw(&tiles))
}

/// A sample as the model takes it.
fn sample(model: &Model, data: &Dataset, index: usize) -> Result<Array<f32>> {
    Ok(data.subset(&[index]).prepared(&model.preprocessing, 1)?.reshaped(model.input.clone()))
}
