//! Frequencies: responses of kernels, filtered pictures and their spectra, what reaches each layer.

use crate::draw::canvas::Drawing;
use crate::draw::chart::{Axis, Chart, Curve};
use crate::draw::colour::{Map, extent, symmetric};
use crate::draw::pixels::Pixels;
use crate::draw::spectrum::{Plane, centred, polar};
use crate::draw::tiles::{Sheet, Tile};
use striate::explain::{BANDS, Filter, Granularity, Response, TwoPaths};
use striate::tensor::Array;

/// A spectrum with frequency 0 in the middle, its magnitudes from 0 to their greatest; `log` over four decades instead.
fn plane(magnitudes: &[f64], columns: usize, log: bool) -> Pixels {
    let most = magnitudes.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let shade = |m: &f64| match log {
        false => (m / most) as f32,
        true => (1.0 + (m / most).max(1e-4).log10() / 4.0) as f32,
    };
    let values: Vec<f32> = magnitudes.iter().map(shade).collect();
    Pixels::values(&centred(&values, columns), columns, (0.0, 1.0), Map::Viridis)
}

/// The response of each kernel; with maps I×H×W (drawn as their mean) the convolution theorem, a row for each kernel.
pub(crate) fn kernels(title: &str, responses: &[Response], paths: Option<(&Array<f32>, &[TwoPaths])>) -> Drawing {
    let caption = |(channel, r): (usize, &Response)| {
        let angle = r.degrees().map_or(String::new(), |angle| format!(" {angle}°"));
        format!("{channel}: {}{angle}\npeak {:.2}", r.character, r.peak)
    };
    let captions: Vec<_> = responses.iter().enumerate().map(caption).collect();
    let response = |r: &Response| plane(&r.magnitude, r.size.1, false);
    let Some((input, paths)) = paths else {
        let tiles: Vec<_> =
            responses.iter().zip(captions).map(|(r, caption)| Tile::coloured(response(r), caption)).collect();
        let title = format!("{title}: |H|, frequency 0 in the middle, each over its own greatest");
        return Sheet {
            title: &title,
            columns: 1,
            across: 8,
            range: (0.0, 1.0),
            map: Map::Viridis,
            unit: "",
            rows: &[],
        }
        .draw(&tiles);
    };
    let (channels, columns) = (input.shape()[0], input.shape()[2]);
    let picture = Pixels::sample(input.data(), channels, columns, extent(input.data()));
    let mut tiles = vec![];
    for ((r, caption), path) in responses.iter().zip(captions).zip(paths) {
        let map = |values: &[f32]| Pixels::values(values, path.size.1, symmetric(&path.spatial), Map::Vik);
        let spectrum = |which: usize| plane(&path.spectra[which], path.frequencies.1, true);
        tiles.push(Tile::coloured(picture.clone(), "x"));
        tiles.push(Tile::coloured(spectrum(0), "|X|"));
        tiles.push(Tile::coloured(response(r), format!("|H|, {caption}")));
        tiles.push(Tile::coloured(spectrum(2), "|X·H*|"));
        tiles.push(Tile::coloured(map(&path.spectral), "transformed back"));
        tiles.push(Tile::coloured(map(&path.spatial), "sums over windows"));
    }
    let title = format!("{title}: spectra times spectra are sums over windows (|X| over four decades)");
    Sheet { title: &title, columns: 1, across: 6, range: (0.0, 1.0), map: Map::Viridis, unit: "", rows: &[] }
        .draw(&tiles)
}

/// The response of one kernel, large.
pub(crate) fn one(title: &str, r: &Response) -> Drawing {
    let magnitudes: Vec<f32> = r.magnitude.iter().map(|m| *m as f32).collect();
    let title = format!("{title}: {}, peak {:.2} (ring)", r.label(), r.peak);
    let mark = Some(r.peak_at);
    Plane { title: &title, magnitudes: &magnitudes, columns: r.size.1, log: false, unit: "|H|", mark }.draw()
}

/// Directions that the first kernels let through.
pub(crate) fn directions(title: &str, responses: &[Response]) -> Drawing {
    let curve = |(channel, r): (usize, &Response)| {
        let step = std::f32::consts::PI / r.directions.len() as f32;
        // A direction and its opposite are the same.
        let points =
            (0..=2 * r.directions.len()).map(|i| (i as f32 * step, r.directions[i % r.directions.len()] as f32));
        (format!("{channel}: {}", r.label()), points.collect())
    };
    let curves: Vec<_> = responses.iter().enumerate().take(8).map(curve).collect();
    polar(title, "of |H|, root mean square", &curves)
}

/// What a designed filter makes of a picture, as pixels: grey or colours where it is a picture again; else the mean over the
/// channels, from black to white where it is a strength, blue and red about 0 where it is signed.
pub(crate) fn filtered(filter: &Filter, result: &Array<f32>) -> Pixels {
    let (channels, columns) = (result.shape()[0], result.shape()[2]);
    if filter.keeps_grey {
        return Pixels::sample(result.data(), channels, columns, (0.0, 1.0));
    }
    let plane = result.data().len() / channels.max(1);
    let mean = |i: usize| (0..channels).map(|c| result.data()[c * plane + i]).sum::<f32>() / channels as f32;
    let values: Vec<f32> = (0..plane).map(mean).collect();
    match extent(&values) {
        (low, high) if low >= 0.0 => Pixels::values(&values, columns, (0.0, high), Map::Grey),
        _ => Pixels::values(&values, columns, symmetric(&values), Map::Vik),
    }
}

/// A picture before and after a designed filter, with the kernels.
pub(crate) fn before_and_after(filter: &Filter, picture: &Array<f32>, result: &Array<f32>) -> Drawing {
    let before = Pixels::sample(picture.data(), picture.shape()[0], picture.shape()[2], (0.0, 1.0));
    let kernel = |kernel: &Array<f32>| {
        let response = Response::of([kernel.data()], kernel.shape()[1]);
        let pixels = Pixels::values(kernel.data(), kernel.shape()[1], symmetric(kernel.data()), Map::Vik);
        Tile::coloured(pixels, format!("kernel\n{}", response.label()))
    };
    let mut tiles =
        vec![Tile::coloured(small(before), "before"), Tile::coloured(small(filtered(filter, result)), "after")];
    tiles.extend(filter.kernels().iter().map(kernel));
    let title = format!("{}: {}", filter.name, filter.about);
    Sheet { title: &title, columns: 1, across: 2, range: (0.0, 1.0), map: Map::Grey, unit: "", rows: &[] }.draw(&tiles)
}

/// Columns of a picture on a sheet.
const WIDEST: usize = 480;

/// Every so many pixels of a picture that is too wide for a sheet.
fn small(pixels: Pixels) -> Pixels {
    let step = pixels.columns.div_ceil(WIDEST).max(1);
    if step == 1 {
        return pixels;
    }
    let (rows, columns) = ((pixels.rows() / step).max(1), pixels.columns / step);
    let row = |i: usize| (i / columns * step + step / 2).min(pixels.rows() - 1);
    let at = |i: usize| pixels.pixels[row(i) * pixels.columns + i % columns * step + step / 2];
    Pixels { columns, pixels: (0..rows * columns).map(at).collect() }
}

/// How strongly layers with places answer to gratings; the last of each size of map where there are many.
pub(crate) fn granularity(layers: &[Granularity]) -> Drawing {
    let spatial: Vec<&Granularity> = layers.iter().filter(|g| g.limit > 0.0).collect();
    let kept: Vec<&Granularity> = match spatial.len() {
        0..=8 => spatial,
        _ => {
            let last = |i: &usize| spatial.get(i + 1).is_none_or(|next| next.limit != spatial[*i].limit);
            (0..spatial.len()).filter(last).map(|i| spatial[i]).collect()
        }
    };
    let curve = |g: &&Granularity| {
        let points = BANDS.iter().zip(&g.survives).map(|(f, s)| (*f, *s)).collect();
        Curve::new(format!("{} (limit {:.3})", g.layer, g.limit), points)
    };
    Chart {
        title: "Which frequencies of the input reach each layer".into(),
        x: Axis::new("cycles per pixel of the input"),
        y: Axis::new("answer, over the strongest").range(0.0, 1.05),
        curves: kept.iter().map(curve).collect(),
        ..Chart::default()
    }
    .draw()
}
