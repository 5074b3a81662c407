//! A model with weights, and questions to it.
//!
//! A question is a graph that holds the model in inference mode and whatever was appended to it; its plan has the weights as
//! constants. Plans are made once for each batch size.

use crate::model::{BuiltLayer, Model};
use crate::run::Saved;
use crate::suggest::nearest;
use std::collections::BTreeMap;
use std::sync::Arc;
use striate_graph::{Builder, Graph, Mode, Type, Var};
use striate_plan::{Feed, Options, Plan, Store, Tensor, Workers};
use striate_tensor::{Array, DType, Error, Place, Result, Shape};

/// A model with weights that stay as they are. See [the module](super).
#[derive(Clone, Debug)]
pub struct Lens {
    model: Model,
    store: Arc<Store>,
    options: Options,
    layers: Vec<LensLayer>,
}

/// A layer as a lens knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct LensLayer {
    /// Its name.
    pub name: String,
    /// Its kind, such as `conv2d`.
    pub kind: &'static str,
    /// The shape of its output for one sample.
    pub output: Shape,
}

/// A model in a growing graph, for one question.
#[derive(Clone, Debug)]
pub struct View<'g> {
    /// What the graph grows in: `builder.grad`, `builder.constant`, `builder.input`.
    pub builder: &'g Builder,
    /// The samples, N×….
    pub input: Var<'g>,
    /// The output of the last layer: N×….
    pub output: Var<'g>,
    /// One score for each class, N×classes×…: the output, or of a single unit for two classes what it says of both.
    pub scores: Var<'g>,
    /// The layers in order, each with its output and its part of the graph.
    pub layers: Vec<BuiltLayer<'g>>,
}

/// A question that is made ready to be answered for any samples.
#[derive(Debug)]
pub struct Question {
    graph: Graph,
    store: Arc<Store>,
    options: Options,
    plans: BTreeMap<usize, Plan>,
}

/// Layers that an error names.
const MOST_NAMES: usize = 16;

impl Lens {
    /// A model with the weights and running statistics of a store.
    ///
    /// # Errors
    /// Every mistake of the model; `Fault::Model`: the store lacks a tensor of the model, or has it in another shape.
    pub fn new(model: Model, store: Store) -> Result<Self> {
        let builder = Builder::for_inference();
        let built = model.build(&builder, Mode::Infer);
        let graph = builder.finish([built.output])?;
        for value in graph.states().map(|id| graph.value(id)) {
            let found = store.get(&value.name).map(Tensor::ty);
            if found.as_ref() != Some(&value.ty) {
                return Err(Error::model(format!("the weights do not fit the model: `{}`", value.name))
                    .found(found.map_or("no such tensor".to_string(), |ty| ty.to_string()))
                    .expected(&value.ty));
            }
        }
        let layer = |layer: &BuiltLayer<'_>| LensLayer {
            name: layer.name.clone(),
            kind: layer.kind,
            output: layer.output.ty().shape()[1..].into(),
        };
        let layers = built.layers.iter().map(layer).collect();
        Ok(Lens { model, store: Arc::new(store), options: Options::default(), layers })
    }

    /// A model with starting weights drawn for a seed: for what does not depend on learning.
    ///
    /// # Errors
    /// Every mistake of the model.
    pub fn untrained(model: Model, seed: u64) -> Result<Self> {
        let store = Store::new(&model.graph_for_inference()?, seed);
        Lens::new(model, store)
    }

    /// A saved model.
    ///
    /// # Errors
    /// As [`Lens::new`].
    pub fn of(saved: &Saved) -> Result<Self> {
        Ok(Lens::new(saved.model().clone(), saved.store().clone())?.with_options(saved.options().clone()))
    }

    /// Makes the plans of all questions with these options.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        Lens { options, ..self }
    }

    /// How plans are made.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The weights and running statistics.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The layers in order.
    pub fn layers(&self) -> &[LensLayer] {
        &self.layers
    }

    /// The layer of that name.
    ///
    /// # Errors
    /// `Fault::Usage`: there is none; the hint says what was probably meant.
    ///
    /// ```
    /// use striate::{explain::Lens, prelude::*};
    /// let error = Lens::untrained(zoo::find("lenet5")?, 1)?.layer("conf1").unwrap_err();
    /// assert!(error.to_string().contains("did you mean `conv1`?"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn layer(&self, name: &str) -> Result<&LensLayer> {
        self.layers.iter().find(|layer| layer.name == name).ok_or_else(|| {
            let names = || self.layers.iter().map(|layer| layer.name.as_str());
            // A list that fills the screen helps nobody.
            let some = names().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
            let more = self.layers.len().saturating_sub(MOST_NAMES);
            let error = Error::usage(format!("the model `{}` has no layer `{name}`", self.model.name))
                .expected(if more > 0 { format!("{some} or one of {more} more") } else { some });
            match nearest(name, names()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`striate summary` shows the layers"),
            }
        })
    }

    /// A weight or statistic by its name, such as `conv1.weight`; `None` where the model has none.
    pub fn weight(&self, name: &str) -> Option<&Array<f32>> {
        match self.store.get(name)? {
            Tensor::F32(array) => Some(array),
            Tensor::I32(_) => None,
        }
    }

    /// A question: `body` appends equations to the model and gives the values that it wants to know, each of real numbers.
    ///
    /// # Errors
    /// Every mistake of the equations; `Fault::Usage`: a layer that [`View::layer`] was asked for is missing.
    pub fn ask(&self, body: impl for<'g> FnOnce(&View<'g>) -> Vec<Var<'g>>) -> Result<Question> {
        let builder = Builder::for_inference();
        let built = self.model.build(&builder, Mode::Infer);
        let scores = self.model.scores_of(built.output);
        let (input, output) = (built.input, built.output);
        let view = View { builder: &builder, input, output, scores, layers: built.layers };
        let wanted = body(&view);
        let graph = builder.finish(wanted)?;
        Ok(Question { graph, store: self.store.clone(), options: self.options.clone(), plans: BTreeMap::new() })
    }

    /// The question for the outputs of these layers, in the order of the names.
    ///
    /// # Errors
    /// `Fault::Usage`: there is no such layer.
    pub fn ask_layers(&self, names: &[&str]) -> Result<Question> {
        names.iter().try_for_each(|name| self.layer(name).map(|_| ()))?;
        self.ask(|view| names.iter().map(|name| view.layer(name)).collect())
    }

    /// The outputs of these layers for samples N×…, each N×…, in the order of the names.
    ///
    /// # Errors
    /// `Fault::Usage`: there is no such layer. `Fault::Data`: the samples do not fit the model.
    pub fn outputs(&self, workers: &Workers, names: &[&str], samples: &Array<f32>) -> Result<Vec<Array<f32>>> {
        self.ask_layers(names)?.answer(workers, samples, &[])
    }
}

impl<'g> View<'g> {
    /// The output of the layer of that name; poisoned when there is none, so that [`Lens::ask`] tells it.
    #[track_caller]
    pub fn layer(&self, name: &str) -> Var<'g> {
        match self.built(name) {
            Some(layer) => layer.output,
            None => self.builder.poison(
                Error::usage(format!("there is no layer `{name}`"))
                    .expected(self.layers.iter().map(|layer| layer.name.as_str()).collect::<Vec<_>>().join(", ")),
            ),
        }
    }

    /// The layer of that name with its values and equations.
    pub fn built(&self, name: &str) -> Option<&BuiltLayer<'g>> {
        self.layers.iter().find(|layer| layer.name == name)
    }

    /// Another input than the samples: what [`Question::answer`] is given in `extra`, in the order of these calls.
    #[track_caller]
    pub fn extra(&self, name: &str, ty: Type) -> Var<'g> {
        self.builder.input(name, ty)
    }
}

impl Question {
    /// The values for samples N×… and what the extra inputs get, in the order in which they were asked for. The plan for a
    /// batch size is kept for the next samples of as many.
    ///
    /// # Errors
    /// `Fault::Data`: the samples do not fit the model. `Fault::Model`: an extra input is missing, has the wrong size, or is
    /// one too many.
    pub fn answer(&mut self, workers: &Workers, samples: &Array<f32>, extra: &[Feed<'_>]) -> Result<Vec<Array<f32>>> {
        let batch = self.check(samples)?;
        if !self.plans.contains_key(&batch) {
            let plan = Plan::frozen(&self.graph, batch, &self.store, &self.options)?;
            self.plans.insert(batch, plan);
        }
        let Some(plan) = self.plans.get_mut(&batch) else { unreachable!("just made") };
        let feeds: Vec<_> = [Feed::F32(samples.data())].into_iter().chain(extra.iter().copied()).collect();
        // What the graph does not change is in the plan; it changes nothing.
        plan.run(workers, &mut Store::default(), &feeds)?;
        let outputs = self.graph.outputs.iter().enumerate();
        let value = |(k, id): (usize, &striate_graph::ValueId)| {
            Array::new(self.graph.value(*id).ty.shape_at(batch), plan.output(k).to_vec())
        };
        Ok(outputs.map(value).collect())
    }

    /// The equations.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The number of samples, where they fit the model's input.
    fn check(&self, samples: &Array<f32>) -> Result<usize> {
        let Some(input) = self.graph.inputs().next() else {
            return Err(Error::internal("a question without the model's input"));
        };
        let wanted = &self.graph.value(input).ty;
        let batch = samples.shape().first().copied().unwrap_or(0);
        if batch == 0 || wanted.dtype != DType::F32 || *samples.shape() != wanted.shape_at(batch) {
            return Err(Error::data("the samples do not fit the model")
                .found(samples.shape())
                .expected(format!("{wanted}, with at least one sample"))
                .at(Place::Layer(Model::INPUT.to_string())));
        }
        Ok(batch)
    }
}
