//! Trains a network on numbers that a script wrote, and writes what came out: the other half of `scripts/compare.py`.
//!
//! ```text
//! peer som IN OUT ROWS COLUMNS PASSES RADIUS RATE THREADS    IN has `rows` and `start`; OUT gets `online`, `batch`
//! peer rbm IN OUT HIDDEN RATE PASSES SEED THREADS            IN has `train` and `test`; OUT gets their features and
//!                                                            the parameters, of `persistent` training and of `cd1`
//! ```
//!
//! Prints the seconds of each training, the least of a few.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use striate_classics::rbm::{Rbm, RbmSettings};
use striate_classics::som::{Grid, Som, SomSettings};
use striate_classics::{Decay, Schedule};
use striate_io::{Metadata, Tensors, load_tensors, save_tensors};
use striate_kernels::Workers;
use striate_tensor::{Array, Error, Result};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.first().map(String::as_str) {
        Some("som") if args.len() == 9 => som(&args),
        Some("rbm") if args.len() == 8 => rbm(&args),
        _ => Err(Error::model("see the top of examples/peer.rs")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.fault().exit_code())
        }
    }
}

fn number<T: std::str::FromStr>(args: &[String], at: usize) -> Result<T> {
    args[at].parse().map_err(|_| Error::model("not a number").found(&args[at]))
}

fn take(tensors: &mut Tensors, name: &str) -> Result<Array<f32>> {
    let tensor = tensors.remove(name).and_then(|t| t.into_f32());
    tensor.ok_or_else(|| Error::data(format!("the file lacks the tensor `{name}`")))
}

fn timed(name: &str, times: usize, mut train: impl FnMut() -> Result<()>) -> Result<()> {
    let mut least = f64::INFINITY;
    for _ in 0..times {
        let began = Instant::now();
        train()?;
        least = least.min(began.elapsed().as_secs_f64());
    }
    println!("{name} {least:.6}");
    Ok(())
}

fn som(args: &[String]) -> Result<()> {
    let (mut tensors, _) = load_tensors(Path::new(&args[1]))?;
    let (rows, start) = (take(&mut tensors, "rows")?, take(&mut tensors, "start")?);
    let features = rows.shape()[1];
    let passes = number(args, 5)?;
    let rate: f64 = number(args, 7)?;
    let settings = SomSettings {
        rate: Schedule::new(rate, rate / 3.0, Decay::Inverse),
        radius: Schedule::new(number(args, 6)?, 1.0, Decay::Inverse),
        shuffle: false,
        ..SomSettings::new(Grid::rectangular(number(args, 3)?, number(args, 4)?))
    };
    let workers = Workers::new(number(args, 8)?);
    let mut out = Tensors::new();
    for (name, times) in [("online", 1), ("batch", 5)] {
        let mut som = Som::new(features, settings)?;
        timed(name, times, || {
            som.set_weights(start.data().to_vec())?;
            if name == "online" {
                som.train_online(rows.data(), passes)
            } else {
                som.train_batch(&workers, rows.data(), passes)
            }
        })?;
        out.insert(name.to_string(), Array::new([som.units(), features], som.weights().to_vec()).into());
    }
    save_tensors(Path::new(&args[2]), &out, &Metadata::new()).map(drop)
}

fn rbm(args: &[String]) -> Result<()> {
    let (mut tensors, _) = load_tensors(Path::new(&args[1]))?;
    let (train, test) = (take(&mut tensors, "train")?, take(&mut tensors, "test")?);
    let workers = Workers::new(number(args, 7)?);
    let hidden: usize = number(args, 3)?;
    let visible = train.shape()[1];
    let mut out = Tensors::new();
    for (name, persistent) in [("persistent", true), ("cd1", false)] {
        let settings =
            RbmSettings { rate: number(args, 4)?, seed: number(args, 6)?, persistent, ..RbmSettings::new(hidden) };
        let passes = number(args, 5)?;
        let mut rbm = Rbm::new(visible, settings)?;
        timed(name, 1, || rbm.train(&workers, train.data(), passes))?;
        let mut put = |what: &str, rows: usize, numbers: &[f32]| {
            let array = Array::new([rows, numbers.len() / rows], numbers.to_vec());
            out.insert(format!("{name}.{what}"), array.into());
        };
        put("train", train.shape()[0], &rbm.up(&workers, train.data())?);
        put("test", test.shape()[0], &rbm.up(&workers, test.data())?);
        put("weights", hidden, rbm.weights());
        put("visible_bias", 1, rbm.visible_bias());
        put("hidden_bias", 1, rbm.hidden_bias());
    }
    save_tensors(Path::new(&args[2]), &out, &Metadata::new()).map(drop)
}
