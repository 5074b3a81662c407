//! From a training to a file and back: everything that its future depends on.

use crate::train::{Position, Trainer};
use std::collections::BTreeMap;
use std::path::Path;
use striate_io::{Metadata, Tensors, load_tensors, save_tensors};
use striate_plan::{Store, Tensor};
use striate_tensor::{Array, Error, Place, Result};

const FORMAT: &str = "striate-checkpoint-1";
const KEPT: &str = "kept/";
const EPOCH_START: &str = "epoch-start/";

/// Saves where a training stands, and what it belongs to: the model, and what else was decided before it began.
pub(super) fn save(path: &Path, trainer: &Trainer, model_toml: &str, decided: &str) -> Result<()> {
    let kept = trainer.store().iter().map(|(name, tensor)| (format!("{KEPT}{name}"), to_file(tensor)));
    let start = trainer.epoch_start().iter();
    let start = start.map(|(name, weights)| (format!("{EPOCH_START}{name}"), weights.clone().into()));
    let position = serde_json::to_string(trainer.position())
        .map_err(|failure| Error::internal(format!("a position could not be written: {failure}")))?;
    let metadata = [("format", FORMAT), ("model_toml", model_toml), ("decided", decided), ("position", &position)];
    let metadata: Metadata = metadata.into_iter().map(|(key, text)| (key.to_string(), text.to_string())).collect();
    save_tensors(path, &kept.chain(start).collect(), &metadata)?;
    Ok(())
}

/// Sets a training to where the saved one stood.
pub(super) fn restore(path: &Path, trainer: &mut Trainer, model_toml: &str, decided: &str) -> Result<()> {
    let here = |error: Error| error.at(Place::File(path.display().to_string()));
    let (tensors, metadata) = load_tensors(path)?;
    let text = |key: &str| metadata.get(key).map(String::as_str).unwrap_or_default();
    if text("format") != FORMAT {
        let found = metadata.get("format").map_or("a safetensors file of another kind", String::as_str);
        return Err(here(Error::data("this is not a checkpoint").found(found).expected(FORMAT)));
    }
    if text("model_toml") != model_toml {
        return Err(here(
            Error::data("the checkpoint belongs to another model")
                .hint("model.toml of this run was changed after the training began; train the new model in a new run"),
        ));
    }
    if text("decided") != decided {
        return Err(here(
            Error::data("the checkpoint belongs to other settings")
                .found(format!("run.toml with {decided}"))
                .expected(text("decided"))
                .hint("run.toml of this run was changed after the training began; give other settings to a new run"),
        ));
    }
    let position: Position = serde_json::from_str(text("position"))
        .map_err(|failure| here(Error::data("the checkpoint does not say where the training stood").found(failure)))?;
    let (mut store, mut epoch_start) = (trainer.store().clone(), BTreeMap::new());
    let kept = store.iter().count();
    let mut found = 0;
    for (name, tensor) in tensors {
        if let Some(name) = name.strip_prefix(KEPT) {
            store.set(name, from_file(tensor)).map_err(|error| here(as_data(&error)))?;
            found += 1;
        } else if let Some(name) = name.strip_prefix(EPOCH_START) {
            let weights: Option<Array<f32>> = tensor.into_f32();
            epoch_start.extend(weights.map(|weights| (name.to_string(), weights)));
        }
    }
    if found != kept {
        return Err(here(Error::data("the checkpoint is not whole").found(format!("{found} of {kept} tensors"))));
    }
    trainer.restore(store, position, epoch_start).map_err(here)
}

/// A tensor that does not fit is the file's fault here, not the model's.
pub(super) fn as_data(error: &Error) -> Error {
    Error::data(error.to_string())
}

/// Those of the store's tensors that have the given names.
pub(super) fn select<'a>(store: &Store, names: impl Iterator<Item = &'a str>) -> Tensors {
    names.filter_map(|name| Some((name.to_string(), to_file(store.get(name)?)))).collect()
}

fn to_file(tensor: &Tensor) -> striate_io::Tensor {
    match tensor {
        Tensor::F32(numbers) => numbers.clone().into(),
        Tensor::I32(numbers) => numbers.clone().into(),
    }
}

pub(super) fn from_file(tensor: striate_io::Tensor) -> Tensor {
    match tensor {
        striate_io::Tensor::F32(numbers) => Tensor::F32(numbers),
        striate_io::Tensor::I32(numbers) => Tensor::I32(numbers),
        striate_io::Tensor::U8(bytes) => Tensor::I32(bytes.map(i32::from)),
    }
}
