//! Small pictures side by side, each with a caption, on one scale.

use super::colour::Map;
use super::svg::{Anchor, Svg};

/// One of them.
pub(crate) struct Tile {
    /// Row by row.
    pub(crate) values: Vec<f32>,
    /// What stands below it.
    pub(crate) caption: String,
}

/// How all of them are drawn.
pub(crate) struct Sheet<'a> {
    pub(crate) title: &'a str,
    /// Pixels of a tile's row.
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

impl Sheet<'_> {
    pub(crate) fn draw(&self, tiles: &[Tile]) -> String {
        let cell = (56.0 / self.columns as f32).max(3.0);
        let high = tiles.first().map_or(1, |tile| tile.values.len() / self.columns) as f32 * cell;
        let (wide, gap) = (self.columns as f32 * cell, 12.0);
        let captions = if tiles.iter().any(|tile| !tile.caption.is_empty()) { 16.0 } else { 0.0 };
        let beside = if self.rows.is_empty() { 24.0 } else { 112.0 };
        let lines = tiles.len().div_ceil(self.across) as f32;
        let all_high = lines * (high + captions + gap) - gap;
        let right = beside + self.across as f32 * (wide + gap);
        let needed = right.max(self.title.chars().count() as f32 * 7.6 - 20.0);
        let mut svg = Svg::new(needed + 64.0, all_high.max(90.0) + 66.0);
        svg.text(24.0, 28.0, 15.0, Anchor::Start, "#111111", self.title);
        for (i, tile) in tiles.iter().enumerate() {
            let (row, column) = (i / self.across, i % self.across);
            let x = beside + column as f32 * (wide + gap);
            let y = 46.0 + row as f32 * (high + captions + gap);
            svg.pixels((x, y), &tile.values, self.columns, cell, self.range, self.map);
            svg.frame(x, y, wide, high, "#999999", 0.6);
            svg.text(x + wide / 2.0, y + high + 12.0, 11.0, Anchor::Middle, "#333333", &tile.caption);
            if column == 0
                && let Some(text) = self.rows.get(row)
            {
                svg.text(beside - 10.0, y + high / 2.0 + 4.0, 12.0, Anchor::End, "#111111", text);
            }
        }
        svg.colour_bar((right + 4.0, 46.0), all_high.clamp(80.0, 160.0), self.range, self.map, self.unit);
        svg.finish()
    }
}

/// The range that is as wide below 0 as above.
pub(crate) fn symmetric(values: &[f32]) -> (f32, f32) {
    let most = values.iter().fold(f32::MIN_POSITIVE, |m, v| m.max(v.abs()));
    (-most, most)
}

/// From the least to the greatest.
pub(crate) fn extent(values: &[f32]) -> (f32, f32) {
    (values.iter().copied().fold(f32::INFINITY, f32::min), values.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}
