//! What layers give for a sample, as pictures.

use crate::draw::bars::Bars;
use crate::draw::canvas::Drawing;
use crate::draw::colour::{Map, extent, symmetric};
use crate::draw::tiles::{Sheet, Tile};
use striate::explain::LensLayer;
use striate::tensor::Array;

/// Maps that fit on one picture, and units that fit as bars.
const MOST: usize = 64;

/// The first 64 maps of a layer on one scale, or the units of a small layer without places; `None` for what is neither.
pub(crate) fn drawing(layer: &LensLayer, values: &Array<f32>) -> Option<Drawing> {
    match layer.output[..] {
        [units] if units <= MOST => {
            let bars: Vec<_> = values.data().iter().enumerate().map(|(i, v)| (i.to_string(), f64::from(*v))).collect();
            let title = format!("{}: {units} units", layer.name);
            Some(Bars { title: &title, unit: "output", bars: &bars, range: None }.draw())
        }
        [channels, ..] if layer.output.rank() == 2 || layer.output.rank() == 3 => {
            let plane = values.data().len() / channels.max(1);
            let columns = *layer.output.last()?;
            let shown = &values.data()[..plane * channels.min(MOST)];
            let part = if channels > MOST { format!(", {MOST} of them") } else { String::new() };
            let title = format!("{}: {channels} maps{part}", layer.name);
            // Maps that are never negative are magnitudes.
            let (low, high) = extent(shown);
            let (range, map) = if low < 0.0 {
                (symmetric(shown), Map::Vik)
            } else {
                ((0.0, high.max(f32::MIN_POSITIVE)), Map::Viridis)
            };
            let tiles: Vec<_> = shown
                .chunks_exact(plane.max(1))
                .enumerate()
                .map(|(i, map)| Tile::values(map.to_vec(), i.to_string()))
                .collect();
            let across = if columns > 60 { 4 } else { 8 };
            Some(Sheet { title: &title, columns, across, range, map, unit: "output", rows: &[] }.draw(&tiles))
        }
        _ => None,
    }
}
