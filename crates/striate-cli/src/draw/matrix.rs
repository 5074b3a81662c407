//! A table of numbers as coloured cells, such as a confusion matrix.

use super::canvas::{Anchor, Canvas, Drawing};
use super::colour::{EDGE, FRAME, Map, TEXT, TITLE};
use super::font;

/// Rows of cells, with names at both sides.
pub(crate) struct Matrix<'a> {
    pub(crate) title: &'a str,
    pub(crate) row_title: &'a str,
    pub(crate) column_title: &'a str,
    pub(crate) rows: &'a [String],
    pub(crate) columns: &'a [String],
    /// What the colour of each cell tells, row by row.
    pub(crate) values: &'a [f32],
    /// What stands in the cells; left out where cells are too small.
    pub(crate) texts: &'a [String],
    pub(crate) range: (f32, f32),
    pub(crate) map: Map,
    /// What the colours measure.
    pub(crate) unit: &'a str,
}

impl Matrix<'_> {
    pub(crate) fn draw(&self) -> Drawing {
        let (rows, columns) = (self.rows.len(), self.columns.len());
        let cell = (420.0 / columns.max(rows).max(1) as f32).clamp(5.0, 40.0);
        let text = cell >= 20.0;
        let longest =
            |names: &[String]| names.iter().map(|name| font::width(name, 11.0)).fold(10.0, f32::max).min(90.0);
        let (beside, above) = (longest(self.rows), longest(self.columns));
        // Names above columns stand upright where they are wider than a column.
        let upright = above > cell - 4.0;
        let high = if upright { above } else { 12.0 };
        let (left, top) = (24.0 + 22.0 + beside + 6.0, 42.0 + 22.0 + high + 6.0);
        let (width, height) = (cell * columns as f32, cell * rows as f32);
        let all = (left + width + 76.0).max(font::width(self.title, 15.0) + 48.0);
        // As long as its unit, at least.
        let bar = height.clamp(80.0, 180.0).max(font::width(self.unit, 11.0));
        let mut canvas = Canvas::new(all, top + height.max(bar) + 24.0);
        canvas.text(24.0, 28.0, 15.0, Anchor::Start, TITLE, self.title);
        canvas.text(left + width / 2.0, 54.0, 12.0, Anchor::Middle, TITLE, self.column_title);
        canvas.upwards(36.0, top + height / 2.0, 12.0, TITLE, self.row_title);
        // Names that would lie over each other are left out, but for every so many.
        let every = (13.0 / cell).ceil().max(1.0) as usize;
        for (i, name) in self.rows.iter().enumerate().step_by(every) {
            let y = top + cell * (i as f32 + 0.5) + 4.0;
            canvas.text(left - 6.0, y, 11.0, Anchor::End, TEXT, &font::fitted(name, 11.0, 90.0));
        }
        for (i, name) in self.columns.iter().enumerate().step_by(every) {
            let (x, name) = (left + cell * (i as f32 + 0.5), font::fitted(name, 11.0, 90.0));
            match upright {
                true => canvas.upwards(x + 4.0, top - 6.0 - font::width(&name, 11.0) / 2.0, 11.0, TEXT, &name),
                false => canvas.text(x, top - 6.0, 11.0, Anchor::Middle, TEXT, &name),
            }
        }
        for (i, &v) in self.values.iter().enumerate() {
            let (x, y) = (left + cell * (i % columns) as f32, top + cell * (i / columns) as f32);
            let colour = self.map.of(v, self.range);
            canvas.rect(x, y, cell, cell, colour);
            if text && let Some(text) = self.texts.get(i) {
                let size = (cell * 0.32).min(11.0);
                let size = size.min(size * (cell - 2.0) / font::width(text, size).max(1.0));
                canvas.text(x + cell / 2.0, y + cell / 2.0 + size * 0.36, size, Anchor::Middle, colour.ink(), text);
            }
        }
        if text {
            for i in 1..rows {
                let y = top + cell * i as f32;
                canvas.line(&[(left, y), (left + width, y)], EDGE, 0.4);
            }
            for i in 1..columns {
                let x = left + cell * i as f32;
                canvas.line(&[(x, top), (x, top + height)], EDGE, 0.4);
            }
        }
        canvas.frame(left, top, width, height, FRAME, 1.0);
        canvas.colour_bar((left + width + 16.0, top), bar, self.range, self.map, self.unit);
        canvas.finish()
    }
}
