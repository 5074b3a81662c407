//! Each network does what its paper says.

mod adaline;
mod cognitron;
mod competitive;
mod data;
mod hebb;
mod hopfield;
mod mlp;
mod online;
mod perceptron;
mod saved;

use striate_classics::data::{Samples, Standardizer};

/// The two parts of a split, standardized by the first.
fn standardized(samples: &Samples, seed: u64) -> (Samples, Samples) {
    let (mut train, mut test) = samples.split(0.3, seed);
    let scale = Standardizer::of(&train);
    scale.apply(&mut train).unwrap();
    scale.apply(&mut test).unwrap();
    (train, test)
}

/// Patterns of ±1, each drawn by its own stream.
fn random_patterns(count: usize, units: usize, seed: u64) -> Vec<f32> {
    let rng = striate_tensor::Rng::new(seed).stream("patterns");
    (0..(count * units) as u64).map(|i| if rng.bits(i) & 1 == 1 { 1.0 } else { -1.0 }).collect()
}
