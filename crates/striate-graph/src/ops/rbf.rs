//! Radial units: the squared distance of the input from each unit's prototype (LeCun et al. 1998, section II-B).
//!
//! ```text
//! y[n, k] = Σ_d (x[n, d] − w[k, d])²                                              x: N×D   w: K×D   y: N×K
//! ```
//!
//! Going back:
//!
//! ```text
//! r[n] = Σ_k ∂y[n, k]              s[k] = Σ_n ∂y[n, k]
//! ∂x = 2·(r·x − ∂y·w)              ∂w = 2·(s·w − ∂yᵀ·x)
//! ```

use crate::layer::{LayerForm, Scope, is_default};
use crate::operation::{Cost, Operation};
use crate::ops::matmul::{MatMul, features};
use crate::ops::reduce::Reduction;
use crate::types::match_types;
use crate::{Adjoint, Case, Init, N, Type, Value, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Binary, Error, Number, Result, Unary};

/// `rbf(x, w) → y`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rbf;

impl Operation for Rbf {
    const NAME: &'static str = "rbf";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let [_, w] = inputs else { return Err(Error::model("wrong number of inputs").found(inputs.len()).expected(2)) };
        let [units, features] = w.dims[..] else {
            return Err(Error::model("the prototypes are not a matrix").found(w).expected("units×features"));
        };
        let n = match_types(inputs, &[f32([N, features]), f32([units, features])], 2)?;
        Ok(vec![f32([N, units]).bind(n)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (x, w) = (inputs[0].real(), inputs[1].real());
        let (units, features) = (w.shape()[0], w.shape()[1]);
        let y = Array::from_fn([x.shape()[0], units], |i| {
            let (n, k) = (i / units, i % units);
            (0..features).fold(T::zero(), |sum, d| {
                let apart = x.at(&[n, d]) - w.at(&[k, d]);
                sum + apart * apart
            })
        });
        vec![y.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (x, w, dy) = (at.input(0), at.input(1), at.upstream(0));
        let dx = at.wants(0).then(|| (dy.reduce(Reduction::Sum, &[1]) * x - dy.matmul(w)) * 2.0);
        let dw = at.wants(1).then(|| {
            let pulled = at.apply(MatMul { a_transposed: true, b_transposed: false }, &[dy, x]);
            let units = w.ty().dims[0];
            (dy.sum_except(&[1]).reshape(&[units, 1.into()]) * w - pulled) * 2.0
        });
        vec![dx, dw]
    }

    fn cost(&self, inputs: &[Type]) -> Cost {
        Cost::exactly((inputs[0].dims[0].at(1) * inputs[1].shape().elements()) as u64)
    }

    fn cases() -> Vec<Case> {
        ["3x5 4x5", "1x84 10x84", "6x1 2x1", "2x7 1x7"].iter().map(|inputs| Case::new(Rbf, inputs)).collect()
    }
}

/// `rbf`: scores −y, the nearest prototype scoring greatest, so that scores of every kind are read alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RbfLayer {
    /// Number of units.
    pub units: usize,
    /// Where the prototypes come from; if absent they are learned, starting uniform in ±1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prototypes: Option<Prototypes>,
    /// Whether given prototypes are learned too.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trainable: bool,
}

/// Prototypes that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prototypes {
    /// The ten digits, 7 wide and 12 high, black 1 and white −1.
    Digits,
}

impl RbfLayer {
    /// So many units with learned prototypes.
    pub fn new(units: usize) -> Self {
        RbfLayer { units, prototypes: None, trainable: false }
    }

    /// Ten units with the pictures of the ten digits.
    pub fn digits() -> Self {
        RbfLayer { units: 10, prototypes: Some(Prototypes::Digits), trainable: false }
    }

    /// Given prototypes are learned too.
    pub fn trainable(mut self) -> Self {
        self.trainable = true;
        self
    }
}

impl LayerForm for RbfLayer {
    const KINDS: &'static [&'static str] = &["rbf"];

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let x = inputs[0];
        let features = match features(&x.ty(), self.units) {
            Ok(features) => features,
            Err(error) => return scope.poison(error),
        };
        let w = match self.prototypes {
            None => scope.parameter("weight", f32([self.units, features]), Init::Uniform(1.0)),
            Some(Prototypes::Digits) => {
                let digits = digits();
                if *digits.shape() != [self.units, features].into() {
                    return scope.poison(
                        Error::model("the pictures of the digits fit 10 units on 84 features")
                            .found(format!("{} units on {features} features", self.units))
                            .hint("put a `dense` with 84 units before"),
                    );
                }
                match self.trainable {
                    true => scope.parameter("weight", f32([10, 84]), Init::Values(digits.into_data())),
                    false => scope.builder.constant(digits),
                }
            }
        };
        -scope.builder.apply(Rbf, &[x, w]).get(0)
    }
}

impl<'g> Var<'g> {
    /// The loss that belongs to radial units (LeCun et al. 1998, equation 9), for scores −y: N×K and labels: i32 N.
    ///
    /// ```text
    /// E = mean over n of  y[n, label] + ln(e⁻ʲ + Σ_k e^(−y[n, k]))  =  y[n, label] + L + softplus(−j − L)
    /// ```
    ///
    /// with L = ln Σ_k e^(−y). It is the cross-entropy of the scores beside one more class, "rubbish", whose score is always
    /// −j: it pushes wrong prototypes away, but not those that are already far.
    #[track_caller]
    pub fn rbf_loss(self, labels: Var<'g>, j: f64) -> Var<'g> {
        let total = (self - self.log_softmax()).reduce(Reduction::Mean, &[1]);
        let rubbish = total.each(|p, total| {
            let score = p.constant(-j);
            let above = p.binary(Binary::Sub, score, total);
            p.unary(Unary::Softplus, above)
        });
        self.cross_entropy(labels) + rubbish.mean_all()
    }
}

/// The prototypes of the ten digits, 10×84.
pub fn digits() -> Array<f32> {
    Array::from_fn([10, 84], |i| {
        let (digit, row, column) = (i / 84, i % 84 / 7, i % 7);
        if DIGITS[row].as_bytes()[digit * 8 + column] == b'#' { 1.0 } else { -1.0 }
    })
}

const DIGITS: [&str; 12] = [
    "..###.. ...##.. .#####. ####### .....#. ####### ..####. ####### .#####. .#####.",
    ".#####. ..###.. ####### ####### ....##. ####### .#####. ####### ####### #######",
    "##...## .####.. ##...## .....## ...###. ##..... ##..... .....## ##...## ##...##",
    "##...## ...##.. .....## ....##. ..####. ##..... ##..... .....## ##...## ##...##",
    "##...## ...##.. .....## ...##.. .##.##. ######. ##.###. ....##. ##...## ##...##",
    "##...## ...##.. ....##. ..####. ##..##. ####### ####### ....##. .#####. #######",
    "##...## ...##.. ...##.. .....## ##..##. .....## ##...## ...##.. .#####. .###.##",
    "##...## ...##.. ..##... .....## ####### .....## ##...## ...##.. ##...## .....##",
    "##...## ...##.. .##.... .....## ####### .....## ##...## ..##... ##...## .....##",
    "##...## ...##.. ##..... ##...## ....##. ##...## ##...## ..##... ##...## .....##",
    ".#####. .###### ####### ####### ....##. ####### ####### .##.... ####### .#####.",
    "..###.. .###### ####### .#####. ....##. .#####. .#####. .##.... .#####. .####..",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, Layer, Mode, State, i32, interpret};

    #[test]
    fn the_digits_are_far_apart() {
        let digits = digits();
        for a in 0..10 {
            for b in 0..a {
                let apart = (0..84).filter(|&d| digits.at(&[a, d]) != digits.at(&[b, d])).count();
                assert!(apart >= 6, "{a} and {b} differ in {apart} pixels");
            }
        }
    }

    #[test]
    fn a_picture_of_a_digit_scores_greatest_as_itself() {
        let g = Builder::new();
        let x = g.input("x", f32([N, 84.into()]));
        let scope = Scope { builder: &g, name: "output".into(), mode: Mode::Infer };
        let scores = Layer::from(RbfLayer::digits()).apply(&[x], &scope).named("scores");
        let right = scores.correct(g.input("labels", i32([N]))).named("right");
        let graph = g.finish([scores, right]).unwrap();
        let labels = Value::Index(Array::from_fn([10], |i| i as i32));
        let x = Value::Real(digits().map(f64::from));
        let trace = interpret(&graph, &State::new(), &[("x", x), ("labels", labels)]).unwrap();
        assert_eq!(trace.output("scores").real().at(&[3, 3]), 0.0);
        assert_eq!(trace.output("right").real().data(), [10.0]);
    }

    #[test]
    fn the_loss_is_equation_9() {
        let y = [[0.5, 3.0, 70.0], [900.0, 800.0, 1000.0]];
        let (labels, j) = ([1, 2], 0.7);
        let g = Builder::new();
        let scores = g.constant(Array::new([2, 3], y.as_flattened().iter().map(|&y| -y as f32).collect()));
        let loss = scores.rbf_loss(g.input("labels", i32([2])), j).named("loss");
        let graph = g.finish([loss]).unwrap();
        let labels_value = Value::Index(Array::new([2], labels.to_vec()));
        let trace = interpret::<f64>(&graph, &State::new(), &[("labels", labels_value)]).unwrap();
        let one = |y: &[f64; 3], label: i32| {
            y[label as usize] + ((-j).exp() + y.iter().map(|y| (-y).exp()).sum::<f64>()).ln()
        };
        let expected = (one(&y[0], labels[0]) + one(&y[1], labels[1])) / 2.0;
        assert!((trace.output("loss").real().data()[0] - expected).abs() < 1e-9);
    }
}
