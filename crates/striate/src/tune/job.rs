//! Measuring: the variants of a convolution run in turns, so that other programs disturb all of them alike, and the
//! medians decide.

use crate::bench::{Task, Times, check_batch, convolution};
use crate::model::Model;
use serde::Serialize;
use std::fmt;
use std::time::{Duration, Instant};
use striate_graph::Op;
use striate_plan::{Choices, ConvPass, Isa, Options, Workers, problem_text};
use striate_tensor::{ConvGeometry, Result};

/// A convolution to measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// What is computed.
    pub pass: ConvPass,
    /// The sizes.
    pub geometry: ConvGeometry,
    /// The sizes as text.
    pub problem: String,
}

/// What [`Job::measure`] found.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// What was computed.
    pub pass: ConvPass,
    /// The sizes.
    pub problem: String,
    /// The variant that plans took before.
    pub before: String,
    /// The variant that is to be taken.
    pub now: String,
    /// The variants with the median time of a call in nanoseconds.
    pub medians_ns: Vec<(String, u64)>,
}

/// A variant takes another's place where it needs less than this part of its time: less is noise.
const CLEARLY: f64 = 0.95;

/// Variants are measured so long at least, each.
const LEAST: Duration = Duration::from_millis(150);

/// Turns of each variant, at least and at most.
const TURNS: [u32; 2] = [5, 51];

/// The different convolutions of a model's plan.
///
/// # Errors
/// Every mistake of the model; a batch that is 0 or far too large.
pub fn jobs(model: &Model, batch: usize, task: Task) -> Result<Vec<Job>> {
    let graph = task.graph(model)?;
    check_batch(&graph, batch)?;
    let graph = graph.at_batch(batch);
    let mut jobs: Vec<Job> = vec![];
    for equation in &graph.equations {
        let samples = |input: usize| graph.value(equation.inputs[input]).ty.shape()[0];
        let (pass, geometry) = match (&equation.op, task) {
            (Op::Conv(conv), Task::Train) => (ConvPass::Forward, conv.geometry(samples(0))),
            (Op::Conv(conv), Task::Infer) => (ConvPass::ForwardPacked, conv.geometry(samples(0))),
            (Op::ConvGradInput(conv), _) => (ConvPass::GradInput, conv.0.geometry(samples(1))),
            (Op::ConvGradWeight(conv), _) => (ConvPass::GradWeight, conv.0.geometry(samples(0))),
            _ => continue,
        };
        let Some(problem) = problem_text(&geometry) else { continue };
        let job = Job { pass, geometry, problem };
        if !jobs.contains(&job) {
            jobs.push(job);
        }
    }
    Ok(jobs)
}

impl Job {
    /// Measures all variants that accept the problem; `None` where there is but one. `choices` are those that plans go by
    /// now: the variant that they take stays unless another is clearly faster.
    ///
    /// # Errors
    /// None that a problem of a model could cause: a defect of Striate itself.
    pub fn measure(&self, isa: Isa, choices: &Choices, workers: &Workers) -> Result<Option<Outcome>> {
        let numbers = convolution::Numbers::of(&self.geometry);
        // The plain variant is what the others are tested against, and the slowest by far.
        let names = self.pass.variants().into_iter().filter(|&name| name != "plain");
        let calls = names.filter_map(|name| {
            let call = numbers.call(&self.geometry, self.pass, name, isa, workers).ok()?;
            Some((name, call))
        });
        let mut calls: Vec<_> = calls.collect();
        if calls.len() < 2 {
            return Ok(None);
        }
        let options = Options { isa: Some(isa), choices: choices.clone(), ..Options::default() };
        let before = options.variant(self.pass, &self.geometry, isa)?;
        let medians = medians_in_turns(&mut calls);
        Ok(Some(self.outcome(before, medians)))
    }

    fn outcome(&self, before: &str, medians: Vec<(&'static str, Duration)>) -> Outcome {
        let time = |name: &str| medians.iter().find(|(other, _)| *other == name).map(|(_, time)| time.as_secs_f64());
        let fastest = medians.iter().min_by_key(|(_, time)| *time).map_or(before, |(name, _)| name);
        let now = match (time(before), time(fastest)) {
            (Some(before_time), Some(best)) if best >= CLEARLY * before_time => before,
            _ => fastest,
        };
        Outcome {
            pass: self.pass,
            problem: self.problem.clone(),
            before: before.to_string(),
            now: now.to_string(),
            medians_ns: medians.iter().map(|(name, time)| (name.to_string(), time.as_nanos() as u64)).collect(),
        }
    }
}

/// The median time of a call of each.
fn medians_in_turns<'a>(calls: &mut [(&'static str, convolution::Call<'a>)]) -> Vec<(&'static str, Duration)> {
    let stretch = |call: &mut convolution::Call<'a>, times: u32| {
        let start = Instant::now();
        (0..times).for_each(|_| call());
        start.elapsed() / times
    };
    let repeats = |call: &mut convolution::Call<'a>| {
        stretch(call, 1); // the first prepares memory
        (1e-3 / stretch(call, 1).as_secs_f64().max(1e-9)).ceil().min(10_000.0) as u32
    };
    let times: Vec<u32> = calls.iter_mut().map(|(_, call)| repeats(call)).collect();
    let mut durations = vec![vec![]; calls.len()];
    let (start, least) = (Instant::now(), LEAST * calls.len() as u32);
    for turn in 0..TURNS[1] {
        if turn >= TURNS[0] && start.elapsed() > least {
            break;
        }
        for (((_, call), &times), durations) in calls.iter_mut().zip(&times).zip(&mut durations) {
            durations.push(stretch(call, times));
        }
    }
    calls.iter().zip(durations).map(|(&(name, _), durations)| (name, Times::new(durations).median())).collect()
}

/// The problem, the times, what is chosen.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.pass, self.problem)?;
        let times = self.medians_ns.iter().map(|(name, ns)| format!("{name} {:.4} ms", *ns as f64 / 1e6));
        write!(f, "{}", times.collect::<Vec<_>>().join(", "))?;
        match self.before == self.now {
            true => write!(f, "; {} stays", self.now),
            false => write!(f, "; {} instead of {}", self.now, self.before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_graph::ops::conv::Conv;

    fn job() -> Job {
        let (batch, conv) = Conv::parse("n2 c8 9x7 -> o8 k3 p1").unwrap();
        let geometry = conv.geometry(batch);
        Job { pass: ConvPass::Forward, problem: problem_text(&geometry).unwrap(), geometry }
    }

    #[test]
    fn a_variant_is_replaced_where_another_is_clearly_faster() {
        let of = |direct: u64, winograd: u64| {
            let times = [("winograd4", winograd), ("direct", direct)];
            let medians = times.into_iter().map(|(name, us)| (name, Duration::from_micros(us))).collect();
            job().outcome("direct", medians).now
        };
        assert_eq!(
            [of(100, 50), of(100, 94), of(100, 97), of(50, 100)],
            ["winograd4", "winograd4", "direct", "direct"]
        );
    }

    #[test]
    fn all_that_accept_are_measured() {
        let outcome = job().measure(Isa::best(), &Choices::default(), &Workers::new(1)).unwrap().unwrap();
        let names: Vec<_> = outcome.medians_ns.iter().map(|(name, _)| name.as_str()).collect();
        assert!(["winograd4", "winograd2", "direct"].iter().all(|name| names.contains(name)), "{names:?}");
        assert!(outcome.medians_ns.iter().all(|(_, ns)| *ns > 0) && names.contains(&outcome.now.as_str()));
    }
}
