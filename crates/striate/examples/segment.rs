//! Trains a small U-Net to tell the pixels of a digit from clutter, and measures it on pictures that it has not seen.
//!
//! ```text
//! cargo run --release -p striate --example segment [model [steps [threads]]]
//! ```
//!
//! `model` is `unet_small` (upsampling, the default) or `unet_small_transposed`. Pictures to learn from are made of the
//! training digits inside, those to measure on of the test digits. The intersection over union of a picture is
//!
//! ```text
//! IoU = |predicted ∩ digit| / |predicted ∪ digit|
//! ```
//!
//! and its mean is over the pictures.

use std::time::Instant;
use striate::data::{Clutter, Digits};
use striate::graph::optim::Adam;
use striate::plan::{Feed, Options, Plan};
use striate::prelude::*;
use striate::train::{Optimizer, Steps, evaluation_graph, mean_iou};

const BATCH: usize = 16;
const TRAINING: usize = 4000;
const HELD_OUT: usize = 500;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default: usize| match words.get(index) {
        Some(word) => word.parse().map_err(|_| Error::usage("not a whole number").found(word)),
        None => Ok(default),
    };
    let model = zoo::find(words.first().map_or("unet_small", String::as_str))?;
    let (steps, threads) = (number(1, 1500)?, number(2, 2)?);
    let graph = evaluation_graph(&model)?;
    let expected = [1, Clutter::SIZE, Clutter::SIZE];
    if model.input[..] != expected {
        return Err(Error::usage("the model is for other pictures")
            .found(&model.input)
            .expected(Shape::from(expected)));
    }
    let training_graph = {
        let builder = Builder::new();
        let built = model.build(&builder, Mode::Train);
        let labels = builder.input("labels", Loss::labels(&built.output.ty()));
        builder.finish([model.loss_of(built.output, labels)])?
    };
    let train = Clutter::of_digits(&Digits::train(), TRAINING, 1)?;
    let test = Clutter::of_digits(&Digits::test(), HELD_OUT, 2)?;
    let mut learner = Steps::from_graph(training_graph, &Optimizer::from(Adam::default()), 1, threads)?;
    let area = Clutter::SIZE * Clutter::SIZE;
    let start = Instant::now();
    for step in 0..steps {
        // Down to nothing along half a cosine.
        let turn = std::f32::consts::PI * step as f32 / steps as f32;
        learner.set_learning_rate(0.003 * 0.5 * (1.0 + turn.cos()));
        let part = step % (TRAINING / BATCH) * BATCH * area;
        let (x, y) = (&train.pixels[part..part + BATCH * area], &train.masks[part..part + BATCH * area]);
        let loss = learner.step(&[Feed::F32(x), Feed::I32(y)])?;
        if (step + 1) % 100 == 0 {
            println!("step {:>5}  loss {loss:.4}", step + 1);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let mut store = learner.store().clone();
    store.extend(&graph, 1);
    let mut plan = Plan::frozen(&graph, 100, &store, &Options::default())?;
    let mut scores = vec![];
    for (x, y) in test.pixels.chunks_exact(100 * area).zip(test.masks.chunks_exact(100 * area)) {
        plan.run(learner.workers(), &mut store, &[Feed::F32(x), Feed::I32(y)])?;
        scores.extend_from_slice(plan.output(1));
    }
    let iou = mean_iou(&scores, &test.masks, area, 1);
    println!("{}: mean IoU {iou:.4} on {HELD_OUT} held-out pictures", model.name);
    println!("{steps} steps of {BATCH} pictures in {seconds:.1} s, {threads} threads");
    Ok(())
}
