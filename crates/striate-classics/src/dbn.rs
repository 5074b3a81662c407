//! The deep belief network: restricted Boltzmann machines one upon the other, each learning the features of the one
//! below.
//!
#![cfg_attr(doc, doc = picture!("dbn"))]
//!
//! Digits, the same through the top features and back, and samples; drawn by `striate play dbn`.
//!
//! ```text
//! train   h⁰ = rows; for l = 1, 2, …: machine l learns hˡ⁻¹; hˡ = p(h | hˡ⁻¹)
//! up      the same means, without learning
//! down    the means of v given h, from the top machine to the lowest
//! sample  Gibbs sampling in the top machine, then down
//! ```
//!
//! Source: Hinton, Osindero and Teh, "A fast learning algorithm for deep belief nets", Neural Computation 18, 2006 (the
//! greedy part).
//!
//! # What to watch
//!
//! - Only the lowest machine may have Gaussian visible units: the features above are probabilities.
//! - Give each machine a seed of its own, or their draws are the same.
//! - The features start a multi-layer perceptron well: [`Dbn::layers`] gives weights and biases as they stand in dense
//!   layers with logistic activation; add an output layer and train the whole by back-propagation.
//!
//! ```
//! use striate_classics::dbn::Dbn;
//! use striate_classics::rbm::RbmSettings;
//! use striate_kernels::Workers;
//! let rows = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0].repeat(20);
//! let workers = Workers::new(1);
//! let rate = 0.2;
//! let machines = [RbmSettings { rate, ..RbmSettings::new(3) }, RbmSettings { rate, seed: 1, ..RbmSettings::new(2) }];
//! let mut dbn = Dbn::new(4, &machines)?;
//! dbn.train(&workers, &rows, 100)?;
//! let features = dbn.up(&workers, &rows)?; // 40×2
//! assert_eq!(features.len(), 80);
//! let back = dbn.down(&workers, &features)?; // 40×4
//! assert!(back[0] > 0.5 && back[2] < 0.5);
//! assert_eq!(dbn.layers().map(|layer| (layer.inputs, layer.outputs)).collect::<Vec<_>>(), [(4, 3), (3, 2)]);
//! # Ok::<(), striate_tensor::Error>(())
//! ```

use crate::checks::setting;
use crate::rbm::{Rbm, RbmSettings, Visible};
use crate::{Parts, Saved};
use striate_kernels::Workers;
use striate_tensor::{Error, Result};

/// Machines one upon the other; see the [module](self).
#[derive(Clone, Debug, PartialEq)]
pub struct Dbn {
    /// The lowest first.
    machines: Vec<Rbm>,
}

/// A machine as a dense layer: y = σ(W·x + c).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DenseLayer<'a> {
    /// Numbers that go in.
    pub inputs: usize,
    /// Numbers that come out.
    pub outputs: usize,
    /// W, outputs×inputs.
    pub weights: &'a [f32],
    /// c, one for each output.
    pub bias: &'a [f32],
}

impl Dbn {
    /// Machines for rows of `visible` numbers, the lowest first.
    ///
    /// # Errors
    /// `Fault::Model`: no machine, a setting out of range, or Gaussian units above the lowest.
    pub fn new(visible: usize, machines: &[RbmSettings]) -> Result<Self> {
        let below = std::iter::once(visible).chain(machines.iter().map(|m| m.hidden));
        let machines = machines.iter().zip(below).map(|(&m, below)| Rbm::new(below, m)).collect::<Result<_>>()?;
        Self::stacked(machines)
    }

    /// Machines that fit each other.
    fn stacked(machines: Vec<Rbm>) -> Result<Self> {
        setting(!machines.is_empty(), "machines", "none", "at least one machine")?;
        for pair in machines.windows(2) {
            setting(
                pair[1].visible() == pair[0].settings().hidden,
                "visible",
                pair[1].visible(),
                "the hidden units below",
            )?;
            if pair[1].settings().visible == Visible::Gaussian {
                return Err(Error::model("Gaussian units above the lowest machine")
                    .found("features, which are probabilities")
                    .expected("Bernoulli units")
                    .hint("set `visible` to Bernoulli"));
            }
        }
        Ok(Dbn { machines })
    }

    /// The machines, the lowest first.
    pub fn machines(&self) -> &[Rbm] {
        &self.machines
    }

    /// Trains each machine for `passes`, the lowest first.
    ///
    /// # Errors
    /// As [`Rbm::train`].
    pub fn train(&mut self, workers: &Workers, rows: &[f32], passes: usize) -> Result<()> {
        let mut features = None;
        for machine in &mut self.machines {
            let below = features.as_deref().unwrap_or(rows);
            machine.train(workers, below, passes)?;
            features = Some(machine.up(workers, below)?);
        }
        Ok(())
    }

    /// The top features of the rows, rows×hidden units of the top machine.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit.
    pub fn up(&self, workers: &Workers, rows: &[f32]) -> Result<Vec<f32>> {
        climb(&self.machines, workers, rows)
    }

    /// The means of the rows given top features, rows×visible.
    ///
    /// # Errors
    /// `Fault::Data` when the features are not as long as the top machine has hidden units.
    pub fn down(&self, workers: &Workers, features: &[f32]) -> Result<Vec<f32>> {
        self.machines.iter().rev().try_fold(features.to_vec(), |above, machine| machine.down(workers, &above))
    }

    /// Rows drawn from the model: up to the top machine, `steps` steps of Gibbs sampling there, then the means down.
    ///
    /// # Errors
    /// `Fault::Data` when the rows to start from do not fit.
    pub fn sample(&self, workers: &Workers, rows: &[f32], steps: usize, seed: u64) -> Result<Vec<f32>> {
        let Some((top, lower)) = self.machines.split_last() else {
            return Err(Error::internal("a deep belief network without machines"));
        };
        let start = climb(lower, workers, rows)?;
        let drawn = top.sample(workers, &start, steps, seed)?;
        lower.iter().rev().try_fold(drawn, |above, machine| machine.down(workers, &above))
    }

    /// The machines as dense layers with logistic activation, the lowest first.
    pub fn layers(&self) -> impl Iterator<Item = DenseLayer<'_>> {
        self.machines.iter().map(|machine| DenseLayer {
            inputs: machine.visible(),
            outputs: machine.settings().hidden,
            weights: machine.weights(),
            bias: machine.hidden_bias(),
        })
    }
}

/// A file holds the state of each machine's training too.
impl Saved for Dbn {
    const KIND: &'static str = "dbn";

    fn parts(&self) -> Parts {
        let parts = Parts::new().text("machines", self.machines.len());
        self.machines.iter().enumerate().fold(parts, |parts, (l, machine)| machine.put(&format!("{l}."), parts))
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let machines = parts.size("machines")?;
        Self::stacked((0..machines).map(|l| Rbm::take(&format!("{l}."), parts)).collect::<Result<_>>()?)
    }
}

/// The features above all these machines.
fn climb(machines: &[Rbm], workers: &Workers, rows: &[f32]) -> Result<Vec<f32>> {
    machines.iter().try_fold(rows.to_vec(), |below, machine| machine.up(workers, &below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_tensor::Rng;

    /// Four patterns of twelve bits, some bits flipped.
    fn rows(n: u64) -> Vec<f32> {
        let rng = Rng::new(8);
        let pattern = |row: u64, i: u64| if row % 4 < 2 { i / 6 == row % 2 } else { i % 2 == row % 2 };
        (0..n * 12).map(|at| f32::from(u8::from(pattern(at / 12, at % 12) != (rng.uniform(at) < 0.03)))).collect()
    }

    fn machines() -> [RbmSettings; 2] {
        let first = RbmSettings { rate: 0.2, momentum: 0.5, ..RbmSettings::new(8) };
        [first, RbmSettings { hidden: 4, persistent: true, rate: 0.1, seed: 1, ..first }]
    }

    #[test]
    fn two_machines_keep_what_the_rows_say() {
        let (rows, workers) = (rows(200), Workers::new(2));
        let mut dbn = Dbn::new(12, &machines()).unwrap();
        dbn.train(&workers, &rows, 60).unwrap();
        let back = dbn.down(&workers, &dbn.up(&workers, &rows).unwrap()).unwrap();
        let wrong = rows.iter().zip(&back).filter(|(a, b)| (*a - *b).abs() > 0.5).count() as f64 / rows.len() as f64;
        assert!(wrong < 0.1, "{wrong}");
        // samples look like one of the four patterns
        let drawn = dbn.sample(&workers, &rows[..12 * 100], 50, 3).unwrap();
        let clean = |at: usize| (0..12).map(move |i| if at < 2 { i / 6 == at } else { i % 2 == at - 2 });
        let near = |v: &[f32]| {
            (0..4).map(|at| clean(at).zip(v).filter(|(bit, v)| *bit != (**v > 0.5)).count()).min() <= Some(2)
        };
        assert!(drawn.chunks(12).filter(|v| near(v)).count() > 80);
    }

    #[test]
    fn layers_are_the_up_pass() {
        let (rows, workers) = (rows(5), Workers::new(1));
        let mut dbn = Dbn::new(12, &machines()).unwrap();
        dbn.train(&workers, &rows, 3).unwrap();
        let mut x = rows.clone();
        for layer in dbn.layers() {
            let dense = |x: &[f32]| -> Vec<f32> {
                let unit = |(w, c): (&[f32], &f32)| {
                    1.0 / (1.0 + (-c - w.iter().zip(x).map(|(w, x)| w * x).sum::<f32>()).exp())
                };
                layer.weights.chunks(layer.inputs).zip(layer.bias).map(unit).collect()
            };
            x = x.chunks(layer.inputs).flat_map(dense).collect();
        }
        let up = dbn.up(&workers, &rows).unwrap();
        assert!(up.len() == x.len() && up.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn a_file_goes_on_where_it_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dbn.safetensors");
        let (rows, workers) = (rows(30), Workers::new(1));
        let mut dbn = Dbn::new(12, &machines()).unwrap();
        dbn.train(&workers, &rows, 2).unwrap();
        dbn.save(&path).unwrap();
        let mut loaded = Dbn::load(&path).unwrap();
        dbn.train(&workers, &rows, 2).unwrap();
        loaded.train(&workers, &rows, 2).unwrap();
        assert_eq!(loaded, dbn);
    }

    #[test]
    fn refuses_what_cannot_be() {
        assert!(Dbn::new(4, &[]).is_err());
        let [low, top] = machines();
        let failure = Dbn::new(12, &[low, RbmSettings { visible: Visible::Gaussian, ..top }]).unwrap_err();
        assert!(failure.to_string().contains("Gaussian"));
        assert!(Dbn::new(12, &[RbmSettings { visible: Visible::Gaussian, ..low }, top]).is_ok());
    }
}
