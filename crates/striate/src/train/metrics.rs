use serde::{Deserialize, Serialize};

/// What has been counted over some samples: the sum of their losses, and how many were classified right.
///
/// ```
/// use striate::train::Tally;
/// let mut tally = Tally::default();
/// tally.add(0.5, 3, 4);
/// tally.add(1.5, 0, 4);
/// assert_eq!((tally.loss(), tally.accuracy(), tally.samples()), (1.0, 0.375, 8));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    #[serde(with = "super::bits")]
    loss: f64,
    right: u64,
    samples: u64,
}

impl Tally {
    /// Adds a batch: the mean of its losses, how many of its samples are right, and how many it has.
    pub fn add(&mut self, mean_loss: f32, right: usize, samples: usize) {
        self.loss += f64::from(mean_loss) * samples as f64;
        self.right += right as u64;
        self.samples += samples as u64;
    }

    /// The mean loss; 0 before the first sample.
    pub fn loss(&self) -> f64 {
        if self.samples == 0 { 0.0 } else { self.loss / self.samples as f64 }
    }

    /// The part of the samples that is right, between 0 and 1; 0 before the first sample.
    pub fn accuracy(&self) -> f64 {
        if self.samples == 0 { 0.0 } else { self.right as f64 / self.samples as f64 }
    }

    /// How many samples are right.
    pub fn right(&self) -> u64 {
        self.right
    }

    /// How many samples were counted.
    pub fn samples(&self) -> u64 {
        self.samples
    }
}

/// What a model does on a data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// All samples together.
    pub all: Tally,
    /// For each class: how many of its samples are right, and how many it has.
    pub classes: Vec<(u64, u64)>,
}

/// The class with the highest score, the first of equals. Scores that are no numbers never win.
///
/// ```
/// assert_eq!(striate::train::best_class(&[0.1, 0.7, 0.7, f32::NAN]), 1);
/// ```
pub fn best_class(scores: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (class, &score) in scores.iter().enumerate() {
        if score > best.1 {
            best = (class, score);
        }
    }
    best.0
}

/// How many rows of `scores` are highest at their label.
pub fn count_right(scores: &[f32], labels: &[i32]) -> usize {
    let classes = scores.len() / labels.len().max(1);
    let rows = scores.chunks_exact(classes.max(1));
    rows.zip(labels).filter(|(scores, label)| best_class(scores) as i32 == **label).count()
}

/// The mean over samples of |predicted ∩ true| / |predicted ∪ true| for the places of one class: 1 where all agree, also
/// where neither has any. `scores` is N×classes×places, `labels` N×places.
///
/// ```
/// // One sample of three places, two classes: predicted 1, 1, 0; true 1, 0, 0.
/// let scores = [0.0, 0.0, 2.0, 1.0, 1.0, 1.0];
/// assert_eq!(striate::train::mean_iou(&scores, &[1, 0, 0], 3, 1), 0.5);
/// ```
pub fn mean_iou(scores: &[f32], labels: &[i32], places: usize, class: usize) -> f64 {
    let samples = labels.len() / places.max(1);
    let classes = scores.len() / labels.len().max(1);
    let of = |sample: usize| {
        let scores = &scores[sample * classes * places..][..classes * places];
        let (mut both, mut either) = (0u32, 0u32);
        for (place, &label) in labels[sample * places..][..places].iter().enumerate() {
            let here: Vec<f32> = scores.iter().skip(place).step_by(places).copied().collect();
            let (predicted, is) = (best_class(&here) == class, label == class as i32);
            both += u32::from(predicted && is);
            either += u32::from(predicted || is);
        }
        if either == 0 { 1.0 } else { f64::from(both) / f64::from(either) }
    };
    (0..samples).map(of).sum::<f64>() / samples.max(1) as f64
}
