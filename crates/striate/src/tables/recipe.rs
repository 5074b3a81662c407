//! The network for a table, and how it learns: as textbooks teach it, or as one does it today.

use super::{Encoding, Scale};
use crate::model::{Loss, Model};
use crate::nn::{Activations, Chain};
use crate::train::{Adam, Optimizer, Schedule, Settings, Sgd, StopRules};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use striate_graph::Scheme;
use striate_graph::ops::matmul::Dense;
use striate_tensor::{Error, Result};

/// How a network learns, as a whole.
///
/// | | taught | modern |
/// |---|---|---|
/// | hidden units | logistic | ReLU |
/// | output, two classes | one logistic unit | one logistic unit |
/// | output, more | a logistic unit each | softmax |
/// | output, a number | a linear unit | a linear unit |
/// | loss | ½Σ(T − O)² | cross-entropy; of a number the mean squared error |
/// | start | weights and biases uniform in ±0.5 | He's for hidden units, Glorot's for the output |
/// | update | after each sample (or once an epoch, by the mean), rate 0.3 (3), no momentum | Adam, batches of a tenth of the samples (4 to 32), rate 0.01, falling by a cosine |
/// | epochs | 500 (2000) | 200 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// Back-propagation as taught.
    Taught,
    /// As one does it today.
    #[default]
    Modern,
}

impl FromStr for Style {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "taught" => Ok(Style::Taught),
            "modern" => Ok(Style::Modern),
            _ => Err(Error::usage("there is no such style").found(format!("`{text}`")).expected("taught or modern")),
        }
    }
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Style::Taught => "taught",
            Style::Modern => "modern",
        })
    }
}

/// The units of the hidden layers, such as `8,4`; `none` for no hidden layer.
///
/// ```
/// use striate::tables::Topology;
/// let topology: Topology = "8,4".parse()?;
/// assert_eq!((topology.0.as_slice(), topology.to_string()), (&[8, 4][..], "8,4".to_string()));
/// # Ok::<(), striate::prelude::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology(pub Vec<usize>);

impl FromStr for Topology {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "none" {
            return Ok(Topology(vec![]));
        }
        let units = |part: &str| part.trim().parse().ok().filter(|units| (1..=MOST_UNITS).contains(units));
        text.split(',').map(units).collect::<Option<Vec<usize>>>().map(Topology).ok_or_else(|| {
            Error::usage("these are no hidden layers")
                .found(format!("`{text}`"))
                .expected(format!("units of each layer, 1 to {MOST_UNITS}, such as 8 or 8,4; or none"))
        })
    }
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.is_empty() {
            true => f.write_str("none"),
            false => f.write_str(&self.0.iter().map(usize::to_string).collect::<Vec<_>>().join(",")),
        }
    }
}

const MOST_UNITS: usize = 1 << 16;

/// A network for a table, and how it learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// How it learns.
    pub style: Style,
    /// The units of the hidden layers.
    pub hidden: Vec<usize>,
    /// One update an epoch, by the mean over all samples.
    pub per_epoch: bool,
}

impl Recipe {
    /// One hidden layer of 16 units.
    pub fn new(style: Style) -> Self {
        Recipe { style, hidden: vec![16], per_epoch: false }
    }

    /// The model of this name for rows of such an encoding and these classes (none where a number is told).
    ///
    /// # Errors
    /// `Fault::Model`: the name is none of a model, the network is too large.
    ///
    /// ```
    /// use striate::tables::{Columns, Missing, Recipe, Style, Table, prepare};
    /// let parts = prepare(&Table::embedded("breast-cancer")?, &Columns::target("class"), Missing::Error, 0.0, 1)?;
    /// let model = Recipe::new(Style::Taught).model("tumours", &parts.encoding, &parts.classes)?;
    /// // Two classes, one logistic output; the encoding is a part of the model and of its file.
    /// assert_eq!(model.layers.len(), 4);
    /// assert_eq!(striate::model::Model::from_toml(&model.to_toml(), "tumours.toml")?, model);
    /// # Ok::<(), striate::prelude::Error>(())
    /// ```
    pub fn model(&self, name: &str, encoding: &Encoding, classes: &[String]) -> Result<Model> {
        let mut model = Model::new(name, [encoding.width()]).table(encoding.clone());
        let outputs = if classes.len() == 2 { 1 } else { classes.len().max(1) };
        model = match encoding.scale {
            Some(Scale { .. }) => model.targets([encoding.target.as_str()]),
            None => model.classes(classes.to_vec()),
        };
        let (hidden, last) = match self.style {
            Style::Taught => (Scheme::Uniform(0.5), Scheme::Uniform(0.5)),
            Style::Modern => (Scheme::He, Scheme::Glorot),
        };
        for &units in &self.hidden {
            let dense = model.then(Dense::new(units).init(hidden.clone()));
            model = match self.style {
                Style::Taught => dense.logistic().base(),
                Style::Modern => dense.relu().base(),
            };
        }
        model = model.then(Dense::new(outputs).init(last)).base();
        let numbers = encoding.scale.is_some();
        model = model.loss(match (self.style, numbers) {
            (Style::Taught, _) => Loss::SquaredError {},
            (Style::Modern, true) => Loss::MeanSquaredError {},
            (Style::Modern, false) if outputs == 1 => Loss::BinaryCrossEntropy {},
            (Style::Modern, false) => Loss::default(),
        });
        if self.style == Style::Taught && !numbers {
            model = model.logistic().base();
        }
        model.finish()
    }

    /// How the gradient changes the weights.
    pub fn optimizer(&self) -> Optimizer {
        match self.style {
            Style::Taught => Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0, ..Sgd::default() }.into(),
            Style::Modern => Adam::default().into(),
        }
    }

    /// Everything else, for so many training samples.
    pub fn settings(&self, samples: usize) -> Settings {
        let usual = Settings { schedule: Schedule::Constant, ..Settings::default() };
        let settings = match (self.style, self.per_epoch) {
            (Style::Taught, false) => Settings { batch: 1, learning_rate: 0.3, stop: StopRules::after(500), ..usual },
            (Style::Taught, true) => Settings { learning_rate: 3.0, stop: StopRules::after(2000), ..usual },
            // So that a small table has enough steps too.
            (Style::Modern, _) => Settings {
                batch: (samples / 10).clamp(4, 32),
                learning_rate: 0.01,
                schedule: Schedule::Cosine { floor: 0.0 },
                stop: StopRules::after(200),
                ..usual
            },
        };
        if self.per_epoch { Settings { batch: samples, ..settings } } else { settings }
    }
}

/// A name for a model and its runs, made of the name of a table: other characters than letters, digits, `_`, `-` and `.`
/// become `_`.
///
/// ```
/// assert_eq!(striate::tables::model_name("my data (2)"), "my_data__2_");
/// ```
pub fn model_name(table: &str) -> String {
    let fits = |c: char| if c.is_alphanumeric() || "_-.".contains(c) { c } else { '_' };
    let name: String = table.trim_start_matches('.').chars().map(fits).collect();
    if name.is_empty() { "table".into() } else { name }
}
