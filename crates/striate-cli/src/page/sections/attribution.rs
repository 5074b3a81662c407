//! Which pixels the answer depends on: the gradient of the winning score.

use crate::draw::colour::{self, Map, symmetric};
use crate::draw::marked::Mark;
use crate::draw::pixels::Heat;
use crate::draw::tiles::{Sheet, Tile};
use crate::page::{Context, Html, Section};
use striate::explain::Lens;
use striate::prelude::*;
use striate::train::best_class;

pub(crate) const SECTION: Section = Section { name: "attribution", title: "What decides", build };

fn build(context: &Context) -> Result<Option<Html>> {
    if !context.looks_inside() {
        return Ok(None);
    }
    let Some(specimen) = context.specimen()? else { return Ok(None) };
    let lens = Lens::of(&context.saved)?;
    let mut scores = lens.ask(|view| vec![view.scores])?;
    let class = best_class(scores.answer(&context.workers, &specimen.values, &[])?[0].data());
    let mut slopes = lens.ask(|view| {
        let score = view.scores.slice(1, class..class + 1).sum_all();
        view.builder.grad(score, &[view.input])
    })?;
    let slopes = slopes.answer(&context.workers, &specimen.values, &[])?;
    let [_, channels, rows, columns] = specimen.values.shape()[..] else { return Ok(None) };
    let plane = rows * columns;
    let over = |of: &dyn Fn(usize) -> f32| -> Vec<f32> {
        (0..plane).map(|i| (0..channels).map(|c| of(c * plane + i)).sum()).collect()
    };
    let (x, g) = (specimen.values.data(), slopes[0].data());
    let (gradient, product) = (over(&|i| g[i]), over(&|i| g[i] * x[i]));
    let picture = specimen.pixels();
    let map = |values: &[f32], caption: &str| {
        let range = symmetric(values);
        let heat = Heat { values, columns, range, map: Map::Vik, quiet: 0.0, opacity: 0.9 };
        let strongest = (0..plane).max_by(|&a, &b| values[a].abs().total_cmp(&values[b].abs())).unwrap_or(0);
        let (row, column) = ((strongest / columns) as f32, (strongest % columns) as f32);
        let mark = Mark::Point { row, column, colour: colour::class(1), name: String::new() };
        Tile::coloured(picture.under(&heat), format!("{caption}\n±{:.2e}", range.1)).marks(vec![mark])
    };
    let name = &context.answers.classes()[class];
    let tiles =
        [Tile::coloured(picture.clone(), "input"), map(&gradient, "gradient"), map(&product, "gradient × input")];
    let title = format!("The score of class {name} over the pixels");
    let sheet = Sheet { title: &title, columns, across: 3, range: (0.0, 1.0), map: Map::Grey, unit: "", rows: &[] };
    let mut html = Html::default();
    html.paragraph(&format!(
        "Of {}, which the model takes for {name}. Red pixels raise the score of that class (before the softmax) when they \
         get lighter, blue ones lower it; channels are summed. A dot marks the strongest pixel.",
        specimen.about
    ));
    let told = format!(
        "Three pictures: the input, the gradient of the score of class {name} over it, and the gradient times the input"
    );
    html.figure(&sheet.draw(&tiles), &told, "")?;
    Ok(Some(html))
}
