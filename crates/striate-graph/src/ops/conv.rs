//! Convolution over 1, 2 or 3 spatial axes.
//!
//! ```text
//! y[n, o, p] = b[o] + Σ_(i→o) Σ_t  w[i→o, t] · x[n, i, q(p, t)]        x: N×I×…   w: rows×…   b: O   y: N×O×…
//! ```
//!
//! `p` runs over output positions, `t` over the kernel's taps, and `q(p, t) = p·stride + t·dilation − padding` is the
//! pixel that they meet; taps in the padding meet nothing. The sum runs over the links `i→o` between channels: all pairs, the
//! pairs within a group, or those of a connection table (LeCun et al. 1998, table I). As everywhere in the field this is
//! cross-correlation; with `flipped`, tap `t` is the mirrored one and the name is earned.
//!
//! y is linear in x and in w, so the three operations here are each other's gradients:
//!
//! ```text
//! ∂x[n, i, q] = Σ w[i→o, t] · ∂y[n, o, p]              ∂w[i→o, t] = Σ x[n, i, q] · ∂y[n, o, p]
//! ```

use crate::layer::{Axes, LayerForm, Pad, PadWord, Scope, is_default, is_one, is_yes, one, windows, yes};
use crate::operation::{Cost, Field, Operation};
use crate::types::{LARGEST, check_windows, match_types};
use crate::{Adjoint, Case, N, Scheme, Type, Value, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Connections, ConvGeometry, Error, Number, Padding, Result, Window};

/// `conv(x, w, b?) → y`: all that the output and both gradients must agree on, but the batch size.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Conv {
    /// Input channels.
    pub in_channels: usize,
    /// Output channels.
    pub out_channels: usize,
    /// The window along each spatial axis.
    pub windows: Vec<Window>,
    /// Which channels meet.
    pub connections: Connections,
    /// True convolution instead of cross-correlation.
    pub flipped: bool,
}

/// `conv_grad_input(w, ∂y) → ∂x`; as a forward operation, transposed convolution.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConvGradInput(pub Conv);

/// `conv_grad_weight(x, ∂y) → ∂w`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConvGradWeight(pub Conv);

impl Operation for Conv {
    const NAME: &'static str = "conv";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        self.check()?;
        let n = match_types(inputs, &[self.input(), self.weight(), f32([self.out_channels])], 2)?;
        Ok(vec![self.output().bind(n)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (x, w) = (inputs[0].real(), inputs[1].real());
        let g = self.geometry(x.shape()[0]);
        let y = match inputs.get(2) {
            Some(b) => Array::from_fn([g.batch, g.out_channels, g.positions()], |i| {
                b.real().data()[i / g.positions() % g.out_channels]
            }),
            None => Array::full([g.batch, g.out_channels, g.positions()], T::zero()),
        };
        let mut y = y.reshaped(self.output().shape_at(g.batch));
        let (xs, ws, ys) = (x.data(), w.data(), y.data_mut());
        g.each_triple(|x, w, y| ys[y] += ws[w] * xs[x]);
        vec![y.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (x, w, dy) = (at.input(0), at.input(1), at.upstream(0));
        let dx = at.wants(0).then(|| at.apply(ConvGradInput(self.clone()), &[w, dy]));
        let dw = at.wants(1).then(|| at.apply(ConvGradWeight(self.clone()), &[x, dy]));
        let db = at.wants(2).then(|| dy.sum_except(&[1]));
        vec![dx, dw, db]
    }

    fn cost(&self, inputs: &[Type]) -> Cost {
        self.cost_at(inputs[0].dims[0].at(1))
    }

    fn field(&self) -> Field {
        Field::Sliding(self.windows.clone())
    }

    fn cases() -> Vec<Case> {
        CASES.iter().flat_map(|text| [Conv::case(text, true), Conv::case(text, false)]).collect()
    }
}

impl Operation for ConvGradInput {
    const NAME: &'static str = "conv_grad_input";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        self.0.check()?;
        let n = match_types(inputs, &[self.0.weight(), self.0.output()], 2)?;
        Ok(vec![self.0.input().bind(n)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (w, dy) = (inputs[0].real(), inputs[1].real());
        let g = self.0.geometry(dy.shape()[0]);
        let mut dx = Array::full(self.0.input().shape_at(g.batch), T::zero());
        let (ws, dys, dxs) = (w.data(), dy.data(), dx.data_mut());
        g.each_triple(|x, w, y| dxs[x] += ws[w] * dys[y]);
        vec![dx.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (w, dy, ddx) = (at.input(0), at.input(1), at.upstream(0));
        let dw = at.wants(0).then(|| at.apply(ConvGradWeight(self.0.clone()), &[ddx, dy]));
        let ddy = at.wants(1).then(|| at.apply(self.0.clone(), &[ddx, w]));
        vec![dw, ddy]
    }

    fn cost(&self, inputs: &[Type]) -> Cost {
        self.0.cost_at(inputs[1].dims[0].at(1))
    }

    fn cases() -> Vec<Case> {
        CASES.iter().map(|text| Conv::case_of(text, |conv| (ConvGradInput(conv.clone()).into(), [1, 2]))).collect()
    }
}

impl Operation for ConvGradWeight {
    const NAME: &'static str = "conv_grad_weight";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        self.0.check()?;
        match_types(inputs, &[self.0.input(), self.0.output()], 2)?;
        Ok(vec![self.0.weight()])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (x, dy) = (inputs[0].real(), inputs[1].real());
        let g = self.0.geometry(x.shape()[0]);
        let mut dw = Array::full(self.0.weight().shape(), T::zero());
        let (xs, dys, dws) = (x.data(), dy.data(), dw.data_mut());
        g.each_triple(|x, w, y| dws[w] += xs[x] * dys[y]);
        vec![dw.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let (x, dy, ddw) = (at.input(0), at.input(1), at.upstream(0));
        let dx = at.wants(0).then(|| at.apply(ConvGradInput(self.0.clone()), &[ddw, dy]));
        let ddy = at.wants(1).then(|| at.apply(self.0.clone(), &[x, ddw]));
        vec![dx, ddy]
    }

    fn cost(&self, inputs: &[Type]) -> Cost {
        self.0.cost_at(inputs[0].dims[0].at(1))
    }

    fn cases() -> Vec<Case> {
        CASES.iter().map(|text| Conv::case_of(text, |conv| (ConvGradWeight(conv.clone()).into(), [0, 2]))).collect()
    }
}

impl Conv {
    /// The type of x.
    pub fn input(&self) -> Type {
        f32([N, self.in_channels.into()].into_iter().chain(self.windows.iter().map(|w| w.input.into())))
    }

    /// The type of w: `O × I/groups × kernel`, or with a table `links × kernel`.
    pub fn weight(&self) -> Type {
        let rows = match &self.connections {
            Connections::Groups(groups) => vec![self.out_channels, self.in_channels / groups],
            Connections::Table(table) => vec![table.iter().map(Vec::len).sum()],
        };
        f32(rows.into_iter().chain(self.windows.iter().map(|w| w.kernel)))
    }

    /// The type of y.
    pub fn output(&self) -> Type {
        let sizes = self.windows.iter().map(|w| w.output().unwrap_or(0).into());
        f32([N, self.out_channels.into()].into_iter().chain(sizes))
    }

    /// The geometry for a batch size.
    pub fn geometry(&self, batch: usize) -> ConvGeometry {
        ConvGeometry {
            batch,
            in_channels: self.in_channels,
            out_channels: self.out_channels,
            windows: self.windows.clone(),
            connections: self.connections.clone(),
            flipped: self.flipped,
        }
    }

    /// How many inputs an output sees and how many outputs see an input, on average over the channels.
    pub fn fans(&self) -> (usize, usize) {
        let geometry = self.geometry(1);
        let of = |channels: usize| geometry.rows().div_ceil(channels) * geometry.taps();
        (of(self.out_channels), of(self.in_channels))
    }

    /// The cost of any of the three operations.
    pub(crate) fn cost_at(&self, batch: usize) -> Cost {
        let geometry = self.geometry(batch);
        let multiply_adds = geometry.multiply_adds();
        Cost { multiply_adds, in_padding: multiply_adds - geometry.live_multiply_adds() }
    }

    /// Whether windows and connections make sense by themselves.
    pub(crate) fn check(&self) -> Result<()> {
        if !(1..=3).contains(&self.windows.len()) {
            return Err(Error::model("a convolution has 1, 2 or 3 spatial axes").found(self.windows.len()));
        }
        if self.in_channels == 0 || self.out_channels == 0 {
            return Err(Error::model("a convolution has at least one input and one output channel")
                .found(format!("{} input and {} output channels", self.in_channels, self.out_channels)));
        }
        check_windows("kernel", &self.windows)?;
        match &self.connections {
            Connections::Groups(groups) => {
                if *groups == 0
                    || !self.in_channels.is_multiple_of(*groups)
                    || !self.out_channels.is_multiple_of(*groups)
                {
                    return Err(Error::model("the groups do not divide the channels")
                        .found(format!(
                            "{groups} groups, {} input and {} output channels",
                            self.in_channels, self.out_channels
                        ))
                        .expected("a number of groups that divides both")
                        .hint("groups = 1 joins all channels; groups = input channels is depthwise"));
                }
            }
            Connections::Table(table) => {
                if table.len() != self.out_channels {
                    return Err(Error::model("the connection table does not have one row for each output channel")
                        .found(format!("{} rows", table.len()))
                        .expected(format!("{} rows", self.out_channels)));
                }
                for (output, inputs) in table.iter().enumerate() {
                    let rising = inputs.windows(2).all(|pair| pair[0] < pair[1]);
                    if inputs.is_empty() || !rising || inputs.iter().any(|&i| i >= self.in_channels) {
                        return Err(Error::model(format!("row {output} of the connection table is not usable"))
                            .found(format!("{inputs:?}"))
                            .expected(format!(
                                "rising numbers of input channels, at least one, below {}",
                                self.in_channels
                            )));
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads `n2 c4 9x7 -> o8 k3x2 s2x1 p1x0 d1 g2`: batch, channels, input size, output channels, kernel, stride,
    /// padding (`p1:0x2` is 1 before and 0 after on the first axis; `same`), dilation, groups; `flip` mirrors the
    /// kernel and `table` joins output channel o to the inputs i with (o + i) mod 3 ≠ 0.
    pub fn parse(text: &str) -> Result<(usize, Conv)> {
        let bad = |part: &str| {
            Error::usage(format!("`{part}` is not a part of a convolution"))
                .found(text)
                .expected("something like `n2 c4 9x7 -> o8 k3x2 s2x1 p1x0 d1 g2`")
        };
        let number = |part: &str, text: &str| match text.parse::<usize>() {
            Ok(number) if number <= LARGEST => Ok(number),
            _ => Err(bad(part)),
        };
        let list = |part: &str, text: &str| text.split('x').map(|t| number(part, t)).collect::<Result<Vec<_>>>();
        let (mut n, mut c, mut o, mut groups, mut flipped, mut table, mut same) = (1, 1, 1, 1, false, false, false);
        let (mut size, mut kernel, mut stride, mut dilation) = (vec![], vec![1], vec![1], vec![1]);
        let mut padding = vec![(0, 0)];
        for part in text.split_whitespace().filter(|part| *part != "->") {
            match part.split_at_checked(1).ok_or_else(|| bad(part))? {
                _ if part == "flip" => flipped = true,
                _ if part == "table" => table = true,
                _ if part == "same" => same = true,
                ("n", rest) => n = number(part, rest)?,
                ("c", rest) => c = number(part, rest)?,
                ("o", rest) => o = number(part, rest)?,
                ("g", rest) => groups = number(part, rest)?,
                ("k", rest) => kernel = list(part, rest)?,
                ("s", rest) => stride = list(part, rest)?,
                ("d", rest) => dilation = list(part, rest)?,
                ("p", rest) => {
                    let side = |text: &str| match text.split_once(':') {
                        Some((before, after)) => Ok((number(part, before)?, number(part, after)?)),
                        None => number(part, text).map(|p| (p, p)),
                    };
                    padding = rest.split('x').map(side).collect::<Result<_>>()?;
                }
                _ => size = list(part, part)?,
            }
        }
        let lists = [("k", kernel.len()), ("s", stride.len()), ("d", dilation.len()), ("p", padding.len())];
        if let Some((letter, given)) = lists.into_iter().find(|&(_, given)| given != 1 && given != size.len()) {
            return Err(Error::usage(format!("`{letter}` does not have one number for each spatial axis"))
                .found(format!("{given} numbers in `{text}`"))
                .expected(format!("1, or {}", size.len())));
        }
        if n == 0 {
            return Err(Error::usage("a batch has at least one sample").found(text));
        }
        let pick = |list: &[usize], axis: usize| *list.get(axis).unwrap_or(&list[0]);
        let window = |(axis, &input): (usize, &usize)| {
            let (kernel, stride, dilation) = (pick(&kernel, axis), pick(&stride, axis), pick(&dilation, axis));
            let extent = kernel.saturating_sub(1) * dilation + 1;
            let (before, after) = match same {
                true => Padding::Same.resolve(input, extent, stride),
                false => *padding.get(axis).unwrap_or(&padding[0]),
            };
            Window { input, kernel, stride, dilation, before, after }
        };
        let connections = match table {
            true => Connections::Table((0..o).map(|o| (0..c).filter(|i| (o + i) % 3 != 0).collect()).collect()),
            false => Connections::Groups(groups),
        };
        let windows = size.iter().enumerate().map(window).collect();
        let conv = Conv { in_channels: c, out_channels: o, windows, connections, flipped };
        conv.check()?;
        Ok((n, conv))
    }

    fn case(text: &str, bias: bool) -> Case {
        let (n, conv) = Conv::parse(text).expect("cases are source code");
        let types = [conv.input(), conv.weight()].map(|t| t.shape_at(n).to_string().replace('×', "x"));
        let bias_text = if bias { format!("{}", conv.out_channels) } else { String::new() };
        Case::new(conv, &format!("{} {} {bias_text}", types[0], types[1]))
            .named(&format!("{text}{}", if bias { " bias" } else { "" }))
    }

    fn case_of(text: &str, op: impl Fn(&Conv) -> (crate::Op, [usize; 2])) -> Case {
        let (n, conv) = Conv::parse(text).expect("cases are source code");
        let (op, inputs) = op(&conv);
        let shapes = [conv.input(), conv.weight(), conv.output()].map(|t| t.shape_at(n).to_string().replace('×', "x"));
        Case::new(op, &format!("{} {}", shapes[inputs[0]], shapes[inputs[1]])).named(text)
    }
}

/// `conv1d`, `conv2d`, `conv3d`: a convolution with its weights `w` and bias `b`.
///
/// ```
/// use striate_graph::ops::conv::ConvLayer;
/// let c1 = ConvLayer::new(2, 6, 5).same();
/// let stem = ConvLayer::new(2, 64, 7).stride(2).padding(3).without_bias();
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvLayer {
    #[serde(skip)]
    rank: usize,
    /// Output channels.
    pub channels: usize,
    /// Kernel size.
    pub kernel: Axes,
    /// Steps between positions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stride: Axes,
    /// Zeros around the input.
    #[serde(default, skip_serializing_if = "is_default")]
    pub padding: Pad,
    /// Steps between taps.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dilation: Axes,
    /// Equal groups of channels that do not see each other.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
    /// For each output channel the list of its input channels; instead of groups.
    #[serde(default, skip_serializing_if = "is_default")]
    pub table: Option<Vec<Vec<usize>>>,
    /// Whether each output channel has a bias.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub bias: bool,
    /// True convolution: the kernel flipped.
    #[serde(default, skip_serializing_if = "is_default")]
    pub flipped: bool,
    /// How the weights start.
    #[serde(default, skip_serializing_if = "is_default")]
    pub init: Scheme,
}

impl ConvLayer {
    /// A convolution over so many spatial axes, to so many channels.
    pub fn new(rank: usize, channels: usize, kernel: impl Into<Axes>) -> Self {
        ConvLayer {
            rank,
            channels,
            kernel: kernel.into(),
            stride: Axes::default(),
            padding: Pad::default(),
            dilation: Axes::default(),
            groups: 1,
            table: None,
            bias: true,
            flipped: false,
            init: Scheme::default(),
        }
    }

    /// Padding that keeps the size (divided by the stride, rounded up).
    pub fn same(mut self) -> Self {
        self.padding = Pad::Word(PadWord::Same);
        self
    }

    /// So many zeros on every side.
    pub fn padding(mut self, padding: usize) -> Self {
        self.padding = Pad::All(padding);
        self
    }

    /// Steps between positions.
    pub fn stride(mut self, stride: impl Into<Axes>) -> Self {
        self.stride = stride.into();
        self
    }

    /// Steps between taps.
    pub fn dilation(mut self, dilation: impl Into<Axes>) -> Self {
        self.dilation = dilation.into();
        self
    }

    /// Equal groups of channels.
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// For each output channel the list of its input channels.
    pub fn table(mut self, table: Vec<Vec<usize>>) -> Self {
        self.table = Some(table);
        self
    }

    /// No bias, as before batch normalisation.
    pub fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }

    /// True convolution instead of cross-correlation.
    pub fn flipped(mut self) -> Self {
        self.flipped = true;
        self
    }

    /// How the weights start.
    pub fn init(mut self, init: Scheme) -> Self {
        self.init = init;
        self
    }

    /// The operation on an input of type `x`.
    pub fn operation(&self, x: &Type) -> Result<Conv> {
        let windows = windows(x, self.rank, &self.kernel, &self.stride, &self.dilation, &self.padding)?;
        let connections = match &self.table {
            Some(_) if self.groups != 1 => {
                return Err(Error::model("a convolution has either groups or a connection table").found("both"));
            }
            Some(table) => Connections::Table(table.clone()),
            None => Connections::Groups(self.groups),
        };
        let in_channels = x.known_from(1)?[0];
        let conv = Conv { in_channels, out_channels: self.channels, windows, connections, flipped: self.flipped };
        conv.check()?;
        Ok(conv)
    }
}

impl LayerForm for ConvLayer {
    const KINDS: &'static [&'static str] = &["conv1d", "conv2d", "conv3d"];

    fn kind(&self) -> &'static str {
        Self::KINDS[self.rank - 1]
    }

    fn of_kind(self, kind: &str) -> Self {
        let rank = 1 + Self::KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        ConvLayer { rank, ..self }
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let x = inputs[0];
        let conv = match self.operation(&x.ty()) {
            Ok(conv) => conv,
            Err(error) => return scope.poison(error),
        };
        let (fan_in, fan_out) = conv.fans();
        let w = scope.parameter("weight", conv.weight(), self.init.weight(fan_in, fan_out));
        let b = f32([conv.out_channels]);
        let b = self.bias.then(|| scope.parameter("bias", b, self.init.bias(fan_in, fan_out)));
        scope.builder.apply(conv, &[Some(x), Some(w), b].into_iter().flatten().collect::<Vec<_>>()).get(0)
    }
}

const CASES: &[&str] = &[
    "n2 c3 5x4 -> o2 k3x2",
    "n1 c1 6x6 -> o2 k3 p1",
    "n2 c4 9x7 -> o4 k3x2 s2x1 p1x0 g2",
    "n1 c2 8x8 -> o3 k3 s2 same",
    "n1 c2 7x7 -> o2 k3 d2 p2",
    "n2 c3 5x5 -> o3 k3 p1 g3",
    "n1 c3 5x5 -> o4 k2 table",
    "n1 c2 5x5 -> o2 k3x2 p1:0x0:1 flip",
    "n2 c5 3x3 -> o4 k1",
    "n1 c2 5x5 -> o2 k1 s2",
    "n2 c2 11 -> o3 k3 s2 p1",
    "n1 c2 4x3x5 -> o2 k2x3x2 p1x1x0",
    "n1 c1 3x3 -> o1 k5 p2",
    "n1 c2 4x4 -> o2 k1 p3",
    "n2 c1 7 -> o2 k3 p6",
];
