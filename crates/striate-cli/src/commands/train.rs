use crate::Ended;
use crate::args::{OptimizerName, ResumeArgs, RunningArgs, TrainArgs};
use crate::output::{Output, note, percent, thousands};
use crate::page::Wishes;
use crate::progress::{Progress, judged, regression, rmse, samples_of};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use striate::prelude::*;
use striate::run::{DataRecord, Session, SessionEvent, Start, Summary, WatchedPart};
use striate::train::{Adam, AdamW, EpochReport, Event, Optimizer, Settings, Sgd, StopRules};

/// What a training does that was told nothing.
mod defaults {
    pub(super) const SGD_DECAY: f64 = 0.001;
    pub(super) const ADAM_RATE: f64 = 0.003;
    /// Squared distances to 84 pixels have far steeper slopes than logits.
    pub(super) const RBF_RATE: f64 = 0.003;
}

/// Values as they are resolved, each with where it came from.
#[derive(Default)]
pub(super) struct Origin(pub(super) BTreeMap<String, String>);

impl Origin {
    /// The flag's value, else the default.
    pub(super) fn resolve<T>(&mut self, flag: &str, given: Option<T>, default: T) -> T {
        let from = if given.is_some() { format!("flag --{flag}") } else { "default".to_string() };
        self.0.insert(flag.to_string(), from);
        given.unwrap_or(default)
    }

    /// The flag's value, if there is one.
    pub(super) fn optional<T>(&mut self, flag: &str, given: Option<T>) -> Option<T> {
        self.resolve(flag, given.map(Some), None)
    }
}

/// What a training does that was told nothing.
pub(super) struct Usual {
    pub(super) optimizer: OptimizerName,
    /// Of sgd.
    pub(super) momentum: f64,
    /// Of sgd.
    pub(super) weight_decay: f64,
    /// The learning rate of each optimiser.
    pub(super) rate: fn(OptimizerName, &Model) -> f64,
    /// Everything else.
    pub(super) settings: Settings,
}

impl Usual {
    fn for_pictures() -> Self {
        fn rate(optimizer: OptimizerName, model: &Model) -> f64 {
            match optimizer {
                OptimizerName::Sgd if matches!(model.loss, Loss::Rbf { .. }) => defaults::RBF_RATE,
                OptimizerName::Sgd => Settings::default().learning_rate,
                OptimizerName::Adam | OptimizerName::Adamw => defaults::ADAM_RATE,
            }
        }
        Usual {
            optimizer: OptimizerName::Sgd,
            momentum: Sgd::default().momentum,
            weight_decay: defaults::SGD_DECAY,
            rate,
            settings: Settings::default(),
        }
    }
}

pub(crate) fn train(args: Box<TrainArgs>, output: &mut Output) -> Result<Ended> {
    if args.online.online {
        return super::train_online::run(&args, output);
    }
    if super::train_table::is_meant(&args) {
        return super::train_table::run(&args, output);
    }
    args.tables.refuse(args.hidden.is_some())?;
    args.online.refuse()?;
    let model = super::model(&args.model)?;
    let mut origin = Origin::default();
    let (optimizer, settings) = resolve(&args, &Usual::for_pictures(), &model, &mut origin)?;
    let data = DataRecord {
        folder: origin.optional("data", args.data.clone()),
        validation: origin.resolve("validation", args.validation, 0.0),
        ..DataRecord::default()
    };
    settings.check()?;
    let from_file = model.place.is_some() && striate::zoo::all().iter().all(|entry| entry.name != args.model);
    let from = if from_file { format!("model file {}", args.model) } else { "zoo".to_string() };
    for part in ["model", "preprocessing", "classes", "loss"] {
        origin.0.insert(part.to_string(), from.clone());
    }
    begin(Start { data, origin: origin.0, ..start(&args, model, optimizer, settings)? }, &args.running, output)
}

/// What a run is begun with, but for its data and where each value came from.
pub(super) fn start(args: &TrainArgs, model: Model, optimizer: Optimizer, settings: Settings) -> Result<Start> {
    let (runs, name, choices) = (args.runs.clone(), args.name.clone(), super::tune::choices()?);
    let (data, origin) = (DataRecord::default(), BTreeMap::new());
    Ok(Start { model, optimizer, settings, data, choices, origin, runs, name })
}

/// Begins a run and drives it to its end.
pub(super) fn begin(start: Start, running: &RunningArgs, output: &mut Output) -> Result<Ended> {
    let session = Session::start(start, running.threads.count())?;
    drive(session, running, output, "start")
}

/// The flags, and what is usual where there is none.
pub(super) fn resolve(
    args: &TrainArgs,
    usual: &Usual,
    model: &Model,
    origin: &mut Origin,
) -> Result<(Optimizer, Settings)> {
    let optimizer = optimizer(args, usual, origin)?;
    let rate = (usual.rate)(args.optimizer.unwrap_or(usual.optimizer), model);
    let usual = &usual.settings;
    let settings = Settings {
        batch: origin.resolve("batch", args.batch, usual.batch),
        learning_rate: origin.resolve("lr", args.lr, rate),
        schedule: origin.resolve("schedule", args.schedule, usual.schedule),
        warmup: origin.resolve("warmup", args.warmup, usual.warmup),
        seed: origin.resolve("seed", args.seed, usual.seed),
        exact: origin.resolve("exact", args.kernels.exact.then_some(true), usual.exact),
        stop: StopRules {
            epochs: origin.resolve("epochs", args.epochs, usual.stop.epochs),
            accuracy: origin.optional("stop-accuracy", args.stop_accuracy),
            change: origin.optional("stop-change", args.stop_change),
            patience: origin.optional("patience", args.patience),
            seconds: origin.optional("stop-seconds", args.stop_seconds),
        },
    };
    Ok((optimizer, settings))
}

pub(crate) fn resume(args: ResumeArgs, output: &mut Output) -> Result<Ended> {
    let session = Session::resume(&args.run, args.running.threads.count())?;
    drive(session, &args.running, output, "resume")
}

fn optimizer(args: &TrainArgs, usual: &Usual, origin: &mut Origin) -> Result<Optimizer> {
    let name = origin.resolve("optimizer", args.optimizer, usual.optimizer);
    if name != OptimizerName::Sgd && (args.momentum.is_some() || args.nesterov) {
        return Err(Error::new(Fault::Usage, "only sgd has a momentum")
            .found("--momentum or --nesterov with --optimizer adam or adamw")
            .hint("leave it out; Adam averages gradients by itself"));
    }
    Ok(match name {
        OptimizerName::Sgd => {
            let rule = Sgd::default();
            let momentum = origin.resolve("momentum", args.momentum, usual.momentum);
            let nesterov = origin.resolve("nesterov", args.nesterov.then_some(true), rule.nesterov);
            let weight_decay = origin.resolve("weight-decay", args.weight_decay, usual.weight_decay);
            Sgd { momentum, nesterov, weight_decay, ..rule }.into()
        }
        OptimizerName::Adam => {
            let rule = Adam::default();
            Adam { weight_decay: origin.resolve("weight-decay", args.weight_decay, rule.weight_decay), ..rule }.into()
        }
        OptimizerName::Adamw => {
            let rule = AdamW::default();
            AdamW { weight_decay: origin.resolve("weight-decay", args.weight_decay, rule.weight_decay), ..rule }.into()
        }
    })
}

/// Trains to the end, or until the user interrupts.
fn drive(mut session: Session, running: &RunningArgs, output: &mut Output, begin: &str) -> Result<Ended> {
    if let Some(steps) = running.checkpoint_every {
        session.checkpoint_every(steps);
    }
    let interrupted = on_interrupt()?;
    let mut progress = Progress::new(running.quiet || output.is_json(), &session);
    announce(&session, running, &progress, output, begin)?;
    let mut failed = None;
    while !interrupted.load(Ordering::Relaxed) {
        match session.advance() {
            Ok(SessionEvent::Trained(Event::Step { .. })) => progress.step(&session),
            Ok(SessionEvent::Trained(Event::Epoch(report))) => {
                progress.epoch(&session, &report);
                if output.is_json() {
                    output.object(&epoch_object(&session, &report))?;
                }
            }
            Ok(SessionEvent::Trained(Event::Done(_))) => break,
            Ok(SessionEvent::Checkpoint) if output.is_json() => {
                let at = session.trainer().position();
                let object =
                    json!({ "event": "checkpoint", "epoch": at.epoch + 1, "batch": at.batch, "step": at.step });
                output.object(&object)?;
            }
            Ok(SessionEvent::Checkpoint) => {}
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    progress.end();
    match failed {
        Some(error) => Err(error),
        None => conclude(&mut session, running, output),
    }
}

/// A switch that Ctrl-C sets, the same for all who ask; a second Ctrl-C ends the program at once.
pub(super) fn on_interrupt() -> Result<Arc<AtomicBool>> {
    static SWITCH: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    if let Some(switch) = SWITCH.get() {
        return Ok(Arc::clone(switch));
    }
    let switch = Arc::clone(SWITCH.get_or_init(Arc::default));
    let set = Arc::clone(&switch);
    let handler = move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(crate::INTERRUPTED));
        }
        note("interrupted: finishing the step and saving; once more to end at once");
    };
    ctrlc::set_handler(handler)
        .map_err(|failure| Error::new(Fault::Internal, "Ctrl-C cannot be handled").found(failure))?;
    Ok(switch)
}

fn announce(
    session: &Session,
    running: &RunningArgs,
    progress: &Progress,
    output: &mut Output,
    begin: &str,
) -> Result<()> {
    let (trainer, record, threads) = (session.trainer(), session.record(), running.threads.count());
    let (graph, position) = (trainer.graph(), trainer.position());
    let parameters: usize = graph.parameters().map(|id| graph.value(id).ty.shape().elements()).sum();
    let (train, watched) = trainer.samples();
    if output.is_json() {
        return output.object(&json!({
            "event": begin,
            "run": session.folder().path(),
            "model": record.model,
            "parameters": parameters,
            "data": trainer.source(),
            "train_samples": train,
            "watched": record.data.watched(),
            "watched_samples": watched,
            "epochs": record.settings.stop.epochs,
            "batch": record.settings.batch,
            "steps_per_epoch": trainer.batches(),
            "seed": record.settings.seed,
            "exact": record.settings.exact,
            "threads": threads,
            "epoch": position.epoch,
            "step": position.step,
        }));
    }
    progress.say(&format!("model: {}, {} parameters", record.model, thousands(parameters as u64)));
    progress.say(&format!(
        "data: {}: {} samples; {} watched ({} part)",
        trainer.source(),
        thousands(train as u64),
        thousands(watched as u64),
        record.data.watched()
    ));
    progress.say(&format!("run: {}", session.folder().path().display()));
    if position.step > 0 {
        progress.say(&format!("going on after epoch {}, step {}", position.epoch, position.step));
    }
    Ok(())
}

fn epoch_object(session: &Session, report: &EpochReport) -> Value {
    let watched = session.record().data.watched();
    let mut object = json!({
        "event": "epoch",
        "epoch": report.epoch,
        "epochs": session.record().settings.stop.epochs,
        "steps": report.steps,
        "learning_rate": report.learning_rate,
        "train_loss": report.train.loss(),
        "train_accuracy": report.train.accuracy(),
        format!("{watched}_loss"): report.watched.loss(),
        format!("{watched}_accuracy"): report.watched.accuracy(),
        "largest_change": report.change,
        "seconds": report.seconds,
        "images_per_second": report.images_per_second(),
        "best": report.best,
    });
    if let (Some(train), Some(of_watched)) =
        (rmse(session.model(), &report.train), rmse(session.model(), &report.watched))
    {
        numbers_instead(&mut object, "train", train);
        numbers_instead(&mut object, &watched.to_string(), of_watched);
    }
    object
}

/// Of a model that gives numbers: the error in their unit in place of an accuracy.
fn numbers_instead(object: &mut Value, part: &str, rmse: f64) {
    if let Some(object) = object.as_object_mut() {
        object.shift_remove(&format!("{part}_accuracy"));
        object.insert(format!("{part}_rmse"), json!(rmse));
    }
}

/// Writes the report beside the weights; that it cannot be written is no reason to fail: all else is saved.
fn report(session: &Session, running: &RunningArgs) -> Option<PathBuf> {
    let (folder, path) = (session.folder(), session.folder().path().join("report.html"));
    let wishes = Wishes { threads: running.threads.count(), quick: true, ..Wishes::default() };
    match super::report::write(folder.clone(), &wishes, &path) {
        Ok(_) => Some(path),
        Err(error) => {
            note(format!("the report could not be written: {error}"));
            None
        }
    }
}

/// Prints what came out.
fn conclude(session: &mut Session, running: &RunningArgs, output: &mut Output) -> Result<Ended> {
    let summary = session.finish()?;
    let run = session.folder().path();
    let Summary {
        stop_reason, test, best, watched, measured, train_seconds, images_per_second, weights_sha256, ..
    } = &summary;
    let numbers = regression(session.model(), test, session.measured().targets());
    let ended = if stop_reason.is_some() { Ended::Well } else { Ended::Interrupted };
    let report = match stop_reason {
        Some(_) if !running.no_report => report(session, running),
        _ => None,
    };
    if output.is_json() {
        let mut object = json!({
            "event": if stop_reason.is_some() { "done" } else { "interrupted" },
            "stop_reason": stop_reason.as_ref().map_or("interrupted", |reason| reason.name()),
            "stop_text": stop_reason.as_ref().map(|reason| reason.to_string()),
            "epochs": summary.epochs,
            "steps": summary.steps,
            format!("{measured}_accuracy"): test.accuracy(),
            format!("{measured}_loss"): test.loss(),
            "best_epoch": best.map(|best| best.epoch),
            "best_accuracy": best.map(|best| best.watched.accuracy()),
            "best_chosen_on": watched,
            "train_seconds": train_seconds,
            "images_per_second": images_per_second,
            "weights_sha256": weights_sha256,
            "run": run,
            "report": report,
        });
        if let (Some(found), Some(object)) = (numbers, object.as_object_mut()) {
            let best = best.and_then(|best| rmse(session.model(), &best.watched));
            object.shift_remove(&format!("{measured}_accuracy"));
            object.shift_remove("best_accuracy");
            object.insert(format!("{measured}_rmse"), json!(found.rmse));
            object.insert(format!("{measured}_r2"), json!(found.r2));
            object.insert("best_rmse".into(), json!(best));
        }
        output.object(&object)?;
        return Ok(ended);
    }
    match stop_reason {
        Some(reason) => output.line(format!("stopped: {reason}"))?,
        None => output.line(format!("interrupted: in epoch {}, after step {}", summary.epochs + 1, summary.steps))?,
    }
    match numbers {
        Some(found) => output.line(format!(
            "{measured} error: RMSE {:.4}, R² {:.4} ({} rows), with the last weights",
            found.rmse,
            found.r2,
            thousands(test.samples())
        ))?,
        None => output.line(format!(
            "{measured} accuracy: {} ({} of {}), loss {:.4}, with the last weights",
            percent(test.accuracy()),
            thousands(test.right()),
            thousands(test.samples()),
            test.loss()
        ))?,
    }
    if let Some(best) = best {
        let chosen = match watched {
            WatchedPart::Validation => "chosen on the validation part",
            WatchedPart::Test => "chosen on the test part itself; --validation sets samples aside for the choice",
            WatchedPart::Training => {
                "chosen on the training part itself; --validation sets samples aside for the choice"
            }
        };
        output.line(format!("best epoch: {}, {} ({chosen})", best.epoch, judged(session.model(), &best.watched)))?;
    }
    output.line(format!("training: {train_seconds:.1} s, {images_per_second:.0} {}/s", samples_of(session.model())))?;
    output.line(format!("weights: sha256 {weights_sha256}"))?;
    output.line(format!("run: {}", run.display()))?;
    if let Some(report) = report {
        output.line(format!("report: {}", report.display()))?;
    }
    if stop_reason.is_none() {
        output.line(format!("to go on: striate resume {}", run.display()))?;
    }
    Ok(ended)
}
