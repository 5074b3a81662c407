//! What is to be explained: the score S of one class for one sample.

use super::Settings;
use crate::data::Preprocessing;
use crate::explain::{Lens, Question, View};
use crate::model::Model;
use crate::suggest::nearest;
use crate::train::best_class;
use striate_graph::{GradientRule, Var};
use striate_plan::Workers;
use striate_tensor::{Array, Error, Place, Result, Shape};

/// A question about a sample and a class.
pub(super) struct Target<'a> {
    pub(super) lens: &'a Lens,
    pub(super) workers: &'a Workers,
    /// Of the shape of the model's input.
    pub(super) sample: &'a Array<f32>,
    pub(super) class: usize,
    pub(super) score: f32,
    pub(super) settings: &'a Settings,
}

/// Samples that are computed at a time, so that memory does not grow with their number.
const BATCH: usize = 16;

impl<'a> Target<'a> {
    pub(super) fn new(
        lens: &'a Lens,
        workers: &'a Workers,
        sample: &'a Array<f32>,
        class: Option<usize>,
        settings: &'a Settings,
    ) -> Result<Self> {
        let model = lens.model();
        check_shape("the sample does not fit the model", sample, &model.input)?;
        if let Some(class) = class.filter(|&class| class >= model.classes.len()) {
            return Err(no_such_class(model, &class.to_string()));
        }
        let scores = class_scores(lens, workers, sample)?;
        let class = class.unwrap_or_else(|| best_class(&scores));
        Ok(Target { lens, workers, sample, class, score: scores[class], settings })
    }

    /// x′, the sample that says nothing.
    pub(super) fn baseline(&self) -> Result<Array<f32>> {
        match &self.settings.baseline {
            Some(baseline) => {
                check_shape("the baseline does not fit the model", baseline, &self.lens.model().input)?;
                Ok(baseline.clone())
            }
            None => Ok(black(&self.lens.model().preprocessing, &self.lens.model().input)),
        }
    }

    /// S of each of several samples, N×….
    pub(super) fn scores(&self, samples: &Array<f32>) -> Result<Vec<f32>> {
        let class = self.class;
        let mut question = self.lens.ask(|view| vec![of_class(view, class)])?;
        Ok(in_batches(&mut question, self.workers, samples)?.into_data())
    }

    /// ∂S/∂x of each of several samples, N×…, by the equations' own gradients or by a rule.
    pub(super) fn gradients(&self, samples: &Array<f32>, rule: GradientRule) -> Result<Array<f32>> {
        let class = self.class;
        let mut question = self.lens.ask(|view| {
            // Samples of a batch do not see each other: the gradient of the sum is that of each score.
            view.builder.grad_by(of_class(view, class).sum_all(), &[view.input], rule)
        })?;
        in_batches(&mut question, self.workers, samples)
    }

    /// The sample as a batch of one.
    pub(super) fn alone(&self) -> Array<f32> {
        batch(&[self.sample])
    }
}

/// The score of a class for each sample of a batch, N.
pub(super) fn of_class<'g>(view: &View<'g>, class: usize) -> Var<'g> {
    scores(view).slice(1, class..class + 1).sum_except(&[0])
}

/// What the model gives before a softmax that ends it.
fn scores<'g>(view: &View<'g>) -> Var<'g> {
    match view.layers.as_slice() {
        [.., last] if matches!(last.kind, "softmax" | "log_softmax") => last_input(view).unwrap_or(view.output),
        _ => view.scores,
    }
}

/// What the last layer reads.
fn last_input<'g>(view: &View<'g>) -> Option<Var<'g>> {
    let first = view.layers.last()?.equations.start;
    let id = view.builder.peek(|graph| graph.equations.get(first)?.inputs.first().copied())?;
    Some(view.builder.var(id))
}

/// The score of each class for one sample; of a model with a class for each place, the sum over all places.
fn class_scores(lens: &Lens, workers: &Workers, sample: &Array<f32>) -> Result<Vec<f32>> {
    let mut question = lens.ask(|view| vec![scores(view).sum_except(&[0, 1])])?;
    Ok(question.answer(workers, &batch(&[sample]), &[])?.swap_remove(0).into_data())
}

/// The answer to a question of one value, N×…, for any number of samples.
fn in_batches(question: &mut Question, workers: &Workers, samples: &Array<f32>) -> Result<Array<f32>> {
    let size = samples.shape()[1..].iter().product::<usize>();
    let (mut all, mut sizes) = (vec![], vec![]);
    for part in samples.data().chunks(BATCH * size) {
        let shape = [&[part.len() / size], &samples.shape()[1..]].concat();
        let answer = question.answer(workers, &Array::new(shape, part.to_vec()), &[])?.swap_remove(0);
        sizes = answer.shape()[1..].to_vec();
        all.extend(answer.into_data());
    }
    Ok(Array::new([&[samples.shape()[0]], &sizes[..]].concat(), all))
}

/// Samples of one shape as a batch, N×….
pub(super) fn batch(samples: &[&Array<f32>]) -> Array<f32> {
    let shape: Vec<usize> = [samples.len()].into_iter().chain(samples[0].shape().iter().copied()).collect();
    Array::new(shape, samples.iter().flat_map(|sample| sample.data().iter().copied()).collect())
}

fn check_shape(what: &str, sample: &Array<f32>, wanted: &Shape) -> Result<()> {
    match sample.shape() == wanted {
        true => Ok(()),
        false => Err(Error::data(what).found(sample.shape()).expected(wanted)),
    }
}

/// A picture of black pixels as a preprocessing makes it.
fn black(preprocessing: &Preprocessing, shape: &Shape) -> Array<f32> {
    let places = shape[1..].iter().product::<usize>();
    Array::from_fn(shape.clone(), |i| preprocessing.ends(i / places)[0])
}

/// The class that a word names: by its name, else by its number.
///
/// # Errors
/// `Fault::Usage`: there is none; the hint says what was probably meant.
///
/// ```
/// use striate::{explain::attribution::class_named, prelude::*};
/// let model = zoo::find("fashion_cnn")?;
/// assert_eq!((class_named(&model, "bag")?, class_named(&model, "8")?), (8, 8));
/// assert!(class_named(&model, "sandel").unwrap_err().to_string().contains("did you mean `sandal`?"));
/// # Ok::<(), Error>(())
/// ```
pub fn class_named(model: &Model, word: &str) -> Result<usize> {
    let by_name = model.classes.iter().position(|class| class == word);
    let by_number = || word.parse().ok().filter(|&class: &usize| class < model.classes.len());
    by_name.or_else(by_number).ok_or_else(|| no_such_class(model, word))
}

fn no_such_class(model: &Model, word: &str) -> Error {
    let error = Error::usage(format!("the model has no class `{word}`")).at(Place::Layer(model.name.clone()));
    let names = || model.classes.iter().map(String::as_str);
    let error = match model.classes.len() {
        count @ 0..=20 => {
            error.expected(format!("{}, or a number below {count}", names().collect::<Vec<_>>().join(", ")))
        }
        count => error.expected(format!("the name of one of {count} classes, or a number below {count}")),
    };
    match nearest(word, names()).filter(|_| word.parse::<usize>().is_err()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    }
}
