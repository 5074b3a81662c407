//! The epochs of a run as curves.

use crate::draw::canvas::Drawing;
use crate::draw::chart::{Axis, Chart, Curve};
use striate::run::History;

/// Loss (on a logarithmic axis), accuracy, and learning rate over the epochs, each with the name of its file.
pub(crate) fn training(history: &History) -> Vec<(&'static str, Drawing)> {
    let epochs = history.column("epoch").unwrap_or_default();
    let curve = |(name, values): (&str, Vec<f64>), end: &str| {
        // The part that the column is of, or the column itself where it is of none.
        let part = name.strip_suffix(end).filter(|part| !part.is_empty()).unwrap_or(name);
        let name = part.replace("train", "training").replace('_', " ");
        Curve::new(name, epochs.iter().copied().zip(values).collect())
    };
    let best = history.ending("_accuracy").into_iter().find(|(name, _)| *name != "train_accuracy");
    // The first of equals, as the run chooses its best weights.
    let best = best.and_then(|(_, values)| {
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(epochs[values.iter().position(|v| *v == most)?])
    });
    let chart = |title: &str, y: Axis, end: &str, marked: bool| Chart {
        title: title.to_string(),
        x: Axis::new("epoch").whole(),
        y,
        curves: history.ending(end).into_iter().map(|named| curve(named, end)).collect(),
        marked: best.filter(|_| marked).map(|epoch| (epoch, format!("best: epoch {epoch}"))),
        ..Chart::default()
    };
    vec![
        ("loss", chart("Loss over the epochs", Axis::new("mean loss (nats)").log(), "_loss", true).draw()),
        ("accuracy", chart("Accuracy over the epochs", Axis::new("part of the samples"), "_accuracy", true).draw()),
        (
            "learning-rate",
            chart("Learning rate over the epochs", Axis::new("learning rate"), "learning_rate", false).draw(),
        ),
    ]
}
