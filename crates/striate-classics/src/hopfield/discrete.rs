//! Hopfield's network of 1982: units ±1, symmetric weights, energy E = −½·sᵀ·W·s.
//!
//! A unit takes the sign of hᵢ = ∑ⱼ wᵢⱼ·sⱼ and stays as it is where hᵢ = 0. With wᵢᵢ = 0 the change Δs of one unit changes
//! the energy by −Δs·hᵢ ≤ 0. A unit that is not known is 0 in the probe; it takes part once it was updated.

use super::{Storage, binary};
use crate::numbers::{dot, quadratic_energy};
use crate::{Parts, Rows, Saved, checks};
use striate_tensor::{Error, Result, Rng};

/// In which order units are updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// All at once.
    Synchronous,
    /// One after the other, in a new random order each sweep.
    Asynchronous {
        /// Draws the orders.
        seed: u64,
    },
}

/// How a recall ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// No unit would change any more.
    Settled,
    /// Two states follow each other for ever; only synchronous updates do that.
    Cycle,
    /// The sweeps ran out.
    Limit,
}

/// What a recall found.
#[derive(Clone, Debug, PartialEq)]
pub struct Recall {
    /// The state at the end.
    pub state: Vec<f32>,
    /// Sweeps over all units that were made, the one that changed nothing too.
    pub sweeps: usize,
    /// How it ended.
    pub end: End,
    /// The energy at the start and after each change: of one unit, or, synchronously, of all.
    pub energies: Vec<f64>,
}

/// A discrete Hopfield network.
#[derive(Clone, Debug, PartialEq)]
pub struct Hopfield {
    units: usize,
    storage: Storage,
    /// `units × units`, symmetric, 0 on the diagonal.
    weights: Vec<f32>,
}

impl Hopfield {
    /// A network that stores `patterns` of ±1.
    ///
    /// # Errors
    /// `Fault::Data`: a pattern has another number than ±1. `Fault::Model`: there are too many units.
    pub fn store(patterns: Rows<'_>, storage: Storage) -> Result<Self> {
        binary(patterns)?;
        checks::product(&[patterns.width(), patterns.width()])?;
        Ok(Hopfield { units: patterns.width(), storage, weights: storage.weights(patterns) })
    }

    /// How many units.
    pub fn units(&self) -> usize {
        self.units
    }

    /// How it stores.
    pub fn storage(&self) -> Storage {
        self.storage
    }

    /// W, row after row.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// E = −½·sᵀ·W·s.
    ///
    /// # Errors
    /// `Fault::Data`: the state has another length.
    pub fn energy(&self, state: &[f32]) -> Result<f64> {
        checks::row(state, self.units)?;
        Ok(quadratic_energy(&self.weights, state))
    }

    /// Whether no unit of this state would change.
    ///
    /// # Errors
    /// `Fault::Data`: the state has another length.
    pub fn holds(&self, state: &[f32]) -> Result<bool> {
        checks::row(state, self.units)?;
        Ok((0..self.units).all(|i| self.updated(i, state) == state[i]))
    }

    /// Goes from `probe` to a settled state, in at most `sweeps` sweeps over all units. Only the signs of the probe
    /// count; 0 is a unit that is not known.
    ///
    /// # Errors
    /// `Fault::Data`: the probe has another length.
    pub fn recall(&self, probe: &[f32], order: Order, sweeps: usize) -> Result<Recall> {
        checks::row(probe, self.units)?;
        let state: Vec<f32> = probe.iter().map(|&s| sign(s, 0.0)).collect();
        Ok(match order {
            Order::Synchronous => self.at_once(state, sweeps),
            Order::Asynchronous { seed } => self.one_by_one(state, sweeps, Rng::new(seed).stream("hopfield")),
        })
    }

    fn one_by_one(&self, mut state: Vec<f32>, limit: usize, rng: Rng) -> Recall {
        let mut energy = quadratic_energy(&self.weights, &state);
        let mut energies = vec![energy];
        let mut order: Vec<usize> = (0..self.units).collect();
        for sweep in 0..limit {
            rng.substream(sweep as u64).shuffle(&mut order);
            let before = energies.len();
            for &i in &order {
                let field = self.field(i, &state);
                let new = sign(field, state[i]);
                if new != state[i] {
                    energy -= f64::from(new - state[i]) * f64::from(field);
                    state[i] = new;
                    energies.push(energy);
                }
            }
            if energies.len() == before {
                return Recall { state, sweeps: sweep + 1, end: End::Settled, energies };
            }
        }
        Recall { state, sweeps: limit, end: End::Limit, energies }
    }

    fn at_once(&self, mut state: Vec<f32>, limit: usize) -> Recall {
        let mut energies = vec![quadratic_energy(&self.weights, &state)];
        let mut earlier = vec![];
        for sweep in 0..limit {
            let new: Vec<f32> = (0..self.units).map(|i| self.updated(i, &state)).collect();
            if new == state {
                return Recall { state, sweeps: sweep + 1, end: End::Settled, energies };
            }
            energies.push(quadratic_energy(&self.weights, &new));
            if new == earlier {
                return Recall { state: new, sweeps: sweep + 1, end: End::Cycle, energies };
            }
            earlier = std::mem::replace(&mut state, new);
        }
        Recall { state, sweeps: limit, end: End::Limit, energies }
    }

    /// hᵢ.
    fn field(&self, i: usize, state: &[f32]) -> f32 {
        dot(&self.weights[i * self.units..(i + 1) * self.units], state)
    }

    fn updated(&self, i: usize, state: &[f32]) -> f32 {
        sign(self.field(i, state), state[i])
    }
}

/// The sign of `field`, or what was before where there is none.
fn sign(field: f32, before: f32) -> f32 {
    match field {
        f if f > 0.0 => 1.0,
        f if f < 0.0 => -1.0,
        _ => before,
    }
}

impl Saved for Hopfield {
    const KIND: &'static str = "hopfield";

    fn parts(&self) -> Parts {
        Parts::new()
            .reals("weights", [self.units, self.units], self.weights.clone())
            .text("units", self.units)
            .text("storage", self.storage.name())
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let units = parts.size("units")?;
        let name: String = parts.parse("storage")?;
        let storage = Storage::named(&name).ok_or_else(|| {
            Error::data("there is no such way to store patterns")
                .found(format!("`{name}`"))
                .expected("`hebb`, `pseudo_inverse` or `storkey`")
        })?;
        let weights = parts.take("weights", &[units, units])?;
        symmetric(&weights, units)?;
        if (0..units).any(|i| weights[i * units + i] != 0.0) {
            return Err(Error::data("a unit has a weight to itself")
                .found("a diagonal with other numbers")
                .expected("0"));
        }
        Ok(Hopfield { units, storage, weights })
    }
}

/// wᵢⱼ = wⱼᵢ for all i, j: without that no energy would fall.
pub(super) fn symmetric(weights: &[f32], units: usize) -> Result<()> {
    for i in 0..units {
        for j in 0..i {
            let (one, other) = (weights[i * units + j], weights[j * units + i]);
            if one != other {
                return Err(Error::data("the weights are not symmetric")
                    .found(format!("{one} from unit {j} to {i}, {other} from {i} to {j}"))
                    .expected("the same both ways"));
            }
        }
    }
    Ok(())
}
