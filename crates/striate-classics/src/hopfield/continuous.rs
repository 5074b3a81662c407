//! Hopfield's network of 1984: graded units.
//!
//! ```text
//! u̇ᵢ = −uᵢ + ∑ⱼ wᵢⱼ·Vⱼ + Iᵢ,   Vᵢ = tanh(β·uᵢ)
//! E = −½·Vᵀ·W·V − I·V + ∑ᵢ G(Vᵢ)/β,   G(V) = ∫₀^V tanh⁻¹ = ½·((1+V)·ln(1+V) + (1−V)·ln(1−V))
//! ```
//!
//! (resistance and capacity are 1: time is counted in time constants). Ė = −∑ (dVᵢ/duᵢ)·u̇ᵢ² ≤ 0 for symmetric W. Time goes
//! in steps of Euler's method; for a large gain β the settled states are those of the discrete network.

use super::Hopfield;
use super::discrete::symmetric;
use crate::{Parts, Saved, checks};
use striate_tensor::{Error, Result};

/// A continuous Hopfield network.
///
/// ```
/// use striate_classics::hopfield::Continuous;
/// // Two units that inhibit each other, the first with a little more current: a flip-flop.
/// let network = Continuous::new(vec![0.0, -1.0, -1.0, 0.0], vec![0.1, 0.0], 4.0)?;
/// let settled = network.settle(&[0.0, 0.0], 2000)?;
/// assert!(settled.outputs[0] > 0.9 && settled.outputs[1] < -0.9);
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Continuous {
    /// `units × units`, symmetric.
    weights: Vec<f32>,
    currents: Vec<f32>,
    gain: f32,
}

/// Where a continuous network came to rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// V.
    pub outputs: Vec<f32>,
    /// The energy at the start and after each step.
    pub energies: Vec<f64>,
    /// Whether it came to rest: no u changes by more than 10⁻⁶ in a time constant.
    pub settled: bool,
}

/// A step of Euler's method, in time constants.
const STEP: f64 = 0.05;

impl Continuous {
    /// A network of the given symmetric weights, a current for each unit, and gain β.
    ///
    /// # Errors
    /// `Fault::Data`: the weights do not make a square of as many units as currents, are not symmetric, or not
    /// finite. `Fault::Model`: the gain is not above 0.
    pub fn new(weights: Vec<f32>, currents: Vec<f32>, gain: f32) -> Result<Self> {
        let units = currents.len();
        if units == 0 || units.checked_mul(units) != Some(weights.len()) {
            return Err(Error::data("the weights do not fit the currents")
                .found(format!("{} weights, {units} currents", weights.len()))
                .expected("a current for each unit, a weight for each pair of units"));
        }
        checks::finite(&weights)?;
        checks::finite(&currents)?;
        checks::positive("gain", gain)?;
        symmetric(&weights, units)?;
        Ok(Continuous { weights, currents, gain })
    }

    /// The graded units of a discrete network, without currents.
    ///
    /// # Errors
    /// `Fault::Model`: the gain is not above 0.
    pub fn of(network: &Hopfield, gain: f32) -> Result<Self> {
        Self::new(network.weights().to_vec(), vec![0.0; network.units()], gain)
    }

    /// How many units.
    pub fn units(&self) -> usize {
        self.currents.len()
    }

    /// E of the outputs V, each in −1 to 1.
    ///
    /// # Errors
    /// `Fault::Data`: there are not as many outputs as units, or one is out of range.
    pub fn energy(&self, outputs: &[f32]) -> Result<f64> {
        self.check(outputs)?;
        let outputs: Vec<f64> = outputs.iter().map(|&v| f64::from(v)).collect();
        Ok(self.energy_of(&outputs, &self.fields(&outputs)))
    }

    /// Lets the network go from the outputs `start`, each in −1 to 1, for at most `steps` steps of 1/20 time constant.
    ///
    /// # Errors
    /// `Fault::Data`: there are not as many outputs as units, or one is out of range.
    pub fn settle(&self, start: &[f32], steps: usize) -> Result<Settled> {
        self.check(start)?;
        let gain = f64::from(self.gain);
        // tanh⁻¹(±1) is infinite: start just inside.
        let mut u: Vec<f64> = start.iter().map(|&v| f64::from(v.clamp(-0.999, 0.999)).atanh() / gain).collect();
        let outputs = |u: &[f64]| -> Vec<f64> { u.iter().map(|u| (gain * u).tanh()).collect() };
        let mut v = outputs(&u);
        let mut fields = self.fields(&v);
        let mut energies = vec![self.energy_of(&v, &fields)];
        let mut settled = false;
        while energies.len() <= steps && !settled {
            let mut fastest = 0.0f64;
            for ((u, field), current) in u.iter_mut().zip(&fields).zip(&self.currents) {
                let speed = field + f64::from(*current) - *u;
                *u += STEP * speed;
                fastest = fastest.max(speed.abs());
            }
            v = outputs(&u);
            fields = self.fields(&v);
            energies.push(self.energy_of(&v, &fields));
            settled = fastest <= 1e-6;
        }
        Ok(Settled { outputs: v.iter().map(|&v| v as f32).collect(), energies, settled })
    }

    /// W·V.
    fn fields(&self, v: &[f64]) -> Vec<f64> {
        let rows = self.weights.chunks_exact(v.len());
        rows.map(|w| w.iter().zip(v).map(|(&w, v)| f64::from(w) * v).sum()).collect()
    }

    fn energy_of(&self, v: &[f64], fields: &[f64]) -> f64 {
        let each = v.iter().zip(fields).zip(&self.currents);
        each.map(|((v, field), &current)| v * (-0.5 * field - f64::from(current)) + area(*v) / f64::from(self.gain))
            .sum()
    }

    fn check(&self, outputs: &[f32]) -> Result<()> {
        checks::row(outputs, self.units())?;
        match outputs.iter().find(|v| v.abs() > 1.0) {
            None => Ok(()),
            Some(v) => Err(Error::data("an output is out of range").found(v).expected("−1 to 1")),
        }
    }
}

/// G(V) = ∫₀^V tanh⁻¹.
fn area(v: f64) -> f64 {
    let term = |x: f64| if x > 0.0 { x * x.ln() } else { 0.0 };
    0.5 * (term(1.0 + v) + term(1.0 - v))
}

impl Saved for Continuous {
    const KIND: &'static str = "hopfield_continuous";

    fn parts(&self) -> Parts {
        Parts::new()
            .reals("weights", [self.units(), self.units()], self.weights.clone())
            .reals("currents", [self.units()], self.currents.clone())
            .text("units", self.units())
            .text("gain", self.gain)
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let units = parts.size("units")?;
        let weights = parts.take("weights", &[units, units])?;
        Self::new(weights, parts.take("currents", &[units])?, parts.parse("gain")?)
    }
}
