//! Batches that are cut into several items, the last of them smaller: states and gradients of recurrent cells agree with
//! the interpreter, with and without lengths, and have the same bits for any number of threads.

use striate_graph::ops::recurrent::{Cell, Recurrent};
use striate_graph::{Builder, Graph, State, Value, Var, f32, i32, interpret};
use striate_plan::{Feed, Isa, Options, Plan, Store, Workers};
use striate_tensor::{Array, Rng};

const N: usize = 29;
const T: usize = 4;
const H: usize = 13;

/// States, and the gradients of their sum weighed by fixed numbers.
fn graph(op: &Recurrent, lengths: bool) -> Graph {
    let g = Builder::new();
    let wide = op.cell.blocks() * H;
    let mut inputs = vec![g.input("p", f32([N, T, wide])), g.input("w", f32([wide, H])), g.input("b", f32([wide]))];
    inputs.push(g.input("h0", f32([N, H])));
    if op.cell.has_memory() {
        inputs.push(g.input("c0", f32([N, H])));
    }
    let real = inputs.clone();
    if lengths {
        inputs.push(g.input("length", i32([N])));
    }
    let outputs: Vec<Var<'_>> = g.apply(op.clone(), &inputs).iter().collect();
    let states = &outputs[..outputs.len() - 1];
    let weights = |k: usize| g.constant(Array::from_fn([N, T, H], |i| Rng::new(k as u64).normal(i as u64)));
    let parts = states.iter().enumerate().map(|(k, state)| (*state * weights(k)).sum_all());
    let loss = parts.reduce(|a, b| a + b).expect("there is a state");
    let slopes = g.grad(loss, &real);
    g.finish(states.iter().copied().chain(slopes)).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn items_of_several_samples_agree_with_the_interpreter() {
    for cell in [Cell::Tanh, Cell::Relu, Cell::Lstm, Cell::Gru] {
        for (reversed, lengths) in [(false, false), (true, false), (false, true), (true, true)] {
            check(&graph(&Recurrent { cell, reversed }, lengths), &format!("{cell:?}, {reversed}, {lengths}"));
        }
    }
}

fn check(graph: &Graph, what: &str) {
    let names: Vec<_> = graph.inputs().map(|id| graph.value(id).clone()).collect();
    let values: Vec<Value<f32>> = names
        .iter()
        .enumerate()
        .map(|(k, info)| {
            let (rng, shape) = (Rng::new(40 + k as u64), info.ty.shape());
            match info.name.as_str() {
                "length" => Value::Index(Array::from_fn(shape, |i| rng.below(i as u64, T + 2) as i32)),
                _ => Value::Real(Array::from_fn(shape, |i| 0.5 * rng.normal(i as u64))),
            }
        })
        .collect();
    let feeds = values.iter().map(|value| match value {
        Value::Real(x) => Feed::F32(x.data()),
        Value::Index(x) => Feed::I32(x.data()),
    });
    let feeds: Vec<_> = feeds.collect();
    let exact: Vec<_> = names.iter().map(|n| n.name.as_str()).zip(values.iter().map(Value::converted::<f64>)).collect();
    let trace = interpret(graph, &State::new(), &exact).unwrap_or_else(|e| panic!("{e}"));
    for isa in Isa::all() {
        let mut plan =
            Plan::new(graph, 1, &Options { isa: Some(isa), ..Options::default() }).unwrap_or_else(|e| panic!("{e}"));
        let mut run = |workers: &Workers| {
            plan.run(workers, &mut Store::default(), &feeds).unwrap_or_else(|e| panic!("{e}"));
            (0..graph.outputs.len()).map(|k| plan.output(k).to_vec()).collect::<Vec<_>>()
        };
        let one = run(&Workers::new(1));
        for (k, found) in one.iter().enumerate() {
            let exact = trace.value(graph.outputs[k]).real().data();
            let scale = exact.iter().fold(1.0f64, |m, x| m.max(x.abs()));
            for (i, (a, b)) in found.iter().zip(exact).enumerate() {
                let error = (f64::from(*a) - b).abs() / scale;
                assert!(error < 1e-5, "{what}, {isa:?}, output {k}, element {i}: {a} is not {b}");
            }
        }
        for threads in 2..=4 {
            let many = run(&Workers::eager(threads));
            let bits = |x: &[Vec<f32>]| x.iter().flatten().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&many), bits(&one), "{what}, {isa:?}, {threads} threads");
        }
    }
}
