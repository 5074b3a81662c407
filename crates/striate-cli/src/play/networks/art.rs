//! The categories that ART1, ART2-A and Fuzzy ART form of the same digits.

use super::{Groups, digit_sheet, inked, shuffled, tiles};
use crate::draw::tiles::{Sheet, Tile};
use crate::draw::{chart, terminal};
use crate::play::{Entry, Setup, Shown};
use striate::classics::art::{Art, Art1, Art1Settings, Art2a, Art2aSettings, FuzzyArt, FuzzyArtSettings};
use striate::classics::data::Samples;
use striate::prelude::*;

pub(crate) const ENTRY: Entry = Entry {
    name: "art",
    about: "adaptive resonance (ART1, ART2-A, Fuzzy ART): categories of digits that form by themselves",
    lesson: "A row joins a category only if they match well enough, by at least the vigilance; else a new category is \
             committed, and nothing old is forgotten. ART1 keeps the bits that all rows of a category have; ART2-A turns \
             towards their mean direction; a category of Fuzzy ART is a box, drawn is its middle. The more vigilance, the \
             more categories, each of fewer rows: the curve.",
    show,
};

/// So many categories of each network are drawn, the largest.
const DRAWN: usize = 10;
/// Of Fuzzy ART.
const VIGILANCE: f64 = 0.65;

/// What a network made of the digits.
struct Formed {
    categories: usize,
    purity: f64,
    /// Pictures of the largest categories and how many rows each has.
    largest: Vec<(Vec<f32>, usize)>,
}

/// Lets a network form categories; `look` makes a picture of one's weights.
fn formed<A: Art>(
    digits: &Samples,
    settings: A::Settings,
    passes: usize,
    look: impl Fn(&[f32]) -> Vec<f32>,
) -> Result<Formed> {
    let mut art = A::new(64, settings)?;
    art.train(digits.rows().values(), passes)?;
    let groups = Groups::of(digits, art.categories(), |x| art.predict(x))?;
    let mut order: Vec<usize> = (0..art.categories()).collect();
    order.sort_by_key(|&category| (std::cmp::Reverse(groups.size(category)), category));
    let picture = |&category: &usize| (look(art.category(category).unwrap_or_default()), groups.size(category));
    let largest = order.iter().take(DRAWN).map(picture).collect();
    Ok(Formed { categories: art.categories(), purity: groups.purity(), largest })
}

fn show(setup: Setup) -> Result<Shown> {
    let digits = shuffled(&inked()?, setup.seed);
    let bits = digits.rows().values().iter().map(|v| f32::from(*v > 0.45)).collect();
    let bits = Samples::new("bits", bits, 64, digits.labels().to_vec(), digits.classes().to_vec())?;
    let passes = setup.passes(10);
    let fuzzy = |vigilance: f64| FuzzyArtSettings { vigilance, ..FuzzyArtSettings::default() };
    let greatest = |w: &[f32]| w.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    // A category is the box of its rows: least and 1 − greatest of each pixel. Its middle looks like a digit.
    let middle = |w: &[f32]| (0..64).map(|k| 0.5 * (w[k] + 1.0 - w[64 + k])).collect();
    let networks = [
        (
            "ART1",
            formed::<Art1>(&bits, Art1Settings { vigilance: 0.5, ..Art1Settings::default() }, passes, <[f32]>::to_vec)?,
        ),
        (
            "ART2-A",
            formed::<Art2a>(&digits, Art2aSettings { vigilance: 0.85, ..Art2aSettings::default() }, passes, |w| {
                w.iter().map(|v| v / greatest(w)).collect()
            })?,
        ),
        ("Fuzzy ART", formed::<FuzzyArt>(&digits, fuzzy(VIGILANCE), passes, middle)?),
    ];
    let mut curve = vec![];
    for step in 0..8 {
        let mut art = FuzzyArt::new(64, fuzzy(0.1 * f64::from(step)))?;
        art.train(digits.rows().values(), passes)?;
        curve.push(art.categories() as f64);
    }
    let (mut pictures, mut shown): (Vec<Tile>, _) = (vec![], Shown::default());
    for (name, formed) in &networks {
        let key = name.to_lowercase().replace(' ', "_");
        shown =
            shown.fact(&format!("{key}_categories"), formed.categories).fact(&format!("{key}_purity"), formed.purity);
        let drawn = formed.largest.iter().map(|(values, size)| (&values[..], format!("{size} rows")));
        pictures.extend(tiles(drawn));
        // A row of the sheet for each network, however few categories it has.
        let missing = DRAWN.saturating_sub(formed.largest.len());
        pictures.extend((0..missing).map(|_| Tile::values(vec![0.0; 64], "")));
    }
    let rows: Vec<&str> = networks.iter().map(|(name, _)| *name).collect();
    let title = "Adaptive resonance: the largest categories that three networks form of the digits";
    let strips = networks.each_ref().map(|(_, formed)| {
        terminal::strip(formed.largest.iter().map(|(values, _)| &values[..]).take(5), 8, (0.0, 1.0))
    });
    let curves = [("digits".to_string(), curve)];
    let chart =
        chart::curves_every(0.1, "Fuzzy ART: more vigilance, more categories", "vigilance", "categories", &curves);
    Ok(shown
        .text("the five largest categories of each network", strips.join("\n\n"))
        .picture("categories.svg", Sheet { rows: &rows, ..digit_sheet(title) }.draw(&pictures))
        .picture("vigilance.svg", chart))
}
