use super::{Evaluation, best_class};
use crate::data::Batches;
use std::collections::BTreeMap;
use striate_graph::Graph;
use striate_plan::{Feed, Options, Plan, Store, Workers};
use striate_tensor::Result;

/// Measures a model on data: a graph whose inputs are samples and labels, and whose outputs are the mean loss and the
/// scores, `N×classes`.
#[derive(Debug)]
pub struct Evaluator {
    graph: Graph,
    plans: BTreeMap<usize, Plan>,
    frozen: bool,
    options: Options,
    x: Vec<f32>,
    y: Vec<i32>,
    t: Vec<f32>,
}

impl Evaluator {
    /// How many samples are evaluated at a time.
    pub const BATCH: usize = 100;

    /// For a graph with inputs (samples, labels) and outputs (loss, scores).
    pub fn new(graph: Graph) -> Self {
        let (plans, options) = (BTreeMap::new(), Options::default());
        Evaluator { graph, plans, frozen: false, options, x: vec![], y: vec![], t: vec![] }
    }

    /// For weights that stay as they are: those of the store that the first evaluation is given serve all, and are made
    /// ready once.
    pub fn frozen(graph: Graph) -> Self {
        Evaluator { frozen: true, ..Evaluator::new(graph) }
    }

    /// Makes the plans of all evaluations with these options.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        Evaluator { options, plans: BTreeMap::new(), ..self }
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Loss and accuracy over all of `batches`, with the parameters of `store`.
    ///
    /// # Errors
    /// `Fault::Model`: the store lacks a tensor or the samples do not fit the graph.
    pub fn evaluate(&mut self, workers: &Workers, store: &mut Store, batches: &Batches) -> Result<Evaluation> {
        self.evaluate_each(workers, store, batches, |_| {})
    }

    /// As [`Evaluator::evaluate`]; `each` sees the outputs of every batch in turn.
    pub(crate) fn evaluate_each(
        &mut self,
        workers: &Workers,
        store: &mut Store,
        batches: &Batches,
        mut each: impl FnMut(&Plan),
    ) -> Result<Evaluation> {
        let size = batches.sample_shape().elements();
        self.x.resize(batches.batch() * size, 0.0);
        self.y.resize(batches.batch(), 0);
        let width = batches.dataset().target_width();
        self.t.resize(batches.batch() * width, 0.0);
        let mut result =
            Evaluation { classes: vec![(0, 0); batches.dataset().classes().len()], ..Evaluation::default() };
        for index in 0..batches.len() {
            let count = batches.fill(index, &mut self.x, &mut self.y);
            let targets = batches.fill_targets(index, &mut self.t);
            let labels = &self.y[..count];
            if !self.plans.contains_key(&count) {
                let plan = match self.frozen {
                    true => Plan::frozen(&self.graph, count, store, &self.options)?,
                    false => Plan::new(&self.graph, count, &self.options)?,
                };
                self.plans.insert(count, plan);
            }
            let Some(plan) = self.plans.get_mut(&count) else { unreachable!("just made") };
            let told = if width > 0 { Feed::F32(&self.t[..targets]) } else { Feed::I32(labels) };
            plan.run(workers, store, &[Feed::F32(&self.x[..count * size]), told])?;
            each(plan);
            let (loss, scores) = (plan.output(0)[0], plan.output(1));
            if width > 0 {
                result.all.add(loss, 0, count);
                continue;
            }
            let mut right = 0;
            for (scores, &label) in scores.chunks_exact(scores.len() / count).zip(labels) {
                let (class_right, class_samples) = &mut result.classes[label as usize];
                *class_samples += 1;
                if best_class(scores) == label as usize {
                    *class_right += 1;
                    right += 1;
                }
            }
            result.all.add(loss, right, count);
        }
        Ok(result)
    }
}
