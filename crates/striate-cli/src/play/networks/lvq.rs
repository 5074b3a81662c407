//! Labelled prototypes among the irises, and among the digits.

use super::{accuracy, digit_sheet, inked, petals, show_plane, tiles};
use crate::draw::plane::Shape;
use crate::play::{Entry, Setup, Shown};
use striate::classics::data::Samples;
use striate::classics::lvq::{Lvq, LvqSettings};
use striate::prelude::*;

pub(crate) const ENTRY: Entry = Entry {
    name: "lvq",
    about: "learning vector quantisation: labelled prototypes of irises and digits",
    lesson: "Prototypes with labels: the nearest one of the right kind is drawn to a row, the nearest of a \
             wrong kind pushed away. The answer is the label of the nearest, so that borders lie half way \
             between prototypes of different kinds.",
    show,
};

fn trained(samples: &Samples, seed: u64, passes: usize) -> Result<Lvq> {
    let (rows, settings) = (samples.rows().values(), LvqSettings { seed, ..LvqSettings::default() });
    let mut lvq = Lvq::start(rows, samples.width(), samples.labels(), settings)?;
    lvq.train(rows, samples.labels(), passes)?;
    Ok(lvq)
}

fn classify(lvq: &Lvq) -> impl Fn(&[f32]) -> Result<Option<usize>> {
    |x| Ok(lvq.predict(x)?.first().copied())
}

fn show(setup: Setup) -> Result<Shown> {
    let samples = petals(|x| x)?;
    let lvq = trained(&samples, setup.seed, setup.passes(50))?;
    let points = lvq.prototypes().chunks(2).zip(lvq.labels());
    let shapes: Vec<_> = points.map(|(at, &class)| Shape::Point { at: [at[0], at[1]], class }).collect();
    let (train, test) = inked()?.split(0.25, setup.seed);
    let digits = trained(&train, setup.seed, setup.passes(50))?;
    let names = digits.labels().iter().map(|digit| digit.to_string());
    let shown = Shown::default()
        .fact("accuracy_irises", accuracy(&samples, classify(&lvq))?)
        .fact("accuracy_digits_train", accuracy(&train, classify(&digits))?)
        .fact("accuracy_digits_test", accuracy(&test, classify(&digits))?);
    let title = "LVQ: prototypes (black rims) and the regions that are nearest";
    let drawn = (&shapes[..], "black rims: prototypes");
    Ok(show_plane(shown, "irises.svg", title, &samples, &classify(&lvq), drawn)?.picture(
        "digits.svg",
        digit_sheet("LVQ: two prototypes of each digit").draw(&tiles(digits.prototypes().chunks(64).zip(names))),
    ))
}
