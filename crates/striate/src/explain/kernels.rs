//! The kernels of a convolution: how large, how alike, which of them do nothing.
//!
//! A kernel is what one output channel sees: a plane for each input channel that it is linked to. Its norm is
//! √Σw² over all its planes. It is **dead by norm** below a hundredth of the layer's median norm, **dead by output** where, over
//! a data set, the output of the layer's activation never changes for its channel: its greatest and least value differ by no
//! more than 10⁻⁶ of what the liveliest channel's do. Two kernels are **duplicates** where the cosine of the angle between them,
//! w·w'/(|w| |w'|), is above 0.95; kernels of norm 0 are nobody's.

use super::feed::each_batch;
use super::filters::two_paths_of;
use super::{Lens, Response, TwoPaths};
use crate::data::Dataset;
use serde::Serialize;
use striate_graph::ops::activation::Activation;
use striate_graph::ops::conv::Conv;
use striate_graph::ops::reduce::Reduction;
use striate_graph::{Builder, Equation, Graph, LayerForm, Mode, Op, ValueId};
use striate_plan::Workers;
use striate_tensor::{Array, Error, Result};

/// The kernels of one convolution: a kernel is what one output channel sees, a plane for each input channel that it is linked to.
///
/// Dead by norm is one whose √Σw² is below a hundredth of the layer's median; dead by output one whose activation varies over a
/// data set by no more than 10⁻⁶ of what the liveliest channel's does; duplicates are two with a cosine above 0.95.
///
/// ```
/// use striate::explain::{KernelBank, Lens, Order};
/// use striate::prelude::*;
/// let lens = Lens::untrained(zoo::find("lenet5")?, 1)?;
/// let bank = KernelBank::of(&lens, "conv2")?;
/// assert_eq!((bank.count(), bank.planes(0).len(), bank.size()), (16, 6, (5, 5)));
/// let strongest = bank.order(Order::Norm)[0];
/// println!("{}: {}", strongest, bank.response(strongest).map_or(String::new(), |response| response.label()));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct KernelBank {
    /// The layer.
    pub layer: String,
    /// Its geometry.
    pub conv: Conv,
    /// Rows × taps: a row for each link between channels.
    weights: Array<f32>,
    /// What the kernels are laid over.
    input: ValueId,
    /// For each output channel the input channels that it sees, in their order, each with its row.
    planes: Vec<Vec<(usize, usize)>>,
}

/// By what kernels are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they lie in the layer.
    #[default]
    Index,
    /// The largest norm first.
    Norm,
    /// The lowest mean frequency first.
    Frequency,
}

/// What is known of a kernel.
#[derive(Clone, Debug, Serialize)]
pub struct KernelFacts {
    /// Its output channel.
    pub channel: usize,
    /// √Σw².
    pub norm: f64,
    /// Whether its norm is far below the others'.
    pub dead_by_norm: bool,
    /// Whether its output never changes over a data set; absent where none was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_by_output: Option<bool>,
    /// What it does to frequencies; absent for kernels of one or three axes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Response>,
}

/// Above this cosine two kernels are the same.
pub const DUPLICATE: f64 = 0.95;
const DEAD_PART: f64 = 0.01;
const DEAD_RANGE: f32 = 1e-6;
/// Samples whose outputs are looked at together.
const BATCH: usize = 100;

/// The convolution of a layer in a graph, with the equation that computes it.
pub(crate) fn convolution<'a>(graph: &'a Graph, layer: &str) -> Option<(&'a Conv, &'a Equation)> {
    graph.equations.iter().filter(|equation| equation.layer == layer).find_map(|equation| match &equation.op {
        Op::Conv(conv) => Some((conv, equation)),
        _ => None,
    })
}

/// For each output channel the input channels that it sees, in their order, each with its row of the weights.
fn planes(conv: &Conv) -> Vec<Vec<(usize, usize)>> {
    let mut all = vec![vec![]; conv.out_channels];
    for link in conv.connections.links(conv.in_channels, conv.out_channels) {
        all[link.output].push((link.input, link.row));
    }
    all.iter_mut().for_each(|planes| planes.sort_unstable());
    all
}

/// Σ w·w' over the input channels that both kernels see; planes come in the order of these.
fn dot(a: &[(usize, &[f32])], b: &[(usize, &[f32])]) -> f64 {
    let product = |p: &[f32], q: &[f32]| p.iter().zip(q).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while i < a.len() && j < b.len() {
        match a[i].0.cmp(&b[j].0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += product(a[i].1, b[j].1);
                (i, j) = (i + 1, j + 1);
            }
        }
    }
    sum
}

impl KernelBank {
    /// Those of a layer.
    ///
    /// # Errors
    /// `Fault::Usage`: there is no such layer, or it is no convolution.
    pub fn of(lens: &Lens, layer: &str) -> Result<Self> {
        let found = lens.layer(layer)?;
        let builder = Builder::for_inference();
        let built = lens.model().build(&builder, Mode::Infer);
        let graph = builder.finish([built.output])?;
        let Some((conv, equation)) = convolution(&graph, layer) else {
            let convs: Vec<_> =
                lens.layers().iter().map(|l| l.name.as_str()).filter(|l| convolution(&graph, l).is_some()).collect();
            return Err(Error::usage(format!("the layer `{layer}` has no kernels"))
                .found(format!("a {}", found.kind))
                .expected(match convs.is_empty() {
                    true => "a convolution, of which this model has none".to_string(),
                    false => format!("a convolution: {}", convs.join(", ")),
                }));
        };
        let name = &graph.value(equation.inputs[1]).name;
        let weights = lens
            .weight(name)
            .cloned()
            .ok_or_else(|| Error::internal(format!("the weights of `{layer}` are no parameter")).found(name))?;
        let (rows, taps) = (conv.geometry(1).rows(), conv.geometry(1).taps());
        Ok(KernelBank {
            layer: layer.to_string(),
            conv: conv.clone(),
            weights: weights.reshaped([rows, taps]),
            input: equation.inputs[0],
            planes: planes(conv),
        })
    }

    /// Those of the first convolution; `None` where the model has none.
    ///
    /// # Errors
    /// As [`KernelBank::of`].
    pub fn first(lens: &Lens) -> Result<Option<Self>> {
        let builder = Builder::for_inference();
        let built = lens.model().build(&builder, Mode::Infer);
        let graph = builder.finish([built.output])?;
        let first = lens.layers().iter().find(|layer| convolution(&graph, &layer.name).is_some());
        first.map(|layer| Self::of(lens, &layer.name)).transpose()
    }

    /// Output channels.
    pub fn count(&self) -> usize {
        self.conv.out_channels
    }

    /// All weights, rows × taps: a row for each link between channels.
    pub fn weights(&self) -> &Array<f32> {
        &self.weights
    }

    /// Rows and columns of a plane; a kernel of one axis is one row, of three axes its first two are stacked.
    pub fn size(&self) -> (usize, usize) {
        let columns = self.conv.windows.last().map_or(1, |w| w.kernel);
        (self.weights.shape()[1] / columns.max(1), columns)
    }

    /// The planes of a channel's kernel, each with the input channel that it sees.
    pub fn planes(&self, channel: usize) -> Vec<(usize, &[f32])> {
        let taps = self.weights.shape()[1];
        let plane = |&(input, row): &(usize, usize)| (input, &self.weights.data()[row * taps..(row + 1) * taps]);
        self.planes[channel].iter().map(plane).collect()
    }

    /// The mean over the planes of a channel's kernel.
    pub fn mean_plane(&self, channel: usize) -> Vec<f32> {
        let planes = self.planes(channel);
        (0..self.weights.shape()[1]).map(|t| planes.iter().map(|p| p.1[t]).sum::<f32>() / planes.len() as f32).collect()
    }

    /// √Σw² of a channel's kernel.
    pub fn norm(&self, channel: usize) -> f64 {
        let planes = self.planes(channel);
        dot(&planes, &planes).sqrt()
    }

    /// What a channel's kernel does to frequencies; `None` for kernels of one or three axes.
    pub fn response(&self, channel: usize) -> Option<Response> {
        let two = self.conv.windows.len() == 2;
        two.then(|| Response::of(self.planes(channel).into_iter().map(|(_, plane)| plane), self.size().1))
    }

    /// What the layer is given for samples N×…: N×I×….
    ///
    /// # Errors
    /// `Fault::Data`: the samples do not fit the model.
    pub fn input(&self, lens: &Lens, workers: &Workers, samples: &Array<f32>) -> Result<Array<f32>> {
        Ok(lens.ask(|view| vec![view.builder.var(self.input)])?.answer(workers, samples, &[])?.remove(0))
    }

    /// A channel's kernel over what the layer is given for one sample, I×H×W: by sums over windows and by products of spectra,
    /// both added up over the input channels. Strides, padding and dilation are left out.
    ///
    /// # Errors
    /// `Fault::Usage`: the kernel has not two axes, or is larger than the maps.
    pub fn two_paths(&self, channel: usize, input: &Array<f32>) -> Result<TwoPaths> {
        let [_, rows, columns] = input.shape()[..] else {
            return Err(Error::usage(format!("the kernels of `{}` do not lie over pictures", self.layer))
                .found(format!("maps of {}", input.shape()))
                .expected("channels × height × width"));
        };
        let plane = |i: usize| &input.data()[i * rows * columns..(i + 1) * rows * columns];
        let pairs: Vec<_> = self.planes(channel).into_iter().map(|(i, kernel)| (plane(i), kernel)).collect();
        two_paths_of(&pairs, columns, self.size().1)
    }

    /// The channels in an order; those that are equal stay as they lie.
    pub fn order(&self, by: Order) -> Vec<usize> {
        let mut channels: Vec<usize> = (0..self.count()).collect();
        let key: Vec<f64> = match by {
            Order::Index => return channels,
            Order::Norm => channels.iter().map(|&c| -self.norm(c)).collect(),
            Order::Frequency => channels.iter().map(|&c| self.response(c).map_or(0.0, |r| r.centroid)).collect(),
        };
        channels.sort_by(|&a, &b| key[a].total_cmp(&key[b]));
        channels
    }

    /// Pairs of kernels that are duplicates, with the cosine.
    pub fn duplicates(&self) -> Vec<(usize, usize, f64)> {
        let planes: Vec<_> = (0..self.count()).map(|c| self.planes(c)).collect();
        let norms: Vec<f64> = planes.iter().map(|own| dot(own, own).sqrt()).collect();
        let mut pairs = vec![];
        for a in 0..self.count() {
            for b in a + 1..self.count() {
                let scale = norms[a] * norms[b];
                let cosine = if scale > 0.0 { dot(&planes[a], &planes[b]) / scale } else { 0.0 };
                if cosine > DUPLICATE {
                    pairs.push((a, b, cosine));
                }
            }
        }
        pairs
    }

    /// All that is known; `activity` is what [`activity`] found.
    pub fn facts(&self, activity: Option<&[f32]>) -> Vec<KernelFacts> {
        let norms: Vec<f64> = (0..self.count()).map(|c| self.norm(c)).collect();
        let mut sorted = norms.clone();
        sorted.sort_by(f64::total_cmp);
        let median = sorted[sorted.len() / 2];
        let liveliest = activity.map(|ranges| ranges.iter().copied().fold(0.0, f32::max));
        let fact = |(channel, &norm): (usize, &f64)| KernelFacts {
            channel,
            norm,
            dead_by_norm: norm <= DEAD_PART * median,
            dead_by_output: activity.zip(liveliest).map(|(ranges, most)| ranges[channel] <= DEAD_RANGE * most),
            response: self.response(channel),
        };
        norms.iter().enumerate().map(fact).collect()
    }
}

/// By how much the output of each channel varies over data, at any place of any sample: greatest less least. The output is that
/// of the activation which follows the layer, with nothing but batch normalisation between; the layer's own where none does.
/// With it, the name of the layer that was looked at.
///
/// # Errors
/// `Fault::Usage`: there is no such layer, or it has no channels. `Fault::Data`: the samples do not fit the model.
pub fn activity(lens: &Lens, workers: &Workers, layer: &str, data: &Dataset) -> Result<(String, Vec<f32>)> {
    let found = lens.layer(layer)?;
    let after = lens.layers().iter().skip_while(|l| l.name != found.name).skip(1);
    let next = after.skip_while(|l| l.kind == "batch_norm").take(1).find(|l| is_activation(l.kind));
    let watched = next.map_or(layer, |l| l.name.as_str()).to_string();
    let output = lens.layer(&watched)?.output.clone();
    let axes: Vec<usize> = (2..=output.rank()).collect();
    if output.is_empty() {
        return Err(Error::usage(format!("the layer `{watched}` has no channels")).found(&output));
    }
    let mut question = lens.ask(|view| {
        let y = view.layer(&watched);
        match axes.is_empty() {
            true => vec![y, -y],
            false => vec![y.reduce(Reduction::Max, &axes), (-y).reduce(Reduction::Max, &axes)],
        }
    })?;
    let channels = output[0];
    let (mut most, mut least) = (vec![f32::NEG_INFINITY; channels], vec![f32::NEG_INFINITY; channels]);
    each_batch(lens, data, BATCH, |_, samples| {
        let answer = question.answer(workers, &samples, &[])?;
        for (sums, found) in [&mut most, &mut least].into_iter().zip(&answer) {
            for (i, &v) in found.data().iter().enumerate() {
                sums[i % channels] = sums[i % channels].max(v);
            }
        }
        Ok(())
    })?;
    Ok((watched, most.iter().zip(&least).map(|(most, least)| most + least).collect()))
}

/// Whether layers of this kind are functions of single elements.
pub(crate) fn is_activation(kind: &str) -> bool {
    Activation::KINDS.contains(&kind)
}
