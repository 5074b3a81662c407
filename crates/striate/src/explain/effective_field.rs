//! How much each pixel counts for a unit: the effective receptive field (Luo, Li, Urtasun and Zemel 2016).
//!
//! ```text
//! E[q] = 1/N Σ_n Σ_i |∂u_n/∂x[n, i, q]|          u = y[c, p] of one channel, or Σ_c y[c, p] of all
//! ```
//!
//! or with the square of the gradient in place of its size. The sum over the channels i of the input; means are taken in 64
//! bits. Kernels are exact ones: a pixel outside the field has the gradient 0, not a rounding error.
//!
//! Where the network is piecewise linear (ReLU, max pools) one sample shows only the paths that it switches on. What the
//! formula says is the union over inputs.

use super::receptive_field::{Reach, ReceptiveField, fields};
use super::{Boxes, Lens, Question, boxes};
use std::ops::Range;
use striate_graph::{Builder, Graph, Mode, ValueId, f32};
use striate_plan::{Feed, Options, Workers};
use striate_tensor::{Array, Error, Result, Shape};

/// How gradients of several samples and channels become one number a pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// The mean of |∂u/∂x|.
    #[default]
    Absolute,
    /// The mean of (∂u/∂x)².
    Squared,
}

/// One layer of a model, to be asked what its units see.
///
/// ```
/// use striate::explain::{FieldProbe, Lens, Size};
/// use striate::plan::Workers;
/// use striate::prelude::*;
/// use striate::tensor::{Array, Rng};
/// let lens = Lens::untrained(zoo::find("lenet5")?, 1)?;
/// let mut probe = FieldProbe::new(&lens, "conv2")?;
/// assert_eq!(probe.formula().clipped(&[5, 7], &[28, 28]), [8..22, 12..26]);
/// let noise = Array::from_fn([8, 1, 28, 28], |i| Rng::new(1).normal(i as u64));
/// let effective = probe.effective(&Workers::new(1), &noise, None, &[5, 7], Size::Absolute)?;
/// assert_eq!(effective.support(), probe.reach(&[5, 7])?);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct FieldProbe {
    layer: String,
    /// Channels and spatial sizes of the layer's output.
    output: Shape,
    input: Shape,
    graph: Graph,
    value: ValueId,
    formula: ReceptiveField,
    boxes: Boxes,
    question: Question,
}

/// What a unit sees.
#[derive(Clone, Debug)]
pub struct EffectiveField {
    /// Row-major over the spatial axes of the input.
    pub sizes: Shape,
    /// How much each element counts: the mean over samples of `Σ_i |∂u/∂x_i|` (or of squares), i over the input's
    /// channels.
    pub weight: Vec<f64>,
}

impl FieldProbe {
    /// For a layer whose output has places: C×L, C×H×W, ….
    ///
    /// # Errors
    /// `Fault::Usage`: there is no such layer, or its output has no places, or the model does not read places at all (a
    /// recurrent model sees every step before the one it is at; a dense one sees everything).
    pub fn new(lens: &Lens, layer: &str) -> Result<Self> {
        let found = lens.layer(layer)?.clone();
        let input = &lens.model().input;
        if let Some(recurrent) = lens.layers().iter().find(|layer| is_recurrent(layer.kind)) {
            return Err(Error::usage("a recurrent model has no receptive field")
                .found(format!("the layer `{}`, a {}", recurrent.name, recurrent.kind))
                .expected("a model of convolutions and pools")
                .hint("each step of a recurrent layer sees all steps before it"));
        }
        if input.rank() < 2 || found.output.rank() != input.rank() {
            let spatial = lens.layers().iter().filter(|layer| layer.output.rank() == input.rank());
            let names: Vec<_> = spatial.map(|layer| layer.name.as_str()).collect();
            return Err(Error::usage(format!("the units of `{layer}` lie at no places of the input"))
                .found(format!("an output of {} from an input of {input}", found.output))
                .expected(match names.is_empty() {
                    true => "a layer whose output has places, of which this model has none".to_string(),
                    false => format!("one of {}", names.join(", ")),
                })
                .hint("a unit behind a flatten or a dense layer sees the whole input"));
        }
        let builder = Builder::for_inference();
        let built = lens.model().build(&builder, Mode::Infer);
        let graph = builder.finish([built.output])?.at_batch(1);
        let id = built.layers.iter().find(|built| built.name == layer).and_then(|layer| layer.output.id());
        let found_field =
            id.and_then(|id| Some((id, fields(&graph, input).remove(&id)?, boxes(&graph, input).remove(&id)?)));
        let Some((value, formula, boxes)) = found_field else {
            return Err(Error::usage(format!("`{layer}` does not depend on the input")));
        };
        let exact = lens.clone().with_options(Options { exact: true, ..lens.options().clone() });
        let question = exact.ask(|view| {
            let sizes = [1].into_iter().chain(found.output.iter().copied());
            let at = view.extra("unit", f32(sizes));
            view.builder.grad((view.layer(layer) * at).sum_all(), &[view.input])
        })?;
        Ok(FieldProbe {
            layer: layer.to_string(),
            output: found.output,
            input: input.clone(),
            graph,
            value,
            formula,
            boxes,
            question,
        })
    }

    /// Channels and sizes of the layer's output.
    pub fn output(&self) -> &Shape {
        &self.output
    }

    /// The field of all units by formula. Its stride is 0 where none holds for all of them: behind transposed convolutions and
    /// upsampling, where the box depends on the place. [`FieldProbe::sees`] knows it.
    pub fn formula(&self) -> &ReceptiveField {
        &self.formula
    }

    /// The box that the unit at a position sees, cut at the border: by propagation of intervals, as
    /// [`Boxes`] has it.
    ///
    /// # Errors
    /// `Fault::Usage`: the layer has no such position.
    pub fn sees(&self, position: &[usize]) -> Result<Vec<Range<usize>>> {
        self.check(None, position)?;
        Ok(self.boxes.at(position))
    }

    /// Whether no formula holds for all units: what one sees depends on where it lies.
    pub fn varies(&self) -> bool {
        self.formula.stride.contains(&0) && !self.boxes.are_whole(&self.input[1..])
    }

    /// The boxes of all units.
    pub fn boxes(&self) -> &Boxes {
        &self.boxes
    }

    /// The elements of the input that the unit at a position sees.
    ///
    /// # Errors
    /// `Fault::Usage`: the layer has no such position.
    pub fn reach(&self, position: &[usize]) -> Result<Reach> {
        self.check(None, position)?;
        Ok(Reach::of(&self.graph, self.value, position))
    }

    /// How much each pixel counts for the unit at a position, of one channel or the sum of all, over samples N×….
    ///
    /// # Errors
    /// `Fault::Usage`: the layer has no such position or channel. `Fault::Data`: the samples do not fit the model.
    pub fn effective(
        &mut self,
        workers: &Workers,
        samples: &Array<f32>,
        channel: Option<usize>,
        position: &[usize],
        size: Size,
    ) -> Result<EffectiveField> {
        self.check(channel, position)?;
        let places: Shape = self.output[1..].into();
        let (place, count) = (places.index(position), places.elements());
        let unit: Vec<f32> = (0..self.output.elements())
            .map(|i| if i % count == place && channel.is_none_or(|c| c == i / count) { 1.0 } else { 0.0 })
            .collect();
        let slopes = &self.question.answer(workers, samples, &[Feed::F32(&unit)])?[0];
        let sizes: Shape = self.input[1..].into();
        let mut weight = vec![0.0f64; sizes.elements()];
        for plane in slopes.data().chunks_exact(weight.len()) {
            for (sum, &slope) in weight.iter_mut().zip(plane) {
                let slope = f64::from(slope);
                *sum += match size {
                    Size::Absolute => slope.abs(),
                    Size::Squared => slope * slope,
                };
            }
        }
        let n = samples.shape()[0] as f64;
        weight.iter_mut().for_each(|sum| *sum /= n);
        Ok(EffectiveField { sizes, weight })
    }

    fn check(&self, channel: Option<usize>, position: &[usize]) -> Result<()> {
        let places = &self.output[1..];
        let wrong = |what: String, found: String, expected: String| {
            Err(Error::usage(what).found(found).expected(expected).hint(format!("its output is {}", self.output)))
        };
        if position.len() != places.len() || position.iter().zip(places).any(|(p, size)| p >= size) {
            let most: Vec<_> = places.iter().map(|size| (size - 1).to_string()).collect();
            let text: Vec<_> = position.iter().map(usize::to_string).collect();
            return wrong(
                format!("the layer `{}` has no unit there", self.layer),
                text.join(","),
                format!("{} numbers, at most {}", places.len(), most.join(",")),
            );
        }
        match channel {
            Some(channel) if channel >= self.output[0] => wrong(
                format!("the layer `{}` has no such channel", self.layer),
                channel.to_string(),
                format!("at most {}", self.output[0] - 1),
            ),
            _ => Ok(()),
        }
    }
}

impl EffectiveField {
    /// The elements that count at all.
    pub fn support(&self) -> Reach {
        Reach { sizes: self.sizes.clone(), seen: self.weight.iter().map(|&w| w > 0.0).collect() }
    }

    /// The standard deviation of the weights about their centre, an axis each, and the centre: how narrow the field is in truth.
    pub fn spread(&self) -> (Vec<f64>, Vec<f64>) {
        let total: f64 = self.weight.iter().sum();
        let mean = |value: &dyn Fn(usize, &[usize]) -> f64, axis: usize| -> f64 {
            let sum = self.weight.iter().enumerate().map(|(i, w)| w * value(axis, &self.sizes.position(i)));
            sum.sum::<f64>() / total.max(f64::MIN_POSITIVE)
        };
        let axes = 0..self.sizes.rank();
        let centre: Vec<f64> = axes.clone().map(|axis| mean(&|axis, at| at[axis] as f64, axis)).collect();
        let spread = axes.map(|axis| mean(&|axis, at| (at[axis] as f64 - centre[axis]).powi(2), axis).sqrt()).collect();
        (centre, spread)
    }
}

/// Whether layers of this kind carry a state from step to step.
fn is_recurrent(kind: &str) -> bool {
    ["rnn", "lstm", "gru", "jordan"].contains(&kind)
}
