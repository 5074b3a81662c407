//! A data set, batch by batch, as a model takes it.

use super::Lens;
use crate::data::{Batches, Dataset};
use striate_tensor::{Array, Error, Place, Result};

/// Calls `each` for all samples in order, so many at a time: the number of the first, and the samples N×…, preprocessed.
///
/// # Errors
/// `Fault::Data`: the samples do not fit the model; those of `each`.
pub(super) fn each_batch(
    lens: &Lens,
    data: &Dataset,
    batch: usize,
    mut each: impl FnMut(usize, Array<f32>) -> Result<()>,
) -> Result<()> {
    let model = lens.model();
    let given = model.preprocessing.output_shape(data.sample_shape());
    if given != model.input {
        return Err(Error::data("the samples do not fit the model")
            .found(given)
            .expected(format!("{}, the input of `{}`", model.input, model.name))
            .at(Place::File(data.source().to_string()))
            .hint("give the data that the model was trained on"));
    }
    let batches = Batches::sequential(data, &model.preprocessing, batch)?;
    let size = model.input.elements();
    let mut labels = vec![0; batch];
    for index in 0..batches.len() {
        let count = batches.batch_len(index);
        let mut samples = vec![0.0; count * size];
        batches.fill(index, &mut samples, &mut labels);
        each(index * batch, Array::new([&[count], &model.input[..]].concat(), samples))?;
    }
    Ok(())
}
