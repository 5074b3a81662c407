//! Whole training steps of the zoo's models on the plan: they agree with the interpreter, and have the same bits for any
//! number of threads.

use striate::graph::{Value, interpret};
use striate::plan::{Feed, Options, Plan, Store, Tensor, Workers};
use striate::prelude::*;
use striate::tensor::{Array, Rng};
use striate::train::{Graphs, Optimizer, Sgd};

/// A model's training graph, and a batch of noise for it.
struct Problem {
    graphs: Graphs,
    batch: usize,
    images: Vec<f32>,
    labels: Vec<i32>,
    rate: [f32; 1],
}

impl Problem {
    fn of(model: &str, batch: usize, rate: f32) -> Self {
        Self::of_model(&zoo::find(model).unwrap_or_else(|e| panic!("{e}")), batch, rate)
    }

    fn of_model(model: &Model, batch: usize, rate: f32) -> Self {
        let graphs = Graphs::of(model, &Optimizer::from(Sgd::default())).unwrap_or_else(|e| panic!("{e}"));
        let mut lengths = graphs.training.inputs().map(|id| graphs.training.value(id).ty.shape_at(batch).elements());
        let mut length = || lengths.next().expect("a training has samples and labels");
        let rng = Rng::new(9);
        let images = (0..length() as u64).map(|i| rng.normal(i)).collect();
        let labels = (0..length()).map(|n| (n * 7 % model.classes.len()) as i32).collect();
        drop(lengths);
        Problem { images, labels, graphs, batch, rate: [rate] }
    }

    fn feeds(&self) -> [Feed<'_>; 3] {
        [Feed::F32(&self.images), Feed::I32(&self.labels), Feed::F32(&self.rate)]
    }

    /// Everything kept after so many steps on the plan.
    fn planned(&self, steps: usize, threads: usize) -> (Store, f32) {
        let workers = Workers::new(threads);
        let mut store = Store::new(&self.graphs.training, 3);
        let mut plan =
            Plan::new(&self.graphs.training, self.batch, &Options::default()).unwrap_or_else(|e| panic!("{e}"));
        for _ in 0..steps {
            plan.run(&workers, &mut store, &self.feeds()).unwrap_or_else(|e| panic!("{e}"));
        }
        (store, plan.output(0)[0])
    }
}

/// The largest difference of any tensor, relative to its largest element.
fn difference(problem: &Problem, steps: usize) -> f64 {
    let graph = &problem.graphs.training;
    let names: Vec<_> = graph.inputs().map(|id| graph.value(id).clone()).collect();
    let mut state = graph.initial_state::<f64>(3);
    for _ in 0..steps {
        let values = [
            Value::Real(Array::new(
                names[0].ty.shape_at(problem.batch),
                problem.images.iter().map(|&x| x.into()).collect(),
            )),
            Value::Index(Array::new(names[1].ty.shape_at(problem.batch), problem.labels.clone())),
            Value::Real(Array::scalar(problem.rate[0].into())),
        ];
        let inputs: Vec<_> = names.iter().map(|n| n.name.as_str()).zip(values).collect();
        state = interpret(graph, &state, &inputs).unwrap_or_else(|e| panic!("{e}")).next_state();
    }
    let (store, _) = problem.planned(steps, 2);
    let mut worst = 0.0f64;
    for (name, tensor) in store.iter() {
        let (Tensor::F32(planned), Value::Real(exact)) = (tensor, &state[name]) else { continue };
        let scale = exact.data().iter().fold(1e-3f64, |m, x| m.max(x.abs()));
        let pairs = planned.data().iter().zip(exact.data());
        let largest = pairs.map(|(&a, &b)| (f64::from(a) - b).abs() / scale).fold(0.0, f64::max);
        worst = worst.max(largest);
    }
    worst
}

#[test]
fn steps_agree_with_the_interpreter_in_f64() {
    for (model, batch, rate) in
        [("lenet5", 2, 0.05), ("lenet5_1998", 2, 1e-4), ("mlp", 4, 0.05), ("lstm_rows", 3, 0.05), ("gru_rows", 3, 0.05)]
    {
        let error = difference(&Problem::of(model, batch, rate), 2);
        assert!(error < 2e-4, "{model}: {error}");
    }
}

/// One step: after it the velocities are the gradients.
#[test]
fn gradients_of_a_residual_network_agree_with_the_interpreter_in_f64() {
    let error = difference(&Problem::of("resnet20", 2, 0.01), 1);
    assert!(error < 1e-3, "{error}");
}

/// Transposed convolutions, a skip that is concatenated, and a label for each pixel.
#[test]
fn a_network_with_a_class_for_each_pixel_agrees_with_the_interpreter_in_f64() {
    let model = Model::new("pixels", [2, 8, 6])
        .classes(3)
        .conv2d(4, 3)
        .same()
        .batch_norm()
        .relu()
        .max_pool2d(2)
        .conv2d(5, 3)
        .same()
        .relu6()
        .conv_transpose2d(4, 2)
        .named("up")
        .stride(2)
        .concat("up")
        .input_from("relu1")
        .conv2d(3, 1);
    let error = difference(&Problem::of_model(&model.into(), 2, 0.05), 2);
    assert!(error < 1e-3, "{error}");
}

/// Signals, and depthwise convolutions in a small inverted residual.
#[test]
fn networks_of_one_axis_and_of_depthwise_convolutions_agree_with_the_interpreter_in_f64() {
    let signal = Model::new("signal", [1, 40]).classes(4).conv1d(3, 7).stride(2).padding(3).batch_norm().relu();
    let signal =
        signal.conv_transpose1d(4, 3).stride(2).padding(1).output_padding(1).relu().global_mean_pool().dense(4);
    let narrow = Model::new("deep", [3, 7, 7]).classes(3).conv2d(4, 1).conv2d(8, 1).without_bias().batch_norm().relu6();
    let narrow = narrow.conv2d(8, 3).padding(1).groups(8).without_bias().batch_norm().relu6();
    let narrow = narrow.conv2d(4, 1).batch_norm().plus("conv1").global_mean_pool().dense(3);
    for model in [Model::from(signal), narrow.into()] {
        let error = difference(&Problem::of_model(&model, 3, 0.05), 2);
        assert!(error < 1e-3, "{}: {error}", model.name);
    }
}

#[test]
fn the_same_bits_for_one_to_four_threads() {
    for (model, batch, steps) in [
        ("lenet5", 33, 3),
        ("lenet5_1998", 9, 2),
        ("fashion_cnn", 9, 1),
        ("resnet20", 5, 1),
        ("cnn1d", 3, 1),
        ("unet", 1, 1),
        ("lstm_rows", 33, 2),
        ("gru_rows", 33, 2),
    ] {
        let problem = Problem::of(model, batch, 1e-3);
        let (one, loss) = problem.planned(steps, 1);
        assert!(loss.is_finite());
        for threads in 2..=4 {
            let (many, other) = problem.planned(steps, threads);
            assert_eq!(loss.to_bits(), other.to_bits(), "{model}, {threads} threads");
            assert!(many == one, "{model}, {threads} threads");
        }
    }
}
