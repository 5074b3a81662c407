use std::sync::Arc;
use striate_tensor::{Array, Error, Result, Shape};

/// Labelled samples in memory: images of bytes, or arrays of real numbers. A clone shares the memory.
///
/// A sample of images is `C×H×W`; the label of a sample is the number of its class, from 0.
///
/// ```
/// use striate::data::Dataset;
/// // Two images of 1×2×2 pixels.
/// let pixels = vec![0, 255, 255, 0, 255, 255, 0, 0];
/// let classes = ["slash", "bar"].map(String::from).to_vec();
/// let data = Dataset::from_images(pixels, [1, 2, 2], vec![0, 1], classes, "by hand")?;
/// assert_eq!((data.len(), data.sample_shape().to_string()), (2, "1×2×2".to_string()));
/// assert_eq!(data.image(1), Some(&[255, 255, 0, 0][..]));
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    samples: Arc<Samples>,
    shape: Shape,
    labels: Arc<Vec<i32>>,
    classes: Arc<Vec<String>>,
    /// N×K, where samples have numbers to be told instead of classes; then all labels are 0 and there is no class.
    targets: Arc<Vec<f32>>,
    source: Arc<str>,
}

/// The samples, one after the other.
#[derive(Debug, PartialEq)]
pub(super) enum Samples {
    Bytes(Vec<u8>),
    Reals(Vec<f32>),
}

impl Dataset {
    /// Images of bytes, `N×C×H×W`, with a label each; `source` says in one line where they come from.
    ///
    /// # Errors
    /// `Fault::Data`: there is no image, the numbers of pixels and labels do not fit, a label has no class.
    pub fn from_images(
        pixels: Vec<u8>,
        shape: [usize; 3],
        labels: Vec<i32>,
        classes: Vec<String>,
        source: impl Into<String>,
    ) -> Result<Self> {
        check(pixels.len(), &shape, &labels, classes.len())?;
        Ok(Self::unchecked(Samples::Bytes(pixels), shape.into(), labels, classes, source.into()))
    }

    /// Real numbers, `N×…` (`N×C×H×W` for images), with a label each.
    ///
    /// They are taken as already scaled: a [`Preprocessing`](super::Preprocessing) applies its mean, std and padding
    /// to them, but not its range.
    ///
    /// # Errors
    /// `Fault::Data`: there is no sample, the numbers of samples and labels differ, a label has no class.
    ///
    /// ```
    /// use striate::data::Dataset;
    /// use striate_tensor::Array;
    /// let x = Array::from_fn([4, 3], |i| i as f32);
    /// let data = Dataset::from_array(x, vec![0, 1, 1, 0], ["no", "yes"].map(String::from).to_vec())?;
    /// assert_eq!(data.sample_shape().to_string(), "3");
    /// # Ok::<(), striate_tensor::Error>(())
    /// ```
    pub fn from_array(x: Array<f32>, labels: Vec<i32>, classes: Vec<String>) -> Result<Self> {
        let shape: Shape = match x.shape().split_first() {
            Some((_, sample)) => sample.into(),
            None => return Err(Error::data("a data set cannot be made of a scalar").expected("an array N×…")),
        };
        check(x.data().len(), &shape, &labels, classes.len())?;
        Ok(Self::unchecked(Samples::Reals(x.into_data()), shape, labels, classes, "memory".into()))
    }

    /// Real numbers, `N×…`, with K numbers to be told of each, `N×K`; there are no classes.
    ///
    /// # Errors
    /// `Fault::Data`: there is no sample, the numbers of samples and targets differ, a target is not finite.
    ///
    /// ```
    /// use striate::data::Dataset;
    /// use striate_tensor::Array;
    /// let data = Dataset::with_targets(Array::from_fn([4, 3], |i| i as f32), Array::from_fn([4, 1], |i| i as f32))?;
    /// assert_eq!((data.targets(), data.target_width(), data.classes().len()), (&[0.0, 1.0, 2.0, 3.0][..], 1, 0));
    /// # Ok::<(), striate_tensor::Error>(())
    /// ```
    pub fn with_targets(x: Array<f32>, targets: Array<f32>) -> Result<Self> {
        let (samples, rows) = (x.shape().first().copied().unwrap_or(0), targets.shape().first().copied().unwrap_or(0));
        if samples != rows || targets.shape().rank() != 2 || targets.data().is_empty() {
            return Err(Error::data("samples and targets do not fit together")
                .found(format!("{} samples, targets {}", samples, targets.shape()))
                .expected("targets N×K, K at least 1, for N samples"));
        }
        if let Some(at) = targets.data().iter().position(|t| !t.is_finite()) {
            return Err(Error::data("a target is not finite").found(format!("{} of sample {at}", targets.data()[at])));
        }
        let mut data = Self::from_array(x, vec![0; samples], vec![String::new()])?;
        data.classes = Arc::default();
        data.targets = Arc::new(targets.into_data());
        Ok(data)
    }

    /// Says in one line where the samples come from.
    #[must_use]
    pub fn from_source(self, source: &str) -> Self {
        Dataset { source: source.into(), ..self }
    }

    /// The numbers to be told, `N×K`, row-major; empty where samples have classes.
    pub fn targets(&self) -> &[f32] {
        &self.targets
    }

    /// How many numbers are to be told of a sample; 0 where samples have classes.
    pub fn target_width(&self) -> usize {
        self.targets.len() / self.len().max(1)
    }

    /// All samples, `N×…`, as real numbers; `None` when they are images of bytes.
    pub fn reals(&self) -> Option<&[f32]> {
        match &*self.samples {
            Samples::Bytes(_) => None,
            Samples::Reals(reals) => Some(reals),
        }
    }

    pub(super) fn unchecked(
        samples: Samples,
        shape: Shape,
        labels: Vec<i32>,
        classes: Vec<String>,
        source: String,
    ) -> Self {
        Dataset {
            samples: Arc::new(samples),
            shape,
            labels: Arc::new(labels),
            classes: Arc::new(classes),
            targets: Arc::default(),
            source: source.into(),
        }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sample (only a part of a data set can be empty).
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The shape of one sample, without the batch: `C×H×W` for images.
    pub fn sample_shape(&self) -> &Shape {
        &self.shape
    }

    /// The class number of each sample.
    pub fn labels(&self) -> &[i32] {
        &self.labels
    }

    /// The names of the classes; class `k` is `classes()[k]`.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Where the samples come from, in one line.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How many samples each class has.
    ///
    /// ```
    /// assert_eq!(striate::data::Digits::train().class_counts(), [1000; 10]);
    /// ```
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        self.labels.iter().filter(|_| !self.classes.is_empty()).for_each(|&label| counts[label as usize] += 1);
        counts
    }

    /// All pixels as bytes, `N×C×H×W`; `None` when the samples are real numbers.
    pub fn pixels(&self) -> Option<&[u8]> {
        match &*self.samples {
            Samples::Bytes(pixels) => Some(pixels),
            Samples::Reals(_) => None,
        }
    }

    /// The pixels of sample `index`, `C×H×W`; `None` when the samples are real numbers or there is no such sample.
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        let size = self.shape.elements();
        self.pixels()?.get(index * size..(index + 1) * size)
    }

    /// The numbers of sample `index` as they are kept: bytes from 0 to 255, or real numbers; `None` when there is no such
    /// sample.
    ///
    /// ```
    /// use striate::data::Digits;
    /// assert_eq!(Digits::test().sample(0).map(|pixels| pixels.len()), Some(784));
    /// assert_eq!(Digits::test().sample(1 << 20), None);
    /// ```
    pub fn sample(&self, index: usize) -> Option<Vec<f32>> {
        let size = self.shape.elements();
        let range = index.checked_mul(size)?..index.checked_add(1)?.checked_mul(size)?;
        match &*self.samples {
            Samples::Bytes(all) => Some(all.get(range)?.iter().map(|&byte| f32::from(byte)).collect()),
            Samples::Reals(all) => Some(all.get(range)?.to_vec()),
        }
    }

    /// The samples of these numbers, in this order; they are copied.
    ///
    /// # Panics
    /// When there is no sample of such a number.
    #[track_caller]
    pub fn subset(&self, samples: &[usize]) -> Dataset {
        let size = self.shape.elements();
        fn gather<T: Copy>(all: &[T], size: usize, samples: &[usize]) -> Vec<T> {
            let mut some = Vec::with_capacity(samples.len() * size);
            samples.iter().for_each(|&sample| some.extend_from_slice(&all[sample * size..(sample + 1) * size]));
            some
        }
        let chosen = match &*self.samples {
            Samples::Bytes(all) => Samples::Bytes(gather(all, size, samples)),
            Samples::Reals(all) => Samples::Reals(gather(all, size, samples)),
        };
        Dataset {
            samples: Arc::new(chosen),
            labels: Arc::new(samples.iter().map(|&sample| self.labels[sample]).collect()),
            targets: Arc::new(gather(&self.targets, self.target_width(), samples)),
            ..self.clone()
        }
    }

    pub(super) fn samples(&self) -> &Samples {
        &self.samples
    }
}

fn check(elements: usize, shape: &[usize], labels: &[i32], classes: usize) -> Result<()> {
    let shape_text = Shape::from(shape);
    let size = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size)).unwrap_or(0);
    if labels.is_empty() || size == 0 {
        return Err(Error::data("the data set is empty")
            .found(format!("{} labels, samples of {shape_text}", labels.len()))
            .expected("at least one sample of at least one number"));
    }
    if labels.len().checked_mul(size) != Some(elements) {
        return Err(Error::data("samples and labels do not fit together")
            .found(format!("{elements} numbers and {} labels", labels.len()))
            .expected(format!("a sample of {shape_text} for each label")));
    }
    check_labels(labels.iter().map(|&label| i64::from(label)), classes)
}

/// Whether every label is the number of a class; the error names the first that is not.
pub(super) fn check_labels(labels: impl IntoIterator<Item = i64>, classes: usize) -> Result<()> {
    match labels.into_iter().enumerate().find(|&(_, label)| label < 0 || label >= classes as i64) {
        None => Ok(()),
        Some((sample, label)) => Err(Error::data("a label is not the number of a class")
            .found(format!("label {label} of sample {sample} (counted from 0)"))
            .expected(format!("0 to {}, for {classes} classes", classes as i64 - 1))),
    }
}
