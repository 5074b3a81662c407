//! One unit of one layer in one forward and one backward pass, number by number.
//!
//! ```text
//! forward    convolution, dense   y = b + Σ w·x                 max pool  y = max x     mean pool  y = Σ x / n     else  y = f(x)
//! backward   δ = ∂L/∂y            through this unit: ∂L/∂x = δ·w,  ∂L/∂w = δ·x          max pool: δ to the maximum alone, else 0
//! ```
//!
//! L is the model's loss for one sample and its label. The gradients by x and w of the whole network are given beside those that
//! this unit hands on: an x is read by several units, a shared w used at several positions, and their parts add up.

use super::Lens;
use super::kernels::{convolution, is_activation};
use crate::model::Loss;
use serde::Serialize;
use striate_graph::ops::conv::Conv;
use striate_graph::ops::pool::Windows;
use striate_graph::{Builder, Equation, Graph, Mode, Op, Var};
use striate_plan::{Feed, Workers};
use striate_tensor::{Array, Error, Result, Shape};

/// A unit in a forward and a backward pass.
#[derive(Clone, Debug, Serialize)]
pub struct Tracing {
    /// The layer, and its kind.
    pub layer: String,
    /// Its kind.
    pub kind: &'static str,
    /// The unit: its channel, and its place where it has one.
    pub channel: usize,
    /// Row and column, or whatever axes the layer has.
    pub place: Vec<usize>,
    /// The label of the loss, a class.
    pub label: usize,
    /// Of the sample and the label.
    pub loss: f32,
    /// What the layer computes there, and hands back.
    pub step: Step,
    /// Its output, from the fast executor.
    pub output: f32,
    /// δ = ∂L/∂y.
    pub output_gradient: f32,
}

/// One product of a weighted sum, or one element of a window.
#[derive(Clone, Debug, Serialize)]
pub struct Term {
    /// Channel of the input.
    pub channel: usize,
    /// Place in the input.
    pub place: Vec<usize>,
    /// x.
    pub value: f32,
    /// w; absent in pools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f32>,
    /// w·x; x or 0 in a max pool, x/n in a mean pool.
    pub product: f32,
    /// The part of ∂L/∂x that this unit hands back.
    pub value_gradient: f32,
    /// ∂L/∂x, from all units.
    pub value_gradient_total: f32,
    /// The part of ∂L/∂w that this unit makes; absent in pools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_gradient: Option<f32>,
    /// ∂L/∂w, from all positions; absent in pools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_gradient_total: Option<f32>,
}

/// What a layer does at one unit.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "does")]
pub enum Step {
    /// y = b + Σ w·x.
    WeightedSum {
        /// All of a window, or the largest of a dense layer.
        terms: Vec<Term>,
        /// How many smaller ones are left out.
        left_out: usize,
        /// Σ w·x over all of them.
        sum: f64,
        /// b.
        bias: Option<f32>,
        /// ∂L/∂b, from all positions.
        bias_gradient_total: Option<f32>,
    },
    /// y = max x.
    Maximum {
        /// The window, without padding.
        terms: Vec<Term>,
        /// Which of them is the greatest; the first of equals.
        winner: usize,
        /// Its number within a whole window, row-major: what the network remembers for the way back.
        tap: usize,
    },
    /// y = Σ x / n.
    Mean {
        /// The window, without padding.
        terms: Vec<Term>,
        /// n: the elements, with the padding where it counts.
        count: usize,
    },
    /// y = f(x) of one element.
    Function {
        /// x.
        value: f32,
        /// ∂y/∂x there, as far as δ tells it: (∂L/∂x)/δ; absent where δ is 0.
        slope: Option<f32>,
        /// ∂L/∂x, from all that read x.
        value_gradient_total: f32,
    },
}

/// Terms of a dense layer that are kept.
const MOST_TERMS: usize = 32;

/// The operation of a layer that its units are told by, with its equation.
enum Kind<'a> {
    Conv(&'a Conv),
    Dense { transposed: bool },
    MaxPool(&'a Windows),
    MeanPool(&'a Windows, bool),
    Function,
}

/// One unit, number by number, forward and backward: `channel` and `place` of the output of `layer`, for a sample 1×… and a label (the most probable class without one).
///
/// # Errors
/// `Fault::Usage`: no such layer, unit or class; the layer does what cannot be told as a window (softmax over a row, a
/// recurrent layer, a sum of branches). `Fault::Data`: the sample does not fit the model.
pub fn trace(
    lens: &Lens,
    workers: &Workers,
    sample: &Array<f32>,
    layer: &str,
    channel: usize,
    place: &[usize],
    label: Option<usize>,
) -> Result<Tracing> {
    let found = lens.layer(layer)?.clone();
    let unit: Vec<usize> = [channel].into_iter().chain(place.iter().copied()).collect();
    if unit.len() != found.output.rank() || unit.iter().zip(found.output.iter()).any(|(at, size)| at >= size) {
        return Err(Error::usage(format!("the layer `{layer}` has no such unit"))
            .found(format!("channel {channel}, place {place:?}"))
            .expected(format!("a unit of {}", found.output))
            .hint("numbers begin at 0; a dense layer has channels alone"));
    }
    if sample.shape().first() != Some(&1) {
        return Err(Error::data("one sample is traced at a time").found(sample.shape()).expected("1×…"));
    }
    let builder = Builder::for_inference();
    let built = lens.model().build(&builder, Mode::Infer);
    let graph = builder.finish([built.output])?.at_batch(1);
    let (kind, equation) = kind(&graph, layer, found.kind)?;
    let x_id = equation.inputs[0];

    let scores = lens.ask(|view| vec![view.scores])?.answer(workers, sample, &[])?.remove(0);
    let classes = scores.shape().get(1).copied().unwrap_or(0);
    if scores.shape().rank() != 2 {
        return Err(Error::usage("only a model with one answer for a sample can be traced")
            .found(format!("scores of {}", scores.shape())));
    }
    let label = match label {
        Some(label) if label >= classes => {
            return Err(Error::usage("there is no such class")
                .found(label)
                .expected(format!("a number below {classes}")));
        }
        Some(label) => label,
        None => crate::train::best_class(scores.data()),
    };
    let mut question = lens.ask(|view| {
        let labels = view.extra("labels", Loss::labels(&view.output.ty()));
        let loss = lens.model().loss_of(view.output, labels);
        let y = view.layer(layer);
        let mut by = vec![y];
        by.extend(equation.inputs.iter().map(|&id| view.builder.var(id)));
        let slopes = view.builder.grad(loss, &by);
        let values = equation.inputs.iter().map(|&id| view.builder.var(id));
        [loss, y].into_iter().chain(values).chain(slopes).collect::<Vec<Var<'_>>>()
    })?;
    let answer = question.answer(workers, sample, &[Feed::I32(&[label as i32])])?;
    let inputs = equation.inputs.len();
    let numbers = Numbers {
        values: &answer[2..2 + inputs],
        slopes: &answer[3 + inputs..],
        delta: answer[2 + inputs].data()[found.output.index(&unit)],
        x_shape: graph.value(x_id).ty.shape()[1..].into(),
    };
    let places: Shape = found.output[1..].into();
    let step = numbers.step(&kind, &unit, places.index(place), found.output.index(&unit));
    Ok(Tracing {
        layer: layer.to_string(),
        kind: found.kind,
        channel,
        place: place.to_vec(),
        label,
        loss: answer[0].data()[0],
        step,
        output: answer[1].data()[found.output.index(&unit)],
        output_gradient: numbers.delta,
    })
}

/// What a layer does at each of its units.
/// Layers that no single window tells.
const RECURRENT: [&str; 4] = ["rnn", "jordan", "lstm", "gru"];

fn kind<'a>(graph: &'a Graph, layer: &str, name: &'static str) -> Result<(Kind<'a>, &'a Equation)> {
    if let Some((conv, equation)) = convolution(graph, layer) {
        return Ok((Kind::Conv(conv), equation));
    }
    let own: Vec<_> = graph.equations.iter().filter(|equation| equation.layer == layer).collect();
    // A recurrent layer multiplies too, but is more than its product.
    for equation in own.iter().filter(|_| !RECURRENT.contains(&name)) {
        match &equation.op {
            Op::MatMul(product) if !product.a_transposed => {
                return Ok((Kind::Dense { transposed: product.b_transposed }, equation));
            }
            Op::MaxPool(pool) => return Ok((Kind::MaxPool(&pool.windows), equation)),
            Op::MeanPool(pool) if own.len() == 1 => {
                return Ok((Kind::MeanPool(&pool.windows, pool.count_padding), equation));
            }
            _ => {}
        }
    }
    match own[..] {
        [only] if is_activation(name) && matches!(only.op, Op::Map(_)) && only.inputs.len() == 1 => {
            Ok((Kind::Function, only))
        }
        _ => Err(Error::usage(format!("the layer `{layer}` cannot be traced"))
            .found(format!("a {name}"))
            .expected("a convolution, a dense layer, a max or mean pool, or an activation")),
    }
}

/// What the executor found: values of the equation's inputs, gradients of the loss by them, and by the unit.
struct Numbers<'a> {
    values: &'a [Array<f32>],
    slopes: &'a [Array<f32>],
    delta: f32,
    x_shape: Shape,
}

impl Numbers<'_> {
    fn step(&self, kind: &Kind<'_>, unit: &[usize], place: usize, output: usize) -> Step {
        match *kind {
            Kind::Conv(conv) => {
                let geometry = conv.geometry(1);
                let mut terms = vec![];
                geometry.each_triple(|x, w, y| {
                    if y == output {
                        terms.push(self.product(x, w));
                    }
                });
                self.weighted(terms, unit[0], usize::MAX)
            }
            Kind::Dense { transposed } => {
                let inputs = self.x_shape.elements();
                let units = self.values[1].data().len() / inputs.max(1);
                let weight = |x: usize| if transposed { output * inputs + x } else { x * units + output };
                self.weighted((0..inputs).map(|x| self.product(x, weight(x))).collect(), unit[0], MOST_TERMS)
            }
            Kind::MaxPool(windows) => {
                let window = windows.taps().at(place);
                let at = |pixel: usize| self.values[0].data()[unit[0] * windows.taps().pixels() + pixel];
                let winner =
                    (0..window.len()).fold(0, |best, i| if at(window[i].1) > at(window[best].1) { i } else { best });
                let part = |i: usize| if i == winner { 1.0 } else { 0.0 };
                let terms = self.window(unit[0], windows, &window, part);
                Step::Maximum { terms, winner, tap: window.get(winner).map_or(0, |(tap, _)| *tap) }
            }
            Kind::MeanPool(windows, count_padding) => {
                let window = windows.taps().at(place);
                let count = if count_padding { windows.taps().taps() } else { window.len() };
                let terms = self.window(unit[0], windows, &window, |_| 1.0 / count.max(1) as f32);
                Step::Mean { terms, count }
            }
            Kind::Function => {
                let total = self.slopes[0].data()[output];
                Step::Function {
                    value: self.values[0].data()[output],
                    slope: (self.delta != 0.0).then(|| total / self.delta),
                    value_gradient_total: total,
                }
            }
        }
    }

    /// Element `x` of the input times weight `w`.
    fn product(&self, x: usize, w: usize) -> Term {
        let (value, weight) = (self.values[0].data()[x], self.values[1].data()[w]);
        let at = self.x_shape.position(x);
        Term {
            channel: at.first().copied().unwrap_or(0),
            place: at.get(1..).unwrap_or_default().to_vec(),
            value,
            weight: Some(weight),
            product: value * weight,
            value_gradient: self.delta * weight,
            value_gradient_total: self.slopes[0].data()[x],
            weight_gradient: Some(self.delta * value),
            weight_gradient_total: Some(self.slopes[1].data()[w]),
        }
    }

    fn weighted(&self, mut terms: Vec<Term>, channel: usize, most: usize) -> Step {
        let product = |t: &Term| f64::from(t.value) * f64::from(t.weight.unwrap_or(0.0));
        let sum = terms.iter().map(product).sum();
        let all = terms.len();
        if all > most {
            terms.sort_by(|a, b| b.product.abs().total_cmp(&a.product.abs()));
            terms.truncate(most);
        }
        let of = |arrays: &[Array<f32>]| arrays.get(2).map(|bias| bias.data()[channel]);
        Step::WeightedSum {
            left_out: all - terms.len(),
            terms,
            sum,
            bias: of(self.values),
            bias_gradient_total: of(self.slopes),
        }
    }

    /// The elements of a pool's window, each of which the output takes a part of.
    fn window(
        &self,
        channel: usize,
        windows: &Windows,
        window: &[(usize, usize)],
        part: impl Fn(usize) -> f32,
    ) -> Vec<Term> {
        let pixels = windows.taps().pixels();
        let term = |(i, &(_, pixel)): (usize, &(usize, usize))| {
            let x = channel * pixels + pixel;
            let value = self.values[0].data()[x];
            Term {
                channel,
                place: self.x_shape.position(x)[1..].to_vec(),
                value,
                weight: None,
                product: value * part(i),
                value_gradient: self.delta * part(i),
                value_gradient_total: self.slopes[0].data()[x],
                weight_gradient: None,
                weight_gradient_total: None,
            }
        };
        window.iter().enumerate().map(term).collect()
    }
}
