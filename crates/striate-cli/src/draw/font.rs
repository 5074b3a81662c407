//! The letters that pictures of pixels are written with: outlines and widths of Liberation Sans 2, see `assets/`.

use super::canvas::Point;
use std::sync::LazyLock;
use ttf_parser::{Face, OutlineBuilder};

static FILE: &[u8] = include_bytes!("../../assets/font.ttf");
static FACE: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(FILE, 0).ok());

/// How wide a text of this size is. Letters that the font lacks are as wide as its empty box.
pub(crate) fn width(text: &str, size: f32) -> f32 {
    let Some(face) = &*FACE else { return 0.0 };
    let unit = size / f32::from(face.units_per_em());
    text.chars()
        .map(|c| f32::from(face.glyph_hor_advance(face.glyph_index(c).unwrap_or_default()).unwrap_or(0)) * unit)
        .sum()
}

/// A text cut to a width, with … where something is left out.
pub(crate) fn fitted(text: &str, size: f32, most: f32) -> String {
    if width(text, size) <= most {
        return text.to_string();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let cut: String = kept.iter().collect::<String>().trim_end().to_string() + "…";
        if width(&cut, size) <= most {
            return cut;
        }
    }
    String::new()
}

/// The closed lines around a letter of this size, from its left end on the base line, y upwards.
pub(crate) fn outlines(letter: char, size: f32) -> Vec<Vec<Point>> {
    let Some(face) = &*FACE else { return vec![] };
    let mut outline = Outline { unit: size / f32::from(face.units_per_em()), lines: vec![] };
    face.outline_glyph(face.glyph_index(letter).unwrap_or_default(), &mut outline);
    outline.lines
}

struct Outline {
    unit: f32,
    lines: Vec<Vec<Point>>,
}

/// Straight pieces of a curve: enough for letters of headings.
const PIECES: usize = 6;

impl Outline {
    /// The point that the pen is at, and its line.
    fn pen(&mut self) -> Option<(Point, &mut Vec<Point>)> {
        let line = self.lines.last_mut()?;
        Some((*line.last()?, line))
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.lines.push(vec![(x * self.unit, y * self.unit)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = (x * self.unit, y * self.unit);
        if let Some((_, line)) = self.pen() {
            line.push(to);
        }
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let unit = self.unit;
        if let Some(((x0, y0), line)) = self.pen() {
            line.extend((1..=PIECES).map(|i| {
                let t = i as f32 / PIECES as f32;
                let of = |a: f32, b: f32, c: f32| (1.0 - t).powi(2) * a + 2.0 * t * (1.0 - t) * b + t * t * c;
                (of(x0, x1 * unit, x * unit), of(y0, y1 * unit, y * unit))
            }));
        }
    }

    /// TrueType has no cubic curves: the middle of the two handles stands for both.
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.quad_to((x1 + x2) / 2.0, (y1 + y2) / 2.0, x, y);
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_widths_and_outlines() {
        assert!((width("mmmm", 10.0) - 33.3).abs() < 0.1 && width("iiii", 10.0) < 10.0);
        assert_eq!((outlines('l', 10.0).len(), outlines('o', 10.0).len(), outlines('%', 10.0).len()), (1, 2, 5));
        assert!("−×∂αΔ…²".chars().all(|c| !outlines(c, 10.0).is_empty()));
        assert_eq!(
            (fitted("short", 10.0, 100.0).as_str(), fitted("rather long", 10.0, 40.0).as_str()),
            ("short", "rather…")
        );
    }
}
