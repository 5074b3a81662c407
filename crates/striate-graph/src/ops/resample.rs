//! Resampling over 1, 2 or 3 spatial axes, channel by channel: upsampling, and blurring with a stride.
//!
//! ```text
//! y[n, c, p] = Σ_q  A_1[p_1, q_1] · A_2[p_2, q_2] · … · x[n, c, q]                    x, y: N×C×…
//! ```
//!
//! One small matrix of fixed numbers for each axis of size I, which becomes O:
//!
//! ```text
//! nearest:  A[p, ⌊p·I/O⌋] = 1
//! linear:   A[p, ⌊s⌋] = 1 − (s − ⌊s⌋),  A[p, ⌊s⌋ + 1] = s − ⌊s⌋          s = max((p + ½)·I/O − ½, 0); at most I − 1
//! blur:     A[p, p·stride + t − (k − 1)/2] = binomial(k − 1, t)/2^(k−1)   t = 0 … k − 1, reflected at the ends
//! ```
//!
//! Linear over two axes is called bilinear, and pixels are squares, not points (PyTorch's `align_corners=False`). The blur
//! with reflected ends is that of Zhang 2019, "Making convolutional networks shift-invariant again". Nothing is learned,
//! and going back the matrices are transposed: the adjoint is the same operation the other way.

use super::pool::{MaxPool, MeanPool, Windows};
use crate::layer::{Axes, LayerForm, Pad, Scope, is_default, spatial_sizes, windows};
use crate::operation::{Field, Operation};
use crate::types::{LARGEST, match_types};
use crate::{Adjoint, Case, N, Type, Value, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, Error, Number, Result, Window};

/// The matrix of one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resampling {
    /// Each output element is the input element that it lies on.
    Nearest {
        /// Size of the axis.
        input: usize,
        /// What it becomes.
        output: usize,
    },
    /// Each output element lies between two input elements.
    Linear {
        /// Size of the axis.
        input: usize,
        /// What it becomes.
        output: usize,
    },
    /// A binomial filter with a stride.
    Blur {
        /// Size of the axis.
        input: usize,
        /// Taps of the filter, an odd number.
        filter: usize,
        /// Steps between output elements.
        stride: usize,
    },
}

/// `upsample(x) → y` or `blur(x) → y`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Resample {
    /// Number of channels.
    pub channels: usize,
    /// The matrix of each spatial axis.
    pub axes: Vec<Resampling>,
}

/// `upsample_grad(∂y) → ∂x` or `blur_grad(∂y) → ∂x`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ResampleGrad(pub Resample);

impl Operation for Resample {
    const NAME: &'static str = "resample";

    fn name(&self) -> &'static str {
        if self.blurs() { "blur" } else { "upsample" }
    }

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        self.check()?;
        let n = match_types(inputs, &[self.input()], 1)?;
        Ok(vec![self.output().bind(n)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let x = inputs[0].real();
        let mut y = Array::full(self.output().shape_at(x.shape()[0]), T::zero());
        let (xs, ys) = (x.data(), y.data_mut());
        self.each_term(x.shape()[0], |q, p, a| ys[p] += T::from_f64(a) * xs[q]);
        vec![y.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![Some(at.apply(ResampleGrad(self.clone()), &[at.upstream(0)]))]
    }

    fn field(&self) -> Field {
        let window = |axis: &Resampling| match *axis {
            Resampling::Blur { input, filter, stride } => {
                Some(Window { input, kernel: filter, stride, dilation: 1, before: filter / 2, after: filter / 2 })
            }
            _ => None,
        };
        self.axes.iter().map(window).collect::<Option<_>>().map_or(Field::Whole, Field::Sliding)
    }

    fn cases() -> Vec<Case> {
        examples().into_iter().map(|(op, x, _)| Case::new(op, x)).collect()
    }
}

impl Operation for ResampleGrad {
    const NAME: &'static str = "resample_grad";

    fn name(&self) -> &'static str {
        if self.0.blurs() { "blur_grad" } else { "upsample_grad" }
    }

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        self.0.check()?;
        let n = match_types(inputs, &[self.0.output()], 1)?;
        Ok(vec![self.0.input().bind(n)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let dy = inputs[0].real();
        let mut dx = Array::full(self.0.input().shape_at(dy.shape()[0]), T::zero());
        let (dys, dxs) = (dy.data(), dx.data_mut());
        self.0.each_term(dy.shape()[0], |q, p, a| dxs[q] += T::from_f64(a) * dys[p]);
        vec![dx.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![Some(at.apply(self.0.clone(), &[at.upstream(0)]))]
    }

    fn cases() -> Vec<Case> {
        examples().into_iter().map(|(op, _, y)| Case::new(ResampleGrad(op), y)).collect()
    }
}

impl Resampling {
    /// Size of the axis of x.
    pub fn input(&self) -> usize {
        match *self {
            Resampling::Nearest { input, .. } | Resampling::Linear { input, .. } | Resampling::Blur { input, .. } => {
                input
            }
        }
    }

    /// Size of the axis of y.
    pub fn output(&self) -> usize {
        match *self {
            Resampling::Nearest { output, .. } | Resampling::Linear { output, .. } => output,
            Resampling::Blur { input, stride, .. } => input.div_ceil(stride.max(1)),
        }
    }

    /// The matrix: for each output element the input elements that it is made of, with their shares.
    pub fn rows(&self) -> Vec<Vec<(usize, f64)>> {
        (0..self.output()).map(|p| self.row(p)).collect()
    }

    /// The transposed matrix: for each input element the output elements that it is part of.
    pub fn columns(&self) -> Vec<Vec<(usize, f64)>> {
        let mut columns = vec![vec![]; self.input()];
        for (p, row) in self.rows().into_iter().enumerate() {
            row.into_iter().for_each(|(q, share)| columns[q].push((p, share)));
        }
        columns
    }

    fn row(&self, p: usize) -> Vec<(usize, f64)> {
        match *self {
            Resampling::Nearest { input, output } => vec![(p * input / output, 1.0)],
            Resampling::Linear { input, output } => {
                // s as a fraction of whole numbers, so that no rounding moves it over an element's border
                let (above, below) = (((2 * p + 1) * input).saturating_sub(output), 2 * output);
                let (low, share) = (above / below, (above % below) as f64 / below as f64);
                match low + 1 < input {
                    true if share > 0.0 => vec![(low, 1.0 - share), (low + 1, share)],
                    _ => vec![(low.min(input - 1), 1.0)],
                }
            }
            Resampling::Blur { input, filter, stride } => {
                let mut row: Vec<(usize, f64)> = vec![];
                let mut binomial = 0.5f64.powi(filter as i32 - 1);
                for t in 0..filter {
                    let at = (p * stride + t) as isize - (filter / 2) as isize;
                    let last = input as isize - 1;
                    let q = if at > last { 2 * last - at } else { at.abs() } as usize;
                    match row.iter_mut().find(|term| term.0 == q) {
                        Some(term) => term.1 += binomial,
                        None => row.push((q, binomial)),
                    }
                    binomial *= (filter - 1 - t) as f64 / (t + 1) as f64;
                }
                row.sort_by_key(|term| term.0);
                row
            }
        }
    }

    fn check(&self) -> Result<()> {
        match *self {
            Resampling::Nearest { input, output } | Resampling::Linear { input, output } => {
                let sizes = 1..=LARGEST;
                match sizes.contains(&input) && sizes.contains(&output) {
                    true => Ok(()),
                    false => Err(Error::model("an axis cannot be resampled to this size")
                        .found(format!("{input} elements to {output}"))
                        .expected(format!("sizes from 1 to {LARGEST}"))),
                }
            }
            Resampling::Blur { filter, .. } if !matches!(filter, 1 | 3 | 5) => {
                Err(Error::model("the size of the blur is not usable").found(filter).expected("3 or 5"))
            }
            Resampling::Blur { stride: 0, .. } => {
                Err(Error::model("the stride must be at least 1").found(0).expected("1, 2, …"))
            }
            Resampling::Blur { input, filter, .. } if input <= filter / 2 || input > LARGEST => {
                Err(Error::model("the axis is too short for the blur: its ends cannot be reflected")
                    .found(format!("{input} elements for a filter of {filter}"))
                    .expected(format!("at least {} elements", filter / 2 + 1))
                    .hint("take a smaller filter, or leave the layer out where maps are so small"))
            }
            Resampling::Blur { .. } => Ok(()),
        }
    }
}

impl Resample {
    /// The type of x.
    pub fn input(&self) -> Type {
        f32([N, self.channels.into()].into_iter().chain(self.axes.iter().map(|axis| axis.input().into())))
    }

    /// The type of y.
    pub fn output(&self) -> Type {
        f32([N, self.channels.into()].into_iter().chain(self.axes.iter().map(|axis| axis.output().into())))
    }

    fn blurs(&self) -> bool {
        matches!(self.axes.first(), Some(Resampling::Blur { .. }))
    }

    fn check(&self) -> Result<()> {
        if !(1..=3).contains(&self.axes.len()) {
            return Err(Error::model("resampling is over 1, 2 or 3 spatial axes").found(self.axes.len()));
        }
        self.axes.iter().try_for_each(Resampling::check)
    }

    /// Calls `f(q, p, A[p, q])` for each share of a pixel `q` in an output `p`, counted row-major over all planes.
    fn each_term(&self, batch: usize, mut f: impl FnMut(usize, usize, f64)) {
        let rows: Vec<_> = self.axes.iter().map(Resampling::rows).collect();
        let positions: usize = self.axes.iter().map(Resampling::output).product();
        let pixels: usize = self.axes.iter().map(Resampling::input).product();
        for p in 0..positions {
            let (mut rest, mut terms) = (p, vec![(0, 1.0)]);
            let mut step = 1;
            for (axis, rows) in self.axes.iter().zip(&rows).rev() {
                let row = &rows[rest % axis.output()];
                rest /= axis.output();
                let wider = |&(q, a): &(usize, f64)| row.iter().map(move |&(at, share)| (at * step + q, a * share));
                terms = terms.iter().flat_map(wider).collect();
                step *= axis.input();
            }
            for plane in 0..batch * self.channels {
                terms.iter().for_each(|&(q, a)| f(plane * pixels + q, plane * positions + p, a));
            }
        }
    }
}

/// How [`UpsampleLayer`] fills the places between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Between {
    /// By the nearest element.
    #[default]
    Nearest,
    /// By what lies on the line between two neighbours, along each axis: bilinear over two axes.
    #[serde(alias = "bilinear", alias = "trilinear")]
    Linear,
}

/// `upsample1d`, `upsample2d`, `upsample3d`: larger maps by fixed numbers; what a decoder widens its maps with, besides
/// transposed convolution.
///
/// ```
/// use striate_graph::ops::resample::UpsampleLayer;
/// let twice = UpsampleLayer::by(2, 2).linear();
/// let to_a_size = UpsampleLayer::to(2, [28, 28]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpsampleLayer {
    #[serde(skip)]
    rank: usize,
    /// How many times larger each axis becomes; or else `size`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<Axes>,
    /// The size that each axis becomes; or else `scale`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Axes>,
    /// `"nearest"` or `"linear"`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: Between,
}

impl UpsampleLayer {
    /// So many times larger over so many spatial axes, by the nearest element.
    pub fn by(rank: usize, scale: impl Into<Axes>) -> Self {
        UpsampleLayer { rank, scale: Some(scale.into()), size: None, mode: Between::Nearest }
    }

    /// To these sizes of so many spatial axes, by the nearest element.
    pub fn to(rank: usize, size: impl Into<Axes>) -> Self {
        UpsampleLayer { rank, scale: None, size: Some(size.into()), mode: Between::Nearest }
    }

    /// By what lies on the line between neighbours.
    pub fn linear(mut self) -> Self {
        self.mode = Between::Linear;
        self
    }

    /// The operation on an input of type `x`.
    pub fn operation(&self, x: &Type) -> Result<Resample> {
        let inputs = spatial_sizes(x, self.rank)?;
        let outputs = match (&self.scale, &self.size) {
            (Some(scale), None) => {
                let times = |(&input, scale): (&usize, usize)| input.saturating_mul(scale);
                inputs.iter().zip(scale.over(self.rank, "scale")?).map(times).collect()
            }
            (None, Some(size)) => size.over(self.rank, "size")?,
            (scale, _) => {
                return Err(Error::model("upsampling needs either a scale or a size")
                    .found(if scale.is_some() { "both" } else { "neither" })
                    .expected("such as scale = 2, or size = [28, 28]"));
            }
        };
        let axis = |(&input, output): (&usize, usize)| match self.mode {
            Between::Nearest => Resampling::Nearest { input, output },
            Between::Linear => Resampling::Linear { input, output },
        };
        let axes = inputs.iter().zip(outputs).map(axis).collect();
        let op = Resample { channels: x.known_from(1)?[0], axes };
        op.check()?;
        Ok(op)
    }
}

impl LayerForm for UpsampleLayer {
    const KINDS: &'static [&'static str] = &["upsample1d", "upsample2d", "upsample3d"];

    fn kind(&self) -> &'static str {
        Self::KINDS[self.rank - 1]
    }

    fn of_kind(self, kind: &str) -> Self {
        let rank = 1 + Self::KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        UpsampleLayer { rank, ..self }
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        match self.operation(&inputs[0].ty()) {
            Ok(op) => inputs[0].apply(op),
            Err(error) => scope.poison(error),
        }
    }
}

/// What [`BlurPoolLayer`] does before it blurs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// The maximum of the window at every place.
    #[default]
    Max,
    /// The mean of the window at every place.
    Mean,
    /// Nothing: it only blurs.
    None,
}

/// `blur_pool1d`, `blur_pool2d`, `blur_pool3d`: pooling that lets no high frequencies through its stride, so that its
/// output hardly changes when the picture moves (Zhang 2019). A pool of stride 1, then a binomial filter with the stride.
///
/// An axis of size n becomes ⌈(n − window + 1)/stride⌉: with the window 2 and the stride 2, half of an even n.
///
/// ```
/// use striate_graph::ops::resample::BlurPoolLayer;
/// let pool = BlurPoolLayer::max(2, 2).filter(5);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlurPoolLayer {
    #[serde(skip)]
    rank: usize,
    /// Window of the pool; 2 if absent.
    #[serde(default = "two", skip_serializing_if = "is_two")]
    pub window: Axes,
    /// Taps of the filter along each axis, 3 or 5; 3 if absent.
    #[serde(default = "three", skip_serializing_if = "is_three")]
    pub filter: usize,
    /// Steps of the filter; the window's size if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Axes>,
    /// `"max"`, `"mean"`, or `"none"` for the blur alone.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pool: Before,
}

impl BlurPoolLayer {
    /// Maxima over so many spatial axes, blurred by three taps; the stride is the window.
    pub fn max(rank: usize, window: impl Into<Axes>) -> Self {
        BlurPoolLayer { rank, window: window.into(), filter: 3, stride: None, pool: Before::Max }
    }

    /// Means over so many spatial axes, blurred by three taps; the stride is the window.
    pub fn mean(rank: usize, window: impl Into<Axes>) -> Self {
        BlurPoolLayer { pool: Before::Mean, ..Self::max(rank, window) }
    }

    /// So many taps of the filter: 3 or 5.
    pub fn filter(mut self, taps: usize) -> Self {
        self.filter = taps;
        self
    }

    /// Steps of the filter.
    pub fn stride(mut self, stride: impl Into<Axes>) -> Self {
        self.stride = Some(stride.into());
        self
    }

    /// The type-checked parts: the pool at every place, and the blur of what it gives.
    fn parts<'g>(&self, x: Var<'g>) -> Result<(Vec<Window>, Resample)> {
        let ty = x.ty();
        let one = Axes::default();
        let window = if self.pool == Before::None { &one } else { &self.window };
        let windows = windows(&ty, self.rank, window, &one, &one, &Pad::default())?;
        crate::types::check_windows("window", &windows)?;
        let stride = self.stride.as_ref().unwrap_or(&self.window).over(self.rank, "stride")?;
        let axis = |(window, stride): (&Window, usize)| {
            let input = window.output().expect("checked above");
            Resampling::Blur { input, filter: self.filter, stride }
        };
        let axes = windows.iter().zip(stride).map(axis).collect();
        let blur = Resample { channels: ty.known_from(1)?[0], axes };
        blur.check()?;
        Ok((windows, blur))
    }
}

impl LayerForm for BlurPoolLayer {
    const KINDS: &'static [&'static str] = &["blur_pool1d", "blur_pool2d", "blur_pool3d"];

    fn kind(&self) -> &'static str {
        Self::KINDS[self.rank - 1]
    }

    fn of_kind(self, kind: &str) -> Self {
        let rank = 1 + Self::KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        BlurPoolLayer { rank, ..self }
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let x = inputs[0];
        let (windows, blur) = match self.parts(x) {
            Ok(parts) => parts,
            Err(error) => return scope.poison(error),
        };
        let (channels, windows) = (blur.channels, Windows::Sliding(windows));
        let pooled = match self.pool {
            Before::Max => x.apply(MaxPool { channels, windows }),
            Before::Mean => x.apply(MeanPool { channels, windows, count_padding: false }),
            Before::None => x,
        };
        pooled.apply(blur)
    }
}

fn two() -> Axes {
    Axes::All(2)
}

fn is_two(window: &Axes) -> bool {
    *window == two()
}

fn three() -> usize {
    3
}

fn is_three(taps: &usize) -> bool {
    *taps == three()
}

/// Operations, the shape of x and the shape of y.
fn examples() -> Vec<(Resample, &'static str, &'static str)> {
    let nearest = |input, output| Resampling::Nearest { input, output };
    let linear = |input, output| Resampling::Linear { input, output };
    let blur = |input, filter, stride| Resampling::Blur { input, filter, stride };
    let of = |channels, axes: &[Resampling]| Resample { channels, axes: axes.to_vec() };
    vec![
        (of(2, &[nearest(3, 6), nearest(4, 8)]), "2x2x3x4", "2x2x6x8"),
        (of(1, &[nearest(5, 7), nearest(3, 9)]), "1x1x5x3", "1x1x7x9"),
        (of(2, &[nearest(4, 12)]), "2x2x4", "2x2x12"),
        (of(1, &[nearest(2, 4), nearest(1, 3), nearest(3, 3)]), "1x1x2x1x3", "1x1x4x3x3"),
        (of(2, &[linear(3, 6), linear(4, 8)]), "2x2x3x4", "2x2x6x8"),
        (of(1, &[linear(2, 5), linear(20, 40)]), "1x1x2x20", "1x1x5x40"),
        (of(1, &[linear(7, 4), linear(1, 3)]), "1x1x7x1", "1x1x4x3"),
        (of(2, &[linear(5, 15)]), "1x2x5", "1x2x15"),
        (of(1, &[linear(2, 4), linear(2, 3), linear(3, 5)]), "1x1x2x2x3", "1x1x4x3x5"),
        (of(2, &[blur(7, 3, 2), blur(6, 3, 2)]), "2x2x7x6", "2x2x4x3"),
        (of(1, &[blur(5, 5, 1), blur(23, 5, 2)]), "1x1x5x23", "1x1x5x12"),
        (of(2, &[blur(8, 3, 3)]), "1x2x8", "1x2x3"),
    ]
}
