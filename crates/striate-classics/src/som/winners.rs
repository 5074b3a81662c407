//! The two nearest units of every row.
//!
//! Plain: the distance to each unit. Fast, where it can be a matrix product: with c the mean of the weights, x' = x − c
//! and w' = w − c,
//!
//! ```text
//! euclidean   ‖x − w‖² = ‖x'‖² − 2·(x'·w' − ½‖w'‖²)      score = x'·w' − ½‖w'‖²
//! cosine      1 − x·w / (‖x‖·‖w‖)                        score = x·(w/‖w‖)
//! ```
//!
//! and the nearest unit has the largest score; ‖x'‖ is the same for all. Moving both by c costs little and keeps the
//! digits that a large common offset would eat.

use super::distance::dot;
use super::{Distance, Som};
use crate::checks::count;
use crate::product::{Lie, Product};
use striate_kernels::Workers;
use striate_tensor::Result;

/// Rows of one matrix product.
const BLOCK: usize = 1024;
/// Rows of one item.
const ITEM: usize = 32;

/// The nearest unit and the next nearest (the same where there is only one).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Nearest {
    pub(super) first: u32,
    pub(super) second: u32,
}

/// What finding the nearest units needs, allocated once for a training.
#[derive(Default)]
pub(super) struct Scratch {
    scores: Vec<f32>,
    rows: Vec<f32>,
    weights: Vec<f32>,
    bias: Vec<f32>,
    centre: Vec<f32>,
}

impl Som {
    /// The nearest unit of each row.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit the map.
    pub fn winners(&self, workers: &Workers, rows: &[f32]) -> Result<Vec<usize>> {
        Ok(self.nearest(workers, rows)?.into_iter().map(|n| n.first as usize).collect())
    }

    pub(super) fn nearest(&self, workers: &Workers, rows: &[f32]) -> Result<Vec<Nearest>> {
        let mut nearest = vec![Nearest::default(); count(rows, self.features)?];
        self.find_nearest(&mut Product::new(workers)?, rows, &mut Scratch::default(), &mut nearest);
        Ok(nearest)
    }

    pub(super) fn find_nearest(
        &self,
        product: &mut Product<'_>,
        rows: &[f32],
        scratch: &mut Scratch,
        nearest: &mut [Nearest],
    ) {
        let (width, units) = (self.features, self.units());
        scratch.prepare(self);
        let Scratch { scores, rows: moved, weights, bias, centre } = scratch;
        scores.resize(BLOCK.min(nearest.len()) * units, 0.0);
        for (rows, nearest) in rows.chunks(BLOCK * width).zip(nearest.chunks_mut(BLOCK)) {
            let scores = &mut scores[..nearest.len() * units];
            let sizes = (nearest.len(), units, width);
            match self.settings.distance {
                Distance::Euclidean => {
                    moved.resize(rows.len(), 0.0);
                    product.workers().chunks(moved, ITEM * width, |item, _, moved| {
                        let rows = rows[item * ITEM * width..].chunks_exact(width);
                        for (to, x) in moved.chunks_exact_mut(width).zip(rows) {
                            to.iter_mut().zip(x).zip(&*centre).for_each(|((to, x), c)| *to = x - c);
                        }
                    });
                    product.run(Lie::BTransposed, sizes, moved, weights, Some(bias), false, scores);
                }
                Distance::Cosine => product.run(Lie::BTransposed, sizes, rows, weights, None, false, scores),
                distance => product.workers().chunks(scores, ITEM * units, |item, _, scores| {
                    let rows = rows[item * ITEM * width..].chunks_exact(width);
                    for (scores, x) in scores.chunks_exact_mut(units).zip(rows) {
                        let weights = self.weights.chunks_exact(width);
                        scores.iter_mut().zip(weights).for_each(|(score, w)| *score = -distance.between(x, w));
                    }
                }),
            }
            let scores = &*scores;
            product.workers().chunks(nearest, ITEM, |item, _, nearest| {
                let scores = scores[item * ITEM * units..].chunks_exact(units);
                nearest.iter_mut().zip(scores).for_each(|(nearest, scores)| *nearest = two_largest(scores));
            });
        }
    }
}

impl Scratch {
    fn prepare(&mut self, som: &Som) {
        let (width, units) = (som.features, som.units());
        self.weights.clone_from(&som.weights);
        match som.settings.distance {
            Distance::Euclidean => {
                self.centre.clear();
                self.centre.resize(width, 0.0);
                for w in som.weights.chunks_exact(width) {
                    self.centre.iter_mut().zip(w).for_each(|(c, w)| *c += w / units as f32);
                }
                self.bias.clear();
                for w in self.weights.chunks_exact_mut(width) {
                    w.iter_mut().zip(&self.centre).for_each(|(w, c)| *w -= c);
                    self.bias.push(-0.5 * dot(w, w));
                }
            }
            Distance::Cosine => {
                for w in self.weights.chunks_exact_mut(width) {
                    let norm = dot(w, w).sqrt();
                    w.iter_mut().for_each(|w| *w = if norm > 0.0 { *w / norm } else { 0.0 });
                }
            }
            Distance::Manhattan | Distance::Chebyshev => {}
        }
    }
}

/// The largest and the next largest score; of equal ones the first.
fn two_largest(scores: &[f32]) -> Nearest {
    let (mut first, mut second) = ((0, f32::NEG_INFINITY), (0, f32::NEG_INFINITY));
    for (unit, &score) in scores.iter().enumerate() {
        if score > first.1 {
            (first, second) = ((unit, score), first);
        } else if score > second.1 {
            second = (unit, score);
        }
    }
    Nearest { first: first.0 as u32, second: second.0 as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::som::{Grid, SomSettings};
    use striate_tensor::Rng;

    const ALL: [Distance; 4] = [Distance::Euclidean, Distance::Cosine, Distance::Manhattan, Distance::Chebyshev];

    /// The plain version: every distance, sorted.
    #[track_caller]
    fn check(distance: Distance, width: usize, n: usize, offset: f32) {
        let settings = SomSettings { distance, ..SomSettings::new(Grid::rectangular(5, 7)) };
        let mut som = Som::new(width, settings).unwrap();
        let rng = Rng::new(9);
        som.set_weights((0..35 * width as u64).map(|i| offset + rng.normal(i)).collect()).unwrap();
        let rows: Vec<f32> = (0..(n * width) as u64).map(|i| offset + rng.normal((1 << 20) + i)).collect();
        let nearest = som.nearest(&Workers::new(2), &rows).unwrap();
        for (x, nearest) in rows.chunks(width).zip(nearest) {
            let mut plain: Vec<f32> = som.weights().chunks(width).map(|w| distance.between(x, w)).collect();
            let found = [plain[nearest.first as usize], plain[nearest.second as usize]];
            assert_ne!(nearest.first, nearest.second);
            plain.sort_by(f32::total_cmp);
            for (found, best) in found.iter().zip(&plain) {
                assert!(found - best <= 1e-4 * (1.0 + best.abs()), "{distance:?} {width} {offset}: {found} {best}");
            }
        }
    }

    #[test]
    fn fast_and_plain_find_the_same() {
        for distance in ALL {
            for width in [1, 3, 20, 300] {
                check(distance, width, 50, 0.0);
            }
            check(distance, 4, 2 * BLOCK + 5, 0.0);
        }
        check(Distance::Euclidean, 8, 50, 1000.0);
        check(Distance::Manhattan, 8, 50, 1000.0);
    }

    #[test]
    fn of_equal_units_the_first() {
        assert_eq!(two_largest(&[1.0, 3.0, 3.0, 2.0]), Nearest { first: 1, second: 2 });
        assert_eq!(two_largest(&[1.0, 3.0, 2.0, 2.0]), Nearest { first: 1, second: 2 });
        assert_eq!(two_largest(&[5.0]), Nearest { first: 0, second: 0 });
    }
}
