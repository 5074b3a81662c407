//! Pictures: a [`Drawing`] becomes SVG or PNG by the name of its file; and a few lines for the terminal.
//!
//! | for | take |
//! |---|---|
//! | anything | [`canvas::Canvas`] |
//! | small pictures with captions | [`tiles::Sheet`] |
//! | a map of values over a picture | [`pixels::Pixels::under`] |
//! | one picture, boxes and points on it | [`marked::Marked`] |
//! | curves | [`chart::Chart`] |
//! | bars | [`bars::Bars`] |
//! | a table of numbers as colours | [`matrix::Matrix`] |
//! | a spectrum, a polar plot | [`spectrum`] |

pub(crate) mod bars;
pub(crate) mod base64;
pub(crate) mod canvas;
pub(crate) mod chart;
pub(crate) mod colour;
pub(crate) mod font;
#[cfg(test)]
mod gallery;
pub(crate) mod marked;
pub(crate) mod matrix;
pub(crate) mod pixels;
pub(crate) mod plane;
pub(crate) mod png;
mod raster;
pub(crate) mod spectrum;
pub(crate) mod svg;
pub(crate) mod terminal;
pub(crate) mod tiles;

use canvas::Drawing;
use std::fs;
use std::path::Path;
use striate::prelude::*;
use striate_io::{io_error, write_atomically};

/// A picture with the name of its file.
pub(crate) struct Picture {
    pub(crate) file: &'static str,
    pub(crate) drawing: Drawing,
}

/// What a file of a picture may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Svg,
    Png,
}

fn format(path: &Path) -> Result<Format> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("svg") => Ok(Format::Svg),
        Some("png") => Ok(Format::Png),
        _ => Err(Error::usage("the picture's name does not say what kind of file it shall be")
            .found(format!("`{}`", path.display()))
            .expected("a name that ends with .svg or .png")),
    }
}

/// Refuses a name that [`write()`] would refuse; to be called before long work.
///
/// # Errors
/// `Fault::Usage`: it ends with neither `.svg` nor `.png`.
pub(crate) fn check(path: &Path) -> Result<()> {
    format(path).map(|_| ())
}

/// Writes a picture; its folder is made where it is missing.
///
/// # Errors
/// As [`check`]; `Fault::Data`: the disk.
pub(crate) fn write(path: &Path, drawing: &Drawing) -> Result<()> {
    let bytes = match format(path)? {
        Format::Svg => svg::file(drawing)?.into_bytes(),
        Format::Png => png::file(drawing)?,
    };
    make_folder(path)?;
    write_atomically(path, |file| file.write_all(&bytes))
}

/// Writes a picture of pixels alone, one of the file for each: a result that other programs go on with.
///
/// # Errors
/// As [`write()`].
pub(crate) fn write_pixels(path: &Path, pixels: &pixels::Pixels) -> Result<()> {
    let (columns, rows) = (pixels.columns, pixels.rows());
    if format(path)? == Format::Svg {
        let mut canvas = canvas::Canvas::new(columns as f32, rows as f32);
        canvas.image((0.0, 0.0), 1.0, pixels.clone());
        return write(path, &canvas.finish());
    }
    let bytes = png::rgb(columns, rows, &pixels.rgb())?;
    make_folder(path)?;
    write_atomically(path, |file| file.write_all(&bytes))
}

/// Makes the folder of a file where it is missing.
fn make_folder(path: &Path) -> Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::create_dir_all(folder).map_err(|failure| io_error("make the folder", folder, &failure)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides() {
        assert_eq!(
            (format(Path::new("a.svg")).unwrap(), format(Path::new("b/a.PNG")).unwrap()),
            (Format::Svg, Format::Png)
        );
        assert!(check(Path::new("a.gif")).unwrap_err().to_string().contains(".svg or .png"));
    }
}
