//! The samples that the model gets most wrong.

use crate::look;
use crate::page::{Context, Html, Section};
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "errors", title: "Worst errors", build };

const COUNT: usize = 24;

fn build(context: &Context) -> Result<Option<Html>> {
    if look::samples::picture_shape(&context.data).is_err() {
        return Ok(None);
    }
    let worst: Vec<_> = context.answers.worst(COUNT).into_iter().filter(|j| j.truth != j.predicted).collect();
    if worst.is_empty() {
        let mut html = Html::default();
        html.paragraph("No sample of the test part is taken for another class.");
        return Ok(Some(html));
    }
    let names = context.answers.classes();
    let sheet = look::samples::sheet("Samples with the greatest loss", &context.data, &context.answers, &worst, 8)?;
    let told: Vec<String> = worst
        .iter()
        .map(|j| format!("sample {}: {} taken for {}", j.sample, names[j.truth], names[j.predicted]))
        .collect();
    let mut html = Html::default();
    html.paragraph("Loss is −ln of the probability of the true class; the percentages are probabilities.");
    html.figure(&sheet, &format!("{} pictures. {}", worst.len(), told.join("; ")), "")?;
    Ok(Some(html))
}
