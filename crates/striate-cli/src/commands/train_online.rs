//! `striate train --online`: learning while in use, from rows on stdin.

use super::train::{Origin, on_interrupt, resolve};
use super::train_table::usual;
use crate::Ended;
use crate::args::TrainArgs;
use crate::output::{Output, note, percent, thousands};
use clap::Args;
use serde_json::{Value, json};
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;
use striate::prelude::*;
use striate::run::{Saved, Weights};
use striate::tables::{Answer, Columns, Missing, Online, Recipe, Stream, Style, Table, Topology, model_name, prepare};
use striate::tensor::Place;

/// Learning from a stream.
#[derive(Debug, Args)]
#[command(next_help_heading = "Online")]
pub(crate) struct OnlineArgs {
    /// Read rows from stdin (CSV with a header, or an object of JSON a line); answer each, then learn from it. The model is a
    /// trained run or file of weights to go on from, or is made for the first rows
    #[arg(long)]
    pub(crate) online: bool,
    /// Rows that are read before the first is answered: they tell columns, classes and scales [default: 100]
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    first: Option<u32>,
    /// Answers over which the accuracy of late is taken; a line about it comes as often [default: 100]
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    window: Option<u32>,
    /// File for the weights at the end [default: online.safetensors]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl OnlineArgs {
    /// Nothing of this may be said without --online.
    pub(crate) fn refuse(&self) -> Result<()> {
        let given =
            [(self.first.is_some(), "--first"), (self.window.is_some(), "--window"), (self.out.is_some(), "--out")];
        match given.into_iter().find(|(given, _)| *given) {
            None => Ok(()),
            Some((_, flag)) => {
                Err(Error::usage(format!("{flag} belongs to learning from a stream")).hint("add --online"))
            }
        }
    }
}

const STDIN: &str = "stdin";
const MODEL: &str = "online";

pub(super) fn run(args: &TrainArgs, output: &mut Output) -> Result<Ended> {
    check(args)?;
    let mut input = Input { lines: lines(), interrupted: on_interrupt()?, stream: Stream::new(STDIN) };
    let first = args.online.first.unwrap_or(100) as usize;
    let (mut network, waiting) = match saved(args)? {
        Some(saved) => (going_on(args, &saved)?, vec![]),
        None => {
            let mut rows = vec![];
            while rows.len() < first
                && let Some(row) = input.row()?
            {
                rows.push(row);
            }
            if rows.is_empty() && input.interrupted.load(Ordering::Relaxed) {
                return Ok(Ended::Interrupted);
            }
            (made_for(args, &input.stream, &rows)?, rows)
        }
    };
    let window = args.online.window.unwrap_or(100) as usize;
    let use_all = || -> Result<()> {
        let mut bound = false;
        let mut waiting = waiting.into_iter();
        while let Some((line, fields)) = waiting.next().map_or_else(|| input.row(), |row| Ok(Some(row)))? {
            if !bound {
                network.bind(input.stream.columns())?;
                bound = true;
            }
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            let answer = network.learn(&fields).map_err(|error| error.at(Place::Line(STDIN.into(), line)))?;
            if output.is_json() {
                output.object(&answer_object(network.model(), line, answer))?;
                continue;
            }
            output.line(answer_line(network.model(), line, answer))?;
            if answer.is_some_and(|answer| answer.right.is_some() || answer.error.is_some())
                && network.learned().is_multiple_of(window)
                && !args.running.quiet
            {
                note(standing(&network, window));
            }
        }
        Ok(())
    };
    let used = use_all();
    let path = args.online.out.clone().unwrap_or_else(|| PathBuf::from("online.safetensors"));
    // What was learned before a wrong row is kept too; weights that ran away, or that learned nothing, are not.
    let sha256 = match used {
        Ok(()) => network.save(&path)?,
        Err(error) if error.fault() == Fault::Diverged || network.learned() == 0 => return Err(error),
        Err(error) => {
            network.save(&path)?;
            note(format!("what was learned before the error is in {}", path.display()));
            return Err(error);
        }
    };
    let interrupted = input.interrupted.load(Ordering::Relaxed);
    conclude(&network, &path, &sha256, window, interrupted, output)?;
    Ok(if interrupted { Ended::Interrupted } else { Ended::Well })
}

/// Rows from stdin, until it ends or the user interrupts.
struct Input {
    lines: Receiver<std::io::Result<String>>,
    interrupted: Arc<AtomicBool>,
    stream: Stream,
}

impl Input {
    /// The next row with the number of its line.
    fn row(&mut self) -> Result<Option<(usize, Vec<String>)>> {
        while !self.interrupted.load(Ordering::Relaxed) {
            match self.lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => {
                    let line = line.map_err(|failure| Error::new(Fault::Data, "cannot read stdin").found(failure))?;
                    if let Some(fields) = self.stream.line(&line)? {
                        return Ok(Some((self.stream.lines(), fields)));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(None)
    }
}

/// Flags that say nothing to a stream.
fn check(args: &TrainArgs) -> Result<()> {
    let stop = &[
        args.patience.is_some(),
        args.stop_accuracy.is_some(),
        args.stop_change.is_some(),
        args.stop_seconds.is_some(),
    ];
    let given = [
        (args.tables.table.is_some(), "--table"),
        (args.tables.per_epoch, "--per-epoch"),
        (args.validation.is_some(), "--validation"),
        (args.epochs.is_some(), "--epochs"),
        (args.batch.is_some(), "--batch"),
        (args.data.is_some(), "--data"),
        (args.schedule.is_some(), "--schedule"),
        (args.warmup.is_some(), "--warmup"),
        (stop.contains(&true), "a rule to stop by"),
    ];
    if let Some((_, flag)) = given.into_iter().find(|(given, _)| *given) {
        return Err(
            Error::usage(format!("{flag} makes no sense for a stream")).hint("leave it out, or leave --online out")
        );
    }
    match super::tables::is_table(&args.model) {
        true => Err(Error::usage("a stream comes from stdin")
            .found(&args.model)
            .hint(format!("striate train --online --target COLUMN < {}", args.model))),
        false => Ok(()),
    }
}

/// The run or the file of weights to go on from.
fn saved(args: &TrainArgs) -> Result<Option<Saved>> {
    // The model that is meant when none is given is none for tables.
    if args.model == "lenet5" {
        return Ok(None);
    }
    let saved = Saved::open(Path::new(&args.model), Weights::Last)?;
    let given = [(args.hidden.is_some(), "--hidden"), (args.online.first.is_some(), "--first")];
    if let Some((_, flag)) = given.into_iter().find(|(given, _)| *given) {
        return Err(Error::usage(format!("{flag} makes no sense for a model that is there already")));
    }
    if let (Some(target), Some(table)) = (&args.tables.target, &saved.model().table)
        && *target != table.target
    {
        return Err(Error::usage("the model tells another column").found(target).expected(&table.target));
    }
    Ok(Some(saved))
}

/// Sample by sample: how, by the flags.
fn how(args: &TrainArgs, recipe: &Recipe, model: &Model) -> Result<(striate::train::Optimizer, f64, u64)> {
    let (optimizer, settings) = resolve(args, &usual(recipe, 1), model, &mut Origin::default())?;
    Ok((optimizer, settings.learning_rate, settings.seed))
}

fn going_on(args: &TrainArgs, saved: &Saved) -> Result<Online> {
    let taught = matches!(saved.model().loss, Loss::SquaredError {});
    let style = args.tables.style.unwrap_or(if taught { Style::Taught } else { Style::Modern });
    let (optimizer, rate, _) = how(args, &Recipe::new(style), saved.model())?;
    Online::from_saved(saved, &optimizer, rate)
}

fn made_for(args: &TrainArgs, stream: &Stream, rows: &[(usize, Vec<String>)]) -> Result<Online> {
    if rows.is_empty() {
        return Err(Error::new(Fault::Data, "there are no rows on stdin")
            .expected("a line of column names, then a row on each line; or an object of JSON on each line"));
    }
    let table = Table::from_rows(stream.columns().to_vec(), rows.to_vec(), STDIN)?;
    let columns: Columns = args.tables.columns();
    let missing: Missing = args.tables.missing.unwrap_or_default();
    let seed = args.seed.unwrap_or(1);
    let parts = prepare(&table, &columns, missing, 0.0, seed)?;
    let recipe = args.tables.recipe(args.hidden.as_ref());
    let name = args.name.as_deref().map_or(MODEL.to_string(), model_name);
    let model = recipe.model(&name, &parts.encoding, &parts.classes)?;
    let (optimizer, rate, seed) = how(args, &recipe, &model)?;
    if !args.running.quiet {
        let told =
            if parts.classes.is_empty() { "a number".into() } else { format!("classes {}", parts.classes.join(", ")) };
        let hidden = Topology(recipe.hidden.clone());
        note(format!(
            "by the first {} rows: target {} ({told}), hidden {hidden}, {}",
            rows.len(),
            parts.encoding.target,
            recipe.style
        ));
    }
    Online::new(model, &optimizer, rate, seed)
}

/// The lines of stdin, from a thread of their own, so that an interruption is noticed while none comes.
fn lines() -> Receiver<std::io::Result<String>> {
    let (send, receive) = sync_channel(64);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}

fn answer_object(model: &Model, line: usize, answer: Option<Answer>) -> Value {
    match answer {
        None => json!({ "event": "left-out", "line": line }),
        Some(Answer { class: Some(class), right, .. }) => {
            json!({ "event": "answer", "line": line, "class": model.classes[class], "right": right })
        }
        Some(Answer { number, error, .. }) => {
            json!({ "event": "answer", "line": line, "number": number, "error": error })
        }
    }
}

fn answer_line(model: &Model, line: usize, answer: Option<Answer>) -> String {
    let verdict = |right: Option<bool>| match right {
        Some(true) => ", right",
        Some(false) => ", wrong",
        None => "",
    };
    match answer {
        None => format!("line {line}: left out"),
        Some(Answer { class: Some(class), right, .. }) => {
            format!("line {line}: {}{}", model.classes[class], verdict(right))
        }
        Some(Answer { number, error, .. }) => {
            let off = error.map_or(String::new(), |error| format!(", off by {error:.4}"));
            format!("line {line}: {:.4}{off}", number.unwrap_or(f64::NAN))
        }
    }
}

/// How well it answers so far, and of late.
fn standing(network: &Online, window: usize) -> String {
    let learned = network.learned();
    let (all, late) = match network.model().gives_numbers() {
        true => (format!("RMSE {:.4}", network.rmse_of_last(learned)), format!("{:.4}", network.rmse_of_last(window))),
        false => {
            let answers = network.answers();
            (format!("right {}", percent(answers.accuracy())), percent(answers.accuracy_of_last(window)))
        }
    };
    format!("{} rows: {all}, of the last {} {late}", thousands(learned as u64), window.min(learned))
}

fn conclude(
    network: &Online,
    path: &Path,
    sha256: &str,
    window: usize,
    interrupted: bool,
    output: &mut Output,
) -> Result<()> {
    if output.is_json() {
        let (learned, answers) = (network.learned(), network.answers());
        let mut object = json!({
            "event": if interrupted { "interrupted" } else { "done" },
            "learned": learned,
            "window": window,
            "weights": path,
            "weights_sha256": sha256,
        });
        let measures = match network.model().gives_numbers() {
            true => [("rmse", network.rmse_of_last(learned)), ("rmse_of_window", network.rmse_of_last(window))],
            false => [("accuracy", answers.accuracy()), ("accuracy_of_window", answers.accuracy_of_last(window))],
        };
        if let Some(object) = object.as_object_mut() {
            object.extend(measures.map(|(name, value)| (name.to_string(), json!(value))));
        }
        return output.object(&object);
    }
    output.line(format!(
        "{}: {}",
        if interrupted { "interrupted" } else { "end of input" },
        standing(network, window)
    ))?;
    output.line("each row was answered before it was learned")?;
    output.line(format!("weights: {} (sha256 {sha256})", path.display()))
}
