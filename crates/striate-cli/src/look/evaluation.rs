//! What a classifier gets right and wrong, as pictures.

use crate::draw::bars::Bars;
use crate::draw::canvas::Drawing;
use crate::draw::chart::{Axis, Chart, Curve};
use crate::draw::colour::Map;
use crate::draw::matrix::Matrix;
use striate::evaluate::{Answers, Calibration, Confusion, Separation};

/// Bins of the calibration, as usual.
pub(crate) const BINS: usize = 15;
/// More curves than this cannot be told apart.
const MOST_CURVES: usize = 10;

/// A row for each true class, coloured by the part of it that each class was given.
pub(crate) fn confusion(confusion: &Confusion) -> Drawing {
    let n = confusion.classes().len();
    let of_class: Vec<u64> = confusion.counts().chunks(n).map(|row| row.iter().sum()).collect();
    let part = |i: usize| confusion.counts()[i] as f32 / of_class[i / n].max(1) as f32;
    let values: Vec<f32> = (0..n * n).map(part).collect();
    // Cells of nothing stay empty: mistakes can be found at a glance.
    let text = |count: &u64| if *count == 0 { String::new() } else { count.to_string() };
    let texts: Vec<String> = confusion.counts().iter().map(text).collect();
    Matrix {
        title: "Confusion matrix: how many samples of each class were taken for each",
        row_title: "true class",
        column_title: "predicted class",
        rows: confusion.classes(),
        columns: confusion.classes(),
        values: &values,
        texts: &texts,
        range: (0.0, 1.0),
        map: Map::Cividis,
        unit: "part of the true class",
    }
    .draw()
}

/// The F1 of each class.
pub(crate) fn classes(confusion: &Confusion) -> Drawing {
    let f1 = |k: usize| (confusion.classes()[k].clone(), confusion.scores(k).f1);
    let bars: Vec<_> = (0..confusion.classes().len()).map(f1).collect();
    Bars { title: "F1 of each class", unit: "F1", bars: &bars, range: Some((0.0, 1.0)) }.draw()
}

/// Each class against the rest: its curve with its name and area; of many classes those that are told apart worst, in their own
/// order, and the mean over all.
fn against_the_rest(
    answers: &Answers,
    what: &str,
    area: fn(&Separation) -> f64,
    points: fn(Separation) -> Vec<(f64, f64)>,
) -> (String, Vec<Curve>) {
    let mut of: Vec<(usize, Separation)> =
        (0..answers.classes().len()).filter_map(|k| Some((k, Separation::of(answers, k)?))).collect();
    let count = of.len();
    let all: Vec<Separation> = of.iter().map(|(_, s)| s.clone()).collect();
    if count > MOST_CURVES {
        of.sort_by(|a, b| area(&a.1).total_cmp(&area(&b.1)));
        of.truncate(MOST_CURVES - 1);
        of.sort_by_key(|(k, _)| *k);
    }
    let named = |(k, s): (usize, Separation)| {
        Curve::new(format!("{}: {what} {:.4}", answers.classes()[k], area(&s)), thinned(points(s)))
    };
    let mut curves: Vec<Curve> = of.into_iter().map(named).collect();
    if count <= MOST_CURVES {
        return (String::new(), curves);
    }
    if let Some(mean) = Separation::mean(&all) {
        let name = format!("mean of all {count}: {what} {:.4}", area(&mean));
        curves.push(Curve::new(name, thinned(points(mean))).chief());
    }
    (format!(" (the {} hardest of {count}, and the mean of all)", MOST_CURVES - 1), curves)
}

/// True positive rate over false positive rate, a curve for each class against the rest.
pub(crate) fn roc(answers: &Answers) -> Drawing {
    let (shown, curves) = against_the_rest(answers, "area", |s| s.roc_area, |s| s.roc);
    Chart {
        title: format!("ROC curves, each class against the rest{shown}"),
        x: Axis::new("false positive rate").range(0.0, 1.0),
        y: Axis::new("true positive rate").range(0.0, 1.0),
        curves,
        guide: Some(((0.0, 0.0), (1.0, 1.0))),
        ..Chart::default()
    }
    .draw()
}

/// Precision over recall, a curve for each class against the rest.
pub(crate) fn precision_recall(answers: &Answers) -> Drawing {
    let (shown, curves) = against_the_rest(answers, "AP", |s| s.average_precision, |s| s.precision_recall);
    Chart {
        title: format!("Precision and recall, each class against the rest{shown}"),
        x: Axis::new("recall").range(0.0, 1.0),
        y: Axis::new("precision").range(0.0, 1.0),
        curves,
        ..Chart::default()
    }
    .draw()
}

/// Accuracy over confidence, beside the diagonal of perfect calibration.
pub(crate) fn calibration(calibration: &Calibration) -> Drawing {
    let bins = || calibration.bins.iter().filter(|bin| bin.samples > 0);
    let samples: u64 = bins().map(|bin| bin.samples).sum();
    Chart {
        title: format!("Calibration: expected error {:.4}", calibration.error),
        x: Axis::new("confidence: probability of the predicted class").range(0.0, 1.0),
        y: Axis::new("part").range(0.0, 1.0),
        curves: vec![
            Curve::new("right, of the bin", bins().map(|bin| (bin.confidence, bin.accuracy)).collect()),
            Curve::new(
                "in the bin, of all",
                bins().map(|bin| (bin.confidence, bin.samples as f64 / samples as f64)).collect(),
            ),
        ],
        guide: Some(((0.0, 0.0), (1.0, 1.0))),
        ..Chart::default()
    }
    .draw()
}

/// All of them, each with the name of its file.
pub(crate) fn all(answers: &Answers) -> Vec<(&'static str, Drawing)> {
    let counted = answers.confusion();
    vec![
        ("confusion", confusion(&counted)),
        ("classes", classes(&counted)),
        ("roc", roc(answers)),
        ("precision-recall", precision_recall(answers)),
        ("calibration", calibration(&Calibration::of(answers, BINS))),
    ]
}

/// The points of a curve that can be seen: one that lies less than a tenth of a pixel beside the last is left out.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let last = points.len().saturating_sub(1);
    let mut kept: Vec<(f64, f64)> = vec![];
    for (i, point) in points.into_iter().enumerate() {
        let near = |a: f64, b: f64| (a - b).abs() < 2e-3;
        if i == last || kept.last().is_none_or(|k| !(near(k.0, point.0) && near(k.1, point.1))) {
            kept.push(point);
        }
    }
    kept
}
