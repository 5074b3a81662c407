//! Learning row by row.
//!
//! ```text
//! c = argmin_j d(x, w_j)        w_j ← w_j + α(t)·h(d_cj, σ(t))·(x − w_j)
//! ```
//!
//! with α the learning rate and σ the radius, both after part t/T of the training.

use super::Som;
use crate::checks::{count, row};
use striate_tensor::{Result, Rng};

impl Som {
    /// Learns each row `passes` times, over which rate and radius go from start to end; with `shuffle` each pass has an
    /// order of its own.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit the map.
    pub fn train_online(&mut self, rows: &[f32], passes: usize) -> Result<()> {
        let n = count(rows, self.features)?;
        let rng = Rng::new(self.settings.seed).stream("som.order");
        let mut order: Vec<usize> = (0..n).collect();
        let total = (n * passes) as f64;
        for pass in 0..passes {
            if self.settings.shuffle {
                rng.substream(pass as u64).shuffle(&mut order);
            }
            for (i, &row) in order.iter().enumerate() {
                let x = &rows[row * self.features..][..self.features];
                self.learn_at(x, (pass * n + i) as f64 / total);
            }
        }
        Ok(())
    }

    /// Learns one row of a stream and says which unit won; rate and radius fall over the first `horizon` rows.
    /// Allocates nothing.
    ///
    /// # Errors
    /// `Fault::Data` when the row does not fit the map.
    pub fn learn_one(&mut self, x: &[f32]) -> Result<usize> {
        row(x, self.features)?;
        let progress = self.seen as f64 / self.settings.horizon as f64;
        self.seen += 1;
        Ok(self.learn_at(x, progress))
    }

    /// The nearest unit of one row: the plain version.
    ///
    /// # Errors
    /// `Fault::Data` when the row does not fit the map.
    pub fn winner(&self, x: &[f32]) -> Result<usize> {
        row(x, self.features)?;
        Ok(self.nearest_to(x))
    }

    fn nearest_to(&self, x: &[f32]) -> usize {
        let mut best = (0, f32::INFINITY);
        for (unit, w) in self.weights.chunks_exact(self.features).enumerate() {
            let distance = self.settings.distance.between(x, w);
            if distance < best.1 {
                best = (unit, distance);
            }
        }
        best.0
    }

    fn learn_at(&mut self, x: &[f32], progress: f64) -> usize {
        let winner = self.nearest_to(x);
        let (rate, radius) = (self.settings.rate.at(progress), self.settings.radius.at(progress) as f32);
        for (unit, w) in self.weights.chunks_exact_mut(self.features).enumerate() {
            let squared = self.settings.grid.squared_distance(winner, unit);
            let step = rate as f32 * self.settings.neighbourhood.at(squared, radius);
            if step != 0.0 {
                w.iter_mut().zip(x).for_each(|(w, x)| *w += step * (x - *w));
            }
        }
        winner
    }
}
