//! What the commands that look inside look at: a model with weights, and samples.

use super::{names_weights, picture_input, saved};
use crate::args::SavedArgs;
use crate::output::note;
use std::path::{Path, PathBuf};
use striate::data::{Invert, Part, Picture};
use striate::explain::Lens;
use striate::prelude::*;
use striate::tensor::{Array, Rng};

/// A model with weights, and whether they were learned.
pub(super) struct Subject {
    pub(super) lens: Lens,
    pub(super) trained: bool,
}

/// The saved model that the arguments name.
///
/// # Errors
/// When they name a model that has no weights; those of reading the file.
pub(super) fn trained(args: &SavedArgs) -> Result<Lens> {
    Lens::of(&saved(args)?)
}

/// As [`trained`]; a model alone gets starting weights.
///
/// # Errors
/// When there is neither; those of reading the file.
pub(super) fn any(args: &SavedArgs) -> Result<Subject> {
    if names_weights(&args.run) {
        return Ok(Subject { lens: trained(args)?, trained: true });
    }
    let model = super::model(&args.run.to_string_lossy())?;
    let lens = Lens::untrained(model, 0)?.with_options(args.kernels.options()?);
    Ok(Subject { lens, trained: false })
}

/// A picture as a sample 1×C×H×W of a model, and what was done to it.
///
/// # Errors
/// When the model does not read pictures, or the file is none.
pub(super) fn picture(lens: &Lens, path: &Path, invert: Invert) -> Result<(Array<f32>, Picture)> {
    let model = lens.model();
    let input = picture_input(model)?;
    let picture = Picture::open(path, input, &model.preprocessing, invert)?;
    let sample = picture.pixels().clone().reshaped([1, input[0], input[1], input[2]]);
    Ok((sample, picture))
}

/// Samples to average over, and what they are: these pictures; else some of the run's test data; else noise.
///
/// # Errors
/// As [`picture`]; when the data do not fit the model.
pub(super) fn samples(
    args: &SavedArgs,
    subject: &Subject,
    pictures: &[PathBuf],
    most: usize,
) -> Result<(Array<f32>, String)> {
    let model = subject.lens.model();
    if !pictures.is_empty() {
        let mut numbers = vec![];
        for path in pictures {
            numbers.extend(picture(&subject.lens, path, Invert::Auto)?.0.into_data());
        }
        let what = if pictures.len() == 1 { "the picture".to_string() } else { format!("{} pictures", pictures.len()) };
        return Ok((stacked(model, pictures.len(), numbers), what));
    }
    if subject.trained {
        let data = super::data(args, None)?.open(Part::Test)?;
        if model.preprocessing.output_shape(data.sample_shape()) == model.input {
            let samples = data.prepared(&model.preprocessing, most)?;
            let what = format!("{} test samples", samples.shape()[0]);
            return Ok((samples, what));
        }
        note("note: the test data do not fit the model; noise is taken");
    }
    let rng = Rng::new(1);
    let numbers = (0..most * model.input.elements()).map(|i| rng.normal(i as u64)).collect();
    Ok((stacked(model, most, numbers), format!("{most} samples of noise")))
}

fn stacked(model: &Model, count: usize, numbers: Vec<f32>) -> Array<f32> {
    Array::new([count].into_iter().chain(model.input.iter().copied()).collect::<Vec<_>>(), numbers)
}

/// Numbers with commas between them, such as `5,7`.
pub(super) fn place(text: &str) -> std::result::Result<Place, String> {
    let numbers: std::result::Result<Vec<usize>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    numbers.map(Place).map_err(|_| "expected numbers from 0 with commas between them, such as 5,7".into())
}

/// A unit's place: a number an axis.
#[derive(Clone, Debug)]
pub(crate) struct Place(pub(crate) Vec<usize>);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.iter().map(usize::to_string).collect::<Vec<_>>().join(","))
    }
}

/// The convolution of that name; without a name the first.
///
/// # Errors
/// When the model has none.
pub(super) fn convolution(lens: &Lens, name: Option<&str>) -> Result<String> {
    if let Some(name) = name {
        return Ok(lens.layer(name)?.name.clone());
    }
    let first = lens.layers().iter().find(|layer| layer.kind.starts_with("conv") && !layer.kind.contains("transpose"));
    first.map(|layer| layer.name.clone()).ok_or_else(|| {
        Error::usage(format!("the model `{}` has no convolution", lens.model().name))
            .expected("a model with kernels")
            .hint("`striate summary` shows the layers")
    })
}
