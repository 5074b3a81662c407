//! The dense matrix of a convolution.

use crate::draw::canvas::Drawing;
use crate::draw::colour::{Colour, Map, symmetric};
use crate::draw::pixels::Pixels;
use crate::draw::tiles::{Sheet, Tile};
use striate::explain::DenseMatrix;

/// Cells of the corner and of the whole, an edge.
const CORNER: usize = 120;
const WHOLE: usize = 360;
/// Where nothing is connected.
const NOTHING: Colour = Colour::of(0xffffff);

/// Its upper left corner, a cell an element, and all of it, a cell the mean of many elements; what is not connected is white.
pub(crate) fn toeplitz(title: &str, matrix: &DenseMatrix) -> Drawing {
    let range = symmetric(&matrix.weights);
    let colours = |values: &[f32], connected: &[bool], columns: usize| {
        let cell = |(v, &on): (&f32, &bool)| if on { Map::Vik.of(*v, range) } else { NOTHING };
        Pixels { columns, pixels: values.iter().zip(connected).map(cell).collect() }
    };
    let (rows, columns) = (matrix.rows.min(CORNER), matrix.columns.min(CORNER));
    let (mut values, mut connected) = (vec![0.0; rows * columns], vec![false; rows * columns]);
    for &(row, column, weight) in matrix.entries.iter().filter(|entry| entry.0 < rows && entry.1 < columns) {
        values[row * columns + column] = matrix.weights[weight];
        connected[row * columns + column] = true;
    }
    let mut tiles =
        vec![Tile::coloured(colours(&values, &connected, columns), format!("{rows}×{columns}, upper left"))];
    if (rows, columns) != (matrix.rows, matrix.columns) {
        let across = matrix.columns.min(WHOLE);
        let (means, connected) = matrix.picture(WHOLE, WHOLE);
        let caption = format!("all {}×{}", matrix.rows, matrix.columns);
        tiles.push(Tile::coloured(colours(&means, &connected, across), caption));
    }
    let title = format!("{title}: blue below 0, red above, white not connected");
    Sheet { title: &title, columns: 1, across: 2, range, map: Map::Vik, unit: "weight", rows: &[] }.draw(&tiles)
}
