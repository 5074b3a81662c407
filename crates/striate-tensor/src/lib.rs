//! The words that every floor of Striate shares: [`Shape`], [`DType`], [`Window`] and [`Taps`],
//! [`ConvGeometry`], [`Array`], [`Number`], [`Program`], [`Rng`] and [`Error`].
//!
//! Nothing here knows a network. A fact that two floors need (how many outputs a window has, which
//! kernel weight meets which pixel) is written once, here.
#![forbid(unsafe_code)]

mod array;
mod conv_geometry;
mod error;
mod number;
mod program;
mod rng;
mod shape;
mod window;

pub use array::Array;
pub use conv_geometry::{Connections, ConvGeometry, Link};
pub use error::{Error, Fault, Place, Result};
pub use number::{Counted, Number};
pub use program::{Binary, Instruction, Literal, Program, ProgramBuilder, Register, Unary};
pub use rng::Rng;
pub use shape::{DType, Shape};
pub use window::{Padding, Taps, Window};
