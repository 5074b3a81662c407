//! Models that come with Striate, by name.
//!
//! ```
//! use striate::prelude::*;
//! for entry in zoo::all() {
//!     println!("{:<14} {}", entry.name, entry.about);
//! }
//! assert_eq!(zoo::find("lenet5")?.summary()?.parameters, 61_706);
//! # Ok::<(), Error>(())
//! ```

use crate::data::{Polarity, Preprocessing};
use crate::model::{Loss, Model};
use crate::nn::{Activations, Chain};
use crate::suggest::nearest;
use striate_graph::Scheme;
use striate_graph::ops::rbf::RbfLayer;
use striate_tensor::{Error, Result};

/// A model of the zoo.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Makes it.
    pub make: fn() -> Model,
}

const ALL: &[Entry] = &[
    Entry {
        name: "lenet5",
        about: "LeNet-5 as it is written today: ReLU, max-pooling, cross-entropy; 28×28 grey",
        make: lenet5,
    },
    Entry {
        name: "lenet5_1998",
        about: "LeNet-5 as published: trainable subsampling, connection table, radial output; 28×28 grey",
        make: lenet5_1998,
    },
    Entry { name: "mlp", about: "784-128-10, no convolution at all: what there is to beat; 28×28 grey", make: mlp },
    Entry {
        name: "fashion_cnn",
        about: "two 3×3 convolutions, one pool, two dense layers; 28×28 grey",
        make: fashion_cnn,
    },
    Entry { name: "resnet20", about: "residual network of 20 layers (He et al. 2015); 32×32 colour", make: resnet20 },
];

/// All of them.
pub fn all() -> &'static [Entry] {
    ALL
}

/// The model of that name.
///
/// # Errors
/// When there is none; says what was probably meant, or which there are.
///
/// ```
/// use striate::prelude::*;
/// let error = zoo::find("lenet").unwrap_err();
/// assert!(error.to_string().contains("did you mean `lenet5`?"));
/// ```
pub fn find(name: &str) -> Result<Model> {
    if let Some(entry) = ALL.iter().find(|entry| entry.name == name) {
        return Ok((entry.make)());
    }
    let error = Error::model(format!("there is no model `{name}`"));
    let names: Vec<_> = ALL.iter().map(|entry| entry.name).collect();
    let error = error.expected(format!("{}, or a model file", names.join(", ")));
    Err(match nearest(name, names) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    })
}

/// Light strokes on a dark ground, scaled to [0, 1].
fn grey() -> Preprocessing {
    Preprocessing { polarity: Some(Polarity::LightOnDark), ..Preprocessing::default() }
}

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

/// The residual network of 20 layers for CIFAR (He et al. 2015, section 4.2): three stages of three blocks with 16, 32
/// and 64 channels. Where a stage begins, the skip is a 1×1 convolution (their option B). 272,474 parameters.
pub fn resnet20() -> Model {
    let things = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
    let moments = Preprocessing {
        mean: vec![0.4914, 0.4822, 0.4465],
        std: vec![0.2470, 0.2435, 0.2616],
        ..Preprocessing::default()
    };
    let mut model = Model::new("resnet20", [3, 32, 32]).preprocessing(moments).classes(things);
    model = model.conv2d(16, 3).padding(1).without_bias().init(Scheme::He).batch_norm().relu();
    for (stage, channels) in [(1, 16), (2, 32), (3, 64)] {
        for block in 1..=3 {
            let stride = if stage > 1 && block == 1 { 2 } else { 1 };
            model = residual_block(model, &format!("s{stage}b{block}"), channels, stride);
        }
    }
    model.global_mean_pool().dense(10).init(Scheme::He).into()
}

/// Two 3×3 convolutions beside a skip, which is the input itself or, with a stride, a 1×1 convolution of it.
fn residual_block(model: Model, name: &str, channels: usize, stride: usize) -> Model {
    let part = |part: &str| format!("{name}.{part}");
    let entry = model.layers.last().map(|layer| layer.name.clone()).unwrap_or_default();
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
