use super::graphs::append_updates;
use super::trainer::seed_dropout;
use super::{Optimizer, divergence};
use std::collections::BTreeMap;
use striate_graph::{Builder, Graph, ValueId};
use striate_plan::{Feed, Options, Plan, Store, Workers};
use striate_tensor::{Error, Result};

/// The name of the scalar input that holds the learning rate of a step.
pub const LEARNING_RATE: &str = "learning_rate";

/// Most inputs that a training graph may have; so few that a step needs no memory to list them.
const MOST_INPUTS: usize = 16;

/// Trains any graph, one step a call, with batches of any size.
///
/// The graph holds everything: the loss as its first output, the gradient, the optimiser's updates, and the scalar
/// input [`LEARNING_RATE`] as its last. [`Steps::from_graph`] makes such a graph of one that has only a loss.
///
/// ```
/// use striate::prelude::*;
/// use striate::train::{Feed, Optimizer, Sgd, Steps};
///
/// // A line through points: y = 2x + 1.
/// let g = Builder::new();
/// let (x, y) = (g.input("x", f32([N, 1.into()])), g.input("y", f32([N, 1.into()])));
/// let away = x.dense(1).var() - y;
/// let graph = g.finish([(away * away).mean_all()])?;
///
/// let mut steps = Steps::from_graph(graph, &Optimizer::from(Sgd::default()), 1, 1)?;
/// steps.set_learning_rate(0.05);
/// let (x, y) = ([-1.0, 0.0, 1.0, 2.0], [-1.0, 1.0, 3.0, 5.0]);
/// let first = steps.step(&[Feed::F32(&x), Feed::F32(&y)])?;
/// for _ in 0..200 {
///     steps.step(&[Feed::F32(&x), Feed::F32(&y)])?;
/// }
/// assert!(steps.step(&[Feed::F32(&x), Feed::F32(&y)])? < 1e-6 * first);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Steps {
    graph: Graph,
    plans: BTreeMap<usize, Plan>,
    store: Store,
    workers: Workers,
    options: Options,
    learning_rate: f32,
    last_batch: usize,
}

impl Steps {
    /// Trains `graph` from what `store` holds.
    ///
    /// # Errors
    /// `Fault::Model`: the first output is no scalar, or the last input is not the learning rate.
    pub fn new(graph: Graph, store: Store, threads: usize) -> Result<Self> {
        let loss = graph.outputs.first().map(|&loss| graph.value(loss).ty.clone());
        if loss.as_ref().is_none_or(|ty| ty.rank() != 0) {
            let found = loss.map_or("no output".into(), |ty| ty.to_string());
            return Err(Error::model("the first output of a training graph is the loss")
                .found(found)
                .expected("a scalar"));
        }
        let inputs: Vec<_> = graph.inputs().map(|id| graph.value(id).name.clone()).collect();
        if inputs.last().is_none_or(|last| last != LEARNING_RATE) || inputs.len() > MOST_INPUTS {
            return Err(Error::model("a training graph has other inputs than the trainer can feed")
                .found(inputs.join(", "))
                .expected(format!("at most {MOST_INPUTS}, the last of them `{LEARNING_RATE}`")));
        }
        let workers = Workers::new(threads);
        let (plans, options) = (BTreeMap::new(), Options::default());
        Ok(Steps { graph, plans, store, workers, options, learning_rate: 0.0, last_batch: 0 })
    }

    /// Trains a graph whose first output is a loss, with an optimiser, from the weights that the seed gives. What else the
    /// graph returns can be read after each step.
    ///
    /// # Errors
    /// `Fault::Model`: the first output is no scalar, the optimiser makes no sense, a name is taken.
    pub fn from_graph(graph: Graph, optimizer: &Optimizer, seed: u64, threads: usize) -> Result<Self> {
        let outputs = graph.outputs.clone();
        let builder = Builder::resume(graph);
        if let Some(&loss) = outputs.first() {
            append_updates(&builder, builder.var(loss), optimizer);
        }
        let graph = builder.finish(outputs.into_iter().map(|id| builder.var(id)))?;
        let mut store = Store::new(&graph, seed);
        seed_dropout(&graph, &mut store, seed)?;
        Self::new(graph, store, threads)
    }

    /// Makes the plans of all steps with these options.
    ///
    /// ```
    /// use striate::plan::Options;
    /// use striate::prelude::*;
    /// use striate::train::{Optimizer, Sgd, Steps};
    /// let g = Builder::new();
    /// let y = g.input("x", f32([N, 1.into(), 8.into(), 8.into()])).conv2d(4, 3).var();
    /// let graph = g.finish([(y * y).mean_all()])?;
    /// let exact = Options { exact: true, ..Options::default() };
    /// let steps = Steps::from_graph(graph, &Optimizer::from(Sgd::default()), 1, 1)?.with_options(exact);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        Steps { options, plans: BTreeMap::new(), ..self }
    }

    /// How the plans are made.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The rate of the steps to come.
    pub fn set_learning_rate(&mut self, rate: f32) {
        self.learning_rate = rate;
    }

    /// One step: the loss, its gradient, the update. Returns the loss, computed before the update.
    ///
    /// `inputs` are the graph's inputs without the learning rate, in order; the first of them tells the batch size. The
    /// first step of a batch size makes a plan for it; further ones allocate nothing.
    ///
    /// # Errors
    /// `Fault::Usage`: the inputs do not fit the graph. `Fault::Diverged`: the loss is not finite; the message names
    /// what is no longer finite among the parameters and states after the update.
    pub fn step(&mut self, inputs: &[Feed<'_>]) -> Result<f32> {
        let loss = self.step_unchecked(inputs)?;
        if loss.is_finite() {
            return Ok(loss);
        }
        let error = Error::new(striate_tensor::Fault::Diverged, format!("training diverged: the loss is {loss}"));
        let error = match divergence::first_bad_state(&self.graph, &self.store) {
            Some(bad) => error.found(format!("{bad} after the update")),
            None => error,
        };
        Err(error.hint(format!("use a smaller learning rate than {}", self.learning_rate)))
    }

    /// As [`Steps::step`], but a loss that is not finite is returned like any other.
    pub(super) fn step_unchecked(&mut self, inputs: &[Feed<'_>]) -> Result<f32> {
        let batch = self.batch_of(inputs)?;
        let plan = match self.plans.entry(batch) {
            std::collections::btree_map::Entry::Occupied(plan) => plan.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(Plan::new(&self.graph, batch, &self.options)?)
            }
        };
        let rate = [self.learning_rate];
        let mut feeds = [Feed::F32(&[]); MOST_INPUTS];
        feeds[..inputs.len()].copy_from_slice(inputs);
        feeds[inputs.len()] = Feed::F32(&rate);
        plan.run(&self.workers, &mut self.store, &feeds[..inputs.len() + 1])?;
        self.last_batch = batch;
        Ok(plan.output(0)[0])
    }

    /// Output `index` of the last step, row-major; empty before the first.
    pub fn output(&self, index: usize) -> &[f32] {
        self.plans.get(&self.last_batch).map_or(&[], |plan| plan.output(index))
    }

    /// The parameters, and everything else that is kept.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The parameters, and everything else that is kept, to change.
    pub fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }

    /// The threads and everything that is kept, to run another plan on.
    pub(crate) fn workers_and_store(&mut self) -> (&Workers, &mut Store) {
        (&self.workers, &mut self.store)
    }

    /// The graph, with gradient and updates.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The threads.
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// The names of the parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.graph.parameters().map(|id| self.graph.value(id).name.as_str())
    }

    fn batch_of(&self, inputs: &[Feed<'_>]) -> Result<usize> {
        let expected = self.graph.inputs().count() - 1;
        if inputs.len() != expected {
            return Err(Error::usage("a step was given another number of inputs than the graph has")
                .found(inputs.len())
                .expected(expected));
        }
        let batched = |id: ValueId| self.graph.value(id).ty.dims.iter().any(|dim| dim.known().is_none());
        let Some((id, feed)) = self.graph.inputs().zip(inputs).find(|(id, _)| batched(*id)) else { return Ok(1) };
        let info = self.graph.value(id);
        let (each, length) = (info.ty.shape().elements(), length(feed));
        if length == 0 || length % each.max(1) != 0 {
            return Err(Error::usage(format!("the input `{}` is no whole batch", info.name))
                .found(format!("{length} numbers"))
                .expected(format!("{each} for each sample")));
        }
        let batch = length / each;
        for (id, feed) in self.graph.inputs().zip(inputs) {
            let info = self.graph.value(id);
            let wanted = info.ty.shape_at(batch).elements();
            if self::length(feed) != wanted {
                return Err(Error::usage(format!("the input `{}` has the wrong size", info.name))
                    .found(format!("{} numbers", self::length(feed)))
                    .expected(format!("{wanted}, for a batch of {batch}")));
            }
        }
        Ok(batch)
    }
}

fn length(feed: &Feed<'_>) -> usize {
    match feed {
        Feed::F32(numbers) => numbers.len(),
        Feed::I32(numbers) => numbers.len(),
    }
}
