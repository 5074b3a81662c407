//! A layer by itself: built to see its shape and its parameters, or run on numbers.

use striate_graph::{Builder, State, Value, Var, f32, interpret};
use striate_tensor::{Array, Result, Shape};

/// What a layer makes of a sample, and how many numbers it learns.
pub(super) struct Built {
    /// Without the batch.
    pub(super) output: Vec<usize>,
    /// The shape of each parameter, by name.
    pub(super) parameters: Vec<(String, Shape)>,
}

impl Built {
    pub(super) fn count(&self) -> u64 {
        self.parameters.iter().map(|(_, shape)| shape.elements() as u64).sum()
    }
}

/// Builds layers on one sample of this shape.
pub(super) fn built(sample: &[usize], layers: impl for<'g> Fn(Var<'g>) -> Var<'g>) -> Result<Built> {
    let builder = Builder::for_inference();
    let x = builder.input("x", f32([1].iter().chain(sample).copied()));
    let y = layers(x).named("y");
    let graph = builder.finish([y])?;
    let parameters = graph.parameters().map(|id| (graph.value(id).name.clone(), graph.value(id).ty.shape())).collect();
    let output = graph.value(graph.outputs[0]).ty.shape()[1..].to_vec();
    Ok(Built { output, parameters })
}

/// Runs layers on one sample; parameters are given by name.
pub(super) fn run(
    x: &Array<f64>,
    weights: &[(&str, Array<f64>)],
    layers: impl for<'g> Fn(Var<'g>) -> Var<'g>,
) -> Result<Array<f64>> {
    let builder = Builder::for_inference();
    let input = builder.input("x", f32(x.shape().iter().copied()));
    let graph = builder.finish([layers(input).named("y")])?;
    let state: State<f64> = weights.iter().map(|(name, w)| (name.to_string(), Value::Real(w.clone()))).collect();
    let trace = interpret(&graph, &state, &[("x", Value::Real(x.clone()))])?;
    Ok(trace.output("y").real().clone())
}
