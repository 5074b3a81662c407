//! The self-organising map: a grid of units that spreads over the data so that neighbours on the grid are neighbours in
//! the data.
//!
#![cfg_attr(doc, doc = picture!("som"))]
//!
//! A map of handwritten digits: the weights of each unit, where it lies on the grid; drawn by `striate play som`.
//!
//! ```text
//! c = argmin_j d(x, w_j)
//! w_j ← w_j + α(t)·h(d_cj, σ(t))·(x − w_j)                        online
//! w_j ← Σ_x h(d_jc(x), σ)·x / Σ_x h(d_jc(x), σ)                   batch
//! ```
//!
//! x a row, w_j the weights of unit j, c the winner, d_cj the distance of two units on the grid, h the neighbourhood, σ
//! its radius, α the learning rate. Source: Kohonen, "Self-organized formation of topologically correct feature maps",
//! Biological Cybernetics 43, 1982; the batch form and the choice of parameters: "Essentials of the self-organizing
//! map", Neural Networks 37, 2013.
//!
//! # What to watch
//!
//! - Features of larger scale decide alone who wins: bring them to one scale first.
//! - A radius that starts too small leaves folds: the topographic error shows them. Half the longer side of the grid is
//!   a safe start.
//! - The quantisation error falls with every unit more, and with a radius that ends smaller; compare it only between
//!   maps of one size.
//! - Batch training has no learning rate, is faster by far, and wants a start by [`Start::Pca`] or [`Start::Sample`].
//! - Distances on a torus have no border that attracts rows; the map then cannot unfold flat data.
//!
//! ```
//! use striate_classics::som::{Grid, Som, SomSettings, Start};
//! use striate_kernels::Workers;
//! // two clouds on a line: a map of four units puts two in each
//! let rows = [0.0, 0.1, 0.2, 0.3, 5.0, 5.1, 5.2, 5.3];
//! let workers = Workers::new(1);
//! let mut som = Som::new(1, SomSettings::new(Grid::rectangular(1, 4)))?;
//! som.start(Start::Pca, &workers, &rows)?;
//! som.train_batch(&workers, &rows, 20)?;
//! assert!(som.quantisation_error(&workers, &rows)? < 0.5);
//! assert_eq!(som.topographic_error(&workers, &rows)?, 0.0);
//! assert_eq!(som.hit_map(&workers, &rows)?.iter().sum::<usize>(), 8);
//! # Ok::<(), striate_tensor::Error>(())
//! ```

mod batch;
pub(crate) mod distance;
mod grid;
mod measures;
mod neighbourhood;
mod online;
mod start;
mod winners;

pub use distance::Distance;
pub use grid::{Grid, Topology};
pub use neighbourhood::Neighbourhood;
pub use start::Start;

use crate::checks::{count, setting, size};
use crate::{Decay, Parts, Saved, Schedule, checks};
use serde::{Deserialize, Serialize};
use striate_tensor::{Error, Result, Rng};

/// Everything that decides what a map becomes, but for the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SomSettings {
    /// Where the units stand.
    pub grid: Grid,
    /// Which unit is nearest.
    pub distance: Distance,
    /// Who learns with the winner.
    pub neighbourhood: Neighbourhood,
    /// The learning rate of online training.
    pub rate: Schedule,
    /// The radius of the neighbourhood, in units of the grid.
    pub radius: Schedule,
    /// Whether each pass of online training has an order of its own.
    pub shuffle: bool,
    /// Rows of a stream until rate and radius have reached their end ([`Som::learn_one`]).
    pub horizon: usize,
    /// Decides everything that is drawn.
    pub seed: u64,
}

impl SomSettings {
    /// Euclidean, Gaussian; the rate from 0.5 to 0.01, the radius from half the longer side to 0.5; a horizon of 10,000
    /// rows.
    pub fn new(grid: Grid) -> Self {
        let radius = (grid.rows.max(grid.columns) as f64 / 2.0).max(1.0);
        SomSettings {
            grid,
            distance: Distance::Euclidean,
            neighbourhood: Neighbourhood::Gaussian,
            rate: Schedule::new(0.5, 0.01, Decay::Linear),
            radius: Schedule::new(radius, 0.5, Decay::Exponential),
            shuffle: true,
            horizon: 10_000,
            seed: 0,
        }
    }

    fn check(&self) -> Result<()> {
        self.grid.check()?;
        self.rate.check("rate")?;
        self.radius.check("radius")?;
        setting(self.radius.end > 0.0 && self.radius.start > 0.0, "radius", self.radius.end, "a radius above 0")?;
        setting(self.horizon > 0, "horizon", self.horizon, "at least one row")
    }
}

/// A self-organising map; see the [module](self).
#[derive(Clone, Debug, PartialEq)]
pub struct Som {
    settings: SomSettings,
    features: usize,
    /// units×features
    weights: Vec<f32>,
    /// Rows of the stream that `learn_one` has seen.
    seen: u64,
}

impl Som {
    /// A map for rows of `features` numbers, with weights drawn from [0, 1); [`Som::start`] places them by data.
    ///
    /// # Errors
    /// `Fault::Model` when a setting is out of range.
    pub fn new(features: usize, settings: SomSettings) -> Result<Self> {
        settings.check()?;
        size("features", features)?;
        let rng = Rng::new(settings.seed).stream("som.weights");
        let count = checks::product(&[settings.grid.rows, settings.grid.columns, features])?;
        let weights = (0..count as u64).map(|i| rng.uniform(i)).collect();
        Ok(Som { settings, features, weights, seen: 0 })
    }

    /// What it was made with.
    pub fn settings(&self) -> &SomSettings {
        &self.settings
    }

    /// Numbers of a row.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Number of units.
    pub fn units(&self) -> usize {
        self.settings.grid.units()
    }

    /// The weights, units×features, in the order of the grid.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Places the weights where the caller wants them.
    ///
    /// # Errors
    /// `Fault::Data` when they are not units×features finite numbers.
    pub fn set_weights(&mut self, weights: Vec<f32>) -> Result<()> {
        if count(&weights, self.features)? != self.units() {
            return Err(Error::data("the weights do not fit the map")
                .found(format!("{} rows", weights.len() / self.features))
                .expected(format!("{}, one for each unit", self.units()))
                .hint("give the weights of all units one behind the other"));
        }
        self.weights = weights;
        Ok(())
    }
}

impl Saved for Som {
    const KIND: &'static str = "som";

    fn parts(&self) -> Parts {
        let Grid { rows, columns, .. } = self.settings.grid;
        Parts::new().json("settings", &self.settings).text("features", self.features).text("seen", self.seen).reals(
            "weights",
            [rows, columns, self.features],
            self.weights.clone(),
        )
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let settings: SomSettings = parts.parse_json("settings")?;
        settings.check()?;
        let features = parts.size("features")?;
        size("features", features)?;
        let weights = parts.take("weights", &[settings.grid.rows, settings.grid.columns, features])?;
        Ok(Som { settings, features, weights, seen: parts.parse("seen")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_kernels::Workers;

    /// Rows spread over a square.
    fn square(n: u64) -> Vec<f32> {
        let rng = Rng::new(2);
        (0..2 * n).map(|i| rng.uniform(i)).collect()
    }

    #[test]
    fn both_trainings_unfold_over_a_square() {
        let (rows, workers) = (square(1500), Workers::new(2));
        for grid in [Grid::rectangular(8, 8), Grid::hexagonal(8, 8)] {
            for online in [true, false] {
                let settings =
                    SomSettings { radius: Schedule::new(4.0, 0.7, Decay::Exponential), ..SomSettings::new(grid) };
                let mut som = Som::new(2, settings).unwrap();
                som.start(if online { Start::Random } else { Start::Sample }, &workers, &rows).unwrap();
                let folds = som.topographic_error(&workers, &rows).unwrap();
                if online {
                    som.train_online(&rows, 10).unwrap();
                } else {
                    som.train_batch(&workers, &rows, 40).unwrap();
                }
                let after = som.quantisation_error(&workers, &rows).unwrap();
                let topographic = som.topographic_error(&workers, &rows).unwrap();
                // 64 ideal cells of a unit square have a mean distance of 0.383/8 to their middle
                assert!(after < 0.065, "{grid:?} {online}: {after}");
                assert!(topographic < 0.1 && folds > 0.5, "{grid:?} {online}: {folds} to {topographic}");
            }
        }
    }

    #[test]
    fn every_choice_learns_online() {
        let (rows, workers) = (square(300), Workers::new(1));
        for neighbourhood in
            [Neighbourhood::Gaussian, Neighbourhood::Bubble, Neighbourhood::MexicanHat, Neighbourhood::Triangle]
        {
            for distance in [Distance::Euclidean, Distance::Cosine, Distance::Manhattan, Distance::Chebyshev] {
                if (neighbourhood, distance) == (Neighbourhood::MexicanHat, Distance::Cosine) {
                    continue; // pushing weights away from a row may turn them to it
                }
                let settings = SomSettings {
                    distance,
                    neighbourhood,
                    rate: Schedule::new(0.2, 0.01, Decay::Linear),
                    radius: Schedule::new(1.5, 0.5, Decay::Linear),
                    ..SomSettings::new(Grid::rectangular(4, 4).torus())
                };
                let mut som = Som::new(2, settings).unwrap();
                som.set_weights((0..32).map(|i| 2.0 + 0.5 * (i % 7) as f32 * (i % 2) as f32).collect()).unwrap();
                let before = som.quantisation_error(&workers, &rows).unwrap();
                som.train_online(&rows, 5).unwrap();
                let after = som.quantisation_error(&workers, &rows).unwrap();
                assert!(after < 0.7 * before, "{neighbourhood:?} {distance:?}: {before} to {after}");
            }
        }
    }

    #[test]
    fn a_stream_is_the_training_without_shuffling() {
        let rows = square(200);
        let settings = SomSettings { shuffle: false, horizon: 200, ..SomSettings::new(Grid::rectangular(4, 4)) };
        let (mut stream, mut whole) = (Som::new(2, settings).unwrap(), Som::new(2, settings).unwrap());
        for x in rows.chunks(2) {
            let winner = stream.winner(x).unwrap();
            assert_eq!(stream.learn_one(x).unwrap(), winner);
        }
        whole.train_online(&rows, 1).unwrap();
        assert_eq!(stream.weights(), whole.weights());
    }

    #[test]
    fn a_file_goes_on_where_it_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.safetensors");
        let rows = square(50);
        let mut som = Som::new(2, SomSettings::new(Grid::hexagonal(4, 5).torus())).unwrap();
        for x in rows.chunks(2).take(25) {
            som.learn_one(x).unwrap();
        }
        som.save(&path).unwrap();
        let mut loaded = Som::load(&path).unwrap();
        assert_eq!(loaded, som);
        for x in rows.chunks(2).skip(25) {
            assert_eq!(loaded.learn_one(x).unwrap(), som.learn_one(x).unwrap());
        }
        assert_eq!(loaded, som);
    }

    #[test]
    fn refuses_what_cannot_be() {
        let good = SomSettings::new(Grid::rectangular(2, 2));
        let check = |features: usize, settings: SomSettings, says: &str| {
            let failure = Som::new(features, settings).unwrap_err().to_string();
            assert!(failure.contains(says), "{failure}");
        };
        check(0, good, "`features`");
        check(1, SomSettings { grid: Grid::rectangular(0, 1), ..good }, "`grid`");
        check(1, SomSettings { radius: Schedule::new(1.0, 0.0, Decay::Linear), ..good }, "`radius`");
        check(1, SomSettings { horizon: 0, ..good }, "`horizon`");
        let mut som = Som::new(2, good).unwrap();
        assert!(som.set_weights(vec![0.0; 6]).is_err());
        assert!(som.learn_one(&[1.0]).is_err() && som.train_online(&[1.0], 1).is_err());
    }
}
