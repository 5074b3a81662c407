use super::divergence::{first_bad_state, first_non_finite};
use super::graphs::fits;
use super::{Evaluation, Evaluator, Graphs, Progress, Settings, Steps, StopReason, Tally, Watched, count_right};
use crate::data::{Batches, Dataset, Preprocessing};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Instant;
use striate_graph::Graph;
use striate_graph::ops::dropout::COUNTER;
use striate_plan::{Choices, Feed, Options, Store, Tensor};
use striate_tensor::{Array, Error, Fault, Place, Result, Shape};

/// What a training learns from and what it watches.
#[derive(Clone, Debug)]
pub struct Data {
    /// The samples to learn from.
    pub train: Dataset,
    /// The samples to measure on after each epoch, which decide what the best weights are.
    pub watched: Dataset,
    /// From bytes to numbers.
    pub preprocessing: Preprocessing,
}

/// Trains a model on a data set.
///
/// Each call of [`Trainer::advance`] does one thing, a step or the end of an epoch, and says what it was. Between two
/// calls everything that the future depends on is in [`Trainer::store`] and [`Trainer::position`] (and, where the rule
/// of stable weights is on, [`Trainer::epoch_start`]): saved and given back to [`Trainer::restore`], the training goes on
/// with the same bits.
#[derive(Debug)]
pub struct Trainer {
    settings: Settings,
    steps: Steps,
    evaluator: Evaluator,
    train: Batches,
    watched: Batches,
    position: Position,
    epoch_start: BTreeMap<String, Array<f32>>,
    good: (Store, Position),
    x: Vec<f32>,
    y: Vec<i32>,
    t: Vec<f32>,
}

/// Where a training stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Position {
    /// Epochs that are complete.
    pub epoch: u64,
    /// Steps of the current epoch that are done.
    pub batch: usize,
    /// Steps in all that are done.
    pub step: u64,
    /// What was counted in the current epoch so far.
    pub tally: Tally,
    /// Seconds spent in the steps of the current epoch.
    #[serde(with = "super::bits")]
    pub epoch_seconds: f64,
    /// Seconds spent in steps.
    #[serde(with = "super::bits")]
    pub seconds: f64,
    /// The epoch with the best accuracy on the watched data.
    pub best: Option<Best>,
    /// The complete epochs.
    pub history: Vec<EpochReport>,
    /// Why the training ended, if it did.
    pub stopped: Option<StopReason>,
}

/// The best epoch so far: the first with the highest accuracy on the watched data; of a model that gives numbers, the
/// first with the lowest loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Best {
    /// Its number, from 1.
    pub epoch: u64,
    /// What was counted on the watched data.
    pub watched: Tally,
}

/// One complete epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EpochReport {
    /// Its number, from 1.
    pub epoch: u64,
    /// Steps done since the beginning.
    pub steps: u64,
    /// The learning rate of its last step.
    pub learning_rate: f32,
    /// The training samples, each counted in its own step.
    pub train: Tally,
    /// The watched samples, with the weights at the end of the epoch.
    pub watched: Tally,
    /// The largest change of a weight over the epoch, where that was asked for.
    pub change: Option<f32>,
    /// Whether it is the best so far.
    pub best: bool,
    /// Seconds spent in its steps.
    #[serde(with = "super::bits")]
    pub seconds: f64,
}

impl EpochReport {
    /// Training samples a second.
    pub fn images_per_second(&self) -> f64 {
        if self.seconds > 0.0 { self.train.samples() as f64 / self.seconds } else { 0.0 }
    }
}

/// What a call of [`Trainer::advance`] did.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A step; with the loss of its batch.
    Step {
        /// The mean loss of the batch, before the update.
        loss: f32,
    },
    /// The end of an epoch.
    Epoch(EpochReport),
    /// Nothing: the training is over.
    Done(StopReason),
}

impl Trainer {
    /// A training before its first step, with the weights that the seed gives.
    ///
    /// # Errors
    /// `Fault::Usage`: senseless settings. `Fault::Data`: the data do not fit the model. `Fault::Model`: the graphs are
    /// not what [`Graphs`] says.
    pub fn new(graphs: Graphs, data: &Data, settings: Settings, threads: usize) -> Result<Self> {
        settings.check()?;
        for samples in [&data.train, &data.watched] {
            fits(&graphs.evaluation, &data.preprocessing, samples)?;
        }
        let mut store = Store::new(&graphs.training, settings.seed);
        store.extend(&graphs.evaluation, settings.seed);
        seed_dropout(&graphs.training, &mut store, settings.seed)?;
        let train = Batches::shuffled(&data.train, &data.preprocessing, settings.batch, settings.seed)?;
        let watched = Batches::sequential(&data.watched, &data.preprocessing, Evaluator::BATCH)?;
        let x = vec![0.0; settings.batch.min(data.train.len()) * train.sample_shape().elements()];
        let y = vec![0; settings.batch.min(data.train.len())];
        let t = vec![0.0; y.len() * data.train.target_width()];
        let good = (store.clone(), Position::default());
        let options = Options { exact: settings.exact, ..Options::default() };
        let steps = Steps::new(graphs.training, store, threads)?.with_options(options.clone());
        let evaluator = Evaluator::new(graphs.evaluation).with_options(options);
        let (position, epoch_start) = (Position::default(), BTreeMap::new());
        let mut trainer = Trainer { settings, steps, evaluator, train, watched, position, epoch_start, good, x, y, t };
        trainer.note_epoch_start();
        Ok(trainer)
    }

    /// Makes all plans with these choices of variants, which decide the bits as the settings do.
    #[must_use]
    pub fn with_choices(self, choices: Choices) -> Self {
        let options = Options { exact: self.settings.exact, choices, ..Options::default() };
        let (steps, evaluator) = (self.steps.with_options(options.clone()), self.evaluator.with_options(options));
        Trainer { steps, evaluator, ..self }
    }

    /// Starts from these weights, by their names, such as those of [`from_dbn`](crate::model::from_dbn); all others stay as
    /// the seed drew them.
    ///
    /// # Errors
    /// `Fault::Usage`: the training has begun. `Fault::Model`: a name or shape is not the model's. Then nothing changes.
    pub fn start_from(&mut self, weights: impl IntoIterator<Item = (String, Array<f32>)>) -> Result<()> {
        if self.position != Position::default() {
            return Err(Error::usage("weights to start from come before the first step")
                .found(format!("{} steps done", self.position.step))
                .hint("`restore` goes on in the middle of a training"));
        }
        let mut store = self.steps.store().clone();
        for (name, values) in weights {
            store.set(&name, Tensor::F32(values))?;
        }
        *self.steps.store_mut() = store;
        self.note_epoch_start();
        self.note_good();
        Ok(())
    }

    /// Goes on from where another training of the same model, data and settings stood.
    ///
    /// # Errors
    /// `Fault::Data`: the store or the position does not fit this training.
    pub fn restore(
        &mut self,
        store: Store,
        position: Position,
        epoch_start: BTreeMap<String, Array<f32>>,
    ) -> Result<()> {
        let foreign = |what: String| Error::data("the checkpoint does not belong to this training").found(what);
        for (name, old) in self.steps.store().iter() {
            let fits = match (old, store.get(name)) {
                (Tensor::F32(old), Some(Tensor::F32(new))) => old.shape() == new.shape(),
                (Tensor::I32(old), Some(Tensor::I32(new))) => old.shape() == new.shape(),
                _ => false,
            };
            if !fits {
                return Err(foreign(format!("no fitting tensor `{name}`")));
            }
        }
        if store.iter().count() != self.steps.store().iter().count() {
            return Err(foreign("tensors that the model does not have".into()));
        }
        let steps = position.epoch.checked_mul(self.train.len() as u64).map(|steps| steps + position.batch as u64);
        if position.batch > self.train.len() || steps != Some(position.step) {
            let Position { epoch, batch, step, .. } = position;
            return Err(foreign(format!("step {step} at batch {batch} of {} in epoch {epoch}", self.train.len())));
        }
        if position.history.len() as u64 != position.epoch {
            return Err(foreign(format!("{} reports for {} epochs", position.history.len(), position.epoch)));
        }
        let watches_change = self.settings.stop.change.is_some();
        let noted = |name: &str| epoch_start.get(name).map(Array::shape);
        if watches_change && self.steps.parameters().any(|name| noted(name) != shape_of(&store, name)) {
            return Err(foreign("not the weights at the start of the epoch".into()));
        }
        self.train.start_epoch(position.epoch);
        self.good = (store.clone(), position.clone());
        *self.steps.store_mut() = store;
        self.position = position;
        self.epoch_start = epoch_start;
        Ok(())
    }

    /// Does the next thing: a step; or, behind the last step of an epoch, the evaluation and the decision whether to
    /// stop.
    ///
    /// # Errors
    /// `Fault::Diverged`: the loss is not finite. The message names the first tensor that was not, and the training is
    /// set back to the step before the first bad one.
    pub fn advance(&mut self) -> Result<Event> {
        if let Some(reason) = &self.position.stopped {
            return Ok(Event::Done(reason.clone()));
        }
        match self.position.batch < self.train.len() {
            true => self.step(),
            false => self.finish_epoch(),
        }
    }

    fn step(&mut self) -> Result<Event> {
        let begin = Instant::now();
        let loss = self.run_step()?;
        if !loss.is_finite() {
            let at = &self.position;
            let what = format!("the loss of step {} (epoch {}, batch {})", at.step + 1, at.epoch + 1, at.batch + 1);
            return Err(self.diverged(&format!("{what} is {loss}")));
        }
        let samples = self.train.batch_len(self.position.batch);
        let right = match self.t.is_empty() {
            true => count_right(self.steps.output(1), &self.y[..samples]),
            false => 0,
        };
        self.position.tally.add(loss, right, samples);
        self.position.batch += 1;
        self.position.step += 1;
        let seconds = begin.elapsed().as_secs_f64();
        self.position.epoch_seconds += seconds;
        self.position.seconds += seconds;
        Ok(Event::Step { loss })
    }

    /// The step at the present position, without moving on.
    fn run_step(&mut self) -> Result<f32> {
        let samples = self.train.fill(self.position.batch, &mut self.x, &mut self.y);
        self.steps.set_learning_rate(self.settings.rate(self.progress()));
        self.train.fill_targets(self.position.batch, &mut self.t);
        let x = &self.x[..samples * self.train.sample_shape().elements()];
        self.steps.step_unchecked(&[Feed::F32(x), labels(&self.y, &self.t, samples, &self.train)])
    }

    fn finish_epoch(&mut self) -> Result<Event> {
        if first_bad_state(self.steps.graph(), self.steps.store()).is_some() {
            return Err(self.diverged("a weight is no longer finite"));
        }
        let (evaluator, watched) = (&mut self.evaluator, &self.watched);
        let (workers, store) = self.steps.workers_and_store();
        let watched = evaluator.evaluate(workers, store, watched)?.all;
        let change = self.settings.stop.change.map(|_| self.largest_change());
        let learning_rate =
            self.settings.rate(Progress { step: self.position.step.saturating_sub(1), ..self.progress() });

        let at = &mut self.position;
        at.epoch += 1;
        let numbers = !self.t.is_empty();
        let best = at.best.is_none_or(|best| match numbers {
            true => watched.loss() < best.watched.loss(),
            false => watched.right() > best.watched.right(),
        });
        if best {
            at.best = Some(Best { epoch: at.epoch, watched });
        }
        let report = EpochReport {
            epoch: at.epoch,
            steps: at.step,
            learning_rate,
            train: std::mem::take(&mut at.tally),
            watched,
            change,
            best,
            seconds: std::mem::take(&mut at.epoch_seconds),
        };
        at.history.push(report.clone());
        at.batch = 0;
        at.stopped = self.settings.stop.verdict(&Watched {
            epoch: at.epoch,
            accuracy: report.train.accuracy(),
            change: change.map(f64::from),
            waited: at.best.map_or(0, |best| at.epoch - best.epoch),
            seconds: at.seconds,
        });
        self.train.start_epoch(self.position.epoch);
        self.note_epoch_start();
        self.note_good();
        Ok(Event::Epoch(report))
    }

    fn note_epoch_start(&mut self) {
        if self.settings.stop.change.is_some() {
            let weights = self.steps.parameters().filter_map(|name| match self.steps.store().get(name) {
                Some(Tensor::F32(weights)) => Some((name.to_string(), weights.clone())),
                _ => None,
            });
            self.epoch_start = weights.collect();
        }
    }

    fn largest_change(&self) -> f32 {
        let changes = self.epoch_start.iter().flat_map(|(name, before)| {
            let now: &[f32] = match self.steps.store().get(name) {
                Some(Tensor::F32(now)) => now.data(),
                _ => &[],
            };
            before.data().iter().zip(now).map(|(before, now)| (now - before).abs())
        });
        changes.fold(0.0, f32::max)
    }

    /// Whether everything that is kept is finite, so that it is worth saving; notes it as a point to return to.
    ///
    /// # Errors
    /// `Fault::Diverged`, as [`Trainer::advance`].
    pub fn check_finite(&mut self) -> Result<()> {
        if first_bad_state(self.steps.graph(), self.steps.store()).is_some() {
            return Err(self.diverged("a weight is no longer finite"));
        }
        self.note_good();
        Ok(())
    }

    fn note_good(&mut self) {
        self.good = (self.steps.store().clone(), self.position.clone());
    }

    /// The error of a training that diverged. A training is a function of where it stood: it returns to the last point
    /// known to be good, and the steps since are done again, one by one, up to the first that is not finite.
    fn diverged(&mut self, what: &str) -> Error {
        let end = self.position.step;
        let (store, position) = self.good.clone();
        *self.steps.store_mut() = store;
        self.position = position;
        let mut error = Error::new(Fault::Diverged, format!("training diverged: {what}"));
        while self.position.step <= end && self.position.batch < self.train.len() {
            let before = self.steps.store().clone();
            let Ok(loss) = self.run_step() else { break };
            if loss.is_finite() && first_bad_state(self.steps.graph(), self.steps.store()).is_none() {
                self.position.batch += 1;
                self.position.step += 1;
                continue;
            }
            *self.steps.store_mut() = before;
            let samples = self.train.batch_len(self.position.batch);
            let rate = [self.settings.rate(self.progress())];
            let x = &self.x[..samples * self.train.sample_shape().elements()];
            let inputs = [Feed::F32(x), labels(&self.y, &self.t, samples, &self.train), Feed::F32(&rate)];
            let (graph, workers, options) = (self.steps.graph(), self.steps.workers(), self.steps.options());
            if let Ok(Some(bad)) = first_non_finite(graph, samples, workers, self.steps.store(), &inputs, options) {
                error = error.found(format!("{bad}, the first in step {}", self.position.step + 1));
                if !bad.layer.is_empty() {
                    error = error.at(Place::Layer(bad.layer));
                }
            }
            break;
        }
        let rate = self.settings.learning_rate;
        error.expected("finite numbers only").hint(format!("use a smaller learning rate than {rate}, or a warm-up"))
    }

    /// What the schedule depends on.
    pub fn progress(&self) -> Progress {
        let (step, epochs) = (self.position.step, self.settings.stop.epochs);
        Progress { step, steps_per_epoch: self.train.len() as u64, epochs }
    }

    /// Where the training stands.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Number of steps in an epoch.
    pub fn batches(&self) -> usize {
        self.train.len()
    }

    /// How many samples are learnt from, and how many are watched.
    pub fn samples(&self) -> (usize, usize) {
        (self.train.dataset().len(), self.watched.dataset().len())
    }

    /// Where the samples come from, in one line.
    pub fn source(&self) -> &str {
        self.train.dataset().source()
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The parameters, and everything else that is kept.
    pub fn store(&self) -> &Store {
        self.steps.store()
    }

    /// The weights at the start of the current epoch, where the rule of stable weights is on; else nothing.
    pub fn epoch_start(&self) -> &BTreeMap<String, Array<f32>> {
        &self.epoch_start
    }

    /// The graph that is trained.
    pub fn graph(&self) -> &Graph {
        self.steps.graph()
    }

    /// The names of what a model needs to be used: parameters and running statistics, without the optimiser's own.
    pub fn weights(&self) -> impl Iterator<Item = &str> {
        let graph = self.evaluator.graph();
        graph.states().map(|id| graph.value(id).name.as_str())
    }

    /// Measures the present weights on other data.
    ///
    /// # Errors
    /// `Fault::Model`: the preprocessing or the model does not fit the samples.
    pub fn evaluate(&mut self, data: &Dataset, preprocessing: &Preprocessing) -> Result<Evaluation> {
        let batches = Batches::sequential(data, preprocessing, Evaluator::BATCH)?;
        let (workers, store) = self.steps.workers_and_store();
        self.evaluator.evaluate(workers, store, &batches)
    }
}

/// The labels of a batch, or its targets.
fn labels<'a>(y: &'a [i32], t: &'a [f32], samples: usize, train: &Batches) -> Feed<'a> {
    match t.is_empty() {
        true => Feed::I32(&y[..samples]),
        false => Feed::F32(&t[..samples * train.dataset().target_width()]),
    }
}

fn shape_of<'a>(store: &'a Store, name: &str) -> Option<&'a Shape> {
    match store.get(name) {
        Some(Tensor::F32(numbers)) => Some(numbers.shape()),
        _ => None,
    }
}

/// Puts the seed into the counter that dropout draws from, (seed, step).
pub(super) fn seed_dropout(graph: &Graph, store: &mut Store, seed: u64) -> Result<()> {
    let Some(id) = graph.find(COUNTER) else { return Ok(()) };
    let shape = graph.value(id).ty.shape();
    let mixed = (seed ^ (seed >> 32)) as u32 as i32;
    store.set(COUNTER, Tensor::I32(Array::from_fn(shape, |i| if i == 0 { mixed } else { 0 })))
}
