//! What the cells of a cognitron answer to bars, and what its last cells have come to look for.

use super::tiles;
use crate::draw::colour::Map;
use crate::draw::terminal;
use crate::draw::tiles::Sheet;
use crate::play::{Entry, Setup, Shown};
use striate::classics::cognitron::{Cognitron, Settings};
use striate::prelude::*;
use striate::tensor::Rng;

pub(crate) const ENTRY: Entry = Entry {
    name: "cognitron",
    about: "Fukushima's cognitron: cells for bars, without a teacher",
    lesson: "A cell's links grow only when it is the strongest of its neighbourhood. So cells of a layer come \
             to answer different pieces of lines, and deeper cells to pieces of a whole pattern. The last row \
             is what one cell of the last layer looks for, led back to the input: it sees a part of its \
             pattern, as far as its links reach.",
    show,
};

const SIDE: usize = 12;

/// Two bars, two diagonals, a cross and a frame.
fn patterns() -> Vec<Vec<f32>> {
    let on: [fn(usize, usize) -> bool; 6] = [
        |y, _| (5..7).contains(&y),
        |_, x| (5..7).contains(&x),
        |y, x| y.abs_diff(x) < 1,
        |y, x| (y + x).abs_diff(SIDE - 1) < 1,
        |y, x| y == 3 || x == 3,
        |y, x| (y == 2 || y == 9) && (2..10).contains(&x) || (x == 2 || x == 9) && (2..10).contains(&y),
    ];
    on.iter().map(|on| (0..SIDE * SIDE).map(|i| f32::from(u8::from(on(i / SIDE, i % SIDE)))).collect()).collect()
}

fn show(setup: Setup) -> Result<Shown> {
    let patterns = patterns();
    let mut network = Cognitron::new(&Settings { layers: 3, ..Settings::default() })?;
    let rng = Rng::new(setup.seed).stream("play.order");
    let mut order: Vec<usize> = (0..patterns.len()).collect();
    for pass in 0..setup.passes(20) {
        rng.substream(pass as u64).shuffle(&mut order);
        for &at in &order {
            network.learn_one(&patterns[at])?;
        }
    }
    let cell_of = |answer: &[f32]| {
        let most = answer.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        most.map_or(0, |(cell, _)| cell)
    };
    let mut rows: [Vec<(Vec<f32>, String)>; 5] = Default::default();
    let mut strongest = vec![];
    for pattern in &patterns {
        let answers = network.response(pattern)?;
        let mut only = vec![0.0; SIDE * SIDE];
        let cell = cell_of(&answers[2]);
        only[cell] = 1.0;
        strongest.push(cell);
        rows[0].push((pattern.clone(), String::new()));
        for (row, answer) in rows[1..4].iter_mut().zip(&answers) {
            // Layers differ in strength: each picture is to its own greatest.
            let greatest = answer.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
            let active = answer.iter().filter(|u| **u > 0.0).count();
            row.push((answer.iter().map(|u| u / greatest).collect(), format!("{active} active")));
        }
        rows[4].push((network.reproduce(&only)?, format!("cell {},{}", cell / SIDE, cell % SIDE)));
    }
    let text = terminal::strip(rows[4].iter().map(|(values, _)| &values[..]).take(4), SIDE, (0.0, 1.0));
    let pictures = tiles(rows.iter().flatten().map(|(values, caption)| (&values[..], caption.clone())));
    let sheet = Sheet {
        title: "Cognitron: six patterns, the answers of three layers, what the strongest cell looks for",
        columns: SIDE,
        across: patterns.len(),
        range: (0.0, 1.0),
        map: Map::Viridis,
        unit: "part of the greatest",
        rows: &["pattern", "layer 1", "layer 2", "layer 3", "cell's feature"],
    };
    strongest.sort_unstable();
    strongest.dedup();
    Ok(Shown::default()
        .fact("patterns", patterns.len())
        .fact("strongest_cells_that_differ", strongest.len())
        .text("what the strongest cells of the last layer look for", text)
        .picture("cells.svg", sheet.draw(&pictures)))
}
