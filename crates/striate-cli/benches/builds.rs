//! The guard of speed: this build beside an older one, in paired runs.
//!
//! ```text
//! cargo bench -p striate-cli --bench builds -- --against OLDER/striate [--tolerance 5] [--blocks 7] [CELL …]
//! ```
//!
//! A cell is `model:batch:mode`. Both builds stay alive and work in turn, block by block; a ratio is the older one's time
//! by ours, so that above 1 we are faster, and its median counts. Ends with 1 if a cell is slower by more than the
//! tolerance and was faster in no block, which tells a loss from the noise of a busy machine.

use clap::Parser;
use serde_json::Value;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

const CELLS: [&str; 10] = [
    "lenet5:64:train",
    "lenet5:1:infer",
    "fashion_cnn:64:train",
    "vgg11_cifar:32:train",
    "resnet18_cifar:32:train",
    "cnn1d:16:train",
    "unet:4:train",
    "resnet18:8:train",
    "mobilenet_v2:8:train",
    "mobilenet_v2:1:infer",
];

/// Compares the speed of two builds.
#[derive(Parser)]
struct Args {
    /// The older build's program; without it this build is compared with itself, which shows the machine's noise
    #[arg(long)]
    against: Option<PathBuf>,
    /// Per cent by which a cell may be slower
    #[arg(long, default_value_t = 5.0)]
    tolerance: f64,
    /// Turns of each build
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    blocks: u16,
    /// Length of a turn, about
    #[arg(long, default_value_t = 0.5)]
    seconds: f64,
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// `model:batch:mode`, mode `train` or `infer`
    cells: Vec<String>,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    match compare(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            eprintln!("error: {text}");
            ExitCode::from(2)
        }
    }
}

fn compare(args: &Args) -> Outcome<bool> {
    let ours = Path::new(env!("CARGO_BIN_EXE_striate"));
    let older = args.against.as_deref().unwrap_or(ours);
    let cells: Vec<&str> = match args.cells.is_empty() {
        true => CELLS.to_vec(),
        false => args.cells.iter().map(String::as_str).collect(),
    };
    println!("{:<28} {:>10} {:>10} {:>7}  blocks", "model:batch:mode", "older ms", "ours ms", "ratio");
    let mut well = true;
    for cell in cells {
        let (mut old, mut new) = (Worker::start(older, cell, args.threads)?, Worker::start(ours, cell, args.threads)?);
        let (old_steps, new_steps) = (old.steps_in(args.seconds)?, new.steps_in(args.seconds)?);
        let (mut times, mut ratios) = ([vec![], vec![]], vec![]);
        for _ in 0..args.blocks {
            let (old, new) = (median(old.run(old_steps)?), median(new.run(new_steps)?));
            times[0].push(old);
            times[1].push(new);
            ratios.push(old / new);
        }
        let [older_ms, our_ms] = times.map(|times| median(times) / 1e6);
        let best = ratios.iter().copied().fold(0.0, f64::max);
        let worst = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let ratio = median(ratios);
        let slower = ratio < 1.0 - args.tolerance / 100.0 && best < 1.0;
        let mark = if slower { "  SLOWER" } else { "" };
        println!("{cell:<28} {older_ms:>10.3} {our_ms:>10.3} {ratio:>7.3}  {worst:.3}–{best:.3}{mark}");
        well &= !slower;
    }
    Ok(well)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    match numbers.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => numbers[n / 2],
        n => f64::midpoint(numbers[n / 2 - 1], numbers[n / 2]),
    }
}

/// `striate bench model … --serve` at the other end of two pipes.
struct Worker {
    child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    what: String,
}

impl Worker {
    fn start(program: &Path, cell: &str, threads: usize) -> Outcome<Self> {
        let words: Vec<&str> = cell.split(':').collect();
        let [model, batch, mode] = words[..] else {
            return Err(format!("`{cell}` is no cell; expected model:batch:mode, such as lenet5:64:train"));
        };
        let threads = threads.to_string();
        let what = format!("{} on {cell}", program.display());
        let mut child = Command::new(program)
            .args(["bench", "model", model, "--batch", batch, "--mode", mode, "--threads", &threads, "--serve"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|failure| format!("{what}: {failure}"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else { unreachable!("both are piped") };
        let mut worker = Worker { child, to, from: BufReader::new(from).lines(), what };
        worker.read("ready")?;
        Ok(worker)
    }

    /// What the next line that has this key says.
    fn read(&mut self, key: &str) -> Outcome<Value> {
        for line in self.from.by_ref() {
            let line = line.map_err(|failure| format!("{}: {failure}", self.what))?;
            if let Ok(value) = serde_json::from_str::<Value>(&line)
                && let Some(found) = value.get(key)
            {
                return Ok(found.clone());
            }
        }
        Err(format!("{}: it ended; its message stands above", self.what))
    }

    /// Nanoseconds of each of so many steps.
    fn run(&mut self, steps: usize) -> Outcome<Vec<f64>> {
        writeln!(self.to, "{steps}").map_err(|failure| format!("{}: {failure}", self.what))?;
        let times = self.read("ns")?;
        Ok(times.as_array().into_iter().flatten().filter_map(Value::as_f64).collect())
    }

    fn steps_in(&mut self, seconds: f64) -> Outcome<usize> {
        let shortest = self.run(3)?.into_iter().fold(f64::INFINITY, f64::min);
        Ok((seconds * 1e9 / shortest).clamp(1.0, 20_000.0) as usize)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = writeln!(self.to, "quit"); // it may have ended already
        let _ = self.child.wait();
    }
}
