//! What a shift of the pictures does to the layers and to the answer.

use crate::look;
use crate::output::percent;
use crate::page::{Context, Html, Section};
use striate::explain::{Lens, shift};
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "shift", title: "Shifts", build };

/// The greatest shift, in pixels.
const MOST: usize = 4;
/// Samples that are moved, unless the model is too large for so many.
const SAMPLES: u64 = 50;

fn build(context: &Context) -> Result<Option<Html>> {
    let model = context.saved.model();
    let [_, rows, columns] = model.input[..] else { return Ok(None) };
    let most = MOST.min(rows.min(columns).saturating_sub(1));
    // Each sample is answered once, and once for each shift and direction.
    let samples = context.affordable(1 + 4 * most as u64).min(SAMPLES) as usize;
    if !context.looks_inside() || most == 0 || samples == 0 {
        return Ok(None);
    }
    let lens = Lens::of(&context.saved)?;
    let shifts = shift::measure(&lens, &context.workers, &context.data.take(samples), most)?;
    let mut html = Html::default();
    html.paragraph(&format!(
        "The first {} pictures of the test part, moved by up to {most} pixels left, right, up and down. A layer whose units lie s \
         pixels apart moves along by itself with shifts of s, 2s, …; E is how far its maps are from having moved along with the \
         picture (relative, over units whose field stays off the border): 0 for convolutions of stride 1, what the stride \
         loses for the others.",
        shifts.samples
    ));
    let answers: Vec<Vec<String>> = shifts
        .same_class
        .iter()
        .zip(&shifts.probability)
        .enumerate()
        .map(|(d, (same, p))| vec![d.to_string(), percent(*same), format!("{p:.4}")])
        .collect();
    html.table("answers after a shift", &["#pixels", "#same class", "#mean change of its probability"], &answers);
    let number = |v: Option<f64>| v.map_or("—".to_string(), |v| format!("{v:.4}"));
    let layers: Vec<Vec<String>> = shifts
        .layers
        .iter()
        .map(|layer| {
            let stride: Vec<_> = layer.stride.iter().map(usize::to_string).collect();
            let at = layer.error_at_multiples().map_or("—".to_string(), |v| format!("{v:.1e}"));
            vec![layer.layer.clone(), layer.kind.clone(), stride.join("×"), number(layer.mean_error()), at]
        })
        .collect();
    if !layers.is_empty() {
        html.table(
            "errors of the layers",
            &["layer", "type", "#stride", "#mean E", "#E at multiples of the stride"],
            &layers,
        );
    }
    let stays = shifts.same_class.last().copied().unwrap_or(1.0);
    let told = format!(
        "Over the shift: {} of the answers stay the same at {most} pixels; the tables have the numbers",
        percent(stays)
    );
    html.figure(&look::shifts::drawing(&model.name, &shifts), &told, "")?;
    Ok(Some(html))
}
