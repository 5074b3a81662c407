use super::checkpoint::{as_data, from_file, select};
use super::{RunFolder, Weights};
use crate::data::{Batches, Dataset};
use crate::model::Model;
use crate::train::{Evaluation, Evaluator, evaluation_graph};
use std::path::{Path, PathBuf};
use striate_io::{Metadata, Tensors, load_tensors, save_tensors, weights_sha256};
use striate_plan::{Feed, Options, Plan, Store, Workers};
use striate_tensor::{Array, Error, Place, Result};

/// A model with its weights, as saved.
#[derive(Debug)]
pub struct Saved {
    model: Model,
    store: Store,
    metadata: Metadata,
    path: PathBuf,
    /// Made for the first sample, used for all.
    predictor: Option<Plan>,
    options: Options,
}

const FORMAT: &str = "striate-weights-1";

impl Saved {
    /// Reads the weights of a run, or a file of weights; the model is in the file's metadata.
    ///
    /// # Errors
    /// `Fault::Data`: it does not exist, is damaged, is no file of weights. `Fault::Model`: the weights do not fit the
    /// model that the file names.
    pub fn open(path: &Path, which: Weights) -> Result<Self> {
        let path = match path.is_file() && path.file_name().is_none_or(|name| name != "latest") {
            true => path.to_path_buf(),
            false => {
                let folder = RunFolder::open(path)?;
                let weights = folder.weights(which);
                if !weights.is_file() {
                    return Err(Error::data("the run has no weights yet")
                        .expected("at least one complete epoch")
                        .at(Place::File(weights.display().to_string()))
                        .hint(format!("go on with it: striate resume {}", folder.path().display())));
                }
                weights
            }
        };
        let here = |error: Error| error.at(Place::File(path.display().to_string()));
        let (tensors, metadata) = load_tensors(&path)?;
        let (Some(FORMAT), Some(toml)) = (metadata.get("format").map(String::as_str), metadata.get("model_toml"))
        else {
            return Err(here(
                Error::data("the file does not say which model its weights are for")
                    .found(metadata.get("format").map_or("no format of Striate in its metadata", String::as_str))
                    .expected(FORMAT)
                    .hint("give a file that striate train saved, such as weights/best.safetensors of a run"),
            ));
        };
        let model = Model::from_toml(toml, &format!("model in {}", path.display()))?;
        let mut store = Store::zeros(&evaluation_graph(&model)?);
        let (mut found, wanted) = (0, store.iter().count());
        for (name, tensor) in tensors {
            if tensor.as_f32().is_some_and(|numbers| numbers.data().iter().any(|x| !x.is_finite())) {
                return Err(here(
                    Error::data(format!("the weights cannot be used: `{name}` has numbers that are not finite"))
                        .expected("finite numbers")
                        .hint("take another file of weights, or train again with a smaller learning rate"),
                ));
            }
            store.set(&name, from_file(tensor)).map_err(|error| here(as_data(&error)))?;
            found += 1;
        }
        if found != wanted {
            let missing = Error::data("the weights are not whole");
            return Err(here(missing.found(format!("{found} tensors")).expected(format!("{wanted}"))));
        }
        Ok(Saved { model, store, metadata, path, predictor: None, options: Options::default() })
    }

    /// Writes weights with everything that is needed to use them; gives back their fingerprint.
    pub(crate) fn write<'a>(
        path: &Path,
        model: &Model,
        store: &Store,
        names: impl Iterator<Item = &'a str>,
        seed: u64,
        epoch: u64,
    ) -> Result<String> {
        let tensors: Tensors = select(store, names);
        let text = |value: serde_json::Result<String>| {
            value.map_err(|failure| Error::internal(format!("the metadata could not be written: {failure}")))
        };
        let metadata = [
            ("format", FORMAT.to_string()),
            ("striate", env!("CARGO_PKG_VERSION").to_string()),
            ("model", model.name.clone()),
            ("model_toml", model.to_toml()),
            ("classes", text(serde_json::to_string(&model.classes))?),
            ("preprocessing", text(serde_json::to_string(&model.preprocessing))?),
            ("seed", seed.to_string()),
            ("epoch", epoch.to_string()),
        ];
        let metadata = metadata.into_iter().map(|(key, text)| (key.to_string(), text)).collect();
        save_tensors(path, &tensors, &metadata)
    }

    /// Makes the plans of all evaluations and predictions with these options.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        Saved { options, predictor: None, ..self }
    }

    /// How plans are made.
    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What else the file says: seed, epoch, version of Striate.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The file of the weights.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The weights and running statistics.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The fingerprint of the weights.
    pub fn weights_sha256(&self) -> String {
        weights_sha256(&select(&self.store, self.store.iter().map(|(name, _)| name)))
    }

    /// Loss and accuracy on data.
    ///
    /// # Errors
    /// `Fault::Data`: the samples do not fit the model.
    pub fn evaluate(&mut self, workers: &Workers, data: &Dataset) -> Result<Evaluation> {
        let graph = evaluation_graph(&self.model)?;
        crate::train::fits(&graph, &self.model.preprocessing, data)?;
        let batches = Batches::sequential(data, &self.model.preprocessing, Evaluator::BATCH)?;
        Evaluator::frozen(graph).with_options(self.options.clone()).evaluate(workers, &mut self.store, &batches)
    }

    /// The probability of each class for one sample, which has the shape of the model's input; of a model that gives numbers,
    /// those, as it learned them.
    ///
    /// # Errors
    /// `Fault::Data`: it has another shape.
    pub fn predict(&mut self, workers: &Workers, sample: &Array<f32>) -> Result<Vec<f32>> {
        if *sample.shape() != self.model.input {
            return Err(Error::data("the sample does not fit the model")
                .found(sample.shape())
                .expected(&self.model.input));
        }
        let plan = match &mut self.predictor {
            Some(plan) => plan,
            none => none.insert(Plan::frozen(&self.model.graph_for_inference()?, 1, &self.store, &self.options)?),
        };
        plan.run(workers, &mut self.store, &[Feed::F32(sample.data())])?;
        Ok(plan.output(if self.model.gives_numbers() { 0 } else { 1 }).to_vec())
    }
}
