//! The networks around convolutional ones, each plain and by itself: data in as rows of numbers, results out, no
//! graph in between.
//!
//! | module | network | learns | first paper |
//! |---|---|---|---|
//! | [`perceptron`] | Rosenblatt's perceptron | by correction of errors, until there are none | Rosenblatt 1958 |
//! | [`adaline`] | adaptive linear neurons | by the delta rule | Widrow and Hoff 1960 |
//! | [`mlp`] | multilayer perceptron of logistic units | by back-propagation, one row at a time | Rumelhart, Hinton and Williams 1986 |
//! | [`hebb`] | linear associator, Oja's and Sanger's units | by correlation | Hebb 1949; Oja 1982; Sanger 1989 |
//! | [`hopfield`] | discrete, continuous and modern associative memory | by storing patterns; recalls by falling energy | Hopfield 1982, 1984; Ramsauer et al. 2020 |
//! | [`competitive`] | winner-take-all units with a conscience | prototypes, without labels | Rumelhart and Zipser 1985; DeSieno 1988 |
//! | [`cognitron`] | Fukushima's cognitron | features of features, without labels | Fukushima 1975 |
//! | [`som`] | self-organising map | a map of the rows, without labels | Kohonen 1982 |
//! | [`lvq`] | learning vector quantisation | labelled prototypes | Kohonen 1990 |
//! | [`art`] | adaptive resonance: ART1, ART2-A, Fuzzy ART, ARTMAP | categories that do not forget, with or without labels | Carpenter and Grossberg 1987; Carpenter et al. 1991, 1992 |
//! | [`rbm`] | restricted Boltzmann machine | the distribution of the rows | Smolensky 1986; Hinton 2002 |
//! | [`dbn`] | deep belief network | the features of features, layer by layer | Hinton, Osindero and Teh 2006 |
//!
//! Each page has the formulas, their source, an example that is tested, and a picture of the network at work, which
//! `striate play` of the command line draws. [`data`] holds four small data sets, [`online`] learning while in use, [`Schedule`] is a quantity that falls, and
//! [`Saved`] writes every network to a file. What a network draws is a function of its seed; the same seed gives the same
//! bits. Every door checks what comes in by the same rules: a setting out of range is a `Fault::Model`, rows or labels that
//! do not fit are a `Fault::Data`, and both say what was found and what was expected.
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

/// A picture of the folder `pictures` for a page of documentation: on white in every theme, as `striate play` drew it.
#[cfg(doc)]
macro_rules! picture {
    ($name:literal) => {
        concat!(
            "<div style=\"background:#fff;border-radius:6px;width:fit-content;max-width:100%;overflow-x:auto\">\n",
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/pictures/", $name, ".svg")),
            "</div>"
        )
    };
}

pub mod adaline;
pub mod art;
pub mod cognitron;
pub mod competitive;
pub mod data;
pub mod dbn;
pub mod hebb;
pub mod hopfield;
pub mod lvq;
pub mod mlp;
pub mod online;
pub mod perceptron;
pub mod rbm;
pub mod som;

mod checks;
mod numbers;
mod parts;
mod product;
mod rows;
mod schedule;

pub use parts::{Parts, Saved};
pub use rows::Rows;
pub use schedule::{Decay, Schedule};
/// Threads for the networks whose work is matrix products; their number changes the speed, never a result.
pub use striate_kernels::Workers;
