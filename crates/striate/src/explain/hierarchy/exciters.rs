//! Pieces of pictures that excite each channel most.
//!
//! Of each sample counts the place where the channel is greatest (the first of equals), so that a channel's pieces are of
//! different samples; of samples that excite alike the earlier comes first.

use super::Sight;
use crate::data::Dataset;
use crate::explain::feed::each_batch;
use crate::explain::{Lens, LensLayer};
use serde::Serialize;
use std::ops::Range;
use striate_plan::Workers;
use striate_tensor::{Array, Error, Result, Shape};

/// What excites the channels of a layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exciters {
    /// The layer.
    pub layer: String,
    /// Its kind.
    pub kind: String,
    /// One for each channel, or each unit of a layer without places.
    pub channels: Vec<Channel>,
}

/// What excites a channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Channel {
    /// The most exciting pieces, the best first.
    pub patches: Vec<Patch>,
}

/// A piece of a sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Patch {
    /// Number of the sample.
    pub sample: usize,
    /// Its label.
    pub label: i32,
    /// The unit that is excited, by its place in the channel.
    pub position: Vec<usize>,
    /// How much.
    pub value: f32,
    /// What that unit sees of the sample as the model takes it, an axis each; it may reach into the padding.
    pub region: Vec<Range<i64>>,
}

/// Samples that are computed at a time.
const BATCH: usize = 32;

/// For each of these layers and each of its channels the `top` pieces of the data that excite it most.
///
/// # Errors
/// `Fault::Usage`: there is no such layer, it has no channels, or `top` is 0. `Fault::Data`: the samples do not fit the model.
///
/// ```
/// use striate::{data::Digits, explain::{Lens, hierarchy}, plan::Workers, prelude::*};
/// let lens = Lens::untrained(zoo::find("lenet5")?, 1)?;
/// let found = hierarchy::exciters(&lens, &Workers::new(1), &Digits::test().take(20), &["conv2"], 3)?;
/// let best = &found[0].channels[0].patches[0];
/// // Two 5×5 kernels and a pool between them see 14×14 pixels.
/// assert!(best.region.iter().all(|range| range.end - range.start == 14));
/// # Ok::<(), Error>(())
/// ```
pub fn exciters(lens: &Lens, workers: &Workers, data: &Dataset, layers: &[&str], top: usize) -> Result<Vec<Exciters>> {
    if top == 0 {
        return Err(Error::usage("no piece was asked for").found("top = 0").expected("1 or more"));
    }
    let layers = layers.iter().map(|name| lens.layer(name)).collect::<Result<Vec<&LensLayer>>>()?;
    let sights = layers.iter().map(|layer| Sight::of(lens, layer)).collect::<Result<Vec<_>>>()?;
    let mut question = lens.ask_layers(&layers.iter().map(|layer| layer.name.as_str()).collect::<Vec<_>>())?;
    // For each layer and channel (value, sample, place), the greatest first.
    let mut best: Vec<Vec<Vec<(f32, usize, usize)>>> =
        layers.iter().map(|layer| vec![Vec::with_capacity(top + 1); layer.output[0]]).collect();
    each_batch(lens, data, BATCH, |first, samples| {
        let answers = question.answer(workers, &samples, &[])?;
        for ((answer, layer), best) in answers.iter().zip(&layers).zip(&mut best) {
            let (channels, places) = (layer.output[0], layer.output[1..].iter().product::<usize>());
            for (k, plane) in answer.data().chunks_exact(places).enumerate() {
                let (sample, best) = (first + k / channels, &mut best[k % channels]);
                let (place, value) = greatest(plane);
                let at = best.partition_point(|&(other, ..)| other >= value);
                if at < top && !value.is_nan() {
                    best.insert(at, (value, sample, place));
                    best.truncate(top);
                }
            }
        }
        Ok(())
    })?;
    let exciters = layers.iter().zip(sights).zip(best).map(|((layer, sight), best)| {
        let plane = Shape::from(&layer.output[1..]);
        let patch = |(value, sample, place): (f32, usize, usize)| {
            let position = plane.position(place);
            let region = sight.at(&position);
            Patch { sample, label: data.labels()[sample], position, value, region }
        };
        let channels = best.into_iter().map(|best| Channel { patches: best.into_iter().map(patch).collect() });
        Exciters { layer: layer.name.clone(), kind: layer.kind.to_string(), channels: channels.collect() }
    });
    Ok(exciters.collect())
}

/// The first place of the greatest value.
fn greatest(plane: &[f32]) -> (usize, f32) {
    plane
        .iter()
        .enumerate()
        .fold((0, plane[0]), |best, (place, &value)| if value > best.1 { (place, value) } else { best })
}

/// The piece of a sample C×… that lies in a region, C×…; `outside` for each channel where the region leaves the sample.
///
/// ```
/// use striate::explain::hierarchy::cut;
/// use striate::tensor::Array;
/// let sample = Array::new([1, 2, 2], vec![1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(cut(&sample, &[-1..1, 1..2], |_| 0.0).data(), [0.0, 2.0]);
/// ```
pub fn cut(sample: &Array<f32>, region: &[Range<i64>], outside: impl Fn(usize) -> f32) -> Array<f32> {
    let sizes = region.iter().map(|range| usize::try_from(range.end - range.start).unwrap_or(0));
    let shape: Shape = sample.shape().first().copied().into_iter().chain(sizes).collect();
    Array::from_fn(shape.clone(), |i| {
        let at = shape.position(i);
        let moved = at[1..].iter().zip(region).map(|(&at, range)| usize::try_from(at as i64 + range.start).ok());
        let inside = moved.zip(&sample.shape()[1..]).map(|(at, &size)| at.filter(|&at| at < size));
        match inside.collect::<Option<Vec<usize>>>() {
            Some(place) => sample.data()[sample.shape().index(&[&at[..1], &place].concat())],
            None => outside(at[0]),
        }
    })
}
