use crate::{Rows, checks};
use striate_tensor::{Result, Rng};

/// Rows of numbers with a class each.
///
/// ```
/// use striate_classics::data::Samples;
/// let classes = ["off", "on"].map(String::from).to_vec();
/// let and = Samples::new("and", vec![0., 0., 0., 1., 1., 0., 1., 1.], 2, vec![0, 0, 0, 1], classes)?;
/// assert_eq!((and.len(), and.row(2), and.labels()[3]), (4, &[1.0, 0.0][..], 1));
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    name: String,
    values: Vec<f32>,
    width: usize,
    labels: Vec<usize>,
    classes: Vec<String>,
    columns: Vec<String>,
}

impl Samples {
    /// `values`, row after row of `width` numbers, with the number of its class for each row.
    ///
    /// # Errors
    /// `Fault::Data`: the numbers do not make whole rows, one is not finite, or the labels do not fit.
    pub fn new(
        name: impl Into<String>,
        values: Vec<f32>,
        width: usize,
        labels: Vec<usize>,
        classes: Vec<String>,
    ) -> Result<Self> {
        let rows = Rows::new(&values, width)?.len();
        checks::labels(&labels, rows, classes.len())?;
        Ok(Self::unchecked(&name.into(), values, labels, classes, (1..=width).map(|k| format!("column{k}")).collect()))
    }

    pub(super) fn unchecked(
        name: &str,
        values: Vec<f32>,
        labels: Vec<usize>,
        classes: Vec<String>,
        columns: Vec<String>,
    ) -> Self {
        Samples { name: name.into(), values, width: columns.len(), labels, classes, columns }
    }

    /// The data set's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none (an empty part of a split).
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Numbers of a sample.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The class of each sample.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The names of the numbers of a sample; `column1`, `column2`, … where they have none.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// All samples.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn rows(&self) -> Rows<'_> {
        Rows::new(&self.values, self.width).expect("samples that were checked, and at least one")
    }

    /// One sample.
    ///
    /// # Panics
    /// When there is no such sample.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// The samples of the given numbers, in that order.
    ///
    /// # Panics
    /// When there is no such sample.
    pub fn select(&self, indices: &[usize]) -> Self {
        Samples {
            values: indices.iter().flat_map(|&i| self.row(i)).copied().collect(),
            labels: indices.iter().map(|&i| self.labels[i]).collect(),
            name: self.name.clone(),
            classes: self.classes.clone(),
            columns: self.columns.clone(),
            width: self.width,
        }
    }

    /// A training part and a test part with the share `test` of the samples (rounded), drawn by the seed.
    pub fn split(&self, test: f64, seed: u64) -> (Self, Self) {
        let (train, test) = self.split_indices(test, seed);
        (self.select(&train), self.select(&test))
    }

    /// The numbers of the samples that [`split`](Samples::split) puts into its two parts.
    pub fn split_indices(&self, test: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
        let mut order: Vec<usize> = (0..self.len()).collect();
        Rng::new(seed).stream("split").shuffle(&mut order);
        let tests = (test.clamp(0.0, 1.0) * self.len() as f64).round() as usize;
        let train = order.split_off(tests);
        (train, order)
    }

    pub(super) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}
