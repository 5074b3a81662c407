//! Small networks for 28×28 grey pictures.

use super::grey;
use crate::model::Model;
use crate::nn::{Activations, Chain};

/// 784-128-10 with ReLU: 101,770 parameters.
pub fn mlp() -> Model {
    Model::new("mlp", [1, 28, 28]).preprocessing(grey()).classes(10).flatten().dense(128).relu().dense(10).into()
}

/// Two 3×3 convolutions to 32 and 64 channels, one pool, 128 units: 1,199,882 parameters.
pub fn fashion_cnn() -> Model {
    let garments =
        ["T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];
    Model::new("fashion_cnn", [1, 28, 28])
        .preprocessing(grey())
        .classes(garments)
        .conv2d(32, 3)
        .relu()
        .conv2d(64, 3)
        .relu()
        .max_pool2d(2)
        .flatten()
        .dense(128)
        .relu()
        .dense(10)
        .into()
}
