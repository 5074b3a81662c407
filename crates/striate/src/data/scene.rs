//! Pictures made of digits, with what there is to find in them.
//!
//! Everything is a function of the seed.

use super::Dataset;
use serde::Serialize;
use striate_tensor::{Error, Result, Rng};

/// A square grey picture with digits at random places that do not overlap, and what they are.
///
/// ```
/// use striate::data::{Digits, Scene};
/// let scene = Scene::of_digits(&Digits::test(), 4, 112, 1)?;
/// assert_eq!((scene.pixels.len(), scene.digits.len()), (112 * 112, 4));
/// # Ok::<(), striate::tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Bytes, row by row; light on dark.
    pub pixels: Vec<u8>,
    /// Pixels of an edge.
    pub size: usize,
    /// The digits, in the order in which they were laid down.
    pub digits: Vec<Placed>,
}

/// A digit of a [`Scene`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// Its class.
    pub label: usize,
    /// The upper left pixel of its square: row and column.
    pub corner: [usize; 2],
    /// Pixels of the edge of its square.
    pub edge: usize,
}

/// Places tried for a digit, and pictures begun anew, before there is taken to be no room.
const TRIES: u64 = 200;

impl Scene {
    /// So many digits of a data set of square grey images, each in its own square.
    ///
    /// # Errors
    /// `Fault::Data`: the images are not square and grey. `Fault::Usage`: there is no room for so many.
    pub fn of_digits(from: &Dataset, count: usize, size: usize, seed: u64) -> Result<Scene> {
        let edge = match from.sample_shape()[..] {
            [1, height, width] if height == width && from.pixels().is_some() => height,
            _ => {
                return Err(Error::data("a scene is made of square grey images").found(from.sample_shape()));
            }
        };
        let no_room = || {
            Error::usage("there is no room for so many digits that do not overlap")
                .found(format!("{count} of {edge}×{edge} in {size}×{size}"))
                .expected("about half of the squares that fit side by side, or fewer")
        };
        if size < edge || count * edge * edge > size * size {
            return Err(no_room());
        }
        let rng = Rng::new(seed).stream("scene");
        for round in 0..TRIES {
            let places = rng.substream(round);
            let mut digits: Vec<Placed> = vec![];
            for number in 0..count {
                let mut tries = (0..TRIES).map(|t| {
                    let index = (number as u64 * TRIES + t) * 2;
                    [0, 1].map(|axis| places.below(index + axis, size - edge + 1))
                });
                let apart = |a: &[usize; 2], b: &Placed| (0..2).any(|i| a[i].abs_diff(b.corner[i]) >= edge);
                let Some(corner) = tries.find(|corner| digits.iter().all(|other| apart(corner, other))) else { break };
                digits.push(Placed { label: 0, corner, edge });
            }
            if digits.len() < count {
                continue;
            }
            let mut pixels = vec![0; size * size];
            for (number, digit) in digits.iter_mut().enumerate() {
                let index = rng.stream("which").below(number as u64, from.len());
                digit.label = from.labels()[index] as usize;
                for (row, line) in from.image(index).unwrap_or(&[]).chunks_exact(edge).enumerate() {
                    pixels[(digit.corner[0] + row) * size + digit.corner[1]..][..edge].copy_from_slice(line);
                }
            }
            return Ok(Scene { pixels, size, digits });
        }
        Err(no_room())
    }
}
