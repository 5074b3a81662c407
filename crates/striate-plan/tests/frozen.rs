//! Plans for weights that do not change: what they promise beside what every plan does.

use striate_graph::ops::conv::ConvLayer;
use striate_graph::ops::matmul::Dense;
use striate_graph::{Builder, Init, Layer, Mode, N, Scope, Source, Type, Var, f32};
use striate_plan::{Feed, Options, Plan, Store, Tensor, Workers};
use striate_tensor::{Array, Rng};

fn then<'g>(x: Var<'g>, name: &str, layer: Layer) -> Var<'g> {
    let scope = Scope { builder: x.builder(), name: name.into(), mode: Mode::Infer };
    x.builder().in_layer(name, None, || layer.apply(&[x], &scope))
}

fn noise(ty: &Type, seed: u64) -> Array<f32> {
    let rng = Rng::new(seed);
    Array::from_fn(ty.shape(), |i| rng.normal(i as u64))
}

#[test]
fn a_changed_state_stays_a_state_and_the_others_do_not_follow_the_store() {
    let g = Builder::new();
    let x = g.input("x", f32([N, 2.into()]));
    let w = g.parameter("w", f32([2]), Init::Fill(3.0));
    let seen = g.state("seen", f32([1]), Init::Fill(1.0));
    g.update(seen, seen + 1.0);
    let graph = g.finish([x * w + seen]).expect("a graph");
    let mut store = Store::new(&graph, 1);
    let mut plan = Plan::frozen(&graph, 1, &store, &Options::default()).expect("a plan");
    assert_eq!(plan.graph().states().count(), 1, "{plan}");
    store.set("w", Tensor::F32(Array::full([2], 100.0))).expect("its shape");
    let mut outputs = vec![];
    for _ in 0..2 {
        plan.run(&Workers::new(1), &mut store, &[Feed::F32(&[1.0, 2.0])]).expect("a run");
        outputs.push(plan.output(0).to_vec());
    }
    assert_eq!(outputs, [[4.0, 7.0], [5.0, 8.0]]);
}

#[test]
fn a_store_that_lacks_a_weight_is_told_as_a_run_would() {
    let g = Builder::new();
    let w = g.parameter("w", f32([2]), Init::Fill(3.0));
    let graph = g.finish([g.input("x", f32([2])) * w]).expect("a graph");
    let mut empty = Store::default();
    let frozen = Plan::frozen(&graph, 1, &empty, &Options::default()).expect_err("there is no `w`");
    let mut plan = Plan::new(&graph, 1, &Options::default()).expect("a plan");
    let run = plan.run(&Workers::new(1), &mut empty, &[Feed::F32(&[1.0, 2.0])]).expect_err("there is no `w`");
    assert_eq!(frozen.to_string(), run.to_string());
    assert!(frozen.to_string().contains("there is no tensor `w`"), "{frozen}");
}

#[test]
fn an_output_that_depends_on_weights_alone_is_computed_once() {
    let g = Builder::new();
    let w = g.parameter("w", f32([2]), Init::Fill(3.0));
    let graph = g.finish([(w * w).named("square"), w, g.input("x", f32([2])) * w]).expect("a graph");
    let mut store = Store::new(&graph, 1);
    let mut plan = Plan::frozen(&graph, 1, &store, &Options::default()).expect("a plan");
    assert_eq!(plan.graph().equations.len(), 1, "{plan}");
    plan.run(&Workers::new(1), &mut store, &[Feed::F32(&[1.0, 2.0])]).expect("a run");
    assert_eq!([plan.output(0), plan.output(1), plan.output(2)], [[9.0, 9.0], [3.0, 3.0], [3.0, 6.0]]);
}

/// Convolutions and products of several rows hold their weights packed, and the graph lets go of the plain ones.
#[test]
fn packed_weights_are_kept_once() {
    let g = Builder::new();
    let x = g.input("x", f32([N, 2.into(), 6.into(), 6.into()]));
    let y = then(x, "conv", ConvLayer::new(2, 4, 3).into()).relu().reshape(&[N, 64.into()]);
    let y = then(y, "dense", Dense::new(20).into());
    let graph = g.finish([y]).expect("a graph");
    let mut store = Store::new(&graph, 1);
    for threads in [1, 3] {
        let mut plan = Plan::frozen(&graph, 8, &store, &Options::default()).expect("a plan");
        assert_eq!(plan.to_string().matches("packed once").count(), 2, "{plan}");
        for name in ["conv.weight", "dense.weight"] {
            let weight = plan.graph().value(plan.graph().find(name).expect("a weight"));
            assert!(matches!(&weight.source, Source::Constant(array) if array.data().is_empty()), "{weight:?}");
        }
        let mut plain = Plan::new(&graph, 8, &Options::default()).expect("a plan");
        let x = noise(&graph.value(graph.inputs().next().expect("x")).ty.at_batch(8), 2);
        let workers = Workers::eager(threads);
        plain.run(&workers, &mut store, &[Feed::F32(x.data())]).expect("a run");
        plan.run(&workers, &mut store, &[Feed::F32(x.data())]).expect("a run");
        assert_eq!(plan.output(0), plain.output(0), "the same products in the same order");
    }
}
