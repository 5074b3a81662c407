//! Which pixels the answer depends on.

use crate::look;
use crate::page::{Context, Html, Section};
use striate::explain::Lens;
use striate::explain::attribution::{Method, Settings, attribute};
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "attribution", title: "What decides", build };

/// Methods that differ in kind.
const METHODS: [&str; 4] = ["gradient-input", "integrated-gradients", "guided-backprop", "grad-cam"];

fn build(context: &Context) -> Result<Option<Html>> {
    if !context.looks_inside() {
        return Ok(None);
    }
    let Some(specimen) = context.specimen()? else { return Ok(None) };
    let lens = Lens::of(&context.saved)?;
    let sample = specimen.values.reshaped(lens.model().input.clone());
    let settings = Settings { steps: 32, ..Settings::default() };
    let mut maps = vec![];
    for name in METHODS {
        match attribute(&lens, &context.workers, &sample, Method::named(name)?, None, &settings) {
            Ok(map) => maps.push(map),
            // Guided back-propagation is for ReLU, Grad-CAM for convolutions.
            Err(error) if error.fault() == Fault::Model => {}
            Err(error) => return Err(error),
        }
    }
    let Some(first) = maps.first() else { return Ok(None) };
    let name = &lens.model().classes[first.class];
    let mut html = Html::default();
    html.paragraph(&format!(
        "Of {}, which the model takes for {name}. Red pixels raise the score of that class (before a softmax) when they get lighter, \
         blue ones lower it; gradients say so of small changes only, integrated gradients of the whole way from black. Grad-CAM shows \
         where the maps of {} speak for the class.",
        specimen.about,
        maps.iter().find_map(|map| map.layer.as_deref()).unwrap_or("a layer"),
    ));
    let told = format!("Attribution maps for class {name}: {}", METHODS.join(", "));
    html.figure(&look::attribution::sheet(lens.model(), &sample, &maps), &told, "")?;
    Ok(Some(html))
}
