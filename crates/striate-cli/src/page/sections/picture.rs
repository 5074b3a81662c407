//! What the model says of the user's picture.

use crate::draw::bars::Bars;
use crate::draw::colour::{Map, extent};
use crate::draw::marked::Marked;
use crate::output::percent;
use crate::page::{Context, Html, Section};
use striate::prelude::*;
use striate::run::{Saved, Weights};

pub(crate) const SECTION: Section = Section { name: "picture", title: "Your picture", build };

/// How many classes are shown.
const TOP: usize = 10;

fn build(context: &Context) -> Result<Option<Html>> {
    if context.image.is_none() {
        return Ok(None);
    }
    let Some(specimen) = context.specimen()? else { return Ok(None) };
    let model = context.saved.model();
    let sample = specimen.values.clone().reshaped(model.input.clone());
    let probabilities = Saved::open(context.saved.path(), Weights::Best)?.predict(&context.workers, &sample)?;
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]).then(a.cmp(&b)));
    order.truncate(TOP);
    let bars: Vec<_> = order.iter().map(|&k| (model.classes[k].clone(), f64::from(probabilities[k]))).collect();
    let range = extent(specimen.values.data());
    let pixels = specimen.pixels();
    let seen = Marked { title: "As the model sees it", pixels, marks: &[], bar: Some((range, Map::Grey, "input")) };
    let said = Bars { title: "Most probable classes", unit: "probability", bars: &bars, range: Some((0.0, 1.0)) };
    let told = bars.iter().map(|(name, p)| format!("{name} {}", percent(*p))).collect::<Vec<_>>().join(", ");
    let mut html = Html::default();
    html.paragraph(&format!("{}.", specimen.about));
    html.figures(&[(&seen.draw(), &format!("The picture: {}", specimen.about), ""), (&said.draw(), &told, "")])?;
    Ok(Some(html))
}
