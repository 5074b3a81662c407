//! Layers as method chains, on values of a growing graph and on models alike.
//!
//! A method such as [`Chain::conv2d`] gives a [`Pending`] layer: its options follow as further methods, and it is appended
//! when the chain goes on. On a [`Var`] this builds any graph; a skip is a plus:
//!
//! ```
//! use striate::prelude::*;
//!
//! let g = Builder::new();
//! let x = g.input("image", f32([N, 3.into(), 32.into(), 32.into()]));
//! let y = x.conv2d(64, 3).same().batch_norm().relu();
//! let y = (y.conv2d(64, 3).same().batch_norm() + y).relu();
//! let loss = y.global_mean_pool().dense(10).cross_entropy(g.input("label", i32([N])));
//! let parameters = g.peek(|graph| graph.parameters().collect::<Vec<_>>());
//! let slopes = g.grad(loss, &parameters.iter().map(|&id| g.var(id)).collect::<Vec<_>>());
//! let graph = g.finish(std::iter::once(loss).chain(slopes))?; // every mistake at once, with its line
//! assert_eq!(graph.outputs.len(), 1 + parameters.len());
//! # Ok::<(), Error>(())
//! ```
//!
//! On a [`Model`] the same words make a list of layers, see there.

use crate::model::Model;
use layers::SubsampleLayer;
use layers::{
    Activation, AdaptivePoolLayer, BatchNormLayer, BlurPoolLayer, ConvLayer, ConvTransposeLayer, Dense, Dropout,
    FlattenLayer, Names, PoolLayer, RecurrentLayer, UpsampleLayer,
};
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::panic::Location;
use striate_graph::layer::Axes;
use striate_graph::{Layer, Scheme, Scope, Var};
use striate_tensor::{Error, Place, Result};

/// The layers themselves, for [`Chain::then`] and [`Chain::layer`].
///
/// ```
/// use striate::prelude::*;
/// use striate::nn::layers::{ConvLayer, Dense};
/// let model = Model::new("m", [1, 8, 8]).classes(2).layer("C1", ConvLayer::new(2, 6, 8)).then(Dense::new(2)).finish()?;
/// assert_eq!(model.find("C1").map(|layer| layer.layer.kind()), Some("conv2d"));
/// # Ok::<(), Error>(())
/// ```
pub mod layers {
    pub use striate_graph::Layer;
    pub use striate_graph::ops::activation::Activation;
    pub use striate_graph::ops::batch_norm::BatchNormLayer;
    pub use striate_graph::ops::conv::ConvLayer;
    pub use striate_graph::ops::conv_transpose::ConvTransposeLayer;
    pub use striate_graph::ops::dropout::Dropout;
    pub use striate_graph::ops::join::{AddLayer, ConcatLayer, Names};
    pub use striate_graph::ops::local::LocalLayer;
    pub use striate_graph::ops::matmul::Dense;
    pub use striate_graph::ops::pool::{AdaptivePoolLayer, PoolLayer};
    pub use striate_graph::ops::rbf::RbfLayer;
    pub use striate_graph::ops::recurrent::{JordanLayer, RecurrentLayer, Returns, Squash};
    pub use striate_graph::ops::resample::{Before, Between, BlurPoolLayer, UpsampleLayer};
    pub use striate_graph::ops::shape::{FlattenLayer, ReshapeLayer, TransposeLayer};
    pub use striate_graph::ops::slice::{PadLayer, SliceLayer};
    pub use striate_graph::ops::softmax::SoftmaxLayer;
    pub use striate_graph::ops::subsample::SubsampleLayer;
}

/// What layers are appended to: a [`Var`] or a [`Model`].
pub trait Base: Chain<Base = Self> {
    /// Appends a layer; without a name it gets one made of its kind and a number.
    fn append(self, name: Option<String>, layer: Layer, place: Place) -> Self;
}

/// A layer that is appended once its options are settled, which is when the chain goes on.
#[derive(Debug)]
#[must_use = "a pending layer is appended only when the chain goes on; end it with `.var()` or `.finish()`"]
pub struct Pending<B, L> {
    base: B,
    layer: L,
    name: Option<String>,
    place: &'static Location<'static>,
}

/// Chains of layers. A layer with options gives a [`Pending`]; one without goes straight on.
///
/// ```
/// use striate::prelude::*;
/// let g = Builder::new();
/// let x = g.input("image", f32([N, 1.into(), 28.into(), 28.into()]));
/// let y = x.conv2d(6, 5).named("C1").padding(2).tanh().mean_pool2d(2).var();
/// assert_eq!(y.ty().to_string(), "f32 N×6×14×14");
/// assert!(g.find("C1.weight").is_some());
/// ```
pub trait Chain: Sized {
    /// What the layers are appended to in the end.
    type Base: Base;

    /// Appends what is pending.
    fn base(self) -> Self::Base;

    /// Appends any layer.
    #[track_caller]
    fn then<L: Into<Layer>>(self, layer: L) -> Pending<Self::Base, L> {
        Pending { base: self.base(), layer, name: None, place: Location::caller() }
    }

    /// Appends any layer, by name.
    #[track_caller]
    fn layer(self, name: &str, layer: impl Into<Layer>) -> Self::Base {
        self.then(layer).named(name).base()
    }

    /// Convolution over one spatial axis: N×C×L.
    #[track_caller]
    fn conv1d(self, channels: usize, kernel: impl Into<Axes>) -> Pending<Self::Base, ConvLayer> {
        self.then(ConvLayer::new(1, channels, kernel))
    }

    /// Convolution over two spatial axes: N×C×H×W.
    #[track_caller]
    fn conv2d(self, channels: usize, kernel: impl Into<Axes>) -> Pending<Self::Base, ConvLayer> {
        self.then(ConvLayer::new(2, channels, kernel))
    }

    /// Convolution over three spatial axes: N×C×D×H×W.
    #[track_caller]
    fn conv3d(self, channels: usize, kernel: impl Into<Axes>) -> Pending<Self::Base, ConvLayer> {
        self.then(ConvLayer::new(3, channels, kernel))
    }

    /// Transposed convolution over one spatial axis: N×C×L to a longer one.
    #[track_caller]
    fn conv_transpose1d(self, channels: usize, kernel: impl Into<Axes>) -> Pending<Self::Base, ConvTransposeLayer> {
        self.then(ConvTransposeLayer::new(1, channels, kernel))
    }

    /// Transposed convolution over two spatial axes: N×C×H×W to larger ones.
    #[track_caller]
    fn conv_transpose2d(self, channels: usize, kernel: impl Into<Axes>) -> Pending<Self::Base, ConvTransposeLayer> {
        self.then(ConvTransposeLayer::new(2, channels, kernel))
    }

    /// Transposed convolution over three spatial axes: N×C×D×H×W to larger ones.
    #[track_caller]
    fn conv_transpose3d(self, channels: usize, kernel: impl Into<Axes>) -> Pending<Self::Base, ConvTransposeLayer> {
        self.then(ConvTransposeLayer::new(3, channels, kernel))
    }

    /// The maxima of windows that lie side by side.
    #[track_caller]
    fn max_pool1d(self, window: impl Into<Axes>) -> Pending<Self::Base, PoolLayer> {
        self.then(PoolLayer::max(1, window))
    }

    /// The maxima of windows that lie side by side.
    #[track_caller]
    fn max_pool2d(self, window: impl Into<Axes>) -> Pending<Self::Base, PoolLayer> {
        self.then(PoolLayer::max(2, window))
    }

    /// The means of windows that lie side by side.
    #[track_caller]
    fn mean_pool1d(self, window: impl Into<Axes>) -> Pending<Self::Base, PoolLayer> {
        self.then(PoolLayer::mean(1, window))
    }

    /// The means of windows that lie side by side.
    #[track_caller]
    fn mean_pool2d(self, window: impl Into<Axes>) -> Pending<Self::Base, PoolLayer> {
        self.then(PoolLayer::mean(2, window))
    }

    /// Maxima of overlapping windows, blurred with a stride, so that a picture may move (Zhang 2019): N×C×H×W.
    #[track_caller]
    fn blur_pool2d(self, window: impl Into<Axes>) -> Pending<Self::Base, BlurPoolLayer> {
        self.then(BlurPoolLayer::max(2, window))
    }

    /// Maps that are so many times larger: N×C×L → N×C×L·scale.
    #[track_caller]
    fn upsample1d(self, scale: impl Into<Axes>) -> Pending<Self::Base, UpsampleLayer> {
        self.then(UpsampleLayer::by(1, scale))
    }

    /// Maps that are so many times larger: N×C×H×W → N×C×H·scale×W·scale.
    ///
    /// ```
    /// use striate::prelude::*;
    /// let g = Builder::new();
    /// let x = g.input("x", f32([N, 8.into(), 7.into(), 7.into()]));
    /// assert_eq!(x.upsample2d(2).linear().var().ty().to_string(), "f32 N×8×14×14");
    /// ```
    #[track_caller]
    fn upsample2d(self, scale: impl Into<Axes>) -> Pending<Self::Base, UpsampleLayer> {
        self.then(UpsampleLayer::by(2, scale))
    }

    /// Maps that are so many times larger: N×C×D×H×W.
    #[track_caller]
    fn upsample3d(self, scale: impl Into<Axes>) -> Pending<Self::Base, UpsampleLayer> {
        self.then(UpsampleLayer::by(3, scale))
    }

    /// Units that each see every input: N×I → N×units.
    #[track_caller]
    fn dense(self, units: usize) -> Pending<Self::Base, Dense> {
        self.then(Dense::new(units))
    }

    /// Elman's recurrent network: N×T×F → N×T×units.
    #[track_caller]
    fn rnn(self, units: usize) -> Pending<Self::Base, RecurrentLayer> {
        self.then(RecurrentLayer::rnn(units))
    }

    /// Long short-term memory: N×T×F → N×T×units.
    ///
    /// ```
    /// use striate::prelude::*;
    /// let g = Builder::new();
    /// let x = g.input("x", f32([N, 28.into(), 28.into()]));
    /// let y = x.lstm(32).layers(2).bidirectional().last().var();
    /// assert_eq!(y.ty().to_string(), "f32 N×64");
    /// assert!(g.find("lstm1.weight_hh_l1_reverse").is_some());
    /// ```
    #[track_caller]
    fn lstm(self, units: usize) -> Pending<Self::Base, RecurrentLayer> {
        self.then(RecurrentLayer::lstm(units))
    }

    /// Gated recurrent units: N×T×F → N×T×units.
    #[track_caller]
    fn gru(self, units: usize) -> Pending<Self::Base, RecurrentLayer> {
        self.then(RecurrentLayer::gru(units))
    }

    /// Batch normalisation, channel by channel.
    #[track_caller]
    fn batch_norm(self) -> Pending<Self::Base, BatchNormLayer> {
        self.then(BatchNormLayer::new())
    }

    /// Silences each element with this probability while learning.
    #[track_caller]
    fn dropout(self, rate: f64) -> Self::Base {
        self.then(Dropout::new(rate)).base()
    }

    /// Trainable subsampling: the sum over a window times a coefficient plus a bias, channel by channel.
    #[track_caller]
    fn subsample2d(self, window: impl Into<Axes>) -> Pending<Self::Base, SubsampleLayer> {
        self.then(SubsampleLayer::new(2, window))
    }

    /// All axes but the first as one: N×C×… → N×features.
    #[track_caller]
    fn flatten(self) -> Self::Base {
        self.then(FlattenLayer {}).base()
    }

    /// The mean over all spatial axes: N×C×… → N×C×1….
    #[track_caller]
    fn global_mean_pool(self) -> Self::Base {
        self.then(AdaptivePoolLayer::global_mean()).base()
    }

    /// The maximum over all spatial axes: N×C×… → N×C×1….
    #[track_caller]
    fn global_max_pool(self) -> Self::Base {
        self.then(AdaptivePoolLayer::global_max()).base()
    }
}

macro_rules! activations {
    ($($name:ident)+) => {
        /// The activation functions that have no options, as links of a chain.
        pub trait Activations: Chain {
            $(#[doc = concat!("The activation function `", stringify!($name), "`.")]
            #[track_caller]
            fn $name(self) -> Self::Base {
                let activation = Activation::named(stringify!($name)).expect("it is one of the activation functions");
                self.then(activation).base()
            })+
        }
        impl<C: Chain> Activations for C {}
    };
}
activations! { relu leaky_relu relu6 tanh scaled_tanh logistic softplus gelu silu elu hard_tanh hard_logistic hard_silu }

impl<B: Base, L: Into<Layer>> Chain for Pending<B, L> {
    type Base = B;

    fn base(self) -> B {
        self.base.append(self.name, self.layer.into(), Place::Source(self.place))
    }
}

impl<'g> Chain for Var<'g> {
    type Base = Var<'g>;

    fn base(self) -> Self {
        self
    }
}

impl<'g> Base for Var<'g> {
    fn append(self, name: Option<String>, layer: Layer, place: Place) -> Self {
        let builder = self.builder();
        let name = name.unwrap_or_else(|| builder.fresh(stem(layer.kind())));
        let scope = Scope { builder, name, mode: builder.mode() };
        builder.in_layer(&scope.name, Some(place), || match &layer.others()[..] {
            [] => layer.apply(&[self], &scope),
            _ => scope.poison(
                Error::model(format!("`{}` names layers, and a value has none", layer.kind()))
                    .hint("join values by `+` or `concat`; names are for models"),
            ),
        })
    }
}

impl Chain for Model {
    type Base = Model;

    fn base(self) -> Self {
        self
    }
}

/// What a layer of that kind is called before its number: `conv2d` → `conv`, `max_pool2d` → `pool`.
pub(crate) fn stem(kind: &str) -> &str {
    let kind = ["1d", "2d", "3d"].iter().find_map(|rank| kind.strip_suffix(rank)).unwrap_or(kind);
    if kind.ends_with("_pool") { "pool" } else { kind }
}

impl<B, L> Pending<B, L> {
    /// Gives the layer a name: its parameters are called `name.weight`, `name.bias`, ….
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_string());
        self
    }
}

macro_rules! options {
    ($layer:ident: $($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty)?);)+) => {
        impl<B> Pending<B, $layer> {
            $($(#[$doc])*
            pub fn $name(mut self $(, $arg: $ty)?) -> Self {
                self.layer = self.layer.$name($($arg)?);
                self
            })+
        }
    };
}

options! { ConvLayer:
    /// Padding that keeps the size (divided by the stride, rounded up).
    same();
    /// So many zeros on every side.
    padding(padding: usize);
    /// Steps between positions.
    stride(stride: impl Into<Axes>);
    /// Steps between taps.
    dilation(dilation: impl Into<Axes>);
    /// Equal groups of channels that do not see each other.
    groups(groups: usize);
    /// For each output channel the list of its input channels.
    table(table: Vec<Vec<usize>>);
    /// No bias, as before batch normalisation.
    without_bias();
    /// True convolution instead of cross-correlation.
    flipped();
    /// How the weights start.
    init(init: Scheme);
}

options! { ConvTransposeLayer:
    /// An output of the input's size times the stride.
    same();
    /// So much is cut off every side.
    padding(padding: usize);
    /// So much longer at the end of each axis.
    output_padding(padding: impl Into<Axes>);
    /// Steps of the output between positions of the input.
    stride(stride: impl Into<Axes>);
    /// Steps between taps.
    dilation(dilation: impl Into<Axes>);
    /// Equal groups of channels that do not see each other.
    groups(groups: usize);
    /// No bias, as before batch normalisation.
    without_bias();
    /// How the weights start.
    init(init: Scheme);
}

options! { PoolLayer:
    /// Steps between windows.
    stride(stride: impl Into<Axes>);
    /// So much padding on every side.
    padding(padding: usize);
    /// The padding counts as zeros in the mean.
    count_padding();
}

options! { BlurPoolLayer:
    /// So many taps of the filter along each axis: 3 or 5.
    filter(taps: usize);
    /// Steps of the filter.
    stride(stride: impl Into<Axes>);
}

options! { UpsampleLayer:
    /// By what lies on the line between neighbours, along each axis.
    linear();
}

options! { Dense:
    /// No bias.
    without_bias();
    /// How the weights start.
    init(init: Scheme);
}

options! { RecurrentLayer:
    /// So many layers upon each other.
    layers(layers: usize);
    /// A second network goes from the last step to the first.
    bidirectional();
    /// The states of the last step only: N×units.
    last();
    /// Of an `rnn` that its function is max(·, 0).
    with_relu();
    /// No biases.
    without_bias();
    /// Numbers between two layers are silenced with this probability while learning.
    dropout_between(rate: f64);
    /// A run starts with the states that the one before it ended with.
    carry();
}

options! { BatchNormLayer:
    /// ε, which keeps 1/√(variance + ε) finite.
    epsilon(epsilon: f64);
    /// The share of each batch in the running statistics.
    momentum(momentum: f64);
    /// No weight and no bias.
    without_affine();
}

/// A value of a growing graph: a [`Var`], or the layer that is pending on one.
pub trait Expr<'g>: Sized {
    /// The value itself.
    fn var(self) -> Var<'g>;

    /// The mean of all elements, a scalar.
    #[track_caller]
    fn mean_all(self) -> Var<'g> {
        self.var().mean_all()
    }

    /// The sum of all elements, a scalar.
    #[track_caller]
    fn sum_all(self) -> Var<'g> {
        self.var().sum_all()
    }

    /// Probabilities of the classes along axis 1.
    #[track_caller]
    fn softmax(self) -> Var<'g> {
        self.var().softmax()
    }

    /// The mean cross-entropy of logits N×K×… with labels (i32 N×…) or probabilities (f32 N×K×…): a scalar.
    #[track_caller]
    fn cross_entropy(self, targets: Var<'g>) -> Var<'g> {
        self.var().cross_entropy(targets)
    }

    /// The mean of (x − t)² over all elements: a scalar.
    #[track_caller]
    fn mean_squared_error(self, target: Var<'g>) -> Var<'g> {
        self.var().mean_squared_error(target)
    }

    /// The mean of softplus(z) − z·t over all elements: a scalar; t is the probability of "yes", z its logit.
    #[track_caller]
    fn binary_cross_entropy_with_logits(self, target: Var<'g>) -> Var<'g> {
        self.var().binary_cross_entropy_with_logits(target)
    }

    /// The loss of radial units, see [`Var::rbf_loss`].
    #[track_caller]
    fn rbf_loss(self, labels: Var<'g>, j: f64) -> Var<'g> {
        self.var().rbf_loss(labels, j)
    }
}

impl<'g> Expr<'g> for Var<'g> {
    fn var(self) -> Var<'g> {
        self
    }
}

impl<'g, L: Into<Layer>> Expr<'g> for Pending<Var<'g>, L> {
    fn var(self) -> Var<'g> {
        self.base()
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident)+) => {$(
        impl<'g, L: Into<Layer>, R: Expr<'g>> $trait<R> for Pending<Var<'g>, L> {
            type Output = Var<'g>;
            #[track_caller]
            fn $method(self, other: R) -> Var<'g> {
                self.base().$method(other.var())
            }
        }

        impl<'g, L: Into<Layer>> $trait<Pending<Var<'g>, L>> for Var<'g> {
            type Output = Var<'g>;
            #[track_caller]
            fn $method(self, other: Pending<Var<'g>, L>) -> Var<'g> {
                self.$method(other.base())
            }
        }
    )+};
}
operator! { Add add Sub sub Mul mul Div div }

impl<'g, L: Into<Layer>> Neg for Pending<Var<'g>, L> {
    type Output = Var<'g>;
    #[track_caller]
    fn neg(self) -> Var<'g> {
        -self.base()
    }
}

impl<L: Into<Layer>> Pending<Model, L> {
    /// See [`Model::finish`].
    ///
    /// # Errors
    /// Every mistake of the model.
    pub fn finish(self) -> Result<Model> {
        self.base().finish()
    }

    /// See [`Model::input_from`].
    pub fn input_from(self, name: &str) -> Model {
        self.base().input_from(name)
    }

    /// See [`Model::plus`].
    #[track_caller]
    pub fn plus(self, with: impl Into<Names>) -> Model {
        self.base().plus(with)
    }

    /// See [`Model::concat`].
    #[track_caller]
    pub fn concat(self, with: impl Into<Names>) -> Model {
        self.base().concat(with)
    }
}

impl<L: Into<Layer>> From<Pending<Model, L>> for Model {
    fn from(pending: Pending<Model, L>) -> Model {
        pending.base()
    }
}
