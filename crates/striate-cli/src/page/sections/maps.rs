//! What the layers make of one picture.

use crate::draw::canvas::Drawing;
use crate::draw::colour::{Map, extent, symmetric};
use crate::draw::tiles::{Sheet, Tile};
use crate::page::{Context, Html, Section};
use striate::explain::Lens;
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "maps", title: "Feature maps", build };

/// Channels of a layer, and layers, that are drawn at most.
const CHANNELS: usize = 24;
const LAYERS: usize = 8;

fn build(context: &Context) -> Result<Option<Html>> {
    if !context.looks_inside() {
        return Ok(None);
    }
    let Some(specimen) = context.specimen()? else { return Ok(None) };
    let lens = Lens::of(&context.saved)?;
    // Layers that move values without changing what a reader sees are passed over.
    let spatial: Vec<_> = lens
        .layers()
        .iter()
        .filter(|layer| {
            layer.output.rank() == 3 && layer.output[1] > 1 && !["batch_norm", "dropout"].contains(&layer.kind)
        })
        .collect();
    if spatial.is_empty() {
        return Ok(None);
    }
    // Of deep models as many as fit, evenly.
    let count = spatial.len().min(LAYERS);
    let chosen: Vec<_> = (0..count).map(|i| spatial[i * spatial.len() / count]).collect();
    let names: Vec<&str> = chosen.iter().map(|layer| layer.name.as_str()).collect();
    let outputs = lens.outputs(&context.workers, &names, &specimen.values)?;
    let mut html = Html::default();
    html.paragraph(&format!("Of {}. Each layer has a scale of its own.", specimen.about));
    let draw = |layer: &striate::explain::LensLayer, values: &[f32]| -> Drawing {
        let [channels, rows, columns] = [layer.output[0], layer.output[1], layer.output[2]];
        let plane = rows * columns;
        let signed = values.iter().any(|v| *v < 0.0);
        let (range, map) = if signed { (symmetric(values), Map::Vik) } else { (extent(values), Map::Viridis) };
        let tile = |c: usize| Tile::values(values[c * plane..(c + 1) * plane].to_vec(), c.to_string());
        let tiles: Vec<_> = (0..channels.min(CHANNELS)).map(tile).collect();
        let more = if channels > CHANNELS { format!(", the first {CHANNELS}") } else { String::new() };
        let title = format!("{} ({}): {channels} maps of {rows}×{columns}{more}", layer.name, layer.kind);
        Sheet { title: &title, columns, across: 8, range, map, unit: "output", rows: &[] }.draw(&tiles)
    };
    for (layer, values) in chosen.iter().zip(&outputs) {
        let told = format!("Feature maps of layer {}, {}", layer.name, layer.output);
        html.figure(&draw(layer, values.data()), &told, "")?;
    }
    Ok(Some(html))
}
