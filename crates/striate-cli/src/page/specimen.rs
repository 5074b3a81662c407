//! The one picture that the report looks into: the user's, or the first sample of the data.

use super::Context;
use crate::draw::colour::extent;
use crate::draw::pixels::Pixels;
use striate::data::{Invert, Picture};
use striate::prelude::*;
use striate::tensor::Array;

/// A picture as the model takes it.
pub(crate) struct Specimen {
    /// 1×C×H×W, preprocessed.
    pub(crate) values: Array<f32>,
    /// What it is, in words.
    pub(crate) about: String,
}

impl Specimen {
    /// Its pixels: from the least number to the greatest.
    pub(crate) fn pixels(&self) -> Pixels {
        let shape = self.values.shape();
        Pixels::sample(self.values.data(), shape[1], shape[3], extent(self.values.data()))
    }
}

impl Context {
    /// The picture to look into; `None` where the model's samples are no pictures.
    ///
    /// # Errors
    /// `Fault::Data`: the user's picture cannot be read.
    pub(crate) fn specimen(&self) -> Result<Option<Specimen>> {
        let model = self.saved.model();
        let Ok(input): std::result::Result<[usize; 3], _> = model.input[..].try_into() else { return Ok(None) };
        let shape = [1, input[0], input[1], input[2]];
        if let Some(path) = &self.image {
            let picture = Picture::open(path, input, &model.preprocessing, Invert::Auto)?;
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let values = Array::new(shape, picture.pixels().data().to_vec());
            return Ok(Some(Specimen { values, about: format!("{name} ({picture})") }));
        }
        let values = self.data.prepared(&model.preprocessing, 1)?;
        let class = self.answers().map(|answers| &answers.classes()[answers.labels()[0]]);
        let of = class.map_or(String::new(), |class| format!(", of class {class}"));
        Ok(Some(Specimen { values, about: format!("the first sample of the test part{of}") }))
    }
}
