//! The delta rule finds the least-squares plane.

use crate::standardized;
use striate_classics::Rows;
use striate_classics::adaline::{Adaline, Mode, Settings};
use striate_classics::data;
use striate_tensor::{Fault, Rng};

/// 60 rows of three numbers and t = 2·x₀ − x₁ + ½ + noise.
fn plane() -> (Vec<f32>, Vec<f32>) {
    let rng = Rng::new(3);
    let x: Vec<f32> = (0..180).map(|i| rng.normal(i)).collect();
    let t = x.chunks(3).enumerate().map(|(i, x)| 2.0 * x[0] - x[1] + 0.5 + 0.3 * rng.normal(1000 + i as u64));
    let t = t.collect();
    (x, t)
}

/// The least-squares solution is where every column of the error's correlation with (x, 1) is 0.
fn correlations(network: &Adaline, rows: Rows<'_>, targets: &[f32]) -> Vec<f64> {
    let mut sums = vec![0.0; rows.width() + 1];
    for (x, &t) in rows.iter().zip(targets) {
        let e = f64::from(t - network.outputs(x).unwrap()[0]);
        sums.iter_mut().zip(x.iter().chain([&1.0])).for_each(|(s, &x)| *s += e * f64::from(x));
    }
    sums.iter().map(|s| s / rows.len() as f64).collect()
}

#[test]
fn per_epoch_it_converges_to_least_squares() {
    let (x, t) = plane();
    let (rows, targets) = (Rows::new(&x, 3).unwrap(), Rows::new(&t, 1).unwrap());
    let settings = Settings { rate: 0.3, epochs: 300, mode: Mode::PerEpoch, ..Settings::default() };
    let (network, training) = Adaline::train_targets(rows, targets, &settings).unwrap();
    let correlations = correlations(&network, rows, &t);
    assert!(correlations.iter().all(|c| c.abs() < 1e-5), "{correlations:?}");
    assert!(training.losses.is_sorted_by(|before, after| *after <= before + 1e-7), "steepest descent only descends");
}

#[test]
fn per_sample_it_stays_near_least_squares() {
    let (x, t) = plane();
    let (rows, targets) = (Rows::new(&x, 3).unwrap(), Rows::new(&t, 1).unwrap());
    let distance = |rate| {
        let settings = Settings { rate, epochs: 400, ..Settings::default() };
        let (network, _) = Adaline::train_targets(rows, targets, &settings).unwrap();
        correlations(&network, rows, &t).iter().map(|c| c * c).sum::<f64>().sqrt()
    };
    let (fine, coarse) = (distance(0.003), distance(0.1));
    assert!(fine < 0.01 && fine < coarse, "{fine}, {coarse}");
}

#[test]
fn too_high_a_rate_is_told() {
    let (x, t) = plane();
    let (rows, targets) = (Rows::new(&x, 3).unwrap(), Rows::new(&t, 1).unwrap());
    for mode in [Mode::PerSample, Mode::PerEpoch] {
        let settings = Settings { rate: 5.0, epochs: 500, mode, ..Settings::default() };
        let failure = Adaline::train_targets(rows, targets, &settings).unwrap_err();
        assert_eq!(failure.fault(), Fault::Diverged);
        assert!(failure.to_string().contains("hint: lower `rate`"), "{failure}");
    }
}

#[test]
fn it_tells_classes() {
    for (samples, least) in [(data::breast_cancer(), 0.93), (data::digits(), 0.90)] {
        let (train, test) = standardized(&samples, 2);
        let classes = samples.classes().len();
        for (mode, rate) in [(Mode::PerSample, 0.0003), (Mode::PerEpoch, 0.05)] {
            let settings = Settings { rate, mode, ..Settings::default() };
            let (network, _) = Adaline::train(train.rows(), train.labels(), classes, &settings).unwrap();
            let accuracy = network.accuracy(test.rows(), test.labels()).unwrap();
            assert!(accuracy > least, "{} {mode:?}: {accuracy}", samples.name());
        }
    }
}

#[test]
fn learning_one_by_one_is_training_per_sample() {
    let iris = standardized(&data::iris(), 1).0;
    let settings = Settings { epochs: 1, seed: 4, ..Settings::default() };
    let (trained, _) = Adaline::train(iris.rows(), iris.labels(), 3, &settings).unwrap();
    let mut order: Vec<usize> = (0..iris.len()).collect();
    Rng::new(4).stream("adaline").substream(0).shuffle(&mut order);
    let mut network = Adaline::for_classes(4, 3, settings.rate).unwrap();
    for i in order {
        striate_classics::online::LearnOne::learn_one(&mut network, iris.row(i), iris.labels()[i]).unwrap();
    }
    assert_eq!(network, trained);
}
