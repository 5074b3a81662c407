//! Back-propagation on tables: rows of attributes, from a CSV file or inside the binary, learned by a multilayer perceptron.
//!
//! | step | by |
//! |---|---|
//! | text to columns and rows; separator and header are found | [`Table`] |
//! | which columns are numbers, which categories; classes or a number to tell | [`Schema`], wishes in [`Columns`] |
//! | a part held out, or k folds, each class in proportion | [`hold_out`], [`folds`] |
//! | numbers to \[0, 1\], categories one-hot, learned from the training part alone | [`Encoding`], [`prepare`], [`apply`] |
//! | the network and how it learns: as taught, or as today | [`Recipe`], [`Style`] |
//! | topologies and starts compared by experiment | [`search`](fn@search) |
//! | learning while in use, from a stream | [`Stream`], [`Online`] |
//! | the error of numbers that are told, in their own units | [`Regression`] |
//!
//! The encoding is a part of the model (`table` in `model.toml`, and so in every file of weights): a saved model takes raw rows.
//!
//! # The textbook's step
//!
//! [`Style::Taught`] is back-propagation as textbooks have it (J. Han, M. Kamber, "Data Mining", chapter on classification by
//! back-propagation; D. Rumelhart, G. Hinton, R. Williams 1986): units `I_j = Σ w_ij·O_i + θ_j`, `O_j = 1/(1 + e^(−I_j))`; errors
//! `Err_j = O_j(1 − O_j)(T_j − O_j)` at the output and `Err_j = O_j(1 − O_j)·Σ_k Err_k·w_jk` below; updates
//! `Δw_ij = l·Err_j·O_i`, `Δθ_j = l·Err_j`. In a graph that is gradient descent on ½Σ(T − O)², the loss `squared_error`. The
//! book's own example, three inputs, two hidden units, one output, is one step of it:
//!
//! ```
//! use striate::graph::Scheme;
//! use striate::nn::layers::Dense;
//! use striate::plan::Tensor;
//! use striate::prelude::*;
//! use striate::tensor::Array;
//! use striate::train::{Feed, Graphs, Optimizer, Sgd, Steps, Store};
//!
//! let model = Model::new("book", [3]).classes(2).loss(Loss::SquaredError {})
//!     .then(Dense::new(2)).logistic()
//!     .then(Dense::new(1)).logistic()
//!     .finish()?;
//! let plain = Sgd { momentum: 0.0, weight_decay: 0.0, ..Sgd::default() };
//! let graphs = Graphs::of(&model, &Optimizer::from(plain))?;
//! let mut store = Store::new(&graphs.training, 1);
//! let set = |store: &mut Store, name: &str, shape: &[usize], values: &[f32]| {
//!     store.set(name, Tensor::F32(Array::new(shape, values.to_vec())))
//! };
//! set(&mut store, "dense1.weight", &[2, 3], &[0.2, 0.4, -0.5, -0.3, 0.1, 0.2])?; // w14 w24 w34, w15 w25 w35
//! set(&mut store, "dense1.bias", &[2], &[-0.4, 0.2])?; // θ4 θ5
//! set(&mut store, "dense2.weight", &[1, 2], &[-0.3, -0.2])?; // w46 w56
//! set(&mut store, "dense2.bias", &[1], &[0.1])?; // θ6
//!
//! let mut steps = Steps::new(graphs.training, store, 1)?;
//! steps.set_learning_rate(0.9);
//! steps.step(&[Feed::F32(&[1.0, 0.0, 1.0]), Feed::I32(&[1])])?; // input (1, 0, 1), target 1
//! let rounded = |name: &str| -> Vec<f32> {
//!     let Some(Tensor::F32(numbers)) = steps.store().get(name) else { return vec![] };
//!     numbers.data().iter().map(|x| (x * 1000.0).round() / 1000.0).collect()
//! };
//! assert_eq!((steps.output(1)[1] * 1000.0).round(), 474.0); // O6, before the update
//! assert_eq!(rounded("dense2.weight"), [-0.261, -0.138]);
//! assert_eq!(rounded("dense2.bias"), [0.218]);
//! assert_eq!(rounded("dense1.weight"), [0.192, 0.4, -0.508, -0.306, 0.1, 0.194]);
//! assert_eq!(rounded("dense1.bias"), [-0.408, 0.194]);
//! # Ok::<(), Error>(())
//! ```
//!
//! A whole training:
//!
//! ```
//! use striate::tables::{Columns, Missing, Recipe, Style, Table, prepare};
//! use striate::train::{Data, Event, Graphs, StopRules, Trainer};
//! let table = Table::embedded("iris")?;
//! let parts = prepare(&table, &Columns::target("class"), Missing::Error, 0.2, 1)?;
//! let recipe = Recipe { hidden: vec![8], ..Recipe::new(Style::Modern) };
//! let model = recipe.model("iris", &parts.encoding, &parts.classes)?;
//! let mut settings = recipe.settings(parts.train.len());
//! settings.stop = StopRules::after(30);
//! let data = Data {
//!     train: parts.train,
//!     watched: parts.held_out.unwrap(),
//!     preprocessing: model.preprocessing.clone(),
//! };
//! let mut trainer = Trainer::new(Graphs::of(&model, &recipe.optimizer())?, &data, settings, 1)?;
//! while !matches!(trainer.advance()?, Event::Done(_)) {}
//! assert!(trainer.position().best.unwrap().watched.accuracy() > 0.9);
//! # Ok::<(), striate::prelude::Error>(())
//! ```

mod encoding;
mod missing;
mod online;
mod parts;
mod recipe;
mod records;
mod regression;
mod schema;
mod search;
mod split;
mod stream;
mod table;

pub use encoding::{Attribute, Encoding, Scale};
pub use missing::{Missing, is_missing};
pub use online::{Answer, Online};
pub use parts::{Parts, apply, encode, prepare};
pub use recipe::{Recipe, Style, Topology, model_name};
pub use regression::Regression;
pub use schema::{Columns, Kind, Schema, Task};
pub use search::{Candidate, Found, Search, search};
pub use split::{folds, hold_out};
pub use stream::Stream;
pub use table::{Header, Table, TableSource};
