//! The weights of the first convolution as pictures.

use crate::look;
use crate::page::{Context, Html, Section};
use striate::explain::{KernelBank, Lens, Order};
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "kernels", title: "Kernels", build };

fn build(context: &Context) -> Result<Option<Html>> {
    let Some(bank) = KernelBank::first(&Lens::of(&context.saved)?)? else { return Ok(None) };
    if bank.size() == (1, 1) {
        return Ok(None);
    }
    let (facts, duplicates) = (bank.facts(None), bank.duplicates());
    let title = format!("Kernels of {}", bank.layer);
    let drawing = look::kernels::drawing(&title, &bank, &facts, &bank.order(Order::Index), &duplicates, false);
    let mut html = Html::default();
    html.paragraph(
        "Red weights raise the answer where the picture is light, blue ones where it is dark; kernels over red, green and blue are \
         drawn in these colours, middle grey being 0. Below each: what it does to frequencies, and the direction along which it \
         looks for change.",
    );
    html.figure(&drawing, &format!("{} kernels of {}, {}", bank.count(), bank.layer, bank.conv.weight()), "")?;
    Ok(Some(html))
}
