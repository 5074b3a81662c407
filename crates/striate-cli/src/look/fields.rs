//! Receptive fields on the input.

use crate::draw::canvas::Drawing;
use crate::draw::chart::{Axis, Chart, Curve};
use crate::draw::colour::{Map, class, extent};
use crate::draw::marked::{Mark, Marked};
use crate::draw::pixels::{Heat, Pixels};
use std::ops::Range;
use striate::explain::EffectiveField;
use striate::prelude::*;
use striate::tensor::Array;

/// The box that a unit sees, with its centre, and the effective field over the mean of the samples.
///
/// # Errors
/// `Fault::Usage`: the input has three axes or more, which no picture shows.
pub(crate) fn drawing(
    title: &str,
    measure: &str,
    samples: &Array<f32>,
    seen: &[Range<usize>],
    centre: &[f64],
    effective: &EffectiveField,
) -> Result<Drawing> {
    let most = effective.weight.iter().copied().fold(f64::MIN_POSITIVE, f64::max) as f32;
    let weight: Vec<f32> = effective.weight.iter().map(|&w| w as f32).collect();
    match seen {
        [line] => {
            let high = |i: usize| if line.contains(&i) { f64::from(most) } else { 0.0 };
            let (from, to) = (line.start.saturating_sub(4), (line.end + 4).min(weight.len()));
            Ok(Chart {
                title: title.to_string(),
                x: Axis::new("element of the input"),
                y: Axis::new(measure),
                curves: vec![
                    Curve::new("effective", (from..to).map(|i| (i as f64, f64::from(weight[i]))).collect()),
                    Curve::new("by formula: inside", (from..to).map(|i| (i as f64, high(i))).collect()),
                ],
                ..Chart::default()
            }
            .draw())
        }
        [rows, columns] => {
            let (channels, wide) = (samples.shape()[1], effective.sizes[1]);
            let background = mean(samples);
            let picture = Pixels::sample(&background, channels, wide, extent(&background));
            let range = (0.0, most);
            let heat = Heat { values: &weight, columns: wide, range, map: Map::Viridis, quiet: 0.0, opacity: 0.85 };
            let marks = [
                Mark::Box {
                    top: rows.start as f32,
                    left: columns.start as f32,
                    high: rows.len() as f32,
                    wide: columns.len() as f32,
                    colour: class(5),
                    name: format!("by formula: {}×{} here", rows.len(), columns.len()),
                },
                Mark::Point {
                    row: centre[0] as f32,
                    column: centre[1] as f32,
                    colour: class(5),
                    name: "its centre".into(),
                },
            ];
            let bar = Some((range, Map::Viridis, measure));
            Ok(Marked { title, pixels: picture.under(&heat), marks: &marks, bar }.draw())
        }
        _ => Err(Error::usage("fields over three axes cannot be drawn").found(format!("{} axes", seen.len()))),
    }
}

/// The mean of samples N×….
fn mean(samples: &Array<f32>) -> Vec<f32> {
    let count = samples.shape()[0];
    let size = samples.data().len() / count.max(1);
    let sum = |i: usize| (0..count).map(|n| samples.data()[n * size + i]).sum::<f32>();
    (0..size).map(|i| sum(i) / count as f32).collect()
}
