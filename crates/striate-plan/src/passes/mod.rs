//! Passes: each takes a graph and returns a better one that computes the same, and says what it did.

mod constants;
mod detach;
mod fold;
mod fold_affine;
mod freeze;
mod fuse_epilogues;
mod fuse_maps;
mod fuse_sums;
mod inline_maps;
mod lift_reshapes;
mod prune;
mod share;
mod split_norms;

use striate_graph::{Equation, Graph, Op, Source, Type, ValueId, ValueInfo};
use striate_tensor::Result;

pub(crate) use freeze::freeze;

/// A pass by name.
pub(crate) struct Pass {
    /// What it is called in the plan's text.
    pub name: &'static str,
    /// Graph in, graph out; what it did and did not do, a line each.
    pub run: fn(Graph, &mut Vec<String>) -> Graph,
}

/// All passes, in order.
pub(crate) const PASSES: &[Pass] = &[
    Pass { name: "prune", run: prune::prune },
    Pass { name: "share", run: share::share },
    Pass { name: "fold", run: fold::fold },
    Pass { name: "fold affine", run: fold_affine::fold_affine },
    Pass { name: "split norms", run: split_norms::split_norms },
    Pass { name: "fuse maps", run: fuse_maps::fuse_maps },
    Pass { name: "prune", run: prune::prune },
    Pass { name: "inline maps", run: inline_maps::inline_maps },
    Pass { name: "prune", run: prune::prune },
    Pass { name: "lift reshapes", run: lift_reshapes::lift_reshapes },
    Pass { name: "fuse sums", run: fuse_sums::fuse_sums },
    Pass { name: "fuse epilogues", run: fuse_epilogues::fuse_epilogues },
    Pass { name: "prune", run: prune::prune },
    Pass { name: "detach", run: detach::detach },
];

/// Runs all passes, verifying the graph after each.
///
/// # Errors
/// An internal error that names the pass which broke the graph.
pub(crate) fn run_all(mut graph: Graph, notes: &mut Vec<String>) -> Result<Graph> {
    for pass in PASSES {
        let mut said = Vec::new();
        graph = (pass.run)(graph, &mut said);
        graph.verify().map_err(|e| striate_tensor::Error::internal(format!("pass `{}`: {}", pass.name, e.what())))?;
        notes.extend(said.into_iter().map(|line| format!("{}: {line}", pass.name)));
    }
    Ok(graph)
}

/// Adds a value that an equation is to compute.
fn add_value(graph: &mut Graph, name: &str, ty: Type) -> ValueId {
    graph.values.push(ValueInfo { name: name.into(), source: Source::Equation, ty });
    ValueId(graph.values.len() - 1)
}

/// An equation outside any layer.
fn equation(op: Op, inputs: &[ValueId], outputs: &[ValueId]) -> Equation {
    Equation { op, inputs: inputs.to_vec(), outputs: outputs.to_vec(), layer: String::new(), place: None }
}

/// For each value the equations that read it; outputs and updates count as readers at the end of all.
pub(crate) struct Readers(pub(crate) Vec<Vec<usize>>);

impl Readers {
    pub(crate) fn of(graph: &Graph) -> Self {
        let mut readers = vec![Vec::new(); graph.values.len()];
        for (at, equation) in graph.equations.iter().enumerate() {
            equation.inputs.iter().for_each(|i| readers[i.0].push(at));
        }
        let end = graph.equations.len();
        graph.outputs.iter().for_each(|o| readers[o.0].push(end));
        graph.updates.iter().for_each(|u| readers[u.next.0].push(end));
        Readers(readers)
    }

    /// The one equation that reads a value, if it is read once and not at the end.
    fn only(&self, graph: &Graph, value: ValueId) -> Option<usize> {
        match self.0[value.0][..] {
            [at] if at < graph.equations.len() => Some(at),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_graph::ops::batch_norm::BatchNormLayer;
    use striate_graph::ops::conv::ConvLayer;
    use striate_graph::ops::matmul::Dense;
    use striate_graph::ops::pool::PoolLayer;
    use striate_graph::optim::{Optimizer, Sgd};
    use striate_graph::{Builder, Layer, Mode, N, Scope, State, Value, Var, f32, i32, interpret};
    use striate_tensor::{Array, Rng};

    /// A small network that learns, with a skip; one of its states lags behind a weight.
    fn learning() -> Graph {
        let g = Builder::new();
        let x = g.input("x", f32([N, 1.into(), 6.into(), 6.into()]));
        let labels = g.input("labels", i32([N]));
        let y = then(x, "a", ConvLayer::new(2, 3, 3).same().into());
        let y = then(y, "norm", BatchNormLayer::new().into()).relu();
        let y = then(y, "b", ConvLayer::new(2, 3, 3).same().into()).tanh() + y;
        let y = then(y, "pool", PoolLayer::max(2, 2).into());
        let y = y.reshape(&[N, 27.into()]);
        let loss = then(y, "c", Dense::new(4).into()).cross_entropy(labels);
        let weights = g.peek(|graph| graph.parameters().collect::<Vec<_>>());
        let weights: Vec<_> = weights.into_iter().map(|id| g.var(id)).collect();
        let slopes = g.grad(loss, &weights);
        let rate = g.input("rate", f32(Vec::<usize>::new()));
        let pairs: Vec<_> = weights.iter().copied().zip(slopes).collect();
        Optimizer::from(Sgd::default()).append(&g, &pairs, rate);
        let before = g.state("before", weights[0].ty(), striate_graph::Init::Fill(0.0));
        g.update(before, weights[0]);
        g.finish([loss]).unwrap_or_else(|e| panic!("{e}"))
    }

    fn then<'g>(x: Var<'g>, name: &str, layer: Layer) -> Var<'g> {
        let scope = Scope { builder: x.builder(), name: name.into(), mode: Mode::Train };
        x.builder().in_layer(name, None, || layer.apply(&[x], &scope))
    }

    fn run(graph: &Graph) -> (Vec<f64>, State<f64>) {
        let rng = Rng::new(4);
        let inputs = [
            ("x", Value::Real(Array::from_fn([2, 1, 6, 6], |i| rng.normal(i as u64).into()))),
            ("labels", Value::Index(Array::new([2], vec![1, 3]))),
            ("rate", Value::Real(Array::scalar(0.1))),
        ];
        let trace = interpret(graph, &graph.initial_state(2), &inputs).unwrap_or_else(|e| panic!("{e}"));
        (trace.value(graph.outputs[0]).real().data().to_vec(), trace.next_state())
    }

    #[test]
    fn a_graph_computes_the_same_after_each_pass() {
        let mut graph = learning().at_batch(2);
        let (loss, state) = run(&graph);
        let before = graph.equations.len();
        for pass in PASSES {
            graph = (pass.run)(graph, &mut Vec::new());
            let (now, kept) = run(&graph);
            assert!((now[0] - loss[0]).abs() < 1e-12, "{}: {now:?} is not {loss:?}", pass.name);
            for (name, value) in &state {
                let pairs = value.real().data().iter().zip(kept[name].real().data());
                assert!(pairs.clone().all(|(a, b)| (a - b).abs() < 1e-12), "{}: `{name}`", pass.name);
            }
        }
        assert!(graph.equations.len() < before, "the passes did nothing");
        for name in ["fused", "map_sums"] {
            assert!(graph.equations.iter().any(|e| e.op.name() == name), "no equation is {name}");
        }
    }
}
