//! Digits among clutter, and which pixels are the digit's: something to segment.
//!
//! A picture of 32×32 has a digit somewhere, thin lines across it, and specks. Everything is a function of the seed.

use super::Dataset;
use striate_tensor::{Error, Result, Rng};

/// Pictures with the class of each pixel: 0 for clutter and ground, 1 for the digit.
///
/// ```
/// use striate::data::{Clutter, Digits};
/// let clutter = Clutter::of_digits(&Digits::test(), 3, 1)?;
/// assert_eq!((clutter.pixels.len(), clutter.masks.len()), (3 * 32 * 32, 3 * 32 * 32));
/// # Ok::<(), striate::tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Clutter {
    /// N×32×32, 0 to 1, light on dark.
    pub pixels: Vec<f32>,
    /// N×32×32: 1 where the digit's own ink is at least [`Clutter::THRESHOLD`], else 0.
    pub masks: Vec<i32>,
    /// N: what the digits are.
    pub labels: Vec<i32>,
}

impl Clutter {
    /// Pixels of an edge.
    pub const SIZE: usize = 32;
    /// Ink, of 255, from which a pixel is the digit's.
    pub const THRESHOLD: u8 = 96;

    /// So many pictures with digits of a data set of grey images of at most 32×32.
    ///
    /// # Errors
    /// `Fault::Data`: the images are not grey, or larger.
    pub fn of_digits(from: &Dataset, count: usize, seed: u64) -> Result<Clutter> {
        let [height, width] = match from.sample_shape()[..] {
            [1, height, width] if height.max(width) <= Self::SIZE && from.pixels().is_some() => [height, width],
            _ => {
                return Err(Error::data("clutter is made around grey images")
                    .found(from.sample_shape())
                    .expected("at most 1×32×32"));
            }
        };
        let area = Self::SIZE * Self::SIZE;
        let mut clutter = Clutter { pixels: vec![0.0; count * area], masks: vec![0; count * area], labels: vec![] };
        let planes = clutter.pixels.chunks_exact_mut(area).zip(clutter.masks.chunks_exact_mut(area));
        for (number, (pixels, mask)) in planes.enumerate() {
            let rng = Rng::new(seed).stream("clutter").substream(number as u64);
            draw_clutter(pixels, rng.stream("lines"), rng.stream("specks"));
            let index = rng.below(0, from.len());
            let (top, left) = (rng.below(1, Self::SIZE - height + 1), rng.below(2, Self::SIZE - width + 1));
            clutter.labels.push(from.labels()[index]);
            for (row, line) in from.image(index).unwrap_or(&[]).chunks_exact(width).enumerate() {
                for (column, &byte) in line.iter().enumerate() {
                    let at = (top + row) * Self::SIZE + left + column;
                    pixels[at] = pixels[at].max(f32::from(byte) / 255.0);
                    mask[at] = i32::from(byte >= Self::THRESHOLD);
                }
            }
        }
        Ok(clutter)
    }
}

/// Three to six lines a pixel wide, from edge to edge, and some forty specks.
fn draw_clutter(pixels: &mut [f32], lines: Rng, specks: Rng) {
    let size = Clutter::SIZE as f32;
    for line in 0..3 + lines.below(0, 4) as u64 {
        let number = |k: u64| lines.uniform(1 + line * 8 + k);
        let (angle, bright) = (number(0) * std::f32::consts::PI, 0.4 + 0.6 * number(1));
        let through = [size * number(2), size * number(3)];
        let normal = [angle.cos(), angle.sin()];
        for (at, pixel) in pixels.iter_mut().enumerate() {
            let [row, column] = [at / Clutter::SIZE, at % Clutter::SIZE].map(|i| i as f32 + 0.5);
            let away = ((row - through[0]) * normal[0] + (column - through[1]) * normal[1]).abs();
            *pixel = pixel.max(bright * (1.0 - away).clamp(0.0, 1.0));
        }
    }
    for speck in 0..40 {
        let at = specks.below(2 * speck, pixels.len());
        pixels[at] = pixels[at].max(0.3 + 0.7 * specks.uniform(2 * speck + 1));
    }
}
