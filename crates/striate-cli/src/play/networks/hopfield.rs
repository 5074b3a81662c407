//! Digits that a Hopfield network recalls from noise and from half an image, and how its energy falls.

use super::{digit_sheet, inked, one_of_each, tiles};
use crate::draw::chart::Steps;
use crate::draw::tiles::Sheet;
use crate::draw::{chart, terminal};
use crate::play::{Entry, Setup, Shown};
use striate::classics::Rows;
use striate::classics::hopfield::{Hopfield, Order, Storage};
use striate::prelude::*;
use striate::tensor::Rng;

pub(crate) const ENTRY: Entry = Entry {
    name: "hopfield",
    about: "associative memory: ten digits recalled from noise and from half an image",
    lesson: "Each stored digit is a valley of the energy. A unit flips only if that lowers the energy, so every \
             start rolls down into some valley: see the curves, each point a flip. Noise of an eighth of the \
             pixels and even a missing half (units that are 0 until their neighbours decide) lead back to the \
             digit; too much of either, and it ends in a wrong valley.",
    show,
};

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
    // Only the upper half is known.
    let half: Vec<f32> = stored.iter().enumerate().map(|(i, v)| if i % 64 < 32 { *v } else { 0.0 }).collect();
    let recalled = |probes: &[f32]| -> Result<(Vec<f32>, Vec<Steps>)> {
        let (mut found, mut curves) = (vec![], vec![]);
        for (digit, probe) in probes.chunks(64).enumerate() {
            let recall = network.recall(probe, Order::Asynchronous { seed: setup.seed }, SWEEPS)?;
            curves.push((format!("digit {digit}"), recall.energies));
            found.extend(recall.state);
        }
        Ok((found, curves))
    };
    let (from_noise, curves) = recalled(&noisy)?;
    let (from_half, half_curves) = recalled(&half)?;
    let wrong = |a: &[f32], b: &[f32]| a.iter().zip(b).filter(|(a, b)| a != b).count();
    let exact = |found: &[f32]| found.chunks(64).zip(stored.chunks(64)).filter(|(a, b)| a == b).count();
    let captions = |states: &[f32]| -> Vec<String> {
        states.chunks(64).zip(stored.chunks(64)).map(|(a, b)| format!("{} wrong", wrong(a, b))).collect()
    };
    let names: Vec<String> = (0..10).map(|digit: u8| digit.to_string()).collect();
    let rows = [
        (&stored, names),
        (&noisy, captions(&noisy)),
        (&from_noise, captions(&from_noise)),
        (&half, vec!["32 unknown".to_string(); 10]),
        (&from_half, captions(&from_half)),
    ];
    let pictures = rows.iter().flat_map(|(states, captions)| states.chunks(64).zip(captions.iter().cloned()));
    let sheet = Sheet {
        range: (-1.0, 1.0),
        unit: "state",
        rows: &["stored", "noisy", "recalled", "half", "recalled"],
        ..digit_sheet("Hopfield network: digits from noise, and from their upper half")
    };
    let several = |states: &[f32]| terminal::strip(states.chunks(64).take(5), 8, (-1.0, 1.0));
    let strips = [&noisy, &from_noise, &half, &from_half].map(|states| several(states)).join("\n\n");
    let falls = |from: &str, curves: &[Steps]| {
        let title = format!("Hopfield network: the energy falls, flip by flip (from {from})");
        chart::curves(&title, "units that changed", "energy", curves)
    };
    Ok(Shown::default()
        .fact("patterns", 10)
        .fact("units", 64)
        .fact("flipped_pixels", wrong(&noisy, &stored))
        .fact("recalled_exactly_from_noise", exact(&from_noise))
        .fact("recalled_exactly_from_half", exact(&from_half))
        .fact("wrong_pixels_from_noise", wrong(&from_noise, &stored))
        .fact("wrong_pixels_from_half", wrong(&from_half, &stored))
        .text("noisy digits and what they recall, upper halves and what they recall", strips)
        .picture("recall.svg", sheet.draw(&tiles(pictures)))
        .picture("energy.svg", falls("noise", &curves))
        .picture("energy-half.svg", falls("half", &half_curves)))
}
