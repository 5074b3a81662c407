//! Convolution in one to three dimensions and both its gradients.
//!
//! Letters: batch `N`, input channels `C`, output channels `O`, positions `p` (output elements of a channel), pixels `q`
//! (input elements of a channel), taps `t`. Tensors lie plain: `x` is `N×C×pixels`, `y` is `N×O×positions`, `w` is
//! `rows×taps` with a row for each link of [`ConvGeometry`], which alone says which products there are.
//!
//! Each pass has an ordered list of variants; [`Forward::prepare`] and its sisters take the first that accepts the
//! problem and keep why the others did not. All tables are made then: `run` allocates nothing. Results have the same
//! bits for any number of threads.

mod depthwise;
mod direct;
mod few;
mod fft;
mod lattice;
mod plain;
mod pointwise;
mod problem;
mod tile;
mod weight;
mod winograd;

use crate::parts::lines;
use crate::simd::{Isa, Simd, Wide};
use crate::workers::Workers;
use problem::Problem;
use std::fmt;
use striate_tensor::{ConvGeometry, Error, Result};

/// How to prepare a convolution.
#[derive(Clone, Debug, Default)]
pub struct ConvOptions {
    /// Only the variant of this name, instead of the first that accepts.
    pub variant: Option<String>,
    /// No variant whose rounding errors exceed those of the sum as it is defined, hence none of Winograd's: their
    /// errors, relative to the greatest element of the result, may reach 10⁻⁵, and 3·10⁻⁵ in the gradient to the
    /// weights. Nor spectra, whose errors may reach 10⁻⁵.
    pub exact: bool,
}

/// A finished part of the output, given to an [`Epilogue`]'s hook while it is still in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where the part starts in the whole output.
    pub start: usize,
    /// The sample that it belongs to.
    pub sample: usize,
    /// The channel of its first element.
    pub channel: usize,
    /// The position of its first element within that channel. A part that is not whole channels lies in one channel.
    pub position: usize,
    /// Which of the parts of its channel it is, below the pass's `parts`; 0 where it is whole channels.
    pub part: usize,
    /// The worker that calls.
    pub worker: usize,
}

/// A function of a finished, contiguous part of the output; all parts together are the output, each comes once.
pub type Hook<'a> = dyn Fn(Block, &mut [f32]) + Sync + 'a;

/// What bounds an output; NaN stays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Limit {
    /// Nothing.
    #[default]
    None,
    /// `max(y, 0)`
    Relu,
    /// `min(max(y, 0), most)`, as ReLU6 has it.
    Within(f32),
}

impl Limit {
    #[inline(always)]
    pub(crate) fn vector<S: Simd>(self, simd: S, y: S::V) -> S::V {
        match self {
            Limit::None => y,
            Limit::Relu => simd.max(simd.splat(0.0), y),
            Limit::Within(most) => simd.min(simd.splat(most), simd.max(simd.splat(0.0), y)),
        }
    }

    /// The least and the greatest number that it lets through, in registers.
    #[inline(always)]
    pub(crate) fn bounds<W: Wide>(self, wide: W) -> Bounds<W> {
        let (low, high) = match self {
            Limit::None => (f32::NEG_INFINITY, f32::INFINITY),
            Limit::Relu => (0.0, f32::INFINITY),
            Limit::Within(most) => (0.0, most),
        };
        Bounds { wide, low: wide.splat(low), high: wide.splat(high) }
    }

    #[inline(always)]
    pub(crate) fn number(self, y: f32) -> f32 {
        match self {
            Limit::None => y,
            Limit::Relu | Limit::Within(_) if y <= 0.0 => 0.0,
            Limit::Within(most) if y > most => most,
            _ => y,
        }
    }
}

/// A [`Limit`] for the inner loops: the same for all kinds of it.
#[derive(Clone, Copy)]
pub(crate) struct Bounds<W: Wide> {
    wide: W,
    low: W::V,
    high: W::V,
}

impl<W: Wide> Bounds<W> {
    #[inline(always)]
    pub(crate) fn of(self, y: W::V) -> W::V {
        self.wide.min(self.high, self.wide.max(self.low, y))
    }
}

/// What happens to the output before it leaves the cache.
#[derive(Clone, Copy, Default)]
pub struct Epilogue<'a> {
    /// Numbers of the output's shape that are added to it; only where a convolution's pass [adds](Forward::adds).
    pub add: Option<&'a [f32]>,
    /// What bounds each output.
    pub limit: Limit,
    /// Called after that.
    pub hook: Option<&'a Hook<'a>>,
}

impl Epilogue<'_> {
    /// Nothing.
    pub const NONE: Epilogue<'static> = Epilogue { add: None, limit: Limit::None, hook: None };
    /// `max(y, 0)`.
    pub const RELU: Epilogue<'static> = Epilogue { limit: Limit::Relu, ..Epilogue::NONE };
}

impl fmt::Debug for Epilogue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Epilogue")
            .field("add", &self.add.is_some())
            .field("limit", &self.limit)
            .field("hook", &self.hook.is_some())
            .finish()
    }
}

/// Weights, plain or as [`Forward::pack`] (or [`GradInput::pack`]) laid them out.
#[derive(Clone, Copy, Debug)]
pub enum Weights<'a> {
    /// `rows×taps`; packed into scratch during the call.
    Plain(&'a [f32]),
    /// Packed before, for the same prepared pass.
    Packed(&'a [f32]),
}

/// A way to compute `y` from `x` and `w`, or `∂x` from `∂y` and `w`.
trait DataPass: Send + Sync {
    fn packed_len(&self) -> usize;
    fn pack(&self, workers: &Workers, weights: &[f32], packed: &mut [f32]);
    /// Scratch besides the packed weights.
    fn scratch_len(&self, threads: usize) -> usize;
    /// Into how many parts at most a channel of a sample falls for [`Epilogue::hook`].
    fn parts(&self) -> usize;
    /// Whether it heeds [`Epilogue::add`].
    fn adds(&self) -> bool {
        false
    }
    fn run(&self, workers: &Workers, call: DataCall<'_>);
}

struct DataCall<'a> {
    input: &'a [f32],
    packed: &'a [f32],
    bias: Option<&'a [f32]>,
    epilogue: Epilogue<'a>,
    output: &'a mut [f32],
    scratch: &'a mut [f32],
}

/// A way to compute `∂w` from `x` and `∂y`.
trait WeightPass: Send + Sync {
    fn scratch_len(&self, threads: usize) -> usize;
    fn run(&self, workers: &Workers, x: &[f32], grad_y: &[f32], grad_w: &mut [f32], scratch: &mut [f32]);
}

type Make<P> = fn(&Problem, Isa, &ConvOptions) -> Result<Box<P>, String>;

/// The variants of the forward pass, the fastest first.
const FORWARD: &[(&str, Make<dyn DataPass>)] = &[
    ("depthwise", depthwise::forward),
    ("fft", fft::forward),
    ("few", few::forward),
    ("pointwise", pointwise::forward),
    ("winograd_line", winograd::line::forward),
    ("winograd4", winograd::forward4),
    ("winograd2", winograd::forward2),
    ("direct", direct::forward),
    ("plain", plain::forward),
];
/// The variants of the gradient to the input, the fastest first.
const GRAD_INPUT: &[(&str, Make<dyn DataPass>)] = &[
    ("depthwise", depthwise::grad_input),
    ("fft", fft::grad_input),
    ("pointwise", pointwise::grad_input),
    ("winograd_line", winograd::line::grad_input),
    ("winograd4", winograd::grad_input4),
    ("winograd2", winograd::grad_input2),
    ("direct", direct::grad_input),
    ("plain", plain::grad_input),
];
/// The variants of the gradient to the weights, the fastest first.
const GRAD_WEIGHT: &[(&str, Make<dyn WeightPass>)] = &[
    ("depthwise", depthwise::grad_weight),
    ("fft", fft::grad_weight),
    ("pointwise", pointwise::grad_weight),
    ("winograd_line", winograd::line::grad_weight),
    ("winograd4", winograd::grad_weight4),
    ("winograd2", winograd::grad_weight2),
    ("direct", weight::direct),
    ("plain", plain::grad_weight),
];

/// The variant that was taken, and why those before it were not.
struct Chosen<P: ?Sized> {
    name: &'static str,
    refused: Vec<(&'static str, String)>,
    pass: Box<P>,
}

fn choose<P: ?Sized>(
    variants: &[(&'static str, Make<P>)],
    problem: &Problem,
    isa: Isa,
    options: &ConvOptions,
) -> Result<Chosen<P>> {
    let mut refused = Vec::new();
    for &(name, make) in variants {
        if options.variant.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        match make(problem, isa, options) {
            Ok(pass) => return Ok(Chosen { name, refused, pass }),
            Err(why) => refused.push((name, why)),
        }
    }
    let names: Vec<_> = variants.iter().map(|v| v.0).collect();
    let reasons: Vec<_> = refused.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    Err(Error::internal("no variant takes the convolution")
        .found(if reasons.is_empty() { format!("{:?}", options.variant) } else { reasons.join("; ") })
        .expected(format!("one of {}", names.join(", "))))
}

macro_rules! shared_methods {
    ($variants:ident) => {
        /// The names of all variants, the fastest first.
        pub fn variants() -> impl Iterator<Item = &'static str> {
            $variants.iter().map(|v| v.0)
        }

        /// All variants, the fastest first, each with why it declines the problem if it does.
        pub fn survey(geometry: &ConvGeometry, isa: Isa) -> Vec<(&'static str, Option<String>)> {
            let problem = Problem::new(geometry);
            $variants.iter().map(|&(name, make)| (name, make(&problem, isa, &ConvOptions::default()).err())).collect()
        }

        /// The variant in use.
        pub fn variant(&self) -> &'static str {
            self.chosen.name
        }

        /// The variants that were asked before it, each with why it declined.
        pub fn refused(&self) -> &[(&'static str, String)] {
            &self.chosen.refused
        }
    };
}

macro_rules! data_pass {
    ($name:ident, $variants:ident) => {
        impl $name {
            /// Makes the tables for a problem.
            ///
            /// # Errors
            /// When no variant (of the asked name) accepts it.
            pub fn prepare(geometry: &ConvGeometry, isa: Isa, options: &ConvOptions) -> Result<Self> {
                let problem = Problem::new(geometry);
                Ok($name { chosen: choose($variants, &problem, isa, options)?, problem })
            }

            shared_methods!($variants);

            /// f32s of packed weights.
            pub fn packed_len(&self) -> usize {
                self.chosen.pass.packed_len()
            }

            /// Packs `weights` (`rows×taps`) once for many calls.
            pub fn pack(&self, workers: &Workers, weights: &[f32], packed: &mut [f32]) {
                assert_eq!(weights.len(), self.problem.rows * self.problem.taps(), "weights");
                assert_eq!(packed.len(), self.packed_len(), "packed weights");
                self.chosen.pass.pack(workers, weights, packed);
            }

            /// f32s of scratch that `run` needs with so many workers; enough for plain weights.
            pub fn scratch_len(&self, threads: usize) -> usize {
                lines(self.packed_len()) + self.chosen.pass.scratch_len(threads)
            }

            /// Into how many parts at most the epilogue's hook gets a channel of a sample.
            pub fn parts(&self) -> usize {
                self.chosen.pass.parts()
            }

            /// Whether it adds what [`Epilogue::add`] gives; else a hook must.
            pub fn adds(&self) -> bool {
                self.chosen.pass.adds()
            }

            fn run_pass<'a>(
                &'a self,
                workers: &Workers,
                input: &'a [f32],
                weights: Weights<'a>,
                (bias, epilogue): (Option<&'a [f32]>, Epilogue<'a>),
                output: &'a mut [f32],
                scratch: &'a mut [f32],
            ) {
                assert!(scratch.len() >= self.scratch_len(workers.threads()), "scratch");
                let added = |add: &[f32]| self.adds() && add.len() == output.len();
                assert!(epilogue.add.is_none_or(added), "numbers to add to each output, of a pass that does");
                let (room, scratch) = scratch.split_at_mut(lines(self.packed_len()));
                let room = &mut room[..self.packed_len()];
                let packed: &[f32] = match weights {
                    Weights::Plain(weights) => {
                        self.pack(workers, weights, room);
                        room
                    }
                    Weights::Packed(packed) => {
                        assert_eq!(packed.len(), self.packed_len(), "packed weights");
                        packed
                    }
                };
                self.chosen.pass.run(workers, DataCall { input, packed, bias, epilogue, output, scratch });
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("variant", &self.variant()).finish_non_exhaustive()
            }
        }
    };
}

/// `y[n,o,p] = b[o] + Σ w[row,tap]·x[n,c,q]` over the products of the geometry.
///
/// ```
/// use striate_kernels::{ConvOptions, Epilogue, Forward, Isa, Weights, Workers};
/// use striate_tensor::{Connections, ConvGeometry, Window};
/// let window = Window { input: 4, kernel: 3, stride: 1, dilation: 1, before: 1, after: 1 };
/// let geometry = ConvGeometry {
///     batch: 1,
///     in_channels: 1,
///     out_channels: 1,
///     windows: vec![window],
///     connections: Connections::Groups(1),
///     flipped: false,
/// };
/// let workers = Workers::new(2);
/// let conv = Forward::prepare(&geometry, Isa::best(), &ConvOptions::default()).unwrap();
/// let mut scratch = vec![0.0; conv.scratch_len(workers.threads())];
/// let (x, w) = ([1.0, 2.0, 3.0, 4.0], [1.0, 10.0, 100.0]);
/// let mut y = [0.0; 4];
/// conv.run(&workers, &x, Weights::Plain(&w), None, Epilogue::NONE, &mut y, &mut scratch);
/// assert_eq!(y, [210.0, 321.0, 432.0, 43.0]);
/// ```
pub struct Forward {
    problem: Problem,
    chosen: Chosen<dyn DataPass>,
}

data_pass!(Forward, FORWARD);

impl Forward {
    /// `x` is `N×C×pixels`, `bias` is `O`, `y` is `N×O×positions`; `scratch` at least [`Forward::scratch_len`] long.
    #[allow(clippy::too_many_arguments)] // the equation has so many letters
    pub fn run(
        &self,
        workers: &Workers,
        x: &[f32],
        weights: Weights<'_>,
        bias: Option<&[f32]>,
        epilogue: Epilogue<'_>,
        y: &mut [f32],
        scratch: &mut [f32],
    ) {
        let p = &self.problem;
        assert_eq!(x.len(), p.batch * p.in_channels * p.pixels(), "x");
        assert_eq!(y.len(), p.batch * p.out_channels * p.positions(), "y");
        assert!(bias.is_none_or(|b| b.len() == p.out_channels), "bias");
        self.run_pass(workers, x, weights, (bias, epilogue), y, scratch);
    }
}

/// `∂x[n,c,q] = Σ w[row,tap]·∂y[n,o,p]` over the products of the geometry: the gradient to the input, and the forward
/// pass of a transposed convolution.
pub struct GradInput {
    problem: Problem,
    chosen: Chosen<dyn DataPass>,
}

data_pass!(GradInput, GRAD_INPUT);

impl GradInput {
    /// `grad_y` is `N×O×positions`, `bias` is `C` (for a transposed convolution), `grad_x` is `N×C×pixels`; `scratch`
    /// at least [`GradInput::scratch_len`] long.
    #[allow(clippy::too_many_arguments)] // the equation has so many letters
    pub fn run(
        &self,
        workers: &Workers,
        grad_y: &[f32],
        weights: Weights<'_>,
        bias: Option<&[f32]>,
        epilogue: Epilogue<'_>,
        grad_x: &mut [f32],
        scratch: &mut [f32],
    ) {
        let p = &self.problem;
        assert_eq!(grad_y.len(), p.batch * p.out_channels * p.positions(), "grad_y");
        assert_eq!(grad_x.len(), p.batch * p.in_channels * p.pixels(), "grad_x");
        assert!(bias.is_none_or(|b| b.len() == p.in_channels), "bias");
        self.run_pass(workers, grad_y, weights, (bias, epilogue), grad_x, scratch);
    }
}

/// `∂w[row,tap] = Σ x[n,c,q]·∂y[n,o,p]` over the products of the geometry.
pub struct GradWeight {
    problem: Problem,
    chosen: Chosen<dyn WeightPass>,
}

impl GradWeight {
    /// Makes the tables for a problem.
    ///
    /// # Errors
    /// When no variant (of the asked name) accepts it.
    pub fn prepare(geometry: &ConvGeometry, isa: Isa, options: &ConvOptions) -> Result<Self> {
        let problem = Problem::new(geometry);
        Ok(GradWeight { chosen: choose(GRAD_WEIGHT, &problem, isa, options)?, problem })
    }

    shared_methods!(GRAD_WEIGHT);

    /// f32s of scratch that `run` needs with so many workers.
    pub fn scratch_len(&self, threads: usize) -> usize {
        self.chosen.pass.scratch_len(threads)
    }

    /// `x` is `N×C×pixels`, `grad_y` is `N×O×positions`, `grad_w` is `rows×taps` and is overwritten; `scratch` at least
    /// [`GradWeight::scratch_len`] long.
    pub fn run(&self, workers: &Workers, x: &[f32], grad_y: &[f32], grad_w: &mut [f32], scratch: &mut [f32]) {
        let p = &self.problem;
        assert_eq!(x.len(), p.batch * p.in_channels * p.pixels(), "x");
        assert_eq!(grad_y.len(), p.batch * p.out_channels * p.positions(), "grad_y");
        assert_eq!(grad_w.len(), p.rows * p.taps(), "grad_w");
        assert!(scratch.len() >= self.scratch_len(workers.threads()), "scratch");
        self.chosen.pass.run(workers, x, grad_y, grad_w, scratch);
    }
}

impl fmt::Debug for GradWeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GradWeight").field("variant", &self.variant()).finish_non_exhaustive()
    }
}
