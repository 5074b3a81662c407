//! A map of the digits: prototypes, the borders between them, labels.

use super::inked;
use crate::draw::canvas::{Anchor, Canvas, Drawing};
use crate::draw::chart::number;
use crate::draw::colour::{Colour, Map, TITLE, extent};
use crate::play::{Entry, Setup, Shown};
use striate::classics::Workers;
use striate::classics::som::{Grid, Som, SomSettings, Start};
use striate::prelude::*;

pub(crate) const ENTRY: Entry = Entry {
    name: "som",
    about: "self-organising map: a plane of digits",
    lesson: "Units lie on a plane, and the winner draws its neighbours along: digits that look alike end up \
             near each other. In the U-matrix bright cells are borders between groups; in the label map dark \
             cells are units that several digits share.",
    show,
};

const ROWS: usize = 10;
const COLUMNS: usize = 12;
/// The drawing's pixels between two neighbours.
const STEP: f32 = 45.0;

fn show(setup: Setup) -> Result<Shown> {
    let (digits, workers) = (inked()?, Workers::new(setup.threads));
    let rows = digits.rows().values();
    let settings = SomSettings { seed: setup.seed, ..SomSettings::new(Grid::hexagonal(ROWS, COLUMNS)) };
    let mut som = Som::new(64, settings)?;
    som.start(Start::Pca, &workers, rows)?;
    som.train_batch(&workers, rows, setup.passes(40))?;
    let labels = som.label_map(&workers, rows, digits.labels(), 10)?;
    let winners = som.winners(&workers, rows)?;
    let right =
        winners.iter().zip(digits.labels()).map(|(unit, y)| labels[*unit].is_some_and(|(label, _)| label == *y));
    let line = |(row, line): (usize, &[Option<(usize, usize)>])| {
        let cells: Vec<_> =
            line.iter().map(|cell| cell.map_or(".".to_string(), |(label, _)| label.to_string())).collect();
        format!("{}{}", if row % 2 == 1 { "  " } else { "" }, cells.join("   "))
    };
    let text: Vec<String> = labels.chunks(COLUMNS).enumerate().map(line).collect();
    Ok(Shown::default()
        .fact("quantisation_error", som.quantisation_error(&workers, rows)?)
        .fact("topographic_error", som.topographic_error(&workers, rows)?)
        .fact("label_accuracy", super::share(right))
        .text("the digit that most rows of each unit are (. wins none)", text.join("\n"))
        .picture("map.svg", prototypes(&som))
        .picture("u-matrix.svg", u_matrix(&som))
        .picture("labels.svg", label_map(&som, &labels, &som.hit_map(&workers, rows)?)))
}

fn paper(title: &str) -> Canvas {
    let mut canvas = Canvas::new(COLUMNS as f32 * STEP + 140.0, ROWS as f32 * STEP * 0.87 + 76.0);
    canvas.text(24.0, 28.0, 15.0, Anchor::Start, TITLE, title);
    canvas
}

/// The middle of a unit.
fn middle(som: &Som, unit: usize) -> (f32, f32) {
    let (x, y) = som.settings().grid.position(unit);
    (24.0 + STEP * (x + 0.5), 46.0 + STEP * (y + 0.6))
}

/// The corners of its hexagon.
fn hexagon(som: &Som, unit: usize, part: f32) -> Vec<(f32, f32)> {
    let (x, y) = middle(som, unit);
    let (half, corner) = (0.5 * STEP * part, 0.577 * STEP * part);
    let (dx, dy) = (half, corner / 2.0);
    vec![(x, y - corner), (x + dx, y - dy), (x + dx, y + dy), (x, y + corner), (x - dx, y + dy), (x - dx, y - dy)]
}

/// The drawing's pixels for one of a prototype: eight of them and two of paper are a step.
const CELL: f32 = STEP / 10.0;

fn prototypes(som: &Som) -> Drawing {
    let mut canvas = paper("Self-organising map of the digits: the weights of each unit");
    for (row, units) in som.weights().chunks(64 * COLUMNS).enumerate() {
        // All units of a row in one picture.
        let line = |y: usize| units.chunks(64).flat_map(move |unit| [&unit[8 * y..8 * (y + 1)], &[0.0, 0.0]].concat());
        let values: Vec<f32> = (0..8).flat_map(line).collect();
        let (x, y) = middle(som, row * COLUMNS);
        canvas.pixels((x - 4.0 * CELL, y - 4.0 * CELL), &values, 10 * COLUMNS, CELL, (0.0, 1.0), Map::Ink);
    }
    canvas.colour_bar((COLUMNS as f32 * STEP + 62.0, 52.0), 140.0, (0.0, 1.0), Map::Ink, "ink");
    canvas.finish()
}

fn u_matrix(som: &Som) -> Drawing {
    let mut canvas = paper("U-matrix: mean distance to the neighbours (bright: a border)");
    let distances = som.u_matrix();
    let (low, high) = extent(&distances);
    for (unit, d) in distances.iter().enumerate() {
        let t = (d - low) / (high - low).max(f32::MIN_POSITIVE);
        let colour = Map::Viridis.colour(t);
        canvas.polygon(&hexagon(som, unit, 1.01), colour);
        let (x, y) = middle(som, unit);
        canvas.text(x, y + 4.0, 10.0, Anchor::Middle, colour.ink(), &number(*d));
    }
    canvas.colour_bar((COLUMNS as f32 * STEP + 62.0, 52.0), 140.0, (low, high), Map::Viridis, "distance");
    canvas.finish()
}

fn label_map(som: &Som, labels: &[Option<(usize, usize)>], hits: &[usize]) -> Drawing {
    let mut canvas = paper("Label map: the digit of most rows, and its part of them (bright: pure)");
    for (unit, label) in labels.iter().enumerate() {
        let (x, y) = middle(som, unit);
        let Some((label, count)) = label else {
            canvas.polygon(&hexagon(som, unit, 0.96), Colour::of(0xeeeeee));
            continue;
        };
        let part = *count as f32 / hits[unit].max(1) as f32;
        let colour = Map::Cividis.colour(part);
        canvas.polygon(&hexagon(som, unit, 0.96), colour);
        canvas.text(x, y + 4.0, 19.0, Anchor::Middle, colour.ink(), &label.to_string());
        canvas.text(x, y + 17.0, 9.0, Anchor::Middle, colour.ink(), &format!("{count}/{}", hits[unit]));
    }
    canvas.colour_bar((COLUMNS as f32 * STEP + 62.0, 52.0), 140.0, (0.0, 1.0), Map::Cividis, "part");
    canvas.finish()
}
