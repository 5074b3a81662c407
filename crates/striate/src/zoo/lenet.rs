//! LeNet-5, as published and as written today.

use super::grey;
use crate::data::Preprocessing;
use crate::model::{Loss, Model};
use crate::nn::{Activations, Chain};
use striate_graph::Scheme;
use striate_graph::ops::rbf::RbfLayer;

/// LeNet-5 as it is written today: 61,706 parameters, 416,520 multiply-adds.
///
/// The layers of LeCun et al. 1998 with ReLU for the scaled tanh, max-pooling for the trainable subsampling, all maps
/// joined to all in the second convolution, and a linear output for cross-entropy. [`lenet5_1998`] is the original.
pub fn lenet5() -> Model {
    Model::new("lenet5", [1, 28, 28])
        .preprocessing(grey())
        .classes(10)
        .conv2d(6, 5)
        .padding(2)
        .relu()
        .max_pool2d(2)
        .conv2d(16, 5)
        .relu()
        .max_pool2d(2)
        .flatten()
        .dense(120)
        .relu()
        .dense(84)
        .relu()
        .dense(10)
        .into()
}

/// [`lenet5`] with blurred max-pooling (Zhang 2019): 61,706 parameters, as many as the original. It hardly cares where in
/// the picture a digit lies.
pub fn lenet5_blur() -> Model {
    Model::new("lenet5_blur", [1, 28, 28])
        .preprocessing(grey())
        .classes(10)
        .conv2d(6, 5)
        .padding(2)
        .relu()
        .blur_pool2d(2)
        .conv2d(16, 5)
        .relu()
        .blur_pool2d(2)
        .flatten()
        .dense(120)
        .relu()
        .dense(84)
        .relu()
        .dense(10)
        .into()
}

/// Which maps of S2 each map of C3 sees (LeCun et al. 1998, table I).
const TABLE_I: [&[usize]; 16] = [
    &[0, 1, 2],
    &[1, 2, 3],
    &[2, 3, 4],
    &[3, 4, 5],
    &[0, 4, 5],
    &[0, 1, 5],
    &[0, 1, 2, 3],
    &[1, 2, 3, 4],
    &[2, 3, 4, 5],
    &[0, 3, 4, 5],
    &[0, 1, 4, 5],
    &[0, 1, 2, 5],
    &[0, 1, 3, 4],
    &[1, 2, 4, 5],
    &[0, 2, 3, 5],
    &[0, 1, 2, 3, 4, 5],
];

/// LeNet-5 as published (LeCun, Bottou, Bengio and Haffner 1998, section II.B): 60,000 parameters.
///
/// Digits lie in a field of 32×32 with the background at −0.1 and the ink at 1.175. S2 and S4 have a trainable coefficient
/// and bias, C3 sees S2 through table I, every layer up to F6 ends in 1.7159·tanh(2x/3), and the output is the distance of
/// F6 from fixed pictures of the digits. [`lenet5`] is the same network as it is written today.
pub fn lenet5_1998() -> Model {
    let preprocessing = Preprocessing { range: [-0.1, 1.175], pad: 2, ..grey() };
    Model::new("lenet5_1998", [1, 32, 32])
        .preprocessing(preprocessing)
        .classes(10)
        .loss(Loss::rbf())
        .conv2d(6, 5)
        .named("C1")
        .init(Scheme::Lecun)
        .scaled_tanh()
        .subsample2d(2)
        .named("S2")
        .scaled_tanh()
        .conv2d(16, 5)
        .named("C3")
        .table(TABLE_I.map(<[usize]>::to_vec).to_vec())
        .init(Scheme::Lecun)
        .scaled_tanh()
        .subsample2d(2)
        .named("S4")
        .scaled_tanh()
        .conv2d(120, 5)
        .named("C5")
        .init(Scheme::Lecun)
        .scaled_tanh()
        .flatten()
        .dense(84)
        .named("F6")
        .init(Scheme::Lecun)
        .scaled_tanh()
        .layer("output", RbfLayer::digits())
}
