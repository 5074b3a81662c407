//! Every kind of picture once, as both kinds of file: an example of each, and a look at all of them:
//! `STRIATE_GALLERY=folder cargo test -p striate-cli gallery` writes them.

use super::bars::Bars;
use super::canvas::Drawing;
use super::chart::{Axis, Chart, Curve};
use super::colour::{Map, class, extent, symmetric};
use super::marked::{Mark, Marked};
use super::matrix::Matrix;
use super::pixels::{Heat, Pixels};
use super::spectrum::{Plane, polar};
use super::tiles::{Sheet, Tile};
use super::{png, svg, write};
use std::f32::consts::TAU;
use std::path::Path;

/// A field of 28×28 numbers, another one for each `k`.
fn field(k: usize) -> Vec<f32> {
    let at = |i: usize| (i as f32 / 28.0).sin() * (i as f32 % 28.0 * 0.1 * (k + 1) as f32).cos() - 0.1 * k as f32;
    (0..784).map(at).collect()
}

#[track_caller]
fn check(name: &str, drawing: &Drawing) {
    let (text, bytes) = (svg::file(drawing).unwrap(), png::file(drawing).unwrap());
    assert!(!text.contains("NaN") && !text.contains("inf"), "{name}");
    let picture = image::load_from_memory(&bytes).unwrap();
    assert_eq!(
        (picture.width() as f32, picture.height() as f32),
        (2.0 * drawing.width, 2.0 * drawing.height),
        "{name}"
    );
    assert_eq!(bytes, png::file(&drawing.clone()).unwrap(), "{name}: the same drawing gives the same bytes");
    if let Some(folder) = std::env::var_os("STRIATE_GALLERY") {
        write(&Path::new(&folder).join(format!("{name}.svg")), drawing).unwrap();
        write(&Path::new(&folder).join(format!("{name}.png")), drawing).unwrap();
    }
}

#[test]
fn gallery_of_charts() {
    let loss = |a: f64| (0..100).map(|i| (i as f64, a * (-0.05 * i as f64).exp() + 0.02)).collect();
    let chart = Chart {
        title: "Training and watched loss".into(),
        x: Axis::new("epoch"),
        y: Axis::new("loss (nats)").log(),
        curves: vec![Curve::new("training", loss(2.0)), Curve::new("validation", loss(2.5))],
        marked: Some((70.0, "best".into())),
        ..Chart::default()
    };
    check("curves", &chart.draw());
    let bent = (0..=20).map(|i| (f64::from(i) / 20.0, (f64::from(i) / 20.0).powf(0.2))).collect();
    let chart = Chart {
        title: "ROC, one class against the rest".into(),
        x: Axis::new("false positive rate").range(0.0, 1.0),
        y: Axis::new("true positive rate").range(0.0, 1.0),
        curves: vec![Curve::new("class 3: area 0.83", bent)],
        guide: Some(((0.0, 0.0), (1.0, 1.0))),
        ..Chart::default()
    };
    check("roc", &chart.draw());
    let bars: Vec<_> = ["conv1", "a layer with a rather long name, longer than fits", "dense"].map(String::from).into();
    let bars: Vec<_> = bars.into_iter().zip([0.8, -0.25, 123.0 / 1e3]).collect();
    check("bars", &Bars { title: "How much of it", unit: "part", bars: &bars, range: None }.draw());
}

#[test]
fn gallery_of_matrices() {
    for (name, names) in [
        ("confusion-10", (0..10).map(|i| i.to_string()).collect::<Vec<_>>()),
        ("confusion-3", ["setosa", "versicolor, the blue flag", "virginica"].map(String::from).into()),
        ("confusion-100", (0..100).map(|i| format!("class {i}")).collect()),
    ] {
        let n = names.len();
        let values: Vec<f32> =
            (0..n * n).map(|i| if i / n == i % n { 0.95 } else { 0.05 / (1 + i % 7) as f32 }).collect();
        let texts: Vec<String> = values.iter().map(|v| format!("{:.0}", 1000.0 * v)).collect();
        let matrix = Matrix {
            title: "Confusion matrix",
            row_title: "true class",
            column_title: "predicted class",
            rows: &names,
            columns: &names,
            values: &values,
            texts: &texts,
            range: (0.0, 1.0),
            map: Map::Cividis,
            unit: "part of the true class",
        };
        check(name, &matrix.draw());
    }
}

#[test]
fn gallery_of_pictures() {
    let kernels: Vec<Vec<f32>> =
        (0..24).map(|k| (0..25).map(|i| ((i * (k + 3)) as f32 * 0.7).sin() * 0.3).collect()).collect();
    let tiles: Vec<_> = kernels.iter().enumerate().map(|(k, v)| Tile::values(v.clone(), format!("{k}"))).collect();
    let range = symmetric(&kernels.concat());
    let (title, unit) = ("Kernels of conv1", "weight");
    let sheet = Sheet { title, columns: 5, across: 8, range, map: Map::Vik, unit, rows: &[] };
    check("kernels", &sheet.draw(&tiles));

    let digit = Pixels::sample(&field(2), 1, 28, (-1.0, 1.0));
    let colour = Pixels::sample(&[field(0), field(1), field(2)].concat(), 3, 28, (-1.0, 1.0));
    let coarse = [0.0, 0.1, 0.3, 1.0, 0.0, 0.2, 0.4, 0.5, -0.2];
    let heat = Heat { values: &coarse, columns: 3, range: (0.0, 1.0), map: Map::Viridis, quiet: 0.0, opacity: 0.8 };
    let (from, to) = (class(5), class(0));
    let boxed = Mark::Box { top: 3.0, left: 5.0, high: 9.0, wide: 9.0, colour: from, name: "receptive field".into() };
    let point = Mark::Point { row: 7.0, column: 9.0, colour: to, name: "its centre".into() };
    let tiles = [
        Tile::coloured(digit.clone(), "true 3\nsaid 5 (0.98)"),
        Tile::coloured(colour.clone(), "true horse\nsaid dog (0.51)"),
        Tile::coloured(colour.under(&heat), "Grad-CAM"),
    ];
    let sheet = Sheet { title: "Samples", columns: 28, across: 4, range, map: Map::Grey, unit: "", rows: &["first"] };
    check("samples", &sheet.draw(&tiles));

    let signed = field(1);
    let range = symmetric(&signed);
    let heat = Heat { values: &signed, columns: 28, range, map: Map::Vik, quiet: 0.0, opacity: 0.9 };
    let marked = Marked {
        title: "Gradient over the picture",
        pixels: digit.under(&heat),
        marks: &[boxed, point],
        bar: Some((range, Map::Vik, "∂score/∂x")),
    };
    check("overlay", &marked.draw());
    assert_ne!(extent(&signed), range);
}

#[test]
fn gallery_of_spectra() {
    let magnitudes: Vec<f32> = (0..1024)
        .map(|i| {
            let f = |i: usize| ((i as i32 + 16) % 32 - 16) as f32;
            (-(f(i / 32).powi(2) + f(i % 32).powi(2)) / 30.0).exp()
        })
        .collect();
    for (name, log) in [("spectrum", false), ("spectrum-log", true)] {
        let plane =
            Plane { title: "Response of kernel 3", magnitudes: &magnitudes, columns: 32, log, unit: "|H|", mark: None };
        check(name, &plane.draw());
    }
    let curve = |k: f32| {
        (0..=180).map(|i| (i as f32 / 180.0 * TAU, (k * i as f32 / 180.0 * TAU).cos().abs() + 0.1)).collect::<Vec<_>>()
    };
    let curves = [("sobel-x".to_string(), curve(1.0)), ("gabor".to_string(), curve(2.0))];
    check("polar", &polar("Response over directions", "mean |H|", &curves));
}
