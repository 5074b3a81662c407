//! U-Net (Ronneberger, Fischer and Brox 2015): down, and up again with what was seen on the way.

use super::{grey, imagenet, last_layer};
use crate::model::Model;
use crate::nn::{Activations, Chain};
use striate_graph::Scheme;

/// Channels of each level, from the finest.
const LEVELS: [usize; 4] = [16, 32, 64, 128];

/// A small U-Net that gives each pixel of a 128×128 colour picture one of two classes: four levels of two 3×3 convolutions,
/// pools down, 2×2 transposed convolutions up. 482,754 parameters.
pub fn unet() -> Model {
    let mut model = Model::new("unet", [3, 128, 128]).preprocessing(imagenet()).classes(["background", "foreground"]);
    let mut skips = Vec::new();
    for (level, channels) in LEVELS.into_iter().enumerate() {
        if level > 0 {
            model = model.max_pool2d(2).into();
        }
        model = double(model, &format!("down{level}"), channels);
        skips.push(last_layer(&model));
    }
    for (level, &channels) in LEVELS[..3].iter().enumerate().rev() {
        let up = format!("up{level}");
        model = model.conv_transpose2d(channels, 2).named(&up).stride(2).concat(up.as_str()).input_from(&skips[level]);
        model = double(model, &format!("side{level}"), channels);
    }
    model.conv2d(2, 1).into()
}

/// Channels of each level of the small one, from the finest.
const SMALL: [usize; 3] = [8, 16, 32];

/// A U-Net for 32×32 grey pictures and two classes, a stroke and all else: three levels of two 3×3 convolutions, pools down,
/// bilinear upsampling up. 29,786 parameters.
pub fn unet_small() -> Model {
    small("unet_small", |model, up, _| model.upsample2d(2).linear().named(up).into())
}

/// [`unet_small`] that widens its maps by 2×2 transposed convolutions, which it learns: 29,490 parameters.
pub fn unet_small_transposed() -> Model {
    small("unet_small_transposed", |model, up, channels| model.conv_transpose2d(channels, 2).stride(2).named(up).into())
}

fn small(name: &str, widen: impl Fn(Model, &str, usize) -> Model) -> Model {
    let mut model = Model::new(name, [1, 32, 32]).preprocessing(grey()).classes(["clutter", "digit"]);
    let mut skips = Vec::new();
    for (level, channels) in SMALL.into_iter().enumerate() {
        if level > 0 {
            model = model.max_pool2d(2).into();
        }
        model = double(model, &format!("down{level}"), channels);
        skips.push(last_layer(&model));
    }
    for (level, &channels) in SMALL[..2].iter().enumerate().rev() {
        let up = format!("up{level}");
        model = widen(model, &up, channels).concat(up.as_str()).input_from(&skips[level]);
        model = double(model, &format!("side{level}"), channels);
    }
    model.conv2d(2, 1).into()
}

/// Two 3×3 convolutions, each with batch normalisation and ReLU.
fn double(mut model: Model, name: &str, channels: usize) -> Model {
    for number in [1, 2] {
        let part = |part: &str| format!("{name}.{part}{number}");
        let conv = model.conv2d(channels, 3).named(&part("conv")).padding(1).without_bias().init(Scheme::He);
        model = conv.batch_norm().named(&part("norm")).relu();
    }
    model
}
