//! Where the weights stand before training.
//!
//! PCA start: unit at (s, t) ∈ [−1, 1]² of the grid gets w = μ + s·√λ₁·e₁ + t·√λ₂·e₂, with μ the mean of the rows, λ
//! and e the largest two eigenvalues and eigenvectors of their covariance, by power iteration with deflation. The
//! longer side of the grid lies along e₁.

use super::Som;
use crate::checks::count;
use crate::product::{Lie, Product};
use striate_kernels::Workers;
use striate_tensor::{Result, Rng};

/// How [`Som::start`] places the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Uniform between the least and the largest value of each feature.
    Random,
    /// Rows drawn from the data.
    Sample,
    /// Spread over the plane of the first two principal components; draws nothing.
    Pca,
}

/// Rows of one addition to the covariance.
const BLOCK: usize = 1024;
/// Steps of the power iteration at most; the start need not be exact.
const STEPS: usize = 300;

impl Som {
    /// Places the weights by the data, before training.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit the map.
    pub fn start(&mut self, start: Start, workers: &Workers, rows: &[f32]) -> Result<()> {
        let (n, width) = (count(rows, self.features)?, self.features);
        let rng = Rng::new(self.settings.seed).stream("som.start");
        match start {
            Start::Random => {
                let (mut least, mut most) = (rows[..width].to_vec(), rows[..width].to_vec());
                for row in rows.chunks_exact(width) {
                    for ((x, least), most) in row.iter().zip(&mut least).zip(&mut most) {
                        *least = least.min(*x);
                        *most = most.max(*x);
                    }
                }
                for (i, w) in self.weights.iter_mut().enumerate() {
                    let u = rng.uniform(i as u64);
                    *w = least[i % width] + u * (most[i % width] - least[i % width]);
                }
            }
            Start::Sample => {
                for (unit, w) in self.weights.chunks_exact_mut(width).enumerate() {
                    w.copy_from_slice(&rows[rng.below(unit as u64, n) * width..][..width]);
                }
            }
            Start::Pca => {
                let (mean, mut covariance) = covariance(&mut Product::new(workers)?, rows, width);
                let axes = [(); 2].map(|()| principal(&mut covariance, width));
                let grid = self.settings.grid;
                let along = |at: usize, of: usize| if of > 1 { 2.0 * at as f64 / (of - 1) as f64 - 1.0 } else { 0.0 };
                for (unit, w) in self.weights.chunks_exact_mut(width).enumerate() {
                    let (mut s, mut t) =
                        (along(unit / grid.columns, grid.rows), along(unit % grid.columns, grid.columns));
                    if grid.columns > grid.rows {
                        (s, t) = (t, s);
                    }
                    for (f, w) in w.iter_mut().enumerate() {
                        *w = (mean[f] + s * axes[0][f] + t * axes[1][f]) as f32;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The mean of the rows and their covariance.
fn covariance(product: &mut Product<'_>, rows: &[f32], width: usize) -> (Vec<f64>, Vec<f32>) {
    let n = (rows.len() / width) as f64;
    let mut mean = vec![0.0f64; width];
    for row in rows.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(mean, &x)| *mean += f64::from(x) / n);
    }
    let mut covariance = vec![0.0; width * width];
    let mut centred = Vec::with_capacity(BLOCK.min(rows.len() / width) * width);
    for block in rows.chunks(BLOCK * width) {
        centred.clear();
        centred.extend(block.iter().enumerate().map(|(i, &x)| (f64::from(x) - mean[i % width]) as f32));
        let sizes = (width, width, block.len() / width);
        product.run(Lie::ATransposed, sizes, &centred, &centred, None, true, &mut covariance);
    }
    covariance.iter_mut().for_each(|c| *c /= n as f32);
    (mean, covariance)
}

/// √λ·e of the largest eigenvalue of a symmetric matrix, which is taken out of it. The largest element of e is
/// positive.
fn principal(matrix: &mut [f32], width: usize) -> Vec<f64> {
    // the heaviest column cannot be orthogonal to all large eigenvectors
    let weight = |row: &[f32]| row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
    let mut heaviest = 0;
    for row in 1..width {
        if weight(&matrix[row * width..][..width]) > weight(&matrix[heaviest * width..][..width]) {
            heaviest = row;
        }
    }
    let mut e: Vec<f64> = matrix[heaviest * width..][..width].iter().map(|&x| f64::from(x)).collect();
    let mut lambda = 0.0;
    let mut next = vec![0.0; width];
    for _ in 0..STEPS {
        let norm = e.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm == 0.0 {
            break;
        }
        e.iter_mut().for_each(|x| *x /= norm);
        for (next, row) in next.iter_mut().zip(matrix.chunks_exact(width)) {
            *next = row.iter().zip(&e).map(|(&a, x)| f64::from(a) * x).sum();
        }
        lambda = next.iter().zip(&e).map(|(a, b)| a * b).sum();
        let change: f64 = next.iter().zip(&e).map(|(a, x)| (a - lambda * x).powi(2)).sum();
        if change <= (1e-7 * lambda).powi(2) {
            break;
        }
        e.copy_from_slice(&next);
    }
    let norm = e.iter().map(|x| x * x).sum::<f64>().sqrt();
    let largest = e.iter().copied().fold(0.0f64, |most, x| if x.abs() > most.abs() { x } else { most });
    let scale = if norm > 0.0 { largest.signum() / norm } else { 0.0 };
    e.iter_mut().for_each(|x| *x *= scale);
    for (row, &a) in matrix.chunks_exact_mut(width).zip(&e) {
        row.iter_mut().zip(&e).for_each(|(m, &b)| *m -= (lambda * a * b) as f32);
    }
    e.iter_mut().for_each(|x| *x *= lambda.max(0.0).sqrt());
    e
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::som::{Grid, SomSettings};

    /// Rows x = 5 + 3·a·(1, 1)/√2 + 1·b·(1, −1)/√2 with normal a, b.
    fn cloud() -> Vec<f32> {
        let (rng, r) = (Rng::new(1), 0.5f32.sqrt());
        (0..4000)
            .flat_map(|i| {
                let (a, b) = (3.0 * rng.normal(2 * i), rng.normal(2 * i + 1));
                [5.0 + r * (a + b), 5.0 + r * (a - b)]
            })
            .collect()
    }

    #[test]
    fn pca_spans_the_two_longest_axes() {
        let workers = Workers::new(2);
        let mut som = Som::new(2, SomSettings::new(Grid::rectangular(3, 5))).unwrap();
        som.start(Start::Pca, &workers, &cloud()).unwrap();
        let near = |unit: usize, x: f32, y: f32| {
            let w = &som.weights()[2 * unit..][..2];
            assert!((w[0] - x).abs() < 0.15 && (w[1] - y).abs() < 0.15, "unit {unit} at {w:?}, not {x} {y}");
        };
        let r = 0.5f32.sqrt();
        near(7, 5.0, 5.0);
        near(9, 5.0 + 3.0 * r, 5.0 + 3.0 * r);
        near(5, 5.0 - 3.0 * r, 5.0 - 3.0 * r);
        let (above, below) = (&som.weights()[2 * 2..][..2], &som.weights()[2 * 12..][..2]);
        assert!(((above[0] - below[0]).abs() - 2.0 * r).abs() < 0.15, "the short side spans the short axis");
    }

    #[test]
    fn starts_from_the_data() {
        let (workers, rows) = (Workers::new(1), cloud());
        let mut som = Som::new(2, SomSettings::new(Grid::rectangular(4, 4))).unwrap();
        som.start(Start::Sample, &workers, &rows).unwrap();
        assert!(som.weights().chunks(2).all(|w| rows.chunks(2).any(|row| row == w)));
        som.start(Start::Random, &workers, &[0.0, 10.0, 1.0, 20.0]).unwrap();
        assert!(som.weights().chunks(2).all(|w| (0.0..=1.0).contains(&w[0]) && (10.0..=20.0).contains(&w[1])));
        som.start(Start::Pca, &workers, &[2.0, 3.0]).unwrap();
        assert!(som.weights().chunks(2).all(|w| w == [2.0, 3.0]), "one row has no spread");
    }
}
