//! PyTorch's numbers for every operation: outputs, gradients, and gradients of the gradients.
//!
//! `scripts/golden.py` wrote the files in `golden/` and says what a case holds; nothing here needs Python.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use striate_graph::optim::Optimizer;
use striate_graph::{Builder, Dim, Graph, Init, Layer, Mode, N, Op, Scope, State, Type, Value, Var, interpret};
use striate_tensor::{Array, DType, Number};

/// One line of a golden file.
#[derive(Deserialize)]
struct Case {
    name: String,
    layer: Option<String>,
    #[serde(default)]
    attributes: Json,
    op: Option<Op>,
    loss: Option<String>,
    mode: String,
    inputs: Vec<Numbers>,
    parameters: BTreeMap<String, Numbers>,
    states: BTreeMap<String, Numbers>,
    next_states: BTreeMap<String, Numbers>,
    outputs: Vec<Numbers>,
    weights: Vec<Option<Numbers>>,
    gradients: BTreeMap<String, Numbers>,
    second: Option<BTreeMap<String, Numbers>>,
}

/// A tensor as text.
#[derive(Deserialize)]
struct Numbers {
    shape: Vec<usize>,
    #[serde(default)]
    real: Vec<f64>,
    index: Option<Vec<i32>>,
    dtype: Option<DType>,
}

impl Numbers {
    /// Its type; where `batched`, the first axis is the batch.
    fn ty(&self, batched: bool) -> Type {
        let size = |(axis, &size): (usize, &usize)| if axis == 0 && batched { N } else { Dim::from(size) };
        Type::new(self.dtype.unwrap_or(DType::F32), self.shape.iter().enumerate().map(size))
    }

    fn value<T: Number>(&self) -> Value<T> {
        let shape = self.shape.clone();
        match &self.index {
            Some(index) => Value::Index(Array::new(shape, index.clone())),
            None => Value::Real(Array::new(shape, self.real.iter().map(|&x| T::from_f64(x)).collect())),
        }
    }

    /// Holds a result against these numbers, the error relative to the greatest of them (or to 1 if all are small).
    fn check<T: Number>(&self, what: &str, result: &Value<T>, tolerance: f64) {
        assert_eq!(result.shape().to_vec(), self.shape, "{what}: the shape");
        match result {
            Value::Index(found) => assert_eq!(Some(found.data()), self.index.as_deref(), "{what}"),
            Value::Real(found) => {
                let scale = self.real.iter().fold(1.0f64, |m, x| m.max(x.abs()));
                for (i, (found, expected)) in found.data().iter().zip(&self.real).enumerate() {
                    let error = (found.to_f64() - expected).abs() / scale;
                    assert!(error <= tolerance, "{what}, element {i}: {found:?}, but PyTorch has {expected}");
                }
            }
        }
    }
}

impl Case {
    /// The case as a graph that returns the outputs, then the gradients, then the gradients of these.
    fn graph(&self) -> Graph {
        let g = Builder::new();
        let batched = self.op.is_none();
        let inputs = self.inputs.iter().enumerate().map(|(i, x)| g.input(&format!("x{i}"), x.ty(batched)));
        let inputs: Vec<_> = inputs.collect();
        let mut results = match (&self.op, &self.loss) {
            (Some(op), _) => g.apply(op.clone(), &inputs).iter().collect(),
            (_, Some(loss)) => vec![self.loss(loss, inputs[0], inputs[1])],
            _ => self.layer(&g, &inputs),
        };
        let weights = self.weights.iter().enumerate().filter_map(|(k, w)| Some((k, w.as_ref()?)));
        let parts = weights.map(|(k, w)| {
            (results[k] * g.input(&format!("weights{k}"), w.ty(batched && !w.shape.is_empty()))).sum_all()
        });
        let slots: Vec<_> = self.gradients.keys().map(|name| self.slot(&g, name)).collect();
        let loss = parts.reduce(|sum, part| sum + part).expect("an output is a real number");
        let first = g.grad(loss, &slots);
        results.extend(&first);
        if self.second.is_some() {
            let squares = first.iter().map(|&v| (v * v).sum_all()).reduce(|sum, part| sum + part);
            results.extend(g.grad(squares.expect("there is an input"), &slots));
        }
        g.finish(results).unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }

    /// An input or a parameter by its name in the file.
    fn slot<'g>(&self, g: &'g Builder, name: &str) -> Var<'g> {
        let found = g.find(name).or_else(|| g.find(&format!("layer.{name}")));
        found.unwrap_or_else(|| panic!("{}: there is no `{name}`", self.name))
    }

    fn loss<'g>(&self, name: &str, x: Var<'g>, target: Var<'g>) -> Var<'g> {
        let attribute = |name: &str| self.attributes[name].as_f64().unwrap_or_else(|| panic!("there is no {name}"));
        match name {
            "cross_entropy" if attribute("smoothing") == 0.0 => x.cross_entropy(target),
            "cross_entropy" => x.cross_entropy_smoothed(target, attribute("smoothing")),
            "mean_squared_error" => x.mean_squared_error(target),
            "binary_cross_entropy_with_logits" => x.binary_cross_entropy_with_logits(target),
            "rbf_loss" => x.rbf_loss(target, attribute("j")),
            "correct" => x.correct(target),
            _ => panic!("there is no loss `{name}`"),
        }
    }

    fn layer<'g>(&self, g: &'g Builder, inputs: &[Var<'g>]) -> Vec<Var<'g>> {
        let kind = self.layer.as_deref().expect("a case is a layer or an operation");
        let layer = Layer::read(kind, &self.attributes).unwrap_or_else(|| panic!("there is no layer `{kind}`"));
        let layer = layer.unwrap_or_else(|e| panic!("{}: {e}", self.name));
        let mode = if self.mode == "train" { Mode::Train } else { Mode::Infer };
        let scope = Scope { builder: g, name: "layer".into(), mode };
        assert_eq!(inputs.len(), 1 + layer.others().len(), "{}: inputs of the layer", self.name);
        let y = layer.apply(inputs, &scope);
        // Where the file has several outputs, they are those of the layer's last equation.
        let all: Vec<_> = g.peek(|graph| graph.equations.last().map(|e| e.outputs.clone())).unwrap_or_default();
        if self.outputs.len() > 1 { all.into_iter().map(|id| g.var(id)).collect() } else { vec![y] }
    }

    fn run<T: Number>(&self, graph: &Graph, tolerance: f64) {
        let mut feed: Vec<_> = self.inputs.iter().enumerate().map(|(i, x)| (format!("x{i}"), x.value::<T>())).collect();
        let weights = self.weights.iter().enumerate().filter_map(|(k, w)| Some((k, w.as_ref()?)));
        feed.extend(weights.map(|(k, w)| (format!("weights{k}"), w.value())));
        let feed: Vec<_> = feed.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let kept = self.parameters.iter().chain(&self.states);
        let state: State<T> = kept.map(|(name, value)| (format!("layer.{name}"), value.value())).collect();
        for id in graph.states() {
            assert!(
                state.contains_key(&graph.value(id).name),
                "{}: no numbers for {}",
                self.name,
                graph.value(id).name
            );
        }
        let trace = interpret(graph, &state, &feed).unwrap_or_else(|e| panic!("{}: {e}", self.name));
        let named = |what: &str| format!("{} ({}): {what}", self.name, std::any::type_name::<T>());
        for (k, y) in self.outputs.iter().enumerate() {
            y.check(&named(&format!("output {k}")), trace.value(graph.outputs[k]), tolerance);
        }
        let orders = 1 + usize::from(self.second.is_some());
        assert_eq!(graph.outputs.len(), self.outputs.len() + orders * self.gradients.len(), "{}: outputs", self.name);
        let gradients = [("gradient", Some(&self.gradients)), ("second", self.second.as_ref())];
        let expected = gradients.iter().flat_map(|(order, numbers)| numbers.iter().map(move |n| (order, *n)));
        let expected = expected.flat_map(|(order, numbers)| numbers.iter().map(move |(slot, n)| (order, slot, n)));
        for ((order, slot, numbers), id) in expected.zip(&graph.outputs[self.outputs.len()..]) {
            numbers.check(&named(&format!("{order} derivative by {slot}")), trace.value(*id), tolerance);
        }
        for (name, numbers) in &self.next_states {
            numbers.check(&named(&format!("next {name}")), &trace.next_state()[&format!("layer.{name}")], tolerance);
        }
    }
}

#[track_caller]
fn check(family: &str) {
    let cases: Vec<Case> = read(family);
    assert!(!cases.is_empty());
    for case in cases {
        let graph = case.graph();
        case.run::<f64>(&graph, 1e-7);
        case.run::<f32>(&graph, 1e-5);
    }
}

/// One line of `optimizer.json`.
#[derive(Deserialize)]
struct Descent {
    name: String,
    optimizer: Optimizer,
    start: BTreeMap<String, Numbers>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    rate: f64,
    gradients: BTreeMap<String, Numbers>,
    after: BTreeMap<String, Numbers>,
}

impl Descent {
    fn run<T: Number>(&self, tolerance: f64) {
        let g = Builder::new();
        let pair = |(name, start): (&String, &Numbers)| {
            let parameter = g.parameter(name, start.ty(false), Init::Fill(0.0));
            (parameter, g.input(&format!("gradient of {name}"), start.ty(false)))
        };
        let pairs: Vec<_> = self.start.iter().map(pair).collect();
        self.optimizer.append(&g, &pairs, g.input("rate", striate_graph::f32([1])));
        let graph = g.finish([]).unwrap_or_else(|e| panic!("{}: {e}", self.name));
        let mut state: State<T> = graph.initial_state(0);
        state.extend(self.start.iter().map(|(name, start)| (name.clone(), start.value())));
        for (number, step) in self.steps.iter().enumerate() {
            let feed = step.gradients.iter().map(|(name, g)| (format!("gradient of {name}"), g.value()));
            let feed: Vec<_> = feed.collect();
            let mut feed: Vec<_> = feed.iter().map(|(name, g)| (name.as_str(), g.clone())).collect();
            feed.push(("rate", Value::Real(Array::new([1], vec![T::from_f64(step.rate)]))));
            state = interpret(&graph, &state, &feed).unwrap_or_else(|e| panic!("{}: {e}", self.name)).next_state();
            for (name, after) in &step.after {
                let what = format!("{} ({}): {name} after step {}", self.name, std::any::type_name::<T>(), number + 1);
                after.check(&what, &state[name], tolerance);
            }
        }
    }
}

#[test]
fn optimizer() {
    let descents: Vec<Descent> = read("optimizer");
    for descent in descents {
        descent.run::<f64>(1e-7);
        descent.run::<f32>(1e-5);
    }
}

fn read<T: DeserializeOwned>(family: &str) -> T {
    let path = format!("{}/tests/golden/{family}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

macro_rules! families {
    ($($family:ident)+) => {
        $(#[test]
        fn $family() {
            check(stringify!($family));
        })+

        const FAMILIES: &[&str] = &[$(stringify!($family)),+];
    };
}
families! { activation conv local loss map norm pool recurrent reduce resample shape units }

#[test]
fn every_file_is_held_against_the_interpreter() {
    let folder = format!("{}/tests/golden", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(folder).expect("the folder is part of the repository") {
        let name = entry.expect("it can be listed").file_name().to_string_lossy().replace(".json", "");
        assert!(name == "optimizer" || FAMILIES.contains(&name.as_str()), "no test reads {name}.json");
    }
}

/// What PyTorch has no numbers for: random masks and their counter, and what passes make of operations.
const WITHOUT_NUMBERS: &[&str] = &["dropout", "dropout_mask", "count", "fused", "map_sums", "channel_statistics"];

#[test]
fn every_operation_and_layer_has_numbers() {
    let (mut held, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for case in FAMILIES.iter().flat_map(|family| read::<Vec<Case>>(family)) {
        held.extend(case.graph().equations.iter().map(|equation| equation.op.name()));
        kinds.extend(case.layer);
    }
    let operations: BTreeSet<_> = Op::cases().iter().map(|case| case.op.name()).collect();
    for name in operations.iter().filter(|name| !WITHOUT_NUMBERS.contains(name)) {
        assert!(held.contains(name), "scripts/golden.py has no case with the operation `{name}`");
    }
    for kind in Layer::kinds().iter().filter(|kind| !WITHOUT_NUMBERS.contains(kind)) {
        assert!(kinds.contains(*kind), "scripts/golden.py has no case with the layer `{kind}`");
    }
}
