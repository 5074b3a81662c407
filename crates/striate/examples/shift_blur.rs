//! What blurred pools do for shifts (Zhang 2019): LeNet-5 with max-pooling against the same with blurred max-pooling, trained alike
//! on the digits inside.
//!
//! `cargo run --release -p striate --example shift_blur [epochs [seeds [threads]]]`

use striate::data::Digits;
use striate::explain::{Lens, shift};
use striate::plan::Workers;
use striate::prelude::*;
use striate::train::{Data, Event, Graphs, Optimizer, Settings, Sgd, StopRules, Trainer};

/// The greatest shift, in pixels.
const MOST: usize = 8;
/// Digits that are shifted.
const SHIFTED: usize = 500;

fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>().ok());
    let mut next = |default: u64| numbers.next().flatten().unwrap_or(default);
    let (epochs, seeds, threads) = (next(4), next(3), next(1) as usize);
    println!("{epochs} epochs on the digits inside; {SHIFTED} test digits moved by 1 to {MOST} pixels each way");
    println!(
        "{:<12} {:>4} {:>9} {:>15} {:>15} {:>11} {:>14} {:>14}",
        "model", "seed", "accuracy", "same class 1-4", "same class 1-8", "|Δp| 1-8", "E of pool1", "E of conv2"
    );
    for name in ["lenet5", "lenet5_blur"] {
        let mut sums = [0f64; 6];
        for seed in 1..=seeds {
            let figures = figures(name, epochs, seed, threads)?;
            row(name, &seed.to_string(), &figures);
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure / seeds as f64);
        }
        row(name, "mean", &sums);
    }
    Ok(())
}

fn row(name: &str, seed: &str, [accuracy, near, all, p, first, second]: &[f64; 6]) {
    let percent = |part: &f64| format!("{:.2} %", 100.0 * part);
    println!(
        "{name:<12} {seed:>4} {:>9} {:>15} {:>15} {p:>11.4} {first:>14.4} {second:>14.4}",
        percent(accuracy),
        percent(near),
        percent(all)
    );
}

/// Accuracy; the part of the answers that stay at shifts of 1 to 4 and to 8 pixels; the mean change of the probability; the mean
/// equivariance errors of the first pool and of the convolution behind it.
fn figures(name: &str, epochs: u64, seed: u64, threads: usize) -> Result<[f64; 6]> {
    let model = zoo::find(name)?;
    let settings = Settings { seed, stop: StopRules::after(epochs), ..Settings::default() };
    let data = Data { train: Digits::train(), watched: Digits::test(), preprocessing: model.preprocessing.clone() };
    let graphs = Graphs::of(&model, &Optimizer::from(Sgd::default()))?;
    let mut trainer = Trainer::new(graphs, &data, settings, threads)?;
    while !matches!(trainer.advance()?, Event::Done(_)) {}
    let accuracy = trainer.evaluate(&Digits::test(), &model.preprocessing)?.all.accuracy();
    let lens = Lens::new(model, trainer.store().clone())?;
    let shifts = shift::measure(&lens, &Workers::new(threads), &Digits::test().take(SHIFTED), MOST)?;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let error = |name: &str| {
        let layer = shifts.layers.iter().find(|layer| layer.layer == name);
        layer.and_then(shift::LayerShift::mean_error).unwrap_or(f64::NAN)
    };
    let (near, all) = (mean(&shifts.same_class[1..=4]), mean(&shifts.same_class[1..]));
    Ok([accuracy, near, all, mean(&shifts.probability[1..]), error("pool1"), error("conv2")])
}
