use super::saved;
use crate::Ended;
use crate::args::{EvalArgs, PartName};
use crate::output::{Output, percent, thousands};
use serde_json::json;
use striate::data::Part;
use striate::prelude::*;
use striate::run::{DataRecord, RunFolder, RunRecord};
use striate::train::Workers;

pub(crate) fn run(args: &EvalArgs, output: &mut Output) -> Result<Ended> {
    let mut saved = saved(&args.saved)?;
    let part = match args.part {
        PartName::Train => Part::Train,
        PartName::Test => Part::Test,
    };
    let data = data(args)?.open(part)?;
    let result = saved.evaluate(&Workers::new(args.threads.count()), &data)?;
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
