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
pub(super) mod recurrent;
pub(super) mod som;

use super::Shown;
use crate::draw::canvas::Drawing;
use crate::draw::colour::{Map, symmetric};
use crate::draw::plane::{self, Shape};
use crate::draw::tiles::{Sheet, Tile};
use striate::classics::data::{Samples, digits, iris};
use striate::prelude::*;
use striate::tensor::Rng;

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

/// The samples in an order that the seed draws.
fn shuffled(samples: &Samples, seed: u64) -> Samples {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    Rng::new(seed).stream("play.order").shuffle(&mut order);
    samples.select(&order)
}

/// The first sample of each class.
fn one_of_each(samples: &Samples) -> Vec<usize> {
    (0..samples.classes().len()).filter_map(|class| samples.labels().iter().position(|&y| y == class)).collect()
}

/// The share of the samples whose class is told right.
fn accuracy(samples: &Samples, classify: impl Fn(&[f32]) -> Result<Option<usize>>) -> Result<f64> {
    let mut right = vec![];
    for (x, &y) in samples.rows().iter().zip(samples.labels()) {
        right.push(classify(x)? == Some(y));
    }
    Ok(share(right))
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

/// Which samples fell into each of a number of groups: for every group, how many of each class.
struct Groups(Vec<Vec<usize>>);

impl Groups {
    /// By the group that `place` gives each sample, if any.
    fn of(samples: &Samples, groups: usize, place: impl Fn(&[f32]) -> Result<Option<usize>>) -> Result<Self> {
        let mut counts = vec![vec![0; samples.classes().len()]; groups];
        for (x, &y) in samples.rows().iter().zip(samples.labels()) {
            if let Some(group) = place(x)? {
                counts[group][y] += 1;
            }
        }
        Ok(Groups(counts))
    }

    /// Samples of a group.
    fn size(&self, group: usize) -> usize {
        self.0[group].iter().sum()
    }

    /// The class of most of its samples (of equals the first), and how many are of it.
    fn most(&self, group: usize) -> (usize, usize) {
        let counts = self.0[group].iter().enumerate();
        counts.fold((0, 0), |most, (class, &count)| if count > most.1 { (class, count) } else { most })
    }

    /// The share of all grouped samples that are of their group's most frequent class.
    fn purity(&self) -> f64 {
        let groups = 0..self.0.len();
        let most: usize = groups.clone().map(|group| self.most(group).1).sum();
        most as f64 / groups.map(|group| self.size(group)).sum::<usize>().max(1) as f64
    }
}

/// Pictures with captions.
fn tiles<'a>(pictures: impl IntoIterator<Item = (&'a [f32], String)>) -> Vec<Tile> {
    pictures.into_iter().map(|(values, caption)| Tile::values(values.to_vec(), caption)).collect()
}

/// 8×8 pictures as ink on paper, ten across.
fn digit_sheet(title: &str) -> Sheet<'_> {
    Sheet { title, columns: 8, across: 10, range: (0.0, 1.0), map: Map::Ink, unit: "ink", rows: &[] }
}

/// The 8×8 weights of units, below zero in blue, above in red.
fn weight_sheet<'a>(title: &str, across: usize, units: impl IntoIterator<Item = (&'a [f32], String)>) -> Drawing {
    let units: Vec<_> = units.into_iter().collect();
    let range = symmetric(&units.iter().flat_map(|(weights, _)| *weights).copied().collect::<Vec<_>>());
    Sheet { across, range, map: Map::Vik, unit: "weight", ..digit_sheet(title) }.draw(&tiles(units))
}

/// Adds what a classifier says of all petals that there could be: as text, and as the picture `file`.
fn show_plane(
    shown: Shown,
    file: &'static str,
    title: &str,
    samples: &Samples,
    classify: &impl Fn(&[f32]) -> Result<Option<usize>>,
    (shapes, legend): (&[Shape], &str),
) -> Result<Shown> {
    Ok(shown
        .text("the answers over petal length (across) and width (up)", plane::terminal(samples, classify)?)
        .picture(file, plane::draw(title, PETAL, samples, classify, shapes, legend)?))
}
