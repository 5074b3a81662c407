//! A deep belief network as the start of a model: the rows' labels come in only here.
//!
//! ```text
//! h⁰ = x, flattened       hˡ = σ(Wˡ·hˡ⁻¹ + cˡ)       scores = V·h^L + d
//! ```
//!
//! W, c the weights and hidden biases of the stack's machines; V, d a fresh layer that classifies. Back-propagation then
//! moves all of them: "fine-tuning". Source: Hinton, Osindero and Teh, "A fast learning algorithm for deep belief nets",
//! Neural Computation 18, 2006; Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks",
//! Science 313, 2006.

use super::{Classes, Model};
use crate::nn::{Activations, Chain};
use striate_classics::dbn::Dbn;
use striate_tensor::{Array, Error, Result, Shape};

/// A model with weights to start from, by their names in its graphs.
#[derive(Clone, Debug, PartialEq)]
pub struct Pretrained {
    /// The network.
    pub model: Model,
    /// Names with weights; parameters that are not among them start as the seed says.
    pub weights: Vec<(String, Array<f32>)>,
}

/// The multi-layer perceptron of logistic units that starts where a stack of Boltzmann machines stands, with a fresh
/// layer of one score for each class. `input` is the shape of a sample (`C×H×W`, or the length of a row).
///
/// Layer l is `dense{l}`, hidden units×visible units; the classifying layer is the last `dense`.
///
/// # Errors
/// `Fault::Model`: a sample has not as many numbers as the lowest machine has visible units; there is no class.
///
/// ```
/// use striate::classics::Workers;
/// use striate::classics::dbn::Dbn;
/// use striate::classics::rbm::RbmSettings;
/// use striate::data::{Digits, Preprocessing};
/// use striate::model::from_dbn;
/// use striate::train::{Adam, Data, Graphs, Optimizer, Settings, Trainer};
///
/// let digits = Digits::test().take(200);
/// let rows: Vec<f32> = digits.pixels().unwrap().iter().map(|p| f32::from(*p) / 255.0).collect();
/// let mut stack = Dbn::new(784, &[RbmSettings::new(20), RbmSettings { seed: 1, ..RbmSettings::new(10) }])?;
/// stack.train(&Workers::new(1), &rows, 1)?; // no label is read
///
/// let start = from_dbn(&stack, [1, 28, 28], 10)?;
/// let graphs = Graphs::of(&start.model, &Optimizer::from(Adam::default()))?;
/// let data = Data { train: digits.clone(), watched: digits, preprocessing: Preprocessing::default() };
/// let mut trainer = Trainer::new(graphs, &data, Settings::default(), 1)?;
/// trainer.start_from(start.weights)?;
/// trainer.advance()?; // one step of fine-tuning
/// # Ok::<(), striate::tensor::Error>(())
/// ```
pub fn from_dbn(dbn: &Dbn, input: impl Into<Shape>, classes: impl Into<Classes>) -> Result<Pretrained> {
    let input = input.into();
    let Classes(names) = classes.into();
    let visible = dbn.machines().first().map_or(0, |machine| machine.visible());
    if input.elements() != visible {
        return Err(Error::model("the samples do not fit the deep belief network")
            .found(format!("samples of {input}, {} numbers", input.elements()))
            .expected(format!("{visible} numbers, the visible units of its lowest machine")));
    }
    let scores = names.len();
    let mut model = Model::new("dbn", input).classes(names).flatten();
    let mut weights = vec![];
    for (layer, number) in dbn.layers().zip(1..) {
        let name = format!("dense{number}");
        let matrix = Array::new([layer.outputs, layer.inputs], layer.weights.to_vec());
        weights.push((format!("{name}.weight"), matrix));
        weights.push((format!("{name}.bias"), Array::new([layer.outputs], layer.bias.to_vec())));
        model = model.dense(layer.outputs).named(&name).logistic();
    }
    Ok(Pretrained { model: model.dense(scores).base().finish()?, weights })
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_classics::Workers;
    use striate_classics::rbm::RbmSettings;
    use striate_graph::{State, Value, interpret};

    fn stack() -> Dbn {
        let first = RbmSettings { rate: 0.2, ..RbmSettings::new(5) };
        let mut stack = Dbn::new(12, &[first, RbmSettings { hidden: 3, seed: 1, ..first }]).unwrap();
        let rows: Vec<f32> = (0..20 * 12).map(|i| f32::from(u8::from(i / 12 % 2 == i % 2))).collect();
        stack.train(&Workers::new(1), &rows, 5).unwrap();
        stack
    }

    #[test]
    fn the_models_features_are_the_stacks() {
        let stack = stack();
        let start = from_dbn(&stack, [3, 2, 2], 4).unwrap();
        let graph = start.model.graph_for_inference().unwrap();
        let mut state: State<f64> = graph.initial_state(1);
        for (name, weights) in &start.weights {
            let id = graph.find(name).unwrap();
            assert_eq!(graph.value(id).ty.shape(), *weights.shape(), "{name}");
            state.insert(name.clone(), weights.map(f64::from).into());
        }
        let row: Vec<f32> = (0..12).map(|i| i as f32 / 12.0).collect();
        let x = Array::new([1, 3, 2, 2], row.iter().map(|v| f64::from(*v)).collect());
        let trace = interpret(&graph, &state, &[("input", Value::Real(x))]).unwrap();
        let up = stack.up(&Workers::new(1), &row).unwrap();
        // Scores are V·h + d with the stack's own features h.
        let real = |name: &str| state.get(name).unwrap().real().data().to_vec();
        let (v, d) = (real("dense3.weight"), real("dense3.bias"));
        let scores: Vec<f64> = v
            .chunks(3)
            .zip(d)
            .map(|(v, d)| d + v.iter().zip(&up).map(|(v, h)| v * f64::from(*h)).sum::<f64>())
            .collect();
        let given = trace.value(graph.outputs[0]).real().data().to_vec();
        assert_eq!(given.len(), 4);
        assert!(given.iter().zip(&scores).all(|(a, b)| (a - b).abs() < 1e-6), "{given:?} {scores:?}");
    }

    #[test]
    fn samples_of_another_size_are_refused() {
        let message = from_dbn(&stack(), [1, 3, 3], 4).unwrap_err().to_string();
        assert!(message.contains("1×3×3, 9 numbers") && message.contains("12 numbers"), "{message}");
        assert!(from_dbn(&stack(), [12], 0).is_err());
    }
}
