//! What units become that compete for digits.

use super::{inked, tiles};
use crate::draw::colour::Map;
use crate::draw::terminal;
use crate::draw::tiles::Sheet;
use crate::play::{Entry, Setup, Shown};
use striate::classics::competitive::{Competitive, Settings};
use striate::prelude::*;
use striate::tensor::Rng;

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
    let mut order: Vec<usize> = (0..digits.len()).collect();
    Rng::new(setup.seed).stream("play.start").shuffle(&mut order);
    let starts = digits.select(&order[..UNITS]);
    let mut network = Competitive::new(64, UNITS, 10, &settings)?.starting_at(starts.rows())?;
    let error = network.train(digits.rows(), setup.passes(20), setup.seed)?;
    let mut counts = vec![[0usize; 10]; UNITS];
    for (x, &y) in digits.rows().iter().zip(digits.labels()) {
        counts[network.nearest(x)?][y] += 1;
    }
    let won: Vec<usize> = counts.iter().map(|of| of.iter().sum()).collect();
    let pure: usize = counts.iter().map(|of| of.iter().max().copied().unwrap_or(0)).sum();
    let caption = |unit: usize| {
        let most = (0..10).max_by_key(|&digit| (counts[unit][digit], 10 - digit)).unwrap_or(0);
        if won[unit] == 0 { "idle".to_string() } else { format!("{most}: {} of {}", counts[unit][most], won[unit]) }
    };
    let pictures = tiles((0..UNITS).map(|unit| (network.weights(unit), caption(unit))));
    let sheet = Sheet {
        title: "Competitive units: weights, and the digit that most of their rows are",
        columns: 8,
        across: 10,
        range: (0.0, 1.0),
        map: Map::Ink,
        unit: "ink",
        rows: &[],
    };
    Ok(Shown::default()
        .fact("units", UNITS)
        .fact("units_that_win", won.iter().filter(|won| **won > 0).count())
        .fact("mean_squared_distance", error)
        .fact("purity", pure as f64 / digits.len() as f64)
        .text("the first five units", terminal::strip((0..5).map(|unit| network.weights(unit)), 8, (0.0, 1.0)))
        .picture("units.svg", sheet.draw(&pictures)))
}
