//! What the article says of training: two phases that can be watched (C2), small random starts (C4), when to stop (C6).

use striate::graph::{Builder, Init, Mode, N, Scheme, State, Value, f32, interpret};
use striate::nn::layers::{ConvLayer, Dense};
use striate::prelude::*;
use striate::tensor::Array;
use striate::train::{Data, Event, Graphs, Optimizer, Settings, Sgd, StopReason, StopRules, Trainer};

#[test]
fn c2_both_phases_can_be_watched() {
    let g = Builder::new();
    let x = g.input("x", f32([N, 2.into()]));
    let target = g.input("target", f32([N, 1.into()]));
    let w = g.parameter("w", f32([2, 1]), Init::Fill(0.5));
    let weighted = x.matmul(w).named("sum");
    let actual = weighted.logistic().named("output");
    let loss = actual.mean_squared_error(target).named("loss");
    let slope = g.grad(loss, &[w])[0].named("slope");
    g.update(w, w - slope * 2.0);
    let graph = g.finish([actual, loss, slope]).unwrap();

    let mut state: State<f64> = graph.initial_state(1);
    let mut losses = Vec::new();
    for _ in 0..3 {
        let given = [
            ("x", Value::Real(Array::new([1, 2], vec![1.0, -2.0]))),
            ("target", Value::Real(Array::new([1, 1], vec![1.0]))),
        ];
        let trace = interpret(&graph, &state, &given).unwrap();
        let seen = |name: &str| trace.output(name).real().data().to_vec();
        // Forward: the sum, then the actual output.
        let output = 1.0 / (1.0 + (-seen("sum")[0]).exp());
        assert!((seen("output")[0] - output).abs() < 1e-12);
        // Backward: the error goes to each weight with what that weight carried.
        let error = 2.0 * (output - 1.0) * output * (1.0 - output);
        for (slope, x) in seen("slope").iter().zip([1.0, -2.0]) {
            assert!((slope - error * x).abs() < 1e-12);
        }
        losses.push(seen("loss")[0]);
        state = trace.next_state();
    }
    assert!(losses.windows(2).all(|pair| pair[1] < pair[0]), "{losses:?}");
}

#[test]
fn c4_starts_are_small_and_random_and_the_seed_is_the_users() {
    for bound in [1.0, 0.5] {
        let model = Model::new("small", [1, 8, 8])
            .classes(3)
            .then(ConvLayer::new(2, 4, 3).init(Scheme::Uniform(bound)))
            .flatten()
            .then(Dense::new(3).init(Scheme::Uniform(bound)))
            .finish()
            .unwrap();
        let builder = Builder::new();
        let built = model.build(&builder, Mode::Train);
        let graph = builder.finish([built.output]).unwrap();
        let numbers = |seed| -> Vec<f32> {
            let state: State<f32> = graph.initial_state(seed);
            state.values().flat_map(|v| v.real().data().to_vec()).collect()
        };
        let start = numbers(1);
        let largest = start.iter().fold(0.0f32, |m, w| m.max(w.abs()));
        let mean = start.iter().sum::<f32>() / start.len() as f32;
        assert!(largest <= bound && largest > 0.95 * bound && mean.abs() < 0.1 * bound, "{largest}, {mean}");
        assert!(start == numbers(1) && start != numbers(2));
    }
}

#[test]
fn c6_training_stops_when_enough_is_right_or_stable_or_done_and_says_which() {
    let model = Model::new("small", [1, 28, 28]).classes(10).flatten().dense(16).relu().dense(10).finish().unwrap();
    let data = Data {
        train: Digits::train().take(200),
        watched: Digits::test().take(100),
        preprocessing: model.preprocessing.clone(),
    };
    let reason = |stop: StopRules| -> StopReason {
        let graphs = Graphs::of(&model, &Optimizer::from(Sgd::default())).unwrap();
        let settings = Settings { stop, ..Settings::default() };
        let mut trainer = Trainer::new(graphs, &data, settings, 1).unwrap();
        loop {
            if let Event::Done(why) = trainer.advance().unwrap() {
                return why;
            }
        }
    };
    let says = |rules: StopRules, text: &str| {
        let why = reason(rules).to_string();
        assert!(why.contains(text), "{why}");
    };
    says(StopRules { accuracy: Some(0.8), ..StopRules::after(40) }, "training samples are right");
    says(StopRules { change: Some(10.0), ..StopRules::after(40) }, "weight");
    says(StopRules::after(2), "all 2 epochs are done");
}
