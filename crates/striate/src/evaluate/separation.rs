//! How well the probability of one class tells its samples from all others, whatever the threshold.
//!
//! For a threshold s, with samples of p ≥ s taken for the class: TPR = recall = right / P, FPR = wrong / N, precision =
//! right / (right + wrong), where P samples are of the class and N are not. The area under TPR over FPR is by trapezoids; the
//! average precision is Σ (recall_i − recall_{i−1}) · precision_i, without interpolation.

use super::Answers;

/// Both curves of one class against the rest, from the highest threshold to the lowest.
#[derive(Clone, Debug, PartialEq)]
pub struct Separation {
    /// Points (false positive rate, true positive rate), from (0, 0) to (1, 1).
    pub roc: Vec<(f64, f64)>,
    /// Points (recall, precision); the first one of recall 0 has precision 1.
    pub precision_recall: Vec<(f64, f64)>,
    /// The area under the first: 1 where the class can be told apart without a mistake, ½ by chance.
    pub roc_area: f64,
    /// The average precision: the area under the second, by steps.
    pub average_precision: f64,
}

impl Separation {
    /// Of class `k`; `None` where all samples or none are of it: there is nothing to tell apart.
    ///
    /// # Panics
    /// When there is no such class.
    #[track_caller]
    pub fn of(answers: &Answers, k: usize) -> Option<Self> {
        let mut scored: Vec<(f32, bool)> =
            (0..answers.len()).map(|i| (answers.row(i)[k], answers.labels()[i] == k)).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        let positives = scored.iter().filter(|(_, of)| *of).count() as f64;
        let negatives = scored.len() as f64 - positives;
        if positives == 0.0 || negatives == 0.0 {
            return None;
        }
        let mut curves = Separation {
            roc: vec![(0.0, 0.0)],
            precision_recall: vec![(0.0, 1.0)],
            roc_area: 0.0,
            average_precision: 0.0,
        };
        let (mut right, mut wrong) = (0.0, 0.0);
        // Equal probabilities cannot be parted by a threshold: they are one step.
        for equal in scored.chunk_by(|a, b| a.0 == b.0) {
            let of = equal.iter().filter(|(_, of)| *of).count() as f64;
            right += of;
            wrong += equal.len() as f64 - of;
            let (last_fpr, last_tpr) = curves.roc[curves.roc.len() - 1];
            let (fpr, tpr, precision) = (wrong / negatives, right / positives, right / (right + wrong));
            curves.roc_area += (fpr - last_fpr) * (tpr + last_tpr) / 2.0;
            curves.average_precision += (tpr - last_tpr) * precision;
            curves.roc.push((fpr, tpr));
            curves.precision_recall.push((tpr, precision));
        }
        Some(curves)
    }
}
