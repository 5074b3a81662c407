//! The networks around convolutional ones, each plain and by itself: data in as rows of numbers, results out, no
//! graph in between.
//!
//! | module | network | learns |
//! |---|---|---|
//! | [`perceptron`] | Rosenblatt's perceptron | by correction of errors, until there are none |
//! | [`adaline`] | adaptive linear neurons | by the delta rule |
//! | [`hebb`] | linear associator, Oja's and Sanger's units | by correlation |
//! | [`hopfield`] | discrete, continuous and modern associative memory | by storing patterns; recalls by falling energy |
//! | [`competitive`] | winner-take-all units with a conscience | prototypes, without labels |
//! | [`cognitron`] | Fukushima's cognitron | features of features, without labels |
//!
//! [`data`] holds four small data sets, [`online`] learning while in use, and [`Saved`] writes every network to a file.
//! What a network draws is a function of its seed; the same seed gives the same bits.
//!
//! ```
//! use striate_classics::data::{self, Standardizer};
//! use striate_classics::perceptron::{Perceptron, Settings};
//! let (mut train, mut test) = data::iris().split(0.3, 1);
//! let scale = Standardizer::of(&train);
//! scale.apply(&mut train)?;
//! scale.apply(&mut test)?;
//! let (network, _) = Perceptron::train(train.rows(), train.labels(), 3, &Settings::default())?;
//! assert!(network.accuracy(test.rows(), test.labels())? > 0.9);
//! # Ok::<(), striate_tensor::Error>(())
//! ```
#![forbid(unsafe_code)]

pub mod adaline;
pub mod cognitron;
pub mod competitive;
pub mod data;
pub mod hebb;
pub mod hopfield;
pub mod online;
pub mod perceptron;

mod checks;
mod numbers;
mod parts;
mod rows;

pub use parts::{Parts, Saved};
pub use rows::Rows;
