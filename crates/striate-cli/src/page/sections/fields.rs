//! What a unit in the middle of each layer sees of the picture.

use crate::draw::colour::{self, Map, extent};
use crate::draw::marked::{Mark, Marked};
use crate::page::{Context, Html, Section};
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "fields", title: "Receptive fields", build };

/// Boxes that can be told apart.
const MOST: usize = 8;

fn build(context: &Context) -> Result<Option<Html>> {
    let Some(specimen) = context.specimen()? else { return Ok(None) };
    let [_, rows, columns] = context.saved.model().input[..] else { return Ok(None) };
    let (mut marks, mut told, mut last) = (vec![], vec![], vec![]);
    for layer in &context.summary.layers {
        let (Some(field), [_, high, wide]) = (&layer.receptive_field, &layer.output[..]) else { continue };
        let size = layer.boxes.as_ref().map_or(field.size.clone(), |boxes| boxes.greatest());
        // Only layers that see more than those before them.
        if size.len() != 2 || size == last || marks.len() == MOST {
            continue;
        }
        last.clone_from(&size);
        // The middle unit's field, cut at the border of the picture.
        let middle = [high / 2, wide / 2];
        let seen = match &layer.boxes {
            Some(boxes) => boxes.at(&middle),
            None => field.clipped(&middle, &[rows, columns]),
        };
        let cut = |axis: usize| (seen[axis].start as f32, seen[axis].len() as f32);
        let ((top, tall), (left, broad)) = (cut(0), cut(1));
        let name = match layer.boxes {
            Some(_) => format!("{}: at most {}×{}, by place", layer.name, size[0], size[1]),
            None => {
                format!("{}: {}×{}, one step is {}×{}", layer.name, size[0], size[1], field.stride[0], field.stride[1])
            }
        };
        told.push(name.clone());
        marks.push(Mark::Box { top, left, high: tall, wide: broad, colour: colour::class(marks.len()), name });
    }
    if marks.is_empty() {
        return Ok(None);
    }
    let range = extent(specimen.values.data());
    let marked = Marked {
        title: "What the middle unit of a layer sees",
        pixels: specimen.pixels(),
        marks: &marks,
        bar: Some((range, Map::Grey, "input")),
    };
    let mut html = Html::default();
    html.paragraph("Sizes count the padding; boxes are cut at the border of the picture.");
    html.figure(&marked.draw(), &told.join("; "), "")?;
    Ok(Some(html))
}
