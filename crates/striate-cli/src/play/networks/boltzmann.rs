//! Boltzmann machines, one or two upon each other: what their units look for and what they dream of digits.

use super::{digit_sheet, few_labels, inked, one_of_each, tiles, weight_sheet};
use crate::draw::canvas::Drawing;
use crate::draw::tiles::Sheet;
use crate::draw::{chart, terminal};
use crate::play::{Entry, Setup, Shown};
use striate::classics::Workers;
use striate::classics::dbn::Dbn;
use striate::classics::rbm::{Rbm, RbmSettings};
use striate::prelude::*;

pub(crate) const RBM: Entry = Entry {
    name: "rbm",
    about: "restricted Boltzmann machine: features and samples of digits",
    lesson: "Hidden units learn which pixels go together; hidden and visible units then draw each other, step \
             after step, and digits come out that were never seen. The pseudo-likelihood tells whether the \
             model gets better; a chain may stay for long near one digit.",
    show: rbm,
};
pub(crate) const DBN: Entry = Entry {
    name: "dbn",
    about: "deep belief network: features of features of digits",
    lesson: "Each machine learns the features of the one below. Up to the top features and back down, a digit \
             keeps what matters; samples are drawn at the top. The same weights start a classifier: with ten \
             labels of each digit, back-propagation from the stack is set against the same network from random \
             weights, on digits that neither saw (mean of three draws). On digits as small and clean as these the two \
             come out alike; on full MNIST the stack wins (the example dbn_few_labels).",
    show: dbn,
};

/// Steps of Gibbs sampling from a digit to a sample.
const STEPS: usize = 200;

fn machine(hidden: usize, seed: u64) -> RbmSettings {
    RbmSettings { rate: 0.05, persistent: true, weight_decay: 1e-4, batch: 20, seed, ..RbmSettings::new(hidden) }
}

/// The first of each digit.
fn starts(digits: &striate::classics::data::Samples) -> Vec<f32> {
    one_of_each(digits).iter().flat_map(|&i| digits.row(i).to_vec()).collect()
}

/// Rows of digits with what each row is.
fn ink<'a>(title: &str, rows: &[&str], digits: impl IntoIterator<Item = &'a [f32]>) -> Drawing {
    let sheet = Sheet { unit: "probability of ink", rows, ..digit_sheet(title) };
    sheet.draw(&tiles(digits.into_iter().map(|values| (values, String::new()))))
}

fn filters(title: &str, weights: &[f32]) -> Drawing {
    weight_sheet(title, 12, weights.chunks(64).map(|w| (w, String::new())))
}

fn rbm(setup: Setup) -> Result<Shown> {
    let (digits, workers) = (inked()?, Workers::new(setup.threads));
    let rows = digits.rows().values();
    let mut machine = Rbm::new(64, machine(48, setup.seed))?;
    let mut likelihood = vec![machine.pseudo_likelihood(&workers, rows, setup.seed)?];
    for _ in 0..setup.passes(40) {
        machine.train(&workers, rows, 1)?;
        likelihood.push(machine.pseudo_likelihood(&workers, rows, setup.seed)?);
    }
    let starts = starts(&digits);
    let samples = machine.sample(&workers, &starts, STEPS, setup.seed)?;
    let means = machine.down(&workers, &machine.up(&workers, &samples)?)?;
    let pictures = starts.chunks(64).chain(means.chunks(64));
    Ok(Shown::default()
        .fact("hidden", 48)
        .fact("pseudo_likelihood_first", likelihood.first().copied())
        .fact("pseudo_likelihood_last", likelihood.last().copied())
        .fact("reconstruction_error", machine.reconstruction_error(&workers, rows)?)
        .text("samples of the machine", terminal::strip(means.chunks(64).take(5), 8, (0.0, 1.0)))
        .picture("filters.svg", filters("Restricted Boltzmann machine: weights of the hidden units", machine.weights()))
        .picture(
            "samples.svg",
            ink("Restricted Boltzmann machine: digits, and samples 200 steps on", &["start", "sample"], pictures),
        )
        .picture(
            "likelihood.svg",
            chart::curves(
                "Restricted Boltzmann machine: the pseudo-likelihood rises",
                "pass",
                "log pseudo-likelihood of a row",
                &[("digits".to_string(), likelihood)],
            ),
        ))
}

fn dbn(setup: Setup) -> Result<Shown> {
    let (digits, workers) = (inked()?, Workers::new(setup.threads));
    // The stack sees none of the digits that the classifier is tested on.
    let (digits, unseen) = digits.split(0.25, setup.seed);
    let rows = digits.rows().values();
    let second = setup.seed.wrapping_add(1);
    let mut network = Dbn::new(64, &[machine(64, setup.seed), machine(32, second)])?;
    network.train(&workers, rows, setup.passes(40))?;
    let starts = starts(&digits);
    let back = network.down(&workers, &network.up(&workers, &starts)?)?;
    let samples = network.sample(&workers, &starts, STEPS, setup.seed)?;
    let all = network.down(&workers, &network.up(&workers, rows)?)?;
    let error = all.iter().zip(rows).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / rows.len() as f64;
    // What a top unit looks for, through the weights of the lower machine (without its biases and squashing).
    let (lower, top) = (&network.machines()[0], &network.machines()[1]);
    let mut through = vec![];
    for of_unit in top.weights().chunks(64) {
        through.extend((0..64).map(|pixel| {
            let links = of_unit.iter().enumerate().map(|(hidden, w)| w * lower.weights()[64 * hidden + pixel]);
            links.sum::<f32>()
        }));
    }
    let (from_stack, from_random) = few_labels::compare(&network, &digits, &unseen, setup)?;
    let pictures = [&starts, &back, &samples].into_iter().flat_map(|rows| rows.chunks(64));
    let title = "Deep belief network: digits, back from 32 features, samples";
    Ok(Shown::default()
        .fact("hidden", vec![64, 32])
        .fact("squared_error_through_32_features", error)
        .fact("labels_of_each_digit", few_labels::EACH)
        .fact("accuracy_from_the_stack", from_stack)
        .fact("accuracy_from_random_weights", from_random)
        .text("samples of the network", terminal::strip(samples.chunks(64).take(5), 8, (0.0, 1.0)))
        .picture("samples.svg", ink(title, &["start", "up and down", "sample"], pictures))
        .picture("features.svg", filters("Deep belief network: top units through the lower weights", &through)))
}
