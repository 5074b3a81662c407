//! A sanity check of attribution (Adebayo et al., "Sanity checks for saliency maps", 2018): a map that explains what the network
//! has learnt must change when the weights are drawn anew, layer after layer from the last to the first, each time with all later
//! ones. How alike two maps are is told by Spearman's rank correlation of their magnitudes.

use super::{Method, Settings, attribute};
use crate::explain::Lens;
use serde::Serialize;
use striate_graph::{Builder, Mode, Source, ValueInfo};
use striate_plan::{Tensor, Workers};
use striate_tensor::{Array, Result};

/// What became of a map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sanity {
    /// One for each layer with weights, from the last to the first.
    pub steps: Vec<SanityStep>,
}

/// The map after the weights of a layer and of all later ones were drawn anew.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SanityStep {
    /// The layer.
    pub layer: String,
    /// Spearman's rank correlation of the magnitudes of this map and the map of the trained network, −1 to 1, over the places
    /// where one of them is not 0; none where one of them is the same everywhere.
    pub correlation: Option<f64>,
}

impl Sanity {
    /// A correlation from which on a map is taken for unchanged.
    pub const LIMIT: f64 = 0.5;

    /// Whether the map depends on what was learnt: with all weights drawn anew its correlation is below [`Sanity::LIMIT`].
    pub fn passes(&self) -> bool {
        self.steps.last().is_some_and(|step| step.correlation.is_none_or(|r| r.abs() < Self::LIMIT))
    }
}

/// Checks the map of a method for a sample and a class (or the class that the trained network predicts). Weights are drawn as
/// those of a new network, by `seed`; running statistics stay.
///
/// # Errors
/// As [`attribute`].
pub fn sanity(
    lens: &Lens,
    workers: &Workers,
    sample: &Array<f32>,
    method: &'static Method,
    class: Option<usize>,
    settings: &Settings,
    seed: u64,
) -> Result<Sanity> {
    let learnt = attribute(lens, workers, sample, method, class, settings)?;
    // The layer that was chosen for the trained network serves all.
    let settings = Settings { layer: learnt.layer.clone(), ..settings.clone() };
    let builder = Builder::for_inference();
    let built = lens.model().build(&builder, Mode::Infer);
    let graph = builder.finish([built.output])?;
    let mut store = lens.store().clone();
    let mut steps = vec![];
    for layer in built.layers.iter().rev() {
        let drawn: Vec<_> = graph.values[layer.values.clone()].iter().filter_map(|value| draw(value, seed)).collect();
        if drawn.is_empty() {
            continue;
        }
        drawn.into_iter().try_for_each(|(name, weights)| store.set(&name, weights))?;
        let random = Lens::new(lens.model().clone(), store.clone())?.with_options(lens.options().clone());
        let map = attribute(&random, workers, sample, method, Some(learnt.class), &settings)?;
        let correlation = likeness(&learnt.heat(), &map.heat());
        steps.push(SanityStep { layer: layer.name.clone(), correlation });
    }
    Ok(Sanity { steps })
}

/// A parameter with weights as of a new network.
fn draw(value: &ValueInfo, seed: u64) -> Option<(String, Tensor)> {
    let Source::Parameter(init) = &value.source else { return None };
    Some((value.name.clone(), Tensor::F32(init.sample(&value.name, &value.ty.shape(), seed))))
}

/// The rank correlation of the magnitudes of two maps, over the places where one of them is not 0: what no map marks, such as the
/// black ground of a digit times any slope, would make all maps alike.
fn likeness(a: &Array<f32>, b: &Array<f32>) -> Option<f64> {
    let magnitudes = a.data().iter().zip(b.data()).map(|(a, b)| (a.abs(), b.abs()));
    let (a, b): (Vec<f32>, Vec<f32>) = magnitudes.filter(|&(a, b)| a > 0.0 || b > 0.0).unzip();
    rank_correlation(&a, &b)
}

/// Spearman's rank correlation: Pearson's of the ranks, where equal values share the mean of theirs. `None` where all values of
/// one side are equal.
///
/// # Panics
/// When the lengths differ.
///
/// ```
/// use striate::explain::attribution::rank_correlation;
/// assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[10.0, 20.0, 90.0]), Some(1.0));
/// assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), Some(-1.0));
/// assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[5.0, 5.0, 5.0]), None);
/// ```
#[track_caller]
pub fn rank_correlation(a: &[f32], b: &[f32]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "values in pairs");
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let spread = (product(&a, &a) * product(&b, &b)).sqrt();
    (spread > 0.0).then(|| product(&a, &b) / spread)
}

/// The rank of each value, from 0; equal values share the mean of theirs.
fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = start as f64 + (equal.len() as f64 - 1.0) / 2.0;
        equal.iter().for_each(|&i| ranks[i] = rank);
        start += equal.len();
    }
    ranks
}
