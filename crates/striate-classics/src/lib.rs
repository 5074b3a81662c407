//! The networks around convolutional ones, each with its formula and its paper: plain rows of numbers go in and come
//! out, a seed decides everything that is drawn, and every network can be saved and loaded.
//!
//! | what | where |
//! |---|---|
//! | self-organising map | [`som`] |
//! | learning vector quantisation | [`lvq`] |
//! | adaptive resonance, with and without labels | [`art`] |
//! | restricted Boltzmann machine | [`rbm`] |
//! | deep belief network | [`dbn`] |
//!
//! Rows lie one behind the other in one `&[f32]`; the network knows how long a row is.
#![forbid(unsafe_code)]

pub mod art;
pub mod dbn;
pub mod lvq;
pub mod rbm;
pub mod som;

mod input;
mod product;
mod saved;
mod schedule;

pub use schedule::{Decay, Schedule};
