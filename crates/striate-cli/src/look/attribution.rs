//! What speaks for a class, over the picture.

use crate::draw::canvas::Drawing;
use crate::draw::colour::Map;
use crate::draw::marked::Marked;
use crate::draw::pixels::{Heat, Pixels};
use crate::draw::tiles::{Sheet, Tile};
use striate::explain::attribution::Attribution;
use striate::prelude::*;
use striate::tensor::Array;

/// The greatest magnitude of a map, and its row and column.
pub(crate) fn greatest(heat: &Array<f32>) -> (f32, usize, usize) {
    let columns = heat.shape().last().copied().unwrap_or(1).max(1);
    let most =
        heat.data().iter().enumerate().fold((0, 0f32), |m, (i, v)| if v.abs() > m.1.abs() { (i, *v) } else { m });
    (most.1, most.0 / columns, most.0 % columns)
}

/// The scale of a map: about 0 if it is signed.
fn scale(found: &Attribution, heat: &Array<f32>) -> ((f32, f32), Map) {
    let most = greatest(heat).0.abs().max(f32::MIN_POSITIVE);
    if found.method.signed { ((-most, most), Map::Vik) } else { ((0.0, most), Map::Viridis) }
}

/// The picture, pale enough for a map to be seen on it.
fn beneath(model: &Model, sample: &Array<f32>) -> Pixels {
    let (channels, columns) = (sample.shape()[0], sample.shape()[2]);
    Pixels::sample(model.preprocessing.brightness(sample).data(), channels, columns, (-1.5, 1.0))
}

fn over(picture: &Pixels, found: &Attribution) -> Pixels {
    let heat = found.heat();
    let (range, map) = scale(found, &heat);
    picture.under(&Heat { values: heat.data(), columns: picture.columns, range, map, quiet: 0.0, opacity: 0.85 })
}

/// One map over the picture.
pub(crate) fn one(model: &Model, sample: &Array<f32>, found: &Attribution) -> Drawing {
    let (range, map) = scale(found, &found.heat());
    let of = found.layer.as_ref().map_or(String::new(), |layer| format!(" of {layer}"));
    let title = format!("{}: {}{of} for class {}", model.name, found.method.name, model.classes[found.class]);
    let bar = Some((range, map, if found.method.signed { "for and against" } else { "for" }));
    Marked { title: &title, pixels: over(&beneath(model, sample), found), marks: &[], bar }.draw()
}

/// Several maps over the picture, each on a scale of its own, beside the picture itself.
pub(crate) fn sheet(model: &Model, sample: &Array<f32>, maps: &[Attribution]) -> Drawing {
    let class = maps.first().map_or("", |found| model.classes[found.class].as_str());
    let title = format!("What speaks for class {class} (signed maps: red for, blue against)");
    let (channels, columns) = (sample.shape()[0], sample.shape()[2]);
    let picture = Pixels::sample(model.preprocessing.brightness(sample).data(), channels, columns, (0.0, 1.0));
    let pale = beneath(model, sample);
    let tile = |found: &Attribution| {
        let caption = match &found.layer {
            Some(layer) => format!("{}\n{layer}", found.method.name),
            None => found.method.name.to_string(),
        };
        Tile::coloured(over(&pale, found), caption)
    };
    let tiles: Vec<Tile> = [Tile::coloured(picture, "the picture")].into_iter().chain(maps.iter().map(tile)).collect();
    Sheet { title: &title, columns, across: 5, range: (0.0, 1.0), map: Map::Viridis, unit: "", rows: &[] }.draw(&tiles)
}
