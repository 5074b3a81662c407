//! How the training went.

use crate::look;
use crate::output::percent;
use crate::page::{Context, Html, Section};
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "training", title: "Training", build };

fn build(context: &Context) -> Result<Option<Html>> {
    let history = &context.history;
    if history.epochs() == 0 {
        return Ok(None);
    }
    let mut html = Html::default();
    let last = |name: &str| history.column(name).and_then(|values| values.last().copied());
    let seconds: f64 = history.column("seconds").unwrap_or_default().iter().sum();
    let mut facts = vec![("epochs", history.epochs().to_string()), ("time", format!("{seconds:.1} s"))];
    if let Some(rate) = last("images_per_second") {
        facts.push(("last epoch", format!("{rate:.0} images/s")));
    }
    if let Some(accuracy) = last("train_accuracy") {
        facts.push(("training accuracy at the end", percent(accuracy)));
    }
    html.facts(&facts);
    let drawn = look::curves::training(history);
    let told = |name: &str| {
        let values = history.ending(if name == "learning-rate" { "learning_rate" } else { name });
        let ends = values.iter().filter_map(|(name, v)| Some(format!("{name} from {} to {}", v.first()?, v.last()?)));
        format!("Curves over {} epochs: {}", history.epochs(), ends.collect::<Vec<_>>().join(", "))
    };
    let figures: Vec<_> = drawn.iter().map(|(name, drawing)| (drawing, told(name))).collect();
    html.figures(&figures.iter().map(|(drawing, told)| (*drawing, told.as_str(), "")).collect::<Vec<_>>())?;
    Ok(Some(html))
}
