//! A drawing as SVG: text that browsers, editors and printers read. Pictures of pixels go into it as PNG.

use super::canvas::{Anchor, Drawing, Shape};
use super::colour::Colour;
use super::{base64, png};
use std::fmt::Write;

/// The whole file.
///
/// # Errors
/// As [`png::rgb`].
pub(crate) fn file(drawing: &Drawing) -> striate::tensor::Result<String> {
    let Drawing { width, height, shapes } = drawing;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} \
         {height:.0}\" font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\">\n"
    );
    for shape in shapes {
        put(&mut out, shape)?;
    }
    out.push_str("</svg>\n");
    Ok(out)
}

fn put(out: &mut String, shape: &Shape) -> striate::tensor::Result<()> {
    // Writing to a string cannot fail.
    let _ = match shape {
        Shape::Rect { at: (x, y), size: (width, height), fill } => {
            let fill = Paint("fill", Some(*fill));
            writeln!(
                out,
                r#"<rect x="{}" y="{}" width="{}" height="{}"{fill}/>"#,
                Short(*x),
                Short(*y),
                Short(*width),
                Short(*height)
            )
        }
        Shape::Circle { at: (x, y), radius, fill, rim } => {
            let fill = Paint("fill", Some(*fill));
            writeln!(out, r#"<circle cx="{}" cy="{}" r="{radius}"{fill}{}/>"#, Short(*x), Short(*y), stroke(*rim))
        }
        Shape::Path { points, closed, fill, stroke: line } => {
            let points: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", Short(*x), Short(*y))).collect();
            let name = if *closed { "polygon" } else { "polyline" };
            let fill = Paint("fill", *fill);
            writeln!(out, r#"<{name} points="{}"{fill}{}/>"#, points.join(" "), stroke(*line))
        }
        Shape::Text { at: (x, y), size, anchor, upwards, colour, text } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => r#" text-anchor="middle""#,
                Anchor::End => r#" text-anchor="end""#,
            };
            let (x, y, fill, text) = (Short(*x), Short(*y), Paint("fill", Some(*colour)), escaped(text));
            match upwards {
                true => {
                    let turn = format!(r#"transform="translate({x} {y}) rotate(-90)""#);
                    writeln!(out, r#"<text {turn} font-size="{size}"{anchor}{fill}>{text}</text>"#)
                }
                false => writeln!(out, r#"<text x="{x}" y="{y}" font-size="{size}"{anchor}{fill}>{text}</text>"#),
            }
        }
        Shape::Image { at: (x, y), cell, pixels } => {
            let (columns, rows) = (pixels.columns, pixels.rows());
            let bytes = png::rgb(columns, rows, &pixels.rgb())?;
            writeln!(
                out,
                r#"<image x="{}" y="{}" width="{}" height="{}" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,{}"/>"#,
                Short(*x),
                Short(*y),
                Short(columns as f32 * cell),
                Short(rows as f32 * cell),
                base64::text(&bytes)
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
struct Paint(&'static str, Option<Colour>);

impl std::fmt::Display for Paint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Paint(name, colour) = self;
        let Some(colour) = colour else { return write!(f, r#" {name}="none""#) };
        write!(f, r#" {name}="{colour}""#)?;
        if colour.opacity < 1.0 { write!(f, r#" {name}-opacity="{}""#, colour.opacity) } else { Ok(()) }
    }
}

fn stroke(stroke: Option<(Colour, f32)>) -> String {
    let round = r#" stroke-linejoin="round""#;
    stroke.map_or(String::new(), |(colour, thick)| {
        format!(r#"{} stroke-width="{thick}"{round}"#, Paint("stroke", Some(colour)))
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
}
