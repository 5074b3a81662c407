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
        "A frequency passes where its response is at least 0.71 of the greatest, half of the power. A kernel whose middle passes \
         blurs (low-pass); one whose middle does not finds edges: high-pass where frequencies at the border of the plane pass, \
         band-pass where only those between do. The peak is how far the brightest place is from the middle, in cycles per pixel; \
         the angle is that along which the kernel looks for change.",
    );
    html.figure(&sheet, &format!("Frequency responses of {} kernels of {name}", responses.len()), "")?;
    html.figure(&directions, &format!("Responses of kernels of {name} over all directions"), "")?;
    Ok(Some(html))
}
