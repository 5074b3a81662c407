//! Pictures of frequencies: a plane of them, and a polar plot of directions.

use super::canvas::{Anchor, Canvas, Drawing};
use super::colour::{self, FRAME, GRID, Map, TEXT, TITLE, WHITE, extent};
use super::font;
use super::pixels::Pixels;
use std::f32::consts::TAU;

/// A spectrum of two axes, as transforms give it: row-major, frequency 0 first.
pub(crate) struct Plane<'a> {
    pub(crate) title: &'a str,
    pub(crate) magnitudes: &'a [f32],
    pub(crate) columns: usize,
    /// Whether the colours tell log₁₀ of the magnitude (at most five decades below the greatest).
    pub(crate) log: bool,
    pub(crate) unit: &'a str,
    /// A frequency to mark: across and upwards, in cycles per pixel.
    pub(crate) mark: Option<(f64, f64)>,
}

impl Plane<'_> {
    /// The plane with frequency 0 in the middle, axes in cycles per pixel.
    pub(crate) fn draw(&self) -> Drawing {
        let values = centred(self.magnitudes, self.columns);
        let (values, unit) = match self.log {
            false => (values, self.unit.to_string()),
            true => {
                let most = values.iter().fold(f32::MIN_POSITIVE, |m, v| m.max(*v));
                (values.iter().map(|v| v.max(most * 1e-5).log10()).collect(), format!("log₁₀ {}", self.unit))
            }
        };
        let (low, high) = extent(&values);
        let range = if self.log { (low, high) } else { (0.0, high.max(f32::MIN_POSITIVE)) };
        let rows = values.len() / self.columns.max(1);
        let cell = (256.0 / self.columns.max(rows) as f32).max(1.0);
        let (width, height) = (cell * self.columns as f32, cell * rows as f32);
        let (left, top) = (70.0, 46.0);
        let mut canvas =
            Canvas::new((left + width + 76.0).max(font::width(self.title, 15.0) + 48.0), top + height + 50.0);
        canvas.text(24.0, 28.0, 15.0, Anchor::Start, TITLE, self.title);
        canvas.image((left, top), cell, Pixels::values(&values, self.columns, range, Map::Viridis));
        canvas.frame(left, top, width, height, FRAME, 1.0);
        if let Some((u, v)) = self.mark {
            let place = |f: f64, n: usize| (f * n as f64).round().rem_euclid(n as f64);
            // Of an even number of frequencies −½ is drawn, ½ is not: they are one.
            let (column, row) = (place(u + 0.5, self.columns), place(0.5 - v, rows));
            let at = (left + (column as f32 + 0.5) * cell, top + (row as f32 + 0.5) * cell);
            canvas.ring(at, 7.0, WHITE, 3.4);
            canvas.ring(at, 7.0, colour::class(5), 2.0);
        }
        for (i, text) in ["−½", "0", "½"].iter().enumerate() {
            let (x, y) = (left + width * i as f32 / 2.0, top + height * (1.0 - i as f32 / 2.0));
            canvas.line(&[(x, top + height), (x, top + height + 4.0)], FRAME, 1.0);
            canvas.text(x, top + height + 17.0, 12.0, Anchor::Middle, TEXT, text);
            canvas.line(&[(left - 4.0, y), (left, y)], FRAME, 1.0);
            canvas.text(left - 7.0, y + 4.0, 12.0, Anchor::End, TEXT, text);
        }
        canvas.text(left + width / 2.0, top + height + 36.0, 12.0, Anchor::Middle, TITLE, "cycles per pixel across");
        canvas.upwards(left - 40.0, top + height / 2.0, 12.0, TITLE, "cycles per pixel upwards");
        canvas.colour_bar((left + width + 16.0, top), height.clamp(80.0, 180.0), range, Map::Viridis, &unit);
        canvas.finish()
    }
}

/// A plane of frequencies with 0 in its middle (at n/2 of an even number, (n−1)/2 of an odd one), upward frequencies above.
pub(crate) fn centred(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = values.len() / columns.max(1);
    let from = |i: usize, n: usize| (i + n - n / 2) % n;
    (0..rows * columns).map(|i| values[from(i / columns, rows) * columns + from(i % columns, columns)]).collect()
}

/// Values over directions: each at an angle in radians, counter-clockwise from the right, at a distance that is its size.
pub(crate) fn polar(title: &str, unit: &str, curves: &[(String, Vec<(f32, f32)>)]) -> Drawing {
    let most = curves.iter().flat_map(|(_, points)| points).map(|(_, r)| *r).fold(f32::MIN_POSITIVE, f32::max);
    let (radius, middle) = (140.0, (200.0, 210.0));
    let legend = curves.iter().map(|(name, _)| font::width(name, 12.0)).fold(0.0, f32::max);
    let mut canvas = Canvas::new((400.0 + legend + 40.0).max(font::width(title, 15.0) + 48.0), 400.0);
    canvas.text(24.0, 28.0, 15.0, Anchor::Start, TITLE, title);
    let at = |angle: f32, r: f32| (middle.0 + radius * r * angle.cos(), middle.1 - radius * r * angle.sin());
    (1..=4).for_each(|i| canvas.ring(middle, radius * i as f32 / 4.0, GRID, 0.8));
    for i in 0..12 {
        let angle = i as f32 / 12.0 * TAU;
        canvas.line(&[middle, at(angle, 1.0)], GRID, 0.8);
        let (x, y) = at(angle, 1.12);
        canvas.text(x, y + 4.0, 11.0, Anchor::Middle, TEXT, &format!("{}°", i * 30));
    }
    for (i, (name, points)) in curves.iter().enumerate() {
        let line: Vec<_> = points.iter().map(|(angle, r)| at(*angle, r / most)).collect();
        canvas.line(&line, colour::class(i), 2.0);
        let y = 70.0 + 18.0 * i as f32;
        canvas.mark(i, 396.0, y, 4.5, colour::class(i));
        canvas.text(406.0, y + 4.0, 12.0, Anchor::Start, TEXT, name);
    }
    let note = format!("outer ring: {} {unit}", super::chart::number(most));
    canvas.text(middle.0, 388.0, 12.0, Anchor::Middle, TITLE, &note);
    canvas.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequency_zero_comes_to_the_middle() {
        // One row of frequencies 0, 1, 2 = −2, −1; then of 0, 1, −1.
        assert_eq!(centred(&[0.0, 1.0, 2.0, -1.0], 4), [2.0, -1.0, 0.0, 1.0]);
        assert_eq!(centred(&[0.0, 1.0, -1.0], 3), [-1.0, 0.0, 1.0]);
    }
}
