//! A timed run computes what a run computes, and has one duration for each step.

use striate_graph::ops::conv::ConvLayer;
use striate_graph::{Builder, Graph, LayerForm, Mode, N, Scope, f32};
use striate_plan::{Feed, Options, Plan, Store, Workers};

/// A convolution with a bias and ReLU, its sum over each sample in another shape.
fn graph() -> Graph {
    let g = Builder::new();
    let x = g.input("x", f32([N, 1.into(), 6.into()]));
    let scope = Scope { builder: &g, name: "c".into(), mode: Mode::Infer };
    let y = g.in_layer("c", None, || ConvLayer::new(1, 2, 3).apply(&[x], &scope)).relu();
    let y = y.reshape(&[N, 8.into()]).sum_except(&[0]);
    g.finish([y]).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_duration_for_each_step() {
    let (graph, workers) = (graph(), Workers::new(2));
    let mut store = Store::new(&graph, 1);
    let mut plan = Plan::new(&graph, 3, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
    let x: Vec<f32> = (0..18).map(|i| i as f32 / 7.0 - 1.0).collect();
    plan.run(&workers, &mut store, &[Feed::F32(&x)]).unwrap_or_else(|e| panic!("{e}"));
    let expected = plan.output(0).to_vec();
    let mut durations = vec![std::time::Duration::ZERO; 9];
    for _ in 0..2 {
        plan.run_timed(&workers, &mut store, &[Feed::F32(&x)], &mut durations).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(plan.output(0), expected);
        assert_eq!(durations.len(), plan.steps().count());
    }
}

#[test]
fn steps_say_what_is_computed() {
    let plan = Plan::new(&graph(), 3, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
    let steps: Vec<_> = plan.steps().collect();
    let first = &steps[0];
    assert_eq!((first.layer, first.op, first.multiply_adds), ("c", "conv", 3 * 4 * 2 * 3));
    assert_eq!(first.outputs[0].to_string(), "f32 3×2×4");
    assert!(first.kernel.ends_with("+ relu"), "{}", first.kernel);
    // The ReLU is part of the convolution, and a reshape is no work.
    assert_eq!(steps.iter().map(|step| step.op).collect::<Vec<_>>(), ["conv", "reduce"]);
    assert!(plan.notes().iter().any(|note| note.contains("ends with relu")), "{:?}", plan.notes());
}
