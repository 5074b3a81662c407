//! Which frequencies the first kernels let through: |H(v, u)| = |Σ w[y, x] e^(−2πi (v·y + u·x))|, in cycles per pixel.

use super::kernels::{First, first};
use crate::draw::colour::Map;
use crate::draw::spectrum::{Plane, centred, polar};
use crate::draw::tiles::{Sheet, Tile};
use crate::page::{Context, Html, Section};
use std::f32::consts::TAU;
use striate::prelude::*;

pub(crate) const SECTION: Section = Section { name: "frequency", title: "Frequencies", build };

/// Frequencies along an axis.
const EDGE: usize = 33;
/// Kernels that are drawn, and curves that can be told apart.
const MOST: usize = 24;
const CURVES: usize = 6;

/// The response at a frequency to the kernel of one channel.
fn response(kernel: &[f32], columns: usize, v: f32, u: f32) -> f32 {
    let (mut re, mut im) = (0.0, 0.0);
    for (i, w) in kernel.iter().enumerate() {
        let angle = TAU * (v * (i / columns) as f32 + u * (i % columns) as f32);
        re += w * angle.cos();
        im -= w * angle.sin();
    }
    f32::hypot(re, im)
}

fn build(context: &Context) -> Result<Option<Html>> {
    let Some(First { name, weight, channels, rows, columns }) = first(context)? else { return Ok(None) };
    let plane = rows * columns;
    let kernels = weight.data().len() / (channels * plane);
    // Over several channels the mean of the magnitudes.
    let of = |k: usize, v: f32, u: f32| {
        let all = (0..channels).map(|c| &weight.data()[(k * channels + c) * plane..][..plane]);
        all.map(|kernel| response(kernel, columns, v, u)).sum::<f32>() / channels as f32
    };
    // As transforms give them: 0, 1/n, …, then the negative ones.
    let frequency = |i: usize| (if i <= EDGE / 2 { i as f32 } else { i as f32 - EDGE as f32 }) / EDGE as f32;
    let responses: Vec<Vec<f32>> = (0..kernels)
        .map(|k| (0..EDGE * EDGE).map(|i| of(k, -frequency(i / EDGE), frequency(i % EDGE))).collect())
        .collect();
    let most = responses.iter().flatten().fold(f32::MIN_POSITIVE, |m, v| m.max(*v));
    let tile = |(k, values): (usize, &Vec<f32>)| Tile::values(centred(values, EDGE), k.to_string());
    let tiles: Vec<_> = responses.iter().take(MOST).enumerate().map(tile).collect();
    let (title, range) = (format!("{name}: response of each kernel, frequency 0 in the middle"), (0.0, most));
    let sheet = Sheet { title: &title, columns: EDGE, across: 8, range, map: Map::Viridis, unit: "|H|", rows: &[] };
    let mean: Vec<f32> =
        (0..EDGE * EDGE).map(|i| responses.iter().map(|r| r[i]).sum::<f32>() / kernels as f32).collect();
    let title = format!("{name}: mean response of all kernels");
    let all = Plane { title: &title, magnitudes: &mean, columns: EDGE, log: false, unit: "mean |H|" };
    let around = |k: usize| {
        let at = |i: usize| {
            let angle = i as f32 / 120.0 * TAU;
            (angle, of(k, -0.25 * angle.sin(), 0.25 * angle.cos()))
        };
        (format!("kernel {k}"), (0..=120).map(at).collect())
    };
    let curves: Vec<_> = (0..kernels.min(CURVES)).map(around).collect();
    let directions = polar(&format!("{name}: response over directions, at ¼ cycle per pixel"), "|H|", &curves);
    let mut html = Html::default();
    html.paragraph(
        "A kernel that is bright in the middle blurs (low-pass), one that is dark there finds edges (high-pass or band-pass), \
         across the direction in which it is bright.",
    );
    html.figure(&sheet.draw(&tiles), &format!("Frequency responses of {} kernels of {name}", tiles.len()), "")?;
    let told = format!("Mean response of the {kernels} kernels of {name} over the plane of frequencies");
    let turned = format!("Responses of the first {} kernels over all directions", curves.len());
    html.figures(&[(&all.draw(), &told, ""), (&directions, &turned, "")])?;
    Ok(Some(html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_passes_the_mean_and_a_difference_stops_it() {
        let near = |a: f32, b: f32| assert!((a - b).abs() < 1e-5, "{a} is not {b}");
        near(response(&[0.25; 4], 2, 0.0, 0.0), 1.0);
        near(response(&[0.25; 4], 2, 0.5, 0.0), 0.0);
        near(response(&[1.0, -1.0], 2, 0.0, 0.0), 0.0);
        near(response(&[1.0, -1.0], 2, 0.3, 0.5), 2.0);
    }
}
