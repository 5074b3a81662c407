use super::{data, part_of, saved};
use crate::args::EvalArgs;
use crate::output::{Output, note, percent, thousands};
use crate::progress::regression;
use crate::{Ended, draw, look};
use serde_json::json;
use striate::data::Part;
use striate::evaluate::{Calibration, Separation};
use striate::prelude::*;
use striate::run::{RunFolder, RunRecord, Saved};
use striate::tables::{Encoding, Header, Regression, encode};
use striate::train::Workers;

/// How many mistakes are named.
const PAIRS: usize = 5;

pub(crate) fn run(args: &EvalArgs, output: &mut Output) -> Result<Ended> {
    let mut saved = saved(&args.saved)?;
    let part = part_of(args.part);
    let (data, left_out) = match saved.model().table.clone() {
        Some(encoding) => table(args, part, &saved, &encoding)?,
        None => (data(&args.saved, args.data.as_deref())?.open(part)?, 0),
    };
    let workers = Workers::new(args.threads.count());
    if left_out > 0 {
        note(format!("{left_out} rows are left out: a value is missing or unknown"));
    }
    if saved.model().gives_numbers() {
        let result = saved.evaluate(&workers, &data)?;
        return match regression(saved.model(), &result.all, data.targets()) {
            Some(found) => numbers(&saved, &data, found, output),
            None => Err(Error::data("the data have no numbers to tell")
                .at(striate::tensor::Place::File(data.source().to_string()))),
        };
    }
    let (result, answers) = saved.judge(&workers, &data)?;
    let confusion = answers.confusion();
    let (mean, weighted) = (confusion.macro_average(), confusion.weighted_average());
    let calibration = Calibration::of(&answers, look::evaluation::BINS);
    let names = answers.classes();
    let curves: Vec<Option<Separation>> = (0..names.len()).map(|k| Separation::of(&answers, k)).collect();
    let over = |of: fn(&Separation) -> f64| {
        let known: Vec<f64> = curves.iter().flatten().map(of).collect();
        if known.is_empty() { None } else { Some(known.iter().sum::<f64>() / known.len() as f64) }
    };
    let (roc_area, average_precision) = (over(|s| s.roc_area), over(|s| s.average_precision));
    let confused = confusion.most_confused(PAIRS);
    let mut files = vec![];
    if let Some(folder) = &args.out {
        for (name, drawing) in look::evaluation::all(&answers) {
            let path = folder.join(format!("{name}.{}", args.format.ending()));
            draw::write(&path, &drawing)?;
            files.push(path);
        }
    }
    let of = |(right, samples): (u64, u64)| if samples == 0 { None } else { Some(right as f64 / samples as f64) };
    if output.is_json() {
        let classes = names.iter().zip(&result.classes).enumerate().map(|(k, (name, &(right, samples)))| {
            let scores = confusion.scores(k);
            json!({
                "class": name, "accuracy": of((right, samples)), "right": right, "samples": samples,
                "precision": scores.precision, "recall": scores.recall, "f1": scores.f1,
                "roc_area": curves[k].as_ref().map(|s| s.roc_area),
                "average_precision": curves[k].as_ref().map(|s| s.average_precision),
            })
        });
        let confused = confused
            .iter()
            .map(|pair| json!({ "true": names[pair.truth], "predicted": names[pair.predicted], "count": pair.count }));
        output.object(&json!({
            "model": saved.model().name,
            "weights": saved.path(),
            "data": data.source(),
            "accuracy": result.all.accuracy(),
            "loss": result.all.loss(),
            "right": result.all.right(),
            "samples": result.all.samples(),
            "macro": mean,
            "weighted": weighted,
            "roc_area": roc_area,
            "average_precision": average_precision,
            "calibration": calibration,
            "confusion": confusion.counts().chunks(names.len()).collect::<Vec<_>>(),
            "most_confused": confused.collect::<Vec<_>>(),
            "classes": classes.collect::<Vec<_>>(),
            "pictures": files,
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
    output.line(format!("F1: {:.4} over classes, {:.4} over samples", mean.f1, weighted.f1))?;
    if let (Some(area), Some(precision)) = (roc_area, average_precision) {
        output.line(format!("ROC area: {area:.5}, average precision: {precision:.5}, means over classes"))?;
    }
    output.line(format!("calibration error: {:.4} over {} bins", calibration.error, calibration.bins.len()))?;
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(5);
    output.line(format!("  {:<width$}  {:>9}  {:>9}  {:>6}", "class", "accuracy", "precision", "F1"))?;
    for (k, (name, &(right, samples))) in names.iter().zip(&result.classes).enumerate() {
        let accuracy = of((right, samples)).map_or("no sample".into(), percent);
        let scores = confusion.scores(k);
        let precision = percent(scores.precision);
        output
            .line(format!("  {name:<width$}  {accuracy:>9}  {precision:>9}  {:.4}  {right} of {samples}", scores.f1))?;
    }
    if !confused.is_empty() {
        let pair = |pair: &striate::evaluate::Pair| {
            format!("{} taken for {} ({})", names[pair.truth], names[pair.predicted], pair.count)
        };
        output.line(format!("most confused: {}", confused.iter().map(pair).collect::<Vec<_>>().join(", ")))?;
    }
    files.iter().try_for_each(|file| output.line(format!("picture: {}", file.display()))).map(|()| Ended::Well)
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
