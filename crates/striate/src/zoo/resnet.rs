//! Residual networks (He et al. 2015).

use super::{THINGS, cifar, imagenet, last_layer};
use crate::model::Model;
use crate::nn::{Activations, Chain};
use striate_graph::Scheme;

/// The residual network of 20 layers for CIFAR (He et al. 2015, section 4.2): three stages of three blocks with 16, 32
/// and 64 channels. Where a stage begins, the skip is a 1×1 convolution (their option B). 272,474 parameters.
pub fn resnet20() -> Model {
    let mut model = Model::new("resnet20", [3, 32, 32]).preprocessing(cifar()).classes(THINGS);
    model = model.conv2d(16, 3).padding(1).without_bias().init(Scheme::He).batch_norm().relu();
    for (stage, channels) in [(1, 16), (2, 32), (3, 64)] {
        for block in 1..=3 {
            let stride = if stage > 1 && block == 1 { 2 } else { 1 };
            model = residual_block(model, &format!("s{stage}b{block}"), channels, stride);
        }
    }
    model.global_mean_pool().dense(10).init(Scheme::He).into()
}

/// The residual network of 18 layers for ImageNet (He et al. 2015, table 1): a 7×7 stem and a pool, then four stages of two
/// blocks with 64, 128, 256 and 512 channels. Where a stage begins, the skip is a 1×1 convolution. 11,689,512 parameters.
pub fn resnet18() -> Model {
    let model = Model::new("resnet18", [3, 224, 224]).preprocessing(imagenet()).classes(1000);
    let stem = model.conv2d(64, 7).stride(2).padding(3).without_bias().init(Scheme::He).batch_norm().relu();
    stages_of_two(stem.max_pool2d(3).stride(2).padding(1).into(), 1000)
}

/// [`resnet18`] for CIFAR: a 3×3 stem, no pool, 10 classes. 11,173,962 parameters.
pub fn resnet18_cifar() -> Model {
    let model = Model::new("resnet18_cifar", [3, 32, 32]).preprocessing(cifar()).classes(THINGS);
    stages_of_two(model.conv2d(64, 3).padding(1).without_bias().init(Scheme::He).batch_norm().relu(), 10)
}

/// Four stages of two blocks, the mean over all positions, and a dense layer.
fn stages_of_two(mut model: Model, classes: usize) -> Model {
    for (stage, channels) in [(1, 64), (2, 128), (3, 256), (4, 512)] {
        for block in 1..=2 {
            let stride = if stage > 1 && block == 1 { 2 } else { 1 };
            model = residual_block(model, &format!("s{stage}b{block}"), channels, stride);
        }
    }
    model.global_mean_pool().dense(classes).init(Scheme::He).into()
}

/// Two 3×3 convolutions beside a skip, which is the input itself or, with a stride, a 1×1 convolution of it.
fn residual_block(model: Model, name: &str, channels: usize, stride: usize) -> Model {
    let part = |part: &str| format!("{name}.{part}");
    let entry = last_layer(&model);
    let model = model
        .conv2d(channels, 3)
        .named(&part("conv1"))
        .stride(stride)
        .padding(1)
        .without_bias()
        .init(Scheme::He)
        .batch_norm()
        .named(&part("norm1"))
        .relu()
        .conv2d(channels, 3)
        .named(&part("conv2"))
        .padding(1)
        .without_bias()
        .init(Scheme::He)
        .batch_norm()
        .named(&part("norm2"));
    if stride == 1 {
        return model.plus(entry.as_str()).relu();
    }
    model
        .conv2d(channels, 1)
        .named(&part("skip"))
        .stride(stride)
        .without_bias()
        .init(Scheme::He)
        .input_from(&entry)
        .batch_norm()
        .named(&part("skip_norm"))
        .plus(part("norm2").as_str())
        .relu()
}
