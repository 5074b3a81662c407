//! Labelled prototypes among the irises, and among the digits.

use super::{PETAL, inked, petals, tiles};
use crate::draw::colour::Map;
use crate::draw::plane::{self, Shape};
use crate::draw::tiles::Sheet;
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

fn accuracy(lvq: &Lvq, samples: &Samples) -> Result<f64> {
    let answers = lvq.predict(samples.rows().values())?;
    Ok(super::share(answers.iter().zip(samples.labels()).map(|(a, b)| a == b)))
}

fn show(setup: Setup) -> Result<Shown> {
    let samples = petals(|x| x)?;
    let lvq = trained(&samples, setup.seed, setup.passes(50))?;
    let classify = |x: &[f32]| Ok(lvq.predict(x)?.first().copied());
    let points = lvq.prototypes().chunks(2).zip(lvq.labels());
    let shapes: Vec<_> = points.map(|(at, &class)| Shape::Point { at: [at[0], at[1]], class }).collect();
    let (train, test) = inked()?.split(0.25, setup.seed);
    let digits = trained(&train, setup.seed, setup.passes(50))?;
    let names = digits.labels().iter().map(|digit| digit.to_string());
    let sheet = Sheet {
        title: "LVQ: two prototypes of each digit",
        columns: 8,
        across: 10,
        range: (0.0, 1.0),
        map: Map::Ink,
        unit: "ink",
        rows: &[],
    };
    let title = "LVQ: prototypes (black rims) and the regions that are nearest";
    Ok(Shown::default()
        .fact("accuracy_irises", accuracy(&lvq, &samples)?)
        .fact("accuracy_digits_train", accuracy(&digits, &train)?)
        .fact("accuracy_digits_test", accuracy(&digits, &test)?)
        .text("the answers over petal length (across) and width (up)", plane::terminal(&samples, &classify)?)
        .picture("irises.svg", plane::draw(title, PETAL, &samples, &classify, &shapes, "black rims: prototypes")?)
        .picture("digits.svg", sheet.draw(&tiles(digits.prototypes().chunks(64).zip(names)))))
}
