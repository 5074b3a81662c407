//! Samples of two numbers and what a classifier says of the plane between them.

use super::canvas::{Anchor, Canvas, Drawing};
use super::chart::Axes;
use super::colour::{self, BLACK, FRAME, TEXT, WHITE};
use super::pixels::Pixels;
use striate::classics::data::Samples;
use striate::prelude::*;

/// What is drawn over the regions and the samples.
pub(crate) enum Shape {
    /// The line w₀·x + w₁·y + b = 0, with the class that it stands for.
    Line { weights: [f32; 2], bias: f32, class: usize },
    /// A box from corner to corner.
    Box { from: [f32; 2], to: [f32; 2], class: usize },
    /// A prototype.
    Point { at: [f32; 2], class: usize },
}

/// How fine the regions are.
const CELLS: usize = 80;

/// The two ranges of the samples, a little wider.
fn ranges(samples: &Samples) -> [(f32, f32); 2] {
    [0, 1].map(|axis| {
        let values = || (0..samples.len()).map(|i| samples.row(i)[axis]);
        let (low, high) = (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max));
        (low - 0.06 * (high - low), high + 0.06 * (high - low))
    })
}

/// The classes of `columns`×`rows` places of the plane, the highest row first; `None` where the classifier has none.
fn regions(
    [x, y]: [(f32, f32); 2],
    columns: usize,
    rows: usize,
    classify: &impl Fn(&[f32]) -> Result<Option<usize>>,
) -> Result<Vec<Option<usize>>> {
    let at = |(low, high): (f32, f32), i: usize, of: usize| low + (high - low) * (i as f32 + 0.5) / of as f32;
    (0..rows * columns).map(|i| classify(&[at(x, i % columns, columns), at(y, rows - 1 - i / columns, rows)])).collect()
}

/// The picture: regions, shapes, samples, legend.
pub(crate) fn draw(
    title: &str,
    [x_title, y_title]: [&str; 2],
    samples: &Samples,
    classify: &impl Fn(&[f32]) -> Result<Option<usize>>,
    shapes: &[Shape],
    legend_of_shapes: &str,
) -> Result<Drawing> {
    let mut canvas = Canvas::new(700.0, 460.0);
    let [x, y] = ranges(samples);
    let axes = Axes::new((72.0, 42.0), (460.0, 360.0), x, y);
    let shade = |class: Option<usize>| class.map_or(WHITE, |class| colour::class(class).pale());
    let pixels = regions([x, y], CELLS, CELLS, classify)?.into_iter().map(shade).collect();
    let cell = (460.0 / CELLS as f32, 360.0 / CELLS as f32);
    canvas.stretched((72.0, 42.0), cell, Pixels { columns: CELLS, pixels });
    for i in 0..samples.len() {
        let (class, (px, py)) = (samples.labels()[i], axes.at(samples.row(i)[0], samples.row(i)[1]));
        canvas.mark(class, px, py, 4.0, colour::class(class));
    }
    for shape in shapes {
        match *shape {
            Shape::Line { weights: [a, b], bias, class } => {
                if let Some((from, to)) = clipped(a, b, bias, x, y) {
                    let points = [axes.at(from.0, from.1), axes.at(to.0, to.1)];
                    canvas.line(&points, WHITE, 4.0);
                    canvas.line(&points, colour::class(class), 2.4);
                }
            }
            Shape::Box { from, to, class } => {
                let ((left, top), (right, bottom)) = (axes.at(from[0], to[1]), axes.at(to[0], from[1]));
                // A box of one sample is a point: it still has to be seen.
                let (left, top, right, bottom) = (left - 2.0, top - 2.0, right + 2.0, bottom + 2.0);
                canvas.frame(left, top, right - left, bottom - top, colour::class(class), 1.8);
            }
            Shape::Point { at, class } => {
                let (px, py) = axes.at(at[0], at[1]);
                canvas.mark(class, px, py, 9.0, BLACK);
                canvas.mark(class, px, py, 6.5, colour::class(class));
            }
        }
    }
    axes.draw(&mut canvas, title, x_title, y_title);
    for (class, name) in samples.classes().iter().enumerate() {
        let top = 56.0 + 20.0 * class as f32;
        canvas.mark(class, 550.0, top, 5.0, colour::class(class));
        canvas.text(562.0, top + 4.0, 12.0, Anchor::Start, TEXT, name);
    }
    let below = 64.0 + 20.0 * samples.classes().len() as f32;
    for (i, line) in ["shaded: the answer", legend_of_shapes].iter().enumerate() {
        canvas.text(544.0, below + 18.0 * i as f32, 11.0, Anchor::Start, FRAME, line);
    }
    Ok(canvas.finish())
}

const MARKS: [char; 3] = ['o', 'x', '+'];
const SHADES: [char; 3] = ['.', ':', ' '];

/// The plane as lines of text: marks where samples lie, the shade of the answer elsewhere.
pub(crate) fn terminal(samples: &Samples, classify: &impl Fn(&[f32]) -> Result<Option<usize>>) -> Result<String> {
    let (columns, rows) = (56, 16);
    let [x, y] = ranges(samples);
    let mut text: Vec<char> = regions([x, y], columns, rows, classify)?
        .into_iter()
        .map(|class| class.map_or('?', |class| SHADES[class % SHADES.len()]))
        .collect();
    for i in 0..samples.len() {
        let place = |v: f32, (low, high): (f32, f32), of: usize| ((v - low) / (high - low) * of as f32) as usize;
        let (column, row) = (place(samples.row(i)[0], x, columns), place(samples.row(i)[1], y, rows));
        text[(rows - 1 - row) * columns + column] = MARKS[samples.labels()[i] % MARKS.len()];
    }
    let lines: Vec<String> = text.chunks(columns).map(|line| line.iter().collect()).collect();
    let classes = samples.classes().iter().zip(MARKS).zip(SHADES);
    let legend: Vec<_> = classes.map(|((name, mark), shade)| format!("{mark} {name} (answer: {shade:?})")).collect();
    Ok(format!("{}\n{}", lines.join("\n"), legend.join("   ")))
}

/// The part of the line a·x + b·y + c = 0 within the ranges.
fn clipped(a: f32, b: f32, c: f32, x: (f32, f32), y: (f32, f32)) -> Option<((f32, f32), (f32, f32))> {
    let inside = |v: f32, (low, high): (f32, f32)| (low..=high).contains(&v);
    let mut ends = vec![];
    for side in [x.0, x.1] {
        let other = -(a * side + c) / b;
        if inside(other, y) {
            ends.push((side, other));
        }
    }
    for side in [y.0, y.1] {
        let other = -(b * side + c) / a;
        if inside(other, x) {
            ends.push((other, side));
        }
    }
    Some((*ends.first()?, *ends.last().filter(|_| ends.len() > 1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_the_frame() {
        assert_eq!(clipped(1.0, 0.0, -0.25, (0.0, 1.0), (0.0, 1.0)), Some(((0.25, 0.0), (0.25, 1.0))));
        assert_eq!(clipped(0.0, 1.0, -0.5, (0.0, 1.0), (0.0, 1.0)), Some(((0.0, 0.5), (1.0, 0.5))));
        assert_eq!(clipped(0.0, 1.0, -2.0, (0.0, 1.0), (0.0, 1.0)), None);
        assert_eq!(BLACK.pale(), colour::Colour::of(0xcccccc));
    }
}
