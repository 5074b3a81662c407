//! The perceptron's lines between the irises.

use super::{petals, show_plane};
use crate::draw::plane::Shape;
use crate::play::{Entry, Setup, Shown};
use striate::classics::perceptron::{Perceptron, Settings, Verdict};
use striate::prelude::*;

pub(crate) const ENTRY: Entry = Entry {
    name: "perceptron",
    about: "Rosenblatt's perceptron: lines between irises by their petals",
    lesson: "Each unit learns one line between its kind and all others, and moves it only after a mistake. \
             Setosa can be parted, and the unit stops; for the others no line exists, which is proved, and \
             their lines never settle. The answer is the unit with the greatest sum, which is why the shades do \
             not end at the lines.",
    show,
};

fn show(setup: Setup) -> Result<Shown> {
    let samples = petals(|x| x)?;
    let settings = Settings { seed: setup.seed, epochs: setup.passes(200), ..Settings::default() };
    let (network, training) = Perceptron::train(samples.rows(), samples.labels(), 3, &settings)?;
    let classify = |x: &[f32]| network.predict(x).map(Some);
    // Versicolor lies between the others: its line means nothing.
    let shapes = [0, 2].map(|class| Shape::Line {
        weights: [network.weights(class)[0], network.weights(class)[1]],
        bias: network.bias()[class],
        class,
    });
    let title = "Perceptron: each line parts one kind of iris from the rest";
    let shown = Shown::default().fact("accuracy", network.accuracy(samples.rows(), samples.labels())?);
    let mut shown = show_plane(shown, "lines.svg", title, &samples, &classify, (&shapes, "lines: a unit's zero"))?;
    for (unit, name) in training.units.iter().zip(samples.classes()) {
        let verdict = match unit.verdict {
            Verdict::Converged => format!("converged after {} corrections", unit.corrections),
            Verdict::NotSeparable => "proved: no line parts it from the rest".to_string(),
            Verdict::Separable { .. } => "a line exists, more passes would find it".to_string(),
            Verdict::Undecided => "not converged".to_string(),
        };
        shown = shown.fact(name, verdict);
    }
    Ok(shown)
}
