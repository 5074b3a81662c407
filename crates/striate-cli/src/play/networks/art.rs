//! The categories that Fuzzy ART forms of the digits.

use super::{inked, tiles};
use crate::draw::colour::Map;
use crate::draw::tiles::Sheet;
use crate::draw::{chart, terminal};
use crate::play::{Entry, Setup, Shown};
use striate::classics::art::{Art, FuzzyArt, FuzzyArtSettings};
use striate::prelude::*;
use striate::tensor::Rng;

pub(crate) const ENTRY: Entry = Entry {
    name: "art",
    about: "adaptive resonance (Fuzzy ART): categories of digits that form by themselves",
    lesson: "A row joins a category only if the category has enough of it, a share called the vigilance; else a \
             new category is committed, and nothing old is forgotten. More vigilance, more and purer \
             categories: the curve. Each picture is the middle of a category's box.",
    show,
};

/// So many categories are drawn, the largest.
const DRAWN: usize = 30;

fn show(setup: Setup) -> Result<Shown> {
    let digits = inked()?;
    let mut order: Vec<usize> = (0..digits.len()).collect();
    Rng::new(setup.seed).stream("play.order").shuffle(&mut order);
    let digits = digits.select(&order);
    let rows = digits.rows().values();
    let formed = |vigilance: f64| -> Result<FuzzyArt> {
        let mut art = FuzzyArt::new(64, FuzzyArtSettings { vigilance, ..FuzzyArtSettings::default() })?;
        art.train(rows, setup.passes(10))?;
        Ok(art)
    };
    let art = formed(0.65)?;
    let mut members = vec![[0usize; 10]; art.categories()];
    for (x, &y) in digits.rows().iter().zip(digits.labels()) {
        if let Some(category) = art.predict(x)? {
            members[category][y] += 1;
        }
    }
    let size = |category: usize| members[category].iter().sum::<usize>();
    let pure: usize = members.iter().map(|of| of.iter().max().copied().unwrap_or(0)).sum();
    let mut largest: Vec<usize> = (0..art.categories()).collect();
    largest.sort_by_key(|&category| (std::cmp::Reverse(size(category)), category));
    // A category is the box of its rows: least and 1 − greatest of each pixel. Its middle looks like a digit.
    let middle = |category: usize| -> Vec<f32> {
        let weights = art.category(category).unwrap_or_default();
        (0..64).map(|k| 0.5 * (weights[k] + 1.0 - weights[64 + k])).collect()
    };
    let drawn: Vec<_> = largest.iter().take(DRAWN).map(|&category| (middle(category), size(category))).collect();
    let mut curve = vec![];
    for step in 0..8 {
        curve.push(formed(0.1 * f64::from(step))?.categories() as f64);
    }
    let sheet = Sheet {
        title: "Fuzzy ART: the largest categories of the digits, the middle of each box",
        columns: 8,
        across: 10,
        range: (0.0, 1.0),
        map: Map::Ink,
        unit: "ink",
        rows: &[],
    };
    let pictures = tiles(drawn.iter().map(|(values, size)| (&values[..], format!("{size} rows"))));
    Ok(Shown::default()
        .fact("vigilance", 0.65)
        .fact("categories", art.categories())
        .fact("purity", pure as f64 / digits.len() as f64)
        .text("the five largest categories", {
            terminal::strip(drawn.iter().map(|(values, _)| &values[..]).take(5), 8, (0.0, 1.0))
        })
        .picture("categories.svg", sheet.draw(&pictures))
        .picture(
            "vigilance.svg",
            chart::curves_every(
                0.1,
                "Fuzzy ART: more vigilance, more categories",
                "vigilance",
                "categories",
                &[("digits".to_string(), curve)],
            ),
        ))
}
