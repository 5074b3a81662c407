//! From a model to equations.

use super::{Loss, Model, ModelLayer};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use striate_graph::{Builder, Dim, Graph, Mode, N, Scope, Type, Var, f32};
use striate_tensor::{Error, Result};

/// A model in a growing graph.
#[derive(Clone, Debug)]
pub struct Built<'g> {
    /// The samples: N×….
    pub input: Var<'g>,
    /// The output of the last layer: one score for each class, N×K, or N×K×… for each class at each place; a single one, N×1,
    /// for two classes; or one number for each target.
    pub output: Var<'g>,
    /// The layers in order.
    pub layers: Vec<BuiltLayer<'g>>,
}

/// A layer of a model in a growing graph.
#[derive(Clone, Debug)]
pub struct BuiltLayer<'g> {
    /// Its name.
    pub name: String,
    /// Its kind, such as `conv2d`.
    pub kind: &'static str,
    /// What it gives.
    pub output: Var<'g>,
    /// Which values of the graph it added; its parameters are among them.
    pub values: Range<usize>,
    /// Which equations of the graph it added.
    pub equations: Range<usize>,
}

/// Numbers in one layer's output for one sample, beyond which a model is taken for a mistake.
const MOST_ELEMENTS: usize = 1 << 31;

impl Model {
    /// Appends the model to a graph. Mistakes are noted on the builder, each at the layer that made it.
    pub fn build<'g>(&self, builder: &'g Builder, mode: Mode) -> Built<'g> {
        let head = self.check_head();
        let (input, layers) = match head.is_empty() {
            true => self.build_layers(builder, mode),
            false => builder.in_layer("", self.place.clone(), || {
                let poisoned = head.into_iter().map(|(_, error)| builder.poison(error)).last();
                (poisoned.expect("there are mistakes"), vec![])
            }),
        };
        let mut output = layers.last().map_or(input, |layer| layer.output);
        if let (Some(item), false) = (self.layers.last(), output.is_poisoned())
            && let Err(error) = self.check_output(item, input, output)
        {
            output = builder.in_layer(&item.name, item.place.clone(), || builder.poison(error));
        }
        Built { input, output, layers }
    }

    /// Appends the input and the layers.
    fn build_layers<'g>(&self, builder: &'g Builder, mode: Mode) -> (Var<'g>, Vec<BuiltLayer<'g>>) {
        let sizes = self.input.iter().map(|&size| Dim::from(size));
        let input = builder.input(Self::INPUT, f32([N].into_iter().chain(sizes)));
        let mut outputs = HashMap::from([(Self::INPUT, input)]);
        let mut layers = Vec::new();
        let mut last = input;
        for (index, item) in self.layers.iter().enumerate() {
            let before = builder.peek(|graph| (graph.values.len(), graph.equations.len()));
            last = builder
                .in_layer(&item.name, item.place.clone(), || self.append_layer(builder, mode, index, last, &outputs));
            outputs.entry(&item.name).or_insert(last);
            let after = builder.peek(|graph| (graph.values.len(), graph.equations.len()));
            layers.push(BuiltLayer {
                name: item.name.clone(),
                kind: item.layer.kind(),
                output: last,
                values: before.0..after.0,
                equations: before.1..after.1,
            });
        }
        (input, layers)
    }

    /// Appends layer `index`; `last` is the output of the one before it, `outputs` those of all before it.
    fn append_layer<'g>(
        &self,
        builder: &'g Builder,
        mode: Mode,
        index: usize,
        last: Var<'g>,
        outputs: &HashMap<&str, Var<'g>>,
    ) -> Var<'g> {
        let ModelLayer { name, layer, from, .. } = &self.layers[index];
        if let Err(error) = self.check_name(index) {
            return builder.poison(error);
        }
        let mut inputs = vec![];
        let mut missing = None;
        let others = layer.others();
        for other in from.iter().chain(&others) {
            match outputs.get(other.as_str()) {
                Some(&output) => inputs.push(output),
                None => missing = Some(builder.poison(self.no_such_layer(index, other))),
            }
        }
        if let Some(missing) = missing {
            return missing;
        }
        if from.is_none() {
            inputs.insert(0, last);
        }
        let output = layer.apply(&inputs, &Scope { builder, name: name.clone(), mode });
        match output.is_poisoned() || fits(&output.ty()) {
            true => output,
            false => builder.poison(
                Error::model("the output of this layer is far too large")
                    .found(output.ty())
                    .expected(format!("at most {MOST_ELEMENTS} numbers a sample")),
            ),
        }
    }

    /// The loss of scores by labels of the type [`Loss::labels`], a scalar.
    pub fn loss_of<'g>(&self, scores: Var<'g>, labels: Var<'g>) -> Var<'g> {
        let place = self.layers.last().and_then(|layer| layer.place.clone());
        scores.builder().in_layer("loss", place, || match self.gives_numbers() {
            true => self.loss.of_targets(scores, labels),
            false => self.loss.of(scores, labels),
        })
    }

    /// The type of the labels that belong to an output: the class of each sample (or place), or its targets, f32 N×K.
    pub fn labels(&self, output: &Type) -> Type {
        if self.gives_numbers() { output.clone() } else { Loss::labels(output) }
    }

    /// One score for each class, N×K×…. A single output s for two classes becomes (2m − s, s), m the middle between
    /// them; the greater is the answer.
    pub fn scores_of<'g>(&self, output: Var<'g>) -> Var<'g> {
        let single = output.ty().dims.get(1) == Some(&Dim::from(1)) && self.classes.len() == 2;
        match self.loss.middle().filter(|_| single && !output.is_poisoned()) {
            Some(middle) => {
                let other = output.builder().in_layer("scores", None, || -output + 2.0 * middle);
                other.concat(&[output], 1)
            }
            None => output,
        }
    }

    /// The probability of each class, N×K×…, from the output of the last layer.
    pub fn probabilities_of<'g>(&self, output: Var<'g>) -> Var<'g> {
        let single = self.scores_of(output).id() != output.id();
        output.builder().in_layer("probabilities", None, || {
            let of = self.loss.probabilities(output);
            // One unit tells of the second class.
            if single { (-of + 1.0).concat(&[of], 1) } else { of }
        })
    }

    /// The graph that uses the model: `input` to `scores`, one for each class, and `probabilities`; of a model that gives
    /// numbers, `scores` alone, the output of the last layer.
    ///
    /// # Errors
    /// Every mistake of the model.
    ///
    /// ```
    /// use striate::prelude::*;
    /// let graph = zoo::find("lenet5")?.graph_for_inference()?;
    /// assert_eq!(graph.value(graph.outputs[1]).name, "probabilities");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn graph_for_inference(&self) -> Result<Graph> {
        let builder = Builder::new();
        let built = self.build(&builder, Mode::Infer);
        if self.gives_numbers() {
            return builder.finish([built.output.named("scores")]);
        }
        let (scores, probabilities) = (self.scores_of(built.output), self.probabilities_of(built.output));
        builder.finish([scores.named("scores"), probabilities.named("probabilities")])
    }

    /// Whether the model makes sense: names, references, shapes, classes.
    ///
    /// # Errors
    /// Every mistake at once, each with the place where it was written.
    pub fn check(&self) -> Result<()> {
        let builder = Builder::new();
        self.build(&builder, Mode::Train);
        builder.finish([]).map(|_| ())
    }

    /// Whether the layers make sense by themselves, where the rest of the model could not be read.
    pub(super) fn check_layers(&self) -> Result<()> {
        if self.check_input().is_err() {
            return Ok(());
        }
        let builder = Builder::new();
        self.build_layers(&builder, Mode::Train);
        builder.finish([]).map(|_| ())
    }

    fn check_input(&self) -> Result<()> {
        match self.input.is_empty() || self.input.contains(&0) || !fits(&f32(self.input.iter().copied())) {
            false => Ok(()),
            true => Err(Error::model("the shape of the input is not usable")
                .found(format!("{:?}", &self.input[..]))
                .expected("the sizes of one sample, each at least 1, such as [1, 28, 28]")),
        }
    }

    /// What is wrong with the model apart from its layers, each mistake with the key that it is about.
    pub(super) fn check_head(&self) -> Vec<(&'static str, Error)> {
        let mut errors = Vec::new();
        errors.extend(check_word("a model", &self.name).err().map(|error| ("name", error)));
        match self.check_input() {
            Err(error) => errors.push(("input", error)),
            Ok(()) => errors.extend(self.preprocessing.check(self.input[0]).err().map(|e| ("preprocessing", e))),
        }
        if self.gives_numbers() && !self.classes.is_empty() {
            let error = Error::model("a model tells classes or gives numbers, not both");
            errors.push(("targets", error.found("`classes` and `targets`").hint("leave one of them out")));
        }
        if let Some(Err(error)) = self.table.as_ref().map(|table| table.check(&self.input, self.gives_numbers())) {
            errors.push(("table", error));
        }
        if self.classes.is_empty() && !self.gives_numbers() {
            let error = Error::model("the model has no classes").expected("their names or their number");
            errors.push(("classes", error.hint("such as classes = 10, or classes = [\"cat\", \"dog\"]")));
        }
        let mut seen = HashSet::new();
        if let Some(class) = self.classes.iter().find(|class| !seen.insert(class.as_str())) {
            errors.push(("classes", Error::model(format!("two classes are called `{class}`"))));
        }
        if self.layers.is_empty() {
            errors.push(("layers", Error::model("the model has no layers").expected("at least one layer")));
        }
        errors.extend(self.loss.check().err().map(|error| ("loss", error)));
        if self.gives_numbers() {
            errors.extend(self.loss.check_numbers().err().map(|error| ("loss", error)));
        }
        errors
    }

    fn check_name(&self, index: usize) -> Result<()> {
        let name = &self.layers[index].name;
        check_word("a layer", name)?;
        if name == Self::INPUT {
            return Err(Error::model("no layer can be called `input`").hint("the name stands for the model's input"));
        }
        match self.layers[..index].iter().find(|other| other.name == *name) {
            None => Ok(()),
            Some(other) => {
                let error = Error::model(format!("two layers are called `{name}`"));
                let error = error.hint(format!(
                    "call this one or the {} before it otherwise; a layer without a name is called by its kind and number",
                    other.layer.kind()
                ));
                Err(error)
            }
        }
    }

    fn no_such_layer(&self, index: usize, name: &str) -> Error {
        let names = || self.layers.iter().map(|layer| layer.name.as_str());
        if names().skip(index).any(|later| later == name) {
            return Error::model(format!("the layer `{name}` does not come before this one"))
                .expected("a layer that comes earlier")
                .hint("a layer can only use what is already computed");
        }
        let error = Error::model(format!("there is no layer `{name}`"));
        let earlier: Vec<_> = [Self::INPUT].into_iter().chain(names().take(index)).collect();
        match crate::suggest::nearest(name, earlier.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.expected(earlier.join(", ")),
        }
    }

    /// Whether the last layer gives what the loss needs.
    fn check_output(&self, last: &ModelLayer, input: Var<'_>, output: Var<'_>) -> Result<()> {
        if input.id() == output.id() {
            return Err(Error::model("the layers do nothing").hint("the output is the input itself"));
        }
        let output = output.ty();
        if self.gives_numbers() {
            let wanted = self.targets.len();
            return match output.rank() == 2 && output.dims[0] == N && output.dims[1] == Dim::from(wanted) {
                true => Ok(()),
                false => Err(Error::model("the last layer does not give one number for each target")
                    .found(&output)
                    .expected(format!("{} for {wanted} target(s)", f32([N, wanted.into()])))
                    .hint(format!("end with a dense layer of {wanted} unit(s)"))),
            };
        }
        let wanted = self.classes.len();
        if wanted == 2 && output.rank() == 2 && output.dims[1] == Dim::from(1) && self.loss.middle().is_some() {
            return Ok(());
        }
        if output.rank() < 2 || output.dims[0] != N || output.dims[1] != Dim::from(wanted) {
            return Err(Error::model("the last layer does not give one score for each class")
                .found(&output)
                .expected(format!("{} for {wanted} classes", f32([N, wanted.into()])))
                .hint(match output.rank() {
                    2 => format!("give the last layer {wanted} units, or correct `classes`"),
                    _ => format!("end with a flatten and a dense layer of {wanted} units"),
                }));
        }
        if last.layer.kind() == "softmax" && matches!(self.loss, Loss::CrossEntropy { .. }) {
            return Err(Error::model("softmax is applied twice")
                .found("a softmax layer before the loss cross_entropy")
                .expected("scores: any real numbers")
                .hint("leave the last layer out; probabilities are made of the scores"));
        }
        Ok(())
    }
}

/// Whether a value has a number of elements that a machine can hold.
fn fits(ty: &Type) -> bool {
    let elements = ty.dims.iter().try_fold(1usize, |product, dim| product.checked_mul(dim.at(1)));
    elements.is_some_and(|elements| elements <= MOST_ELEMENTS)
}

/// Names of models and layers become those of files and tensors.
fn check_word(what: &str, name: &str) -> Result<()> {
    let fits = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    match !name.is_empty() && name.chars().all(fits) && !name.starts_with('.') {
        true => Ok(()),
        false => Err(Error::model(format!("{what} cannot be called `{name}`"))
            .expected("letters, digits, `_`, `-` and `.`, not beginning with `.`")),
    }
}
