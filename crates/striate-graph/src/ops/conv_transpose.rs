//! Transposed convolution over 1, 2 or 3 spatial axes, as a decoder widens its maps with it.
//!
//! ```text
//! y[n, o, q] = b[o] + Σ_i Σ_t  w[i, o, t] · x[n, i, p]         q = p·stride + t·dilation − padding
//!                                                              x: N×I×…   w: I × O/groups × kernel   b: O   y: N×O×…
//! ```
//!
//! Each position `p` of the input lays its kernel over the output, a stride further than the one before it. It is what a
//! convolution from y to x does to a gradient, hence [`ConvGradInput`] going forward. An axis of size n becomes
//!
//! ```text
//! (n − 1)·stride + (kernel − 1)·dilation + 1 − padding before − padding after + output padding
//! ```
//!
//! or n·stride with `"same"`. Sizes of y that differ by less than a stride give one size of x: `output_padding` chooses among them.

use super::batch_norm::beside;
use super::conv::{Conv, ConvGradInput};
use crate::layer::{Axes, LayerForm, Pad, PadWord, Scope, is_default, is_one, is_yes, one, spatial_sizes, yes};
use crate::{Scheme, Type, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{Connections, Error, Padding, Result, Window};

/// `conv_transpose1d`, `conv_transpose2d`, `conv_transpose3d`: a transposed convolution with its weights and bias.
///
/// ```
/// use striate_graph::ops::conv_transpose::ConvTransposeLayer;
/// let twice_as_wide = ConvTransposeLayer::new(2, 64, 2).stride(2);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvTransposeLayer {
    #[serde(skip)]
    rank: usize,
    /// Output channels.
    pub channels: usize,
    /// Kernel size.
    pub kernel: Axes,
    /// Steps of the output between positions of the input.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stride: Axes,
    /// What is cut off the output's sides; `"same"` gives n·stride.
    #[serde(default, skip_serializing_if = "is_default")]
    pub padding: Pad,
    /// What the output is longer at its end, less than a stride.
    #[serde(default = "none", skip_serializing_if = "is_none")]
    pub output_padding: Axes,
    /// Steps between taps.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dilation: Axes,
    /// Equal groups of channels that do not see each other.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
    /// Whether each output channel has a bias.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub bias: bool,
    /// How the weights start. `fan_in` is O/groups times the taps, as in PyTorch.
    #[serde(default, skip_serializing_if = "is_default")]
    pub init: Scheme,
}

impl ConvTransposeLayer {
    /// A transposed convolution over so many spatial axes, to so many channels.
    pub fn new(rank: usize, channels: usize, kernel: impl Into<Axes>) -> Self {
        ConvTransposeLayer {
            rank,
            channels,
            kernel: kernel.into(),
            stride: Axes::default(),
            padding: Pad::default(),
            output_padding: none(),
            dilation: Axes::default(),
            groups: 1,
            bias: true,
            init: Scheme::default(),
        }
    }

    /// An output of the input's size times the stride.
    pub fn same(mut self) -> Self {
        self.padding = Pad::Word(PadWord::Same);
        self
    }

    /// So much is cut off every side.
    pub fn padding(mut self, padding: usize) -> Self {
        self.padding = Pad::All(padding);
        self
    }

    /// So much longer at the end of each axis.
    pub fn output_padding(mut self, padding: impl Into<Axes>) -> Self {
        self.output_padding = padding.into();
        self
    }

    /// Steps of the output between positions of the input.
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

    /// No bias, as before batch normalisation.
    pub fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }

    /// How the weights start.
    pub fn init(mut self, init: Scheme) -> Self {
        self.init = init;
        self
    }

    /// The convolution from y to x whose way back this is, for an input of type `x`.
    pub fn operation(&self, x: &Type) -> Result<Conv> {
        let rank = self.rank;
        let sizes = spatial_sizes(x, rank)?;
        let (kernel, stride) = (self.kernel.over(rank, "kernel")?, self.stride.over(rank, "stride")?);
        let (dilation, padding) = (self.dilation.over(rank, "dilation")?, self.padding.over(rank)?);
        let longer = self.output_padding.over(rank, "output_padding")?;
        let window = |axis: usize| {
            let (kernel, stride, dilation) = (kernel[axis], stride[axis], dilation[axis]);
            widened(sizes[axis], [kernel, stride, dilation], padding[axis], longer[axis])
        };
        let conv = Conv {
            in_channels: self.channels,
            out_channels: x.known_from(1)?[0],
            windows: (0..rank).map(window).collect::<Result<_>>()?,
            connections: Connections::Groups(self.groups),
            flipped: false,
        };
        conv.check()?;
        Ok(conv)
    }
}

/// The window of the convolution that takes the widened axis back to size n.
fn widened(n: usize, [kernel, stride, dilation]: [usize; 3], padding: Padding, longer: usize) -> Result<Window> {
    if longer > 0 && (padding == Padding::Same || longer >= stride) {
        return Err(Error::model("the output padding is not usable")
            .found(match padding {
                Padding::Same => format!("output_padding = {longer} beside padding = \"same\""),
                _ => format!("output_padding = {longer} with a stride of {stride}"),
            })
            .expected("less than the stride, and padding given by numbers"));
    }
    let extent = kernel.saturating_sub(1) * dilation + 1;
    if padding == Padding::Same {
        let input = n * stride;
        let (before, after) = padding.resolve(input, extent, stride);
        return Ok(Window { input, kernel, stride, dilation, before, after });
    }
    let (before, after) = padding.resolve(n, extent, stride);
    let whole = n.saturating_sub(1) * stride + extent + longer;
    let input = whole.checked_sub(before + after).filter(|&input| input > 0).ok_or_else(|| {
        Error::model("the padding leaves nothing of the output")
            .found(format!("padding {before} and {after} of {whole}"))
            .expected("less padding than output")
    })?;
    Ok(Window { input, kernel, stride, dilation, before, after })
}

impl LayerForm for ConvTransposeLayer {
    const KINDS: &'static [&'static str] = &["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"];

    fn kind(&self) -> &'static str {
        Self::KINDS[self.rank - 1]
    }

    fn of_kind(self, kind: &str) -> Self {
        let rank = 1 + Self::KINDS.iter().position(|k| *k == kind).unwrap_or(0);
        ConvTransposeLayer { rank, ..self }
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let x = inputs[0];
        let conv = match self.operation(&x.ty()) {
            Ok(conv) => conv,
            Err(error) => return scope.poison(error),
        };
        let (fan_in, fan_out) = conv.fans();
        let w = scope.parameter("weight", conv.weight(), self.init.weight(fan_in, fan_out));
        let b = f32([conv.in_channels]);
        let b = self.bias.then(|| scope.parameter("bias", b, self.init.bias(fan_in, fan_out)));
        let y = scope.builder.apply(ConvGradInput(conv), &[w, x]).get(0);
        match b {
            Some(b) => y + b.reshape(&beside(&y.ty())),
            None => y,
        }
    }
}

fn none() -> Axes {
    Axes::All(0)
}

fn is_none(axes: &Axes) -> bool {
    *axes == none()
}
