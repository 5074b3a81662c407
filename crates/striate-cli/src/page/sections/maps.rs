//! What the layers make of one picture.

use crate::look;
use crate::page::{Context, Html, Section};
use striate::explain::Lens;
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "maps", title: "Feature maps", build };

/// Layers that are drawn at most.
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
    for (layer, values) in chosen.iter().zip(&outputs) {
        if let Some(drawing) = look::maps::drawing(layer, values) {
            let told = format!("Feature maps of layer {} ({}), {}", layer.name, layer.kind, layer.output);
            html.figure(&drawing, &told, "")?;
        }
    }
    Ok(Some(html))
}
