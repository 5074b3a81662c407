//! The weights of the first convolution as pictures.

use crate::draw::colour::{Map, symmetric};
use crate::draw::pixels::Pixels;
use crate::draw::tiles::{Sheet, Tile};
use crate::page::{Context, Html, Section};
use striate::explain::Lens;
use striate::prelude::*;
use striate::tensor::Array;

pub(crate) const SECTION: Section = Section { name: "kernels", title: "Kernels", build };

/// No more are drawn.
const MOST: usize = 64;

/// The first convolution over two axes whose kernels are more than one pixel.
pub(super) struct First {
    pub(super) name: String,
    /// Kernels × channels × rows × columns.
    pub(super) weight: Array<f32>,
    pub(super) channels: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// Finds it; `None` where the model has none.
///
/// # Errors
/// As [`Lens::of`].
pub(super) fn first(context: &Context) -> Result<Option<First>> {
    let lens = Lens::of(&context.saved)?;
    let mut weights = lens.layers().iter().filter(|layer| layer.kind.starts_with("conv")).filter_map(|layer| {
        let weight = lens.weight(&format!("{}.weight", layer.name))?.clone();
        let [_, channels, rows, columns] = weight.shape()[..] else { return None };
        (rows * columns > 1).then(|| First { name: layer.name.clone(), weight, channels, rows, columns })
    });
    Ok(weights.next())
}

fn build(context: &Context) -> Result<Option<Html>> {
    let Some(First { name, weight, channels, rows, columns }) = first(context)? else { return Ok(None) };
    let kernels = weight.shape()[0];
    let (size, range, shown) = (channels * rows * columns, symmetric(weight.data()), kernels.min(MOST));
    let colour = channels == 3;
    let tile = |k: usize| {
        let values = &weight.data()[k * size..(k + 1) * size];
        match colour {
            true => Tile::coloured(Pixels::sample(values, 3, columns, range), k.to_string()),
            // One picture under the other, one a channel.
            false => Tile::values(values.to_vec(), k.to_string()),
        }
    };
    let title = format!("{name}: {kernels} kernels of {channels}×{rows}×{columns}");
    let sheet = Sheet { title: &title, columns, across: 12, range, map: Map::Vik, unit: "weight", rows: &[] };
    let drawing = sheet.draw(&(0..shown).map(tile).collect::<Vec<_>>());
    let mut html = Html::default();
    html.paragraph(match colour {
        true => "Red, green and blue are the weights of the three channels; middle grey is 0.",
        false => "Blue weights are below 0, red ones above: a kernel answers where the picture is light under red and dark under blue.",
    });
    let reach = format!("{title}; weights between {:.3} and {:.3}", range.0, range.1);
    html.figure(&drawing, &reach, if shown < kernels { "The first 64 of them." } else { "" })?;
    Ok(Some(html))
}
