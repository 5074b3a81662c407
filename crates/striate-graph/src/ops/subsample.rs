//! Trainable subsampling (LeCun, Bottou, Bengio and Haffner 1998, section II.B: the layers S2 and S4 of LeNet-5).
//!
//! ```text
//! y[n, c, p] = a[c] · Σ_t x[n, c, q(p, t)] + b[c]                x, y: N×C×…   a, b: C×1×…
//! ```
//!
//! A mean-pool and one elementwise map, with two numbers to learn for each channel: the coefficient `a` and the bias `b`.
//! The squashing function that follows in the paper is a layer of its own.

use super::map::Map;
use super::pool::{MeanPool, Windows};
use crate::layer::{Axes, LayerForm, Pad, Scope, windows};
use crate::{Scheme, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Binary, Program};

/// `subsample1d`, `subsample2d`, `subsample3d`: the sum over a window times a coefficient plus a bias, channel by channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubsampleLayer {
    #[serde(skip)]
    rank: usize,
    /// Window size, 2 if absent.
    #[serde(default = "two", skip_serializing_if = "is_two")]
    pub window: Axes,
    /// Steps between windows; the window's size if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Axes>,
    /// How coefficient and bias start: as in the paper uniform in ±2.4/fan_in if absent, where fan_in is the window.
    #[serde(default = "lecun", skip_serializing_if = "is_lecun")]
    pub init: Scheme,
}

impl SubsampleLayer {
    /// Over so many spatial axes; the stride is the window.
    pub fn new(rank: usize, window: impl Into<Axes>) -> Self {
        SubsampleLayer { rank, window: window.into(), stride: None, init: lecun() }
    }
}

impl LayerForm for SubsampleLayer {
    const KINDS: &'static [&'static str] = &["subsample1d", "subsample2d", "subsample3d"];

    fn kind(&self) -> &'static str {
        Self::KINDS[self.rank - 1]
    }

    fn of_kind(self, kind: &str) -> Self {
        let rank = 1 + Self::KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        SubsampleLayer { rank, ..self }
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let ty = inputs[0].ty();
        let stride = self.stride.as_ref().unwrap_or(&self.window);
        let windows = windows(&ty, self.rank, &self.window, stride, &Axes::default(), &Pad::default());
        let (channels, windows) = match windows.and_then(|windows| Ok((ty.known_from(1)?[0], windows))) {
            Ok(found) => found,
            Err(error) => return scope.poison(error),
        };
        let taps: usize = windows.iter().map(|w| w.kernel).product();
        let windows = Windows::Sliding(windows);
        let mean = inputs[0].apply(MeanPool { channels, windows, count_padding: false });
        let each = f32([channels].into_iter().chain(vec![1; self.rank]));
        let a = scope.parameter("coefficient", each.clone(), self.init.weight(taps, 1));
        let b = scope.parameter("bias", each, self.init.bias(taps, 1));
        let program = Program::build(3, |p| {
            let m = p.constant(taps as f64);
            let sum = p.binary(Binary::Mul, 0, m);
            let scaled = p.binary(Binary::Mul, sum, 1);
            vec![p.binary(Binary::Add, scaled, 2)]
        });
        scope.builder.apply(Map { program }, &[mean, a, b]).get(0)
    }
}

fn two() -> Axes {
    Axes::All(2)
}

fn is_two(window: &Axes) -> bool {
    *window == two()
}

fn lecun() -> Scheme {
    Scheme::Lecun
}

fn is_lecun(scheme: &Scheme) -> bool {
    *scheme == Scheme::Lecun
}
