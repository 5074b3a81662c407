//! Whether a probability of 0.8 is right 8 times in 10: C. Guo et al., "On calibration of modern neural networks" (2017).
//!
//! Samples go into bins of equal width by their confidence c, the probability of the predicted class; bin b holds
//! b/B < c ≤ (b+1)/B. The expected calibration error is ECE = Σ_b n_b/n · |accuracy_b − confidence_b|.

use super::Answers;
use serde::Serialize;

/// Samples of about the same confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// How many there are.
    pub samples: u64,
    /// Their mean confidence; 0 without samples.
    pub confidence: f64,
    /// The part of them that is right; 0 without samples.
    pub accuracy: f64,
}

/// Confidence beside accuracy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// From the least confident to the most.
    pub bins: Vec<Bin>,
    /// The expected calibration error, ECE.
    pub error: f64,
    /// The greatest difference of a bin that has samples.
    pub largest: f64,
}

impl Calibration {
    /// Over so many bins (15 are usual; at least one is made).
    pub fn of(answers: &Answers, bins: usize) -> Self {
        let count = bins.max(1);
        let mut bins = vec![Bin::default(); count];
        for judged in (0..answers.len()).map(|i| answers.judged(i)) {
            let confidence = f64::from(judged.confidence);
            let at = ((confidence * count as f64).ceil() as usize).clamp(1, count) - 1;
            bins[at].samples += 1;
            bins[at].confidence += confidence;
            bins[at].accuracy += f64::from(u8::from(judged.predicted == judged.truth));
        }
        let (mut error, mut largest) = (0.0, 0.0f64);
        for bin in bins.iter_mut().filter(|bin| bin.samples > 0) {
            bin.confidence /= bin.samples as f64;
            bin.accuracy /= bin.samples as f64;
            let difference = (bin.accuracy - bin.confidence).abs();
            error += bin.samples as f64 / answers.len() as f64 * difference;
            largest = largest.max(difference);
        }
        Calibration { bins, error, largest }
    }
}
