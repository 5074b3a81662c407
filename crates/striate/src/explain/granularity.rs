//! How fine a layer still sees: which frequencies of the input reach it.
//!
//! Gratings g of one frequency f (cycles per pixel of the input), four directions and two phases, are added to samples:
//!
//! ```text
//! S_l(f) = √( Σ_samples Σ_gratings ‖y_l(x + εg) − y_l(x)‖² / (N · 8 · ε²‖g‖²) )
//! ```
//!
//! is how strongly layer l answers to f; it is given relative to the layer's strongest band. Pooling makes the view coarser: a
//! map whose units lie s pixels apart holds no frequency above 1/(2s), its limit (finer ones come back as coarser ones).

use super::Lens;
use super::receptive_field::fields;
use serde::Serialize;
use std::f64::consts::{PI, TAU};
use striate_graph::{Builder, Mode};
use striate_plan::Workers;
use striate_tensor::{Array, Error, Result};

/// The frequencies that are tried, in cycles per pixel.
pub const BANDS: [f64; 7] = [1.0 / 32.0, 1.0 / 16.0, 1.0 / 8.0, 3.0 / 16.0, 1.0 / 4.0, 3.0 / 8.0, 1.0 / 2.0];

/// What of the frequencies reaches a layer.
#[derive(Clone, Debug, Serialize)]
pub struct Granularity {
    /// The layer.
    pub layer: String,
    /// 1/(2s): the finest frequency that its map can hold; 0 where its units lie at no places.
    pub limit: f64,
    /// S for each of [`BANDS`], over the greatest of them.
    pub survives: Vec<f64>,
    /// The greatest S.
    pub strongest: f64,
}

const STEP: f32 = 0.05;

/// For each layer of a model that reads pictures, over samples N×C×H×W: gratings of each frequency of [`BANDS`], four directions
/// and two phases, are added to the samples, and the change of the layer's output is taken over theirs (root mean squares).
///
/// # Errors
/// `Fault::Model`: the model does not read pictures. `Fault::Data`: the samples do not fit the model.
pub fn granularity(lens: &Lens, workers: &Workers, samples: &Array<f32>) -> Result<Vec<Granularity>> {
    let [_, rows, columns] = lens.model().input[..] else {
        return Err(Error::model("the model does not read pictures")
            .found(format!("an input of {}", lens.model().input))
            .expected("channels × height × width"));
    };
    let names: Vec<&str> = lens.layers().iter().map(|layer| layer.name.as_str()).collect();
    let mut question = lens.ask_layers(&names)?;
    let plain = question.answer(workers, samples, &[])?;
    let plane = rows * columns;
    let mut answers = vec![[0.0f64; BANDS.len()]; names.len()];
    for (band, f) in BANDS.into_iter().enumerate() {
        let (mut sums, mut energy) = (vec![0.0f64; names.len()], 0.0f64);
        for (direction, phase) in (0..8).map(|i| (f64::from(i % 4) * PI / 4.0, f64::from(i / 4) * PI / 2.0)) {
            let at = |i: usize| {
                let along = (i % columns) as f64 * direction.cos() + (i / columns) as f64 * direction.sin();
                // A quarter of a phase more: at ½ cycle per pixel a sine from 0 would be nothing.
                (TAU * f * along + phase + PI / 4.0).sin() as f32
            };
            let grating: Vec<f32> = (0..plane).map(at).collect();
            energy += f64::from(STEP).powi(2)
                * grating.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>()
                * lens.model().input[0] as f64
                * samples.shape()[0] as f64;
            let moved = Array::from_fn(samples.shape().clone(), |i| samples.data()[i] + STEP * grating[i % plane]);
            let answer = question.answer(workers, &moved, &[])?;
            for ((sum, a), b) in sums.iter_mut().zip(&answer).zip(&plain) {
                *sum += a.data().iter().zip(b.data()).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
            }
        }
        answers.iter_mut().zip(sums).for_each(|(layer, sum)| layer[band] = (sum / energy).sqrt());
    }
    let builder = Builder::for_inference();
    let built = lens.model().build(&builder, Mode::Infer);
    let graph = builder.finish([built.output])?.at_batch(1);
    let fields = fields(&graph, &lens.model().input);
    let report = |(index, layer): (usize, &super::LensLayer)| {
        let spatial = layer.output.rank() == 3;
        let field = built.layers[index].output.id().and_then(|id| fields.get(&id));
        let step = field.and_then(|field| field.stride.iter().copied().max()).unwrap_or(0);
        let strongest = answers[index].iter().copied().fold(0.0, f64::max);
        Granularity {
            layer: layer.name.clone(),
            limit: if spatial && step > 0 { 0.5 / step as f64 } else { 0.0 },
            survives: answers[index].iter().map(|s| s / strongest.max(f64::MIN_POSITIVE)).collect(),
            strongest,
        }
    };
    Ok(lens.layers().iter().enumerate().map(report).collect())
}
