//! A model of characters: long short-term memory learns a small text and writes in its manner.
//!
//! `cargo run --release -p striate --example characters [threads [steps]]`
//!
//! The text (Lewis Carroll's "Jabberwocky" and two sonnets of Shakespeare) is cut into streams that are read side by side,
//! a chunk a step. The states at the end of a chunk are kept for the next one, so that the network remembers further back
//! than the gradient reaches: truncated backpropagation through time.

use striate::plan::{Options, Plan};
use striate::prelude::*;
use striate::tensor::Rng;
use striate::train::{Adam, Feed, Optimizer, Steps, Store, Workers};

const TEXT: &str = include_str!("characters.txt");
/// Streams that are read side by side.
const STREAMS: usize = 16;
/// Characters of a chunk.
const CHUNK: usize = 32;
const UNITS: usize = 128;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().ok());
    let threads = arguments.next().flatten().unwrap_or(1);
    let count = arguments.next().flatten().unwrap_or(600);
    let letters = alphabet();
    let codes: Vec<i32> = TEXT.chars().map(|c| letters.iter().position(|l| *l == c).unwrap_or(0) as i32).collect();
    println!("{} characters, {} different", codes.len(), letters.len());

    let g = Builder::new();
    let next = g.input("next", i32([STREAMS, CHUNK]));
    let loss = scores(&g, (STREAMS, CHUNK), letters.len()).cross_entropy(next.reshape(&[(STREAMS * CHUNK).into()]));
    let mut steps = Steps::from_graph(g.finish([loss])?, &Optimizer::from(Adam::default()), 1, threads)?;
    steps.set_learning_rate(0.005);
    let mut losses = 0.0;
    for step in 0..count {
        // each stream goes on where it stood, and begins again at the end of the text
        let place = |i: usize| i / CHUNK * codes.len() / STREAMS + step * CHUNK + i % CHUNK;
        let chunk = |ahead: usize| (0..STREAMS * CHUNK).map(|i| codes[(place(i) + ahead) % codes.len()]).collect();
        let (now, next): (Vec<i32>, Vec<i32>) = (chunk(0), chunk(1));
        losses += steps.step(&[Feed::I32(&next), Feed::I32(&now)])?;
        if (step + 1) % 100 == 0 {
            println!("step {:>5}: {:.3} nats a character", step + 1, losses / 100.0);
            losses = 0.0;
        }
    }
    for (number, temperature) in [0.4, 0.8].into_iter().enumerate() {
        println!("\n--- temperature {temperature}\n{}", written(&letters, steps.store(), temperature, number as u64)?);
    }
    Ok(())
}

/// The characters of the text, in order.
fn alphabet() -> Vec<char> {
    let mut letters: Vec<char> = TEXT.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    letters
}

/// A score for each letter to follow: the input `now` streams×steps to (streams·steps)×letters.
fn scores(g: &Builder, (streams, steps): (usize, usize), letters: usize) -> Var<'_> {
    let now = g.input("now", i32([streams, steps])).reshape(&[(streams * steps).into()]);
    let x = now.apply(striate::graph::ops::softmax::OneHot { classes: letters });
    let h = x.reshape(&[streams.into(), steps.into(), letters.into()]).lstm(UNITS).named("memory").carry().var();
    h.reshape(&[(streams * steps).into(), UNITS.into()]).dense(letters).named("letters").var()
}

/// What the weights of `trained` write, a character a run: the states go from run to run.
fn written(letters: &[char], trained: &Store, temperature: f64, seed: u64) -> Result<String> {
    let g = Builder::for_inference();
    let probabilities = (scores(&g, (1, 1), letters.len()) / temperature).softmax();
    let graph = g.finish([probabilities])?;
    let mut store = Store::new(&graph, 1);
    for id in graph.parameters() {
        let name = &graph.value(id).name;
        if let Some(weights) = trained.get(name) {
            store.set(name, weights.clone())?;
        }
    }
    let mut plan = Plan::new(&graph, 1, &Options::default())?;
    let (workers, rng) = (Workers::new(1), Rng::new(seed));
    let (mut text, mut code) = (String::new(), letters.iter().position(|&c| c == '\n').unwrap_or(0));
    for i in 0..300 {
        plan.run(&workers, &mut store, &[Feed::I32(&[code as i32])])?;
        let mut rest = rng.uniform(i);
        let drawn = plan.output(0).iter().position(|p| {
            rest -= p;
            rest < 0.0
        });
        code = drawn.unwrap_or(letters.len() - 1);
        text.push(letters[code]);
    }
    Ok(text)
}
