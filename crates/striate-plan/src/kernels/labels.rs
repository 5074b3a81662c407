//! What meets labels: cross-entropy, one-hot codes, the count of right answers.

use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::Op;
use striate_graph::ops::loss::Targets;
use striate_kernels::Workers;
use striate_tensor::Shape;

/// Places whose losses make one partial sum, so that the sum does not depend on the number of threads.
const STRETCH: usize = 1024;

/// Scores N×K×…: `outer` samples, `classes`, `inner` places of each sample.
#[derive(Clone, Copy)]
struct Scores {
    outer: usize,
    classes: usize,
    inner: usize,
}

impl Scores {
    fn of(shape: &Shape) -> Self {
        Scores { outer: shape[0], classes: shape[1], inner: shape[2..].iter().product() }
    }

    fn places(&self) -> usize {
        self.outer * self.inner
    }

    /// The indices of the scores of place `c`, class by class.
    fn column(self, c: usize) -> impl Iterator<Item = usize> + Clone {
        let start = c / self.inner * self.classes * self.inner + c % self.inner;
        (0..self.classes).map(move |k| start + k * self.inner)
    }
}

pub(super) fn kernel(problem: &Problem<'_>) -> Option<Box<dyn Kernel>> {
    Some(match problem.op() {
        Op::CrossEntropy(op) => Box::new(CrossEntropy {
            scores: Scores::of(&problem.shape(0)),
            smoothing: op.smoothing.0 as f32,
            targets: op.targets,
        }),
        Op::Correct(_) => Box::new(Correct { scores: Scores::of(&problem.shape(0)) }),
        Op::OneHot(_) => Box::new(OneHot { scores: Scores::of(&problem.out_shape(0)) }),
        _ => return None,
    })
}

struct CrossEntropy {
    scores: Scores,
    smoothing: f32,
    targets: Targets,
}

impl Kernel for CrossEntropy {
    fn name(&self) -> String {
        "cross_entropy".into()
    }

    fn scratch(&self, _threads: usize) -> usize {
        self.scores.places().div_ceil(STRETCH)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        let (scores, z, places) = (self.scores, io.f32(0), self.scores.places());
        let (labels, probabilities) = match self.targets {
            Targets::Index => (io.i32(1), &[][..]),
            Targets::Probabilities => (&[][..], io.f32(1)),
        };
        let partials = &mut scratch[..places.div_ceil(STRETCH)];
        workers.chunks(partials, 1, |item, _, partial| {
            let mut sum = 0.0f64;
            for c in (item * STRETCH..places).take(STRETCH) {
                let column = scores.column(c);
                let target = |k: usize, i: usize| match self.targets {
                    Targets::Index => f32::from(labels[c] == k as i32),
                    Targets::Probabilities => probabilities[i],
                };
                let total = log_sum_exp(column.clone().map(|i| z[i]));
                let all: f32 = column.clone().enumerate().map(|(k, i)| target(k, i)).sum();
                let spread = self.smoothing * all / scores.classes as f32;
                for (k, i) in column.enumerate() {
                    let share = (1.0 - self.smoothing) * target(k, i) + spread;
                    // A share of 0 times an infinite score would be NaN where there is no loss at all.
                    if share != 0.0 {
                        sum += f64::from(share) * f64::from(total - z[i]);
                    }
                }
            }
            partial[0] = sum as f32;
        });
        let sum: f64 = partials.iter().map(|&p| f64::from(p)).sum();
        io.out_f32(0)[0] = (sum / places as f64) as f32;
    }
}

/// ln Σ eˣ; NaN where any x is.
fn log_sum_exp(xs: impl Iterator<Item = f32> + Clone) -> f32 {
    let max = xs.clone().fold(f32::NEG_INFINITY, f32::max);
    let max = if max.is_finite() { max } else { 0.0 };
    max + xs.map(|x| (x - max).exp()).sum::<f32>().ln()
}

struct Correct {
    scores: Scores,
}

impl Kernel for Correct {
    fn name(&self) -> String {
        "correct".into()
    }

    fn run(&self, _workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let (z, labels) = (io.f32(0), io.i32(1));
        let best = |c: usize| {
            let mut best = (0, f32::NEG_INFINITY);
            for (k, i) in self.scores.column(c).enumerate() {
                if k == 0 || z[i] > best.1 {
                    best = (k, z[i]);
                }
            }
            best.0
        };
        let right = (0..self.scores.places()).filter(|&c| best(c) as i32 == labels[c]).count();
        io.out_f32(0)[0] = right as f32;
    }
}

struct OneHot {
    scores: Scores,
}

impl Kernel for OneHot {
    fn name(&self) -> String {
        "one_hot".into()
    }

    fn run(&self, _workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let (labels, y) = (io.i32(0), io.out_f32(0));
        y.fill(0.0);
        for (c, &label) in labels.iter().enumerate() {
            if let Some(i) = usize::try_from(label).ok().and_then(|k| self.scores.column(c).nth(k)) {
                y[i] = 1.0;
            }
        }
    }
}
