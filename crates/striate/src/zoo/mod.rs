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

mod lenet;
mod mobilenet;
mod recurrent;
mod resnet;
mod signal;
mod small;
mod unet;
mod vgg;

pub use lenet::{lenet5, lenet5_1998, lenet5_blur};
pub use mobilenet::mobilenet_v2;
pub use recurrent::{gru_rows, lstm_rows};
pub use resnet::{resnet18, resnet18_cifar, resnet20};
pub use signal::cnn1d;
pub use small::{fashion_cnn, mlp};
pub use unet::{unet, unet_small, unet_small_transposed};
pub use vgg::vgg11_cifar;

use crate::data::{Polarity, Preprocessing};
use crate::model::Model;
use crate::suggest::nearest;
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
    Entry {
        name: "lenet5_blur",
        about: "LeNet-5 with blurred max-pooling, for digits that move (Zhang 2019); 28×28 grey",
        make: lenet5_blur,
    },
    Entry { name: "mlp", about: "784-128-10, no convolution at all: what there is to beat; 28×28 grey", make: mlp },
    Entry {
        name: "fashion_cnn",
        about: "two 3×3 convolutions, one pool, two dense layers; 28×28 grey",
        make: fashion_cnn,
    },
    Entry { name: "resnet20", about: "residual network of 20 layers (He et al. 2015); 32×32 colour", make: resnet20 },
    Entry {
        name: "vgg11_cifar",
        about: "VGG-11 with batch normalisation (Simonyan and Zisserman 2014); 32×32 colour",
        make: vgg11_cifar,
    },
    Entry {
        name: "resnet18_cifar",
        about: "residual network of 18 layers with a 3×3 stem (He et al. 2015); 32×32 colour",
        make: resnet18_cifar,
    },
    Entry {
        name: "resnet18",
        about: "residual network of 18 layers (He et al. 2015); 224×224 colour, 1000 classes",
        make: resnet18,
    },
    Entry {
        name: "mobilenet_v2",
        about: "inverted residuals, depthwise (Sandler et al. 2018); 224×224 colour, 1000 classes",
        make: mobilenet_v2,
    },
    Entry { name: "cnn1d", about: "five strided convolutions over a signal of 4096 numbers, 10 classes", make: cnn1d },
    Entry {
        name: "unet",
        about: "a class for each pixel by a small U-Net (Ronneberger et al. 2015); 128×128 colour, 2 classes",
        make: unet,
    },
    Entry {
        name: "unet_small",
        about: "a class for each pixel of a 32×32 grey picture, 2 classes; widens its maps by upsampling",
        make: unet_small,
    },
    Entry {
        name: "unet_small_transposed",
        about: "the same with transposed convolutions instead of upsampling",
        make: unet_small_transposed,
    },
    Entry {
        name: "lstm_rows",
        about: "long short-term memory that reads a picture row by row; 28×28 grey",
        make: lstm_rows,
    },
    Entry {
        name: "gru_rows",
        about: "gated recurrent units that read a picture row by row; 28×28 grey",
        make: gru_rows,
    },
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

/// Colours whose means and deviations are those of CIFAR-10's training samples.
fn cifar() -> Preprocessing {
    Preprocessing { mean: vec![0.4914, 0.4822, 0.4465], std: vec![0.2470, 0.2435, 0.2616], ..Preprocessing::default() }
}

/// The classes of CIFAR-10.
const THINGS: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// Colours whose means and deviations are those of ImageNet's training samples.
fn imagenet() -> Preprocessing {
    Preprocessing { mean: vec![0.485, 0.456, 0.406], std: vec![0.229, 0.224, 0.225], ..Preprocessing::default() }
}

/// The name of the last layer so far, for a skip from it.
fn last_layer(model: &Model) -> String {
    model.layers.last().map(|layer| layer.name.clone()).unwrap_or_default()
}
