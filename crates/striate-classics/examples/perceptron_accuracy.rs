//! The perceptron's accuracy on the data room: a line of JSON for each data set and seed, with the test part's numbers
//! of samples, for `scripts/compare_perceptron.py` to train scikit-learn's on the same split.
//!
//! `cargo run --release -p striate-classics --example perceptron_accuracy | python crates/striate-classics/scripts/compare_perceptron.py`

use striate_classics::data::{self, Standardizer};
use striate_classics::perceptron::{Keep, Perceptron, Settings};
use striate_tensor::Result;

fn main() -> Result<()> {
    for samples in [data::iris(), data::wine(), data::breast_cancer(), data::digits()] {
        for seed in 0..5 {
            let (_, tested) = samples.split_indices(0.3, seed);
            let (mut train, mut test) = samples.split(0.3, seed);
            let scale = Standardizer::of(&train);
            scale.apply(&mut train)?;
            scale.apply(&mut test)?;
            let accuracy = |keep| {
                let settings = Settings { keep, seed, explain: false, ..Settings::default() };
                let classes = samples.classes().len();
                let (network, _) = Perceptron::train(train.rows(), train.labels(), classes, &settings)?;
                network.accuracy(test.rows(), test.labels())
            };
            let (last, pocket, average) = (accuracy(Keep::Last)?, accuracy(Keep::Pocket)?, accuracy(Keep::Average)?);
            println!(
                r#"{{"data": "{}", "seed": {seed}, "test": {tested:?}, "last": {last}, "pocket": {pocket}, "average": {average}}}"#,
                samples.name()
            );
        }
    }
    Ok(())
}
