//! VGG (Simonyan and Zisserman 2014).

use super::{THINGS, cifar};
use crate::model::Model;
use crate::nn::{Activations, Chain};
use striate_graph::Scheme;

/// VGG-11 for CIFAR: eight 3×3 convolutions, each with batch normalisation, five pools, one dense layer. 9,228,362
/// parameters.
pub fn vgg11_cifar() -> Model {
    let mut model = Model::new("vgg11_cifar", [3, 32, 32]).preprocessing(cifar()).classes(THINGS);
    for stage in [&[64][..], &[128], &[256, 256], &[512, 512], &[512, 512]] {
        for &channels in stage {
            model = model.conv2d(channels, 3).padding(1).without_bias().init(Scheme::He).batch_norm().relu();
        }
        model = model.max_pool2d(2).into();
    }
    model.flatten().dense(10).into()
}
