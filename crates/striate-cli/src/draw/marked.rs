//! One picture, large, with boxes and points on it.

use super::canvas::{Anchor, Canvas, Drawing};
use super::colour::{Colour, EDGE, Map, TEXT, TITLE, WHITE};
use super::font;
use super::pixels::Pixels;

/// Something to see on a picture; coordinates are its pixels, (0, 0) the upper left corner of the first one.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    /// The pixels from one corner, `high`×`wide`.
    Box { top: f32, left: f32, high: f32, wide: f32, colour: Colour, name: String },
    /// The middle of a pixel.
    Point { row: f32, column: f32, colour: Colour, name: String },
}

impl Mark {
    fn name(&self) -> (&str, Colour) {
        match self {
            Mark::Box { colour, name, .. } | Mark::Point { colour, name, .. } => (name, *colour),
        }
    }

    /// Draws it on a picture that lies at a point, each pixel a square of `cell`.
    pub(crate) fn draw(&self, canvas: &mut Canvas, (x, y): (f32, f32), cell: f32) {
        match *self {
            Mark::Box { top, left, high, wide, colour, .. } => {
                let (x, y, wide, high) = (x + left * cell, y + top * cell, wide * cell, high * cell);
                // A pale line beneath: it can be seen on any picture.
                canvas.frame(x, y, wide, high, WHITE.opacity(0.8), 3.6);
                canvas.frame(x, y, wide, high, colour, 2.0);
            }
            Mark::Point { row, column, colour, .. } => {
                let (x, y) = (x + (column + 0.5) * cell, y + (row + 0.5) * cell);
                canvas.mark(0, x, y, (cell * 0.4).clamp(3.0, 7.0), colour);
            }
        }
    }
}

/// A picture with marks, their names below it, and the scale of its colours.
pub(crate) struct Marked<'a> {
    pub(crate) title: &'a str,
    pub(crate) pixels: Pixels,
    pub(crate) marks: &'a [Mark],
    /// Range, colours and what they measure; none for photographs.
    pub(crate) bar: Option<((f32, f32), Map, &'a str)>,
}

impl Marked<'_> {
    /// Drawn with a whole number of pixels for each of the picture's, about 360 in all.
    pub(crate) fn draw(self) -> Drawing {
        let (rows, columns) = (self.pixels.rows(), self.pixels.columns);
        let cell = (360.0 / rows.max(columns) as f32).floor().max(1.0);
        let (width, height) = (cell * columns as f32, cell * rows as f32);
        let named: Vec<_> = self.marks.iter().map(Mark::name).filter(|(name, _)| !name.is_empty()).collect();
        let (left, top) = (24.0, 46.0);
        let names = named.iter().map(|(name, _)| font::width(name, 12.0) + 60.0).fold(0.0, f32::max);
        let bar = if self.bar.is_some() { 72.0 } else { 24.0 };
        let all = (left + width + bar).max(names).max(font::width(self.title, 15.0) + 48.0);
        let mut canvas = Canvas::new(all, top + height + 20.0 + 20.0 * named.len() as f32);
        canvas.text(24.0, 28.0, 15.0, Anchor::Start, TITLE, self.title);
        canvas.image((left, top), cell, self.pixels);
        canvas.frame(left, top, width, height, EDGE, 0.8);
        self.marks.iter().for_each(|mark| mark.draw(&mut canvas, (left, top), cell));
        for (i, (name, colour)) in named.iter().enumerate() {
            let y = top + height + 20.0 + 20.0 * i as f32;
            canvas.frame(left + 1.0, y - 6.0, 12.0, 12.0, *colour, 2.0);
            canvas.text(left + 22.0, y + 4.0, 12.0, Anchor::Start, TEXT, name);
        }
        if let Some((range, map, unit)) = self.bar {
            canvas.colour_bar((left + width + 14.0, top), height.clamp(60.0, 180.0), range, map, unit);
        }
        canvas.finish()
    }
}
