//! A drawing as SVG: text that browsers, editors and printers read. Pictures of pixels go into it as PNG.

use super::canvas::{Anchor, Drawing, Shape};
use super::colour::{Colour, EDGE, FRAME, GRID, TEXT, TITLE, WHITE};
use super::{base64, png};
use std::fmt::Write;

/// What holds for all shapes: pixels keep their edges, lines have round corners.
const INHERITED: &str = r#"style="image-rendering:pixelated" stroke-linejoin="round""#;

/// The whole file.
///
/// # Errors
/// As [`png::rgb`].
pub(crate) fn file(drawing: &Drawing) -> striate::tensor::Result<String> {
    let Drawing { width, height, .. } = drawing;
    let head = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} \
         {height:.0}\" font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\" {INHERITED}>\n"
    );
    whole(head, drawing, Theme::Light)
}

/// An element for a page of HTML, with a text for those who cannot see it. The colours of paper and text are the page's
/// custom properties `--paper`, `--title`, `--text`, `--frame`, `--edge` and `--grid`.
///
/// # Errors
/// As [`png::rgb`].
pub(crate) fn inline(drawing: &Drawing, alternative: &str) -> striate::tensor::Result<String> {
    let Drawing { width, height, .. } = drawing;
    let head = format!(
        "<svg width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"Helvetica, Arial, sans-serif\" {INHERITED} role=\"img\" aria-label=\"{}\">\n",
        escaped(alternative)
    );
    whole(head, drawing, Theme::Page)
}

/// Where the neutral colours come from.
#[derive(Clone, Copy, PartialEq)]
enum Theme {
    Light,
    Page,
}

fn whole(mut out: String, drawing: &Drawing, theme: Theme) -> striate::tensor::Result<String> {
    for (i, shape) in drawing.shapes.iter().enumerate() {
        match shape {
            // The paper is the first of all shapes.
            Shape::Rect { at: (0.0, 0.0), size: (width, height), fill: WHITE } if i == 0 && theme == Theme::Page => {
                // Writing to a string cannot fail.
                let _ = writeln!(out, r#"<rect width="{width}" height="{height}" fill="var(--paper)"/>"#);
            }
            shape => put(&mut out, shape, theme)?,
        }
    }
    out.push_str("</svg>\n");
    Ok(out)
}

fn put(out: &mut String, shape: &Shape, theme: Theme) -> striate::tensor::Result<()> {
    let paint = |name, colour| Paint { name, colour, theme };
    // Writing to a string cannot fail.
    let _ = match shape {
        Shape::Rect { at: (x, y), size: (width, height), fill } => {
            let fill = paint("fill", Some(*fill));
            let (x, y, width, height) = (Short(*x), Short(*y), Short(*width), Short(*height));
            writeln!(out, r#"<rect x="{x}" y="{y}" width="{width}" height="{height}"{fill}/>"#)
        }
        Shape::Circle { at: (x, y), radius, fill, rim } => {
            let (x, y, fill, rim) = (Short(*x), Short(*y), paint("fill", Some(*fill)), stroke(*rim, theme));
            writeln!(out, r#"<circle cx="{x}" cy="{y}" r="{radius}"{fill}{rim}/>"#)
        }
        Shape::Path { points, closed, fill, stroke: line } => {
            let points: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", Short(*x), Short(*y))).collect();
            let name = if *closed { "polygon" } else { "polyline" };
            let (fill, line) = (paint("fill", *fill), stroke(*line, theme));
            writeln!(out, r#"<{name} points="{}"{fill}{line}/>"#, points.join(" "))
        }
        Shape::Text { at: (x, y), size, anchor, upwards, colour, text } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => r#" text-anchor="middle""#,
                Anchor::End => r#" text-anchor="end""#,
            };
            let (x, y, fill, text) = (Short(*x), Short(*y), paint("fill", Some(*colour)), escaped(text));
            let place = match upwards {
                true => format!(r#"transform="translate({x} {y}) rotate(-90)""#),
                false => format!(r#"x="{x}" y="{y}""#),
            };
            writeln!(out, r#"<text {place} font-size="{}"{anchor}{fill}>{text}</text>"#, Short(*size))
        }
        Shape::Image { at: (x, y), cell, pixels } => {
            let (columns, rows) = (pixels.columns, pixels.rows());
            let (x, y) = (Short(*x), Short(*y));
            let (width, height) = (Short(columns as f32 * cell.0), Short(rows as f32 * cell.1));
            let stretched = if cell.0 == cell.1 { "" } else { r#" preserveAspectRatio="none""# };
            let bytes = base64::text(&png::rgb(columns, rows, &pixels.rgb())?);
            writeln!(
                out,
                r#"<image x="{x}" y="{y}" width="{width}" height="{height}"{stretched} href="data:image/png;base64,{bytes}"/>"#,
            )
        }
    };
    Ok(())
}

/// Text within XML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A length with at most two digits behind the point.
struct Short(f32);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.2}", self.0);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// An attribute with a colour.
struct Paint {
    name: &'static str,
    colour: Option<Colour>,
    theme: Theme,
}

impl std::fmt::Display for Paint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Paint { name, colour, theme } = self;
        let Some(colour) = colour else { return write!(f, r#" {name}="none""#) };
        let neutral = [(TITLE, "title"), (TEXT, "text"), (FRAME, "frame"), (EDGE, "edge"), (GRID, "grid")];
        match neutral.iter().find(|(neutral, _)| neutral == colour) {
            Some((_, property)) if *theme == Theme::Page => write!(f, r#" {name}="var(--{property})""#),
            _ if colour.opacity < 1.0 => write!(f, r#" {name}="{colour}" {name}-opacity="{}""#, colour.opacity),
            _ => write!(f, r#" {name}="{colour}""#),
        }
    }
}

fn stroke(stroke: Option<(Colour, f32)>, theme: Theme) -> String {
    stroke.map_or(String::new(), |(colour, thick)| {
        let paint = Paint { name: "stroke", colour: Some(colour), theme };
        format!(r#"{paint} stroke-width="{thick}""#)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::canvas::Canvas;
    use crate::draw::colour::{BLACK, Map};

    #[test]
    fn text_is_escaped_and_pixels_are_within() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.pixels((0.0, 0.5), &[0.0, 0.0, 1.0, 1.0], 2, 4.0, (0.0, 1.0), Map::Ink);
        canvas.text(0.0, 0.0, 10.0, Anchor::Start, BLACK, "a < b & c");
        let text = file(&canvas.finish()).unwrap();
        assert!(text.contains(r#"<image x="0" y="0.5" width="8" height="8""#), "{text}");
        assert!(text.contains("data:image/png;base64,iVBORw0KGgo"), "{text}");
        assert!(text.contains("a &lt; b &amp; c") && text.ends_with("</svg>\n"));
    }

    #[test]
    fn in_a_page_paper_and_text_have_its_colours() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.text(0.0, 0.0, 10.0, Anchor::Start, TITLE, "title");
        canvas.rect(0.0, 0.0, 2.0, 2.0, WHITE);
        let text = inline(&canvas.finish(), "a \"b\"").unwrap();
        assert!(text.contains(r#"fill="var(--paper)""#) && text.contains(r#"fill="var(--title)""#), "{text}");
        assert!(text.contains(r##"fill="#ffffff""##) && text.contains("aria-label=\"a &quot;b&quot;\""), "{text}");
    }
}
