//! Multilayer perceptron: logistic units in layers, learning by back-propagation as textbooks teach it.
//!
#![cfg_attr(doc, doc = picture!("mlp"))]
//!
//! Exclusive or, learned by four hidden units: the answers over the plane; drawn by `striate play backprop`.
//!
//! ```text
//! forward    I_j = Σ_i w_ij·O_i + θ_j,   O_j = 1/(1 + e^(−I_j))
//! backward   Err_j = O_j(1 − O_j)(T_j − O_j) at the output,   Err_j = O_j(1 − O_j)·Σ_k Err_k·w_jk below
//! update     w_ij ← w_ij + l·Err_j·O_i,   θ_j ← θ_j + l·Err_j
//! ```
//!
//! l is the rate. All errors are computed with the weights from before the update, which is then a step of steepest descent
//! on ½Σ(T − O)². Weights and biases start uniform in ±0.5. Two classes have one output unit; more have one each, and the
//! greatest wins.
//!
//! Sources: D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating errors", Nature 323 (1986);
//! the letters are those of J. Han, M. Kamber, "Data Mining".
//!
//! What to watch: scale the columns (to [0, 1] or to mean 0); large numbers saturate the units, whose errors then vanish. The
//! order of the rows matters: shuffle sorted data.
//!
//! The textbook's example, three inputs, two hidden units, one output, rate 0.9:
//!
//! ```
//! use striate_classics::mlp::Mlp;
//! let mut network = Mlp::new(&[3, 2, 1], 0.9, 0)?;
//! network.set_layer(0, &[0.2, 0.4, -0.5, -0.3, 0.1, 0.2], &[-0.4, 0.2])?; // w14 w24 w34, w15 w25 w35; θ4 θ5
//! network.set_layer(1, &[-0.3, -0.2], &[0.1])?; // w46 w56; θ6
//!
//! let step = network.learn_targets(&[1.0, 0.0, 1.0], &[1.0])?;
//! let rounded = |numbers: &[f32]| -> Vec<f32> { numbers.iter().map(|x| (x * 1000.0).round() / 1000.0).collect() };
//! assert_eq!(rounded(&step.outputs[0]), [0.332, 0.525]); // O4 O5
//! assert_eq!(rounded(&step.outputs[1]), [0.474]); // O6
//! assert_eq!(rounded(&step.errors[1]), [0.131]); // Err6
//! assert_eq!(rounded(&step.errors[0]), [-0.009, -0.007]); // Err4 Err5
//! assert_eq!(rounded(network.weights(1)), [-0.261, -0.138]); // w46 w56
//! assert_eq!(rounded(network.weights(0)), [0.192, 0.4, -0.508, -0.306, 0.1, 0.194]);
//! assert_eq!((rounded(network.bias(1)), rounded(network.bias(0))), (vec![0.218], vec![-0.408, 0.194]));
//! # Ok::<(), striate_tensor::Error>(())
//! ```

use crate::numbers::{add_scaled, argmax, dot};
use crate::online::LearnOne;
use crate::{Parts, Rows, Saved, checks};
use striate_tensor::{Error, Result, Rng};

/// A multilayer perceptron of logistic units.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    /// Inputs, units of each layer.
    sizes: Vec<usize>,
    layers: Vec<Layer>,
    rate: f32,
}

#[derive(Clone, Debug, PartialEq)]
struct Layer {
    /// Units × inputs of the layer.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

/// What a step of learning saw, layer by layer, before its update.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// O of each unit.
    pub outputs: Vec<Vec<f32>>,
    /// Err of each unit.
    pub errors: Vec<Vec<f32>>,
}

impl Mlp {
    /// A network of so many inputs, then units of each layer, that has learned nothing.
    ///
    /// # Errors
    /// `Fault::Model`: no layer, a size is 0, the rate is not above 0.
    pub fn new(sizes: &[usize], rate: f32, seed: u64) -> Result<Self> {
        checks::at_least("sizes", sizes.len(), 2)?;
        sizes.iter().try_for_each(|&size| checks::at_least("size", size, 1))?;
        checks::positive("rate", rate)?;
        let layer = |(number, pair): (usize, &[usize])| {
            let count = checks::product(&[pair[0], pair[1]])?;
            let rng = Rng::new(seed).stream("mlp").substream(number as u64);
            let small = |index: usize| rng.uniform(index as u64) - 0.5;
            Ok(Layer { weights: (0..count).map(small).collect(), bias: (count..count + pair[1]).map(small).collect() })
        };
        let layers = sizes.windows(2).enumerate().map(layer).collect::<Result<_>>()?;
        Ok(Mlp { sizes: sizes.to_vec(), layers, rate })
    }

    /// A network with these hidden layers to tell classes: one output for two, one each otherwise.
    ///
    /// # Errors
    /// As [`Mlp::new`]; fewer than two classes.
    ///
    /// ```
    /// let network = striate_classics::mlp::Mlp::for_classes(4, &[8], 3, 0.5, 1)?;
    /// assert_eq!(network.sizes(), [4, 8, 3]);
    /// # Ok::<(), striate_tensor::Error>(())
    /// ```
    pub fn for_classes(width: usize, hidden: &[usize], classes: usize, rate: f32, seed: u64) -> Result<Self> {
        checks::at_least("classes", classes, 2)?;
        let outputs = if classes == 2 { 1 } else { classes };
        Self::new(&[&[width], hidden, &[outputs]].concat(), rate, seed)
    }

    /// Inputs, units of each layer.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// The weights of a layer, units × inputs.
    ///
    /// # Panics
    /// When there is no such layer.
    pub fn weights(&self, layer: usize) -> &[f32] {
        &self.layers[layer].weights
    }

    /// The biases of a layer.
    ///
    /// # Panics
    /// When there is no such layer.
    pub fn bias(&self, layer: usize) -> &[f32] {
        &self.layers[layer].bias
    }

    /// Sets the weights, units × inputs, and the biases of a layer.
    ///
    /// # Errors
    /// `Fault::Data`: there is no such layer, they do not fit it, or are not finite.
    pub fn set_layer(&mut self, layer: usize, weights: &[f32], bias: &[f32]) -> Result<()> {
        let count = self.layers.len();
        let Some(layer) = self.layers.get_mut(layer) else {
            return Err(Error::data("there is no such layer").found(layer).expected(format!("0 to {}", count - 1)));
        };
        if weights.len() != layer.weights.len() || bias.len() != layer.bias.len() {
            return Err(Error::data("the weights do not fit the layer")
                .found(format!("{} weights, {} biases", weights.len(), bias.len()))
                .expected(format!("{} and {}", layer.weights.len(), layer.bias.len())));
        }
        checks::finite(weights)?;
        checks::finite(bias)?;
        layer.weights.copy_from_slice(weights);
        layer.bias.copy_from_slice(bias);
        Ok(())
    }

    /// How many classes it tells.
    pub fn classes(&self) -> usize {
        self.sizes[self.sizes.len() - 1].max(2)
    }

    /// O of the output units.
    ///
    /// # Errors
    /// `Fault::Data`: `x` is not a row of the network's width.
    pub fn outputs(&self, x: &[f32]) -> Result<Vec<f32>> {
        checks::row(x, self.sizes[0])?;
        Ok(self.forward(x).pop().unwrap_or_default())
    }

    /// The class of a row.
    ///
    /// # Errors
    /// As [`Mlp::outputs`].
    pub fn predict(&self, x: &[f32]) -> Result<usize> {
        let outputs = self.outputs(x)?;
        Ok(match outputs[..] {
            [single] => usize::from(single > 0.5),
            _ => argmax(outputs),
        })
    }

    /// The share of the rows whose class is right.
    ///
    /// # Errors
    /// As [`Mlp::outputs`]; the labels do not fit the rows.
    pub fn accuracy(&self, rows: Rows<'_>, labels: &[usize]) -> Result<f64> {
        checks::labels(labels, rows.len(), self.classes())?;
        let mut right = 0;
        for (x, &y) in rows.iter().zip(labels) {
            right += usize::from(self.predict(x)? == y);
        }
        Ok(crate::numbers::share(right, rows.len()))
    }

    /// One step: forward, backward, update; what it saw.
    ///
    /// # Errors
    /// `Fault::Data`: the row or the targets do not fit the network.
    pub fn learn_targets(&mut self, x: &[f32], targets: &[f32]) -> Result<Step> {
        checks::row(x, self.sizes[0])?;
        checks::targets(targets, self.sizes[self.sizes.len() - 1])?;
        let outputs = self.forward(x);
        let mut errors: Vec<Vec<f32>> = vec![vec![]; self.layers.len()];
        for layer in (0..self.layers.len()).rev() {
            let slope = |unit: usize| outputs[layer][unit] * (1.0 - outputs[layer][unit]);
            errors[layer] = match self.layers.get(layer + 1) {
                None => (0..targets.len()).map(|j| slope(j) * (targets[j] - outputs[layer][j])).collect(),
                Some(above) => {
                    // Σ_k Err_k·w_jk, unit by unit of the layer above, in its order.
                    let mut blame = vec![0.0; outputs[layer].len()];
                    let rows = above.weights.chunks_exact(blame.len());
                    for (error, row) in errors[layer + 1].iter().zip(rows) {
                        add_scaled(&mut blame, *error, row);
                    }
                    blame.iter().enumerate().map(|(j, blame)| slope(j) * blame).collect()
                }
            };
        }
        for (number, layer) in self.layers.iter_mut().enumerate() {
            let below = if number == 0 { x } else { &outputs[number - 1] };
            for (unit, row) in layer.weights.chunks_exact_mut(below.len()).enumerate() {
                add_scaled(row, self.rate * errors[number][unit], below);
            }
            add_scaled(&mut layer.bias, self.rate, &errors[number]);
        }
        Ok(Step { outputs, errors })
    }

    /// O of the units of each layer.
    fn forward(&self, x: &[f32]) -> Vec<Vec<f32>> {
        let mut outputs: Vec<Vec<f32>> = vec![];
        for layer in &self.layers {
            let below = outputs.last().map_or(x, Vec::as_slice);
            let rows = layer.weights.chunks_exact(below.len()).zip(&layer.bias);
            outputs.push(rows.map(|(row, bias)| 1.0 / (1.0 + (-dot(row, below) - bias).exp())).collect());
        }
        outputs
    }
}

impl LearnOne for Mlp {
    fn predict_one(&self, x: &[f32]) -> Result<usize> {
        self.predict(x)
    }

    fn learn_one(&mut self, x: &[f32], y: usize) -> Result<()> {
        checks::label(y, self.classes())?;
        let targets: Vec<f32> = match self.sizes[self.sizes.len() - 1] {
            1 => vec![y as f32],
            outputs => (0..outputs).map(|unit| f32::from(unit == y)).collect(),
        };
        self.learn_targets(x, &targets).map(|_| ())
    }
}

impl Saved for Mlp {
    const KIND: &'static str = "mlp";

    fn parts(&self) -> Parts {
        let mut parts = Parts::new().json("sizes", &self.sizes).text("rate", self.rate);
        for (number, (layer, pair)) in self.layers.iter().zip(self.sizes.windows(2)).enumerate() {
            parts = parts.reals(format!("weights{number}"), [pair[1], pair[0]], layer.weights.clone()).reals(
                format!("bias{number}"),
                [pair[1]],
                layer.bias.clone(),
            );
        }
        parts
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let sizes: Vec<usize> = parts.parse_json("sizes")?;
        let mut network = Mlp::new(&sizes, parts.parse("rate")?, 0)?;
        for (number, pair) in sizes.windows(2).enumerate() {
            let weights = parts.take(&format!("weights{number}"), &[pair[1], pair[0]])?;
            network.set_layer(number, &weights, &parts.take(&format!("bias{number}"), &[pair[1]])?)?;
        }
        Ok(network)
    }
}
