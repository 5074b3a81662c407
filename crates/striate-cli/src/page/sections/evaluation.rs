//! What the model gets right on the test part, and whether its probabilities can be believed.

use crate::look;
use crate::output::{percent, thousands};
use crate::page::{Context, Html, Section, Told};
use striate::evaluate::{Calibration, Separation};
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "evaluation", title: "Evaluation", build };

fn build(context: &Context) -> Result<Option<Html>> {
    let answers = match &context.told {
        Told::Classes(answers) => answers,
        Told::Numbers(pairs) => return numbers(context, pairs).map(Some),
    };
    let (confusion, names) = (answers.confusion(), answers.classes());
    let calibration = Calibration::of(answers, look::evaluation::BINS);
    let mut html = Html::default();
    html.paragraph(&of(context));
    let (mean, weighted) = (confusion.macro_average(), confusion.weighted_average());
    html.facts(&[
        ("accuracy", percent(confusion.accuracy())),
        ("F1 over classes", format!("{:.4}", mean.f1)),
        ("F1 over samples", format!("{:.4}", weighted.f1)),
        ("calibration error", format!("{:.4}", calibration.error)),
    ]);
    let rows: Vec<Vec<String>> = (0..names.len())
        .map(|k| {
            let (scores, curves) = (confusion.scores(k), Separation::of(answers, k));
            let of = |v: Option<f64>| v.map_or("—".to_string(), |v| format!("{v:.4}"));
            vec![
                names[k].clone(),
                scores.samples.to_string(),
                format!("{:.4}", scores.precision),
                format!("{:.4}", scores.recall),
                format!("{:.4}", scores.f1),
                of(curves.as_ref().map(|s| s.roc_area)),
                of(curves.as_ref().map(|s| s.average_precision)),
            ]
        })
        .collect();
    let head = ["class", "#samples", "#precision", "#recall", "#F1", "#ROC area", "#average precision"];
    html.table("scores of each class", &head, &rows);
    let pairs: Vec<String> = confusion
        .most_confused(5)
        .iter()
        .map(|pair| format!("{} taken for {} ({})", names[pair.truth], names[pair.predicted], pair.count))
        .collect();
    let confused = if pairs.is_empty() {
        "Nothing is confused.".to_string()
    } else {
        format!("Most confused: {}.", pairs.join(", "))
    };
    html.paragraph(&confused);
    let told = |name: &str| match name {
        "confusion" => format!("Confusion matrix of {} classes. {confused}", names.len()),
        "classes" => "F1 of each class as bars; the table above has the numbers".to_string(),
        "roc" => "ROC curve of each class; the table above has the areas".to_string(),
        "precision-recall" => {
            "Precision over recall of each class; the table above has the average precisions".to_string()
        }
        _ => format!(
            "Accuracy over confidence in {} bins; the expected calibration error is {:.4}",
            look::evaluation::BINS,
            calibration.error
        ),
    };
    let drawn = look::evaluation::all(answers);
    let figures: Vec<_> = drawn.iter().map(|(name, drawing)| (drawing, told(name))).collect();
    html.figures(&figures.iter().map(|(drawing, told)| (*drawing, told.as_str(), "")).collect::<Vec<_>>())?;
    Ok(Some(html))
}

/// What the numbers are of.
fn of(context: &Context) -> String {
    let (answered, samples) = (context.data.len(), context.samples);
    let count = match answered < samples {
        true => format!("the first {} of {} samples", thousands(answered as u64), thousands(samples as u64)),
        false => format!("{} samples", thousands(answered as u64)),
    };
    format!("Of {} ({count}), with the weights of the best epoch.", context.data.source())
}

/// Of a model that gives numbers: how far they are off.
fn numbers(context: &Context, pairs: &[(f64, f64)]) -> Result<Html> {
    let errors = look::numbers::Errors::of(pairs);
    let target = context.saved.model().targets.join(", ");
    let mut html = Html::default();
    html.paragraph(&of(context));
    html.facts(&[
        ("root mean square error", format!("{:.4}", errors.rmse)),
        ("mean error, without its sign", format!("{:.4}", errors.mean)),
        ("R²", errors.r2.map_or("—".into(), |r2| format!("{r2:.4}"))),
    ]);
    html.paragraph(
        "R² is the part of the variance that the model explains: 1 at best, 0 for a model that always tells the mean.",
    );
    let told = format!("What the model tells over what is true, for {} samples of {target}", pairs.len());
    let off = format!("How many samples are off by how much, for {} samples of {target}", pairs.len());
    html.figures(&[
        (&look::numbers::told(&target, pairs), &told, "On the dashed line what is told is true."),
        (&look::numbers::off(&target, pairs), &off, ""),
    ])?;
    Ok(html)
}
