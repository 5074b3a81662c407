//! What excites channels: pieces of pictures, and pictures made for it.

use crate::draw::canvas::Drawing;
use crate::draw::colour::{Map, WHITE};
use crate::draw::pixels::Pixels;
use crate::draw::tiles::{Sheet, Tile};
use std::ops::Range;
use striate::data::Dataset;
use striate::explain::hierarchy::{Exciters, Maximized, cut};
use striate::prelude::*;
use striate::tensor::Array;

/// The name of a label of the data, which may have more classes than the model.
pub(crate) fn class_of(model: &Model, label: i32) -> &str {
    usize::try_from(label).ok().and_then(|label| model.classes.get(label)).map_or("other", String::as_str)
}

/// A row for each of the first channels: the picture that was made, then the `top` pieces.
///
/// # Errors
/// `Fault::Data`: the data do not fit the model.
pub(crate) fn sheet(
    model: &Model,
    data: &Dataset,
    layer: &Exciters,
    made: Option<&Maximized>,
    top: usize,
    channels: usize,
) -> Result<Drawing> {
    let shown = layer.channels.len().min(channels);
    let pixels = |sample: &Array<f32>, region: &[Range<i64>]| {
        let piece = cut(sample, region, |channel| model.preprocessing.ends(channel)[0]);
        let (channels, columns) = (piece.shape()[0], piece.shape()[2]);
        Pixels::sample(model.preprocessing.brightness(&piece).data(), channels, columns, (0.0, 1.0))
    };
    let mut tiles = vec![];
    let across = top + usize::from(made.is_some());
    for (c, channel) in layer.channels.iter().take(shown).enumerate() {
        tiles.extend(made.map(|made| {
            Tile::coloured(pixels(&made.samples[c], &made.regions[c]), format!("made\n{:.2}", made.after[c]))
        }));
        for patch in channel.patches.iter().take(top) {
            let caption = format!("{}\n{:.2}", class_of(model, patch.label), patch.value);
            tiles.push(Tile::coloured(pixels(&sample(model, data, patch.sample)?, &patch.region), caption));
        }
        // Of data with fewer samples than pieces are asked for rows are not full.
        let missing = top.saturating_sub(channel.patches.len());
        tiles.extend((0..missing).map(|_| Tile::coloured(Pixels { columns: 1, pixels: vec![WHITE] }, "")));
    }
    let rows: Vec<_> = (0..shown).map(|c| format!("channel {c}")).collect();
    let of = match shown < layer.channels.len() {
        true => format!(", {shown} of {} channels", layer.channels.len()),
        false => String::new(),
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
