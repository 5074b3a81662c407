use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;
use striate_io::{Metadata, Tensors, load_tensors, save_tensors};
use striate_tensor::{Array, Error, Fault, Place, Result};

const KIND: &str = "kind";
const VERSION: &str = "version";

/// A network that can be written to a file and read again, bit for bit.
///
/// The file is a `safetensors` file whose metadata name the kind of network and the version of its format. It is
/// written whole or not at all.
///
/// ```
/// use striate_classics::Saved;
/// use striate_classics::perceptron::Perceptron;
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("network.safetensors");
/// let network = Perceptron::new(4, 3)?;
/// network.save(&path)?;
/// assert_eq!(Perceptron::load(&path)?, network);
/// # Ok::<(), striate_tensor::Error>(())
/// ```
pub trait Saved: Sized {
    /// The network's name in files.
    const KIND: &'static str;
    /// The version of its format; a reader refuses any other.
    const VERSION: u32 = 1;

    /// All that the network consists of.
    fn parts(&self) -> Parts;

    /// The network that consists of `parts`, all of them checked.
    ///
    /// # Errors
    /// `Fault::Data`: something is missing or is not as it must be.
    fn from_parts(parts: &mut Parts) -> Result<Self>;

    /// Writes the network to `path`.
    ///
    /// # Errors
    /// `Fault::Data` with the path: the file cannot be written.
    fn save(&self, path: &Path) -> Result<()> {
        let parts = self.parts().text(KIND, Self::KIND).text(VERSION, Self::VERSION);
        save_tensors(path, &parts.tensors, &parts.texts).map(|_| ())
    }

    /// Reads the network from `path`.
    ///
    /// # Errors
    /// `Fault::Data` with the path: the file cannot be read, is damaged, holds another kind of network or another
    /// version, or does not make a whole network.
    fn load(path: &Path) -> Result<Self> {
        let (tensors, texts) = load_tensors(path)?;
        let mut parts = Parts { tensors, texts };
        let read = |parts: &mut Parts| {
            parts.expect(KIND, Self::KIND, "give a file of this kind of network")?;
            parts.expect(VERSION, &Self::VERSION.to_string(), "use the version of Striate that wrote the file")?;
            Self::from_parts(parts).map_err(|error| match error.fault() {
                Fault::Data => error,
                // What a user got wrong in code is damage in a file.
                _ => Error::data("the file does not hold a whole network")
                    .found(error.to_string())
                    .expected("the settings that were saved")
                    .hint("the file was changed: save the network again"),
            })
        };
        read(&mut parts).map_err(|error| error.at(Place::File(path.display().to_string())))
    }
}

/// What a saved network consists of: tensors of reals and short texts, each with a name.
///
/// ```
/// use striate_classics::Parts;
/// let mut parts = Parts::new().reals("weights", [2, 1], vec![0.5, 1.0]).text("rate", 0.1);
/// assert_eq!(parts.size("rows").unwrap_err().what(), "the file does not say `rows`");
/// assert_eq!(parts.parse::<f32>("rate")?, 0.1);
/// assert_eq!(parts.take("weights", &[2, 1])?, [0.5, 1.0]);
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    tensors: Tensors,
    texts: Metadata,
}

impl Parts {
    /// No parts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more tensor.
    ///
    /// # Panics
    /// When there are not as many values as the shape says.
    pub fn reals<const N: usize>(mut self, name: impl Into<String>, shape: [usize; N], values: Vec<f32>) -> Self {
        self.tensors.insert(name.into(), Array::new(shape, values).into());
        self
    }

    /// One more text, or a number as text (a number that is read again is the same, bit for bit).
    pub fn text(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.texts.insert(name.into(), value.to_string());
        self
    }

    /// One more value of several fields, as a text of JSON (which keeps every number, bit for bit).
    ///
    /// # Panics
    /// When the value has a form that JSON lacks.
    pub fn json(self, name: impl Into<String>, value: &impl Serialize) -> Self {
        let text = serde_json::to_string(value).expect("settings and labels have a form in JSON");
        self.text(name, text)
    }

    /// Takes out the tensor `name`: rows of `width` finite numbers, as many as there are.
    ///
    /// # Errors
    /// `Fault::Data`: it is missing or not so.
    pub fn take_rows(&mut self, name: &str, width: usize) -> Result<Vec<f32>> {
        let rows = self.tensors.get(name).and_then(|tensor| tensor.shape().first()).copied();
        self.take(name, &[rows.unwrap_or(0), width])
    }

    /// Takes out the tensor `name`, whose shape must be `shape` and whose numbers must be finite.
    ///
    /// # Errors
    /// `Fault::Data`: it is missing or not so.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let shape_text = |shape: &[usize]| format!("the shape {shape:?}");
        let tensor = self.tensors.remove(name).ok_or_else(|| missing(name))?;
        if tensor.shape()[..] != *shape {
            return Err(Error::data(format!("the tensor `{name}` has the wrong shape"))
                .found(shape_text(tensor.shape()))
                .expected(shape_text(shape))
                .hint("the file is not one that Striate wrote"));
        }
        let dtype = tensor.dtype();
        let Some(array) = tensor.into_f32() else {
            return Err(Error::data(format!("the tensor `{name}` has the wrong type"))
                .found(format!("{dtype:?}"))
                .expected("F32"));
        };
        crate::checks::finite(array.data())?;
        Ok(array.into_data())
    }

    /// The text `name` as a number.
    ///
    /// # Errors
    /// `Fault::Data`: it is missing or no such number.
    pub fn parse<T: FromStr>(&self, name: &str) -> Result<T> {
        let text = self.texts.get(name).ok_or_else(|| missing(name))?;
        text.parse().map_err(|_| {
            Error::data(format!("`{name}` cannot be understood")).found(format!("`{text}`")).expected("a number")
        })
    }

    /// The text `name` as the value that [`Parts::json`] wrote.
    ///
    /// # Errors
    /// `Fault::Data`: it is missing or no such value.
    pub fn parse_json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let text = self.texts.get(name).ok_or_else(|| missing(name))?;
        serde_json::from_str(text).map_err(|failure| {
            Error::data(format!("`{name}` cannot be understood"))
                .found(failure)
                .expected("what Striate wrote there, as JSON")
                .hint("the file was changed: save the network again")
        })
    }

    /// The text `name` as a number of things, at least 1.
    ///
    /// # Errors
    /// `Fault::Data`: it is missing, or no such number.
    pub fn size(&self, name: &str) -> Result<usize> {
        match self.parse(name)? {
            0 => Err(Error::data(format!("`{name}` cannot be 0")).found(0).expected("at least 1")),
            size => Ok(size),
        }
    }

    fn expect(&self, name: &str, expected: &str, hint: &str) -> Result<()> {
        match self.texts.get(name) {
            Some(found) if found == expected => Ok(()),
            found => Err(Error::data(format!("the file holds another {name} of network"))
                .found(found.map_or("none".to_string(), |found| format!("`{found}`")))
                .expected(format!("`{expected}`"))
                .hint(hint)),
        }
    }
}

fn missing(name: &str) -> Error {
    Error::data(format!("the file does not say `{name}`"))
        .found("nothing of this name")
        .expected("a file that Striate wrote")
        .hint("save the network again")
}
