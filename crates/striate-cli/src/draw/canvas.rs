//! A picture as a list of shapes, of which [`super::svg`] and [`super::png`] make files.
//!
//! Coordinates are in pixels from the upper left corner. The same drawing gives the same bytes.

use super::chart::number;
use super::colour::{Colour, FRAME, Map, TEXT, WHITE};
use super::font;
use super::pixels::Pixels;

pub(crate) type Point = (f32, f32);

/// Where a text stands beside its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line's colour and how thick it is.
pub(crate) type Stroke = (Colour, f32);

/// One thing that is drawn; later ones lie over earlier ones.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Rect { at: Point, size: Point, fill: Colour },
    Circle { at: Point, radius: f32, fill: Colour, rim: Option<Stroke> },
    Path { points: Vec<Point>, closed: bool, fill: Option<Colour>, stroke: Option<Stroke> },
    Text { at: Point, size: f32, anchor: Anchor, upwards: bool, colour: Colour, text: String },
    Image { at: Point, cell: Point, pixels: Pixels },
}

/// A whole picture.
#[derive(Clone, Debug)]
pub(crate) struct Drawing {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) shapes: Vec<Shape>,
}

/// A picture in the making.
pub(crate) struct Canvas(Drawing);

/// Colour steps of a scale bar.
const LEVELS: usize = 128;

impl Canvas {
    /// White paper.
    pub(crate) fn new(width: f32, height: f32) -> Self {
        let mut canvas = Canvas(Drawing { width: width.ceil(), height: height.ceil(), shapes: vec![] });
        canvas.rect(0.0, 0.0, width.ceil(), height.ceil(), WHITE);
        canvas
    }

    fn put(&mut self, shape: Shape) {
        self.0.shapes.push(shape);
    }

    pub(crate) fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, fill: Colour) {
        self.put(Shape::Rect { at: (x, y), size: (width, height), fill });
    }

    /// The outline of a rectangle.
    pub(crate) fn frame(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Colour, thick: f32) {
        let points = vec![(x, y), (x + width, y), (x + width, y + height), (x, y + height)];
        self.put(Shape::Path { points, closed: true, fill: None, stroke: Some((colour, thick)) });
    }

    /// A line through points.
    pub(crate) fn line(&mut self, points: &[Point], colour: Colour, thick: f32) {
        self.put(Shape::Path { points: points.to_vec(), closed: false, fill: None, stroke: Some((colour, thick)) });
    }

    /// A line of short strokes.
    pub(crate) fn dashed(&mut self, from: Point, to: Point, colour: Colour, thick: f32) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let at = |d: f32| (from.0 + dx * d / length, from.1 + dy * d / length);
        let mut start = 0.0;
        while start < length {
            self.line(&[at(start), at((start + 5.0).min(length))], colour, thick);
            start += 9.0;
        }
    }

    /// A line through points, of strokes of 7 with gaps of 4.
    pub(crate) fn dashes(&mut self, points: &[Point], colour: Colour, thick: f32) {
        const PATTERN: [f32; 2] = [7.0, 4.0];
        let Some(&first) = points.first() else { return };
        let (mut stroke, mut at, mut part, mut left) = (vec![first], first, 0, PATTERN[0]);
        for &to in &points[1..] {
            loop {
                let away = (to.0 - at.0).hypot(to.1 - at.1);
                if away <= left {
                    left -= away;
                    at = to;
                    if part == 0 {
                        stroke.push(to);
                    }
                    break;
                }
                at = (at.0 + (to.0 - at.0) * left / away, at.1 + (to.1 - at.1) * left / away);
                if part == 0 {
                    stroke.push(at);
                    self.line(&stroke, colour, thick);
                }
                part = 1 - part;
                left = PATTERN[part];
                stroke = vec![at];
            }
        }
        if part == 0 && stroke.len() > 1 {
            self.line(&stroke, colour, thick);
        }
    }

    /// A filled polygon.
    pub(crate) fn polygon(&mut self, points: &[Point], fill: Colour) {
        self.put(Shape::Path { points: points.to_vec(), closed: true, fill: Some(fill), stroke: None });
    }

    /// The outline of a circle.
    pub(crate) fn ring(&mut self, at: Point, radius: f32, colour: Colour, thick: f32) {
        let corner = |i: usize| {
            let angle = i as f32 / 64.0 * std::f32::consts::TAU;
            (at.0 + radius * angle.cos(), at.1 + radius * angle.sin())
        };
        let points = (0..64).map(corner).collect();
        self.put(Shape::Path { points, closed: true, fill: None, stroke: Some((colour, thick)) });
    }

    /// The mark of a class at a point: circle, square or triangle, so that shape tells as much as colour.
    pub(crate) fn mark(&mut self, class: usize, x: f32, y: f32, radius: f32, fill: Colour) {
        let (r, rim) = (radius, Some((WHITE, 0.8)));
        let points = match class % 3 {
            0 => return self.put(Shape::Circle { at: (x, y), radius: r, fill, rim }),
            1 => {
                let h = 0.9 * r;
                vec![(x - h, y - h), (x + h, y - h), (x + h, y + h), (x - h, y + h)]
            }
            _ => vec![(x, y - 1.2 * r), (x + 1.1 * r, y + 0.8 * r), (x - 1.1 * r, y + 0.8 * r)],
        };
        self.put(Shape::Path { points, closed: true, fill: Some(fill), stroke: rim });
    }

    pub(crate) fn text(&mut self, x: f32, y: f32, size: f32, anchor: Anchor, colour: Colour, text: &str) {
        self.put(Shape::Text { at: (x, y), size, anchor, upwards: false, colour, text: text.to_string() });
    }

    /// Text that reads upwards, its middle at the point.
    pub(crate) fn upwards(&mut self, x: f32, y: f32, size: f32, colour: Colour, text: &str) {
        let text = text.to_string();
        self.put(Shape::Text { at: (x, y), size, anchor: Anchor::Middle, upwards: true, colour, text });
    }

    /// A picture of pixels, each a square of `cell`.
    pub(crate) fn image(&mut self, at: Point, cell: f32, pixels: Pixels) {
        self.stretched(at, (cell, cell), pixels);
    }

    /// A picture of pixels, each a rectangle of this width and height.
    pub(crate) fn stretched(&mut self, at: Point, cell: Point, pixels: Pixels) {
        self.put(Shape::Image { at, cell, pixels });
    }

    /// A row-major picture of values over a range, each a square of `cell`.
    pub(crate) fn pixels(&mut self, at: Point, values: &[f32], columns: usize, cell: f32, range: (f32, f32), map: Map) {
        self.image(at, cell, Pixels::values(values, columns, range, map));
    }

    /// A standing colour bar with its ends and what they measure.
    pub(crate) fn colour_bar(&mut self, (x, y): Point, height: f32, (low, high): (f32, f32), map: Map, unit: &str) {
        let steps: Vec<f32> = (0..LEVELS).rev().map(|i| i as f32 / (LEVELS - 1) as f32).collect();
        self.stretched((x, y), (12.0, height / LEVELS as f32), Pixels::values(&steps, 1, (0.0, 1.0), map));
        self.frame(x, y, 12.0, height, FRAME, 0.6);
        self.text(x + 16.0, y + 9.0, 11.0, Anchor::Start, TEXT, &number(high));
        self.text(x + 16.0, y + height, 11.0, Anchor::Start, TEXT, &number(low));
        if low < 0.0 && high == -low {
            self.text(x + 16.0, y + height / 2.0 + 4.0, 11.0, Anchor::Start, TEXT, "0");
        }
        // Beside the numbers, however wide they are.
        let numbers = font::width(&number(low), 11.0).max(font::width(&number(high), 11.0));
        self.upwards(x + 16.0 + numbers + 12.0, y + height / 2.0, 11.0, TEXT, unit);
    }

    /// The whole picture.
    pub(crate) fn finish(self) -> Drawing {
        self.0
    }
}
