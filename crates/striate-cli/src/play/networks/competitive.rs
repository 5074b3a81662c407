//! What units become that compete for digits.

use super::{Groups, digit_sheet, inked, shuffled, tiles};
use crate::draw::terminal;
use crate::play::{Entry, Setup, Shown};
use striate::classics::Rows;
use striate::classics::competitive::{Competitive, Settings};
use striate::prelude::*;

pub(crate) const ENTRY: Entry = Entry {
    name: "competitive",
    about: "winner-take-all units with a conscience: prototypes of digits",
    lesson: "All units see each row, the nearest wins and moves towards it. Units that win often get a handicap \
             (the conscience), so that none stays idle. What they become are typical digits, found without \
             labels; the captions were counted afterwards.",
    show,
};

const UNITS: usize = 20;

fn show(setup: Setup) -> Result<Shown> {
    let digits = inked()?;
    let settings = Settings { seed: setup.seed, ..Settings::default() };
    let starts: Vec<f32> = shuffled(&digits, setup.seed).rows().iter().take(UNITS).flatten().copied().collect();
    let mut network = Competitive::new(64, UNITS, 10, &settings)?.starting_at(Rows::new(&starts, 64)?)?;
    let error = network.train(digits.rows(), setup.passes(20), setup.seed)?;
    let groups = Groups::of(&digits, UNITS, |x| network.nearest(x).map(Some))?;
    let caption = |unit: usize| match groups.most(unit) {
        (_, 0) => "idle".to_string(),
        (digit, count) => format!("{digit}: {count} of {}", groups.size(unit)),
    };
    let pictures = tiles((0..UNITS).map(|unit| (network.weights(unit), caption(unit))));
    let sheet = digit_sheet("Competitive units: weights, and the digit that most of their rows are");
    Ok(Shown::default()
        .fact("units", UNITS)
        .fact("units_that_win", (0..UNITS).filter(|&unit| groups.size(unit) > 0).count())
        .fact("mean_squared_distance", error)
        .fact("purity", groups.purity())
        .text("the first five units", terminal::strip((0..5).map(|unit| network.weights(unit)), 8, (0.0, 1.0)))
        .picture("units.svg", sheet.draw(&pictures)))
}
