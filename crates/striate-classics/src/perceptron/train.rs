//! Training over a data set: each unit by itself, epoch after epoch in a new order, until an epoch needs no correction.

use super::{Perceptron, Separability, separability, target};
use crate::{Rows, checks};
use striate_tensor::{Result, Rng};

/// Which weights a unit keeps that still errs after the last epoch. One that converged keeps its last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The last, as Rosenblatt has it.
    Last,
    /// Those after the epoch that left the fewest errors on the whole set.
    Pocket,
    /// The mean of the weights after every row of every epoch: close to a vote of all of them.
    #[default]
    Average,
}

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// η; without a margin it only scales the weights.
    pub rate: f32,
    /// m: a row counts as an error until t·s exceeds it.
    pub margin: f32,
    /// At most so many epochs.
    pub epochs: usize,
    /// Draws the order of the rows in each epoch.
    pub seed: u64,
    /// What a unit keeps that has not converged.
    pub keep: Keep,
    /// Decide for a unit that has not converged whether it could have (see [`separability`]).
    pub explain: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { rate: 1.0, margin: 0.0, epochs: 50, seed: 0, keep: Keep::default(), explain: true }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// For each unit.
    pub units: Vec<Unit>,
}

impl Training {
    /// Whether every unit reached an epoch without a correction.
    pub fn converged(&self) -> bool {
        self.units.iter().all(|unit| unit.verdict == Verdict::Converged)
    }
}

/// What happened to one unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Epochs it was trained.
    pub epochs: usize,
    /// Corrections in all of them.
    pub corrections: usize,
    /// Rows on the wrong side, or on none, of the weights that it kept.
    pub errors: usize,
    /// Why it stopped.
    pub verdict: Verdict,
}

/// Why a unit stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// An epoch passed without a correction.
    Converged,
    /// The epochs ran out, and no plane separates its rows: it was proved.
    NotSeparable,
    /// The epochs ran out, though a plane separates its rows.
    Separable {
        /// Novikoff's (R/γ)²: more corrections than that are never needed, for margin 0.
        bound: f64,
    },
    /// The epochs ran out; neither was proved (or [`Settings::explain`] is off).
    Undecided,
}

impl Perceptron {
    /// Trains a new perceptron.
    ///
    /// # Errors
    /// `Fault::Model`: a setting is out of range. `Fault::Data`: the labels do not fit the rows. `Fault::Diverged`: the
    /// numbers are too large.
    pub fn train(
        rows: Rows<'_>,
        labels: &[usize],
        classes: usize,
        settings: &Settings,
    ) -> Result<(Perceptron, Training)> {
        checks::at_least("epochs", settings.epochs, 1)?;
        let mut network = Perceptron::new(rows.width(), classes)?.rate(settings.rate)?.margin(settings.margin)?;
        checks::labels(labels, rows.len(), classes)?;
        let units = (0..network.bias.len()).map(|unit| network.train_unit(unit, rows, labels, settings));
        let units = units.collect();
        checks::bounded(&network.weights, settings.rate, "rows and a rate whose sums fit 32 bits")?;
        Ok((network, Training { units }))
    }

    fn train_unit(&mut self, unit: usize, rows: Rows<'_>, labels: &[usize], settings: &Settings) -> Unit {
        let targets: Vec<f32> = labels.iter().map(|&y| target(y, unit, self.classes)).collect();
        let rng = Rng::new(settings.seed).stream("perceptron").substream(unit as u64);
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let mut kept = Kept::new(settings.keep, self.width);
        let mut corrections = 0;
        let mut epochs = 0;
        let mut converged = false;
        while epochs < settings.epochs && !converged {
            rng.substream(epochs as u64).shuffle(&mut order);
            let before = corrections;
            for &i in &order {
                if self.correct(unit, rows.row(i), targets[i]) {
                    corrections += 1;
                    kept.corrected(rows.row(i), self.rate * targets[i]);
                }
                kept.steps += 1.0;
            }
            epochs += 1;
            converged = corrections == before;
            if settings.keep == Keep::Pocket && !converged {
                kept.pocket(self.errors(unit, rows, &targets), self.weights(unit), self.bias[unit]);
            }
        }
        if !converged {
            self.keep(unit, kept);
        }
        let verdict = match converged {
            true => Verdict::Converged,
            false if settings.explain => explain(rows, &targets),
            false => Verdict::Undecided,
        };
        Unit { epochs, corrections, errors: self.errors(unit, rows, &targets), verdict }
    }

    /// Rows on the wrong side, or on none.
    fn errors(&self, unit: usize, rows: Rows<'_>, targets: &[f32]) -> usize {
        rows.iter().zip(targets).filter(|&(x, &t)| t * self.score(unit, x) <= 0.0).count()
    }

    fn keep(&mut self, unit: usize, kept: Kept) {
        let weights = &mut self.weights[unit * self.width..(unit + 1) * self.width];
        match kept.what {
            Keep::Last => {}
            Keep::Pocket => {
                weights.copy_from_slice(&kept.best.1);
                self.bias[unit] = kept.best.2;
            }
            Keep::Average => {
                let mean = |last: f32, late: f64| (f64::from(last) - late / kept.steps) as f32;
                weights.iter_mut().zip(&kept.late).for_each(|(w, &late)| *w = mean(*w, late));
                self.bias[unit] = mean(self.bias[unit], kept.late[kept.late.len() - 1]);
            }
        }
    }
}

/// What `Pocket` and `Average` remember. The mean over T steps of weights that changed by δ at steps τ is the last
/// weights less ∑ τ·δ / T, so that a step without a correction costs nothing.
struct Kept {
    what: Keep,
    steps: f64,
    /// ∑ τ·δ for the weights and, last, the bias.
    late: Vec<f64>,
    best: (usize, Vec<f32>, f32),
}

impl Kept {
    fn new(what: Keep, width: usize) -> Self {
        Kept { what, steps: 0.0, late: vec![0.0; width + 1], best: (usize::MAX, vec![0.0; width], 0.0) }
    }

    fn corrected(&mut self, x: &[f32], step: f32) {
        if self.what == Keep::Average {
            let one = &1.0;
            for (late, x) in self.late.iter_mut().zip(x.iter().chain([one])) {
                *late += self.steps * f64::from(step * x);
            }
        }
    }

    fn pocket(&mut self, errors: usize, weights: &[f32], bias: f32) {
        if errors < self.best.0 {
            self.best = (errors, weights.to_vec(), bias);
        }
    }
}

fn explain(rows: Rows<'_>, targets: &[f32]) -> Verdict {
    let positive: Vec<bool> = targets.iter().map(|&t| t > 0.0).collect();
    match separability(rows, &positive) {
        Ok(Separability::Separable { radius, margin, .. }) => Verdict::Separable { bound: (radius / margin).powi(2) },
        Ok(Separability::NotSeparable { .. }) => Verdict::NotSeparable,
        _ => Verdict::Undecided,
    }
}
