//! Pooling over 1, 2 or 3 spatial axes, channel by channel.
//!
//! ```text
//! max:   y[n, c, p] = max_t x[n, c, q(p, t)]       i[n, c, p] = the first t that reaches it      x: N×C×…   y, i: N×C×…
//! mean:  y[n, c, p] = Σ_t x[n, c, q(p, t)] / m(p)
//! ```
//!
//! `m(p)` is the number of taps outside the padding, or with `count_padding` the whole window. Going back, max-pooling
//! hands the whole gradient to the recorded index and nothing to the others; mean-pooling shares it in equal parts. Either way
//! the gradient's sum is kept. Taps are counted row-major within the window, so that an index fits a byte.

use crate::layer::{Axes, LayerForm, Pad, Scope, is_default, windows};
use crate::operation::{Field, Operation};
use crate::types::{check_windows, match_types};
use crate::{Adjoint, Case, N, Type, Value, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Array, DType, Error, Number, Result, Taps, Window};

/// Where a pool looks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Windows {
    /// A window that slides along each spatial axis.
    Sliding(Vec<Window>),
    /// So many windows of nearly equal size along each axis; one is global pooling.
    Adaptive {
        /// Size of each spatial axis.
        input: Vec<usize>,
        /// Number of windows along each spatial axis.
        output: Vec<usize>,
    },
}

/// `max_pool(x) → (y, i)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MaxPool {
    /// Number of channels.
    pub channels: usize,
    /// Where it looks.
    pub windows: Windows,
}

/// `max_pool_grad(i, ∂y) → ∂x`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MaxPoolGrad(pub MaxPool);

/// `max_pool_at(x, i) → x[i]`: what the recorded indices pick, the adjoint of [`MaxPoolGrad`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MaxPoolAt(pub MaxPool);

/// `mean_pool(x) → y`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MeanPool {
    /// Number of channels.
    pub channels: usize,
    /// Where it looks.
    pub windows: Windows,
    /// Whether the padding counts as zeros in the mean.
    pub count_padding: bool,
}

/// `mean_pool_grad(∂y) → ∂x`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MeanPoolGrad(pub MeanPool);

impl Operation for MaxPool {
    const NAME: &'static str = "max_pool";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        self.windows.check()?;
        let n = match_types(inputs, &[self.input()], 1)?;
        Ok(vec![self.output().bind(n), self.index().bind(n)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let x = inputs[0].real();
        let shape = self.output().shape_at(x.shape()[0]);
        let (mut y, mut index) = (Array::full(shape.clone(), T::zero()), Array::full(shape, 0));
        let taps = self.windows.taps();
        for (plane, xs) in x.data().chunks(taps.pixels()).enumerate() {
            for p in 0..taps.positions() {
                let mut seen = taps.at(p).into_iter().map(|(t, q)| (t, xs[q]));
                let first = seen.next().expect("every window sees a pixel");
                let max =
                    seen.fold(first, |max, it| if it.1 > max.1 || is_nan(it.1) && !is_nan(max.1) { it } else { max });
                y.data_mut()[plane * taps.positions() + p] = max.1;
                index.data_mut()[plane * taps.positions() + p] = max.0 as i32;
            }
        }
        vec![Value::Real(y), Value::Index(index)]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![Some(at.apply(MaxPoolGrad(self.clone()), &[at.output(1), at.upstream(0)]))]
    }

    fn field(&self) -> Field {
        self.windows.field()
    }

    fn cases() -> Vec<Case> {
        pools().into_iter().map(|(channels, windows, x, _)| Case::new(MaxPool { channels, windows }, x)).collect()
    }
}

impl Operation for MaxPoolGrad {
    const NAME: &'static str = "max_pool_grad";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let n = match_types(inputs, &[self.0.index(), self.0.output()], 2)?;
        Ok(vec![self.0.input().bind(n)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (index, dy) = (inputs[0].index(), inputs[1].real());
        let mut dx = Array::full(self.0.input().shape_at(dy.shape()[0]), T::zero());
        self.0.each_recorded(index, |q, p| dx.data_mut()[q] += dy.data()[p]);
        vec![dx.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![None, Some(at.apply(MaxPoolAt(self.0.clone()), &[at.upstream(0), at.input(0)]))]
    }

    fn cases() -> Vec<Case> {
        let case = |(channels, windows, _, y): (usize, Windows, &str, &str)| {
            let pool = MaxPool { channels, windows };
            let byte = if pool.index().dtype == DType::U8 { "u8" } else { "" };
            let index = format!("{y}<{}{byte}", pool.windows.least_taps());
            Case::new(MaxPoolGrad(pool), &format!("{index} {y}"))
        };
        pools_without_padding().map(case).collect()
    }
}

impl Operation for MaxPoolAt {
    const NAME: &'static str = "max_pool_at";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let n = match_types(inputs, &[self.0.input(), self.0.index()], 2)?;
        Ok(vec![self.0.output().bind(n)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let (x, index) = (inputs[0].real(), inputs[1].index());
        let mut y = Array::full(index.shape().clone(), T::zero());
        self.0.each_recorded(index, |q, p| y.data_mut()[p] = x.data()[q]);
        vec![y.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![Some(at.apply(MaxPoolGrad(self.0.clone()), &[at.input(1), at.upstream(0)])), None]
    }

    fn cases() -> Vec<Case> {
        let case = |(channels, windows, x, y): (usize, Windows, &str, &str)| {
            let pool = MaxPool { channels, windows };
            let byte = if pool.index().dtype == DType::U8 { "u8" } else { "" };
            let index = format!("{y}<{}{byte}", pool.windows.least_taps());
            Case::new(MaxPoolAt(pool), &format!("{x} {index}"))
        };
        pools_without_padding().map(case).collect()
    }
}

impl Operation for MeanPool {
    const NAME: &'static str = "mean_pool";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        self.windows.check()?;
        let n = match_types(inputs, &[self.windows.input(self.channels)], 1)?;
        Ok(vec![self.windows.output(self.channels).bind(n)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let x = inputs[0].real();
        let mut y = Array::full(self.windows.output(self.channels).shape_at(x.shape()[0]), T::zero());
        let (xs, ys) = (x.data(), y.data_mut());
        self.each_share(x.shape()[0], |q, p, m| ys[p] += xs[q] / m);
        vec![y.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![Some(at.apply(MeanPoolGrad(self.clone()), &[at.upstream(0)]))]
    }

    fn field(&self) -> Field {
        self.windows.field()
    }

    fn cases() -> Vec<Case> {
        let case = |(channels, windows, x, _): (usize, Windows, &'static str, &str)| {
            [false, true]
                .map(|count_padding| Case::new(MeanPool { channels, windows: windows.clone(), count_padding }, x))
        };
        pools().into_iter().flat_map(case).collect()
    }
}

impl Operation for MeanPoolGrad {
    const NAME: &'static str = "mean_pool_grad";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let n = match_types(inputs, &[self.0.windows.output(self.0.channels)], 1)?;
        Ok(vec![self.0.windows.input(self.0.channels).bind(n)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let dy = inputs[0].real();
        let mut dx = Array::full(self.0.windows.input(self.0.channels).shape_at(dy.shape()[0]), T::zero());
        let (dys, dxs) = (dy.data(), dx.data_mut());
        self.0.each_share(dy.shape()[0], |q, p, m| dxs[q] += dys[p] / m);
        vec![dx.into()]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        vec![Some(at.apply(self.0.clone(), &[at.upstream(0)]))]
    }

    fn cases() -> Vec<Case> {
        let case = |(channels, windows, _, y): (usize, Windows, &'static str, &'static str)| {
            Case::new(MeanPoolGrad(MeanPool { channels, windows, count_padding: false }), y)
        };
        pools().into_iter().map(case).collect()
    }
}

impl MaxPool {
    /// The type of x.
    pub fn input(&self) -> Type {
        self.windows.input(self.channels)
    }

    /// The type of y.
    pub fn output(&self) -> Type {
        self.windows.output(self.channels)
    }

    /// The type of i: bytes as long as they are enough.
    pub fn index(&self) -> Type {
        let dtype = if self.windows.taps().taps() <= 256 { DType::U8 } else { DType::I32 };
        Type { dtype, ..self.output() }
    }

    /// Calls `f(q, p)` with the row-major indices of the pixel and the output that each recorded index joins.
    fn each_recorded(&self, index: &Array<i32>, mut f: impl FnMut(usize, usize)) {
        let taps = self.windows.taps();
        for (p, &tap) in index.data().iter().enumerate() {
            let (plane, position) = (p / taps.positions(), p % taps.positions());
            if let Some((_, q)) = taps.at(position).into_iter().find(|(t, _)| *t == tap as usize) {
                f(plane * taps.pixels() + q, p);
            }
        }
    }
}

impl MeanPool {
    /// Calls `f(q, p, m)` for each pixel `q` that output `p` sees, with the divisor `m`.
    fn each_share<T: Number>(&self, batch: usize, mut f: impl FnMut(usize, usize, T)) {
        let taps = self.windows.taps();
        for plane in 0..batch * self.channels {
            for p in 0..taps.positions() {
                let seen = taps.at(p);
                let m = T::from_usize(if self.counts_padding() { taps.taps() } else { seen.len() });
                for (_, q) in seen {
                    f(plane * taps.pixels() + q, plane * taps.positions() + p, m);
                }
            }
        }
    }

    /// Whether the divisor is the whole window: adaptive windows have no padding to count.
    pub fn counts_padding(&self) -> bool {
        self.count_padding && matches!(self.windows, Windows::Sliding(_))
    }
}

impl Windows {
    /// What each position sees.
    pub fn taps(&self) -> Taps {
        match self {
            Windows::Sliding(windows) => Taps::sliding(windows),
            Windows::Adaptive { input, output } => Taps::adaptive(input, output),
        }
    }

    /// The type of x for so many channels.
    pub fn input(&self, channels: usize) -> Type {
        let sizes: Vec<usize> = match self {
            Windows::Sliding(windows) => windows.iter().map(|w| w.input).collect(),
            Windows::Adaptive { input, .. } => input.clone(),
        };
        f32([N, channels.into()].into_iter().chain(sizes.into_iter().map(Into::into)))
    }

    /// The type of y for so many channels.
    pub fn output(&self, channels: usize) -> Type {
        let sizes: Vec<usize> = match self {
            Windows::Sliding(windows) => windows.iter().map(|w| w.output().unwrap_or(0)).collect(),
            Windows::Adaptive { output, .. } => output.clone(),
        };
        f32([N, channels.into()].into_iter().chain(sizes.into_iter().map(Into::into)))
    }

    fn field(&self) -> Field {
        match self {
            Windows::Sliding(windows) => Field::Sliding(windows.clone()),
            Windows::Adaptive { .. } => Field::Whole,
        }
    }

    /// The number of taps that every position has.
    fn least_taps(&self) -> usize {
        let taps = self.taps();
        (0..taps.positions()).map(|p| taps.at(p).len()).min().unwrap_or(0)
    }

    fn check(&self) -> Result<()> {
        match self {
            Windows::Sliding(windows) => {
                check_windows("window", windows)?;
                if windows.iter().any(|w| w.before >= w.extent() || w.after >= w.extent()) {
                    return Err(Error::model(
                        "the padding of a pool must be smaller than its window, or a window sees nothing",
                    ));
                }
                let blind = Taps::sliding(windows);
                if (0..blind.positions()).any(|p| blind.at(p).is_empty()) {
                    return Err(Error::model("a window of the pool lies wholly in the padding"));
                }
            }
            Windows::Adaptive { input, output } => {
                if input.len() != output.len() || output.contains(&0) || input.contains(&0) {
                    return Err(Error::model(
                        "an adaptive pool needs an output size of at least 1 for each spatial axis",
                    )
                    .found(format!("{output:?}"))
                    .expected(format!("{} sizes", input.len())));
                }
            }
        }
        Ok(())
    }
}

/// `max_pool1d` … `mean_pool3d`: a pool whose window slides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolLayer {
    #[serde(skip)]
    kind: usize,
    /// Window size.
    pub window: Axes,
    /// Steps between windows; the window's size if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Axes>,
    /// Padding around the input.
    #[serde(default, skip_serializing_if = "is_default")]
    pub padding: Pad,
    /// Steps between taps.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dilation: Axes,
    /// For mean pools, whether the padding counts as zeros.
    #[serde(default, skip_serializing_if = "is_default")]
    pub count_padding: bool,
}

impl PoolLayer {
    /// A max-pool over so many spatial axes; its stride is its window.
    pub fn max(rank: usize, window: impl Into<Axes>) -> Self {
        PoolLayer {
            kind: rank - 1,
            window: window.into(),
            stride: None,
            padding: Pad::default(),
            dilation: Axes::default(),
            count_padding: false,
        }
    }

    /// A mean-pool over so many spatial axes; its stride is its window.
    pub fn mean(rank: usize, window: impl Into<Axes>) -> Self {
        PoolLayer { kind: rank + 2, ..Self::max(rank, window) }
    }

    /// Steps between windows.
    pub fn stride(mut self, stride: impl Into<Axes>) -> Self {
        self.stride = Some(stride.into());
        self
    }

    /// So much padding on every side.
    pub fn padding(mut self, padding: usize) -> Self {
        self.padding = Pad::All(padding);
        self
    }

    /// The padding counts as zeros in the mean.
    pub fn count_padding(mut self) -> Self {
        self.count_padding = true;
        self
    }
}

impl LayerForm for PoolLayer {
    const KINDS: &'static [&'static str] =
        &["max_pool1d", "max_pool2d", "max_pool3d", "mean_pool1d", "mean_pool2d", "mean_pool3d"];

    fn kind(&self) -> &'static str {
        Self::KINDS[self.kind]
    }

    fn of_kind(self, kind: &str) -> Self {
        PoolLayer { kind: Self::KINDS.iter().position(|k| *k == kind).unwrap_or(0), ..self }
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let x = inputs[0];
        let stride = self.stride.as_ref().unwrap_or(&self.window);
        match windows(&x.ty(), self.kind % 3 + 1, &self.window, stride, &self.dilation, &self.padding) {
            Err(error) => scope.poison(error),
            Ok(_) if self.kind < 3 && self.count_padding => {
                scope.poison(Error::model("only a mean pool can count the padding").found(self.kind()))
            }
            Ok(windows) => pool(x, scope, self.kind < 3, Windows::Sliding(windows), self.count_padding),
        }
    }
}

/// `adaptive_max_pool`, `adaptive_mean_pool`, `global_max_pool`, `global_mean_pool`, over all spatial axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdaptivePoolLayer {
    #[serde(skip)]
    kind: usize,
    /// Windows along each axis; global pools have one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub output: Axes,
}

impl AdaptivePoolLayer {
    /// The mean over all spatial axes: N×C×… → N×C×1….
    pub fn global_mean() -> Self {
        AdaptivePoolLayer { kind: 3, output: Axes::default() }
    }

    /// The maximum over all spatial axes.
    pub fn global_max() -> Self {
        AdaptivePoolLayer { kind: 2, output: Axes::default() }
    }

    /// Means over `output` windows along each axis.
    pub fn mean(output: impl Into<Axes>) -> Self {
        AdaptivePoolLayer { kind: 1, output: output.into() }
    }

    /// Maxima over `output` windows along each axis.
    pub fn max(output: impl Into<Axes>) -> Self {
        AdaptivePoolLayer { kind: 0, output: output.into() }
    }
}

impl LayerForm for AdaptivePoolLayer {
    const KINDS: &'static [&'static str] =
        &["adaptive_max_pool", "adaptive_mean_pool", "global_max_pool", "global_mean_pool"];

    fn kind(&self) -> &'static str {
        Self::KINDS[self.kind]
    }

    fn of_kind(self, kind: &str) -> Self {
        AdaptivePoolLayer { kind: Self::KINDS.iter().position(|k| *k == kind).unwrap_or(0), ..self }
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let x = inputs[0];
        if self.kind >= 2 && !is_default(&self.output) {
            return scope
                .poison(Error::model("a global pool has one window").found("`output`").hint("use an adaptive pool"));
        }
        let rank = x.ty().rank().saturating_sub(2);
        let sizes = x.ty().known_from(2).and_then(|input| Ok((input, self.output.over(rank, "output")?)));
        match sizes {
            Ok((input, output)) if rank > 0 => {
                pool(x, scope, self.kind.is_multiple_of(2), Windows::Adaptive { input, output }, false)
            }
            Ok(_) => scope.poison(Error::model("there are no spatial axes to pool").found(x.ty())),
            Err(error) => scope.poison(error),
        }
    }
}

fn pool<'g>(x: Var<'g>, scope: &Scope<'g>, max: bool, windows: Windows, count_padding: bool) -> Var<'g> {
    match x.ty().known_from(1) {
        Ok(sizes) if max => x.apply(MaxPool { channels: sizes[0], windows }),
        Ok(sizes) => x.apply(MeanPool { channels: sizes[0], windows, count_padding }),
        Err(error) => scope.poison(error),
    }
}

fn is_nan<T: Number>(x: T) -> bool {
    x.to_f64().is_nan()
}

/// Channels, windows, the shape of x and the shape of y.
fn pools() -> Vec<(usize, Windows, &'static str, &'static str)> {
    let window =
        |input, kernel, stride, padding| Window { input, kernel, stride, dilation: 1, before: padding, after: padding };
    let sliding = |windows: &[Window]| Windows::Sliding(windows.to_vec());
    let adaptive = |input: &[usize], output: &[usize]| Windows::Adaptive { input: input.into(), output: output.into() };
    vec![
        (2, sliding(&[window(4, 2, 2, 0); 2]), "3x2x4x4", "3x2x2x2"),
        (1, sliding(&[window(5, 2, 2, 0), window(7, 3, 2, 0)]), "2x1x5x7", "2x1x2x3"),
        (1, sliding(&[Window { dilation: 2, ..window(7, 2, 1, 0) }; 2]), "1x1x7x7", "1x1x5x5"),
        (3, sliding(&[window(9, 3, 2, 0)]), "2x3x9", "2x3x4"),
        (2, sliding(&[window(4, 2, 2, 0), window(3, 2, 1, 0), window(5, 3, 1, 0)]), "1x2x4x3x5", "1x2x2x2x3"),
        (1, sliding(&[window(18, 17, 1, 0); 2]), "1x1x18x18", "1x1x2x2"),
        (2, adaptive(&[6, 4], &[2, 4]), "2x2x6x4", "2x2x2x4"),
        (3, adaptive(&[5, 3], &[1, 1]), "2x3x5x3", "2x3x1x1"),
        (2, adaptive(&[7, 5], &[3, 2]), "1x2x7x5", "1x2x3x2"),
        (2, sliding(&[window(4, 3, 2, 1), window(4, 3, 1, 1)]), "1x2x4x4", "1x2x2x4"),
        (1, sliding(&[Window { before: 0, after: 1, ..window(5, 2, 2, 0) }; 2]), "2x1x5x5", "2x1x3x3"),
    ]
}

/// Pools in which every tap below the least number of taps exists everywhere, so that random indices are legal.
fn pools_without_padding() -> impl Iterator<Item = (usize, Windows, &'static str, &'static str)> {
    pools().into_iter().filter(|(_, windows, ..)| match windows {
        Windows::Sliding(windows) => windows.iter().all(|w| w.before == 0 && w.after == 0),
        Windows::Adaptive { output, .. } => output.iter().all(|&o| o == 1),
    })
}
