//! The discrete Fourier transform of two axes, in 64 bits.
//!
//! ```text
//! X[u, v] = Σ_r Σ_c x[r, c] · e^(−2πi (u·r/R + v·c/C))           frequency u/R and v/C in cycles per pixel, 0 first
//! ```
//!
//! By the radix-2 algorithm of Cooley and Tukey (1965) where sizes are powers of two, which is what pictures are padded to.

use std::f64::consts::TAU;

/// Row-major complex numbers over two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Rows and columns, powers of two.
    pub size: (usize, usize),
    /// Real parts.
    pub re: Vec<f64>,
    /// Imaginary parts.
    pub im: Vec<f64>,
}

impl Plane {
    /// Row-major real numbers, with zeros after them up to the powers of two that `least` rows and columns need.
    pub fn padded(values: &[f32], columns: usize, least: (usize, usize)) -> Self {
        let rows = values.len() / columns.max(1);
        let size = (least.0.max(rows).next_power_of_two(), least.1.max(columns).next_power_of_two());
        let mut re = vec![0.0; size.0 * size.1];
        for (row, line) in values.chunks(columns.max(1)).enumerate() {
            line.iter().enumerate().for_each(|(column, &v)| re[row * size.1 + column] = f64::from(v));
        }
        Plane { size, im: vec![0.0; re.len()], re }
    }

    /// The spectrum.
    #[must_use]
    pub fn spectrum(self) -> Self {
        self.transformed(-1.0)
    }

    /// The plane whose spectrum this is.
    #[must_use]
    pub fn inverse(self) -> Self {
        let mut plane = self.transformed(1.0);
        let scale = 1.0 / plane.re.len() as f64;
        plane.re.iter_mut().chain(&mut plane.im).for_each(|v| *v *= scale);
        plane
    }

    /// The product with the conjugate of another spectrum: cross-correlation, as layers compute it.
    #[must_use]
    pub fn times_conjugate(&self, other: &Plane) -> Self {
        let pairs = || self.re.iter().zip(&self.im).zip(other.re.iter().zip(&other.im));
        Plane {
            size: self.size,
            re: pairs().map(|((a, b), (c, d))| a * c + b * d).collect(),
            im: pairs().map(|((a, b), (c, d))| b * c - a * d).collect(),
        }
    }

    /// |X| of each frequency.
    pub fn magnitudes(&self) -> Vec<f64> {
        self.re.iter().zip(&self.im).map(|(re, im)| re.hypot(*im)).collect()
    }

    fn transformed(mut self, sign: f64) -> Self {
        let (rows, columns) = self.size;
        for row in 0..rows {
            let range = row * columns..(row + 1) * columns;
            radix2(&mut self.re[range.clone()], &mut self.im[range], sign);
        }
        let (mut re, mut im) = (vec![0.0; rows], vec![0.0; rows]);
        for column in 0..columns {
            for row in 0..rows {
                (re[row], im[row]) = (self.re[row * columns + column], self.im[row * columns + column]);
            }
            radix2(&mut re, &mut im, sign);
            for row in 0..rows {
                (self.re[row * columns + column], self.im[row * columns + column]) = (re[row], im[row]);
            }
        }
        self
    }
}

/// The frequency of element `index` of an axis of `n`, in cycles per pixel: −½ ≤ f < ½.
pub fn frequency(index: usize, n: usize) -> f64 {
    let signed = if index >= n.div_ceil(2) { index as f64 - n as f64 } else { index as f64 };
    signed / n as f64
}

/// One axis, in place; its length is a power of two.
fn radix2(re: &mut [f64], im: &mut [f64], sign: f64) {
    let n = re.len();
    let bits = n.trailing_zeros();
    for i in 0..n {
        let j = if bits == 0 { 0 } else { i.reverse_bits() >> (usize::BITS - bits) };
        if i < j {
            re.swap(i, j);
            im.swap(i, j);
        }
    }
    let mut half = 1;
    while half < n {
        for k in 0..half {
            // One sine a butterfly column: no error piles up along the angles.
            let (sin, cos) = (sign * TAU * k as f64 / (2 * half) as f64).sin_cos();
            for i in (k..n).step_by(2 * half) {
                let j = i + half;
                let (x, y) = (re[j] * cos - im[j] * sin, re[j] * sin + im[j] * cos);
                (re[j], im[j]) = (re[i] - x, im[i] - y);
                (re[i], im[i]) = (re[i] + x, im[i] + y);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum as it is defined.
    fn plain(plane: &Plane) -> Plane {
        let (rows, columns) = plane.size;
        let mut out = Plane { size: plane.size, re: vec![], im: vec![] };
        for (u, v) in (0..rows * columns).map(|i| (i / columns, i % columns)) {
            let (mut re, mut im) = (0.0, 0.0);
            for (i, (a, b)) in plane.re.iter().zip(&plane.im).enumerate() {
                let turns = (u * (i / columns)) as f64 / rows as f64 + (v * (i % columns)) as f64 / columns as f64;
                let (sin, cos) = (-TAU * turns).sin_cos();
                re += a * cos - b * sin;
                im += a * sin + b * cos;
            }
            out.re.push(re);
            out.im.push(im);
        }
        out
    }

    #[test]
    fn fast_is_what_the_sum_is_and_the_inverse_leads_back() {
        let values: Vec<f32> = (0..15).map(|i| (i as f32 * 1.7).sin()).collect();
        for least in [(0, 0), (8, 2), (1, 16)] {
            let plane = Plane::padded(&values, 5, least);
            let (fast, slow) = (plane.clone().spectrum(), plain(&plane));
            let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(close(&fast.re, &slow.re) && close(&fast.im, &slow.im), "{:?}", plane.size);
            let back = fast.inverse();
            assert!(close(&back.re, &plane.re) && close(&back.im, &plane.im));
        }
        assert_eq!(Plane::padded(&[2.0], 1, (1, 1)).spectrum().re, [2.0]);
        assert_eq!([0, 1, 2, 3].map(|i| frequency(i, 4)), [0.0, 0.25, -0.5, -0.25]);
    }
}
