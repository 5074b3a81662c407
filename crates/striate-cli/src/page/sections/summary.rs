//! Model, data and settings of the run.

use crate::look;
use crate::output::{percent, thousands};
use crate::page::{Context, Html, Section, Told};
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "summary", title: "Summary", build };

fn build(context: &Context) -> Result<Option<Html>> {
    let Context { record, summary, saved, .. } = context;
    let mut html = Html::default();
    let quality = match &context.told {
        Told::Classes(answers) => ("accuracy", percent(answers.confusion().accuracy())),
        Told::Numbers(pairs) => ("root mean square error", format!("{:.4}", look::numbers::Errors::of(pairs).rmse)),
    };
    html.facts(&[
        ("model", record.model.clone()),
        quality,
        ("parameters", thousands(summary.parameters)),
        ("multiply-adds a sample", thousands(summary.macs)),
        ("epochs", context.history.epochs().to_string()),
        ("begun", record.date.clone()),
    ]);
    let shape = |sizes: &[usize]| sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    html.paragraph(&format!(
        "Data: {}; samples of {}, {}.",
        context.data.source(),
        shape(&summary.input),
        match context.answers() {
            Some(answers) => format!("{} classes", answers.classes().len()),
            None => format!("a number to tell: {}", saved.model().targets.join(", ")),
        }
    ));
    html.heading("Layers");
    let rows: Vec<Vec<String>> = summary
        .layers
        .iter()
        .map(|layer| {
            let field = match (&layer.boxes, &layer.receptive_field) {
                (Some(boxes), _) => format!("≤ {}", shape(&boxes.greatest())),
                (None, Some(field)) => shape(&field.size),
                (None, None) => String::new(),
            };
            vec![
                layer.name.clone(),
                layer.r#type.to_string(),
                shape(&layer.output),
                thousands(layer.parameters),
                thousands(layer.macs),
                field,
            ]
        })
        .collect();
    let head = ["layer", "type", "#output", "#parameters", "#multiply-adds", "#receptive field"];
    html.table("layers of the model", &head, &rows);
    html.heading("Settings");
    html.table("settings of the run", &["setting", "~value", "where it came from"], &settings(context)?);
    html.paragraph(&format!("Weights: SHA-256 {}.", saved.weights_sha256()));
    Ok(Some(html))
}

/// Each setting with its value and its source, as the run's record has them.
fn settings(context: &Context) -> Result<Vec<Vec<String>>> {
    let record = serde_json::to_value(&context.record)
        .map_err(|failure| Error::internal("the settings could not be read").found(failure))?;
    let mut values = vec![];
    for part in ["settings", "optimizer", "data"] {
        flatten(&record[part], "", &mut values);
    }
    let origin = |name: &str| {
        let end = name.rsplit('.').next().unwrap_or(name).replace('_', "-");
        // The names of flags differ from those of settings in these.
        let flag = match name {
            "learning-rate" => "lr",
            "kind" => "optimizer",
            "folder" => "data",
            _ => &end,
        };
        let of = |flag: &str| context.record.origin.get(flag).cloned();
        of(flag).or_else(|| of(&format!("stop-{end}"))).unwrap_or_default()
    };
    Ok(values
        .into_iter()
        .map(|(name, value)| {
            let from = origin(&name);
            vec![name, value, from]
        })
        .collect())
}

fn flatten(value: &serde_json::Value, name: &str, into: &mut Vec<(String, String)>) {
    use serde_json::Value;
    match value {
        Value::Object(parts) => {
            for (part, value) in parts {
                let name = if name.is_empty() { part.clone() } else { format!("{name}.{part}") };
                flatten(value, &name, into);
            }
        }
        Value::Null => {}
        Value::String(text) => into.push((name.to_string(), text.clone())),
        other => into.push((name.to_string(), other.to_string())),
    }
}
