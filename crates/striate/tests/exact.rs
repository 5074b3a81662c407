//! Exact plans: no convolution by Winograd's minimal filtering; other bits, the same training.

use striate::bench::{Listing, Task};
use striate::plan::{Options, Tensor};
use striate::prelude::*;
use striate::train::{Data, Event, Graphs, Optimizer, Settings, Sgd, StopRules, Trainer};

/// Convolutions of 16 to 16 channels on 14×14 pixels, which the rule gives to Winograd's kernels in every pass.
fn model() -> Model {
    let model = Model::new("small", [1, 28, 28]).classes(10).conv2d(16, 3).same().relu().max_pool2d(2);
    model.conv2d(16, 3).same().relu().max_pool2d(2).flatten().dense(10).finish().unwrap()
}

#[test]
fn an_exact_plan_has_no_winograd_kernel() {
    for task in [Task::Train, Task::Infer] {
        let text = |exact: bool| {
            let options = Options { exact, ..Options::default() };
            Listing::with_options(&model(), 32, task, &options).unwrap().to_string()
        };
        assert!(text(false).contains("winograd"), "{}", text(false));
        assert!(!text(true).contains("winograd") && text(true).contains("conv direct"), "{}", text(true));
    }
}

#[test]
fn exact_training_has_other_bits_and_about_the_same_loss() {
    let model = model();
    let data = Data {
        train: Digits::train().take(320),
        watched: Digits::test().take(100),
        preprocessing: model.preprocessing.clone(),
    };
    // The losses, and all weights at the end: the loss of a few steps rounds small differences away.
    let trained = |exact: bool, threads: usize| -> (Vec<f32>, Vec<u32>) {
        let graphs = Graphs::of(&model, &Optimizer::from(Sgd::default())).unwrap();
        let settings = Settings { exact, stop: StopRules::after(1), ..Settings::default() };
        let mut trainer = Trainer::new(graphs, &data, settings, threads).unwrap();
        let mut losses = vec![];
        loop {
            match trainer.advance().unwrap() {
                Event::Step { loss } => losses.push(loss),
                Event::Epoch(report) => losses.push(report.watched.loss() as f32),
                Event::Done(_) => break,
            }
        }
        let bits = trainer.store().iter().flat_map(|(_, tensor)| match tensor {
            Tensor::F32(numbers) => numbers.data().iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            Tensor::I32(_) => vec![],
        });
        (losses, bits.collect())
    };
    let ((fast, fast_bits), (exact, exact_bits)) = (trained(false, 1), trained(true, 1));
    assert_eq!(exact_bits, trained(true, 2).1, "threads change nothing");
    assert_ne!(fast_bits, exact_bits);
    assert_eq!((fast.len(), exact.len()), (11, 11));
    for (step, (fast, exact)) in fast.iter().zip(&exact).enumerate() {
        assert!((fast - exact).abs() < 1e-3 * exact, "{step}: {fast} {exact}");
    }
}
