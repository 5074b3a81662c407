use super::Profile;
use crate::model::Model;
use crate::train::{Graphs, Optimizer, Sgd};
use serde::Serialize;
use std::fmt;
use std::time::{Duration, Instant};
use striate_graph::{Builder, Graph, Mode, ValueInfo};
use striate_plan::{Feed, Options, Plan, Store, Workers};
use striate_tensor::{Error, Result, Rng};

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Forward, loss, backward, and a step of gradient descent with momentum 0.9 and rate 0.01.
    Train,
    /// From samples to scores, as a trained model is used.
    Infer,
}

/// `train` or `infer`.
impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Task::Train => "train",
            Task::Infer => "infer",
        })
    }
}

impl Task {
    /// How many inputs its graph has.
    fn inputs(self) -> usize {
        match self {
            Task::Train => 3,
            Task::Infer => 1,
        }
    }

    /// The graph that does this with a model: inputs (samples), or (samples, labels, learning rate).
    ///
    /// # Errors
    /// Every mistake of the model.
    pub fn graph(self, model: &Model) -> Result<Graph> {
        match self {
            Task::Train => {
                let sgd = Sgd { momentum: 0.9, weight_decay: 0.0, ..Sgd::default() };
                Ok(Graphs::of(model, &Optimizer::from(sgd))?.training)
            }
            Task::Infer => {
                let builder = Builder::for_inference();
                let scores = model.build(&builder, Mode::Infer).output;
                builder.finish([scores.named("scores")])
            }
        }
    }
}

impl Task {
    /// The plan that runs its graph, and the store for it.
    pub(super) fn plan(self, graph: &Graph, batch: usize, options: &Options) -> Result<(Plan, Store)> {
        let store = Store::new(graph, SEED);
        Ok(match self {
            Task::Train => (Plan::new(graph, batch, options)?, store),
            // the plan has the weights in itself
            Task::Infer => (Plan::frozen(graph, batch, &store, options)?, Store::default()),
        })
    }
}

/// The learning rate of the steps that are timed.
const RATE: f32 = 0.01;

/// Decides weights, samples and labels.
const SEED: u64 = 1;

/// Samples beyond which a batch is taken for a mistake.
const MOST_SAMPLES: usize = 1 << 16;

/// Numbers in one value beyond which a batch is taken for a mistake: 16 GiB.
const MOST_ELEMENTS: usize = 1 << 32;

/// A model made ready to run on one fixed batch: normal numbers, and labels drawn at random.
#[derive(Debug)]
pub struct Workload {
    plan: Plan,
    store: Store,
    workers: Workers,
    task: Task,
    batch: usize,
    samples: Vec<f32>,
    labels: Vec<i32>,
    /// Instead of labels, where the model gives numbers.
    targets: Vec<f32>,
    multiply_adds: u64,
}

impl Workload {
    /// The task on `batch` samples with so many threads.
    ///
    /// # Errors
    /// Every mistake of the model; a batch that is 0 or far too large.
    pub fn new(model: &Model, batch: usize, task: Task, threads: usize) -> Result<Self> {
        Self::with_options(model, batch, task, threads, &Options::default())
    }

    /// As [`Workload::new`], on a plan made with these options.
    ///
    /// # Errors
    /// As [`Workload::new`].
    pub fn with_options(model: &Model, batch: usize, task: Task, threads: usize, options: &Options) -> Result<Self> {
        let graph = task.graph(model)?;
        check_batch(&graph, batch)?;
        let rng = Rng::new(SEED);
        let mut inputs = graph.inputs().map(|id| graph.value(id).ty.shape_at(batch).elements() as u64);
        let (samples, labels) = (rng.stream("samples"), rng.stream("labels"));
        let samples = (0..inputs.next().unwrap_or(0)).map(|i| samples.normal(i)).collect();
        let told = inputs.next().unwrap_or(0);
        let (labels, targets) = match model.gives_numbers() {
            true => (vec![], (0..told).map(|i| labels.normal(i)).collect()),
            false => ((0..told).map(|i| labels.below(i, model.classes.len()) as i32).collect(), vec![]),
        };
        let (plan, store) = task.plan(&graph, batch, options)?;
        Ok(Workload {
            plan,
            store,
            workers: Workers::new(threads),
            task,
            batch,
            samples,
            labels,
            targets,
            multiply_adds: model.summary()?.macs,
        })
    }

    /// One training step or one prediction.
    ///
    /// # Errors
    /// None that the numbers could cause: a defect of Striate itself.
    pub fn step(&mut self) -> Result<()> {
        let feeds = [Feed::F32(&self.samples), told(&self.labels, &self.targets), Feed::F32(&[RATE])];
        self.plan.run(&self.workers, &mut self.store, &feeds[..self.task.inputs()])
    }

    /// Times each equation of so many steps.
    ///
    /// # Errors
    /// As [`Workload::step`].
    pub fn profile(&mut self, steps: usize) -> Result<Profile> {
        let feeds = [Feed::F32(&self.samples), told(&self.labels, &self.targets), Feed::F32(&[RATE])];
        let mut runs = vec![Vec::new(); steps];
        for durations in &mut runs {
            self.plan.run_timed(&self.workers, &mut self.store, &feeds[..self.task.inputs()], durations)?;
        }
        Ok(Profile::new(&self.plan, &runs))
    }

    /// Times so many steps, each by itself.
    ///
    /// # Errors
    /// As [`Workload::step`].
    pub fn measure(&mut self, steps: usize) -> Result<Vec<Duration>> {
        let mut durations = Vec::with_capacity(steps);
        for _ in 0..steps {
            let start = Instant::now();
            self.step()?;
            durations.push(start.elapsed());
        }
        Ok(durations)
    }

    /// Samples of a step.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// What is timed.
    pub fn task(&self) -> Task {
        self.task
    }

    /// The threads that run it.
    pub fn threads(&self) -> usize {
        self.workers.threads()
    }

    /// Multiply-adds from one sample to its scores, taps in the padding included.
    pub fn multiply_adds(&self) -> u64 {
        self.multiply_adds
    }

    /// What is run.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The first output of the last step: the loss, or the scores.
    pub fn output(&self) -> &[f32] {
        self.plan.output(0)
    }
}

/// The classes of the samples, or their targets.
fn told<'a>(labels: &'a [i32], targets: &'a [f32]) -> Feed<'a> {
    if targets.is_empty() { Feed::I32(labels) } else { Feed::F32(targets) }
}

/// Whether a graph at a batch size is one that a machine can hold.
pub(crate) fn check_batch(graph: &Graph, batch: usize) -> Result<()> {
    if !(1..=MOST_SAMPLES).contains(&batch) {
        let error = Error::usage("the batch size is not usable").found(batch);
        return Err(error.expected(format!("1 to {MOST_SAMPLES}")));
    }
    let elements = |value: &&ValueInfo| value.ty.shape_at(batch).elements();
    match graph.values.iter().max_by_key(elements) {
        Some(largest) if elements(&largest) > MOST_ELEMENTS => {
            Err(Error::usage("the batch is too large for this model")
                .found(format!("{batch} samples make {} numbers of `{}`", elements(&largest), largest.name))
                .expected(format!("at most {MOST_ELEMENTS} numbers in one value")))
        }
        _ => Ok(()),
    }
}
