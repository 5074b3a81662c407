//! Learning while in use: each row is answered first and learned from afterwards.
//!
//! A step of training computes its scores before its update: the answer to a row is the forward pass of the step that learns
//! it. Rows without a target are answered only. *Prequential* measures are those of the answers given before each row was
//! learned (A. P. Dawid 1984; see [`striate_classics::online`]).

use super::parts::label;
use super::schema::not_a_number;
use super::table::number;
use super::{Encoding, is_missing};
use crate::model::Model;
use crate::run::Saved;
use crate::suggest::nearest;
use crate::train::{Feed, Graphs, Optimizer, Steps, best_class, evaluation_graph};
use std::path::Path;
use striate_classics::online::Prequential;
use striate_plan::{Options, Plan, Store};
use striate_tensor::{Error, Fault, Result};

/// A network for a table that learns while it is used.
///
/// ```
/// use striate::tables::{Columns, Missing, Online, Recipe, Style, Table, prepare};
/// let iris = Table::embedded("iris")?;
/// let parts = prepare(&iris, &Columns::target("class"), Missing::Error, 0.0, 1)?; // the scale of the attributes
/// let recipe = Recipe::new(Style::Taught);
/// let model = recipe.model("iris", &parts.encoding, &parts.classes)?;
/// let mut network = Online::new(model, &recipe.optimizer(), 0.3, 1)?;
/// network.bind(iris.columns())?;
/// for step in 0..450 {
///     let row = step * 77 % 150; // the rows are sorted by class: mix them
///     let fields: Vec<&str> = (0..5).map(|column| iris.field(row, column)).collect();
///     let answer = network.learn(&fields)?.unwrap();
///     assert!(answer.right.is_some());
/// }
/// assert!(network.answers().accuracy_of_last(150) > network.answers().accuracy());
/// # Ok::<(), striate::prelude::Error>(())
/// ```
#[derive(Debug)]
pub struct Online {
    model: Model,
    encoding: Encoding,
    steps: Steps,
    predictor: Plan,
    seed: u64,
    /// The columns of the attributes, and of the target if there is one.
    columns: Vec<usize>,
    target: Option<usize>,
    inputs: Vec<f32>,
    answers: Prequential,
    /// Squares of the errors of numbers, in their own unit.
    squares: Vec<f64>,
}

/// The answer to a row, given before it was learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The class; `None` where a number is told.
    pub class: Option<usize>,
    /// The number in its own unit; `None` where a class is told.
    pub number: Option<f64>,
    /// Whether the class was right; `None` where the row did not say, or a number is told.
    pub right: Option<bool>,
    /// How far the number was off; `None` where the row did not say, or a class is told.
    pub error: Option<f64>,
}

impl Online {
    /// A network that has learned nothing.
    ///
    /// # Errors
    /// `Fault::Model`: the model has mistakes or reads no table. `Fault::Usage`: the rate is no number above 0.
    pub fn new(model: Model, optimizer: &Optimizer, rate: f64, seed: u64) -> Result<Self> {
        let Some(encoding) = model.table.clone() else {
            return Err(Error::model("the model does not read tables")
                .expected("`table`, which says how a row becomes a sample")
                .hint("train one: striate train rows.csv --target COLUMN"));
        };
        if !(rate > 0.0 && rate <= f64::from(f32::MAX)) {
            return Err(Error::usage("the learning rate makes no sense").found(rate).expected("a number above 0"));
        }
        let graphs = Graphs::of(&model, optimizer)?;
        let store = Store::new(&graphs.training, seed);
        let mut steps = Steps::new(graphs.training, store, 1)?;
        steps.set_learning_rate(rate as f32);
        let predictor = Plan::new(&model.graph_for_inference()?, 1, &Options::default())?;
        let (columns, target, inputs) = (vec![], None, vec![]);
        let (answers, squares) = (Prequential { right: vec![] }, vec![]);
        Ok(Online { model, encoding, steps, predictor, seed, columns, target, inputs, answers, squares })
    }

    /// A network that goes on from saved weights.
    ///
    /// # Errors
    /// As [`Online::new`].
    pub fn from_saved(saved: &Saved, optimizer: &Optimizer, rate: f64) -> Result<Self> {
        let seed = saved.metadata().get("seed").and_then(|seed| seed.parse().ok()).unwrap_or_default();
        let mut online = Self::new(saved.model().clone(), optimizer, rate, seed)?;
        for (name, tensor) in saved.store().iter() {
            online.steps.store_mut().set(name, tensor.clone())?;
        }
        Ok(online)
    }

    /// Says which columns the rows to come have, in order. A table without the target's column is only answered.
    ///
    /// # Errors
    /// `Fault::Data`: the column of an attribute is not among them.
    pub fn bind(&mut self, columns: &[String]) -> Result<()> {
        let place = |name: &str| columns.iter().position(|column| column == name);
        let column = |name: &str| {
            place(name).ok_or_else(|| {
                let error = Error::data(format!("the rows have no column `{name}`"));
                let error = error.found(super::table::shortened(columns));
                match nearest(name, columns.iter().map(String::as_str)) {
                    Some(near) => error.hint(format!("is it the one that they call `{near}`?")),
                    None => error.expected("the columns that the model was trained on"),
                }
            })
        };
        self.columns = self.encoding.attributes.iter().map(|a| column(a.name())).collect::<Result<_>>()?;
        self.target = place(&self.encoding.target);
        Ok(())
    }

    /// Answers a row, given by the fields of the bound columns, and learns from it if it says what is right. `None` where
    /// the policy for missing values leaves the row out.
    ///
    /// # Errors
    /// `Fault::Data`: a field cannot be used; nothing was learned then. `Fault::Diverged`: the loss is no longer finite.
    pub fn learn(&mut self, fields: &[&str]) -> Result<Option<Answer>> {
        let field = |column: usize| fields.get(column).copied().unwrap_or_default();
        self.inputs.clear();
        let row: Vec<&str> = self.columns.iter().map(|&column| field(column)).collect();
        if !self.encoding.append(&row, &self.columns, &mut self.inputs)? {
            return Ok(None);
        }
        let told = self.target.map(|column| (column, field(column))).filter(|(_, told)| !is_missing(told));
        let Some((column, told)) = told else { return self.answer().map(Some) };
        let name = &self.encoding.target;
        let x = Feed::F32(&self.inputs);
        let answer = match self.encoding.scale {
            None => {
                let class = label(told, column, name, &self.model.classes).map_err(|error| {
                    error.hint("the classes are those of the first rows: --first takes more of them")
                })?;
                self.steps.step(&[x, Feed::I32(&[class as i32])])?;
                let found = best_class(self.steps.output(1));
                self.answers.right.push(found == class);
                Answer { class: Some(found), number: None, right: Some(found == class), error: None }
            }
            Some(scale) => {
                let told = number(told).ok_or_else(|| not_a_number(told, column, name))?;
                self.steps.step(&[x, Feed::F32(&[scale.learned(told)])])?;
                let found = scale.own(self.steps.output(1)[0]);
                self.squares.push((found - told).powi(2));
                Answer { class: None, number: Some(found), right: None, error: Some(found - told) }
            }
        };
        Ok(Some(answer))
    }

    fn answer(&mut self) -> Result<Answer> {
        let (workers, store) = self.steps.workers_and_store();
        self.predictor.run(workers, store, &[Feed::F32(&self.inputs)])?;
        let scores = self.predictor.output(0);
        if scores.iter().any(|score| !score.is_finite()) {
            return Err(Error::new(Fault::Diverged, "the answer is not finite").hint("use a smaller learning rate"));
        }
        Ok(match self.encoding.scale {
            None => Answer { class: Some(best_class(scores)), number: None, right: None, error: None },
            Some(scale) => Answer { class: None, number: Some(scale.own(scores[0])), right: None, error: None },
        })
    }

    /// Which answers were right, in order: the prequential accuracy, of all or of a window.
    pub fn answers(&self) -> &Prequential {
        &self.answers
    }

    /// The root of the mean square of the last `window` errors, in the target's unit; 0 before the first.
    pub fn rmse_of_last(&self, window: usize) -> f64 {
        let last = &self.squares[self.squares.len().saturating_sub(window)..];
        (last.iter().sum::<f64>() / last.len().max(1) as f64).sqrt()
    }

    /// How many rows were learned from.
    pub fn learned(&self) -> usize {
        self.answers.right.len() + self.squares.len()
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Writes the weights with the model, as a training does; gives back their fingerprint.
    ///
    /// # Errors
    /// `Fault::Data`: the disk does not permit it.
    pub fn save(&self, path: &Path) -> Result<String> {
        let graph = evaluation_graph(&self.model)?;
        let names = graph.states().map(|id| graph.value(id).name.as_str());
        Saved::write(path, &self.model, self.steps.store(), names, self.seed, 0)
    }
}
