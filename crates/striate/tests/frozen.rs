//! Frozen plans of the zoo: they compute what plain plans do, with the same bits for any number of threads.

use striate::plan::{Feed, Options, Plan, Store, Tensor, Workers};
use striate::prelude::*;
use striate::tensor::{Array, Rng};

/// Starting weights, and running statistics and biases as after some training.
fn trained(graph: &striate::graph::Graph) -> Store {
    let mut store = Store::new(graph, 5);
    let tensors: Vec<_> = store.iter().map(|(name, tensor)| (name.to_string(), tensor.clone())).collect();
    for (seed, (name, tensor)) in tensors.into_iter().enumerate() {
        let Tensor::F32(array) = tensor else { continue };
        let rng = Rng::new(seed as u64);
        let number = |i: usize, old: f32| match name.rsplit('.').next() {
            Some("running_var") => 0.5 + rng.uniform(i as u64),
            Some("running_mean" | "bias") => 0.2 * rng.normal(i as u64),
            _ => old,
        };
        let new = Array::from_fn(array.shape().clone(), |i| number(i, array.data()[i]));
        store.set(&name, Tensor::F32(new)).expect("its own shape");
    }
    store
}

#[test]
fn a_frozen_plan_computes_what_the_plain_one_does() {
    for entry in zoo::all() {
        let model = (entry.make)();
        let graph = model.graph_for_inference().unwrap_or_else(|e| panic!("{e}"));
        let mut store = trained(&graph);
        for batch in [1, 5] {
            let rng = Rng::new(3);
            let x: Vec<f32> = (0..batch * model.input.elements()).map(|i| rng.uniform(i as u64)).collect();
            let mut plain = Plan::new(&graph, batch, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
            plain.run(&Workers::new(2), &mut store, &[Feed::F32(&x)]).unwrap_or_else(|e| panic!("{e}"));
            let mut first: Option<Vec<u32>> = None;
            for threads in 1..=4 {
                let mut frozen =
                    Plan::frozen(&graph, batch, &store, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
                let text = frozen.to_string();
                assert!(!text.contains("sqrt"), "statistics are computed in every run:\n{text}");
                frozen.run(&Workers::eager(threads), &mut store, &[Feed::F32(&x)]).unwrap_or_else(|e| panic!("{e}"));
                for k in 0..2 {
                    let (found, expected) = (frozen.output(k), plain.output(k));
                    let scale = expected.iter().fold(1.0f32, |m, x| m.max(x.abs()));
                    for (a, b) in found.iter().zip(expected) {
                        assert!((a - b).abs() <= 1e-5 * scale, "{}, batch {batch}: {a} is not {b}", entry.name);
                    }
                }
                let bits: Vec<_> = (0..2).flat_map(|k| frozen.output(k)).map(|x| x.to_bits()).collect();
                assert_eq!(*first.get_or_insert_with(|| bits.clone()), bits, "{}, {threads} threads", entry.name);
            }
        }
    }
}
