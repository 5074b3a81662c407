//! Layers with parameters of their own, built for a batch of any size, learning and used.

use striate_graph::ops::batch_norm::BatchNormLayer;
use striate_graph::ops::dropout::{COUNTER, Dropout};
use striate_graph::ops::matmul::Dense;
use striate_graph::ops::rbf::RbfLayer;
use striate_graph::optim::{Adam, Optimizer};
use striate_graph::{Builder, Graph, Layer, Mode, N, Scope, State, Trace, Value, Var, f32, i32, interpret};
use striate_tensor::{Array, Rng};

fn scope<'g>(g: &'g Builder, name: &str, mode: Mode) -> Scope<'g> {
    Scope { builder: g, name: name.into(), mode }
}

/// Scores of three classes from two features, by normalised and silenced units.
fn scores(g: &Builder, mode: Mode) -> Var<'_> {
    let x = g.input("x", f32([N, 2.into()]));
    let layer = |name: &str, layer: Layer, x| layer.apply(&[x], &scope(g, name, mode));
    let y = layer("hidden", Dense::new(8).without_bias().into(), x);
    let y = layer("norm", BatchNormLayer::new().into(), y).relu();
    let y = layer("silence", Dropout::new(0.25).into(), y);
    layer("scores", Dense::new(3).into(), y).named("scores")
}

fn learner() -> Graph {
    let g = Builder::new();
    let scores = scores(&g, Mode::Train);
    let labels = g.input("labels", i32([N]));
    let loss = scores.cross_entropy_smoothed(labels, 0.05).named("loss");
    let right = scores.correct(labels).named("right");
    let parameters: Vec<_> =
        g.peek(|graph| graph.parameters().collect::<Vec<_>>()).into_iter().map(|id| g.var(id)).collect();
    let slopes = g.grad(loss, &parameters);
    let pairs: Vec<_> = parameters.into_iter().zip(slopes).collect();
    Optimizer::from(Adam::default()).append(&g, &pairs, g.input("learning_rate", f32([1])));
    g.finish([loss, right]).unwrap()
}

/// Points around three centres.
fn batch(size: usize, seed: u64) -> [(&'static str, Value<f64>); 2] {
    let rng = Rng::new(seed);
    let label = |n: usize| rng.below(n as u64, 3);
    let centres = [[3.0, 1.0], [-2.0, 2.5], [0.0, -3.0]];
    let noise = rng.stream("noise");
    let x = Array::from_fn([size, 2], |i| centres[label(i / 2)][i % 2] + f64::from(noise.normal(i as u64)) * 0.4);
    [("x", x.into()), ("labels", Value::Index(Array::from_fn([size], |n| label(n) as i32)))]
}

fn step(graph: &Graph, state: &State<f64>, size: usize, seed: u64) -> Trace<f64> {
    let [x, labels] = batch(size, seed);
    let rate = ("learning_rate", Value::Real(Array::new([1], vec![0.05])));
    interpret(graph, state, &[x, labels, rate]).unwrap()
}

#[test]
fn a_network_learns_at_one_batch_size_and_another_and_is_used_at_a_third() {
    let graph = learner();
    let mut state = graph.initial_state::<f64>(1);
    for seed in 0..60 {
        state = step(&graph, &state, if seed % 2 == 0 { 16 } else { 5 }, seed).next_state();
    }
    assert_eq!(state[COUNTER], Value::Index(Array::new([2], vec![0, 60])));

    let g = Builder::new();
    let right = scores(&g, Mode::Infer).correct(g.input("labels", i32([N]))).named("right");
    let graph = g.finish([right]).unwrap();
    let trace = interpret(&graph, &state, &batch(100, 1000)).unwrap();
    assert!(trace.output("right").real().data()[0] >= 97.0);
}

#[test]
fn batch_norm_normalises_by_the_batch_and_keeps_unbiased_running_statistics() {
    let build = |mode| {
        let g = Builder::new();
        let x = g.input("x", f32([N, 2.into(), 2.into()]));
        let y = Layer::from(BatchNormLayer::new()).apply(&[x], &scope(&g, "norm", mode)).named("y");
        g.finish([y]).unwrap()
    };
    // Channel 0 holds 1, 3, 5, 7: mean 4, biased variance 5, unbiased 20/3. Channel 1 is constant.
    let x = || Value::Real(Array::new([2, 2, 2], vec![1.0, 3.0, 2.0, 2.0, 5.0, 7.0, 2.0, 2.0]));
    let (train, infer) = (build(Mode::Train), build(Mode::Infer));
    let trace = interpret(&train, &train.initial_state::<f64>(1), &[("x", x())]).unwrap();
    let close = |found: &[f64], expected: &[f64]| {
        let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(close && found.len() == expected.len(), "{found:?} is not {expected:?}");
    };
    let deviation = (5.0f64 + 1e-5).sqrt();
    let y = [-3.0 / deviation, -1.0 / deviation, 0.0, 0.0, 1.0 / deviation, 3.0 / deviation, 0.0, 0.0];
    close(trace.output("y").real().data(), &y);

    let state = trace.next_state();
    close(state["norm.running_mean"].real().data(), &[0.4, 0.2]);
    close(state["norm.running_var"].real().data(), &[0.9 + 0.1 * 20.0 / 3.0, 0.9]);
    let trace = interpret(&infer, &state, &[("x", x())]).unwrap();
    let deviation = (0.9 + 2.0 / 3.0 + 1e-5f64).sqrt();
    close(&trace.output("y").real().data()[..2], &[0.6 / deviation, 2.6 / deviation]);
}

#[test]
fn binary_cross_entropy_and_squared_error() {
    let g = Builder::new();
    let (z, t) = (g.constant(Array::new([2], vec![2.0, -100.0])), g.constant(Array::new([2], vec![1.0, 0.25])));
    let losses = [z.binary_cross_entropy_with_logits(t).named("bce"), z.mean_squared_error(t).named("mse")];
    let trace = interpret::<f64>(&g.finish(losses).unwrap(), &State::new(), &[]).unwrap();
    let bce = ((1.0 + (-2.0f64).exp()).ln() + 25.0) / 2.0;
    assert!((trace.output("bce").real().data()[0] - bce).abs() < 1e-12);
    assert_eq!(trace.output("mse").real().data(), [(1.0 + 100.25 * 100.25) / 2.0]);
}

#[test]
fn cross_entropy_takes_probabilities_and_passes_over_labels_that_are_no_class() {
    let g = Builder::new();
    let z = g.constant(Array::new([2, 3], vec![1.0, 2.0, 3.0, 1000.0, 0.0, -1000.0]));
    let labels = g.input("labels", i32([2]));
    let one_hot = g.constant(Array::new([2, 3], vec![0.0, 0.0, 1.0, 0.0, 0.0, 0.0]));
    let losses = [z.cross_entropy_smoothed(labels, 0.1).named("a"), z.cross_entropy_smoothed(one_hot, 0.1).named("b")];
    let slope = g.grad(losses[0], &[z])[0].named("slope");
    let graph = g.finish([losses[0], losses[1], slope]).unwrap();
    let labels = Value::Index(Array::new([2], vec![2, -1]));
    let trace = interpret::<f64>(&graph, &State::new(), &[("labels", labels)]).unwrap();
    let value = |name: &str| trace.output(name).real().data().to_vec();
    let total = (1f64.exp() + 2f64.exp() + 3f64.exp()).ln();
    let expected = (0.9 * (total - 3.0) + 0.1 * (total - 2.0)) / 2.0;
    assert!((value("a")[0] - expected).abs() < 1e-12);
    assert_eq!(value("a"), value("b"));
    assert_eq!(value("slope")[3..], [0.0; 3]);
}

#[track_caller]
fn refused(layer: impl Into<Layer>, sizes: &[usize], expected: &[&str]) {
    let g = Builder::new();
    let x = g.input("x", f32(sizes.to_vec()));
    let y = layer.into().apply(&[x], &scope(&g, "layer", Mode::Train));
    assert!(y.is_poisoned());
    let text = g.finish([y]).unwrap_err().to_string();
    assert!(expected.iter().all(|part| text.contains(part)), "{text}");
}

#[test]
fn what_a_layer_cannot_do_it_says() {
    refused(Dense::new(10), &[4, 3, 5, 5], &["f32 4×3×5×5", "N×features", "hint: put a `flatten` before it"]);
    refused(Dense::new(10), &[4], &["f32 4"]);
    refused(Dense::new(0), &[4, 3], &["units = 0"]);
    refused(BatchNormLayer::new(), &[4], &["no channels"]);
    refused(BatchNormLayer::new().epsilon(0.0), &[4, 3], &["epsilon"]);
    refused(BatchNormLayer::new().momentum(1.5), &[4, 3], &["1.5"]);
    refused(Dropout::new(1.0), &[4, 3], &["rate = 1", "0 ≤ rate < 1"]);
    refused(Dropout::new(f64::NAN), &[4, 3], &["NaN"]);
    refused(RbfLayer::digits(), &[4, 83], &["10 units on 83 features", "`dense` with 84 units"]);
    refused(RbfLayer::new(0), &[4, 83], &["units = 0"]);
}
