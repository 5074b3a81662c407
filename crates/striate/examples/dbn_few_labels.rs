//! What a deep belief network is good for: many images, few labels.
//!
//! `cargo run --release -p striate --example dbn_few_labels [MNIST_FOLDER [threads [seeds [picture.png]]]]`
//!
//! ```text
//! stack      784-500-500, greedily, from all training images and no label
//! labelled   100 images of each digit, drawn by the seed; 100 others of each to choose settings by
//! A          the stack's weights and a fresh classifying layer, all moved by back-propagation
//! B          the same network from a random start
//! ```
//!
//! Both are trained by Adam in batches of 50 for 60 epochs along half a cosine. Both choose their learning rate, and B its
//! random start too, by the validation images; then the test set is looked at once. Without a folder, or
//! with `-`, it runs on the digits inside.

use std::path::Path;
use striate::classics::Workers;
use striate::classics::dbn::Dbn;
use striate::classics::rbm::RbmSettings;
use striate::data::Part;
use striate::model::{Pretrained, from_dbn};
use striate::nn::layers::Dense;
use striate::prelude::*;
use striate::tensor::Rng;
use striate::train::{Adam, Data, Event, Graphs, Optimizer, Schedule, Settings, StopRules, Trainer};

const UNITS: [usize; 2] = [500, 500];
/// Passes of each machine over the images, at sixty thousand; fewer images are passed more often.
const PASSES: usize = 15;
const EACH: usize = 100;
const RATES: [f64; 4] = [3e-4, 1e-3, 3e-3, 1e-2];
const STARTS: [Scheme; 3] = [Scheme::Fan, Scheme::Glorot, Scheme::Normal(0.1)];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: usize| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (threads, seeds) = (number(1, 1), number(2, 5));
    let (train, test) = match arguments.first() {
        Some(folder) if folder != "-" => {
            (Dataset::open(Path::new(folder), Part::Train)?, Dataset::open(Path::new(folder), Part::Test)?)
        }
        _ => (Digits::train(), Digits::test()),
    };
    println!("{} images without labels, {} to test on: {}", train.len(), test.len(), train.source());
    let (mut pretrained, mut random) = (vec![], vec![]);
    for seed in 1..=seeds as u64 {
        let stack = stack(&train, seed, threads)?;
        let (labelled, validation) = few(&train, seed);
        let data = Data { train: labelled, watched: validation, preprocessing: Preprocessing::default() };
        let start = from_dbn(&stack, [1, 28, 28], 10)?;
        let tuned = RATES.map(|rate| tuned(&start, &data, &test, rate, seed, threads));
        let a = best(tuned.into_iter().collect::<Result<_>>()?);
        let mut tried = vec![];
        for scheme in STARTS {
            let start = Pretrained { model: perceptron(&scheme)?, weights: vec![] };
            for rate in RATES {
                tried.push(self::tuned(&start, &data, &test, rate, seed, threads)?);
            }
        }
        let b = best(tried);
        println!(
            "seed {seed}: stack {:.2} % right (validation {:.2} %, rate {}), random {:.2} % (validation {:.2} %, rate {})",
            a.test, a.validation, a.rate, b.test, b.validation, b.rate
        );
        pretrained.push(a.test);
        random.push(b.test);
        if let (1, Some(path)) = (seed, arguments.get(3)) {
            draw(&stack, &train, threads, Path::new(path))?;
        }
    }
    let differences: Vec<f64> = pretrained.iter().zip(&random).map(|(a, b)| a - b).collect();
    for (name, values) in [("from the stack", &pretrained), ("random start", &random), ("difference", &differences)] {
        let (mean, deviation) = moments(values);
        println!("{name:<15} {mean:.2} ± {deviation:.2} % of the test images (mean ± sd of {seeds} seeds)");
    }
    Ok(())
}

/// The pixels from 0 to 1, image after image.
fn ink(data: &Dataset) -> Vec<f32> {
    data.pixels().unwrap_or_default().iter().map(|pixel| f32::from(*pixel) / 255.0).collect()
}

/// Machines that have seen all images and no label.
fn stack(images: &Dataset, seed: u64, threads: usize) -> Result<Dbn> {
    let machine = |hidden, number| RbmSettings {
        rate: 0.05,
        batch: 100,
        momentum: 0.5,
        weight_decay: 2e-4,
        seed: 2 * seed + number,
        ..RbmSettings::new(hidden)
    };
    let mut stack = Dbn::new(784, &[machine(UNITS[0], 0), machine(UNITS[1], 1)])?;
    stack.train(&Workers::new(threads), &ink(images), PASSES * (60_000 / images.len().max(1)).clamp(1, 4))?;
    Ok(stack)
}

/// So many images of each class to learn from, and as many others to choose by.
fn few(data: &Dataset, seed: u64) -> (Dataset, Dataset) {
    let mut order: Vec<usize> = (0..data.len()).collect();
    Rng::new(seed).stream("few").shuffle(&mut order);
    let (mut labelled, mut validation, mut counts) = (vec![], vec![], vec![0; data.classes().len()]);
    for at in order {
        let count = &mut counts[data.labels()[at] as usize];
        match *count / EACH {
            0 => labelled.push(at),
            1 => validation.push(at),
            _ => continue,
        }
        *count += 1;
    }
    (data.subset(&labelled), data.subset(&validation))
}

/// The stack's network with weights drawn by a scheme.
fn perceptron(scheme: &Scheme) -> Result<Model> {
    let model = Model::new("mlp", [1, 28, 28]).classes(10).flatten();
    let hidden =
        UNITS.iter().fold(model, |model, units| model.then(Dense::new(*units).init(scheme.clone())).logistic());
    hidden.then(Dense::new(10).init(scheme.clone())).finish()
}

/// What a training came to, in percent.
struct Outcome {
    rate: f64,
    validation: f64,
    test: f64,
}

fn tuned(start: &Pretrained, data: &Data, test: &Dataset, rate: f64, seed: u64, threads: usize) -> Result<Outcome> {
    let settings = Settings {
        batch: 50,
        learning_rate: rate,
        schedule: Schedule::Cosine { floor: 0.0 },
        seed,
        stop: StopRules::after(60),
        ..Settings::default()
    };
    let graphs = Graphs::of(&start.model, &Optimizer::from(Adam::default()))?;
    let mut trainer = Trainer::new(graphs, data, settings, threads)?;
    trainer.start_from(start.weights.iter().cloned())?;
    let mut validation = 0.0;
    loop {
        match trainer.advance()? {
            Event::Epoch(report) => validation = 100.0 * report.watched.accuracy(),
            Event::Done(_) => break,
            Event::Step { .. } => {}
        }
    }
    let test = 100.0 * trainer.evaluate(test, &data.preprocessing)?.all.accuracy();
    Ok(Outcome { rate, validation, test })
}

/// The first with the most validation images right.
fn best(tried: Vec<Outcome>) -> Outcome {
    let better = |a: Outcome, b: Outcome| if b.validation > a.validation { b } else { a };
    tried.into_iter().reduce(better).expect("at least one rate")
}

/// Mean and standard deviation (of a sample).
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean, (squares / (n - 1.0).max(1.0)).sqrt())
}

/// Ten digits, the same through the top features and back, and what the stack draws from there, as three rows of a PNG.
fn draw(stack: &Dbn, data: &Dataset, threads: usize, path: &Path) -> Result<()> {
    let workers = Workers::new(threads);
    let starts = ink(&data.take_balanced(10));
    let back = stack.down(&workers, &stack.up(&workers, &starts)?)?;
    let samples = stack.sample(&workers, &starts, 200, 1)?;
    let (across, gap) = (10 * 30, 30);
    let mut paper = image::GrayImage::from_pixel(across as u32, 3 * gap, image::Luma([160]));
    for (row, pictures) in [starts, back, samples].iter().enumerate() {
        for (i, value) in pictures.iter().enumerate() {
            let (column, y, x) = (i / 784, i / 28 % 28, i % 28);
            let level = (255.0 * (1.0 - value)).round() as u8;
            paper.put_pixel((30 * column + x + 1) as u32, (30 * row + y + 1) as u32, image::Luma([level]));
        }
    }
    let paper = image::imageops::resize(&paper, 900, 270, image::imageops::FilterType::Nearest);
    let mut bytes = std::io::Cursor::new(vec![]);
    paper
        .write_to(&mut bytes, image::ImageFormat::Png)
        .map_err(|failure| Error::data("cannot make a PNG").found(failure))?;
    striate_io::write_atomically(path, |file| file.write_all(bytes.get_ref()))
}
