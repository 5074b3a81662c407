//! What excites the channels of each layer.

use crate::look;
use crate::page::{Context, Html, Section};
use striate::explain::{Lens, hierarchy};
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "hierarchy", title: "What excites each channel", build };

/// Layers, channels of each and pieces for each that are drawn.
const LAYERS: usize = 5;
const CHANNELS: usize = 8;
const PIECES: usize = 8;
/// Samples that are searched, unless the model is too large for so many.
const SAMPLES: u64 = 1000;

fn build(context: &Context) -> Result<Option<Html>> {
    let samples = context.affordable(1).min(SAMPLES) as usize;
    if !context.looks_inside() || samples < PIECES || look::samples::picture_shape(&context.data).is_err() {
        return Ok(None);
    }
    let lens = Lens::of(&context.saved)?;
    let data = context.data.take(samples);
    // Of deep models as many as fit, evenly, the last among them.
    let all = hierarchy::layers(&lens);
    let count = all.len().min(LAYERS);
    let names: Vec<&str> = (1..=count).map(|i| all[i * all.len() / count - 1].name.as_str()).collect();
    if names.is_empty() {
        return Ok(None);
    }
    let mut html = Html::default();
    html.paragraph(&format!(
        "For each channel the pieces of the first {} pictures of the test part that excite it most, the strongest first: as much of \
         the picture as the unit sees, with its class and the unit\u{2019}s value before the activation. From layer to layer, from \
         strokes to whole objects. `striate hierarchy RUN --maximize` also makes pictures that excite each channel.",
        data.len()
    ));
    for layer in &hierarchy::exciters(&lens, &context.workers, &data, &names, PIECES)? {
        let told = format!(
            "The {PIECES} pieces that excite each of {} channels of {} most",
            layer.channels.len().min(CHANNELS),
            layer.layer
        );
        html.figure(&look::hierarchy::sheet(lens.model(), &data, layer, None, PIECES, CHANNELS)?, &told, "")?;
    }
    Ok(Some(html))
}
