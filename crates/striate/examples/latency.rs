//! How long one sample takes: frozen plans of the zoo's models, and training steps, at batch 1.
//!
//! `cargo run --release -p striate --example latency [threads [model [plain|frozen|training]]]`

use std::time::{Duration, Instant};
use striate::prelude::*;
use striate::train::{Graphs, LEARNING_RATE, Optimizer, Sgd, Steps};
use striate_graph::Graph;
use striate_plan::{Feed, Options, Plan, Store, Workers};
use striate_tensor::DType;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let (only, column) = (arguments.next(), arguments.next());
    let wanted = |name: &str| column.as_ref().is_none_or(|column| column == name);
    let workers = Workers::new(threads);
    println!("{:<14} {:>12} {:>12} {:>12}   µs a run, {threads} threads", "model", "plain", "frozen", "training");
    for entry in zoo::all().iter().filter(|entry| only.as_ref().is_none_or(|name| name == entry.name)) {
        let model = (entry.make)();
        let graph = model.graph_for_inference()?;
        let mut store = Store::new(&graph, 1);
        let mut plain = Plan::new(&graph, 1, &Options::default())?;
        let mut frozen = Plan::frozen(&graph, 1, &store, &Options::default())?;
        if only.is_some() {
            println!("{frozen}");
        }
        let training = Graphs::of(&model, &Optimizer::from(Sgd::default()))?.training;
        let inputs = zeros(&training);
        let mut steps = Steps::new(training.clone(), Store::new(&training, 1), threads)?;
        steps.set_learning_rate(0.0);
        let (x, y) = (&inputs[0], [0]);
        let mut times = [f64::INFINITY; 3];
        for _ in 0..20 {
            let run = |plan: &mut Plan, store: &mut Store| plan.run(&workers, store, &[Feed::F32(x)]);
            if wanted("plain") {
                times[0] = times[0].min(fastest(|| run(&mut plain, &mut store))?);
            }
            if wanted("frozen") {
                times[1] = times[1].min(fastest(|| run(&mut frozen, &mut store))?);
            }
            if wanted("training") {
                times[2] = times[2].min(fastest(|| steps.step(&[Feed::F32(x), Feed::I32(&y)]).map(|_| ()))?);
            }
        }
        println!("{:<14} {:>12.1} {:>12.1} {:>12.1}", entry.name, times[0], times[1], times[2]);
    }
    Ok(())
}

/// The mean of the fastest of some short stretches, in µs.
fn fastest(mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    let end = Instant::now() + Duration::from_millis(20);
    while Instant::now() < end {
        let start = Instant::now();
        for _ in 0..8 {
            run()?;
        }
        best = best.min(start.elapsed().as_secs_f64() / 8.0 * 1e6);
    }
    Ok(best)
}

/// Zeros for the real inputs of a graph at batch 1, the learning rate left out.
fn zeros(graph: &Graph) -> Vec<Vec<f32>> {
    let inputs =
        graph.inputs().map(|id| graph.value(id)).filter(|v| v.ty.dtype == DType::F32 && v.name != LEARNING_RATE);
    inputs.map(|v| vec![0.5; v.ty.shape_at(1).elements()]).collect()
}
