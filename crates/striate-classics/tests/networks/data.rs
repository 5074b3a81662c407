//! The data room holds what UCI published.

use striate_classics::data::{self, Samples, Standardizer};
use striate_tensor::Fault;

#[track_caller]
fn check(samples: &Samples, width: usize, of_each_class: &[usize], sum: f64) {
    assert_eq!((samples.width(), samples.classes().len()), (width, of_each_class.len()));
    for (class, &count) in of_each_class.iter().enumerate() {
        assert_eq!(samples.labels().iter().filter(|&&y| y == class).count(), count, "class {class}");
    }
    let found: f64 = samples.rows().values().iter().map(|&x| f64::from(x)).sum();
    assert!((found - sum).abs() < 1e-6 * sum, "{found}");
}

/// Sizes, classes and sums as scikit-learn 1.9 has them.
#[test]
fn four_data_sets() {
    check(&data::iris(), 4, &[50, 50, 50], 2078.7);
    check(&data::wine(), 13, &[59, 71, 48], 159_975.296);
    check(&data::breast_cancer(), 30, &[212, 357], 1_056_474.459_64);
    check(&data::digits(), 64, &[178, 182, 177, 183, 181, 182, 181, 179, 174, 180], 561_718.0);
    assert_eq!(data::iris().row(34), [4.9, 3.1, 1.5, 0.2], "as in Fisher's paper");
}

#[test]
fn splits_are_a_function_of_the_seed_and_lose_nothing() {
    let wine = data::wine();
    let (train, test) = wine.split_indices(0.3, 5);
    assert_eq!((train.len(), test.len()), (125, 53));
    let mut all = [train.clone(), test.clone()].concat();
    all.sort_unstable();
    assert_eq!(all, (0..178).collect::<Vec<_>>());
    assert_eq!(wine.split_indices(0.3, 5), (train.clone(), test));
    assert_ne!(wine.split_indices(0.3, 6).0, train);
}

#[test]
fn standardized_columns_have_mean_0_and_deviation_1() {
    let mut digits = data::digits(); // its first column is 0 throughout
    Standardizer::of(&digits).apply(&mut digits).unwrap();
    for k in 0..64 {
        let column: Vec<f64> = digits.rows().iter().map(|x| f64::from(x[k])).collect();
        let mean = column.iter().sum::<f64>() / 1797.0;
        let variance = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1797.0;
        let expected = if column.iter().all(|&x| x == 0.0) { 0.0 } else { 1.0 };
        assert!(mean.abs() < 1e-5 && (variance - expected).abs() < 1e-4, "column {k}: {mean}, {variance}");
    }
    let failure = Standardizer::of(&data::iris()).apply(&mut digits).unwrap_err();
    assert_eq!(failure.fault(), Fault::Data);
}

#[test]
fn samples_that_do_not_fit_are_refused() {
    let names = vec!["a".to_string(), "b".to_string()];
    for (values, labels) in [(vec![1.0; 5], vec![0, 1]), (vec![1.0; 4], vec![0]), (vec![1.0; 4], vec![0, 2])] {
        assert_eq!(Samples::new("x", values, 2, labels, names.clone()).unwrap_err().fault(), Fault::Data);
    }
    let failure = Samples::new("x", vec![1.0, f32::INFINITY], 2, vec![0], names).unwrap_err();
    assert!(failure.to_string().contains("found: inf in column 1"), "{failure}");
}
