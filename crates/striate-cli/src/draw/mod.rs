//! Pictures as text: SVG files, and a few lines for the terminal.

pub(crate) mod chart;
pub(crate) mod colour;
pub(crate) mod heat;
pub(crate) mod plane;
pub(crate) mod svg;
pub(crate) mod terminal;
pub(crate) mod tiles;

/// A picture with the name of its file.
pub(crate) struct Picture {
    pub(crate) file: &'static str,
    pub(crate) svg: String,
}
