//! Models that slide over larger pictures: equal to the original where both look, and good for finding things.

use striate::data::{Batches, Scene};
use striate::explain::heatmap::Slider;
use striate::explain::locate::Locator;
use striate::plan::{Feed, Options, Plan, Store, Workers};
use striate::prelude::*;
use striate::tensor::{Array, Rng};
use striate::train::{Adam, Optimizer, Steps};

fn noise(shape: impl Into<Shape>) -> Array<f32> {
    let rng = Rng::new(3);
    Array::from_fn(shape, |i| rng.uniform(i as u64))
}

/// The scores of a model for one sample.
fn scores(model: &Model, store: &Store, sample: &Array<f32>) -> Vec<f32> {
    let graph = model.graph_for_inference().unwrap();
    let mut plan = Plan::new(&graph, 1, &Options::default()).unwrap();
    plan.run(&Workers::new(1), &mut store.clone(), &[Feed::F32(sample.data())]).unwrap();
    plan.output(0).to_vec()
}

#[track_caller]
fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().fold(1e-3f32, |m, x| m.max(x.abs()));
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-5 * scale, "{found:?} is not {expected:?}");
    }
}

#[test]
fn on_the_original_size_the_numbers_are_equal() {
    for name in ["lenet5", "lenet5_blur", "fashion_cnn", "mlp", "resnet20", "cnn1d"] {
        let model = zoo::find(name).unwrap();
        let sliding = model.fully_convolutional().unwrap_or_else(|error| panic!("{name}: {error}"));
        let store = Store::new(&model.graph_for_inference().unwrap(), 5);
        let slid = model.slid(&sliding, &store).unwrap_or_else(|error| panic!("{name}: {error}"));
        let sample = noise(model.input.clone());
        close(&scores(&sliding, &slid, &sample), &scores(&model, &store, &sample));
        let back = Model::from_toml(&sliding.to_toml(), "sliding.toml").unwrap();
        assert_eq!(back, sliding, "{name}");
    }
}

/// Without padding a window sees the same at every place: each cell is the model on the window cut out.
#[test]
fn each_cell_is_the_window_cut_out() {
    let model: Model = Model::new("m", [1, 12, 10])
        .classes(3)
        .conv2d(4, 3)
        .relu()
        .max_pool2d(2)
        .flatten()
        .dense(5)
        .relu()
        .dense(3)
        .into();
    let store = Store::new(&model.graph_for_inference().unwrap(), 7);
    let picture = noise([1, 19, 23]);
    let mut slider = Slider::new(&model, &store, [19, 23]).unwrap();
    let map = slider.map(&Workers::new(1), &picture).unwrap();
    assert_eq!((map.rows, map.columns, map.stride), (4, 7, [2, 2]));
    for row in 0..map.rows {
        for column in 0..map.columns {
            let [top, left] = map.corner(row, column);
            let crop = Array::from_fn([1, 12, 10], |i| picture.data()[(top + i / 10) * 23 + left + i % 10]);
            let cell = |k: usize| map.scores[k * map.rows * map.columns + row * map.columns + column];
            close(&[cell(0), cell(1), cell(2)], &scores(&model, &store, &crop));
        }
    }
}

#[test]
fn what_cannot_slide_is_named() {
    for (name, layer) in [("lenet5_1998", "output"), ("lstm_rows", "reshape")] {
        let error = zoo::find(name).unwrap().fully_convolutional().unwrap_err().to_string();
        assert!(error.contains(layer), "{name}: {error}");
    }
    let model = zoo::lenet5();
    let store = Store::new(&model.graph_for_inference().unwrap(), 1);
    let error = Slider::new(&model, &store, [27, 40]).unwrap_err().to_string();
    assert!(error.contains("27×40") && error.contains("at least 28×28"), "{error}");
}

#[test]
fn scenes_are_functions_of_their_seed_and_overlap_nowhere() {
    let digits = Digits::test();
    let scene = Scene::of_digits(&digits, 4, 112, 9).unwrap();
    assert_eq!(scene, Scene::of_digits(&digits, 4, 112, 9).unwrap());
    assert_ne!(scene, Scene::of_digits(&digits, 4, 112, 10).unwrap());
    for (i, a) in scene.digits.iter().enumerate() {
        assert!(scene.digits[..i].iter().all(|b| (0..2).any(|k| a.corner[k].abs_diff(b.corner[k]) >= 28)));
    }
    let error = Scene::of_digits(&digits, 17, 112, 1).unwrap_err().to_string();
    assert!(error.contains("17 of 28×28 in 112×112"), "{error}");
}

/// A short training is enough to find most digits: with ten times as many steps nearly all are found.
#[test]
fn digits_are_found_and_told() {
    let model = zoo::lenet5();
    let graph = {
        let g = Builder::new();
        let built = model.build(&g, Mode::Train);
        let loss = model.loss_of(built.output, g.input("labels", i32([N])));
        g.finish([loss]).unwrap()
    };
    let mut steps = Steps::from_graph(graph, &Optimizer::from(Adam::default()), 1, 1).unwrap();
    let batches = Batches::shuffled(&Digits::train(), &model.preprocessing, 50, 1).unwrap();
    let (mut x, mut y) = (vec![0.0; 50 * 784], vec![0; 50]);
    steps.set_learning_rate(0.002);
    for step in 0..200 {
        batches.fill(step, &mut x, &mut y);
        steps.step(&[Feed::F32(&x), Feed::I32(&y)]).unwrap();
    }
    let mut locator = Locator::new(&model, steps.store(), [112, 112]).unwrap();
    let (mut found_all, mut right) = (0, 0);
    for seed in 0..10 {
        let scene = Scene::of_digits(&Digits::test(), 4, 112, seed).unwrap();
        let pixels = Array::from_fn([1, 112, 112], |i| f32::from(scene.pixels[i]) / 255.0);
        let (_, found) = locator.locate(&Workers::new(1), &pixels).unwrap();
        found_all += usize::from(found.len() == 4);
        for digit in &scene.digits {
            let near = |f: &&striate::explain::locate::Found| {
                (0..2).all(|k| (f.centre()[k] - digit.corner[k] as f32 - 14.0).abs() <= 7.0)
            };
            right += usize::from(found.iter().filter(near).any(|f| f.class == digit.label));
        }
    }
    assert!(found_all >= 9 && right >= 34, "{found_all} of 10 pictures with four finds, {right} of 40 digits right");
}
