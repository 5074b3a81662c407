use super::{data, part_of, saved};
use crate::args::EvalArgs;
use crate::output::{Output, percent, thousands};
use crate::{Ended, draw, look};
use serde_json::json;
use striate::evaluate::{Calibration, Separation};
use striate::prelude::*;
use striate::train::Workers;

/// How many mistakes are named.
const PAIRS: usize = 5;

pub(crate) fn run(args: &EvalArgs, output: &mut Output) -> Result<Ended> {
    let mut saved = saved(&args.saved)?;
    let data = data(&args.saved, args.data.as_deref())?.open(part_of(args.part))?;
    let workers = Workers::new(args.threads.count());
    let result = saved.evaluate(&workers, &data)?;
    let answers = saved.answers(&workers, &data)?;
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
