//! Networks as tensor files: the numbers as tensors, the settings as one text of JSON, and what it is, of which
//! version, beside them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use striate_io::{Metadata, Tensor, Tensors, load_tensors, save_tensors};
use striate_tensor::{Array, Error, Place, Result};

const KIND: &str = "kind";
const VERSION: &str = "version";
const SETTINGS: &str = "settings";
/// The version of the files that this code writes and reads.
const CURRENT: &str = "1";

/// A tensor of reals.
pub(crate) fn reals(dims: &[usize], numbers: &[f32]) -> Tensor {
    Array::new(dims, numbers.to_vec()).into()
}

/// A list of counts or labels.
///
/// # Errors
/// `Fault::Data` when one does not fit 31 bits.
pub(crate) fn whole(numbers: &[usize]) -> Result<Tensor> {
    let fit = |&n: &usize| {
        i32::try_from(n).map_err(|_| {
            Error::data("a label is too large for the file").found(n).expected(i32::MAX).hint("number labels from 0")
        })
    };
    Ok(Array::new([numbers.len()], numbers.iter().map(fit).collect::<Result<_>>()?).into())
}

/// Writes the file, whole or not at all.
///
/// # Errors
/// See [`save_tensors`].
pub(crate) fn save(path: &Path, kind: &str, settings: &impl Serialize, tensors: &Tensors) -> Result<()> {
    let settings = serde_json::to_string(settings)
        .map_err(|failure| Error::internal("settings cannot be written as JSON").found(failure))?;
    let texts = [(KIND, kind.to_string()), (VERSION, CURRENT.to_string()), (SETTINGS, settings)];
    let metadata = Metadata::from(texts.map(|(key, text)| (key.to_string(), text)));
    save_tensors(path, tensors, &metadata).map(drop)
}

/// What a file held, to be taken out piece by piece.
pub(crate) struct Saved<S> {
    pub(crate) settings: S,
    tensors: Tensors,
    place: Place,
}

/// Reads a file that [`save`] wrote for the same kind.
///
/// # Errors
/// `Fault::Data`: see [`load_tensors`]; or it is another network, another version, or its settings are no such.
pub(crate) fn load<S: DeserializeOwned>(path: &Path, kind: &str) -> Result<Saved<S>> {
    let place = Place::File(path.display().to_string());
    let (tensors, metadata) = load_tensors(path)?;
    let text = |key: &str| metadata.get(key).map_or("nothing", String::as_str);
    if text(KIND) != kind {
        return Err(Error::data("the file holds another network")
            .found(text(KIND))
            .expected(kind)
            .at(place)
            .hint(format!("give a file that was saved from `{kind}`")));
    }
    if text(VERSION) != CURRENT {
        return Err(Error::data("the file has another version")
            .found(text(VERSION))
            .expected(CURRENT)
            .at(place)
            .hint("load it with the version of Striate that wrote it"));
    }
    let settings = serde_json::from_str(text(SETTINGS)).map_err(|failure| {
        Error::data("the file's settings cannot be understood")
            .found(failure)
            .expected(format!("the settings of `{kind}` as JSON"))
            .at(place.clone())
            .hint("save the network again")
    })?;
    Ok(Saved { settings, tensors, place })
}

impl<S> Saved<S> {
    /// Reals of exactly these sizes.
    ///
    /// # Errors
    /// `Fault::Data`: no such tensor, other sizes, or numbers that are not finite.
    pub(crate) fn reals(&mut self, name: &str, dims: &[usize]) -> Result<Vec<f32>> {
        let numbers = self.real_array(name)?;
        if numbers.shape()[..] != *dims {
            let expected = striate_tensor::Shape::from(dims);
            return Err(self.wrong(name).found(numbers.shape()).expected(expected));
        }
        Ok(numbers.data().to_vec())
    }

    /// Reals in rows of this width, as many as there are.
    ///
    /// # Errors
    /// As [`Saved::reals`].
    pub(crate) fn rows(&mut self, name: &str, width: usize) -> Result<Vec<f32>> {
        let numbers = self.real_array(name)?;
        match &numbers.shape()[..] {
            [_, w] if *w == width => Ok(numbers.data().to_vec()),
            _ => Err(self.wrong(name).found(numbers.shape()).expected(format!("rows of {width} numbers"))),
        }
    }

    /// A list of counts or labels.
    ///
    /// # Errors
    /// `Fault::Data`: no such tensor, or another type, or negative numbers.
    pub(crate) fn whole(&mut self, name: &str) -> Result<Vec<usize>> {
        match self.tensors.remove(name) {
            Some(Tensor::I32(array)) => {
                let numbers: Option<Vec<usize>> = array.data().iter().map(|&n| usize::try_from(n).ok()).collect();
                numbers.ok_or_else(|| self.wrong(name).found("negative numbers").expected("numbers from 0"))
            }
            other => Err(self.wrong(name).found(described(other.as_ref())).expected("whole numbers")),
        }
    }

    /// Gives an error about the file's contents its place.
    pub(crate) fn here(&self, error: Error) -> Error {
        error.at(self.place.clone())
    }

    fn real_array(&mut self, name: &str) -> Result<Array<f32>> {
        let numbers = match self.tensors.remove(name) {
            Some(Tensor::F32(array)) => array,
            other => return Err(self.wrong(name).found(described(other.as_ref())).expected("real numbers")),
        };
        if numbers.data().iter().all(|x| x.is_finite()) {
            return Ok(numbers);
        }
        Err(self.wrong(name).found("a number that is not finite").expected("finite numbers"))
    }

    fn wrong(&self, name: &str) -> Error {
        self.here(Error::data(format!("the tensor `{name}` is not what the settings say")))
            .hint("the file was not written by this network's `save`, or was changed since: save it again")
    }
}

fn described(tensor: Option<&Tensor>) -> String {
    tensor.map_or("no such tensor".to_string(), |t| format!("{:?} of {}", t.dtype(), t.shape()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_it_did_not_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let tensors = Tensors::from([
            ("w".to_string(), reals(&[2, 2], &[1.0, 2.0, 3.0, 4.0])),
            ("n".to_string(), whole(&[3, 4]).unwrap()),
        ]);
        save(&path, "thing", &7u32, &tensors).unwrap();
        let mut saved = load::<u32>(&path, "thing").unwrap();
        assert_eq!(saved.settings, 7);
        assert_eq!(saved.whole("n").unwrap(), [3, 4]);
        assert_eq!(saved.reals("w", &[2, 2]).unwrap(), [1.0, 2.0, 3.0, 4.0]);

        let text = |failure: Error| failure.to_string();
        assert!(text(saved.reals("w", &[2, 2]).unwrap_err()).contains("no such tensor"));
        assert!(text(load::<u32>(&path, "other").err().unwrap()).contains("found: thing"));
        assert!(text(load::<String>(&path, "thing").err().unwrap()).contains("as JSON"));
        let mut saved = load::<u32>(&path, "thing").unwrap();
        let wrong = text(saved.reals("w", &[4]).unwrap_err());
        assert!(wrong.contains("found: 2×2") && wrong.contains("a.safetensors"), "{wrong}");
        let infinite = Tensors::from([("w".to_string(), reals(&[1, 1], &[f32::INFINITY]))]);
        save(&path, "thing", &7u32, &infinite).unwrap();
        assert!(load::<u32>(&path, "thing").unwrap().rows("w", 1).is_err());
    }
}
