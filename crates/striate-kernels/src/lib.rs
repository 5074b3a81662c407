//! Fast kernels for the CPU, which know shapes and numbers but no network: convolution ([`Forward`], [`GradInput`],
//! [`GradWeight`]), and what works beside it.
//!
//! - Work runs on a pool of [`Workers`] and is cut by the problem alone, so that results have the same bits for any
//!   number of threads.
//! - Kernels are written once over [`simd::Simd`] and compiled for each instruction set ([`Isa`]).
//! - What a kernel needs to know is prepared once; running it allocates nothing and takes its scratch from the caller.

mod conv;
mod denormals;
mod parts;
pub mod simd;
mod workers;

pub use conv::{Block, ConvOptions, Epilogue, Forward, GradInput, GradWeight, Hook, Weights};
pub use parts::Parts;
pub use simd::{ISA_VARIABLE, Isa};
pub use workers::{Workers, available_threads};
