//! The boxes with which Fuzzy ARTMAP tells the irises apart.

use super::{accuracy, petals, show_plane, shuffled};
use crate::draw::plane::Shape;
use crate::play::{Entry, Setup, Shown};
use striate::classics::art::{Art, Classifier, FuzzyArt, FuzzyArtSettings};
use striate::prelude::*;

pub(crate) const ENTRY: Entry = Entry {
    name: "artmap",
    about: "Fuzzy ARTMAP: boxes that learn the kinds of irises in one or two passes",
    lesson: "Each category is a box around irises of one kind. Where a box of the wrong kind answers, the \
             vigilance rises just enough to exclude it, and a smaller box is made: look where the kinds meet. \
             The passes end when one changes nothing.",
    show,
};

/// Greater than every petal.
const MOST: [f32; 2] = [8.0, 3.0];

fn show(setup: Setup) -> Result<Shown> {
    let samples = petals(|x| x)?;
    let scaled = shuffled(&petals(|x| [x[0] / MOST[0], x[1] / MOST[1]])?, setup.seed);
    let settings = FuzzyArtSettings { vigilance: 0.0, ..FuzzyArtSettings::default() };
    // Equal petals of two kinds exist: a tracking below 0 finds the box that was made for each.
    let mut network = Classifier::<FuzzyArt>::new(2, settings, -1e-3)?;
    let trained = network.train(scaled.rows().values(), scaled.labels(), setup.passes(50))?;
    // Beyond the greatest petal there is no answer, as there is no code.
    let classify = |x: &[f32]| network.predict(&[0, 1].map(|k| (x[k] / MOST[k]).clamp(0.0, 1.0)));
    let boxes = network.art().weights().chunks(4).zip(network.labels());
    let shapes: Vec<_> = boxes
        .map(|(w, &class)| Shape::Box {
            from: [MOST[0] * w[0], MOST[1] * w[1]],
            to: [MOST[0] * (1.0 - w[2]), MOST[1] * (1.0 - w[3])],
            class,
        })
        .collect();
    let shown = Shown::default()
        .fact("accuracy", accuracy(&samples, classify)?)
        .fact("categories", network.art().categories())
        .fact("passes", trained.passes)
        .fact("stable", trained.stable);
    let title = "Fuzzy ARTMAP: each category is a box";
    show_plane(shown, "boxes.svg", title, &samples, &classify, (&shapes, "frames: boxes"))
}
