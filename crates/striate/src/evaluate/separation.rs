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

    /// The mean over classes, each counted alike; `None` for none. Areas are the means of the areas. Curves are means upwards,
    /// at 201 places from 0 to 1: of the true positive rates at a false positive rate (the highest where a curve rises straight
    /// up, else on the line between two points; Fawcett 2006), of the precisions at a recall (of the first threshold that
    /// reaches it).
    ///
    /// ```
    /// use striate::evaluate::{Answers, Separation};
    /// let classes = ["cat", "dog"].map(String::from).to_vec();
    /// let answers = Answers::new(classes, vec![0, 1, 1], vec![0.9, 0.1, 0.2, 0.8, 0.6, 0.4])?;
    /// let both: Vec<_> = (0..2).filter_map(|k| Separation::of(&answers, k)).collect();
    /// assert_eq!(Separation::mean(&both).map(|mean| mean.roc_area), Some(1.0));
    /// # Ok::<(), striate::tensor::Error>(())
    /// ```
    pub fn mean(classes: &[Separation]) -> Option<Self> {
        const STEPS: usize = 200;
        if classes.is_empty() {
            return None;
        }
        let mean = |of: &dyn Fn(&Separation) -> f64| classes.iter().map(of).sum::<f64>() / classes.len() as f64;
        let curve = |height: fn(&Separation, f64) -> f64| -> Vec<(f64, f64)> {
            (0..=STEPS).map(|i| i as f64 / STEPS as f64).map(|x| (x, mean(&|class| height(class, x)))).collect()
        };
        let mut roc = curve(Separation::true_positive_rate);
        roc.insert(0, (0.0, 0.0));
        Some(Separation {
            roc,
            precision_recall: curve(Separation::precision),
            roc_area: mean(&|class| class.roc_area),
            average_precision: mean(&|class| class.average_precision),
        })
    }

    /// The true positive rate at a false positive rate.
    fn true_positive_rate(&self, x: f64) -> f64 {
        let after = self.roc.partition_point(|point| point.0 <= x);
        let Some((x0, y0)) = after.checked_sub(1).map(|before| self.roc[before]) else { return 0.0 };
        match self.roc.get(after) {
            Some((x1, y1)) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
            None => y0,
        }
    }

    /// The precision at a recall.
    fn precision(&self, recall: f64) -> f64 {
        let reached = self.precision_recall.partition_point(|point| point.0 < recall);
        self.precision_recall.get(reached).map_or(0.0, |point| point.1)
    }
}
