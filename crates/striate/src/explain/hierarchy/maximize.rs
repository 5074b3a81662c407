//! Activation maximisation: gradient ascent on the sample.
//!
//! ```text
//! x ← clip(blur_σ(x + η · (white − black) · g / max|g|)),   g = J⁻¹ ∂a(J x)/∂x
//! ```
//!
//! a the unit in the middle of a channel, J a random shift by up to `jitter` elements around the ends (Mordvintsev et al. 2015),
//! η the rate, σ the blur (Yosinski et al. 2015), black and white what the model's preprocessing makes of them. Jitter and blur
//! keep the ascent from patterns that excite by accident alone; both fall evenly to 0. x starts as grey with noise.

use super::Sight;
use crate::explain::{Lens, Question};
use serde::Serialize;
use std::ops::Range;
use striate_graph::{Var, f32};
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
    /// Decides the start and the shifts.
    pub seed: u64,
}

impl Default for Ascent {
    fn default() -> Self {
        Ascent { steps: 96, rate: 0.06, jitter: 1, blur: 0.7, seed: 0 }
    }
}

/// Samples that excite the channels of a layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Maximized {
    /// The layer.
    pub layer: String,
    /// One sample for each channel, of the shape of the model's input.
    #[serde(skip)]
    pub samples: Vec<Array<f32>>,
    /// What the units in the middle see of it, an axis each; it may reach into the padding.
    pub region: Vec<Range<i64>>,
    /// The units' values at the start.
    pub before: Vec<f32>,
    /// And in the end.
    pub after: Vec<f32>,
}

/// Channels that climb at a time.
const AT_A_TIME: usize = 16;

/// Makes a sample for each channel of a layer that excites the unit in its middle.
///
/// # Errors
/// `Fault::Usage`: there is no such layer, it has no channels, or the rate or blur is unusable.
///
/// ```
/// use striate::{explain::{Lens, hierarchy::{Ascent, maximize}}, plan::Workers, prelude::*};
/// let lens = Lens::untrained(zoo::find("lenet5")?, 1)?;
/// let made = maximize(&lens, &Workers::new(1), "conv1", &Ascent { steps: 8, ..Ascent::default() })?;
/// assert!(made.after.iter().zip(&made.before).all(|(after, before)| after > before));
/// # Ok::<(), Error>(())
/// ```
pub fn maximize(lens: &Lens, workers: &Workers, layer: &str, ascent: &Ascent) -> Result<Maximized> {
    let usable = |v: f32| v.is_finite() && v >= 0.0;
    if !(usable(ascent.rate) && usable(ascent.blur) && ascent.blur <= 100.0) {
        return Err(Error::usage("the ascent cannot be made")
            .found(format!("rate {}, blur {}", ascent.rate, ascent.blur))
            .expected("numbers from 0 on, a blur of at most 100"));
    }
    let layer = lens.layer(layer)?;
    let sight = Sight::of(lens, layer)?;
    let channels = layer.output[0];
    let middle: Vec<usize> = layer.output[1..].iter().map(|size| size / 2).collect();
    let mut question = lens.ask(|view| {
        let chosen = view.extra("chosen", f32([striate_graph::N, channels.into()]));
        let units = at(view.layer(&layer.name), &middle);
        let slopes = view.builder.grad((units * chosen).sum_all(), &[view.input]);
        [slopes, vec![units]].concat()
    })?;
    let rng = Rng::new(ascent.seed).stream("maximize").stream(&layer.name);
    let mut made = Maximized {
        layer: layer.name.clone(),
        samples: vec![],
        region: sight.at(&middle),
        before: vec![],
        after: vec![],
    };
    let all: Vec<usize> = (0..channels).collect();
    for group in all.chunks(AT_A_TIME) {
        let climb = Climb { lens, group, channels, ascent, rng };
        climb.run(workers, &mut question, &mut made)?;
    }
    Ok(made)
}

/// The units at a position of each channel, N×C.
fn at<'g>(maps: Var<'g>, position: &[usize]) -> Var<'g> {
    let units = position.iter().enumerate().fold(maps, |units, (axis, &p)| units.slice(axis + 2, p..p + 1));
    units.sum_except(&[0, 1])
}

/// The ascent of some channels of a layer, a sample each.
struct Climb<'a> {
    lens: &'a Lens,
    group: &'a [usize],
    channels: usize,
    ascent: &'a Ascent,
    rng: Rng,
}

impl Climb<'_> {
    fn run(&self, workers: &Workers, question: &mut Question, made: &mut Maximized) -> Result<()> {
        let Ascent { steps, rate, jitter, blur, .. } = *self.ascent;
        let shape = self.lens.model().input.clone();
        let places = shape.iter().skip(1).product::<usize>();
        let ends: Vec<[f32; 2]> = (0..shape[0]).map(|c| self.lens.model().preprocessing.ends(c)).collect();
        let chosen = self.chosen();
        let mut ask = |xs: &[Array<f32>]| {
            let batch =
                Array::new([&[xs.len()], &shape[..]].concat(), xs.iter().flat_map(|x| x.data().to_vec()).collect());
            question.answer(workers, &batch, &[Feed::F32(&chosen)])
        };
        let own = |units: &Array<f32>| -> Vec<f32> {
            self.group.iter().enumerate().map(|(k, channel)| units.data()[k * self.channels + channel]).collect()
        };
        let start = |&channel: &usize| {
            let rng = self.rng.substream(channel as u64);
            Array::from_fn(shape.clone(), |i| {
                let [black, white] = ends[i / places];
                black + (white - black) * (0.5 + 0.02 * rng.normal(i as u64))
            })
        };
        let mut xs: Vec<Array<f32>> = self.group.iter().map(start).collect();
        made.before.extend(own(&ask(&xs)?[1]));
        let shifts = self.rng.stream("jitter");
        for step in 0..steps {
            // The same shift for all channels: which ones climb together changes nothing.
            let rest = 1.0 - step as f32 / steps as f32;
            let reach = (jitter as f32 * rest).round() as usize;
            let number = |axis: usize| (step * shape.rank() + axis) as u64;
            let by = |axis: usize| shifts.below(number(axis), 2 * reach + 1) as i64 - reach as i64;
            let by: Vec<i64> = (1..shape.rank()).map(by).collect();
            let back: Vec<i64> = by.iter().map(|by| -by).collect();
            let moved: Vec<_> = xs.iter().map(|x| rolled(x, &by)).collect();
            let slopes = ask(&moved)?.swap_remove(0);
            let sigma = blur * rest;
            for (x, slopes) in xs.iter_mut().zip(slopes.data().chunks_exact(shape.elements())) {
                let slopes = rolled(&Array::new(shape.clone(), slopes.to_vec()), &back);
                let most = slopes.data().iter().fold(0f32, |m, g| m.max(g.abs()));
                if most > 0.0 {
                    let pace = |c: usize| rate * (ends[c][1] - ends[c][0]).abs() / most;
                    *x = Array::from_fn(shape.clone(), |i| x.data()[i] + pace(i / places) * slopes.data()[i]);
                }
                *x = blurred(x, sigma);
                x.data_mut().iter_mut().enumerate().for_each(|(i, v)| {
                    let [black, white] = ends[i / places];
                    *v = v.clamp(black.min(white), black.max(white));
                });
            }
        }
        made.after.extend(own(&ask(&xs)?[1]));
        made.samples.extend(xs);
        Ok(())
    }

    /// 1 where a sample is that of a channel, N×C.
    fn chosen(&self) -> Vec<f32> {
        let mut chosen = vec![0.0; self.group.len() * self.channels];
        self.group.iter().enumerate().for_each(|(k, channel)| chosen[k * self.channels + channel] = 1.0);
        chosen
    }
}

/// A sample C×… moved along its spatial axes; what leaves at one end comes in at the other.
fn rolled(x: &Array<f32>, by: &[i64]) -> Array<f32> {
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
