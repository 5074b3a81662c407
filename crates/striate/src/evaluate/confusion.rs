//! n[t, p]: samples of class t that were given to class p; and what follows from these counts.
//!
//! precision = n[k,k] / Σ_t n[t,k],  recall = n[k,k] / Σ_p n[k,p],  F1 = 2·precision·recall / (precision + recall);
//! each is 0 where nothing is divided by nothing.

use serde::Serialize;

/// The counts of all pairs of classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: Vec<String>,
    counts: Vec<u64>,
}

/// How well one class is found, or the mean over classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// The part of what was given to the class that is of it.
    pub precision: f64,
    /// The part of the class's samples that were given to it.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
    /// How many samples the class has.
    pub samples: u64,
}

/// A mistake and how often it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// The class that the samples are of.
    pub truth: usize,
    /// The class that they were given to.
    pub predicted: usize,
    /// How many.
    pub count: u64,
}

impl Confusion {
    /// Nothing counted yet.
    pub fn new(classes: Vec<String>) -> Self {
        Confusion { counts: vec![0; classes.len() * classes.len()], classes }
    }

    /// Counts one sample.
    ///
    /// # Panics
    /// When there is no such class.
    #[track_caller]
    pub fn add(&mut self, truth: usize, predicted: usize) {
        assert!(truth < self.classes.len() && predicted < self.classes.len(), "classes {truth} and {predicted}");
        self.counts[truth * self.classes.len() + predicted] += 1;
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// All counts, a row for each true class.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Samples of class `truth` that were given to class `predicted`.
    ///
    /// # Panics
    /// When there is no such class.
    #[track_caller]
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        self.counts[truth * self.classes.len() + predicted]
    }

    /// All samples.
    pub fn samples(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The part of the samples that are right; 0 without samples.
    pub fn accuracy(&self) -> f64 {
        share((0..self.classes.len()).map(|k| self.count(k, k)).sum(), self.samples())
    }

    /// How well class `k` is found.
    ///
    /// # Panics
    /// When there is no such class.
    #[track_caller]
    pub fn scores(&self, k: usize) -> Scores {
        let all = 0..self.classes.len();
        let given: u64 = all.clone().map(|t| self.count(t, k)).sum();
        let samples: u64 = all.map(|p| self.count(k, p)).sum();
        let (precision, recall) = (share(self.count(k, k), given), share(self.count(k, k), samples));
        let both = precision + recall;
        let f1 = if both > 0.0 { 2.0 * precision * recall / both } else { 0.0 };
        Scores { precision, recall, f1, samples }
    }

    /// The mean over classes, each counting the same.
    pub fn macro_average(&self) -> Scores {
        self.average(|_| 1.0)
    }

    /// The mean over classes, each counting by its samples.
    pub fn weighted_average(&self) -> Scores {
        self.average(|scores| scores.samples as f64)
    }

    fn average(&self, weight: fn(&Scores) -> f64) -> Scores {
        let all: Vec<Scores> = (0..self.classes.len()).map(|k| self.scores(k)).collect();
        let total: f64 = all.iter().map(weight).sum();
        let mean = |of: fn(&Scores) -> f64| {
            let sum: f64 = all.iter().map(|scores| weight(scores) * of(scores)).sum();
            if total > 0.0 { sum / total } else { 0.0 }
        };
        Scores {
            precision: mean(|s| s.precision),
            recall: mean(|s| s.recall),
            f1: mean(|s| s.f1),
            samples: self.samples(),
        }
    }

    /// The mistakes that were made most often, the most frequent first; of equals in the order of the classes.
    pub fn most_confused(&self, count: usize) -> Vec<Pair> {
        let n = self.classes.len();
        let pair = |i: usize| Pair { truth: i / n, predicted: i % n, count: self.counts[i] };
        let mut pairs: Vec<Pair> =
            (0..n * n).map(pair).filter(|pair| pair.truth != pair.predicted && pair.count > 0).collect();
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair.count));
        pairs.truncate(count);
        pairs
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
