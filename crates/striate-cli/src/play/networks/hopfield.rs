//! Digits that a Hopfield network recalls from noise, and how its energy falls.

use super::{inked, one_of_each, tiles};
use crate::draw::colour::Map;
use crate::draw::tiles::Sheet;
use crate::draw::{chart, terminal};
use crate::play::{Entry, Setup, Shown};
use striate::classics::Rows;
use striate::classics::hopfield::{Hopfield, Order, Storage};
use striate::prelude::*;
use striate::tensor::Rng;

pub(crate) const ENTRY: Entry =
    Entry { name: "hopfield", about: "associative memory: ten digits recalled from noise", show };

/// The share of pixels that noise turns around.
const NOISE: f32 = 0.12;
/// More sweeps than a recall needs.
const SWEEPS: usize = 50;

fn show(setup: Setup) -> Result<Shown> {
    let digits = inked()?;
    let sign = |on: bool| if on { 1.0f32 } else { -1.0 };
    let stored: Vec<f32> =
        one_of_each(&digits).iter().flat_map(|&i| digits.row(i).iter().map(|v| sign(*v > 0.45))).collect();
    let network = Hopfield::store(Rows::new(&stored, 64)?, Storage::PseudoInverse)?;
    let rng = Rng::new(setup.seed).stream("play.noise");
    let noisy: Vec<f32> =
        stored.iter().enumerate().map(|(i, v)| if rng.uniform(i as u64) < NOISE { -v } else { *v }).collect();
    let (mut found, mut curves, mut exact) = (vec![], vec![], 0u64);
    for (digit, (probe, pattern)) in noisy.chunks(64).zip(stored.chunks(64)).enumerate() {
        let recall = network.recall(probe, Order::Asynchronous { seed: setup.seed }, SWEEPS)?;
        exact += u64::from(recall.state == pattern);
        curves.push((format!("digit {digit}"), recall.energies));
        found.extend(recall.state);
    }
    let wrong = |a: &[f32], b: &[f32]| a.iter().zip(b).filter(|(a, b)| a != b).count();
    let captions = |states: &[f32]| -> Vec<String> {
        states.chunks(64).zip(stored.chunks(64)).map(|(a, b)| format!("{} wrong", wrong(a, b))).collect()
    };
    let names: Vec<String> = (0..10).map(|digit: u8| digit.to_string()).collect();
    let rows = [(&stored, names), (&noisy, captions(&noisy)), (&found, captions(&found))];
    let pictures = rows.iter().flat_map(|(states, captions)| states.chunks(64).zip(captions.iter().cloned()));
    let sheet = Sheet {
        title: "Hopfield network: digits from noise",
        columns: 8,
        across: 10,
        range: (-1.0, 1.0),
        map: Map::Ink,
        unit: "state",
        rows: &["stored", "noisy", "recalled"],
    };
    let several = |states: &[f32]| terminal::strip(states.chunks(64).take(5), 8, (-1.0, 1.0));
    Ok(Shown::default()
        .fact("patterns", 10)
        .fact("units", 64)
        .fact("flipped_pixels", wrong(&noisy, &stored))
        .fact("recalled_exactly", exact)
        .fact("wrong_pixels", wrong(&found, &stored))
        .text("noisy digits, and what they recall", format!("{}\n\n{}", several(&noisy), several(&found)))
        .picture("recall.svg", sheet.draw(&tiles(pictures)))
        .picture(
            "energy.svg",
            chart::curves("Hopfield network: the energy falls until nothing changes", "sweep", "energy", &curves),
        ))
}
