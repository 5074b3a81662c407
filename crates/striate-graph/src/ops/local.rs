//! A locally connected layer over 1, 2 or 3 spatial axes: a convolution whose positions share no weights.
//!
//! ```text
//! y[n, o, p] = b[o, p] + Σ_(i→o) Σ_t  w[p, i→o, t] · x[n, i, q(p, t)]
//!                                                        x: N×I×…   w: P×rows×…   b: O×…   y: N×O×…
//! ```
//!
//! The letters are those of [`conv`](super::conv), and so are geometry, channels and the number of products; only `w` has
//! one kernel more for each of the P output positions, which it counts row-major along its first axis. So the weights of
//! one position are one matrix: a position is a matrix product of O×(I·T) by (I·T)×N, and each weight is read once a batch.
//!
//! ```text
//! ∂x[n, i, q] = Σ w[p, i→o, t] · ∂y[n, o, p]           ∂w[p, i→o, t] = Σ_n x[n, i, q] · ∂y[n, o, p]
//! ```

use super::conv::{Conv, ConvLayer};
use crate::layer::{Axes, LayerForm, Scope};
use crate::operation::{Cost, Field, Operation};
use crate::types::match_types;
use crate::{Adjoint, Case, Type, Value, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Number, Result};

/// `local(x, w, b?) → y`: the convolution of the same geometry, with the weights of each position its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Local(pub Conv);

/// `local_grad_input(w, ∂y) → ∂x`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LocalGradInput(pub Conv);

/// `local_grad_weight(x, ∂y) → ∂w`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LocalGradWeight(pub Conv);

impl Operation for Local {
    const NAME: &'static str = "local";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        self.0.check()?;
        let n = match_types(inputs, &[self.0.input(), self.weight(), self.bias()], 2)?;
        Ok(vec![self.0.output().bind(n)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (x, w) = (inputs[0].real(), inputs[1].real());
        let y = self.0.output().shape_at(x.shape()[0]);
        let mut y = match inputs.get(2) {
            Some(b) => Array::from_fn(y, |i| b.real().data()[i % b.shape().elements()]),
            None => Array::full(y, T::zero()),
        };
        let (xs, ws, ys) = (x.data(), w.data(), y.data_mut());
        self.each_triple(x.shape()[0], |x, w, y| ys[y] += ws[w] * xs[x]);
        vec![y.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (x, w, dy) = (at.input(0), at.input(1), at.upstream(0));
        let dx = at.wants(0).then(|| at.apply(LocalGradInput(self.0.clone()), &[w, dy]));
        let dw = at.wants(1).then(|| at.apply(LocalGradWeight(self.0.clone()), &[x, dy]));
        let db = at.wants(2).then(|| dy.sum_except(&(1..dy.ty().rank()).collect::<Vec<_>>()));
        vec![dx, dw, db]
    }

    fn cost(&self, inputs: &[Type]) -> Cost {
        self.0.cost(inputs)
    }

    fn field(&self) -> Field {
        self.0.field()
    }

    fn cases() -> Vec<Case> {
        let forward = |text: &&str| {
            [true, false].map(|bias| {
                let inputs = if bias { &["x", "w", "b"][..] } else { &["x", "w"] };
                Local::case(text, |local| local.into(), inputs)
            })
        };
        CASES.iter().flat_map(forward).collect()
    }
}

impl Operation for LocalGradInput {
    const NAME: &'static str = "local_grad_input";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        self.0.check()?;
        let n = match_types(inputs, &[Local(self.0.clone()).weight(), self.0.output()], 2)?;
        Ok(vec![self.0.input().bind(n)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (w, dy) = (inputs[0].real(), inputs[1].real());
        let batch = dy.shape()[0];
        let mut dx = Array::full(self.0.input().shape_at(batch), T::zero());
        let (ws, dys, dxs) = (w.data(), dy.data(), dx.data_mut());
        Local(self.0.clone()).each_triple(batch, |x, w, y| dxs[x] += ws[w] * dys[y]);
        vec![dx.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (w, dy, ddx) = (at.input(0), at.input(1), at.upstream(0));
        let dw = at.wants(0).then(|| at.apply(LocalGradWeight(self.0.clone()), &[ddx, dy]));
        let ddy = at.wants(1).then(|| at.apply(Local(self.0.clone()), &[ddx, w]));
        vec![dw, ddy]
    }

    fn cost(&self, inputs: &[Type]) -> Cost {
        self.0.cost_at(inputs[1].dims[0].at(1))
    }

    fn cases() -> Vec<Case> {
        CASES.iter().map(|text| Local::case(text, |local| LocalGradInput(local.0).into(), &["w", "y"])).collect()
    }
}

impl Operation for LocalGradWeight {
    const NAME: &'static str = "local_grad_weight";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        self.0.check()?;
        match_types(inputs, &[self.0.input(), self.0.output()], 2)?;
        Ok(vec![Local(self.0.clone()).weight()])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (x, dy) = (inputs[0].real(), inputs[1].real());
        let local = Local(self.0.clone());
        let mut dw = Array::full(local.weight().shape(), T::zero());
        let (xs, dys, dws) = (x.data(), dy.data(), dw.data_mut());
        local.each_triple(x.shape()[0], |x, w, y| dws[w] += xs[x] * dys[y]);
        vec![dw.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (x, dy, ddw) = (at.input(0), at.input(1), at.upstream(0));
        let dx = at.wants(0).then(|| at.apply(LocalGradInput(self.0.clone()), &[ddw, dy]));
        let ddy = at.wants(1).then(|| at.apply(Local(self.0.clone()), &[x, ddw]));
        vec![dx, ddy]
    }

    fn cost(&self, inputs: &[Type]) -> Cost {
        self.0.cost(inputs)
    }

    fn cases() -> Vec<Case> {
        CASES.iter().map(|text| Local::case(text, |local| LocalGradWeight(local.0).into(), &["x", "y"])).collect()
    }
}

impl Local {
    /// The type of w: `P × O × I/groups × kernel`, or with a table `P × links × kernel`; P counts the output positions.
    pub fn weight(&self) -> Type {
        let positions = self.0.geometry(1).positions();
        f32([positions.into()].into_iter().chain(self.0.weight().dims))
    }

    /// The type of b: one for each element of a sample's output.
    pub fn bias(&self) -> Type {
        f32(self.0.output().dims.into_iter().skip(1))
    }

    /// Calls `product(x, w, y)` once for every product, with the row-major indices that it joins: `y[..] += w[..]·x[..]`.
    pub fn each_triple(&self, batch: usize, mut product: impl FnMut(usize, usize, usize)) {
        let g = self.0.geometry(batch);
        let (pixels, rows, taps, positions) = (g.pixels(), g.rows(), g.taps(), g.positions());
        g.each_product(|link, n, p, t, q| {
            let x = (n * g.in_channels + link.input) * pixels + q;
            let y = (n * g.out_channels + link.output) * positions + p;
            product(x, (p * rows + link.row) * taps + t, y);
        });
    }

    fn case(text: &str, op: impl Fn(Local) -> crate::Op, inputs: &[&str]) -> Case {
        let (n, conv) = Conv::parse(text).expect("cases are source code");
        let local = Local(conv);
        let shape = |name: &&str| {
            let ty = match *name {
                "x" => local.0.input(),
                "w" => local.weight(),
                "b" => local.bias(),
                _ => local.0.output(),
            };
            ty.shape_at(n).to_string().replace('×', "x")
        };
        let shapes = inputs.iter().map(shape).collect::<Vec<_>>().join(" ");
        Case::new(op(local), &shapes).named(&format!("{text}{}", if inputs.contains(&"b") { " bias" } else { "" }))
    }
}

/// `local1d`, `local2d`, `local3d`: the attributes of [`ConvLayer`], and a kernel and bias for each output position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalLayer(pub ConvLayer);

impl LocalLayer {
    /// A locally connected layer over so many spatial axes, to so many channels.
    pub fn new(rank: usize, channels: usize, kernel: impl Into<Axes>) -> Self {
        LocalLayer(ConvLayer::new(rank, channels, kernel))
    }
}

impl LayerForm for LocalLayer {
    const KINDS: &'static [&'static str] = &["local1d", "local2d", "local3d"];

    fn kind(&self) -> &'static str {
        ConvLayer::KINDS.iter().position(|kind| *kind == self.0.kind()).map_or("", |rank| Self::KINDS[rank])
    }

    fn of_kind(self, kind: &str) -> Self {
        let rank = Self::KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        LocalLayer(self.0.of_kind(ConvLayer::KINDS[rank]))
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let x = inputs[0];
        let local = match self.0.operation(&x.ty()) {
            Ok(conv) => Local(conv),
            Err(error) => return scope.poison(error),
        };
        let (fan_in, fan_out) = local.0.fans();
        let w = scope.parameter("weight", local.weight(), self.0.init.weight(fan_in, fan_out));
        let b = self.0.bias.then(|| scope.parameter("bias", local.bias(), self.0.init.bias(fan_in, fan_out)));
        scope.builder.apply(local, &[Some(x), Some(w), b].into_iter().flatten().collect::<Vec<_>>()).get(0)
    }
}

const CASES: &[&str] = &[
    "n2 c3 5x4 -> o2 k3x2",
    "n1 c4 7x5 -> o4 k3x2 s2x1 p1x0 g2",
    "n1 c2 5x5 -> o2 k2 d2 p1:0x0:1 flip",
    "n1 c3 4x4 -> o4 k2 table",
    "n2 c2 9 -> o3 k3 s2 p1",
    "n1 c2 3x3x4 -> o2 k2x1x3 p0x1x0",
];
