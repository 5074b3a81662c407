//! What the plan promises of every operation, held on every case: it agrees with the interpreter, and gives the same bits
//! for any number of threads. That it allocates nothing is held in `allocations.rs`.

mod common;

use common::{feedable, feeds, graph_of, on_every_case};
use striate_graph::{State, Value, interpret};
use striate_plan::{Isa, Options, Plan, Store, Workers};

fn run(plan: &mut Plan, workers: &Workers, values: &[Value<f32>]) -> Vec<Vec<f32>> {
    let mut store = Store::default();
    plan.run(workers, &mut store, &feeds(values)).unwrap_or_else(|e| panic!("{e}"));
    (0..plan.graph().outputs.len()).map(|k| plan.output(k).to_vec()).collect()
}

#[test]
fn the_plan_agrees_with_the_interpreter_on_any_number_of_threads_and_instruction_set() {
    on_every_case(|case| {
        if !feedable(case) {
            return;
        }
        let graph = graph_of(case);
        let values = case.values::<f32>(11);
        let names: Vec<_> = (0..values.len()).map(|i| format!("x{i}")).collect();
        let inputs: Vec<_> = names.iter().map(String::as_str).zip(values.iter().cloned()).collect();
        let trace = interpret(&graph, &State::new(), &inputs).unwrap_or_else(|e| panic!("{e}"));
        for isa in Isa::all() {
            let mut plan = Plan::new(&graph, 1, &Options { isa: Some(isa), ..Options::default() })
                .unwrap_or_else(|e| panic!("{e}"));
            let one = run(&mut plan, &Workers::new(1), &values);
            for (k, output) in one.iter().enumerate() {
                let expected = trace.value(graph.outputs[k]).real().data();
                let scale = expected.iter().fold(1.0f32, |m, x| m.max(x.abs()));
                for (i, (a, b)) in output.iter().zip(expected).enumerate() {
                    assert!((a - b).abs() <= 2e-5 * scale, "{isa:?}, output {k}, element {i}: {a} is not {b}\n{plan}");
                }
            }
            for threads in [2, 3, 4] {
                let many = run(&mut plan, &Workers::eager(threads), &values);
                let bits = |o: &[Vec<f32>]| o.iter().flatten().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&many), bits(&one), "{isa:?}, {threads} threads");
            }
        }
    });
}
