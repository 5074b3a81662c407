//! Layers as a user writes them, in Rust and in `model.toml`: an operation with its parameters.

use crate::{Builder, Init, Type, Var};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use striate_tensor::{Error, Padding, Result, Window};

/// A layer: plain data that appends its parameters and equations to a graph.
pub trait LayerForm: Clone + Debug + PartialEq + Serialize + DeserializeOwned {
    /// The names that it has in `model.toml`, such as `conv1d`, `conv2d`, `conv3d`.
    const KINDS: &'static [&'static str];

    /// The name that this one has.
    fn kind(&self) -> &'static str {
        Self::KINDS[0]
    }

    /// Takes note of the name under which it was read.
    fn of_kind(self, _kind: &str) -> Self {
        self
    }

    /// Names of the layers whose outputs it takes besides that of the layer before it.
    fn others(&self) -> Vec<String> {
        vec![]
    }

    /// Appends the layer. `inputs` are the output of the layer before it, then those of [`LayerForm::others`].
    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g>;
}

/// Whether a graph is built to learn or to be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics, dropout at work.
    #[default]
    Train,
    /// Running statistics, no dropout.
    Infer,
}

/// Where a layer is being built.
#[derive(Clone, Debug)]
pub struct Scope<'g> {
    /// The growing graph.
    pub builder: &'g Builder,
    /// The layer's name; its parameters are called `name.weight`, `name.bias`, ….
    pub name: String,
    /// To learn or to be used.
    pub mode: Mode,
}

impl<'g> Scope<'g> {
    /// A parameter `name.what`.
    #[track_caller]
    pub fn parameter(&self, what: &str, ty: Type, init: Init) -> Var<'g> {
        self.builder.parameter(&format!("{}.{what}", self.name), ty, init)
    }

    /// A state `name.what`.
    #[track_caller]
    pub fn state(&self, what: &str, ty: Type, init: Init) -> Var<'g> {
        self.builder.state(&format!("{}.{what}", self.name), ty, init)
    }

    /// Notes a mistake of this layer.
    #[track_caller]
    pub fn poison(&self, error: Error) -> Var<'g> {
        self.builder.poison(error)
    }
}

/// One number for all spatial axes, or one for each: `3`, `[3, 5]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a whole number, or a list with one whole number for each spatial axis")]
pub enum Axes {
    /// The same for all.
    All(usize),
    /// One for each.
    Each(Vec<usize>),
}

impl Default for Axes {
    fn default() -> Self {
        Axes::All(1)
    }
}

impl From<usize> for Axes {
    fn from(size: usize) -> Self {
        Axes::All(size)
    }
}

impl<const R: usize> From<[usize; R]> for Axes {
    fn from(sizes: [usize; R]) -> Self {
        Axes::Each(sizes.to_vec())
    }
}

impl Axes {
    /// The numbers for so many axes.
    pub fn over(&self, rank: usize, what: &str) -> Result<Vec<usize>> {
        match self {
            Axes::All(size) => Ok(vec![*size; rank]),
            Axes::Each(sizes) if sizes.len() == rank => Ok(sizes.clone()),
            Axes::Each(sizes) => Err(Error::model(format!("{what} does not have one number for each spatial axis"))
                .found(format!("{sizes:?}"))
                .expected(format!("{rank} numbers, or one for all"))),
        }
    }
}

/// Padding as a user writes it: `"valid"`, `"same"`, `2`, `[2, 1]`, `[[0, 1], [2, 2]]` (before and after on each axis).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "\"valid\", \"same\", a whole number, or a list with a number or [before, after] for each axis"
)]
pub enum Pad {
    /// `"valid"` or `"same"`.
    Word(PadWord),
    /// The same on all sides.
    All(usize),
    /// One for each axis.
    Each(Vec<PadSides>),
}

/// Padding by name.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PadWord {
    /// None.
    Valid,
    /// As much as makes the output `⌈input/stride⌉` long.
    Same,
}

/// Padding of one axis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PadSides {
    /// As much before as after.
    Both(usize),
    /// Before and after.
    Sides(usize, usize),
}

impl Default for Pad {
    fn default() -> Self {
        Pad::Word(PadWord::Valid)
    }
}

impl Pad {
    /// The padding of so many axes.
    pub fn over(&self, rank: usize) -> Result<Vec<Padding>> {
        match self {
            Pad::Word(PadWord::Valid) => Ok(vec![Padding::Valid; rank]),
            Pad::Word(PadWord::Same) => Ok(vec![Padding::Same; rank]),
            Pad::All(p) => Ok(vec![Padding::Explicit(*p, *p); rank]),
            Pad::Each(sides) if sides.len() == rank => Ok(sides
                .iter()
                .map(|side| match *side {
                    PadSides::Both(p) => Padding::Explicit(p, p),
                    PadSides::Sides(before, after) => Padding::Explicit(before, after),
                })
                .collect()),
            Pad::Each(sides) => Err(Error::model("padding does not have one entry for each spatial axis")
                .found(format!("{} entries", sides.len()))
                .expected(rank)),
        }
    }
}

/// The sizes of the spatial axes of `x: N×C×…`, of which there are `rank`.
pub fn spatial_sizes(x: &Type, rank: usize) -> Result<Vec<usize>> {
    if x.rank() != rank + 2 {
        return Err(Error::model("the input does not have the axes that this layer works on")
            .found(x)
            .expected(format!("N×C and {rank} spatial axes"))
            .hint("a layer for 1-D, 2-D or 3-D data needs data with 1, 2 or 3 spatial axes"));
    }
    x.known_from(2)
}

/// The windows of a layer over the spatial axes of `x: N×C×…`; kernel, stride and dilation one number or one an axis.
pub fn windows(
    x: &Type,
    rank: usize,
    kernel: &Axes,
    stride: &Axes,
    dilation: &Axes,
    padding: &Pad,
) -> Result<Vec<Window>> {
    let sizes = spatial_sizes(x, rank)?;
    let (kernel, stride) = (kernel.over(rank, "kernel")?, stride.over(rank, "stride")?);
    let (dilation, padding) = (dilation.over(rank, "dilation")?, padding.over(rank)?);
    let window = |axis: usize| {
        let (input, kernel, stride, dilation) = (sizes[axis], kernel[axis], stride[axis], dilation[axis]);
        let extent = kernel.saturating_sub(1) * dilation + 1;
        let (before, after) = padding[axis].resolve(input, extent, stride);
        Window { input, kernel, stride, dilation, before, after }
    };
    Ok((0..rank).map(window).collect())
}

/// Whether a value is the default: such attributes are not written to `model.toml`.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The default of switches that are on.
pub fn yes() -> bool {
    true
}

/// Whether a switch is on, its default.
pub fn is_yes(value: &bool) -> bool {
    *value
}

/// The default of counts.
pub fn one() -> usize {
    1
}

/// Whether a count is 1, its default.
pub fn is_one(value: &usize) -> bool {
    *value == 1
}
