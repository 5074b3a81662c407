//! What a shift of the pictures does.

use crate::draw::canvas::Drawing;
use crate::draw::chart::{Axis, Chart, Curve};
use striate::explain::shift::{LayerShift, Shifts};

/// More layers than this are not drawn: of deep networks those whose stride differs from that of the layer before.
const MOST: usize = 6;

/// The part of the answers that stay, the change of their probability, and the error of layers, over the shift.
pub(crate) fn drawing(name: &str, shifts: &Shifts) -> Drawing {
    let measured: Vec<&LayerShift> = shifts.layers.iter().filter(|layer| layer.mean_error().is_some()).collect();
    let steps = |layers: &[&LayerShift], i: usize| i == 0 || layers[i].stride != layers[i - 1].stride;
    let shown: Vec<&LayerShift> = match measured.len() {
        0..=MOST => measured,
        count => (0..count).filter(|&i| steps(&measured, i)).map(|i| measured[i]).take(MOST).collect(),
    };
    let layers = shown.into_iter().map(|layer| {
        let points = layer.error.iter().enumerate().filter_map(|(d, e)| e.map(|e| (d as f64, e)));
        Curve::new(format!("E of {}", layer.layer), points.collect())
    });
    let answers =
        [Curve::steps("same class", 1.0, &shifts.same_class), Curve::steps("mean |Δp|", 1.0, &shifts.probability)];
    Chart {
        title: format!("{name}: what a shift does, {} pictures", shifts.samples),
        x: Axis::new("shift, pixels"),
        y: Axis::new("part; relative error E"),
        curves: answers.into_iter().chain(layers).collect(),
        ..Chart::default()
    }
    .draw()
}
