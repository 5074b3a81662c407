//! Activation maximisation: gradient ascent on the sample, from several starts.
//!
//! ```text
//! x ← clip(blur_σ(x + η · (white − black) · clamp(g / rms(g), −1, 1))),   g = J⁻¹ ∂a(J x)/∂x
//! ```
//!
//! a the unit, J a random shift by up to `jitter` elements around the ends (Mordvintsev et al. 2015), η the rate, σ the blur
//! (Yosinski et al. 2015), rms over the elements whose slope is not 0, black and white what the model's preprocessing makes of
//! them. Jitter and blur keep the ascent from patterns that excite by accident alone; both fall evenly to 0 over the first two
//! thirds of the steps, then η does over the rest. Of the start and all samples of these last steps the one that excites most is
//! kept, so that an ascent never ends below its start.
//!
//! Starts are grey with noise, for the unit in the middle; and, where pieces of pictures are given, the picture with the best
//! piece, for the unit that it excites. Of all of them the best end is kept, so that what is made excites at least as much as
//! the best piece.

use super::{Exciters, Sight};
use crate::data::Dataset;
use crate::explain::{Lens, Question};
use serde::Serialize;
use std::ops::Range;
use striate_graph::f32;
use striate_plan::{Feed, Workers};
use striate_tensor::{Array, Error, Result, Rng, Shape};

/// How to climb.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ascent {
    /// Steps.
    pub steps: usize,
    /// η, the greatest change of an element in a step, as a part of the range from black to white.
    pub rate: f32,
    /// Greatest shift at the start, in elements along each axis.
    pub jitter: usize,
    /// σ of the first step, in elements.
    pub blur: f32,
    /// How many starts of noise.
    pub starts: usize,
    /// Decides the starts and the shifts.
    pub seed: u64,
}

impl Default for Ascent {
    fn default() -> Self {
        Ascent { steps: 96, rate: 0.06, jitter: 1, blur: 0.7, starts: 2, seed: 0 }
    }
}

/// Where the sample comes from that excites a channel most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Grey with noise.
    Noise,
    /// The picture with the best piece.
    Piece,
}

/// Samples that excite the channels of a layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Maximized {
    /// The layer.
    pub layer: String,
    /// One sample for each channel, of the shape of the model's input.
    #[serde(skip)]
    pub samples: Vec<Array<f32>>,
    /// What the unit sees of the sample, an axis each; it may reach into the padding.
    pub regions: Vec<Vec<Range<i64>>>,
    /// The units' values at the start that led there.
    pub before: Vec<f32>,
    /// And in the end.
    pub after: Vec<f32>,
    /// What the start was.
    pub from: Vec<Origin>,
}

/// Samples that climb at a time.
const AT_A_TIME: usize = 16;
/// Numbers of a layer's outputs that are held at a time, unless one sample's are more.
const NUMBERS: usize = 1 << 22;

/// Makes a sample for each channel of a layer that excites it: from noise, and from the best of the pieces that
/// [`exciters`](super::exciters) found in a data set, if they are given.
///
/// # Errors
/// `Fault::Usage`: there is no such layer, it has no channels, the rate or blur is unusable, there is no start, or the pieces are
/// those of another layer. `Fault::Data`: the data set does not fit the model.
///
/// ```
/// use striate::{data::Digits, explain::{Lens, hierarchy::{Ascent, exciters, maximize}}, plan::Workers, prelude::*};
/// let (lens, workers, digits) = (Lens::untrained(zoo::find("lenet5")?, 1)?, Workers::new(1), Digits::test().take(20));
/// let pieces = exciters(&lens, &workers, &digits, &["conv1"], 1)?.remove(0);
/// let made = maximize(&lens, &workers, "conv1", &Ascent { steps: 8, ..Ascent::default() }, Some((&pieces, &digits)))?;
/// assert!(made.after.iter().zip(&pieces.channels).all(|(made, channel)| *made >= channel.patches[0].value));
/// # Ok::<(), Error>(())
/// ```
pub fn maximize(
    lens: &Lens,
    workers: &Workers,
    layer: &str,
    ascent: &Ascent,
    pieces: Option<(&Exciters, &Dataset)>,
) -> Result<Maximized> {
    let usable = |v: f32| v.is_finite() && v >= 0.0;
    if !(usable(ascent.rate) && usable(ascent.blur) && ascent.blur <= 100.0) {
        return Err(Error::usage("the ascent cannot be made")
            .found(format!("rate {}, blur {}", ascent.rate, ascent.blur))
            .expected("numbers from 0 on, a blur of at most 100"));
    }
    if ascent.starts == 0 && pieces.is_none() {
        return Err(Error::usage("the ascent has no start").found("starts = 0").expected("1 or more, or pieces"));
    }
    let layer = lens.layer(layer)?;
    let sight = Sight::of(lens, layer)?;
    let channels = layer.output[0];
    if let Some((found, _)) = pieces.filter(|(found, _)| found.layer != layer.name || found.channels.len() != channels)
    {
        return Err(Error::usage("the pieces are those of another layer")
            .found(format!("`{}`, {} channels", found.layer, found.channels.len()))
            .expected(format!("`{}`, {channels} channels", layer.name)));
    }
    let mut question = lens.ask(|view| {
        let chosen = view
            .extra("chosen", f32([striate_graph::N].into_iter().chain(layer.output.iter().map(|&size| size.into()))));
        let units = (view.layer(&layer.name) * chosen).sum_except(&[0]);
        let slopes = view.builder.grad(units.sum_all(), &[view.input]);
        [slopes, vec![units]].concat()
    })?;
    let climb = Climb {
        lens,
        output: &layer.output,
        ascent,
        rng: Rng::new(ascent.seed).stream("maximize").stream(&layer.name),
    };
    let mut best: Vec<Option<Climber>> = vec![None; channels];
    let all = climb.starts(pieces)?;
    let at_a_time = (NUMBERS / layer.output.elements().max(1)).clamp(1, AT_A_TIME);
    for group in all.chunks(at_a_time) {
        for climber in climb.run(workers, &mut question, group)? {
            let best = &mut best[climber.channel];
            // The first of equals.
            if best.as_ref().is_none_or(|best| climber.value > best.value) {
                *best = Some(climber);
            }
        }
    }
    let best: Vec<Climber> = best.into_iter().flatten().collect();
    Ok(Maximized {
        layer: layer.name.clone(),
        regions: best.iter().map(|climber| sight.at(&climber.position)).collect(),
        before: best.iter().map(|climber| climber.before).collect(),
        after: best.iter().map(|climber| climber.value).collect(),
        from: best.iter().map(|climber| climber.from).collect(),
        samples: best.into_iter().map(|climber| climber.x).collect(),
    })
}

/// A sample on its way, and the unit that it shall excite.
#[derive(Clone)]
struct Climber {
    channel: usize,
    position: Vec<usize>,
    from: Origin,
    x: Array<f32>,
    /// The unit's value at the start, and for `x`.
    before: f32,
    value: f32,
}

/// The ascent for a layer.
struct Climb<'a> {
    lens: &'a Lens,
    output: &'a Shape,
    ascent: &'a Ascent,
    rng: Rng,
}

impl Climb<'_> {
    /// What each element becomes of black and white.
    fn ends(&self) -> Vec<[f32; 2]> {
        let model = self.lens.model();
        (0..model.input[0]).map(|c| model.preprocessing.ends(c)).collect()
    }

    /// For each channel the starts of noise, then the best piece.
    fn starts(&self, pieces: Option<(&Exciters, &Dataset)>) -> Result<Vec<Climber>> {
        let model = self.lens.model();
        let (shape, ends) = (&model.input, self.ends());
        let places = shape.iter().skip(1).product::<usize>();
        let middle: Vec<usize> = self.output[1..].iter().map(|size| size / 2).collect();
        let mut starts = vec![];
        for channel in 0..self.output[0] {
            for start in 0..self.ascent.starts {
                let rng = self.rng.substream(channel as u64).substream(start as u64);
                let x = Array::from_fn(shape.clone(), |i| {
                    let [black, white] = ends[i / places];
                    black + (white - black) * (0.5 + 0.02 * rng.normal(i as u64))
                });
                let position = middle.clone();
                starts.push(Climber { channel, position, from: Origin::Noise, x, before: 0.0, value: 0.0 });
            }
            let Some((found, data)) = pieces else { continue };
            let Some(piece) = found.channels[channel].patches.first() else { continue };
            let x = data.subset(&[piece.sample]).prepared(&model.preprocessing, 1)?.reshaped(shape.clone());
            let position = piece.position.clone();
            starts.push(Climber { channel, position, from: Origin::Piece, x, before: 0.0, value: 0.0 });
        }
        Ok(starts)
    }

    fn run(&self, workers: &Workers, question: &mut Question, group: &[Climber]) -> Result<Vec<Climber>> {
        let Ascent { steps, rate, jitter, blur, .. } = *self.ascent;
        let shape = self.lens.model().input.clone();
        let (places, ends, chosen) = (shape.iter().skip(1).product::<usize>(), self.ends(), self.chosen(group));
        let mut ask = |xs: &[Array<f32>]| {
            let batch =
                Array::new([&[xs.len()], &shape[..]].concat(), xs.iter().flat_map(|x| x.data().to_vec()).collect());
            question.answer(workers, &batch, &[Feed::F32(&chosen)])
        };
        let mut xs: Vec<Array<f32>> = group.iter().map(|climber| climber.x.clone()).collect();
        let mut best = group.to_vec();
        let keep = |best: &mut [Climber], xs: &[Array<f32>], units: &Array<f32>| {
            for ((best, x), &value) in best.iter_mut().zip(xs).zip(units.data()) {
                if value > best.value {
                    (best.x, best.value) = (x.clone(), value);
                }
            }
        };
        for (climber, &value) in best.iter_mut().zip(ask(&xs)?[1].data()) {
            (climber.before, climber.value) = (value, value);
        }
        let shifts = self.rng.stream("jitter");
        let calm = steps * 2 / 3;
        for step in 0..steps {
            // The same shift for all: which ones climb together changes nothing.
            let rest = if step < calm { 1.0 - step as f32 / calm as f32 } else { 0.0 };
            let reach = (jitter as f32 * rest).round() as usize;
            let number = |axis: usize| (step * shape.rank() + axis) as u64;
            let by = |axis: usize| shifts.below(number(axis), 2 * reach + 1) as i64 - reach as i64;
            let by: Vec<i64> = (1..shape.rank()).map(by).collect();
            let back: Vec<i64> = by.iter().map(|by| -by).collect();
            let moved: Vec<_> = xs.iter().map(|x| rolled(x, &by)).collect();
            let answers = ask(&moved)?;
            if step >= calm {
                keep(&mut best, &xs, &answers[1]);
            }
            let pace = if step < calm { rate } else { rate * (steps - step) as f32 / (steps - calm) as f32 };
            let sigma = blur * rest;
            for (x, slopes) in xs.iter_mut().zip(answers[0].data().chunks_exact(shape.elements())) {
                let slopes = rolled(&Array::new(shape.clone(), slopes.to_vec()), &back);
                let seen = slopes.data().iter().filter(|g| **g != 0.0).count().max(1);
                let rms = slopes.data().iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>() / seen as f64;
                let rms = rms.sqrt() as f32;
                if rms > 0.0 && rms.is_finite() {
                    x.data_mut().iter_mut().zip(slopes.data()).enumerate().for_each(|(i, (v, g))| {
                        let [black, white] = ends[i / places];
                        *v += pace * (white - black).abs() * (g / rms).clamp(-1.0, 1.0);
                    });
                }
                *x = blurred(x, sigma);
                x.data_mut().iter_mut().enumerate().for_each(|(i, v)| {
                    let [black, white] = ends[i / places];
                    *v = v.clamp(black.min(white), black.max(white));
                });
            }
        }
        if steps > 0 {
            keep(&mut best, &xs, &ask(&xs)?[1]);
        }
        Ok(best)
    }

    /// 1 where a sample's unit is, N×C×….
    fn chosen(&self, group: &[Climber]) -> Vec<f32> {
        let size = self.output.elements();
        let mut chosen = vec![0.0; group.len() * size];
        for (k, climber) in group.iter().enumerate() {
            let unit = [&[climber.channel], &climber.position[..]].concat();
            chosen[k * size + self.output.index(&unit)] = 1.0;
        }
        chosen
    }
}

/// A sample C×… moved along its spatial axes; what leaves at one end comes in at the other.
fn rolled(x: &Array<f32>, by: &[i64]) -> Array<f32> {
    if by.iter().all(|by| *by == 0) {
        return x.clone();
    }
    let shape = x.shape().clone();
    Array::from_fn(shape.clone(), |i| {
        let mut at = shape.position(i);
        for (axis, by) in by.iter().enumerate() {
            at[axis + 1] = (at[axis + 1] as i64 - by).rem_euclid(shape[axis + 1] as i64) as usize;
        }
        x.data()[shape.index(&at)]
    })
}

/// A sample C×… under a Gaussian along each spatial axis; the border is repeated.
fn blurred(x: &Array<f32>, sigma: f32) -> Array<f32> {
    // Less than 10⁻⁵ of a neighbour.
    if sigma < 0.2 {
        return x.clone();
    }
    let reach = (2.5 * sigma).ceil() as i64;
    let taps: Vec<f32> = (-reach..=reach).map(|t| (-0.5 * (t as f32 / sigma.max(1e-3)).powi(2)).exp()).collect();
    let sum: f32 = taps.iter().sum();
    let along = |x: &Array<f32>, axis: usize| {
        let shape: &Shape = x.shape();
        let (size, inner) = (shape[axis] as i64, shape[axis + 1..].iter().product::<usize>());
        Array::from_fn(shape.clone(), |i| {
            let at = (i / inner) as i64 % size;
            let tap = |(t, tap): (i64, &f32)| {
                let from = (at + t).clamp(0, size - 1);
                tap * x.data()[(i as i64 + (from - at) * inner as i64) as usize]
            };
            (-reach..=reach).zip(&taps).map(tap).sum::<f32>() / sum
        })
    };
    (1..x.shape().rank()).fold(x.clone(), |x, axis| along(&x, axis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rolling_forth_and_back_changes_nothing_and_blur_keeps_the_mean() {
        let x = Array::from_fn([2, 3, 4], |i| (i * i % 7) as f32);
        assert_eq!(rolled(&rolled(&x, &[1, -2]), &[-1, 2]), x);
        assert_eq!(rolled(&x, &[0, 1]).at(&[0, 0, 1]), x.at(&[0, 0, 0]));
        let flat = Array::full([1, 5, 5], 3.0);
        assert!(blurred(&flat, 0.8).data().iter().all(|v| (v - 3.0).abs() < 1e-5));
        // By hand: a point under e^(−t²/2σ²) in one dimension.
        let point = Array::new([1, 5], vec![0.0, 0.0, 1.0, 0.0, 0.0]);
        let (spread, tap) = (blurred(&point, 0.5), (-2.0f32).exp());
        assert!((spread.data()[1] - tap / (1.0 + 2.0 * tap + 2.0 * (-8.0f32).exp())).abs() < 1e-6, "{spread:?}");
        assert_eq!(blurred(&point, 0.0), point);
    }
}
