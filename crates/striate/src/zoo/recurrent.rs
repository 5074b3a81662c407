//! Recurrent networks that read a picture row by row.

use super::grey;
use crate::model::Model;
use crate::nn::Chain;
use crate::nn::layers::ReshapeLayer;

/// 28 steps of 28 pixels through 128 units of long short-term memory, and a dense layer on the last state: 82,186 parameters.
pub fn lstm_rows() -> Model {
    rows("lstm_rows").lstm(128).last().dense(10).into()
}

/// The same with gated recurrent units: 61,962 parameters.
pub fn gru_rows() -> Model {
    rows("gru_rows").gru(128).last().dense(10).into()
}

/// Pictures as sequences of their rows.
fn rows(name: &str) -> Model {
    let model = Model::new(name, [1, 28, 28]).preprocessing(grey()).classes(10);
    model.then(ReshapeLayer::to([28, 28])).into()
}
