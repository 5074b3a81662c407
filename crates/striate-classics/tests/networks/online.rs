//! Answer first, learn afterwards.

use crate::standardized;
use striate_classics::adaline::Adaline;
use striate_classics::competitive::{Competitive, Settings};
use striate_classics::data;
use striate_classics::mlp::Mlp;
use striate_classics::online::{LearnOne, Prequential, prequential};
use striate_classics::perceptron::Perceptron;
use striate_tensor::{Fault, Result};

/// Answers with the label that it learned last.
struct Last(usize);

impl LearnOne for Last {
    fn predict_one(&self, _: &[f32]) -> Result<usize> {
        Ok(self.0)
    }

    fn learn_one(&mut self, _: &[f32], y: usize) -> Result<()> {
        self.0 = y;
        Ok(())
    }
}

#[test]
fn every_answer_comes_before_its_label() {
    let rows = [0.0; 5];
    let rows = striate_classics::Rows::new(&rows, 1).unwrap();
    let answers = prequential(&mut Last(0), rows, &[1, 1, 0, 0, 0]).unwrap();
    assert_eq!(answers.right, [false, true, false, true, true]);
    assert_eq!((answers.accuracy(), answers.accuracy_of_last(2), answers.accuracy_of_last(99)), (0.6, 1.0, 0.6));
    assert_eq!(prequential(&mut Last(0), rows, &[1]).unwrap_err().fault(), Fault::Data);
}

#[test]
fn networks_learn_digits_as_they_come() {
    let stream = standardized(&data::digits(), 1).0;
    let check = |name: &str, answers: Result<Prequential>, least: f64| {
        let accuracy = answers.unwrap().accuracy_of_last(300);
        assert!(accuracy > least, "{name}: {accuracy}");
    };
    let (rows, labels) = (stream.rows(), stream.labels());
    check("perceptron", prequential(&mut Perceptron::new(64, 10).unwrap(), rows, labels), 0.82);
    check("adaline", prequential(&mut Adaline::for_classes(64, 10, 0.0005).unwrap(), rows, labels), 0.82);
    check("mlp", prequential(&mut Mlp::for_classes(64, &[24], 10, 0.3, 1).unwrap(), rows, labels), 0.85);
    let settings = Settings { conscience: 60.0, ..Settings::default() };
    check("competitive", prequential(&mut Competitive::new(64, 40, 10, &settings).unwrap(), rows, labels), 0.65);
}
