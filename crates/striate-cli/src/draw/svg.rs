//! SVG as text. Coordinates are in pixels from the upper left corner; the same drawing gives the same bytes.

use super::colour::Map;
use std::fmt::Write;

/// Where a text stands beside its point.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A drawing.
pub(crate) struct Svg {
    width: f32,
    height: f32,
    body: String,
}

/// Colour steps of a scale within a picture; each is one path.
const LEVELS: usize = 48;

impl Svg {
    /// White paper.
    pub(crate) fn new(width: f32, height: f32) -> Self {
        let mut svg = Svg { width, height, body: String::new() };
        svg.rect(0.0, 0.0, width, height, "#ffffff");
        svg
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "{element}");
    }

    pub(crate) fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, fill: &str) {
        self.put(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{fill}"/>"#
        ));
    }

    /// The outline of a rectangle.
    pub(crate) fn frame(&mut self, x: f32, y: f32, width: f32, height: f32, stroke: &str, thick: f32) {
        self.put(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="none" stroke="{stroke}" stroke-width="{thick}"/>"#
        ));
    }

    /// A line through points.
    pub(crate) fn line(&mut self, points: &[(f32, f32)], stroke: &str, thick: f32) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.put(format_args!(
            r#"<polyline points="{}" fill="none" stroke="{stroke}" stroke-width="{thick}"/>"#,
            points.join(" ")
        ));
    }

    /// A filled polygon.
    pub(crate) fn polygon(&mut self, points: &[(f32, f32)], fill: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.put(format_args!(r#"<polygon points="{}" fill="{fill}"/>"#, points.join(" ")));
    }

    /// The mark of a class at a point: circle, square or triangle, so that shape tells as much as colour.
    pub(crate) fn mark(&mut self, class: usize, x: f32, y: f32, radius: f32, fill: &str) {
        let r = radius;
        match class % 3 {
            0 => self.put(format_args!(
                r##"<circle cx="{x:.1}" cy="{y:.1}" r="{r}" fill="{fill}" stroke="#ffffff" stroke-width="0.8"/>"##
            )),
            1 => self.put(format_args!(
                r##"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" fill="{fill}" stroke="#ffffff" stroke-width="0.8"/>"##,
                x - 0.9 * r,
                y - 0.9 * r,
                1.8 * r,
                1.8 * r
            )),
            _ => self.put(format_args!(
                r##"<polygon points="{:.1},{:.1} {:.1},{:.1} {:.1},{:.1}" fill="{fill}" stroke="#ffffff" stroke-width="0.8"/>"##,
                x,
                y - 1.2 * r,
                x - 1.1 * r,
                y + 0.8 * r,
                x + 1.1 * r,
                y + 0.8 * r
            )),
        }
    }

    pub(crate) fn text(&mut self, x: f32, y: f32, size: f32, anchor: Anchor, fill: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        self.put(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">{text}</text>"#
        ));
    }

    /// Text that reads upwards.
    pub(crate) fn upwards(&mut self, x: f32, y: f32, size: f32, fill: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        self.put(format_args!(
            r#"<text transform="translate({x:.1} {y:.1}) rotate(-90)" font-size="{size}" text-anchor="middle" fill="{fill}">{text}</text>"#
        ));
    }

    /// A row-major picture of values from `low` to `high`, each a square of `cell` pixels.
    pub(crate) fn pixels(
        &mut self,
        (x, y): (f32, f32),
        values: &[f32],
        columns: usize,
        cell: f32,
        (low, high): (f32, f32),
        map: Map,
    ) {
        let range = if high > low { high - low } else { 1.0 };
        let level = |v: f32| (((v - low) / range).clamp(0.0, 1.0) * (LEVELS - 1) as f32).round() as usize;
        let mut paths = vec![String::new(); LEVELS];
        for (row, line) in values.chunks(columns).enumerate() {
            let mut start = 0;
            while start < line.len() {
                let here = level(line[start]);
                let length = line[start..].iter().take_while(|v| level(**v) == here).count();
                let _ = write!(paths[here], "M{start} {row}h{length}v1h-{length}z");
                start += length;
            }
        }
        self.put(format_args!(
            r#"<g transform="translate({x:.1} {y:.1}) scale({cell})" shape-rendering="crispEdges">"#
        ));
        for (at, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
            self.put(format_args!(r#"<path fill="{}" d="{path}"/>"#, map.colour(at as f32 / (LEVELS - 1) as f32)));
        }
        self.put(format_args!("</g>"));
    }

    /// A standing colour bar with its ends and what they measure.
    pub(crate) fn colour_bar(
        &mut self,
        (x, y): (f32, f32),
        height: f32,
        (low, high): (f32, f32),
        map: Map,
        unit: &str,
    ) {
        let steps: Vec<f32> = (0..LEVELS).rev().map(|i| i as f32 / (LEVELS - 1) as f32).collect();
        let cell = height / LEVELS as f32;
        for (i, &t) in steps.iter().enumerate() {
            // A little overlap: no gaps between neighbours.
            self.rect(x, y + i as f32 * cell, 12.0, cell + 0.6, &map.colour(t));
        }
        self.frame(x, y, 12.0, height, "#555555", 0.6);
        self.text(x + 16.0, y + 9.0, 11.0, Anchor::Start, "#333333", &super::chart::number(high));
        self.text(x + 16.0, y + height, 11.0, Anchor::Start, "#333333", &super::chart::number(low));
        self.upwards(x + 24.0, y + height / 2.0, 11.0, "#333333", unit);
    }

    /// The whole file.
    pub(crate) fn finish(self) -> String {
        let Svg { width, height, body } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} \
             {height:.0}\" font-family=\"Helvetica, Arial, sans-serif\">\n{body}</svg>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_neighbours_are_one_piece_and_text_is_escaped() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.pixels((0.0, 0.0), &[0.0, 0.0, 1.0, 1.0], 2, 4.0, (0.0, 1.0), Map::Ink);
        svg.text(0.0, 0.0, 10.0, Anchor::Start, "#000000", "a < b & c");
        let text = svg.finish();
        assert!(text.contains(r##"<path fill="#ffffff" d="M0 0h2v1h-2z"/>"##), "{text}");
        assert!(text.contains(r##"<path fill="#000000" d="M0 1h2v1h-2z"/>"##), "{text}");
        assert!(text.contains("a &lt; b &amp; c") && text.ends_with("</svg>\n"));
    }
}
