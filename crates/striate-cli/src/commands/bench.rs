//! How fast models run. With `--serve` a driver asks for steps, so that it can run other programs in between:
//!
//! ```text
//! → {"ready": true, "peer": "striate", …}       after the steps that warm up
//! ← N                                           a number of steps, on a line by itself
//! → {"steps": N, "ns": […]}                     nanoseconds of each
//! ← quit                                        or the end of stdin
//! → {"peak_rss_kib": …}
//! ```

use crate::Ended;
use crate::args::{BenchCommand, BenchModelArgs, BenchOpArgs};
use crate::output::{Output, milliseconds, thousands};
use serde_json::{Value, json};
use std::io::{self, BufRead};
use std::time::Duration;
use striate::bench::{Times, Variant, Workload, bench_op, peak_memory_kib};
use striate::plan::Isa;
use striate::prelude::*;

pub(crate) fn run(command: &BenchCommand, output: &mut Output) -> Result<Ended> {
    match command {
        BenchCommand::Model(args) => model(args, output),
        BenchCommand::Op(args) => op(args, output),
    }
}

/// Steps that a driver may ask for at once.
const MOST_STEPS: usize = 10_000_000;

fn model(args: &BenchModelArgs, output: &mut Output) -> Result<Ended> {
    let model = super::model(&args.workload.model)?;
    let (batch, task, options) = (args.workload.batch, args.workload.mode.into(), args.workload.kernels.options()?);
    let mut workload = Workload::with_options(&model, batch, task, args.threads.count(), &options)?;
    workload.measure(args.warmup as usize)?;
    let about = json!({
        "peer": "striate",
        "version": env!("CARGO_PKG_VERSION"),
        "instruction_set": Isa::from_environment()?.to_string(),
        "model": model.name,
        "batch": workload.batch(),
        "mode": workload.task(),
        "threads": workload.threads(),
        "exact": options.exact,
        "macs": workload.multiply_adds(),
    });
    if args.serve {
        return serve(&mut workload, about, output);
    }
    let steps = args.steps as usize;
    let times = Times::new(workload.measure(steps)?);
    let profile = if args.profile { Some(workload.profile(steps)?) } else { None };
    if output.is_json() {
        let mut measured = json!({
            "steps": times.count(),
            "median_ns": times.median().as_nanos() as u64,
            "min_ns": times.least().as_nanos() as u64,
            "images_per_s": per_second(&workload, times.median()),
            "peak_rss_kib": peak_memory_kib(),
        });
        if let Some(profile) = profile {
            measured = with(measured, json!({ "profile": profile }));
        }
        output.object(&with(about, measured))?;
        return Ok(Ended::Well);
    }
    report(&about, &workload, &times, output)?;
    if let Some(profile) = profile {
        output.line("")?;
        output.line(profile.to_string().trim_end())?;
    }
    Ok(Ended::Well)
}

fn op(args: &BenchOpArgs, output: &mut Output) -> Result<Ended> {
    let variant = match args.variant.as_deref() {
        None => Variant::Chosen,
        Some("all") => Variant::All,
        Some(name) => Variant::Named(name.to_string()),
    };
    let report = bench_op(&args.problem, args.pass.into(), &variant, args.threads.count())?;
    match output.is_json() {
        true => output.object(&report)?,
        false => output.line(report.to_string().trim_end())?,
    }
    Ok(Ended::Well)
}

fn report(about: &Value, workload: &Workload, times: &Times, output: &mut Output) -> Result<()> {
    let word = |key: &str| about[key].as_str().unwrap_or_default().to_string();
    let threads = match workload.threads() {
        1 => "1 thread".to_string(),
        many => format!("{many} threads"),
    };
    let (model, mode, isa) = (word("model"), word("mode"), word("instruction_set"));
    output.line(format!("{model} · {mode} · batch {} · {threads} · {isa}", workload.batch()))?;
    output.line(format!("images/s: {}", thousands(per_second(workload, times.median()).round() as u64)))?;
    let steps = times.count();
    let (median, least) = (milliseconds(times.median()), milliseconds(times.least()));
    output.line(format!("step: {median} (median of {steps}), {least} (shortest)"))?;
    output.line(match peak_memory_kib() {
        Some(kib) => format!("peak memory: {:.1} MiB", kib as f64 / 1024.0),
        None => "peak memory: unknown on this system".to_string(),
    })
}

/// Samples in a second, at so much a step.
fn per_second(workload: &Workload, step: Duration) -> f64 {
    workload.batch() as f64 / step.as_secs_f64()
}

/// Answers the lines on stdin.
fn serve(workload: &mut Workload, about: Value, output: &mut Output) -> Result<Ended> {
    output.object(&with(about, json!({ "ready": true })))?;
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|failure| Error::new(Fault::Data, "cannot read from stdin").found(failure))?;
        let line = line.trim();
        if line == "quit" {
            break;
        }
        let steps = line.parse().ok().filter(|&steps| steps <= MOST_STEPS).ok_or_else(|| {
            Error::usage("a line on stdin is no request")
                .found(format!("`{line}`"))
                .expected(format!("a number of steps up to {MOST_STEPS}, or `quit`"))
        })?;
        let ns: Vec<_> = workload.measure(steps)?.iter().map(|step| step.as_nanos() as u64).collect();
        output.object(&json!({ "steps": steps, "ns": ns }))?;
    }
    output.object(&json!({ "peak_rss_kib": peak_memory_kib() }))?;
    Ok(Ended::Well)
}

/// An object with the fields of both.
fn with(mut object: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (object.as_object_mut(), more) {
        fields.extend(more);
    }
    object
}
