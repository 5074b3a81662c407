//! Recurrent layers: states that are carried from chunk to chunk, silenced numbers, and what a layer cannot do.

use striate_graph::ops::recurrent::{JordanLayer, RecurrentLayer};
use striate_graph::{Builder, Graph, Layer, Mode, N, Scope, State, Type, Value, f32, interpret};
use striate_tensor::{Array, Rng};

fn graph(layer: impl Into<Layer>, x: Type, mode: Mode) -> striate_tensor::Result<Graph> {
    let g = Builder::new();
    let x = g.input("x", x);
    let scope = Scope { builder: &g, name: "layer".into(), mode };
    let y = layer.into().apply(&[x], &scope).named("y");
    g.finish([y])
}

/// Normal numbers N×T×3, the same for a sample and a step whatever T is.
fn sequence(samples: usize, steps: std::ops::Range<usize>) -> Value<f64> {
    let (rng, count) = (Rng::new(5), steps.len());
    let at = |i: usize| (i / 3 / count * 100 + steps.start + i / 3 % count) * 3 + i % 3;
    Array::from_fn([samples, count, 3], |i| rng.normal(at(i) as u64).into()).into()
}

#[test]
fn chunks_that_carry_their_states_are_one_long_run() {
    for layer in [RecurrentLayer::rnn(4), RecurrentLayer::lstm(4).layers(2), RecurrentLayer::gru(4).without_bias()] {
        let whole = graph(layer.clone(), f32([2, 6, 3]), Mode::Train).unwrap();
        let carried = graph(layer.clone().carry(), f32([2, 2, 3]), Mode::Train).unwrap();
        let weights: State<f64> = whole.initial_state(1);
        let expected = interpret(&whole, &weights, &[("x", sequence(2, 0..6))]).unwrap();
        let expected = expected.output("y").real();
        let mut state = carried.initial_state(1);
        for first in [0, 2, 4] {
            let trace = interpret(&carried, &state, &[("x", sequence(2, first..first + 2))]).unwrap();
            let y = trace.output("y").real();
            for (i, found) in y.data().iter().enumerate() {
                let expected = expected.at(&[i / 8, first + i / 4 % 2, i % 4]);
                assert!((found - expected).abs() < 1e-12, "{layer:?}, chunk at {first}: {found} is not {expected}");
            }
            state = trace.next_state();
        }
    }
}

#[test]
fn numbers_between_layers_are_silenced_only_while_learning() {
    let layer = RecurrentLayer::lstm(4).layers(2).dropout_between(0.5);
    let run = |layer: &RecurrentLayer, mode| {
        let graph = graph(layer.clone(), f32([N, 3.into(), 3.into()]), mode).unwrap();
        let trace = interpret(&graph, &graph.initial_state(1), &[("x", sequence(2, 0..3))]).unwrap();
        trace.output("y").real().clone()
    };
    let plain = run(&RecurrentLayer::lstm(4).layers(2), Mode::Train);
    assert_eq!(run(&layer, Mode::Infer), plain);
    assert_ne!(run(&layer, Mode::Train), plain);
}

#[test]
fn the_last_state_is_the_end_of_each_direction() {
    let x = || f32([N, 3.into(), 3.into()]);
    let run = |layer: RecurrentLayer| {
        let graph = graph(layer, x(), Mode::Infer).unwrap();
        let trace = interpret(&graph, &graph.initial_state(1), &[("x", sequence(2, 0..3))]).unwrap();
        trace.output("y").real().clone()
    };
    let layer = RecurrentLayer::gru(4).bidirectional();
    let (all, last) = (run(layer.clone()), run(layer.last()));
    let expected = Array::from_fn([2, 8], |i| all.at(&[i / 8, if i % 8 < 4 { 2 } else { 0 }, i % 8]));
    assert_eq!(last, expected);
}

#[track_caller]
fn refused(layer: impl Into<Layer>, x: Type, expected: &[&str]) {
    let text = graph(layer, x, Mode::Train).unwrap_err().to_string();
    assert!(expected.iter().all(|part| text.contains(part)), "{text}");
}

#[test]
fn what_a_layer_cannot_do_it_says() {
    let x = || f32([N, 3.into(), 3.into()]);
    let picture = f32([N, 1.into(), 28.into(), 28.into()]);
    refused(RecurrentLayer::lstm(4), picture.clone(), &["N×1×28×28", "N×steps×features", "`reshape`"]);
    refused(RecurrentLayer::gru(0), x(), &["units = 0"]);
    refused(RecurrentLayer::lstm(4).layers(0), x(), &["layers = 0"]);
    refused(RecurrentLayer::lstm(4).with_relu(), x(), &["relu of lstm"]);
    refused(RecurrentLayer::lstm(4).carry(), x(), &["f32 N×3×3", "a batch of known size"]);
    refused(RecurrentLayer::gru(4).bidirectional().carry(), f32([2, 3, 3]), &["both directions"]);
    refused(RecurrentLayer::gru(4).layers(2).dropout_between(1.5), x(), &["rate = 1.5"]);
    refused(JordanLayer::new(2, 2), picture, &["N×steps×features"]);
    refused(JordanLayer::new(2, 0), x(), &["outputs = 0"]);
    refused(JordanLayer::new(2, 2).decay(1.0), x(), &["decay = 1"]);
}
