//! The probabilities p(class | sample) that a classifier gives, beside the true classes.

use super::Confusion;
use crate::data::{Batches, Dataset};
use crate::run::Saved;
use crate::train::{Evaluation, Evaluator, Workers, answering_graph, best_class, fits};
use striate_tensor::{Error, Result};

/// What a classifier says of some samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    classes: Vec<String>,
    labels: Vec<usize>,
    /// N×classes.
    probabilities: Vec<f32>,
}

/// One sample and what was said of it.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Judged {
    /// Its number in the data set, from 0.
    pub sample: usize,
    /// The class that it is of.
    pub truth: usize,
    /// The class that was given the highest probability.
    pub predicted: usize,
    /// That probability.
    pub confidence: f32,
    /// The probability of the class that it is of.
    pub probability: f32,
    /// −ln of that probability (in nats): the cross-entropy loss of the sample.
    pub surprise: f32,
}

impl Answers {
    /// From the names of the classes, the number of each sample's true class, and its probabilities, N×classes.
    ///
    /// # Errors
    /// `Fault::Data`: there is no sample or no class, the numbers do not fit together, a label has no class, a probability
    /// is not finite.
    pub fn new(classes: Vec<String>, labels: Vec<usize>, probabilities: Vec<f32>) -> Result<Self> {
        if labels.is_empty() || classes.is_empty() || labels.len() * classes.len() != probabilities.len() {
            return Err(Error::data("answers, samples and classes do not fit together")
                .found(format!(
                    "{} probabilities, {} samples, {} classes",
                    probabilities.len(),
                    labels.len(),
                    classes.len()
                ))
                .expected("at least one sample, and a probability of each class for each"));
        }
        if let Some((sample, label)) = labels.iter().enumerate().find(|(_, label)| **label >= classes.len()) {
            return Err(Error::data("a label is not the number of a class")
                .found(format!("label {label} of sample {sample} (counted from 0)"))
                .expected(format!("0 to {}", classes.len() - 1)));
        }
        if let Some(at) = probabilities.iter().position(|p| !p.is_finite()) {
            return Err(Error::data("a probability is no number")
                .found(format!("{} of sample {} (counted from 0)", probabilities[at], at / classes.len()))
                .expected("finite numbers"));
        }
        Ok(Answers { classes, labels, probabilities })
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The number of each sample's true class.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// Number of samples.
    #[allow(clippy::len_without_is_empty, reason = "there is always at least one sample")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The probabilities of sample `i`, one a class.
    ///
    /// # Panics
    /// When there is no such sample.
    #[track_caller]
    pub fn row(&self, i: usize) -> &[f32] {
        &self.probabilities[i * self.classes.len()..(i + 1) * self.classes.len()]
    }

    /// The class with the highest probability of sample `i`, the first of equals.
    ///
    /// # Panics
    /// When there is no such sample.
    #[track_caller]
    pub fn predicted(&self, i: usize) -> usize {
        best_class(self.row(i))
    }

    /// Sample `i` and what was said of it.
    ///
    /// # Panics
    /// When there is no such sample.
    #[track_caller]
    pub fn judged(&self, i: usize) -> Judged {
        let (truth, predicted, row) = (self.labels[i], self.predicted(i), self.row(i));
        // Of a probability that rounds to 0 the surprise is that of the least positive number.
        let surprise = -row[truth].max(f32::MIN_POSITIVE).ln() + 0.0;
        Judged { sample: i, truth, predicted, confidence: row[predicted], probability: row[truth], surprise }
    }

    /// The samples with the greatest [surprise](Judged::surprise), the worst first; of equals the first.
    pub fn worst(&self, count: usize) -> Vec<Judged> {
        let mut all: Vec<Judged> = (0..self.len()).map(|i| self.judged(i)).collect();
        all.sort_by(|a, b| b.surprise.total_cmp(&a.surprise).then(a.sample.cmp(&b.sample)));
        all.truncate(count);
        all
    }

    /// How many samples of each class were given to each class.
    pub fn confusion(&self) -> Confusion {
        let mut confusion = Confusion::new(self.classes.clone());
        (0..self.len()).for_each(|i| confusion.add(self.labels[i], self.predicted(i)));
        confusion
    }
}

impl Saved {
    /// The probabilities of every sample of a data set, in its order.
    ///
    /// # Errors
    /// `Fault::Data`: the samples do not fit the model.
    ///
    /// ```no_run
    /// use striate::prelude::*;
    /// use striate::run::{Saved, Weights};
    /// let saved = Saved::open("runs/latest".as_ref(), Weights::Best)?;
    /// let answers = saved.answers(&striate::train::Workers::new(2), &Digits::test())?;
    /// println!("macro F1 {:.4}", answers.confusion().macro_average().f1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn answers(&self, workers: &Workers, data: &Dataset) -> Result<Answers> {
        Ok(self.judge(workers, data)?.1)
    }

    /// The same, with loss and accuracy, by one pass over the data.
    ///
    /// # Errors
    /// As [`Saved::answers`].
    pub fn judge(&self, workers: &Workers, data: &Dataset) -> Result<(Evaluation, Answers)> {
        let model = self.model();
        let graph = answering_graph(model)?;
        fits(&graph, &model.preprocessing, data)?;
        let batches = Batches::sequential(data, &model.preprocessing, Evaluator::BATCH)?;
        let mut probabilities = Vec::with_capacity(data.len() * model.classes.len());
        let mut evaluator = Evaluator::frozen(graph).with_options(self.options().clone());
        let evaluation = evaluator.evaluate_each(workers, &mut self.store().clone(), &batches, |plan| {
            probabilities.extend_from_slice(plan.output(2));
        })?;
        let labels = data.labels().iter().map(|&label| label as usize).collect();
        Ok((evaluation, Answers::new(model.classes.clone(), labels, probabilities)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused() {
        let classes = || ["a", "b"].map(String::from).to_vec();
        for (labels, probabilities, part) in [
            (vec![0], vec![1.0], "1 probabilities, 1 samples, 2 classes"),
            (vec![], vec![], "0 samples"),
            (vec![2], vec![0.5, 0.5], "label 2 of sample 0"),
            (vec![1], vec![0.5, f32::NAN], "sample 0"),
        ] {
            let error = Answers::new(classes(), labels, probabilities).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_worst_come_first_and_a_probability_of_nothing_has_a_finite_surprise() {
        let classes = ["a", "b"].map(String::from).to_vec();
        let answers = Answers::new(classes, vec![0, 0, 1], vec![0.5, 0.5, 1.0, 0.0, 1.0, 0.0]).unwrap();
        let worst = answers.worst(5);
        assert_eq!(worst.iter().map(|judged| judged.sample).collect::<Vec<_>>(), [2, 0, 1]);
        assert!(worst[0].surprise > 80.0 && worst[0].surprise.is_finite());
        assert_eq!((worst[1].predicted, worst[2].surprise), (0, 0.0));
    }
}
