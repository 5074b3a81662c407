use super::saved;
use crate::Ended;
use crate::args::{EvalArgs, PartName};
use crate::output::{Output, note, percent, thousands};
use crate::progress::regression;
use serde_json::json;
use striate::data::Part;
use striate::prelude::*;
use striate::run::{DataRecord, RunFolder, RunRecord, Saved};
use striate::tables::{Encoding, Header, Regression, encode};
use striate::train::Workers;

pub(crate) fn run(args: &EvalArgs, output: &mut Output) -> Result<Ended> {
    let mut saved = saved(&args.saved)?;
    let part = match args.part {
        PartName::Train => Part::Train,
        PartName::Test => Part::Test,
    };
    let (data, left_out) = match saved.model().table.clone() {
        Some(encoding) => table(args, part, &saved, &encoding)?,
        None => (data(args)?.open(part)?, 0),
    };
    let result = saved.evaluate(&Workers::new(args.threads.count()), &data)?;
    if left_out > 0 {
        note(format!("{left_out} rows are left out: a value is missing or unknown"));
    }
    if let Some(found) = regression(saved.model(), &result.all, data.targets()) {
        return numbers(&saved, &data, found, output);
    }
    let of = |(right, samples): (u64, u64)| if samples == 0 { None } else { Some(right as f64 / samples as f64) };
    let classes = saved.model().classes.iter().zip(&result.classes);
    if output.is_json() {
        let classes = classes.map(|(name, &(right, samples))| {
            json!({ "class": name, "accuracy": of((right, samples)), "right": right, "samples": samples })
        });
        output.object(&json!({
            "model": saved.model().name,
            "weights": saved.path(),
            "data": data.source(),
            "accuracy": result.all.accuracy(),
            "loss": result.all.loss(),
            "right": result.all.right(),
            "samples": result.all.samples(),
            "classes": classes.collect::<Vec<_>>(),
            "weights_sha256": saved.weights_sha256(),
        }))?;
        return Ok(Ended::Well);
    }
    output.line(format!("model: {} ({})", saved.model().name, saved.path().display()))?;
    output.line(format!("data: {}", data.source()))?;
    output.line(format!(
        "accuracy: {} ({} of {})",
        percent(result.all.accuracy()),
        thousands(result.all.right()),
        thousands(result.all.samples())
    ))?;
    output.line(format!("loss: {:.4}", result.all.loss()))?;
    let width = saved.model().classes.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, &(right, samples)) in classes {
        let accuracy = of((right, samples)).map_or("no sample".into(), percent);
        output.line(format!("  {name:<width$}  {accuracy:>9}  {right} of {samples}"))?;
    }
    Ok(Ended::Well)
}

/// What is told of a model that gives numbers.
fn numbers(saved: &Saved, data: &Dataset, found: Regression, output: &mut Output) -> Result<Ended> {
    let target = saved.model().targets.join(", ");
    if output.is_json() {
        output.object(&json!({
            "model": saved.model().name,
            "weights": saved.path(),
            "data": data.source(),
            "target": target,
            "rmse": found.rmse,
            "r2": found.r2,
            "samples": data.len(),
            "weights_sha256": saved.weights_sha256(),
        }))?;
        return Ok(Ended::Well);
    }
    output.line(format!("model: {} ({})", saved.model().name, saved.path().display()))?;
    output.line(format!("data: {}", data.source()))?;
    output.line(format!(
        "RMSE of {target}: {:.4}, R² {:.4} ({} rows)",
        found.rmse,
        found.r2,
        thousands(data.len() as u64)
    ))?;
    Ok(Ended::Well)
}

/// The rows of a table that are asked for: all of another table, else the part of the run's own that was held out (or, as
/// `--part train`, the one that was learned from). With them: how many rows are left out.
fn table(args: &EvalArgs, part: Part, saved: &Saved, encoding: &Encoding) -> Result<(Dataset, usize)> {
    if let Some(path) = &args.data {
        let table = super::tables::open(path, Header::Auto)?;
        let all: Vec<usize> = (0..table.len()).collect();
        let (data, rows) = encode(&table, encoding, &saved.model().classes, &all)?;
        return Ok((data, table.len() - rows.len()));
    }
    if !args.saved.run.is_dir() && args.saved.run.extension().is_some_and(|end| end == "safetensors") {
        return Err(Error::usage("a file of weights does not say which table it learned from")
            .expected("--data with a table")
            .hint("or give the run's folder"));
    }
    let mut record = RunRecord::read(&RunFolder::open(&args.saved.run)?)?;
    let (data, held_out) = record.data.load(saved.model(), record.settings.seed)?;
    Ok((if part == Part::Train { data.train } else { held_out }, 0))
}

/// The data that are asked for, else the run's own, else the digits inside.
fn data(args: &EvalArgs) -> Result<DataRecord> {
    if args.data.is_some() {
        return Ok(DataRecord { folder: args.data.clone(), ..DataRecord::default() });
    }
    match args.saved.run.is_file() && args.saved.run.extension().is_some_and(|end| end == "safetensors") {
        true => Ok(DataRecord::default()),
        false => Ok(RunRecord::read(&RunFolder::open(&args.saved.run)?)?.data),
    }
}
