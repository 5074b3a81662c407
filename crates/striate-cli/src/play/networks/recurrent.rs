//! Four recurrent networks that have to remember the first of many steps.

use crate::draw::chart;
use crate::draw::chart::Steps;
use crate::play::{Entry, Setup, Shown};
use striate::prelude::layers::{JordanLayer, SliceLayer, Squash};
use striate::prelude::*;
use striate::tensor::{Array, Rng};
use striate::train::{Adam, Data, Event, Graphs, Optimizer, Settings, StopRules, Trainer};

pub(crate) const ENTRY: Entry = Entry {
    name: "recurrent",
    about: "Elman's and Jordan's networks, LSTM, GRU: to remember the first of fifteen steps",
    lesson: "One of four inputs is on at the first step, then comes noise; at the end the network shall say which it was. What \
             a network keeps from step to step passes through its units each time, and so does the error on its way back, \
             which fades with every step: each curve is flat near a quarter, which is guessing, until the network has found \
             what to keep, and then rises within a few epochs. The farther back, the longer it is flat.",
    show,
};

/// Steps of a sequence.
const STEPS: usize = 15;
/// Inputs, of which the first step chooses one.
const KINDS: usize = 4;
/// Hidden units of each network.
const UNITS: usize = 16;

/// Sequences with the input that was on at their first step.
fn sequences(count: usize, rng: Rng) -> Result<Dataset> {
    let label = |sample: usize| sample % KINDS;
    let noise = |at: usize| rng.uniform(at as u64) - 0.5;
    let x = Array::from_fn([count, STEPS, KINDS], |at| {
        let (sample, step, input) = (at / (STEPS * KINDS), at / KINDS % STEPS, at % KINDS);
        if step == 0 { f32::from(input == label(sample)) } else { noise(at) }
    });
    let names = (1..=KINDS).map(|kind| format!("input {kind}")).collect();
    Dataset::from_array(x, (0..count).map(|sample| label(sample) as i32).collect(), names)
}

/// The networks with their names, each with as many hidden units.
fn networks() -> Result<[(&'static str, Model); 4]> {
    let start = |name: &str| Model::new(name, [STEPS, KINDS]).classes(KINDS);
    // What Jordan's network feeds back is its output: that of the last step is the answer.
    let outputs = start("jordan").then(JordanLayer::new(UNITS, KINDS).function(Squash::Identity));
    Ok([
        ("Elman", start("elman").rnn(UNITS).last().dense(KINDS).finish()?),
        ("Jordan", outputs.then(SliceLayer::new(1, STEPS - 1..STEPS)).flatten().finish()?),
        ("LSTM", start("lstm").lstm(UNITS).last().dense(KINDS).finish()?),
        ("GRU", start("gru").gru(UNITS).last().dense(KINDS).finish()?),
    ])
}

fn show(setup: Setup) -> Result<Shown> {
    let rng = Rng::new(setup.seed).stream("play.sequences");
    let data = Data {
        train: sequences(800, rng.substream(0))?,
        watched: sequences(400, rng.substream(1))?,
        preprocessing: Preprocessing::default(),
    };
    let settings = Settings {
        batch: 20,
        learning_rate: 0.01,
        seed: setup.seed >> 1,
        stop: StopRules::after(setup.passes(20) as u64),
        ..Settings::default()
    };
    let mut shown = Shown::default();
    let (mut curves, mut lines): (Vec<Steps>, Vec<String>) = (vec![], vec![]);
    for (name, model) in networks()? {
        let graphs = Graphs::of(&model, &Optimizer::from(Adam::default()))?;
        let mut trainer = Trainer::new(graphs, &data, settings.clone(), setup.threads)?;
        let mut right = vec![trainer.evaluate(&data.watched, &data.preprocessing)?.all.accuracy()];
        loop {
            match trainer.advance()? {
                Event::Step { .. } => {}
                Event::Epoch(report) => right.push(report.watched.accuracy()),
                Event::Done(_) => break,
            }
        }
        let last = right.last().copied().unwrap_or_default();
        shown = shown.fact(&format!("accuracy_{}", name.to_lowercase()), last);
        lines.push(format!("{name:<7} {}", right.iter().map(|v| format!("{:>4.0}", 100.0 * v)).collect::<String>()));
        curves.push((name.to_string(), right));
    }
    let title = format!("Recurrent networks: which input was on {} steps ago?", STEPS - 1);
    Ok(shown
        .fact("steps", STEPS)
        .fact("hidden_units", UNITS)
        .text("new sequences told right after each epoch, in percent", lines.join("\n"))
        .picture("memory.svg", chart::curves(&title, "epoch", "accuracy on new sequences", &curves)))
}
