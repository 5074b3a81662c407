//! Samples of a data set as people see them.

use crate::draw::canvas::Drawing;
use crate::draw::colour::{Map, extent};
use crate::draw::pixels::Pixels;
use crate::draw::terminal;
use crate::draw::tiles::{Sheet, Tile};
use crate::output::percent;
use striate::data::Dataset;
use striate::evaluate::{Answers, Judged};
use striate::prelude::*;

/// Channels, rows and columns of a data set's pictures.
///
/// # Errors
/// `Fault::Data`: its samples are no pictures.
pub(crate) fn picture_shape(data: &Dataset) -> Result<[usize; 3]> {
    data.sample_shape()[..].try_into().map_err(|_| {
        Error::data("these samples are no pictures")
            .found(format!("samples of {}", data.sample_shape()))
            .expected("channels × height × width")
    })
}

/// The numbers of a sample and their range: that of bytes, else that of the sample.
fn numbers(data: &Dataset, sample: usize) -> (Vec<f32>, (f32, f32)) {
    let values = data.sample(sample).unwrap_or_default();
    let range = if data.pixels().is_some() { (0.0, 255.0) } else { extent(&values) };
    (values, range)
}

/// A sample as pixels.
///
/// # Errors
/// As [`picture_shape`].
pub(crate) fn pixels(data: &Dataset, sample: usize) -> Result<Pixels> {
    let [channels, _, columns] = picture_shape(data)?;
    let (values, range) = numbers(data, sample);
    Ok(Pixels::sample(&values, channels, columns, range))
}

/// Samples with what was said of them, as one picture.
///
/// # Errors
/// As [`picture_shape`].
pub(crate) fn sheet(
    title: &str,
    data: &Dataset,
    answers: &Answers,
    judged: &[Judged],
    across: usize,
) -> Result<Drawing> {
    let names = answers.classes();
    let tile = |j: &Judged| -> Result<Tile> {
        let (truth, predicted) = (&names[j.truth], &names[j.predicted]);
        let caption = format!(
            "true {truth} ({})\nsaid {predicted} ({})",
            percent(f64::from(j.probability)),
            percent(f64::from(j.confidence))
        );
        Ok(Tile::coloured(pixels(data, j.sample)?, caption))
    };
    let tiles = judged.iter().map(tile).collect::<Result<Vec<_>>>()?;
    let sheet = Sheet { title, columns: 1, across, range: (0.0, 1.0), map: Map::Grey, unit: "", rows: &[] };
    Ok(sheet.draw(&tiles))
}

/// Columns of a sample in the terminal, if there is room.
const COLUMNS: usize = 14;

/// A sample for the terminal: its grey in at most so many parts along each axis.
///
/// # Errors
/// As [`picture_shape`].
pub(crate) fn small(data: &Dataset, sample: usize, most: usize) -> Result<(Vec<f32>, usize)> {
    let [channels, rows, columns] = picture_shape(data)?;
    let (values, (low, high)) = numbers(data, sample);
    let (across, down) = (columns.min(most), rows.min(most));
    let mut sums = vec![(0.0f32, 0usize); across * down];
    for (i, v) in values.iter().enumerate().take(channels * rows * columns) {
        let (y, x) = (i / columns % rows, i % columns);
        let (sum, count) = &mut sums[y * down / rows * across + x * across / columns];
        *sum += (v - low) / (high - low).max(f32::MIN_POSITIVE);
        *count += 1;
    }
    Ok((sums.iter().map(|(sum, count)| sum / (*count).max(1) as f32).collect(), across))
}

/// Samples side by side for a terminal of so many columns, each below a line of what was said of it.
///
/// # Errors
/// As [`picture_shape`].
pub(crate) fn text(data: &Dataset, answers: &Answers, judged: &[Judged], room: usize) -> Result<String> {
    let most = COLUMNS.min(room / 2).max(1);
    let wide = 2 * picture_shape(data)?[2].min(most);
    // Between two of them stands " | ".
    let across = ((room + 3) / (wide + 3)).clamp(1, 8);
    let mut lines = vec![];
    for row in judged.chunks(across) {
        let pictures = row.iter().map(|j| small(data, j.sample, most)).collect::<Result<Vec<_>>>()?;
        let columns = pictures[0].1;
        let heads: Vec<String> = row
            .iter()
            .map(|j| {
                let names = answers.classes();
                format!("{}, said {} ({:.2})", names[j.truth], names[j.predicted], j.confidence)
            })
            .collect();
        let width = 2 * columns;
        let head: Vec<String> = heads.iter().map(|head| format!("{:<width$.width$}", head)).collect();
        lines.push(head.join(" | ").trim_end().to_string());
        lines.push(terminal::strip(pictures.iter().map(|(values, _)| &values[..]), columns, (0.0, 1.0)));
        lines.push(String::new());
    }
    Ok(lines.join("\n"))
}
