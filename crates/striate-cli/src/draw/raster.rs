//! Shapes as pixels: each pixel gets the colour by the part of it that the shape covers.

use super::canvas::{Anchor, Point, Stroke};
use super::colour::{Colour, WHITE};
use super::font;
use super::pixels::Pixels;
use ab_glyph_rasterizer::{Rasterizer, point};

/// Paper of pixels; shapes come in coordinates of the drawing and are scaled here.
pub(crate) struct Raster {
    columns: usize,
    rows: usize,
    scale: f32,
    pixels: Vec<Colour>,
}

impl Raster {
    pub(crate) fn new(columns: usize, rows: usize, scale: f32) -> Self {
        Raster { columns, rows, scale, pixels: vec![WHITE; columns * rows] }
    }

    /// Red, green, blue of each pixel, row by row.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.pixels.iter().flat_map(|pixel| pixel.rgb).collect()
    }

    fn blend(&mut self, x: i64, y: i64, colour: Colour, covered: f32) {
        if x >= 0 && y >= 0 && (x as usize) < self.columns && (y as usize) < self.rows {
            let pixel = &mut self.pixels[y as usize * self.columns + x as usize];
            *pixel = colour.opacity(colour.opacity * covered).over(*pixel);
        }
    }

    pub(crate) fn rect(&mut self, (x, y): Point, (width, height): Point, fill: Colour) {
        let (from, to) = ((x * self.scale, y * self.scale), ((x + width) * self.scale, (y + height) * self.scale));
        // The part of pixel `i` that lies between two ends.
        let covered = |i: i64, low: f32, high: f32| (high.min((i + 1) as f32) - low.max(i as f32)).clamp(0.0, 1.0);
        for row in from.1.floor() as i64..to.1.ceil() as i64 {
            for column in from.0.floor() as i64..to.0.ceil() as i64 {
                let part = covered(column, from.0, to.0) * covered(row, from.1, to.1);
                self.blend(column, row, fill, part);
            }
        }
    }

    pub(crate) fn image(&mut self, (x, y): Point, cell: Point, pixels: &Pixels) {
        let (left, top) = ((x * self.scale).round(), (y * self.scale).round());
        let cell = (cell.0 * self.scale, cell.1 * self.scale);
        let (wide, high) = (pixels.columns as f32 * cell.0, pixels.rows() as f32 * cell.1);
        for row in 0..high.round() as i64 {
            for column in 0..wide.round() as i64 {
                let of = |i: i64, cell: f32, n: usize| (((i as f32 + 0.5) / cell) as usize).min(n - 1);
                let from = of(row, cell.1, pixels.rows()) * pixels.columns + of(column, cell.0, pixels.columns);
                self.blend(left as i64 + column, top as i64 + row, pixels.pixels[from], 1.0);
            }
        }
    }

    pub(crate) fn circle(&mut self, (x, y): Point, radius: f32, fill: Colour, rim: Option<Stroke>) {
        let corner = |i: usize| {
            let angle = i as f32 / 48.0 * std::f32::consts::TAU;
            (x + radius * angle.cos(), y + radius * angle.sin())
        };
        self.path(&(0..48).map(corner).collect::<Vec<_>>(), true, Some(fill), rim);
    }

    pub(crate) fn path(&mut self, points: &[Point], closed: bool, fill: Option<Colour>, stroke: Option<Stroke>) {
        let points: Vec<Point> = points.iter().map(|(x, y)| (x * self.scale, y * self.scale)).collect();
        if let Some(fill) = fill {
            self.fill(std::slice::from_ref(&points), fill);
        }
        if let Some((colour, thick)) = stroke {
            let half = thick * self.scale / 2.0;
            let ends = points.windows(2).map(|two| (two[0], two[1]));
            let last = points.last().zip(points.first()).filter(|_| closed).map(|(last, first)| (*last, *first));
            let mut pieces: Vec<Vec<Point>> = ends.chain(last).filter_map(|(a, b)| bar(a, b, half)).collect();
            // A corner is filled by a disc.
            let corners = if closed { &points[..] } else { points.get(1..points.len().max(2) - 1).unwrap_or(&[]) };
            if half > 0.5 {
                pieces.extend(corners.iter().map(|&corner| disc(corner, half)));
            }
            self.fill(&pieces, colour);
        }
    }

    /// Fills all pixels that any of the polygons covers, which all turn the same way.
    fn fill(&mut self, polygons: &[Vec<Point>], colour: Colour) {
        // What lies far outside is drawn nowhere: it need not take memory.
        let far = |v: f32, size: usize| v.clamp(-(size as f32), 2.0 * size as f32);
        let (columns, rows) = (self.columns, self.rows);
        let kept = |(x, y): Point| (far(x, columns), far(y, rows));
        let all = || polygons.iter().flatten().copied().map(kept);
        let (left, top) = all().fold((f32::MAX, f32::MAX), |(l, t), (x, y)| (l.min(x), t.min(y)));
        let (right, bottom) = all().fold((f32::MIN, f32::MIN), |(r, b), (x, y)| (r.max(x), b.max(y)));
        if left > right || !(left + top + right + bottom).is_finite() {
            return;
        }
        let (left, top) = (left.floor(), top.floor());
        let size = |from: f32, to: f32| (to - from).ceil() as usize + 2;
        let mut covered = Rasterizer::new(size(left, right), size(top, bottom));
        for polygon in polygons {
            for (i, &from) in polygon.iter().enumerate() {
                let of = |p: Point| point(kept(p).0 - left, kept(p).1 - top);
                covered.draw_line(of(from), of(polygon[(i + 1) % polygon.len()]));
            }
        }
        covered.for_each_pixel_2d(|x, y, part| {
            if part > 0.0 {
                self.blend(left as i64 + i64::from(x), top as i64 + i64::from(y), colour, part.min(1.0));
            }
        });
    }

    pub(crate) fn text(&mut self, at: Point, size: f32, anchor: Anchor, upwards: bool, colour: Colour, text: &str) {
        let back = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => 0.5,
            Anchor::End => 1.0,
        };
        let scale = self.scale;
        let mut along = -back * font::width(text, size);
        for letter in text.chars() {
            let place = |(x, y): Point| {
                let (x, y) = (along + x, -y);
                let (x, y) = if upwards { (y, -x) } else { (x, y) };
                ((at.0 + x) * scale, (at.1 + y) * scale)
            };
            let outlines: Vec<Vec<Point>> =
                font::outlines(letter, size).into_iter().map(|line| line.into_iter().map(place).collect()).collect();
            self.fill(&outlines, colour);
            along += font::width(letter.encode_utf8(&mut [0; 4]), size);
        }
    }
}

/// A straight stroke as a polygon; none if it has no length.
fn bar((x0, y0): Point, (x1, y1): Point, half: f32) -> Option<Vec<Point>> {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let length = dx.hypot(dy);
    (length > 0.0).then(|| {
        let (nx, ny) = (-dy / length * half, dx / length * half);
        vec![(x0 + nx, y0 + ny), (x0 - nx, y0 - ny), (x1 - nx, y1 - ny), (x1 + nx, y1 + ny)]
    })
}

/// A disc as a polygon that turns as a bar does.
fn disc((x, y): Point, radius: f32) -> Vec<Point> {
    let corner = |i: usize| {
        let angle = i as f32 / 16.0 * std::f32::consts::TAU;
        (x + radius * angle.cos(), y + radius * angle.sin())
    };
    (0..16).map(corner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::colour::BLACK;

    /// Twice the area, positive if it turns clockwise on the screen.
    fn area(polygon: &[Point]) -> f32 {
        let next = |i: usize| polygon[(i + 1) % polygon.len()];
        polygon.iter().enumerate().map(|(i, (x, y))| x * next(i).1 - next(i).0 * y).sum()
    }

    #[test]
    fn pieces_of_a_stroke_turn_the_same_way() {
        for to in [(5.0, 0.0), (-5.0, 1.0), (0.0, -3.0), (2.0, 7.0)] {
            assert!(area(&bar((0.0, 0.0), to, 1.0).unwrap()) > 0.0);
        }
        assert!(area(&disc((3.0, 3.0), 1.0)) > 0.0);
    }

    #[test]
    fn a_corner_of_a_stroke_is_full_and_no_darker() {
        let mut raster = Raster::new(20, 20, 1.0);
        raster.path(&[(4.0, 16.0), (4.0, 4.0), (16.0, 4.0)], false, None, Some((BLACK.opacity(0.5), 4.0)));
        let at = |x: usize, y: usize| raster.pixels[y * 20 + x].rgb[0];
        assert_eq!((at(4, 4), at(4, 10), at(10, 4), at(10, 10)), (128, 128, 128, 255));
    }
}
