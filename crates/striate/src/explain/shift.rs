//! What a shift of the picture does: to the maps of each layer, and to the answer.
//!
//! T_d moves a sample x by d elements along one spatial axis, one way or the other; what it leaves is filled with the element at
//! the border. Norms and means are over all samples, axes and both ways. For the output f of a layer whose units lie s elements
//! of the sample apart (its stride; Zhang 2019, section 3.1):
//!
//! ```text
//! equivariance error   E(d) = ‖f(T_d x) − T_{d/s} f(x)‖ / ‖T_{d/s} f(x)‖
//! change               C(d) = ‖f(T_d x) − f(x)‖ / ‖f(x)‖
//! ```
//!
//! E asks whether the maps move along with the picture, C whether they stay as they are (0: the layer is invariant). E is taken
//! over those units whose receptive field, before and after the shift, lies within the sample and off the filled border, so that
//! padding has no say. Where d is a multiple of s, T_{d/s} moves the maps by whole units, and E is 0 but for rounding whatever
//! the layers are: convolutions and pools do the same everywhere. Between the multiples T_{d/s} interpolates linearly between two
//! units, and E tells how much a layer with a stride loses: it aliases. Where no unit is left, E is none.
//!
//! Of the answer: the part of the samples that keep their class, and the mean of |Δp|, p the probability of the class that the
//! sample has where it was.

use super::feed::each_batch;
use super::{Lens, Question, ReceptiveField};
use crate::data::Dataset;
use crate::train::best_class;
use serde::Serialize;
use striate_plan::Workers;
use striate_tensor::{Array, Error, Result, Shape};

/// What shifts of 0, 1, … elements do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shifts {
    /// Number of samples.
    pub samples: usize,
    /// The layers with a window, in order.
    pub layers: Vec<LayerShift>,
    /// For each shift the part of the samples whose class is the same.
    pub same_class: Vec<f64>,
    /// For each shift the mean change of the probability of the class.
    pub probability: Vec<f64>,
}

/// What shifts of 0, 1, … elements do to a layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerShift {
    /// Its name.
    pub layer: String,
    /// Its kind, such as `conv2d`.
    pub kind: String,
    /// How many elements of the sample its units lie apart, an axis each.
    pub stride: Vec<usize>,
    /// E; none where no unit is left.
    pub error: Vec<Option<f64>>,
    /// C; none where the layer gives zeros alone.
    pub change: Vec<Option<f64>>,
}

impl LayerShift {
    /// The greatest E at shifts, 0 aside, that are multiples of the stride of every axis: rounding errors, as theory has it.
    pub fn error_at_multiples(&self) -> Option<f64> {
        self.greatest(|d| d > 0 && self.stride.iter().all(|s| d % s == 0))
    }

    /// The mean E of all shifts from 1 on that have one.
    pub fn mean_error(&self) -> Option<f64> {
        let errors: Vec<f64> = self.error.iter().skip(1).copied().flatten().collect();
        (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64)
    }

    fn greatest(&self, of: impl Fn(usize) -> bool) -> Option<f64> {
        self.error.iter().enumerate().filter(|&(d, _)| of(d)).filter_map(|(_, e)| *e).reduce(f64::max)
    }
}

/// Samples that are computed at a time.
const BATCH: usize = 50;

/// A layer and what is summed up for it.
struct Watched {
    name: String,
    kind: &'static str,
    output: Shape,
    field: ReceptiveField,
    /// For each shift ‖·‖² of numerator and denominator, of E and of C.
    error: Vec<[f64; 2]>,
    change: Vec<[f64; 2]>,
}

/// Units to compare: number `of` after the shift with a part `1 − part` of `from.0` and `part` of `from.1` before it.
struct Pair {
    of: usize,
    from: (usize, usize),
    part: f32,
}

/// Measures shifts of 0 to `most` elements on data.
///
/// # Errors
/// `Fault::Data`: the samples do not fit the model. `Fault::Usage`: a shift leaves nothing of the sample. `Fault::Model`: samples
/// have no spatial axis, or the model does not give one answer for each.
///
/// ```
/// use striate::{data::Digits, explain::{Lens, shift}, plan::Workers, prelude::*};
/// let lens = Lens::untrained(zoo::find("lenet5")?, 1)?;
/// let shifts = shift::measure(&lens, &Workers::new(1), &Digits::test().take(2), 2)?;
/// assert_eq!((shifts.same_class[0], shifts.layers[1].stride[0]), (1.0, 2));
/// assert!(shifts.layers[0].error[1].is_some_and(|error| error < 1e-5)); // a convolution of stride 1
/// # Ok::<(), Error>(())
/// ```
pub fn measure(lens: &Lens, workers: &Workers, data: &Dataset, most: usize) -> Result<Shifts> {
    let input = lens.model().input.clone();
    check(lens, &input, most)?;
    let mut layers = watched(lens, most)?;
    let names: Vec<_> = layers.iter().map(|layer| layer.name.clone()).collect();
    let mut question = lens.ask(|view| {
        let probabilities = lens.model().probabilities_of(view.output);
        names.iter().map(|name| view.layer(name)).chain([probabilities]).collect()
    })?;
    let axes = input.rank() - 1;
    let (mut same, mut moved) = (vec![0u64; most + 1], vec![0f64; most + 1]);
    each_batch(lens, data, BATCH, |_, x| {
        let before = answer(&mut question, workers, &x)?;
        for d in 0..=most {
            for axis in 0..axes {
                for forward in [true, false] {
                    let after = answer(&mut question, workers, &shifted(&x, axis + 2, d, forward))?;
                    for (k, layer) in layers.iter_mut().enumerate() {
                        add(&mut layer.change[d], after[k].data().iter().zip(before[k].data()).map(|(&a, &b)| (a, b)));
                        let pairs = layer.pairs(&input, axis, d, forward);
                        compare(&mut layer.error[d], &pairs, &before[k], &after[k]);
                    }
                    let (p, q) = (&before[layers.len()], &after[layers.len()]);
                    let classes = p.shape()[1];
                    for (p, q) in p.data().chunks_exact(classes).zip(q.data().chunks_exact(classes)) {
                        let class = best_class(p);
                        same[d] += u64::from(best_class(q) == class);
                        moved[d] += f64::from((q[class] - p[class]).abs());
                    }
                }
            }
        }
        Ok(())
    })?;
    let count = (data.len() * axes * 2) as f64;
    Ok(Shifts {
        samples: data.len(),
        layers: layers.into_iter().map(Watched::result).collect(),
        same_class: same.into_iter().map(|same| same as f64 / count).collect(),
        probability: moved.into_iter().map(|moved| moved / count).collect(),
    })
}

fn answer(question: &mut Question, workers: &Workers, samples: &Array<f32>) -> Result<Vec<Array<f32>>> {
    question.answer(workers, samples, &[])
}

fn check(lens: &Lens, input: &Shape, most: usize) -> Result<()> {
    if input.rank() < 2 {
        return Err(Error::model("samples without a spatial axis cannot be shifted")
            .found(format!("samples of {input}"))
            .expected("channels × height × width, or channels × length"));
    }
    let shorter = input[1..].iter().copied().min().unwrap_or(0);
    if most >= shorter {
        return Err(Error::usage("such a shift leaves nothing of the sample")
            .found(format!("a shift of {most}"))
            .expected(format!("at most {}", shorter - 1)));
    }
    match lens.layers().last() {
        Some(last) if last.output.rank() != 1 => {
            Err(Error::model("the model does not give one answer for each sample")
                .found(format!("an output of {}", last.output))
                .expected("one score for each class"))
        }
        _ => Ok(()),
    }
}

/// The layers that slide a window over the axes of the sample.
fn watched(lens: &Lens, most: usize) -> Result<Vec<Watched>> {
    let summary = lens.model().summary()?;
    let slides = |field: &ReceptiveField| field.stride.iter().all(|&stride| stride > 0);
    let layers = lens.layers().iter().zip(summary.layers).filter_map(|(layer, summary)| {
        let field = summary.window.and(summary.receptive_field).filter(slides)?;
        (layer.output.rank() == field.size.len() + 1).then(|| Watched {
            name: layer.name.clone(),
            kind: layer.kind,
            output: layer.output.clone(),
            field,
            error: vec![[0.0; 2]; most + 1],
            change: vec![[0.0; 2]; most + 1],
        })
    });
    Ok(layers.collect())
}

impl Watched {
    /// The units of one channel to compare when a sample moves by `d` along an axis.
    fn pairs(&self, input: &Shape, axis: usize, d: usize, forward: bool) -> Vec<Pair> {
        let (sizes, plane) = (&input[1..], Shape::from(&self.output[1..]));
        let stride = self.field.stride[axis];
        let (whole, rest) = ((d / stride) as i64, d % stride);
        // Of the unit at p the two that were between p − ⌊d/s⌋ and one further back.
        let back = if forward { -1 } else { 1 };
        let inside = |position: &[usize], low: i64, high: i64| {
            self.field.at(position).iter().enumerate().all(|(a, range)| match a == axis {
                true => range.start >= low && range.end <= high,
                false => range.start >= 0 && range.end <= sizes[a] as i64,
            })
        };
        let size = sizes[axis] as i64;
        let kept = if forward { (d as i64, size) } else { (0, size - d as i64) };
        let source = |position: &[usize], steps: i64| {
            let at = position[axis] as i64 + back * steps;
            let at = usize::try_from(at).ok().filter(|&at| at < plane[axis])?;
            let mut from = position.to_vec();
            from[axis] = at;
            inside(&from, 0, size).then(|| plane.index(&from))
        };
        let pair = |of: usize| {
            let position = plane.position(of);
            let near = source(&position, whole)?;
            let far = if rest == 0 { near } else { source(&position, whole + 1)? };
            let part = rest as f32 / stride as f32;
            inside(&position, kept.0, kept.1).then_some(Pair { of, from: (near, far), part })
        };
        (0..plane.elements()).filter_map(pair).collect()
    }

    fn result(self) -> LayerShift {
        let relative = |sums: &[[f64; 2]]| {
            sums.iter().map(|[above, below]| (*below > 0.0).then(|| (above / below).sqrt())).collect()
        };
        LayerShift {
            layer: self.name,
            kind: self.kind.to_string(),
            stride: self.field.stride,
            error: relative(&self.error),
            change: relative(&self.change),
        }
    }
}

/// Adds Σ (a − b)² and Σ b².
fn add(sums: &mut [f64; 2], pairs: impl Iterator<Item = (f32, f32)>) {
    for (a, b) in pairs {
        sums[0] += f64::from(a - b).powi(2);
        sums[1] += f64::from(b).powi(2);
    }
}

/// Adds up all channels of all samples.
fn compare(sums: &mut [f64; 2], pairs: &[Pair], before: &Array<f32>, after: &Array<f32>) {
    let plane = before.shape()[2..].iter().product::<usize>();
    for (before, after) in before.data().chunks_exact(plane).zip(after.data().chunks_exact(plane)) {
        add(
            sums,
            pairs.iter().map(|pair| {
                let (near, far) = (before[pair.from.0], before[pair.from.1]);
                (after[pair.of], near + pair.part * (far - near))
            }),
        );
    }
}

/// Samples N×… moved by `d` along an axis, forward (to higher positions) or back; the border is repeated.
fn shifted(x: &Array<f32>, axis: usize, d: usize, forward: bool) -> Array<f32> {
    let shape = x.shape();
    let (size, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    Array::from_fn(shape.clone(), |i| {
        let at = i / inner % size;
        let from = if forward { at.saturating_sub(d) } else { (at + d).min(size - 1) };
        x.data()[i - at * inner + from * inner]
    })
}

#[cfg(test)]
mod tests {
    use super::shifted;
    use striate_tensor::Array;

    #[test]
    fn shifts_repeat_the_border() {
        let x = Array::from_fn([1, 1, 2, 3], |i| i);
        let x = x.map(|i| i as f32);
        assert_eq!(shifted(&x, 3, 1, true).data(), [0.0, 0.0, 1.0, 3.0, 3.0, 4.0]);
        assert_eq!(shifted(&x, 3, 2, false).data(), [2.0, 2.0, 2.0, 5.0, 5.0, 5.0]);
        assert_eq!(shifted(&x, 2, 1, true).data(), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
    }
}
