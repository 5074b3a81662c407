//! Learning all rows at once (Kohonen, "Essentials of the self-organizing map", Neural Networks 37, 2013): with c(x)
//! the winner of row x, n_c the rows that unit c wins and S_c their sum,
//!
//! ```text
//! w_j ← Σ_c h(d_jc, σ)·S_c / Σ_c h(d_jc, σ)·n_c
//! ```
//!
//! which is the mean of the rows, weighted by how near their winners are. One pass is two matrix products: rows by
//! weights for the winners, and h by S.

use super::winners::{Nearest, Scratch};
use super::{Neighbourhood, Som};
use crate::checks::count;
use crate::product::{Lie, Product};
use striate_kernels::Workers;
use striate_tensor::{Error, Result};

/// Units whose neighbourhoods are held at the same time.
const BLOCK: usize = 256;
/// A unit with less than this share of a row stays where it is.
const LEAST_SHARE: f64 = 1e-12;

impl Som {
    /// Moves all weights to the weighted means `passes` times, from the first of which to the last the radius goes from
    /// start to end. The learning rate plays no part.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit the map; `Fault::Model` for the Mexican hat, whose negative weights have
    /// no mean.
    pub fn train_batch(&mut self, workers: &Workers, rows: &[f32], passes: usize) -> Result<()> {
        let (n, width, units) = (count(rows, self.features)?, self.features, self.units());
        if self.settings.neighbourhood == Neighbourhood::MexicanHat {
            return Err(Error::model("a Mexican hat has no weighted mean")
                .found("batch training with `MexicanHat`")
                .expected("a neighbourhood without negative weights")
                .hint("train online, or use `Gaussian`"));
        }
        let mut product = Product::new(workers)?;
        let mut scratch = Scratch::default();
        let mut nearest = vec![Nearest::default(); n];
        let mut won = Won { first: vec![0; units + 1], rows: vec![0; n] };
        let mut sums = vec![0.0; units * width];
        let mut h = vec![0.0; BLOCK.min(units) * units];
        let mut next = vec![0.0; BLOCK.min(units) * width];
        for pass in 0..passes {
            let radius = self.settings.radius.at(pass as f64 / passes.saturating_sub(1).max(1) as f64) as f32;
            self.find_nearest(&mut product, rows, &mut scratch, &mut nearest);
            won.sort(&nearest);
            workers.chunks(&mut sums, width, |unit, _, sum| {
                sum.fill(0.0);
                for &row in won.of(unit) {
                    let x = &rows[row as usize * width..][..width];
                    sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
                }
            });
            let (grid, shape) = (self.settings.grid, self.settings.neighbourhood);
            for (block, weights) in self.weights.chunks_mut(BLOCK * width).enumerate() {
                let size = weights.len() / width;
                let h = &mut h[..size * units];
                workers.chunks(h, units, |item, _, h| {
                    let unit = block * BLOCK + item;
                    h.iter_mut().enumerate().for_each(|(c, h)| *h = shape.at(grid.squared_distance(unit, c), radius));
                });
                let next = &mut next[..size * width];
                product.run(Lie::Plain, (size, width, units), h, &sums, None, false, next);
                let (h, next) = (&*h, &*next);
                workers.chunks(weights, width, |item, _, w| {
                    let h = &h[item * units..][..units];
                    let share: f64 = h.iter().enumerate().map(|(c, &h)| f64::from(h) * won.of(c).len() as f64).sum();
                    if share > LEAST_SHARE {
                        let scale = (1.0 / share) as f32;
                        let sum = &next[item * width..][..width];
                        w.iter_mut().zip(sum).for_each(|(w, sum)| *w = sum * scale);
                    }
                });
            }
        }
        Ok(())
    }
}

/// The rows that each unit won, in rising order.
struct Won {
    /// Where the rows of each unit begin.
    first: Vec<u32>,
    rows: Vec<u32>,
}

impl Won {
    fn sort(&mut self, nearest: &[Nearest]) {
        self.first.fill(0);
        nearest.iter().for_each(|n| self.first[n.first as usize] += 1);
        let mut end = 0;
        for first in &mut self.first {
            end += *first;
            *first = end;
        }
        for (row, n) in nearest.iter().enumerate().rev() {
            let place = &mut self.first[n.first as usize];
            *place -= 1;
            self.rows[*place as usize] = row as u32;
        }
    }

    fn of(&self, unit: usize) -> &[u32] {
        &self.rows[self.first[unit] as usize..self.first[unit + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::som::{Distance, Grid, SomSettings, Start};
    use crate::{Decay, Schedule};
    use striate_tensor::Rng;

    fn rows(n: u64, width: u64) -> Vec<f32> {
        let rng = Rng::new(4);
        (0..n * width).map(|i| rng.normal(i) + 3.0 * (rng.bits((1 << 40) + i / width) % 3) as f32).collect()
    }

    /// One pass by the formula, in f64.
    fn plain(som: &Som, rows: &[f32], radius: f32) -> Vec<f32> {
        let (width, settings) = (som.features(), som.settings());
        let winners: Vec<usize> = rows.chunks(width).map(|x| som.winner(x).unwrap()).collect();
        let mut next = vec![];
        for unit in 0..som.units() {
            let h: Vec<f64> = winners
                .iter()
                .map(|&c| f64::from(settings.neighbourhood.at(settings.grid.squared_distance(unit, c), radius)))
                .collect();
            let share: f64 = h.iter().sum();
            for f in 0..width {
                let sum: f64 = h.iter().zip(rows.chunks(width)).map(|(h, x)| h * f64::from(x[f])).sum();
                next.push(if share > LEAST_SHARE { (sum / share) as f32 } else { som.weights()[unit * width + f] });
            }
        }
        next
    }

    #[test]
    fn a_pass_is_the_weighted_mean() {
        let rows = rows(300, 5);
        for neighbourhood in [Neighbourhood::Gaussian, Neighbourhood::Bubble, Neighbourhood::Triangle] {
            for distance in [Distance::Euclidean, Distance::Cosine, Distance::Manhattan, Distance::Chebyshev] {
                for grid in [Grid::rectangular(6, 4), Grid::hexagonal(4, 5).torus(), Grid::rectangular(20, 20)] {
                    let radius = Schedule::constant(1.2);
                    let settings = SomSettings { neighbourhood, distance, radius, ..SomSettings::new(grid) };
                    let mut som = Som::new(5, settings).unwrap();
                    let workers = Workers::new(2);
                    som.start(Start::Sample, &workers, &rows).unwrap();
                    let expected = plain(&som, &rows, 1.2);
                    som.train_batch(&workers, &rows, 1).unwrap();
                    for (found, expected) in som.weights().iter().zip(&expected) {
                        assert!((found - expected).abs() < 1e-4, "{neighbourhood:?} {distance:?} {grid:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn same_bits_for_any_number_of_threads() {
        let rows = rows(2500, 17);
        let trained = |threads: usize| {
            let workers = Workers::new(threads);
            let settings = SomSettings {
                radius: Schedule::new(4.0, 0.7, Decay::Exponential),
                ..SomSettings::new(Grid::hexagonal(9, 11))
            };
            let mut som = Som::new(17, settings).unwrap();
            som.start(Start::Pca, &workers, &rows).unwrap();
            som.train_batch(&workers, &rows, 5).unwrap();
            let measures = (som.quantisation_error(&workers, &rows).unwrap(), som.winners(&workers, &rows).unwrap());
            (som.weights().to_vec(), measures)
        };
        let one = trained(1);
        assert!(trained(2) == one && trained(3) == one && trained(4) == one);
    }

    #[test]
    fn a_hat_is_refused() {
        let settings =
            SomSettings { neighbourhood: Neighbourhood::MexicanHat, ..SomSettings::new(Grid::rectangular(2, 2)) };
        let failure = Som::new(1, settings).unwrap().train_batch(&Workers::new(1), &[1.0], 1).unwrap_err();
        assert!(failure.to_string().contains("hint: train online"));
    }
}
