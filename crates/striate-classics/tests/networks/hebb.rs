//! Hebb's rule stores and grows; Oja's and Sanger's find principal components.

use striate_classics::data::{self, Samples, Standardizer};
use striate_classics::hebb::{Associator, Oja, Sanger, Settings};
use striate_tensor::Fault;

fn standard(mut samples: Samples) -> Samples {
    Standardizer::of(&samples).apply(&mut samples).unwrap();
    samples
}

/// The first principal components by power iteration and deflation, in f64: the plain way.
fn components(samples: &Samples, count: usize) -> Vec<Vec<f64>> {
    let n = samples.width();
    let mut covariance = vec![0.0f64; n * n];
    for x in samples.rows().iter() {
        for i in 0..n {
            for j in 0..n {
                covariance[i * n + j] += f64::from(x[i]) * f64::from(x[j]) / samples.len() as f64;
            }
        }
    }
    let mut found = vec![];
    for _ in 0..count {
        let mut w: Vec<f64> = (0..n).map(|i| 1.0 + 0.1 * i as f64).collect();
        let mut variance = 0.0;
        for _ in 0..5000 {
            let next: Vec<f64> = covariance.chunks(n).map(|c| c.iter().zip(&w).map(|(c, w)| c * w).sum()).collect();
            variance = next.iter().map(|x| x * x).sum::<f64>().sqrt();
            w = next.iter().map(|x| x / variance).collect();
        }
        for i in 0..n {
            for j in 0..n {
                covariance[i * n + j] -= variance * w[i] * w[j];
            }
        }
        found.push(w);
    }
    found
}

/// |cos| of the angle between a unit's weights and a component, and the length of the weights.
fn agreement(w: &[f32], component: &[f64]) -> (f64, f64) {
    let length = w.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>().sqrt();
    (w.iter().zip(component).map(|(&w, c)| f64::from(w) * c).sum::<f64>().abs() / length, length)
}

#[test]
fn oja_finds_the_first_principal_component() {
    for samples in [standard(data::iris()), standard(data::wine()), standard(data::breast_cancer())] {
        let expected = &components(&samples, 1)[0];
        for seed in 0..3 {
            let mut unit = Oja::new(samples.width(), seed).unwrap();
            unit.train(samples.rows(), &Settings { rate: 0.002, seed, ..Settings::default() }).unwrap();
            let (cosine, length) = agreement(unit.weights(), expected);
            assert!(cosine > 0.9995 && (length - 1.0).abs() < 0.01, "{}: {cosine}, {length}", samples.name());
        }
    }
}

#[test]
fn sanger_finds_the_first_three_in_order() {
    for samples in [standard(data::wine()), standard(data::breast_cancer())] {
        let expected = components(&samples, 3);
        let mut units = Sanger::new(samples.width(), 3, 1).unwrap();
        let settings = Settings { rate: 0.003, decay: 0.05, epochs: 200, seed: 1 };
        units.train(samples.rows(), &settings).unwrap();
        for (i, component) in expected.iter().enumerate() {
            let (cosine, length) = agreement(units.weights(i), component);
            assert!(cosine > 0.998 && (length - 1.0).abs() < 0.02, "{} {i}: {cosine}, {length}", samples.name());
        }
    }
}

#[test]
fn one_unit_of_sanger_is_oja() {
    let iris = standard(data::iris());
    let (mut oja, mut sanger) = (Oja::new(4, 5).unwrap(), Sanger::new(4, 1, 5).unwrap());
    oja.train(iris.rows(), &Settings::default()).unwrap();
    sanger.train(iris.rows(), &Settings::default()).unwrap();
    assert!(oja.weights().iter().zip(sanger.weights(0)).all(|(a, b)| (a - b).abs() < 1e-6));
}

#[test]
fn hebb_recalls_orthogonal_pairs_exactly_and_grows_without_end() {
    // The rows of a Hadamard matrix of order 8 are orthogonal.
    let key = |i: usize| -> Vec<f32> {
        (0..8).map(|j: usize| if (i & j).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 }).collect()
    };
    let value = |i: usize| vec![i as f32, 3.0 - i as f32];
    let mut memory = Associator::new(8, 2, 0.125).unwrap();
    for i in 0..8 {
        memory.learn_one(&key(i), &value(i)).unwrap();
    }
    for i in 0..8 {
        assert_eq!(memory.recall(&key(i)).unwrap(), value(i));
    }
    for _ in 0..9 {
        memory.learn_one(&key(1), &value(1)).unwrap();
    }
    assert_eq!(memory.recall(&key(1)).unwrap(), [10.0, 20.0]);
}

#[test]
fn too_high_a_rate_is_told() {
    let cancer = standard(data::breast_cancer());
    let settings = Settings { rate: 1.0, ..Settings::default() };
    let failure = Oja::new(30, 1).unwrap().train(cancer.rows(), &settings).unwrap_err();
    assert_eq!(failure.fault(), Fault::Diverged);
    assert_eq!(Sanger::new(3, 4, 1).unwrap_err().fault(), Fault::Model);
}
