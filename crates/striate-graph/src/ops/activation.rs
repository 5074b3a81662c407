//! Activation functions by name: each is one elementwise program.

use crate::Var;
use crate::layer::{LayerForm, Scope};
use serde::{Deserialize, Serialize};
use striate_tensor::{Binary, ProgramBuilder, Register, Unary};

/// An activation function as a layer: `relu`, `tanh`, `gelu`, ….
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    #[serde(skip)]
    kind: usize,
    /// The function's parameter, where it has one: the slope of `leaky_relu` (0.01), the α of `elu` (1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpha: Option<f64>,
}

/// Writes a function: the register of x and the parameter, to the register of y.
type Function = fn(&mut ProgramBuilder, Register, f64) -> Register;

/// Name, default parameter (if it has one), and the function.
const FUNCTIONS: &[(&str, Option<f64>, Function)] = &[
    // max(x, 0)
    ("relu", None, |p, x, _| p.unary(Unary::Relu, x)),
    // x where x > 0, else α·x
    ("leaky_relu", Some(0.01), |p, x, alpha| {
        let below = scaled(p, x, alpha);
        p.select(x, x, below)
    }),
    // min(max(x, 0), 6)
    ("relu6", None, |p, x, _| {
        let (y, six) = (p.unary(Unary::Relu, x), p.constant(6.0));
        p.binary(Binary::Min, y, six)
    }),
    ("tanh", None, |p, x, _| p.unary(Unary::Tanh, x)),
    // 1.7159·tanh(2x/3): ±1 is mapped to itself (LeCun et al. 1998, appendix A)
    ("scaled_tanh", None, |p, x, _| {
        let inner = scaled(p, x, 2.0 / 3.0);
        let y = p.unary(Unary::Tanh, inner);
        scaled(p, y, 1.7159)
    }),
    // 1/(1 + e⁻ˣ)
    ("logistic", None, |p, x, _| p.unary(Unary::Logistic, x)),
    // ln(1 + eˣ)
    ("softplus", None, |p, x, _| p.unary(Unary::Softplus, x)),
    // x/2·(1 + erf(x/√2))
    ("gelu", None, |p, x, _| {
        let inner = scaled(p, x, std::f64::consts::FRAC_1_SQRT_2);
        let (erf, one) = (p.unary(Unary::Erf, inner), p.constant(1.0));
        let (half, share) = (scaled(p, x, 0.5), p.binary(Binary::Add, erf, one));
        p.binary(Binary::Mul, half, share)
    }),
    // x/(1 + e⁻ˣ), also called swish
    ("silu", None, |p, x, _| {
        let gate = p.unary(Unary::Logistic, x);
        p.binary(Binary::Mul, x, gate)
    }),
    // x where x > 0, else α·(eˣ − 1)
    ("elu", Some(1.0), |p, x, alpha| {
        let zero = p.constant(0.0);
        let negative = p.binary(Binary::Min, x, zero);
        let (power, one) = (p.unary(Unary::Exp, negative), p.constant(1.0));
        let below = p.binary(Binary::Sub, power, one);
        let below = scaled(p, below, alpha);
        p.select(x, x, below)
    }),
    // min(max(x, −1), 1)
    ("hard_tanh", None, |p, x, _| clamped(p, x, -1.0, 1.0)),
    // min(max(x/6 + 1/2, 0), 1)
    ("hard_logistic", None, hard_logistic),
    // x · hard_logistic(x)
    ("hard_silu", None, |p, x, alpha| {
        let gate = hard_logistic(p, x, alpha);
        p.binary(Binary::Mul, x, gate)
    }),
];

fn scaled(p: &mut ProgramBuilder, x: Register, factor: f64) -> Register {
    let factor = p.constant(factor);
    p.binary(Binary::Mul, x, factor)
}

fn clamped(p: &mut ProgramBuilder, x: Register, low: f64, high: f64) -> Register {
    let (low, high) = (p.constant(low), p.constant(high));
    let y = p.binary(Binary::Max, x, low);
    p.binary(Binary::Min, y, high)
}

fn hard_logistic(p: &mut ProgramBuilder, x: Register, _: f64) -> Register {
    let (sixth, half) = (scaled(p, x, 1.0 / 6.0), p.constant(0.5));
    let line = p.binary(Binary::Add, sixth, half);
    clamped(p, line, 0.0, 1.0)
}

impl Activation {
    /// The function of that name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        let kind = FUNCTIONS.iter().position(|f| f.0 == name)?;
        Some(Activation { kind, alpha: None })
    }

    /// Another parameter than the default.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = Some(alpha);
        self
    }
}

const KINDS: [&str; FUNCTIONS.len()] = {
    let mut kinds = [""; FUNCTIONS.len()];
    let mut i = 0;
    while i < kinds.len() {
        kinds[i] = FUNCTIONS[i].0;
        i += 1;
    }
    kinds
};

impl LayerForm for Activation {
    const KINDS: &'static [&'static str] = &KINDS;

    fn kind(&self) -> &'static str {
        KINDS[self.kind]
    }

    fn of_kind(self, kind: &str) -> Self {
        Activation { kind: KINDS.iter().position(|k| *k == kind).unwrap_or(0), ..self }
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let (name, default, function) = FUNCTIONS[self.kind];
        match (default, self.alpha) {
            (None, Some(alpha)) => scope.poison(
                striate_tensor::Error::model(format!("{name} has no parameter")).found(format!("alpha = {alpha}")),
            ),
            (default, alpha) => inputs[0].each(|p, x| function(p, x, alpha.or(default).unwrap_or(0.0))),
        }
    }
}

macro_rules! methods {
    ($($name:ident)+) => {
        impl<'g> Var<'g> {
            $(#[doc = concat!("The activation function `", stringify!($name), "`.")]
            #[track_caller]
            pub fn $name(self) -> Var<'g> {
                let activation = Activation::named(stringify!($name)).expect("it is in the table");
                let (_, default, function) = FUNCTIONS[activation.kind];
                self.each(|p, x| function(p, x, default.unwrap_or(0.0)))
            })+
        }
    };
}
methods! { relu leaky_relu relu6 tanh scaled_tanh logistic softplus gelu silu elu hard_tanh hard_logistic hard_silu }
