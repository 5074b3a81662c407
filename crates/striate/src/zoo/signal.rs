//! Networks for signals: one spatial axis.

use crate::model::Model;
use crate::nn::{Activations, Chain};
use striate_graph::Scheme;

/// Five convolutions of 7 taps with stride 2 over a signal of 4096 numbers, to 32, 64, 128, 256 and 256 channels, the mean
/// over what is left, and a dense layer. 764,074 parameters.
pub fn cnn1d() -> Model {
    let mut model = Model::new("cnn1d", [1, 4096]).classes(10);
    for channels in [32, 64, 128, 256, 256] {
        model = model.conv1d(channels, 7).stride(2).padding(3).without_bias().init(Scheme::He).batch_norm().relu();
    }
    model.global_mean_pool().dense(10).into()
}
