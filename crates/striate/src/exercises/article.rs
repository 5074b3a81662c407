//! The five exercises of the article.

use super::layers::{built, run};
use super::{Answer, Choice, Exercise, only_false};
use crate::model::Model;
use crate::nn::{Chain, Expr};
use striate_graph::{Builder, Value, f32, interpret};
use striate_tensor::{Array, Error, Result, Rng};

pub(super) const EXERCISES: &[fn() -> Result<Exercise>] =
    &[dense_parameters, convolution_parameters, shape_with_padding, convolution, pooling];

fn dense_parameters() -> Result<Exercise> {
    let dense = built(&[3, 256, 256], |x| x.flatten().dense(1000).var())?;
    let flat = built(&[3, 256, 256], |x| x.flatten())?;
    let [inputs] = flat.output[..] else { return Err(Error::internal("a flat sample has one axis")) };
    let parts: Vec<String> = dense.parameters.iter().map(|(_, shape)| shape.to_string()).collect();
    Ok(Exercise {
        name: "dense-parameters",
        question: "A fully connected layer takes a colour (RGB) picture of 256×256 pixels and has 1000 outputs, with bias. How \
                   many parameters does it have?"
            .into(),
        choices: vec![],
        answer: Answer::Number(dense.count() as i64),
        steps: vec![
            format!("flattened, the picture is 3×256×256 = {inputs} numbers"),
            format!("the layer's weights and bias are {}", parts.join(" and ")),
            format!("{inputs}·1000 + 1000 = {}", dense.count()),
        ],
    })
}

fn convolution_parameters() -> Result<Exercise> {
    let conv = built(&[3, 256, 256], |x| x.conv2d(10, 3).var())?;
    let parts: Vec<String> = conv.parameters.iter().map(|(_, shape)| shape.to_string()).collect();
    Ok(Exercise {
        name: "convolution-parameters",
        question: "A convolution layer takes the same picture, its kernels are 3×3, and it has 10 output channels, with bias. \
                   How many parameters does it have?"
            .into(),
        choices: vec![],
        answer: Answer::Number(conv.count() as i64),
        steps: vec![
            "each output channel has one 3×3 kernel for each of the 3 input channels, and one bias".into(),
            format!("the layer's weights and bias are {}", parts.join(" and ")),
            format!("10·3·3·3 + 10 = {}; the size of the picture does not matter", conv.count()),
        ],
    })
}

fn shape_with_padding() -> Result<Exercise> {
    let conv = built(&[3, 100, 100], |x| x.conv2d(4, 3).padding(2).var())?;
    Ok(Exercise {
        name: "shape-with-padding",
        question: "A convolution with 3 input channels, 4 output channels, kernel 3 and padding 2 takes a picture of \
                   3×100×100. What is the shape of its output?"
            .into(),
        choices: vec![],
        answer: Answer::Numbers(conv.output.iter().map(|&size| size as i64).collect()),
        steps: vec![
            "there are as many channels as kernels: 4".into(),
            format!("padding adds 2 rows above and below: 104 − 3 + 1 = {} rows, and as many columns", conv.output[1]),
        ],
    })
}

/// Numbers drawn for a name.
fn drawn(shape: &[usize], seed: u64) -> Array<f64> {
    Array::from_fn(shape, |i| f64::from(Rng::new(seed).normal(i as u64)))
}

fn convolution() -> Result<Exercise> {
    // A: the same weights as a 1×1 convolution and as a dense layer at each pixel.
    let (x, w, b) = (drawn(&[1, 3, 4, 5], 1), drawn(&[2, 3, 1, 1], 2), drawn(&[2], 3));
    let weights = [("l.weight", w.clone()), ("l.bias", b.clone())];
    let by_conv = run(&x, &weights, |x| x.conv2d(2, 1).named("l").var())?;
    let mut furthest = 0f64;
    for pixel in 0..20 {
        let column = Array::from_fn([1, 3], |c| x.data()[c * 20 + pixel]);
        let weights = [("l.weight", w.clone().reshaped([2, 3])), ("l.bias", b.clone())];
        let by_dense = run(&column, &weights, |x| x.dense(2).named("l").var())?;
        (0..2).for_each(|o| furthest = furthest.max((by_dense.data()[o] - by_conv.data()[o * 20 + pixel]).abs()));
    }
    // B: one layer on two sizes.
    let on = |edge: usize| built(&[3, edge, edge], |x| x.conv2d(4, 3).var());
    let (small, large) = (on(100)?, on(256)?);
    let runs_on_both = small.parameters.iter().map(|p| &p.1).eq(large.parameters.iter().map(|p| &p.1));
    // C: one input, four ways to another shape.
    let shapes = [
        built(&[3, 32, 32], |x| x.conv2d(4, 3).var())?.output,
        built(&[3, 32, 32], |x| x.conv2d(4, 3).padding(1).var())?.output,
        built(&[3, 32, 32], |x| x.conv2d(4, 3).stride(2).var())?.output,
        built(&[3, 32, 32], |x| x.conv2d(8, 3).var())?.output,
    ];
    let differ = (0..4).all(|i| (0..i).all(|j| shapes[i] != shapes[j]));
    let texts: Vec<String> =
        shapes.iter().map(|shape| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×")).collect();
    // D: what one unit sees.
    let two = field(Model::new("two", [1, 5, 5]).classes(1).conv2d(1, 3).conv2d(1, 3).flatten().finish()?)?;
    let one = field(Model::new("one", [1, 5, 5]).classes(1).conv2d(1, 5).flatten().finish()?)?;
    let choices = vec![
        Choice {
            text: "a 1×1 convolution is a dense layer over the channels".into(),
            holds: furthest < 1e-12,
            because: format!(
                "with the same weights both give the same at each pixel; the largest difference is {furthest:.0e}"
            ),
        },
        Choice {
            text: "a convolution layer made for pictures of 3×100×100 cannot take one of 3×256×256".into(),
            holds: !runs_on_both,
            because: format!(
                "it can: the same weights give {0}×{0} and {1}×{1}; a picture need only be as large as the kernel",
                small.output[1], large.output[1]
            ),
        },
        Choice {
            text: "padding, stride and the numbers of channels decide the shape of the output".into(),
            holds: differ,
            because: format!(
                "32×32 gives {}, with padding {}, with stride 2 {}, with 8 channels {}",
                texts[0], texts[1], texts[2], texts[3]
            ),
        },
        Choice {
            text: "two 3×3 convolutions one after the other see as much as one of 5×5".into(),
            holds: one == two,
            because: format!("one unit sees {two}×{two} elements through both, and {one}×{one} through the one"),
        },
    ];
    Ok(Exercise {
        name: "convolution",
        question: "Of convolution layers, which statement is wrong?".into(),
        answer: only_false(&choices)?,
        choices,
        steps: vec![],
    })
}

/// How many elements a unit of the last layer with a receptive field sees, along one axis.
pub(super) fn field(model: Model) -> Result<usize> {
    let layers = model.summary()?.layers;
    let mut fields =
        layers.iter().filter(|layer| layer.window.is_some()).filter_map(|layer| layer.receptive_field.as_ref());
    fields
        .next_back()
        .and_then(|field| field.size.first().copied())
        .ok_or_else(|| Error::internal("no layer has a window"))
}

fn pooling() -> Result<Exercise> {
    // A: the gradient of a sum behind a pool.
    let gradient = |max: bool| -> Result<Array<f64>> {
        let builder = Builder::new();
        let x = builder.input("x", f32([1, 1, 2, 2]));
        let y = if max { x.max_pool2d(2).var() } else { x.mean_pool2d(2).var() };
        let slope = builder.grad(y.sum_all(), &[x])[0].named("slope");
        let graph = builder.finish([slope])?;
        let x = Array::new([1, 1, 2, 2], vec![1.0, 2.0, 3.0, 4.0]);
        Ok(interpret::<f64>(&graph, &graph.initial_state(0), &[("x", Value::Real(x))])?.output("slope").real().clone())
    };
    let (max, mean) = (gradient(true)?, gradient(false)?);
    let takes_part = max.data().iter().chain(mean.data()).any(|slope| *slope != 0.0);
    let pool = built(&[6, 28, 28], |x| x.max_pool2d(2).var())?;
    let choices = vec![
        Choice {
            text: "it takes no part in back-propagation".into(),
            holds: !takes_part,
            because: format!(
                "it does: at [[1, 2], [3, 4]] the gradient 1 comes back as {:?} from max pooling and as {:?} from mean pooling",
                max.data(),
                mean.data()
            ),
        },
        Choice {
            text: "it has no parameters".into(),
            holds: pool.count() == 0,
            because: format!("the layer has {} parameters: a maximum or a mean needs none", pool.count()),
        },
        Choice {
            text: "it usually makes feature maps smaller".into(),
            holds: pool.output[1] < 28 && pool.output[2] < 28,
            because: format!("28×28 becomes {}×{} through a window of 2×2", pool.output[1], pool.output[2]),
        },
        Choice {
            text: "its input and output have the same number of channels".into(),
            holds: pool.output[0] == 6,
            because: format!("6 channels stay {}: each is pooled by itself", pool.output[0]),
        },
    ];
    Ok(Exercise {
        name: "pooling",
        question: "Of pooling layers, which statement is wrong?".into(),
        answer: only_false(&choices)?,
        choices,
        steps: vec![],
    })
}
