//! Which frequencies the first kernels let through.

use crate::look;
use crate::page::{Context, Html, Section};
use striate::explain::{KernelBank, Lens};
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "frequency", title: "Frequencies", build };

/// Kernels that are drawn.
const MOST: usize = 24;

fn build(context: &Context) -> Result<Option<Html>> {
    let Some(bank) = KernelBank::first(&Lens::of(&context.saved)?)? else { return Ok(None) };
    let responses: Vec<_> = (0..bank.count().min(MOST)).filter_map(|channel| bank.response(channel)).collect();
    if responses.is_empty() || bank.size() == (1, 1) {
        return Ok(None);
    }
    let name = &bank.layer;
    let sheet = look::spectra::kernels(&format!("Kernels of {name}"), &responses, None);
    let directions = look::spectra::directions(&format!("Directions that kernels of {name} let through"), &responses);
    let mut html = Html::default();
    html.paragraph(
        "A kernel that is bright in the middle blurs (low-pass), one that is dark there finds edges (high-pass or band-pass), \
         across the direction in which it is bright.",
    );
    html.figure(&sheet, &format!("Frequency responses of {} kernels of {name}", responses.len()), "")?;
    html.figure(&directions, &format!("Responses of kernels of {name} over all directions"), "")?;
    Ok(Some(html))
}
