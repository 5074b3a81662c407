//! One file for each network (one for both Boltzmann machines, which `few_labels` puts to use).

pub(super) mod adaline;
pub(super) mod art;
pub(super) mod artmap;
pub(super) mod backprop;
pub(super) mod boltzmann;
pub(super) mod cognitron;
pub(super) mod competitive;
mod few_labels;
pub(super) mod hebb;
pub(super) mod hopfield;
pub(super) mod lvq;
pub(super) mod perceptron;
pub(super) mod som;

use crate::draw::tiles::Tile;
use striate::classics::data::{Samples, digits, iris};
use striate::prelude::*;

/// Length and width of the irises' petals.
const PETAL: [&str; 2] = ["petal length (cm)", "petal width (cm)"];

/// The irises' petals alone, each number through `scale`.
fn petals(scale: impl Fn([f32; 2]) -> [f32; 2]) -> Result<Samples> {
    let iris = iris();
    let values = (0..iris.len()).flat_map(|i| scale([iris.row(i)[2], iris.row(i)[3]])).collect();
    Samples::new("petals of irises", values, 2, iris.labels().to_vec(), iris.classes().to_vec())
}

/// The 8×8 digits with ink from 0 to 1.
fn inked() -> Result<Samples> {
    let digits = digits();
    let values = digits.rows().values().iter().map(|v| v / 16.0).collect();
    Samples::new("8×8 digits", values, 64, digits.labels().to_vec(), digits.classes().to_vec())
}

/// The first sample of each class.
fn one_of_each(samples: &Samples) -> Vec<usize> {
    (0..samples.classes().len()).filter_map(|class| samples.labels().iter().position(|&y| y == class)).collect()
}

/// Pictures with captions.
fn tiles<'a>(pictures: impl IntoIterator<Item = (&'a [f32], String)>) -> Vec<Tile> {
    pictures.into_iter().map(|(values, caption)| Tile::values(values.to_vec(), caption)).collect()
}

/// The share of right answers.
fn share(right: impl IntoIterator<Item = bool>) -> f64 {
    let (mut yes, mut all) = (0usize, 0usize);
    for right in right {
        yes += usize::from(right);
        all += 1;
    }
    yes as f64 / all.max(1) as f64
}
