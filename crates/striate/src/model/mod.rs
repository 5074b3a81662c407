//! Models: networks as data, in Rust and in `model.toml`.

mod build;
mod convolve;
mod loss;
mod pretrained;
mod read;
mod write;

pub use build::{Built, BuiltLayer};
pub use loss::Loss;
pub use pretrained::{Pretrained, from_dbn};

use crate::data::Preprocessing;
use crate::nn::{Base, Chain, stem};
use crate::tables::Encoding;
use std::panic::Location;
use striate_graph::Layer;
use striate_graph::ops::join::{AddLayer, ConcatLayer, Names};
use striate_tensor::{Place, Result, Shape};

/// A network as data: what `model.toml` says. Layers stand in order, each working on the output of the one before it
/// unless it says [`from`](ModelLayer::from) where; `input` names what the model itself is given.
///
/// In Rust a model is a chain of layers, whose links are those of [`Chain`]:
///
/// ```
/// use striate::prelude::*;
///
/// let model = Model::new("small", [1, 28, 28])
///     .classes(10)
///     .conv2d(6, 5).same().relu()
///     .max_pool2d(2)
///     .flatten()
///     .dense(10)
///     .finish()?;
/// assert_eq!(model.layers[0].name, "conv1");
/// # Ok::<(), Error>(())
/// ```
///
/// and the same model as a file, which [`Model::to_toml`] writes and [`Model::open`] reads:
///
/// ```
/// # use striate::prelude::*;
/// let text = r#"
/// version = 1
/// name = "small"
/// input = { shape = [1, 28, 28] }
/// preprocessing = { range = [0.0, 1.0] }
/// classes = 10
/// loss = "cross_entropy"
/// layers = [
///     { type = "conv2d", channels = 6, kernel = 5, padding = "same" },
///     { type = "relu" },
///     { type = "max_pool2d", window = 2 },
///     { type = "flatten" },
///     { type = "dense", units = 10 },
/// ]
/// "#;
/// let model = Model::from_toml(text, "small.toml")?;
/// assert_eq!(model.layers[2].name, "pool1");
/// assert_eq!(model.to_toml().trim(), text.trim());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Model {
    /// Its name; runs are called after it.
    pub name: String,
    /// Shape of one sample as the first layer sees it, after preprocessing: channels × height × width, or others.
    pub input: Shape,
    /// How a picture becomes a sample.
    pub preprocessing: Preprocessing,
    /// The names of the classes, in the order of the labels.
    pub classes: Vec<String>,
    /// The names of the numbers that it gives, one for each output, where it tells no classes; `classes` is empty then.
    pub targets: Vec<String>,
    /// How a row of a table becomes a sample, where that is what it reads.
    pub table: Option<Encoding>,
    /// What training makes small.
    pub loss: Loss,
    /// The layers in order.
    pub layers: Vec<ModelLayer>,
    /// Where it was written.
    pub place: Option<Place>,
}

/// A layer of a [`Model`].
#[derive(Clone, Debug)]
pub struct ModelLayer {
    /// Unique in the model. By default the kind and a number: `conv1`, `relu1`, `conv2`, `pool1`, ….
    pub name: String,
    /// What it computes.
    pub layer: Layer,
    /// The layer whose output it works on, if not the one before it.
    pub from: Option<String>,
    /// Where it was written.
    pub place: Option<Place>,
}

/// Models are equal when they say the same, wherever they were written.
impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        let head = |m: &Model| (m.name.clone(), m.input.clone(), m.preprocessing.clone(), m.classes.clone());
        let tables = |m: &Model| (m.targets.clone(), m.table.clone());
        head(self) == head(other)
            && tables(self) == tables(other)
            && self.loss == other.loss
            && self.layers == other.layers
    }
}

impl PartialEq for ModelLayer {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.layer, &self.from) == (&other.name, &other.layer, &other.from)
    }
}

/// The names of classes: a list, or a number, which stands for `"0"`, `"1"`, ….
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes(Vec<String>);

impl From<usize> for Classes {
    fn from(count: usize) -> Self {
        Classes((0..count).map(|label| label.to_string()).collect())
    }
}

impl<S: Into<String>> From<Vec<S>> for Classes {
    fn from(names: Vec<S>) -> Self {
        Classes(names.into_iter().map(Into::into).collect())
    }
}

impl<S: Into<String>, const K: usize> From<[S; K]> for Classes {
    fn from(names: [S; K]) -> Self {
        Classes(names.into_iter().map(Into::into).collect())
    }
}

impl Model {
    /// The name of the input in its graphs, and the name by which layers refer to it.
    pub const INPUT: &'static str = "input";

    /// A model without layers for samples of the given shape.
    #[track_caller]
    pub fn new(name: impl Into<String>, input: impl Into<Shape>) -> Self {
        Model {
            name: name.into(),
            input: input.into(),
            preprocessing: Preprocessing::default(),
            classes: vec![],
            targets: vec![],
            table: None,
            loss: Loss::default(),
            layers: vec![],
            place: Some(Place::Source(Location::caller())),
        }
    }

    /// Its classes: a number, or their names.
    pub fn classes(mut self, classes: impl Into<Classes>) -> Self {
        self.classes = classes.into().0;
        self
    }

    /// The names of the numbers that it gives, one for each output, instead of classes.
    ///
    /// ```
    /// use striate::prelude::*;
    /// let model = Model::new("price", [3]).targets(["euro"]).loss(Loss::MeanSquaredError {}).dense(1).finish()?;
    /// assert!(model.to_toml().contains("targets = [\"euro\"]"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn targets(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.targets = names.into_iter().map(Into::into).collect();
        self
    }

    /// How a row of a table becomes a sample.
    pub fn table(mut self, encoding: Encoding) -> Self {
        self.table = Some(encoding);
        self
    }

    /// Whether it gives numbers instead of classes.
    pub fn gives_numbers(&self) -> bool {
        !self.targets.is_empty()
    }

    /// How a picture becomes a sample.
    pub fn preprocessing(mut self, preprocessing: Preprocessing) -> Self {
        self.preprocessing = preprocessing;
        self
    }

    /// What training makes small.
    pub fn loss(mut self, loss: Loss) -> Self {
        self.loss = loss;
        self
    }

    /// Appends a skip: the output so far plus those of the layers of these names.
    #[track_caller]
    pub fn plus(self, with: impl Into<Names>) -> Self {
        self.then(AddLayer::with(with)).base()
    }

    /// Appends a layer that gives the channels so far, then those of the layers of these names.
    #[track_caller]
    pub fn concat(self, with: impl Into<Names>) -> Self {
        self.then(ConcatLayer::with(with)).base()
    }

    /// The last layer works on the output of the layer of that name instead of that of the one before it.
    pub fn input_from(mut self, name: &str) -> Self {
        if let Some(last) = self.layers.last_mut() {
            last.from = Some(name.to_string());
        }
        self
    }

    /// The model, if all is well with it.
    ///
    /// # Errors
    /// Every mistake at once, each with the line that made it.
    ///
    /// ```
    /// use striate::prelude::*;
    /// let error = Model::new("small", [1, 8, 8]).classes(2).conv2d(6, 9).relu().finish().unwrap_err();
    /// assert!(error.to_string().contains("the kernel does not fit the input"));
    /// assert!(error.to_string().contains("layer `conv1`"));
    /// ```
    pub fn finish(self) -> Result<Self> {
        self.check()?;
        Ok(self)
    }

    /// The layer of that name.
    pub fn find(&self, name: &str) -> Option<&ModelLayer> {
        self.layers.iter().find(|layer| layer.name == name)
    }
}

impl Base for Model {
    fn append(mut self, name: Option<String>, layer: Layer, place: Place) -> Self {
        let name = name.unwrap_or_else(|| default_name(layer.kind(), self.layers.iter().map(|l| l.layer.kind())));
        self.layers.push(ModelLayer { name, layer, from: None, place: Some(place) });
        self
    }
}

/// The name of a layer that was given none: its kind and its number among the layers so far.
fn default_name<'a>(kind: &str, before: impl Iterator<Item = &'a str>) -> String {
    let number = 1 + before.filter(|other| stem(other) == stem(kind)).count();
    format!("{}{number}", stem(kind))
}
