//! What a machine makes of rows: features, energies, samples.

use super::units::{draw_bits, softplus};
use super::{Rbm, Visible};
use crate::checks::count;
use crate::product::{Lie, Product};
use striate_kernels::Workers;
use striate_tensor::{Error, Result, Rng};

impl Rbm {
    /// p(h = 1 | v), rows×hidden: the features of the rows.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit.
    pub fn up(&self, workers: &Workers, rows: &[f32]) -> Result<Vec<f32>> {
        let mut h = vec![0.0; self.check(rows)? * self.settings.hidden];
        self.hidden_means(&mut Product::new(workers)?, rows, &mut h);
        Ok(h)
    }

    /// The means of v given h, rows×visible.
    ///
    /// # Errors
    /// `Fault::Data` when the rows are not as long as there are hidden units.
    pub fn down(&self, workers: &Workers, hidden: &[f32]) -> Result<Vec<f32>> {
        let mut v = vec![0.0; count(hidden, self.settings.hidden)? * self.visible];
        self.visible_means(&mut Product::new(workers)?, hidden, &mut v);
        Ok(v)
    }

    /// F(v) = −ln Σ_h e^(−E(v, h)) of each row.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit.
    pub fn free_energy(&self, workers: &Workers, rows: &[f32]) -> Result<Vec<f64>> {
        let (n, hidden) = (self.check(rows)?, self.settings.hidden);
        let mut z = vec![0.0; n * hidden];
        let sizes = (n, hidden, self.visible);
        Product::new(workers)?.run(
            Lie::BTransposed,
            sizes,
            rows,
            &self.weights,
            Some(&self.hidden_bias),
            false,
            &mut z,
        );
        let energy = |(v, z): (&[f32], &[f32])| {
            let of_visible: f64 = v
                .iter()
                .zip(&self.visible_bias)
                .map(|(&v, &b)| (f64::from(v), f64::from(b)))
                .map(|(v, b)| match self.settings.visible {
                    Visible::Bernoulli => -b * v,
                    Visible::Gaussian => 0.5 * (v - b).powi(2),
                })
                .sum();
            of_visible - z.iter().map(|&z| softplus(f64::from(z))).sum::<f64>()
        };
        Ok(rows.chunks_exact(self.visible).zip(z.chunks_exact(hidden)).map(energy).collect())
    }

    /// The mean over the rows of n·ln p(v_i | all others), with one feature i of the n drawn for each row: a stand-in
    /// for the likelihood, of which the normalising constant is out of reach. Besag, "Statistical analysis of
    /// non-lattice data", 1975.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit; `Fault::Model` for Gaussian units.
    pub fn pseudo_likelihood(&self, workers: &Workers, rows: &[f32], seed: u64) -> Result<f64> {
        if self.settings.visible == Visible::Gaussian {
            return Err(Error::model("Gaussian units have no pseudo-likelihood by flipping")
                .found("Gaussian visible units")
                .expected("Bernoulli ones")
                .hint("compare free energies or reconstructions"));
        }
        let energies = self.free_energy(workers, rows)?;
        let rng = Rng::new(seed).stream("rbm.flip");
        let mut flipped = rows.to_vec();
        for (row, v) in flipped.chunks_exact_mut(self.visible).enumerate() {
            let v = &mut v[rng.below(row as u64, self.visible)];
            *v = 1.0 - *v;
        }
        let others = self.free_energy(workers, &flipped)?;
        let one = |(this, other): (&f64, &f64)| -(self.visible as f64) * softplus(this - other);
        Ok(energies.iter().zip(&others).map(one).sum::<f64>() / energies.len() as f64)
    }

    /// The mean squared difference between the rows and what comes back from their features.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit.
    pub fn reconstruction_error(&self, workers: &Workers, rows: &[f32]) -> Result<f64> {
        let back = self.down(workers, &self.up(workers, rows)?)?;
        let squares = rows.iter().zip(&back).map(|(a, b)| f64::from(a - b).powi(2));
        Ok(squares.sum::<f64>() / rows.len() as f64)
    }

    /// What `steps` steps of Gibbs sampling make of each row: v → h → v, all drawn.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit.
    pub fn sample(&self, workers: &Workers, rows: &[f32], steps: usize, seed: u64) -> Result<Vec<f32>> {
        let n = self.check(rows)?;
        let rng = Rng::new(seed).stream("rbm.sample");
        let mut product = Product::new(workers)?;
        let (mut v, mut h) = (rows.to_vec(), vec![0.0; n * self.settings.hidden]);
        for step in 0..steps as u64 {
            self.hidden_means(&mut product, &v, &mut h);
            draw_bits(workers, rng.substream(2 * step), &mut h);
            self.draw_visible(&mut product, rng.substream(2 * step + 1), &h, &mut v);
        }
        Ok(v)
    }
}
