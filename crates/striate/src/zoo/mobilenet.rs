//! MobileNetV2 (Sandler et al. 2018).

use super::{imagenet, last_layer};
use crate::model::Model;
use crate::nn::{Activations, Chain};
use striate_graph::Scheme;

/// Expansion, channels, blocks and stride of each stage (their table 2).
const STAGES: [(usize, usize, usize, usize); 7] =
    [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];

/// MobileNetV2 of width 1 for ImageNet: 3,504,872 parameters.
pub fn mobilenet_v2() -> Model {
    let mut model = Model::new("mobilenet_v2", [3, 224, 224]).preprocessing(imagenet()).classes(1000);
    model = model.conv2d(32, 3).stride(2).padding(1).without_bias().init(Scheme::He).batch_norm().relu6();
    let mut channels = 32;
    for (stage, (expansion, to, blocks, stride)) in STAGES.into_iter().enumerate() {
        for block in 1..=blocks {
            let stride = if block == 1 { stride } else { 1 };
            model = inverted_residual(model, &format!("s{}b{block}", stage + 1), [channels, to], stride, expansion);
            channels = to;
        }
    }
    let top = model.conv2d(1280, 1).without_bias().init(Scheme::He).batch_norm().relu6();
    top.global_mean_pool().dense(1000).into()
}

/// A 1×1 convolution to more channels, a 3×3 convolution of each channel by itself, a 1×1 convolution to few channels; beside
/// it the input where it has the output's type.
fn inverted_residual(model: Model, name: &str, [from, to]: [usize; 2], stride: usize, expansion: usize) -> Model {
    let part = |part: &str| format!("{name}.{part}");
    let entry = last_layer(&model);
    let inner = from * expansion;
    let mut model = model;
    if expansion != 1 {
        let wide = model.conv2d(inner, 1).named(&part("expand")).without_bias().init(Scheme::He);
        model = wide.batch_norm().named(&part("expand_norm")).relu6();
    }
    let deep = model.conv2d(inner, 3).named(&part("depthwise")).stride(stride).padding(1).groups(inner);
    let deep = deep.without_bias().init(Scheme::He).batch_norm().named(&part("depthwise_norm")).relu6();
    let narrow = deep.conv2d(to, 1).named(&part("project")).without_bias().init(Scheme::He);
    let narrow = narrow.batch_norm().named(&part("project_norm"));
    if stride == 1 && from == to { narrow.plus(entry.as_str()) } else { narrow.into() }
}
