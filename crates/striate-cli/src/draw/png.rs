//! A drawing as PNG, at twice its size so that small text can be read.

use super::canvas::{Drawing, Shape};
use super::raster::Raster;
use striate::prelude::*;

/// Pixels of the file for one of the drawing.
const SCALE: f32 = 2.0;

/// The whole file.
///
/// # Errors
/// As [`rgb`].
pub(crate) fn file(drawing: &Drawing) -> Result<Vec<u8>> {
    let (width, height) = ((drawing.width * SCALE) as usize, (drawing.height * SCALE) as usize);
    let mut raster = Raster::new(width, height, SCALE);
    for shape in &drawing.shapes {
        match shape {
            Shape::Rect { at, size, fill } => raster.rect(*at, *size, *fill),
            Shape::Circle { at, radius, fill, rim } => raster.circle(*at, *radius, *fill, *rim),
            Shape::Path { points, closed, fill, stroke } => raster.path(points, *closed, *fill, *stroke),
            Shape::Text { at, size, anchor, upwards, colour, text } => {
                raster.text(*at, *size, *anchor, *upwards, *colour, text);
            }
            Shape::Image { at, cell, pixels } => raster.image(*at, *cell, pixels),
        }
    }
    rgb(width, height, &raster.bytes())
}

/// The file of a picture whose pixels are three bytes each, row by row; a byte each in the file where all are grey.
///
/// # Errors
/// `Fault::Internal`: the number of bytes is another.
pub(crate) fn rgb(columns: usize, rows: usize, bytes: &[u8]) -> Result<Vec<u8>> {
    let mistake = |failure: png::EncodingError| Error::internal("a picture could not be coded").found(failure);
    let mut file = vec![];
    let mut encoder = png::Encoder::new(&mut file, columns as u32, rows as u32);
    let grey: Option<Vec<u8>> =
        bytes.chunks(3).map(|pixel| pixel.iter().all(|byte| *byte == pixel[0]).then_some(pixel[0])).collect();
    encoder.set_color(if grey.is_some() { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    // Flat areas repeat: differences to neighbours would only hide that.
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().map_err(mistake)?;
    writer.write_image_data(grey.as_deref().unwrap_or(bytes)).map_err(mistake)?;
    writer.finish().map_err(mistake)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::canvas::{Anchor, Canvas};
    use crate::draw::colour::{BLACK, Colour, Map, WHITE};

    /// The pixels of a file, twice as many a side as the drawing has.
    fn seen(canvas: Canvas) -> image::RgbImage {
        image::load_from_memory(&file(&canvas.finish()).unwrap()).unwrap().into_rgb8()
    }

    #[test]
    fn shapes_lie_where_they_were_put() {
        let orange = Colour::of(0xff8000);
        let mut canvas = Canvas::new(20.0, 10.0);
        canvas.rect(2.0, 2.0, 4.0, 4.0, orange);
        canvas.polygon(&[(10.0, 0.0), (20.0, 0.0), (20.0, 10.0)], orange.opacity(0.5));
        canvas.line(&[(0.0, 9.0), (9.0, 9.0)], BLACK, 1.0);
        canvas.pixels((8.0, 1.0), &[0.0, 1.0], 2, 1.0, (0.0, 1.0), Map::Grey);
        let seen = seen(canvas);
        assert_eq!(seen.dimensions(), (40, 20));
        let at = |x, y| seen.get_pixel(x, y).0;
        assert_eq!((at(4, 4), at(11, 11), at(3, 3), at(12, 12)), (orange.rgb, orange.rgb, WHITE.rgb, WHITE.rgb));
        assert_eq!((at(38, 2), at(21, 17)), ([255, 192, 128], WHITE.rgb));
        assert_eq!((at(5, 17), at(5, 18), at(5, 16)), (BLACK.rgb, BLACK.rgb, WHITE.rgb));
        assert_eq!((at(16, 2), at(17, 3), at(18, 2), at(19, 3)), (BLACK.rgb, BLACK.rgb, WHITE.rgb, WHITE.rgb));
    }

    #[test]
    fn text_is_ink_beside_its_point() {
        let mut canvas = Canvas::new(60.0, 40.0);
        canvas.text(30.0, 20.0, 12.0, Anchor::Start, BLACK, "HHH");
        let seen = seen(canvas);
        let ink = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
            x.flat_map(|x| y.clone().map(move |y| (x, y))).filter(|(x, y)| seen.get_pixel(*x, *y).0[0] < 128).count()
        };
        assert_eq!(ink(0..60, 0..80) + ink(0..120, 40..80), 0);
        assert!(ink(60..120, 20..40) > 100);
    }
}
