//! A run of any operation allocates nothing after the first.

mod common;
#[path = "../../striate-kernels/tests/common/counting.rs"]
mod counting;

use common::{feedable, feeds, graph_of, on_every_case};
use striate_plan::{Options, Plan, Store, Workers};

#[test]
fn a_run_after_the_first_allocates_nothing() {
    on_every_case(|case| {
        if !feedable(case) {
            return;
        }
        let graph = graph_of(case);
        let values = case.values::<f32>(11);
        let feeds = feeds(&values);
        for workers in [Workers::new(1), Workers::new(2)] {
            let mut store = Store::default();
            let mut plan = Plan::new(&graph, 1, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
            if plan.to_string().contains("(reference)") {
                return eprintln!("no fast kernel yet, allocations not counted: {}", case.text);
            }
            let run = || plan.run(&workers, &mut store, &feeds).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(counting::fewest_allocations(run), 0, "{plan}");
        }
    });
}
