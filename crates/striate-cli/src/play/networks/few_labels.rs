//! What a stack of Boltzmann machines is worth to a classifier that has few labels.

use crate::play::Setup;
use striate::classics::data::Samples;
use striate::classics::dbn::Dbn;
use striate::model::from_dbn;
use striate::prelude::*;
use striate::tensor::{Array, Rng};
use striate::train::{Adam, Data, Event, Graphs, Optimizer, Schedule, Settings, StopRules, Trainer};

/// Labelled samples of each class.
pub(super) const EACH: usize = 10;
/// How many times the labelled samples, and the weights that start at random, are drawn.
const DRAWS: u64 = 3;

/// The mean accuracies on `unseen` of the stack's network (from the stack's weights, from random ones), trained alike.
pub(super) fn compare(stack: &Dbn, digits: &Samples, unseen: &Samples, setup: Setup) -> Result<(f64, f64)> {
    let start = from_dbn(stack, [digits.width()], digits.classes().to_vec())?;
    let graphs = Graphs::of(&start.model, &Optimizer::from(Adam::default()))?;
    let test = dataset(unseen)?;
    let mut sums = [0.0, 0.0];
    for draw in 0..DRAWS {
        let rng = Rng::new(setup.seed).stream("play.labels").substream(draw);
        let data =
            Data { train: dataset(&few(digits, rng))?, watched: test.clone(), preprocessing: Preprocessing::default() };
        let settings = Settings {
            batch: 10,
            learning_rate: 0.01,
            schedule: Schedule::Cosine { floor: 0.0 },
            seed: (setup.seed >> 1).wrapping_add(draw),
            stop: StopRules::after(setup.passes(60) as u64),
            ..Settings::default()
        };
        for (sum, weights) in sums.iter_mut().zip([start.weights.clone(), vec![]]) {
            let mut trainer = Trainer::new(graphs.clone(), &data, settings.clone(), setup.threads)?;
            trainer.start_from(weights)?;
            while !matches!(trainer.advance()?, Event::Done(_)) {}
            *sum += trainer.evaluate(&test, &data.preprocessing)?.all.accuracy();
        }
    }
    let [from_stack, from_random] = sums.map(|sum| sum / DRAWS as f64);
    Ok((from_stack, from_random))
}

/// So many samples of each class.
fn few(samples: &Samples, rng: Rng) -> Samples {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    rng.shuffle(&mut order);
    let mut counts = vec![0; samples.classes().len()];
    order.retain(|&i| {
        let count = &mut counts[samples.labels()[i]];
        *count += 1;
        *count <= EACH
    });
    samples.select(&order)
}

fn dataset(samples: &Samples) -> Result<Dataset> {
    let x = Array::new([samples.len(), samples.width()], samples.rows().values().to_vec());
    Dataset::from_array(x, samples.labels().iter().map(|y| *y as i32).collect(), samples.classes().to_vec())
}
