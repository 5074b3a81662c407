use super::{FormatArgs, part_of, saved};
use crate::args::{PartName, SavedArgs, ThreadArgs};
use crate::look::hierarchy::{class_of, sheet};
use crate::output::{Output, note};
use crate::{Ended, draw};
use clap::Args;
use serde_json::json;
use std::ops::Range;
use std::path::PathBuf;
use striate::explain::Lens;
use striate::explain::hierarchy::{self, Ascent, Channel, Maximized, Origin};
use striate::prelude::*;
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
    /// Also make a picture for each channel that excites it at least as much as the best piece, by gradient ascent
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
    #[arg(long, default_value = "96", requires = "maximize", value_parser = clap::value_parser!(u16).range(0..=10_000))]
    steps: u16,
    /// Starts of noise of the ascent, besides the best piece; the best end is kept
    #[arg(long, default_value = "2", requires = "maximize", value_parser = clap::value_parser!(u16).range(0..=100))]
    starts: u16,
    /// Decides the start of the ascent and its jitter
    #[arg(long, default_value = "0", requires = "maximize")]
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
    let ascent = Ascent { steps: args.steps.into(), starts: args.starts.into(), seed: args.seed, ..Ascent::default() };
    let made = match args.maximize {
        true => {
            let of =
                |(name, pieces): (&&str, _)| hierarchy::maximize(&lens, &workers, name, &ascent, Some((pieces, &data)));
            names.iter().zip(&found).map(of).collect::<Result<Vec<_>>>()?
        }
        false => vec![],
    };
    let mut files = vec![];
    if let Some(folder) = &args.out {
        for (number, layer) in found.iter().enumerate() {
            let path = folder.join(format!("{:02}-{}.{}", number + 1, layer.layer, args.format.ending()));
            let drawing = sheet(lens.model(), &data, layer, made.get(number), args.top.into(), args.channels.into())?;
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
    let made = made.map_or(String::new(), |made| {
        let from = match made.from[number] {
            Origin::Noise => "noise",
            Origin::Piece => "the best piece",
        };
        format!(", made {:.3} from {from}", made.after[number])
    });
    format!("  {number:>4}: best piece {best:.3}{made}; {}", classes.join(", "))
}
