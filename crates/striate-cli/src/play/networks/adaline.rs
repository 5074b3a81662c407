//! Adaline's falling error, and its answers, on the irises.

use super::{PETAL, petals};
use crate::draw::{chart, plane, terminal};
use crate::play::{Entry, Setup, Shown};
use striate::classics::adaline::{Adaline, Settings};
use striate::prelude::*;

pub(crate) const ENTRY: Entry = Entry {
    name: "adaline",
    about: "adaptive linear neurons: the delta rule on irises by their petals",
    lesson: "Each unit adds up its inputs and moves its weights against the error of the sum (the delta rule), \
             so that E falls as long as the rate is small. A sum is not a decision: versicolor lies between the \
             others, no straight sum is greatest in the middle, and the accuracy stays low though E is near its \
             least. More units in between would help: `striate play backprop`.",
    show,
};

/// About the middle of the petals and their spread: the delta rule wants numbers around 0 of one scale.
fn scaled(x: &[f32]) -> [f32; 2] {
    [(x[0] - 3.8) / 1.8, (x[1] - 1.2) / 0.8]
}

fn show(setup: Setup) -> Result<Shown> {
    let (samples, rows) = (petals(|x| x)?, petals(|x| scaled(&x))?);
    let settings = Settings { seed: setup.seed, epochs: setup.passes(40), ..Settings::default() };
    let (network, training) = Adaline::train(rows.rows(), rows.labels(), 3, &settings)?;
    let classify = |x: &[f32]| network.predict(&scaled(x)).map(Some);
    let losses = [("E, all units".to_string(), training.losses.clone())];
    Ok(Shown::default()
        .fact("accuracy", network.accuracy(rows.rows(), rows.labels())?)
        .fact("loss_first", training.losses.first().copied())
        .fact("loss_last", training.losses.last().copied())
        .text("the error over the epochs", terminal::bars(&training.losses))
        .picture("loss.svg", chart::curves("Adaline: the squared error falls", "epoch", "E", &losses))
        .picture(
            "answers.svg",
            plane::draw("Adaline: the unit with the greatest output", PETAL, &samples, &classify, &[], "")?,
        ))
}
