//! Shifts: what theory says of convolutions and pools, and that blurring the pools helps.

use striate::data::Digits;
use striate::explain::Lens;
use striate::explain::shift::{LayerShift, Shifts, measure};
use striate::plan::Workers;
use striate::prelude::*;
use striate::train::{Data, Event, Graphs, Optimizer, Schedule, Settings, Sgd, StopRules, Trainer};

fn shifts(lens: &Lens, samples: usize, most: usize) -> Shifts {
    measure(lens, &Workers::new(2), &Digits::test().take(samples), most).unwrap()
}

fn layer<'a>(shifts: &'a Shifts, name: &str) -> &'a LayerShift {
    shifts.layers.iter().find(|layer| layer.layer == name).unwrap()
}

/// Windows do the same everywhere: moved by whole strides the maps move along, to rounding.
#[test]
fn maps_move_along_at_multiples_of_the_stride() {
    for model in ["lenet5", "lenet5_blur", "fashion_cnn"] {
        let found = shifts(&Lens::untrained(zoo::find(model).unwrap(), 3).unwrap(), 12, 5);
        let mut held = 0;
        for layer in &found.layers {
            if let Some(error) = layer.error_at_multiples() {
                assert!(error < 1e-5, "{model} {}: {error:e}", layer.layer);
                held += 1;
            }
            assert_eq!(layer.change[0], Some(0.0), "no shift, no change");
        }
        assert!(held >= 3, "{model}: {held} layers with units off the border");
        assert_eq!((found.same_class[0], found.probability[0]), (1.0, 0.0));
    }
}

#[test]
fn a_pool_loses_between_the_multiples_and_a_blurred_one_less() {
    let mean = |model: &str| {
        let found = shifts(&Lens::untrained(zoo::find(model).unwrap(), 3).unwrap(), 30, 3);
        let pool = layer(&found, "pool1");
        assert_eq!((pool.stride.as_slice(), layer(&found, "conv1").stride.as_slice()), (&[2, 2][..], &[1, 1][..]));
        assert!(layer(&found, "conv1").error.iter().all(|e| e.unwrap() < 1e-5));
        // 1 and 3 pixels are half a unit more or less.
        assert!(pool.error[1].unwrap() > 0.02 && pool.error[2].unwrap() < 1e-5, "{:?}", pool.error);
        pool.mean_error().unwrap()
    };
    let (sharp, blurred) = (mean("lenet5"), mean("lenet5_blur"));
    assert!(blurred < 0.7 * sharp, "max pool {sharp}, blurred {blurred}");
}

/// Trained alike on the digits inside, the network with blurred pools keeps its answer more often. The example `shift_blur` has
/// the figures of longer training.
#[test]
fn with_blurred_pools_more_answers_stay() {
    let same = |model: &str| {
        let model = zoo::find(model).unwrap();
        let settings = Settings {
            stop: StopRules::after(1),
            schedule: Schedule::Constant,
            learning_rate: 0.03,
            ..Settings::default()
        };
        let (train, watched) = (Digits::train().take(3000), Digits::test().take(100));
        let data = Data { train, watched, preprocessing: model.preprocessing.clone() };
        let graphs = Graphs::of(&model, &Optimizer::from(Sgd::default())).unwrap();
        let mut trainer = Trainer::new(graphs, &data, settings, 2).unwrap();
        while !matches!(trainer.advance().unwrap(), Event::Done(_)) {}
        let found = shifts(&Lens::new(model, trainer.store().clone()).unwrap(), 150, 4);
        found.same_class[1..].iter().sum::<f64>() / 4.0
    };
    let (sharp, blurred) = (same("lenet5"), same("lenet5_blur"));
    assert!(blurred > sharp, "max pool {sharp}, blurred {blurred}");
}

#[test]
fn signals_shift_too_and_mistakes_say_what_to_do() {
    let workers = Workers::new(1);
    let data = Digits::test().take(2);
    let text = |model: &str, most| {
        let lens = Lens::untrained(zoo::find(model).unwrap(), 1).unwrap();
        measure(&lens, &workers, &data, most).unwrap_err().to_string()
    };
    assert!(text("lenet5", 28).contains("at most 27"));
    assert!(text("resnet20", 2).contains("the samples do not fit the model"));
    assert!(text("unet", 2).contains("one answer for each sample"));

    let model = Model::new("signal", [1, 40]).classes(2).then(striate::nn::layers::ConvLayer::new(1, 3, 5));
    let model = model.relu().max_pool1d(2).flatten().dense(2).finish().unwrap();
    let x = striate::tensor::Array::from_fn([4, 1, 40], |i| ((i * i) as f32 / 9.0).sin());
    let data = striate::data::Dataset::from_array(x, vec![0, 1, 0, 1], vec!["a".into(), "b".into()]).unwrap();
    let found = measure(&Lens::untrained(model, 1).unwrap(), &workers, &data, 4).unwrap();
    assert!(layer(&found, "conv1").error[3].unwrap() < 1e-5 && layer(&found, "pool1").error[3].unwrap() > 1e-3);
}
