use super::convert::Convert;
use super::dataset::Samples;
use super::{Dataset, Preprocessing};
use striate_tensor::{Array, Error, Result, Rng, Shape};

/// The batches of a data set, epoch after epoch, preprocessed.
///
/// Which samples are in a batch is a function of (seed, epoch, number of the batch) alone, so that a run can go on
/// in the middle of an epoch. Every sample comes exactly once an epoch; the last batch holds the rest and may be
/// smaller. Filling a batch allocates nothing.
///
/// ```
/// use striate::data::{Batches, Digits, Preprocessing};
/// let mut batches = Batches::shuffled(&Digits::test(), &Preprocessing::default(), 300, 7)?;
/// assert_eq!((batches.len(), batches.batch_len(0), batches.batch_len(6)), (7, 300, 200));
/// batches.start_epoch(3);
/// let (mut x, mut y) = (vec![0.0; 300 * 784], vec![0; 300]);
/// assert_eq!(batches.fill(6, &mut x, &mut y), 200);
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Batches {
    data: Dataset,
    convert: Convert,
    batch: usize,
    seed: Option<u64>,
    epoch: u64,
    order: Vec<u32>,
}

impl Dataset {
    /// The first `count` samples as a model takes them, N×…; all, where there are fewer.
    ///
    /// # Errors
    /// As [`Batches::sequential`].
    ///
    /// ```
    /// use striate::data::{Digits, Preprocessing};
    /// assert_eq!(Digits::test().prepared(&Preprocessing::default(), 3)?.shape()[..], [3, 1, 28, 28]);
    /// # Ok::<(), striate::tensor::Error>(())
    /// ```
    pub fn prepared(&self, preprocessing: &Preprocessing, count: usize) -> Result<Array<f32>> {
        let batches = Batches::sequential(self, preprocessing, count.min(self.len()).max(1))?;
        let mut samples = Array::full([&[batches.batch()], &batches.sample_shape()[..]].concat(), 0.0);
        batches.fill(0, samples.data_mut(), &mut vec![0; batches.batch()]);
        Ok(samples)
    }
}

impl Batches {
    /// Batches of `batch` samples in an order drawn anew for each epoch, for training; begins with epoch 0.
    ///
    /// # Errors
    /// `Fault::Usage`: the batch is 0. `Fault::Model`: the preprocessing does not fit the samples. `Fault::Data`: no
    /// samples, or 2³² and more.
    pub fn shuffled(data: &Dataset, preprocessing: &Preprocessing, batch: usize, seed: u64) -> Result<Self> {
        let mut batches = Self::new(data, preprocessing, batch, Some(seed))?;
        batches.start_epoch(0);
        Ok(batches)
    }

    /// Batches of `batch` samples in the order of the data set, for evaluation; every epoch is the same.
    ///
    /// # Errors
    /// As for [`Batches::shuffled`].
    ///
    /// ```
    /// use striate::data::{Batches, Digits, Preprocessing};
    /// let batches = Batches::sequential(&Digits::test(), &Preprocessing::default(), 100)?;
    /// assert_eq!(batches.samples(1)[0], 100);
    /// # Ok::<(), striate_tensor::Error>(())
    /// ```
    pub fn sequential(data: &Dataset, preprocessing: &Preprocessing, batch: usize) -> Result<Self> {
        Self::new(data, preprocessing, batch, None)
    }

    fn new(data: &Dataset, preprocessing: &Preprocessing, batch: usize, seed: Option<u64>) -> Result<Self> {
        if batch == 0 {
            return Err(Error::usage("a batch needs at least one sample").found(0).expected("1 or more"));
        }
        let count = match u32::try_from(data.len()) {
            Ok(count) if count > 0 => count,
            _ => {
                return Err(Error::data("there is nothing to make batches of").found(format!("{} samples", data.len())));
            }
        };
        let convert = Convert::new(preprocessing, data.sample_shape())?;
        Ok(Batches { data: data.clone(), convert, batch, seed, epoch: 0, order: (0..count).collect() })
    }

    /// Draws the order of an epoch; allocates nothing.
    pub fn start_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
        if let Some(seed) = self.seed {
            self.order.iter_mut().zip(0..).for_each(|(place, sample)| *place = sample);
            Rng::new(seed).stream("shuffle").substream(epoch).shuffle(&mut self.order);
        }
    }

    /// The epoch whose order is in use.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Number of batches in an epoch.
    #[allow(clippy::len_without_is_empty, reason = "there is always at least one batch")]
    pub fn len(&self) -> usize {
        self.data.len().div_ceil(self.batch)
    }

    /// Number of samples in batch `index`.
    ///
    /// # Panics
    /// When there is no such batch.
    #[track_caller]
    pub fn batch_len(&self, index: usize) -> usize {
        self.samples(index).len()
    }

    /// Number of samples in a full batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The shape of one sample as [`Batches::fill`] writes it: preprocessed, padded.
    pub fn sample_shape(&self) -> &Shape {
        self.convert.output()
    }

    /// The data set.
    pub fn dataset(&self) -> &Dataset {
        &self.data
    }

    /// The numbers of the samples in batch `index` of the current epoch, in order.
    ///
    /// # Panics
    /// When there is no such batch.
    #[track_caller]
    pub fn samples(&self, index: usize) -> &[u32] {
        assert!(index < self.len(), "batch {index} of {}", self.len());
        let start = index * self.batch;
        &self.order[start..(start + self.batch).min(self.order.len())]
    }

    /// Writes batch `index` of the current epoch: the samples into `x`, `N×` [`Batches::sample_shape`], and their
    /// labels into `y`. Returns N; what lies behind in the buffers stays as it was.
    ///
    /// # Panics
    /// When there is no such batch or a buffer is too small for it.
    #[track_caller]
    pub fn fill(&self, index: usize, x: &mut [f32], y: &mut [i32]) -> usize {
        let samples = self.samples(index);
        let (from, to) = (self.data.sample_shape().elements(), self.sample_shape().elements());
        assert!(
            x.len() >= samples.len() * to && y.len() >= samples.len(),
            "a batch of {} needs {} numbers and as many labels as samples; the buffers have {} and {}",
            samples.len(),
            samples.len() * to,
            x.len(),
            y.len()
        );
        let places = x.chunks_exact_mut(to).zip(y.iter_mut());
        for (&sample, (x, y)) in samples.iter().zip(places) {
            let sample = sample as usize;
            let range = sample * from..(sample + 1) * from;
            match self.data.samples() {
                Samples::Bytes(all) => self.convert.bytes(&all[range], x),
                Samples::Reals(all) => self.convert.reals(&all[range], x),
            }
            *y = self.data.labels()[sample];
        }
        samples.len()
    }

    /// Writes the targets of batch `index` of the current epoch, N×K, into `t`; returns how many numbers that are, 0 where
    /// samples have classes.
    ///
    /// # Panics
    /// When there is no such batch or the buffer is too small for it.
    #[track_caller]
    pub fn fill_targets(&self, index: usize, t: &mut [f32]) -> usize {
        let (samples, width) = (self.samples(index), self.data.target_width());
        if width > 0 {
            for (&sample, t) in samples.iter().zip(t.chunks_exact_mut(width)) {
                t.copy_from_slice(&self.data.targets()[sample as usize * width..][..width]);
            }
        }
        samples.len() * width
    }
}
