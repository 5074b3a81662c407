//! How parameters follow their gradients: equations like all others, appended after those of the gradient.
//!
//! ```text
//! sgd:    g' = g + λ·w      v ← μ·v + g'      w ← w − rate·v          nesterov: w ← w − rate·(g' + μ·v)
//! adam:   g' = g + λ·w      m ← β₁·m + (1 − β₁)·g'      v ← β₂·v + (1 − β₂)·g'²
//!         w ← w − rate·m/(1 − β₁ᵗ) / (√v/√(1 − β₂ᵗ) + ε)
//! adamw:  as adam with g' = g, after w ← w − rate·λ·w
//! ```
//!
//! g is the gradient by w, λ the weight decay, μ the momentum, t the number of the step counted from 1; v and m start at 0.
//! These are PyTorch's definitions. Each parameter's update is one elementwise program with all new values as outputs.

use crate::ops::map::Map;
use crate::{Builder, Init, Type, Var};
use serde::{Deserialize, Serialize};
use striate_tensor::{Binary, Error, Program, ProgramBuilder, Register, Result, Unary};

/// The state that counts the steps of [`Adam`] and [`AdamW`].
pub const STEP: &str = "optimizer.step";

/// A rule by which parameters follow their gradients.
///
/// ```
/// use striate_graph::{f32, Builder, Init, optim::{Optimizer, Sgd}};
///
/// let g = Builder::new();
/// let w = g.parameter("w", f32([3]), Init::Fill(1.0));
/// let loss = (w * w).sum_all();
/// let slope = g.grad(loss, &[w])[0];
/// let rate = g.input("learning_rate", f32([1]));
/// Optimizer::from(Sgd::default()).append(&g, &[(w, slope)], rate);
/// assert_eq!(g.finish([loss])?.updates.len(), 2); // the parameter and its velocity
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd(Sgd),
    /// Adam (Kingma and Ba 2014); weight decay is added to the gradient.
    Adam(Adam),
    /// Adam with weight decay of its own (Loshchilov and Hutter 2017).
    AdamW(AdamW),
}

/// Stochastic gradient descent, with momentum 0.9 by default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sgd {
    /// μ, the share of the velocity that stays; 0 is plain descent.
    pub momentum: f64,
    /// Whether the step looks ahead along the velocity (Nesterov).
    pub nesterov: bool,
    /// λ, how strongly weights are drawn to 0.
    pub weight_decay: f64,
    /// Whether biases and the scales of norms (all parameters of at most one axis) decay too.
    pub decay_all: bool,
}

/// Adam.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adam {
    /// β₁, the share of the mean gradient that stays.
    pub beta1: f64,
    /// β₂, the share of the mean square that stays.
    pub beta2: f64,
    /// ε, which keeps the quotient finite.
    pub epsilon: f64,
    /// λ, how strongly weights are drawn to 0.
    pub weight_decay: f64,
    /// Whether biases and the scales of norms (all parameters of at most one axis) decay too.
    pub decay_all: bool,
}

/// AdamW.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamW {
    /// β₁, the share of the mean gradient that stays.
    pub beta1: f64,
    /// β₂, the share of the mean square that stays.
    pub beta2: f64,
    /// ε, which keeps the quotient finite.
    pub epsilon: f64,
    /// λ, how strongly weights are drawn to 0.
    pub weight_decay: f64,
    /// Whether biases and the scales of norms (all parameters of at most one axis) decay too.
    pub decay_all: bool,
}

impl Default for Sgd {
    fn default() -> Self {
        Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.0, decay_all: true }
    }
}

impl Default for Adam {
    fn default() -> Self {
        Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, decay_all: true }
    }
}

impl Default for AdamW {
    fn default() -> Self {
        AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01, decay_all: true }
    }
}

impl From<Sgd> for Optimizer {
    fn from(sgd: Sgd) -> Self {
        Optimizer::Sgd(sgd)
    }
}

impl From<Adam> for Optimizer {
    fn from(adam: Adam) -> Self {
        Optimizer::Adam(adam)
    }
}

impl From<AdamW> for Optimizer {
    fn from(adamw: AdamW) -> Self {
        Optimizer::AdamW(adamw)
    }
}

impl Optimizer {
    /// Its name in `run.toml` and on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Optimizer::Sgd(_) => "sgd",
            Optimizer::Adam(_) => "adam",
            Optimizer::AdamW(_) => "adamw",
        }
    }

    /// The rule of that name with its defaults, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        [Sgd::default().into(), Adam::default().into(), AdamW::default().into()]
            .into_iter()
            .find(|o: &Self| o.name() == name)
    }

    /// Appends the updates of all parameters `(w, gradient by w)`. `rate` is the learning rate, of shape scalar or 1.
    /// States are called `w.velocity`, `w.m`, `w.v` after the parameter, and [`STEP`].
    #[track_caller]
    pub fn append<'g>(&self, builder: &'g Builder, parameters: &[(Var<'g>, Var<'g>)], rate: Var<'g>) {
        if let Err(error) = self.check() {
            builder.poison(error);
            return;
        }
        let rate = rate.reshape(&[]);
        match self {
            Optimizer::Sgd(sgd) => parameters.iter().for_each(|&(w, g)| sgd.step(w, g, rate)),
            Optimizer::Adam(adam) => adam.append(builder, parameters, rate, false),
            Optimizer::AdamW(AdamW { beta1, beta2, epsilon, weight_decay, decay_all }) => {
                let (beta1, beta2, epsilon) = (*beta1, *beta2, *epsilon);
                let adam = Adam { beta1, beta2, epsilon, weight_decay: *weight_decay, decay_all: *decay_all };
                adam.append(builder, parameters, rate, true);
            }
        }
    }

    /// Whether all numbers make sense.
    ///
    /// # Errors
    /// Names the first that does not.
    pub fn check(&self) -> Result<()> {
        let share = |what: &str, value: f64| match (0.0..1.0).contains(&value) {
            true => Ok(()),
            false => {
                Err(Error::model(format!("{what} is a share below 1")).found(value).expected(format!("0 ≤ {what} < 1")))
            }
        };
        let positive = |what: &str, value: f64| match value >= 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(Error::model(format!("{what} cannot be negative")).found(value)),
        };
        match *self {
            Optimizer::Sgd(Sgd { momentum, nesterov, weight_decay, .. }) => {
                share("momentum", momentum)?;
                positive("weight_decay", weight_decay)?;
                if nesterov && momentum == 0.0 {
                    return Err(Error::model("Nesterov's look ahead needs momentum").found("momentum = 0"));
                }
            }
            Optimizer::Adam(Adam { beta1, beta2, epsilon, weight_decay, .. })
            | Optimizer::AdamW(AdamW { beta1, beta2, epsilon, weight_decay, .. }) => {
                share("beta1", beta1)?;
                share("beta2", beta2)?;
                positive("epsilon", epsilon)?;
                positive("weight_decay", weight_decay)?;
            }
        }
        Ok(())
    }
}

impl Sgd {
    fn step<'g>(&self, w: Var<'g>, g: Var<'g>, rate: Var<'g>) {
        let decay = decay_of(w, self.weight_decay, self.decay_all);
        if self.momentum == 0.0 {
            let program = Program::build(3, |p| {
                let slope = plus_scaled(p, 1, 0, decay);
                vec![descended(p, 0, 2, slope)]
            });
            return update(program, &[w, g, rate], &[w]);
        }
        let velocity = beside(w, "velocity");
        let program = Program::build(4, |p| {
            let slope = plus_scaled(p, 1, 0, decay);
            let next = plus_scaled(p, slope, 3, self.momentum);
            let ahead = if self.nesterov { plus_scaled(p, slope, next, self.momentum) } else { next };
            vec![descended(p, 0, 2, ahead), next]
        });
        update(program, &[w, g, rate, velocity], &[w, velocity]);
    }
}

impl Adam {
    fn append<'g>(&self, builder: &'g Builder, parameters: &[(Var<'g>, Var<'g>)], rate: Var<'g>, decoupled: bool) {
        let step = builder.state(STEP, crate::f32(Vec::<usize>::new()), Init::Fill(0.0));
        let program = Program::build(1, |p| {
            let one = p.constant(1.0);
            let t = p.binary(Binary::Add, 0, one);
            let (mean, square) = (rest_of_power(p, self.beta1, t), rest_of_power(p, self.beta2, t));
            vec![t, mean, p.unary(Unary::Sqrt, square)]
        });
        let counted = builder.apply(Map { program }, &[step]);
        builder.update(step, counted.get(0));
        let (mean_share, root_share) = (counted.get(1), counted.get(2));
        for &(w, g) in parameters {
            let (m, v) = (beside(w, "m"), beside(w, "v"));
            let program = self.program(decay_of(w, self.weight_decay, self.decay_all), decoupled);
            update(program, &[w, g, rate, m, v, mean_share, root_share], &[w, m, v]);
        }
    }

    /// From w, g, rate, m, v, 1 − β₁ᵗ, √(1 − β₂ᵗ) to the new w, m, v.
    fn program(&self, decay: f64, decoupled: bool) -> Program {
        Program::build(7, |p| {
            let (w, slope) = match decoupled {
                true => {
                    let shrink = scaled(p, 2, decay);
                    (descended(p, 0, shrink, 0), 1)
                }
                false => (0, plus_scaled(p, 1, 0, decay)),
            };
            let square = p.binary(Binary::Mul, slope, slope);
            let (m, v) = (averaged(p, 3, slope, self.beta1), averaged(p, 4, square, self.beta2));
            let (mean, root) = (p.binary(Binary::Div, m, 5), p.unary(Unary::Sqrt, v));
            let root = p.binary(Binary::Div, root, 6);
            let epsilon = p.constant(self.epsilon);
            let root = p.binary(Binary::Add, root, epsilon);
            let ahead = p.binary(Binary::Div, mean, root);
            vec![descended(p, w, 2, ahead), m, v]
        })
    }
}

/// The weight decay of a parameter.
fn decay_of(w: Var<'_>, decay: f64, decay_all: bool) -> f64 {
    if decay_all || w.ty().rank() > 1 { decay } else { 0.0 }
}

/// A state of the parameter's type beside it, starting at 0.
#[track_caller]
fn beside<'g>(w: Var<'g>, what: &str) -> Var<'g> {
    let Some(id) = w.id() else { return w };
    let (name, ty): (String, Type) =
        w.builder().peek(|graph| (graph.value(id).name.clone(), graph.value(id).ty.clone()));
    w.builder().state(&format!("{name}.{what}"), ty, Init::Fill(0.0))
}

/// Appends the program and hands its outputs to the kept values.
#[track_caller]
fn update<'g>(program: Program, inputs: &[Var<'g>], kept: &[Var<'g>]) {
    let builder = inputs[0].builder();
    let next = builder.apply(Map { program }, inputs);
    kept.iter().enumerate().for_each(|(k, &old)| builder.update(old, next.get(k)));
}

/// factor·x
fn scaled(p: &mut ProgramBuilder, x: Register, factor: f64) -> Register {
    let factor = p.constant(factor);
    p.binary(Binary::Mul, x, factor)
}

/// a + factor·x
fn plus_scaled(p: &mut ProgramBuilder, a: Register, x: Register, factor: f64) -> Register {
    if factor == 0.0 {
        return a;
    }
    let part = scaled(p, x, factor);
    p.binary(Binary::Add, a, part)
}

/// w − rate·slope
fn descended(p: &mut ProgramBuilder, w: Register, rate: Register, slope: Register) -> Register {
    let step = p.binary(Binary::Mul, rate, slope);
    p.binary(Binary::Sub, w, step)
}

/// β·mean + (1 − β)·x
fn averaged(p: &mut ProgramBuilder, mean: Register, x: Register, beta: f64) -> Register {
    let (old, new) = (scaled(p, mean, beta), scaled(p, x, 1.0 - beta));
    p.binary(Binary::Add, old, new)
}

/// 1 − βᵗ as 2u/(1 + u) with u = tanh(−t·ln β/2): all digits stay even where β is close to 1.
fn rest_of_power(p: &mut ProgramBuilder, beta: f64, t: Register) -> Register {
    if beta == 0.0 {
        return p.constant(1.0);
    }
    let angle = scaled(p, t, -beta.ln() / 2.0);
    let (u, one) = (p.unary(Unary::Tanh, angle), p.constant(1.0));
    let (twice, sum) = (scaled(p, u, 2.0), p.binary(Binary::Add, u, one));
    p.binary(Binary::Div, twice, sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Value, f32, interpret};
    use striate_tensor::Array;

    const RATES: [f64; 5] = [0.1, 0.1, 0.05, 0.02, 0.01];
    const TARGETS: [f64; 3] = [1.0, -0.5, 3.0];

    /// Five steps on Σ (w − target)⁴/4, by equations; `rows` is the shape, one axis or two.
    fn by_equations(optimizer: Optimizer, rows: &[usize]) -> Vec<f64> {
        let g = Builder::new();
        let w = g.parameter("w", f32(rows.to_vec()), Init::Fill(0.25));
        let error = w - g.constant(Array::new(rows, TARGETS.map(|t| t as f32).to_vec()));
        let square = error * error;
        let loss = (square * square).sum_all() * 0.25;
        let slope = g.grad(loss, &[w])[0];
        optimizer.append(&g, &[(w, slope)], g.input("learning_rate", f32([1])));
        let graph = g.finish([loss]).unwrap();
        let mut state = graph.initial_state::<f64>(1);
        for rate in RATES {
            let rate = Value::Real(Array::new([1], vec![rate]));
            state = interpret(&graph, &state, &[("learning_rate", rate)]).unwrap().next_state();
        }
        state["w"].real().data().to_vec()
    }

    /// The same five steps by a plain loop: `step(t, rate, w, g, memory) → w`.
    fn by_loop(mut step: impl FnMut(i32, f64, f64, f64, &mut [f64; 2]) -> f64) -> Vec<f64> {
        let one = |target: f64| {
            let (mut w, mut memory) = (0.25, [0.0; 2]);
            for (i, rate) in RATES.into_iter().enumerate() {
                w = step(i as i32 + 1, rate, w, (w - target).powi(3), &mut memory);
            }
            w
        };
        TARGETS.map(one).to_vec()
    }

    #[track_caller]
    fn check(optimizer: impl Into<Optimizer>, step: impl FnMut(i32, f64, f64, f64, &mut [f64; 2]) -> f64) {
        let (found, expected) = (by_equations(optimizer.into(), &[3]), by_loop(step));
        let close = found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close, "{found:?} by equations, {expected:?} by a loop");
    }

    #[test]
    fn sgd() {
        let plain = Sgd { momentum: 0.0, ..Sgd::default() };
        check(plain, |_, rate, w, g, _| w - rate * g);
        check(Sgd { weight_decay: 0.3, ..plain }, |_, rate, w, g, _| w - rate * (g + 0.3 * w));
        check(Sgd::default(), |t, rate, w, g, [v, _]| {
            *v = if t == 1 { g } else { 0.9 * *v + g };
            w - rate * *v
        });
        check(Sgd { momentum: 0.8, nesterov: true, weight_decay: 0.1, decay_all: true }, |_, rate, w, g, [v, _]| {
            let g = g + 0.1 * w;
            *v = 0.8 * *v + g;
            w - rate * (g + 0.8 * *v)
        });
    }

    fn adam(t: i32, rate: f64, w: f64, g: f64, [m, v]: &mut [f64; 2]) -> f64 {
        *m += (g - *m) * (1.0 - 0.9);
        *v = 0.999 * *v + 0.001 * g * g;
        let (first, second) = (1.0 - 0.9f64.powi(t), 1.0 - 0.999f64.powi(t));
        w - rate / first * *m / (v.sqrt() / second.sqrt() + 1e-8)
    }

    #[test]
    fn adam_and_adamw() {
        check(Adam::default(), adam);
        check(Adam { weight_decay: 0.2, ..Adam::default() }, |t, rate, w, g, memory| {
            adam(t, rate, w, g + 0.2 * w, memory)
        });
        check(AdamW::default(), |t, rate, w, g, memory| adam(t, rate, w * (1.0 - rate * 0.01), g, memory));
        check(Adam { beta1: 0.0, beta2: 0.0, epsilon: 0.5, ..Adam::default() }, |_, rate, w, g, _| {
            w - rate * g / (g.abs() + 0.5)
        });
    }

    #[test]
    fn biases_may_be_spared_from_decay() {
        let spared = Sgd { momentum: 0.0, weight_decay: 0.3, decay_all: false, ..Sgd::default() };
        check(spared, |_, rate, w, g, _| w - rate * g);
        let decayed = by_loop(|_, rate, w, g, _| w - rate * (g + 0.3 * w));
        assert!(by_equations(spared.into(), &[3, 1]).iter().zip(decayed).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    #[test]
    fn the_first_bias_correction_keeps_its_digits_in_single_precision() {
        let program = Program::build(1, |p| vec![rest_of_power(p, 0.999, 0)]);
        for t in [1, 2, 10, 1000, 100_000] {
            let exact = 1.0 - 0.999f64.powi(t);
            let found = f64::from(program.evaluate(&[t as f32])[0]);
            assert!((found / exact - 1.0).abs() < 5e-7, "step {t}: {found} is not {exact}");
        }
    }

    #[test]
    fn written_and_read() {
        let read = |text: &str| serde_json::from_str::<Optimizer>(text);
        assert_eq!(read(r#"{"kind": "adamw"}"#).unwrap(), AdamW::default().into());
        let nesterov = Optimizer::from(Sgd { nesterov: true, ..Sgd::default() });
        assert_eq!(read(&serde_json::to_string(&nesterov).unwrap()).unwrap(), nesterov);
        assert!(read(r#"{"kind": "adam", "momentum": 0.9}"#).is_err());
        assert!(read(r#"{"kind": "lion"}"#).is_err());
        assert_eq!(
            ["sgd", "adam", "adamw"].map(|name| Optimizer::named(name).unwrap().name()),
            ["sgd", "adam", "adamw"]
        );
    }

    #[test]
    fn numbers_that_make_no_sense_are_told() {
        let g = Builder::new();
        Optimizer::from(Sgd { momentum: 1.5, ..Sgd::default() }).append(&g, &[], g.input("learning_rate", f32([1])));
        assert!(g.finish([]).unwrap_err().to_string().contains("found: 1.5"));
        assert!(Optimizer::from(Sgd { momentum: 0.0, nesterov: true, ..Sgd::default() }).check().is_err());
        assert!(Optimizer::from(Adam { beta2: 1.0, ..Adam::default() }).check().is_err());
    }
}
