//! More of the same kind.

use super::article::field;
use super::layers::{built, run};
use super::{Answer, Exercise};
use crate::model::Model;
use crate::nn::{Chain, Expr};
use crate::zoo;
use striate_tensor::{Array, Error, Result};

pub(super) const EXERCISES: &[fn() -> Result<Exercise>] =
    &[cross_correlation, shape_with_strides, receptive_field, partial_connections, max_pooling];

fn whole(values: &[f64]) -> Vec<i64> {
    values.iter().map(|v| v.round() as i64).collect()
}

fn cross_correlation() -> Result<Exercise> {
    let x = Array::from_fn([1, 1, 3, 3], |i| i as f64);
    let w = Array::from_fn([1, 1, 2, 2], |i| i as f64);
    let weights = [("l.weight", w), ("l.bias", Array::new([1], vec![0.0]))];
    let y = whole(run(&x, &weights, |x| x.conv2d(1, 2).named("l").var())?.data());
    Ok(Exercise {
        name: "cross-correlation",
        question:
            "What is the cross-correlation of [[0, 1, 2], [3, 4, 5], [6, 7, 8]] with the kernel [[0, 1], [2, 3]]? Give \
                   its elements row by row."
                .into(),
        choices: vec![],
        steps: vec![
            format!("the kernel lies at the upper left first: 0·0 + 1·1 + 3·2 + 4·3 = {}", y[0]),
            format!("one step to the right: 1·0 + 2·1 + 4·2 + 5·3 = {}", y[1]),
            format!("the second row in the same way: {} and {}", y[2], y[3]),
        ],
        answer: Answer::Numbers(y),
    })
}

fn shape_with_strides() -> Result<Exercise> {
    let conv = built(&[3, 100, 100], |x| x.conv2d(4, 3).padding(1).stride([3, 2]).var())?;
    let [channels, rows, columns] = conv.output[..] else { return Err(Error::internal("a picture has three axes")) };
    Ok(Exercise {
        name: "shape-with-strides",
        question:
            "A convolution with 4 output channels, kernel 3, padding 1 and a stride of 3 downwards and 2 to the right \
                   takes a picture of 3×100×100. What is the shape of its output?"
                .into(),
        choices: vec![],
        answer: Answer::Numbers([channels, rows, columns].map(|size| size as i64).to_vec()),
        steps: vec![
            format!("downwards ⌊(100 − 3 + 2 + 3) / 3⌋ = {rows}"),
            format!("to the right ⌊(100 − 3 + 2 + 2) / 2⌋ = {columns}"),
        ],
    })
}

fn receptive_field() -> Result<Exercise> {
    let model = Model::new("field", [1, 16, 16]).classes(25).conv2d(1, 3).max_pool2d(2).conv2d(1, 3);
    let size = field(model.flatten().finish()?)?;
    Ok(Exercise {
        name: "receptive-field",
        question:
            "A 3×3 convolution, then 2×2 max pooling with stride 2, then another 3×3 convolution: how many rows of the \
                   picture does one unit of the last layer see?"
                .into(),
        choices: vec![],
        answer: Answer::Number(size as i64),
        steps: vec![
            "begin with 1; a window of k adds (k − 1) times the product of the strides before it".into(),
            format!("1 + 2·1 (convolution) + 1·1 (pool) + 2·2 (convolution behind stride 2) = {size}"),
        ],
    })
}

fn partial_connections() -> Result<Exercise> {
    let summary = zoo::find("lenet5_1998")?.summary()?;
    let layer = summary.layers.iter().find(|layer| layer.name.eq_ignore_ascii_case("c3"));
    let count = layer.ok_or_else(|| Error::internal("LeNet-5 of 1998 has no C3"))?.parameters;
    let dense = built(&[6, 14, 14], |x| x.conv2d(16, 5).var())?.count();
    Ok(Exercise {
        name: "partial-connections",
        question:
            "In LeNet-5 as published, the 16 maps of C3 are joined to the 6 maps of S2 by a table with 60 entries; the \
                   kernels are 5×5, and each map has a bias. How many parameters does C3 have?"
                .into(),
        choices: vec![],
        answer: Answer::Number(count as i64),
        steps: vec![format!("60·5·5 + 16 = {count}; joined to all maps it would be 96·5·5 + 16 = {dense}")],
    })
}

fn max_pooling() -> Result<Exercise> {
    let x = Array::from_fn([1, 1, 4, 4], |i| i as f64);
    let y = whole(run(&x, &[], |x| x.max_pool2d(3).padding(1).stride([2, 1]).var())?.data());
    Ok(Exercise {
        name: "max-pooling",
        question: "Max pooling with window 3, padding 1 and a stride of 2 downwards and 1 to the right takes the 4×4 array of 0, \
                   1, …, 15, row by row. What comes out, row by row?"
            .into(),
        choices: vec![],
        steps: vec![
            "the first window lies over rows 0–1 and columns 0–1 (the rest is padding): its maximum is 5".into(),
            format!("the windows of the first row give {:?}, those of the second {:?}", &y[..4], &y[4..]),
        ],
        answer: Answer::Numbers(y),
    })
}
