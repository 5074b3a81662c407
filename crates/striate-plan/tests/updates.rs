//! What the cases of single operations cannot show: values that lie in the arena, states that replace each other.

use striate_graph::ops::conv::ConvLayer;
use striate_graph::{Builder, Graph, Init, Layer, Mode, Scope, State, Value, Var, f32, interpret};
use striate_plan::{Feed, Options, Plan, Store, Tensor, Workers};
use striate_tensor::Array;

/// Runs the graph twice on both executors, from the same start, with input `x` if the graph has one: outputs and states
/// agree.
#[track_caller]
fn check(graph: &Graph, x: &[f32]) {
    let workers = Workers::new(2);
    let mut store = Store::new(graph, 1);
    let mut plan = Plan::new(graph, 1, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
    let mut state: State<f64> = graph.initial_state(1);
    for _ in 0..2 {
        let feeds: Vec<_> = graph.inputs().map(|_| Feed::F32(x)).collect();
        plan.run(&workers, &mut store, &feeds).unwrap_or_else(|e| panic!("{e}"));
        let shapes = graph.inputs().map(|id| graph.value(id)).map(|v| (v.name.as_str(), v.ty.shape()));
        let inputs: Vec<_> = shapes
            .map(|(name, shape)| (name, Value::Real(Array::new(shape, x.iter().map(|&x| x.into()).collect()))))
            .collect();
        let trace = interpret(graph, &state, &inputs).unwrap_or_else(|e| panic!("{e}"));
        for (k, &output) in graph.outputs.iter().enumerate() {
            same(plan.output(k), trace.value(output).real().data(), &format!("output {k}"), &plan);
        }
        state = trace.next_state();
        for (name, tensor) in store.iter() {
            let Tensor::F32(tensor) = tensor else { continue };
            same(tensor.data(), state[name].real().data(), name, &plan);
        }
    }
}

#[track_caller]
fn same(planned: &[f32], exact: &[f64], what: &str, plan: &Plan) {
    for (a, b) in planned.iter().zip(exact) {
        assert!((f64::from(*a) - b).abs() < 1e-4, "{what}: {planned:?} is not {exact:?}\n{plan}");
    }
}

fn product<'g>(x: Var<'g>, w: Var<'g>) -> Var<'g> {
    let op = striate_graph::ops::matmul::MatMul { a_transposed: false, b_transposed: false };
    x.builder().apply(op, &[x, w]).get(0)
}

#[test]
fn a_sum_of_two_products_goes_back_through_both() {
    let g = Builder::new();
    let x = g.input("x", f32([2, 2]));
    let w: Vec<_> = ["a", "b", "c"].iter().map(|n| g.parameter(n, f32([2, 2]), Init::Uniform(1.0))).collect();
    let sum = product(x, w[0]) + product(x, w[1]);
    let loss = product(sum, w[2]).sum_all();
    let slopes = g.grad(loss, &w);
    w.iter().zip(&slopes).for_each(|(&w, &slope)| g.update(w, w - slope * 0.1));
    check(&g.finish([loss]).expect("a graph"), &[1.0, -2.0, 3.0, 0.5]);
}

#[test]
fn an_output_that_is_an_input_of_its_map_survives() {
    use striate_graph::ops::map::Map;
    use striate_tensor::{Program, Unary};
    let g = Builder::new();
    let x = g.input("x", f32([2, 2]));
    let y = product(x, x);
    let twice = g.apply(Map { program: Program::build(1, |p| vec![p.unary(Unary::Neg, 0), 0]) }, &[y]);
    check(&g.finish([product(twice.get(0), twice.get(1))]).expect("a graph"), &[1.0, 2.0, 3.0, 4.0]);
}

fn conv<'g>(x: Var<'g>, name: &str, there: bool) -> Var<'g> {
    let scope = Scope { builder: x.builder(), name: name.into(), mode: Mode::Train };
    let layer = Layer::from(ConvLayer::new(2, 3, 3).same());
    if there { x.builder().in_layer(name, None, || layer.apply(&[x], &scope)) } else { x }
}

/// The slope of the scale is summed while that of what it multiplies is written, the second of the two, over an input.
#[test]
fn a_scale_on_the_left_learns() {
    for around in [true, false] {
        let g = Builder::new();
        let x = g.input("x", f32([1, 3, 5, 7]));
        let scale = g.parameter("scale", f32([1, 3, 1, 1]), Init::Uniform(1.0));
        let y = conv(scale * conv(x, "before", around).tanh(), "after", around);
        let loss = (y * y).sum_all() * 0.01;
        let weights: Vec<_> = g.peek(|graph| graph.parameters().collect());
        let weights: Vec<_> = weights.into_iter().map(|id| g.var(id)).collect();
        let slopes = g.grad(loss, &weights);
        weights.iter().zip(&slopes).for_each(|(&w, &slope)| g.update(w, w - slope * 0.1));
        let x: Vec<f32> = (0..105).map(|i| (i as f32 * 0.7).sin()).collect();
        check(&g.finish([loss]).expect("a graph"), &x);
    }
}

#[test]
fn states_may_meet_themselves_and_swap() {
    let g = Builder::new();
    let s = g.state("s", f32([3]), Init::Uniform(1.0));
    let (a, b) = (g.state("a", f32([2]), Init::Fill(1.0)), g.state("b", f32([2]), Init::Fill(2.0)));
    g.update(s, s * s + s);
    g.update(a, b);
    g.update(b, a);
    check(&g.finish([s.sum_all()]).expect("a graph"), &[]);
}

#[test]
fn a_state_can_lag_behind_another_and_be_returned() {
    let g = Builder::new();
    let (w, before) = (g.state("w", f32([2]), Init::Fill(3.0)), g.state("before", f32([2]), Init::Fill(0.0)));
    g.update(w, w * 0.5);
    g.update(before, w);
    check(&g.finish([w, before]).expect("a graph"), &[]);
}

#[test]
fn names_of_kept_values_are_unique() {
    let g = Builder::new();
    g.state("a", f32([1]), Init::Fill(0.0)).named("w");
    let b = g.state("b", f32([1]), Init::Fill(0.0)).named("w");
    assert!(g.finish([b]).unwrap_err().to_string().contains("two values are called `w`"));
}
