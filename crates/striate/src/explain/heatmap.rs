//! Class scores at every place of a picture: a model that slides.
//!
//! ```text
//! scores[k, i] = the model's score of class k for the window that begins at first + i·stride
//! p[k, i]      = softmax over k of scores[k, i]
//! ```
//!
//! The window of a cell has the size that the model was made for, and moves by the stride of the last layer's receptive
//! field. At inner places the layers see beyond the window what their padding hid at its border, hence scores differ
//! slightly from those of the window cut out; on a picture of the model's own size there is one cell, and they are equal.

use crate::model::Model;
use serde::Serialize;
use striate_plan::{Feed, Options, Plan, Store, Workers};
use striate_tensor::{Array, Error, Result};

/// The scores of every place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeatMap {
    /// Number of classes.
    pub classes: usize,
    /// Rows of cells.
    pub rows: usize,
    /// Columns of cells.
    pub columns: usize,
    /// Pixels from one cell's window to the next, down and across.
    pub stride: [usize; 2],
    /// Height and width of a window.
    pub window: [usize; 2],
    /// Scores, classes × rows × columns.
    pub scores: Vec<f32>,
    /// Probabilities, classes × rows × columns.
    pub probabilities: Vec<f32>,
}

impl HeatMap {
    /// The upper left pixel of a cell's window.
    pub fn corner(&self, row: usize, column: usize) -> [usize; 2] {
        [row * self.stride[0], column * self.stride[1]]
    }

    /// The most probable class of a cell, and its probability.
    pub fn best(&self, row: usize, column: usize) -> (usize, f32) {
        let cells = self.rows * self.columns;
        let at = |class: usize| self.probabilities[class * cells + row * self.columns + column];
        let best = (0..self.classes).fold(0, |best, class| if at(class) > at(best) { class } else { best });
        (best, at(best))
    }
}

/// A model that slides over pictures of one size.
///
/// ```
/// use striate::explain::heatmap::Slider;
/// use striate::plan::{Store, Workers};
/// use striate::prelude::*;
/// use striate::tensor::Array;
/// let model = zoo::lenet5();
/// let store = Store::new(&model.graph_for_inference()?, 1);
/// let mut slider = Slider::new(&model, &store, [32, 40])?;
/// let map = slider.map(&Workers::new(1), &Array::full([1, 32, 40], 0.0))?;
/// assert_eq!((map.rows, map.columns, map.stride, map.window), (2, 4, [4, 4], [28, 28]));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Slider {
    plan: Plan,
    store: Store,
    shape: [usize; 3],
    stride: [usize; 2],
    window: [usize; 2],
    classes: usize,
}

impl Slider {
    /// For pictures of so many rows and columns, by the weights that `store` holds for `model`.
    ///
    /// # Errors
    /// `Fault::Model`: the model does not read pictures, cannot slide. `Fault::Data`: a picture smaller than its input.
    pub fn new(model: &Model, store: &Store, size: [usize; 2]) -> Result<Self> {
        let [channels, height, width] = model.input[..] else {
            return Err(Error::model("only a model that reads pictures can slide over them")
                .found(format!("an input of {}", model.input))
                .expected("channels × height × width"));
        };
        if size[0] < height || size[1] < width {
            return Err(Error::data("the picture is smaller than what the model looks at")
                .found(format!("{}×{}", size[0], size[1]))
                .expected(format!("at least {height}×{width}")));
        }
        let mut sliding = model.fully_convolutional()?;
        sliding.input = [channels, size[0], size[1]].into();
        let store = model.slid(&sliding, store)?;
        let graph = sliding.graph_for_inference()?;
        let plan = Plan::frozen(&graph, 1, &store, &Options::default())?;
        let field = sliding.summary()?.layers.pop().and_then(|layer| layer.receptive_field);
        let stride = match field.map(|field| field.stride).as_deref() {
            Some(&[down, across]) if down > 0 && across > 0 => [down, across],
            found => {
                return Err(Error::model("the places of the model's scores are not known")
                    .found(format!("receptive field with the strides {found:?}"))
                    .expected("layers whose windows slide, without upsampling"));
            }
        };
        let shape = [channels, size[0], size[1]];
        Ok(Slider { plan, store, shape, stride, window: [height, width], classes: model.classes.len() })
    }

    /// The scores at every place of a picture, channels × rows × columns, preprocessed.
    ///
    /// # Errors
    /// `Fault::Data`: it has another shape.
    pub fn map(&mut self, workers: &Workers, picture: &Array<f32>) -> Result<HeatMap> {
        if picture.shape()[..] != self.shape {
            return Err(Error::data("the picture does not have the size that the model slides over")
                .found(picture.shape())
                .expected(striate_tensor::Shape::from(self.shape)));
        }
        self.plan.run(workers, &mut self.store, &[Feed::F32(picture.data())])?;
        let cells = |axis: usize| (self.shape[axis + 1] - self.window[axis]) / self.stride[axis] + 1;
        let (rows, columns) = (cells(0), cells(1));
        let (scores, probabilities) = (self.plan.output(0).to_vec(), self.plan.output(1).to_vec());
        if scores.len() != self.classes * rows * columns {
            return Err(Error::internal("the sliding model gives another number of scores than there are places")
                .found(scores.len())
                .expected(format!("{} classes at {rows}×{columns} places", self.classes)));
        }
        let (classes, stride, window) = (self.classes, self.stride, self.window);
        Ok(HeatMap { classes, rows, columns, stride, window, scores, probabilities })
    }
}
