//! Small pictures side by side, each with a caption.

use super::canvas::{Anchor, Canvas, Drawing};
use super::colour::{EDGE, Map, TEXT, TITLE};
use super::font;
use super::pixels::Pixels;

/// What a tile shows.
pub(crate) enum Content {
    /// Values on the sheet's scale, row by row.
    Values(Vec<f32>),
    /// A picture that has its colours already: a photograph, a map over one.
    Coloured(Pixels),
}

/// One of them.
pub(crate) struct Tile {
    pub(crate) content: Content,
    /// What stands below it; `\n` begins another line.
    pub(crate) caption: String,
}

impl Tile {
    pub(crate) fn values(values: Vec<f32>, caption: impl Into<String>) -> Self {
        Tile { content: Content::Values(values), caption: caption.into() }
    }

    pub(crate) fn coloured(pixels: Pixels, caption: impl Into<String>) -> Self {
        Tile { content: Content::Coloured(pixels), caption: caption.into() }
    }

    /// Rows and columns; those of values are the sheet's.
    fn size(&self, columns: usize) -> (usize, usize) {
        match &self.content {
            Content::Values(values) => (values.len() / columns.max(1), columns),
            Content::Coloured(pixels) => (pixels.rows(), pixels.columns),
        }
    }
}

/// How all of them are drawn. A sheet of [`Content::Coloured`] alone has no bar: `range`, `map` and `unit` say nothing then.
pub(crate) struct Sheet<'a> {
    pub(crate) title: &'a str,
    /// Pixels of a row of values.
    pub(crate) columns: usize,
    /// Tiles of a row.
    pub(crate) across: usize,
    pub(crate) range: (f32, f32),
    pub(crate) map: Map,
    /// What the colours measure.
    pub(crate) unit: &'a str,
    /// What each row of tiles is; none to say nothing.
    pub(crate) rows: &'a [&'a str],
}

const CAPTION: f32 = 11.0;
const LINE: f32 = 13.0;

impl Sheet<'_> {
    pub(crate) fn draw(&self, tiles: &[Tile]) -> Drawing {
        let sizes = || tiles.iter().map(|tile| tile.size(self.columns));
        let (rows, columns) = sizes().fold((1, 1), |(r, c), (rows, columns)| (r.max(rows), c.max(columns)));
        // Tiles of one width, each pixel a whole number of the drawing's where they are small.
        let cell = (56.0 / columns as f32).max(if columns > 120 { 1.0 } else { 3.0 });
        let cell = if cell > 3.0 { cell.round() } else { cell };
        let (wide, high, gap) = (columns as f32 * cell, rows as f32 * cell, 12.0);
        let lines = tiles.iter().map(|tile| tile.caption.lines().count()).max().unwrap_or(0) as f32;
        let captions = if lines > 0.0 { lines * LINE + 3.0 } else { 0.0 };
        let across = self.across.min(tiles.len()).max(1);
        let titled = self.rows.iter().map(|row| font::width(row, 12.0)).fold(0.0, f32::max);
        let beside = if self.rows.is_empty() { 24.0 } else { 24.0 + titled + 10.0 };
        let caption = |tile: &Tile| tile.caption.lines().map(|line| font::width(line, CAPTION)).fold(0.0, f32::max);
        // Captions that are wider than their tile push tiles apart, up to a point.
        let step = tiles.iter().map(caption).fold(0.0, f32::max).min(wide.max(110.0)).max(wide) + gap;
        let all_high = tiles.len().div_ceil(across) as f32 * (high + captions + gap) - gap;
        let scaled = tiles.iter().any(|tile| matches!(tile.content, Content::Values(_)));
        let right = beside + across as f32 * step - gap;
        let bar = if scaled { 72.0 } else { 24.0 };
        let width = (right + bar).max(font::width(self.title, 15.0) + 48.0);
        let mut canvas = Canvas::new(width, all_high.max(if scaled { 90.0 } else { 0.0 }) + 66.0);
        canvas.text(24.0, 28.0, 15.0, Anchor::Start, TITLE, self.title);
        for (i, tile) in tiles.iter().enumerate() {
            let (row, column) = (i / across, i % across);
            let left = beside + column as f32 * step;
            let top = 46.0 + row as f32 * (high + captions + gap);
            // A tile of fewer pixels is drawn as large as the others.
            let (its_rows, its_columns) = tile.size(self.columns);
            let cell = (wide / its_columns.max(1) as f32).min(high / its_rows.max(1) as f32);
            let at = (left + (step - gap - its_columns as f32 * cell) / 2.0, top);
            let pixels = match &tile.content {
                Content::Values(values) => Pixels::values(values, self.columns, self.range, self.map),
                Content::Coloured(pixels) => pixels.clone(),
            };
            canvas.image(at, cell, pixels);
            canvas.frame(at.0, at.1, its_columns as f32 * cell, its_rows as f32 * cell, EDGE, 0.6);
            for (i, line) in tile.caption.lines().enumerate() {
                let (x, y) = (left + (step - gap) / 2.0, top + high + 12.0 + LINE * i as f32);
                canvas.text(x, y, CAPTION, Anchor::Middle, TEXT, &font::fitted(line, CAPTION, step - 4.0));
            }
            if column == 0
                && let Some(text) = self.rows.get(row)
            {
                canvas.text(beside - 10.0, top + high / 2.0 + 4.0, 12.0, Anchor::End, TITLE, text);
            }
        }
        if scaled {
            canvas.colour_bar((right + 14.0, 46.0), all_high.clamp(80.0, 160.0), self.range, self.map, self.unit);
        }
        canvas.finish()
    }
}
