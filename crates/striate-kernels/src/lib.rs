//! Fast kernels for the CPU, which know shapes and numbers but no network.
//!
//! | what | where |
//! |---|---|
//! | convolution, its two gradients, transposed convolution | [`Forward`], [`GradInput`], [`GradWeight`] |
//! | matrix products for dense layers | [`Gemm`] |
//! | maximum and mean pooling and their gradients | [`Pool`] |
//! | upsampling, blurring: a small fixed matrix along each axis | [`Separable`] |
//! | elementwise programs, broadcasting, in place; with sums for each channel | [`Map`], [`MapSums`] |
//! | recurrent cells over a sequence, and back through time | [`RecurrentForward`], [`RecurrentBack`] |
//! | sums, means, maxima | [`Reduce`] |
//! | statistics of batch normalisation | [`channel_statistics`], [`Moments`] |
//! | softmax and its logarithm | [`softmax()`] |
//! | the machine's peak, the time of a call | [`multiply_add_peak`], [`shortest`] |
//! | permutations of axes, slices, padding, concatenation | [`Permute`], [`copy_box`] |
//!
//! - Work runs on a pool of [`Workers`] and is cut by the problem alone, so that results have the same bits for any
//!   number of threads.
//! - Kernels are written once over [`simd::Simd`] and compiled for each instruction set ([`Isa`]).
//! - What a kernel needs to know is prepared once; running it allocates nothing and takes its scratch from the caller.

mod conv;
mod copy;
mod denormals;
mod gemm;
mod map;
mod measure;
mod parts;
mod pool;
mod product;
mod recurrent;
mod reduce;
mod separable;
pub mod simd;
mod softmax;
mod statistics;
mod workers;

pub use conv::{Block, ConvOptions, Epilogue, Forward, GradInput, GradWeight, Hook, Limit, Weights};
pub use copy::{BoxAt, Permute, copy_box};
pub use gemm::{Gemm, MatrixSizes};
pub use map::{Map, MapSums, Source};
pub use measure::{multiply_add_peak, shortest};
pub use parts::Parts;
pub use pool::{Divisor, Pool, TapIndex};
pub use recurrent::{BackIo, Cell, ForwardIo, Recurrence, RecurrentBack, RecurrentForward};
pub use reduce::{Reduce, Reduction};
pub use separable::Separable;
pub use simd::{ISA_VARIABLE, Isa};
pub use softmax::softmax;
pub use statistics::{Moments, channel_statistics};
pub use workers::{Workers, available_threads};
