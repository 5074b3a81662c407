//! The restricted Boltzmann machine: hidden units that explain visible ones, with links only between the two layers.
//!
#![cfg_attr(doc, doc = picture!("rbm"))]
//!
//! Digits, and what the machine draws 200 steps later; drawn by `striate play rbm`.
//!
//! ```text
//! E(v, h) = −bᵀv − cᵀh − hᵀWv              Bernoulli visible units, v ∈ {0, 1} (or probabilities in [0, 1])
//! E(v, h) = ½‖v − b‖² − cᵀh − hᵀWv         Gaussian visible units of variance 1
//! p(v, h) ∝ e^(−E)
//! p(h_j = 1 | v) = σ(c_j + W_j·v)          p(v_i = 1 | h) = σ(b_i + (hᵀW)_i), or v_i ~ N(b_i + (hᵀW)_i, 1)
//! F(v) = −ln Σ_h e^(−E) = −bᵀv (or ½‖v − b‖²) − Σ_j ln(1 + e^(c_j + W_j·v))
//! ```
//!
//! W hidden×visible weights, b and c the biases, σ the logistic function. Sources: Smolensky, "Information processing
//! in dynamical systems: foundations of harmony theory", 1986; the training: Hinton 2002, Tieleman 2008, and Hinton's
//! "A practical guide to training restricted Boltzmann machines", 2010.
//!
//! # What to watch
//!
//! - Bernoulli units want rows in [0, 1]; Gaussian ones want standardised rows and a rate ten to a hundred times
//!   smaller.
//! - The reconstruction error falls even when the model gets worse; the pseudo-likelihood and the free energy of rows
//!   held out say more.
//! - Persistent chains want a small rate: they must follow the model. Samples want persistent training; features do
//!   with CD-1.
//! - Weights that grow without end make chains stick: a weight decay of 1e-4 or so prevents it.
//!
//! ```
//! use striate_classics::rbm::{Rbm, RbmSettings};
//! use striate_kernels::Workers;
//! let rows = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0].repeat(20); // two patterns
//! let workers = Workers::new(1);
//! let mut rbm = Rbm::new(4, RbmSettings { rate: 0.2, ..RbmSettings::new(2) })?;
//! rbm.train(&workers, &rows, 100)?;
//! assert!(rbm.reconstruction_error(&workers, &rows)? < 0.1);
//! let energies = rbm.free_energy(&workers, &[1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0])?;
//! assert!(energies[0] < energies[1]); // what it knows is likelier
//! # Ok::<(), striate_tensor::Error>(())
//! ```

mod measures;
#[cfg(test)]
mod tests;
mod train;
mod units;

use crate::checks::{count, setting, size};
use crate::{Parts, Saved, checks};
use serde::{Deserialize, Serialize};
use striate_tensor::{Error, Result, Rng};

/// What a visible unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Visible {
    /// A bit, or its probability.
    Bernoulli,
    /// A real number of variance 1 around its mean.
    Gaussian,
}

/// Pressure on each hidden unit to be on for a part of the rows only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sparsity {
    /// That part, above 0 and below 1.
    pub target: f64,
    /// The weight of the pressure.
    pub cost: f64,
}

/// Everything that decides what a machine becomes, but for the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RbmSettings {
    /// What the visible units are.
    pub visible: Visible,
    /// Number of hidden units.
    pub hidden: usize,
    /// ε, the learning rate.
    pub rate: f64,
    /// k, steps of Gibbs sampling for each batch.
    pub steps: usize,
    /// Whether the chains go on from batch to batch.
    pub persistent: bool,
    /// Rows of a batch, and persistent chains.
    pub batch: usize,
    /// μ, from 0 to below 1.
    pub momentum: f64,
    /// λ, from 0.
    pub weight_decay: f64,
    /// Pressure to be off.
    pub sparsity: Option<Sparsity>,
    /// Decides everything that is drawn.
    pub seed: u64,
}

impl RbmSettings {
    /// Bernoulli units, CD-1, rate 0.05, batches of 10, no momentum, decay or sparsity.
    pub fn new(hidden: usize) -> Self {
        RbmSettings {
            visible: Visible::Bernoulli,
            hidden,
            rate: 0.05,
            steps: 1,
            persistent: false,
            batch: 10,
            momentum: 0.0,
            weight_decay: 0.0,
            sparsity: None,
            seed: 0,
        }
    }

    fn check(&self) -> Result<()> {
        let from_zero = |x: f64| x >= 0.0 && x.is_finite();
        size("hidden", self.hidden)?;
        setting(self.rate > 0.0 && self.rate.is_finite(), "rate", self.rate, "a finite number above 0")?;
        setting(self.steps > 0, "steps", self.steps, "at least one step")?;
        size("batch", self.batch)?;
        setting((0.0..1.0).contains(&self.momentum), "momentum", self.momentum, "from 0 to below 1")?;
        setting(from_zero(self.weight_decay), "weight_decay", self.weight_decay, "a finite number from 0")?;
        if let Some(Sparsity { target, cost }) = self.sparsity {
            setting(target > 0.0 && target < 1.0, "sparsity.target", target, "above 0 and below 1")?;
            setting(from_zero(cost), "sparsity.cost", cost, "a finite number from 0")?;
        }
        Ok(())
    }
}

/// A restricted Boltzmann machine; see the [module](self).
#[derive(Clone, Debug, PartialEq)]
pub struct Rbm {
    settings: RbmSettings,
    visible: usize,
    /// hidden×visible
    weights: Vec<f32>,
    visible_bias: Vec<f32>,
    hidden_bias: Vec<f32>,
    weight_step: Vec<f32>,
    visible_step: Vec<f32>,
    hidden_step: Vec<f32>,
    /// q: the running mean of each hidden unit.
    activity: Vec<f32>,
    /// batch×hidden; empty unless persistent.
    chain: Vec<f32>,
    /// Batches learnt so far.
    batches: u64,
}

/// The spread of the starting weights, as in Hinton's guide.
const SPREAD: f32 = 0.01;

impl Rbm {
    /// A machine for rows of `visible` numbers; weights drawn from N(0, 0.01²), biases zero.
    ///
    /// # Errors
    /// `Fault::Model` when a setting is out of range.
    pub fn new(visible: usize, settings: RbmSettings) -> Result<Self> {
        settings.check()?;
        size("visible", visible)?;
        let rng = Rng::new(settings.seed).stream("rbm.weights");
        let count = checks::product(&[settings.hidden, visible])?;
        checks::product(&[settings.hidden, settings.batch])?;
        Ok(Rbm {
            settings,
            visible,
            weights: (0..count as u64).map(|i| SPREAD * rng.normal(i)).collect(),
            visible_bias: vec![0.0; visible],
            hidden_bias: vec![0.0; settings.hidden],
            weight_step: vec![0.0; count],
            visible_step: vec![0.0; visible],
            hidden_step: vec![0.0; settings.hidden],
            activity: vec![settings.sparsity.map_or(0.0, |s| s.target as f32); settings.hidden],
            chain: vec![0.0; if settings.persistent { settings.batch * settings.hidden } else { 0 }],
            batches: 0,
        })
    }

    /// What it was made with.
    pub fn settings(&self) -> &RbmSettings {
        &self.settings
    }

    /// Goes on with another rate.
    ///
    /// # Errors
    /// `Fault::Model` when it is not a finite number above 0.
    pub fn set_rate(&mut self, rate: f64) -> Result<()> {
        let settings = RbmSettings { rate, ..self.settings };
        settings.check()?;
        self.settings = settings;
        Ok(())
    }

    /// Number of visible units.
    pub fn visible(&self) -> usize {
        self.visible
    }

    /// W, hidden×visible.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// b.
    pub fn visible_bias(&self) -> &[f32] {
        &self.visible_bias
    }

    /// c.
    pub fn hidden_bias(&self) -> &[f32] {
        &self.hidden_bias
    }

    /// Number of rows that the visible units can take.
    fn check(&self, rows: &[f32]) -> Result<usize> {
        let n = count(rows, self.visible)?;
        if self.settings.visible == Visible::Bernoulli
            && let Some(at) = rows.iter().position(|x| !(0.0..=1.0).contains(x))
        {
            return Err(Error::data(format!("row {} has a number that is no probability", at / self.visible))
                .found(format!("{} in column {}", rows[at], at % self.visible))
                .expected("numbers from 0 to 1")
                .hint("scale the rows, or use Gaussian visible units"));
        }
        Ok(n)
    }

    /// Everything that the machine consists of, each name behind `prefix`.
    pub(crate) fn put(&self, prefix: &str, parts: Parts) -> Parts {
        let (hidden, visible) = (self.settings.hidden, self.visible);
        let name = |name: &str| format!("{prefix}{name}");
        let parts = parts
            .json(name("settings"), &self.settings)
            .text(name("visible"), visible)
            .text(name("batches"), self.batches)
            .reals(name("weights"), [hidden, visible], self.weights.clone())
            .reals(name("weights.step"), [hidden, visible], self.weight_step.clone())
            .reals(name("visible_bias"), [visible], self.visible_bias.clone())
            .reals(name("visible_bias.step"), [visible], self.visible_step.clone())
            .reals(name("hidden_bias"), [hidden], self.hidden_bias.clone())
            .reals(name("hidden_bias.step"), [hidden], self.hidden_step.clone())
            .reals(name("activity"), [hidden], self.activity.clone());
        match self.settings.persistent {
            true => parts.reals(name("chain"), [self.settings.batch, hidden], self.chain.clone()),
            false => parts,
        }
    }

    /// The reverse of [`Rbm::put`].
    pub(crate) fn take(prefix: &str, parts: &mut Parts) -> Result<Self> {
        let name = |name: &str| format!("{prefix}{name}");
        let settings: RbmSettings = parts.parse_json(&name("settings"))?;
        settings.check()?;
        let visible = parts.size(&name("visible"))?;
        let batches = parts.parse(&name("batches"))?;
        let hidden = settings.hidden;
        let mut take = |tensor: &str, dims: &[usize]| parts.take(&name(tensor), dims);
        Ok(Rbm {
            settings,
            visible,
            weights: take("weights", &[hidden, visible])?,
            weight_step: take("weights.step", &[hidden, visible])?,
            visible_bias: take("visible_bias", &[visible])?,
            visible_step: take("visible_bias.step", &[visible])?,
            hidden_bias: take("hidden_bias", &[hidden])?,
            hidden_step: take("hidden_bias.step", &[hidden])?,
            activity: take("activity", &[hidden])?,
            chain: if settings.persistent { take("chain", &[settings.batch, hidden])? } else { vec![] },
            batches,
        })
    }
}

/// A file holds the state of the training too: it goes on where it stopped.
impl Saved for Rbm {
    const KIND: &'static str = "rbm";

    fn parts(&self) -> Parts {
        self.put("", Parts::new())
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        Self::take("", parts)
    }
}
