//! What the model says of the user's picture.

use crate::draw::bars::Bars;
use crate::draw::colour::{Map, extent};
use crate::draw::marked::Marked;
use crate::draw::pixels::Pixels;
use crate::output::percent;
use crate::page::{Context, Html, Section};
use striate::data::{Invert, Picture};
use striate::prelude::*;
use striate::run::{Saved, Weights};

pub(crate) const SECTION: Section = Section { name: "picture", title: "Your picture", build };

/// How many classes are shown.
const TOP: usize = 10;

fn build(context: &Context) -> Result<Option<Html>> {
    let Some(path) = &context.image else { return Ok(None) };
    let model = context.saved.model();
    let picture = picture(context, path)?;
    let probabilities =
        Saved::open(context.saved.path(), Weights::Best)?.predict(&context.workers, picture.pixels())?;
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]).then(a.cmp(&b)));
    order.truncate(TOP);
    let bars: Vec<_> = order.iter().map(|&k| (model.classes[k].clone(), f64::from(probabilities[k]))).collect();
    let (values, shape) = (picture.pixels().data(), picture.pixels().shape());
    let range = extent(values);
    let pixels = Pixels::sample(values, shape[0], shape[2], range);
    let seen = Marked { title: "As the model sees it", pixels, marks: &[], bar: Some((range, Map::Grey, "input")) };
    let said = Bars { title: "Most probable classes", unit: "probability", bars: &bars, range: Some((0.0, 1.0)) };
    let told = bars.iter().map(|(name, p)| format!("{name} {}", percent(*p))).collect::<Vec<_>>().join(", ");
    let mut html = Html::default();
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    html.paragraph(&format!("{name}: {picture}."));
    let prepared = picture.to_string();
    html.figures(&[(&seen.draw(), &format!("The picture: {prepared}"), ""), (&said.draw(), &told, "")])?;
    Ok(Some(html))
}

/// The user's picture, as the model wants it.
fn picture(context: &Context, path: &std::path::Path) -> Result<Picture> {
    let model = context.saved.model();
    let input: [usize; 3] = model.input[..].try_into().map_err(|_| {
        Error::new(Fault::Model, "the model does not read pictures")
            .found(format!("an input of {}", model.input))
            .expected("channels × height × width")
    })?;
    Picture::open(path, input, &model.preprocessing, Invert::Auto)
}
