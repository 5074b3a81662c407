//! The perceptron converges where it can, within Novikoff's bound, and proves where it cannot.

use crate::standardized;
use striate_classics::Rows;
use striate_classics::data::{self, Samples};
use striate_classics::online::LearnOne;
use striate_classics::perceptron::{Keep, Perceptron, Separability, Settings, Verdict, separability};
use striate_tensor::{Fault, Rng};

/// t·(w·x + b) of every row.
fn signed(rows: Rows<'_>, positive: &[bool], weights: &[f64], bias: f64) -> Vec<f64> {
    let score = |x: &[f32]| x.iter().zip(weights).map(|(&x, w)| f64::from(x) * w).sum::<f64>() + bias;
    rows.iter().zip(positive).map(|(x, &p)| if p { score(x) } else { -score(x) }).collect()
}

fn two_classes(samples: &Samples, negative: usize, positive: usize) -> (Samples, Vec<bool>) {
    let keep = |&i: &usize| samples.labels()[i] == negative || samples.labels()[i] == positive;
    let part = samples.select(&(0..samples.len()).filter(keep).collect::<Vec<_>>());
    let marks = part.labels().iter().map(|&y| y == positive).collect();
    (part, marks)
}

#[test]
fn separable_data_are_separated_within_the_bound() {
    let iris = data::iris();
    let cancer = standardized(&data::breast_cancer(), 1).0;
    let setosa: Vec<bool> = iris.labels().iter().map(|&y| y == 0).collect();
    let malignant: Vec<bool> = cancer.labels().iter().map(|&y| y == 0).collect();
    for (samples, positive) in [(&iris, setosa), (&cancer, malignant)] {
        let rows = samples.rows();
        let Separability::Separable { weights, bias, margin, radius } = separability(rows, &positive).unwrap() else {
            panic!("{} is separable", samples.name());
        };
        let least = signed(rows, &positive, &weights, bias).into_iter().fold(f64::INFINITY, f64::min);
        assert!(least > 0.0 && (least - margin).abs() < 1e-9 * radius, "{least} against {margin}");
        let labels: Vec<usize> = positive.iter().map(|&p| usize::from(p)).collect();
        let settings = Settings { epochs: 5000, ..Settings::default() };
        let (network, training) = Perceptron::train(rows, &labels, 2, &settings).unwrap();
        let unit = training.units[0];
        assert_eq!((unit.verdict, unit.errors), (Verdict::Converged, 0), "{}", samples.name());
        assert!(unit.corrections as f64 <= (radius / margin).powi(2), "{unit:?}");
        assert_eq!(network.accuracy(rows, &labels).unwrap(), 1.0);
    }
}

#[test]
fn the_margin_is_the_greatest_there_is() {
    // Two pairs of points at x = ±1 and a bias that the symmetry makes 0: the margin is 1.
    let rows = [1.0, 3.0, 1.0, -3.0, -1.0, 3.0, -1.0, -3.0];
    let found = separability(Rows::new(&rows, 2).unwrap(), &[true, true, false, false]).unwrap();
    let Separability::Separable { weights, bias, margin, radius } = found else { panic!("{found:?}") };
    assert!((weights[0] - 1.0).abs() < 1e-12 && weights[1].abs() < 1e-12 && bias.abs() < 1e-12);
    assert!((margin - 1.0).abs() < 1e-12 && (radius - 11f64.sqrt()).abs() < 1e-12);
}

#[test]
fn what_cannot_be_separated_is_told_with_a_proof() {
    let (pair, positive) = two_classes(&data::iris(), 1, 2);
    let rows = pair.rows();
    let Separability::NotSeparable { proof } = separability(rows, &positive).unwrap() else {
        panic!("versicolor and virginica are not separable")
    };
    assert!(proof.iter().all(|&share| share >= 0.0) && (proof.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    let sign = |i: usize| if positive[i] { proof[i] } else { -proof[i] };
    for k in 0..4 {
        let sum: f64 = (0..rows.len()).map(|i| sign(i) * f64::from(rows.row(i)[k])).sum();
        assert!(sum.abs() < 1e-7, "column {k}: {sum}");
    }
    assert!((0..rows.len()).map(sign).sum::<f64>().abs() < 1e-9);

    let labels: Vec<usize> = positive.iter().map(|&p| usize::from(p)).collect();
    let (_, training) = Perceptron::train(rows, &labels, 2, &Settings::default()).unwrap();
    assert_eq!(training.units[0].verdict, Verdict::NotSeparable);
    assert!(!training.converged() && training.units[0].errors > 0);
    let silent = Settings { explain: false, ..Settings::default() };
    assert_eq!(Perceptron::train(rows, &labels, 2, &silent).unwrap().1.units[0].verdict, Verdict::Undecided);
}

#[test]
fn too_few_epochs_on_separable_data_say_how_many_corrections_remain_possible() {
    let cancer = standardized(&data::breast_cancer(), 1).0;
    let settings = Settings { epochs: 2, ..Settings::default() };
    let (_, training) = Perceptron::train(cancer.rows(), cancer.labels(), 2, &settings).unwrap();
    let Verdict::Separable { bound } = training.units[0].verdict else { panic!("{training:?}") };
    assert!(bound > training.units[0].corrections as f64);
}

#[test]
fn a_margin_is_kept_by_every_row() {
    let iris = data::iris();
    let labels: Vec<usize> = iris.labels().iter().map(|&y| usize::from(y == 0)).collect();
    let settings = Settings { margin: 5.0, epochs: 1000, ..Settings::default() };
    let (network, training) = Perceptron::train(iris.rows(), &labels, 2, &settings).unwrap();
    assert!(training.converged());
    for (x, y) in iris.rows().iter().zip(labels) {
        let score = network.scores(x).unwrap()[0];
        assert!(if y == 1 { score > 5.0 } else { score < -5.0 });
    }
}

#[test]
fn the_rate_only_scales_and_the_seed_decides_the_bits() {
    let wine = standardized(&data::wine(), 1).0;
    let train = |rate, seed| {
        let settings = Settings { rate, seed, ..Settings::default() };
        Perceptron::train(wine.rows(), wine.labels(), 3, &settings).unwrap().0
    };
    let (one, two) = (train(1.0, 7), train(2.0, 7));
    assert!(one.weights(1).iter().zip(two.weights(1)).all(|(a, b)| 2.0 * a == *b));
    assert_eq!(one, train(1.0, 7));
    assert_ne!(one, train(1.0, 8));
}

#[test]
fn the_pocket_and_the_average_err_less_than_the_last_weights() {
    let (pair, positive) = two_classes(&data::iris(), 1, 2);
    let labels: Vec<usize> = positive.iter().map(|&p| usize::from(p)).collect();
    let errors = |keep| -> usize {
        let of_seed = |seed| {
            let settings = Settings { keep, seed, explain: false, ..Settings::default() };
            Perceptron::train(pair.rows(), &labels, 2, &settings).unwrap().1.units[0].errors
        };
        (0..10).map(of_seed).sum()
    };
    let (last, pocket, average) = (errors(Keep::Last), errors(Keep::Pocket), errors(Keep::Average));
    assert!(pocket < last && average < last, "last {last}, pocket {pocket}, average {average}");
}

/// The mean as it is defined: all weights after every row, added up.
#[test]
fn the_average_is_the_mean_of_all_weights_that_were() {
    let (pair, positive) = two_classes(&data::iris(), 1, 2);
    let labels: Vec<usize> = positive.iter().map(|&p| usize::from(p)).collect();
    let settings = Settings { epochs: 4, seed: 3, ..Settings::default() };
    let (network, _) = Perceptron::train(pair.rows(), &labels, 2, &settings).unwrap();
    let rng = Rng::new(3).stream("perceptron").substream(0);
    let mut order: Vec<usize> = (0..pair.len()).collect();
    let mut plain = Perceptron::new(4, 2).unwrap();
    let mut sum = [0.0; 5];
    for epoch in 0..4 {
        rng.substream(epoch).shuffle(&mut order);
        for &i in &order {
            plain.learn_one(pair.row(i), labels[i]).unwrap();
            let weights = plain.weights(0).iter().chain(plain.bias());
            sum.iter_mut().zip(weights).for_each(|(s, &w)| *s += f64::from(w));
        }
    }
    for (mean, sum) in network.weights(0).iter().chain(network.bias()).zip(sum) {
        assert!((f64::from(*mean) - sum / 400.0).abs() < 1e-4, "{mean}, {}", sum / 400.0);
    }
}

#[test]
fn it_tells_the_classes_of_unseen_rows() {
    for (samples, least) in
        [(data::iris(), 0.88), (data::wine(), 0.94), (data::breast_cancer(), 0.94), (data::digits(), 0.91)]
    {
        let settings = Settings { explain: false, ..Settings::default() };
        let accuracy = |seed| {
            let (train, test) = standardized(&samples, seed);
            let classes = samples.classes().len();
            let (network, _) = Perceptron::train(train.rows(), train.labels(), classes, &settings).unwrap();
            network.accuracy(test.rows(), test.labels()).unwrap()
        };
        let mean = (0..3).map(accuracy).sum::<f64>() / 3.0;
        assert!(mean > least, "{}: {mean}", samples.name());
    }
}

#[test]
fn mistakes_are_errors() {
    let rows = Rows::new(&[0.0, 1.0, 1.0, 0.0], 2).unwrap();
    let train = |labels: &[usize], classes, settings: Settings| {
        Perceptron::train(rows, labels, classes, &settings).unwrap_err().fault()
    };
    assert_eq!(train(&[0], 2, Settings::default()), Fault::Data);
    assert_eq!(train(&[0, 2], 2, Settings::default()), Fault::Data);
    assert_eq!(train(&[0, 0], 1, Settings::default()), Fault::Model);
    assert_eq!(train(&[0, 1], 2, Settings { epochs: 0, ..Settings::default() }), Fault::Model);
    assert_eq!(train(&[0, 1], 2, Settings { rate: f32::NAN, ..Settings::default() }), Fault::Model);
    assert_eq!(train(&[0, 1], 2, Settings { margin: -1.0, ..Settings::default() }), Fault::Model);
    let huge = Rows::new(&[3e38, -3e38, 3e38, 3e38], 2).unwrap();
    assert_eq!(
        Perceptron::train(huge, &[0, 1], 2, &Settings { rate: 1e3, ..Settings::default() }).unwrap_err().fault(),
        Fault::Diverged
    );
    assert_eq!(Perceptron::new(usize::MAX, 3).unwrap_err().fault(), Fault::Model);
    let network = Perceptron::new(2, 2).unwrap();
    let failure = network.predict(&[1.0]).unwrap_err().to_string();
    assert!(failure.contains("found: 1 numbers") && failure.contains("expected: 2"), "{failure}");
}
