//! A training step after the first allocates nothing, nor does a run of a frozen plan.

#[path = "../../striate-kernels/tests/common/counting.rs"]
mod counting;

use striate::plan::{Feed, Options, Plan, Store, Workers};
use striate::train::{Graphs, Optimizer, Sgd};
use striate::zoo;

#[test]
fn a_step_or_run_after_the_first_allocates_nothing() {
    for name in ["lenet5", "lenet5_1998", "fashion_cnn", "resnet20", "mlp"] {
        let model = zoo::find(name).unwrap();
        let graph = Graphs::of(&model, &Optimizer::from(Sgd::default())).unwrap().training;
        let images = vec![0.5; 4 * model.input.elements()];
        let feeds = [Feed::F32(&images), Feed::I32(&[0, 1, 2, 3]), Feed::F32(&[1e-3])];
        for workers in [Workers::new(1), Workers::new(2)] {
            let mut store = Store::new(&graph, 3);
            let mut plan = Plan::new(&graph, 4, &Options::default()).unwrap();
            let step = || plan.run(&workers, &mut store, &feeds).unwrap();
            assert_eq!(counting::fewest_allocations(step), 0, "{name}");
            let inference = model.graph_for_inference().unwrap();
            let mut plan = Plan::frozen(&inference, 4, &store, &Options::default()).unwrap();
            let run = || plan.run(&workers, &mut store, &feeds[..1]).unwrap();
            assert_eq!(counting::fewest_allocations(run), 0, "{name}, frozen");
        }
    }
}
