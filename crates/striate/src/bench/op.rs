//! How fast single operations are, beside the most that the machine can do.

use super::convolution::{Numbers, normals};
use super::{Pass, Problem};
use crate::suggest::nearest;
use serde::Serialize;
use std::fmt;
use std::time::{Duration, Instant};
use striate_graph::ops::matmul::MatMul;
use striate_graph::ops::pool::{MaxPool, MeanPool, Windows};
use striate_graph::{Builder, Graph, f32};
use striate_kernels::{Forward, GradInput, GradWeight, Isa, Workers, multiply_add_peak, shortest};
use striate_plan::{Feed, Options, Plan, Store};
use striate_tensor::{ConvGeometry, DType, Error, Result};

/// Which ways of computing a convolution are measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variant {
    /// The one that a plan takes by the rules.
    Chosen,
    /// All that accept the problem.
    All,
    /// The one of this name.
    Named(String),
}

/// What [`bench_op`] found.
#[derive(Clone, Debug, Serialize)]
pub struct OpReport {
    /// The problem, as it was given.
    pub problem: String,
    /// What was computed.
    pub pass: Pass,
    /// Threads that computed it.
    pub threads: usize,
    /// The instruction set.
    pub instruction_set: String,
    /// Multiply-adds, taps in the padding included.
    pub macs: u64,
    /// The multipliers' peak with these threads.
    pub peak_gflops: f64,
    /// The variants, the first that accepts before those that were not asked.
    pub variants: Vec<VariantReport>,
}

/// One way of computing the problem.
#[derive(Clone, Debug, Serialize)]
pub struct VariantReport {
    /// Its name.
    pub name: String,
    /// Whether a plan takes it.
    pub chosen: bool,
    /// Why it does not take the problem, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declined: Option<String>,
    /// The shortest time, if it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ns: Option<u64>,
    /// GFLOP/s at that time, two for each multiply-add, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gflops: Option<f64>,
    /// That as a part of the peak.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_share: Option<f64>,
    /// GB/s, each number of the inputs and of the output counted once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gb_per_s: Option<f64>,
}

/// Measures one pass of the problem in `text` (see [`Problem::parse`]).
///
/// # Errors
/// `Fault::Usage`: the problem cannot be read; the operation has no such pass; there is no such variant, or it declines.
pub fn bench_op(text: &str, pass: Pass, variant: &Variant, threads: usize) -> Result<OpReport> {
    let problem = Problem::parse(text)?;
    let isa = Isa::from_environment()?;
    let workers = Workers::new(threads);
    let found = match problem.geometry() {
        Some(geometry) => conv(&geometry, pass, variant, isa, &workers)?,
        None => match variant {
            Variant::Named(name) => {
                return Err(Error::usage(format!("there is no variant `{name}`"))
                    .found(format!("`{text}`"))
                    .expected("a convolution: other operations are computed in one way"));
            }
            _ => vec![planned(&problem, pass, &workers)?],
        },
    };
    let peak = multiply_add_peak(isa, &workers) / 1e9;
    let (macs, bytes) = (problem.multiply_adds(), 4 * problem.elements());
    let report = |Found { name, chosen, outcome }: Found| {
        let seconds = outcome.as_ref().ok().and_then(|time| time.map(|time| time.as_secs_f64()));
        let gflops = seconds.filter(|_| macs > 0).map(|seconds| 2e-9 * macs as f64 / seconds);
        VariantReport {
            name,
            chosen,
            ns: seconds.map(|seconds| (1e9 * seconds).round() as u64),
            gflops,
            peak_share: gflops.map(|gflops| gflops / peak),
            gb_per_s: seconds.map(|seconds| 1e-9 * bytes as f64 / seconds),
            declined: outcome.err(),
        }
    };
    Ok(OpReport {
        problem: text.trim().to_string(),
        pass,
        threads: workers.threads(),
        instruction_set: isa.to_string(),
        macs,
        peak_gflops: peak,
        variants: found.into_iter().map(report).collect(),
    })
}

/// A variant, and its time if it was measured, or why it declines.
struct Found {
    name: String,
    chosen: bool,
    outcome: Result<Option<Duration>, String>,
}

fn conv(geometry: &ConvGeometry, pass: Pass, wanted: &Variant, isa: Isa, workers: &Workers) -> Result<Vec<Found>> {
    let survey = match pass {
        Pass::Forward => Forward::survey(geometry, isa),
        Pass::GradInput => GradInput::survey(geometry, isa),
        Pass::GradWeight => GradWeight::survey(geometry, isa),
    };
    let names: Vec<_> = survey.iter().map(|(name, _)| *name).collect();
    if let Variant::Named(wanted) = wanted
        && !names.contains(&wanted.as_str())
    {
        return Err(no_such_variant(wanted, &names));
    }
    let chosen = survey.iter().find(|(_, why)| why.is_none()).map(|(name, _)| *name);
    let numbers = Numbers::of(geometry);
    let outcome = |(name, why): (&'static str, Option<String>)| {
        let measured = match wanted {
            Variant::Chosen => chosen == Some(name),
            Variant::All => true,
            Variant::Named(wanted) => wanted == name,
        };
        let outcome = match why {
            // What is asked for by name need not be the fastest, if it can.
            Some(why) if matches!(wanted, Variant::Named(wanted) if wanted == name) => {
                let call = numbers.call(geometry, pass.into(), name, isa, workers);
                let refused = Error::usage(format!("the variant `{name}` does not take this problem")).found(why);
                Ok(Some(shortest(call.map_err(|_| refused)?)))
            }
            Some(why) => Err(why),
            None if measured => Ok(Some(shortest(numbers.call(geometry, pass.into(), name, isa, workers)?))),
            None => Ok(None),
        };
        Ok(Found { name: name.to_string(), chosen: chosen == Some(name), outcome })
    };
    survey.into_iter().map(outcome).collect()
}

fn no_such_variant(name: &str, names: &[&str]) -> Error {
    let error = Error::usage(format!("there is no variant `{name}` of this pass"));
    match nearest(name, names.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.expected(format!("all, {}", names.join(", "))),
    }
}

/// What has one kernel: the time of that equation in a plan.
fn planned(problem: &Problem, pass: Pass, workers: &Workers) -> Result<Found> {
    let (graph, op) = graph_of(problem, pass)?;
    let mut plan = Plan::new(&graph, 1, &Options::default())?;
    let mut store = Store::new(&graph, 1);
    let inputs: Vec<_> = graph.inputs().map(|id| graph.value(id)).collect();
    let numbers: Vec<_> = inputs.iter().map(|v| normals(&v.name, v.ty.shape().elements())).collect();
    debug_assert!(inputs.iter().all(|input| input.ty.dtype == DType::F32));
    let feeds: Vec<_> = numbers.iter().map(|numbers| Feed::F32(numbers)).collect();
    let found = plan.steps().enumerate().find(|(_, step)| step.op == op).map(|(at, step)| (at, step.kernel));
    let (at, name) = found.ok_or_else(|| Error::internal(format!("the plan has no `{op}`")).found(&plan))?;
    let (start, mut durations, mut least) = (Instant::now(), Vec::new(), Duration::MAX);
    for round in 0.. {
        plan.run_timed(workers, &mut store, &feeds, &mut durations)?;
        least = least.min(durations[at]);
        if round >= 5 && start.elapsed().as_millis() > 250 {
            break;
        }
    }
    Ok(Found { name, chosen: true, outcome: Ok(Some(least)) })
}

/// A graph that computes one pass, and the name of the operation that does it.
fn graph_of(problem: &Problem, pass: Pass) -> Result<(Graph, &'static str)> {
    let g = Builder::new();
    match problem {
        Problem::Dense { batch, inputs, units } => {
            let (x, w, y) = (f32([*batch, *inputs]), f32([*units, *inputs]), f32([*batch, *units]));
            let (a, b, a_transposed, b_transposed) = match pass {
                Pass::Forward => (x, w, false, true),
                Pass::GradInput => (y, w, false, false),
                Pass::GradWeight => (y, x, true, false),
            };
            let product = g.apply(MatMul { a_transposed, b_transposed }, &[g.input("a", a), g.input("b", b)]);
            Ok((g.finish([product.get(0)])?, "matmul"))
        }
        Problem::Pool { batch, channels, windows, max } => {
            let (channels, windows) = (*channels, Windows::Sliding(windows.clone()));
            let x = g.input("x", f32(windows.input(channels).shape_at(*batch).iter().copied()));
            let y = match max {
                true => g.apply(MaxPool { channels, windows }, &[x]).get(0),
                false => g.apply(MeanPool { channels, windows, count_padding: false }, &[x]).get(0),
            };
            let op = match (pass, max) {
                (Pass::Forward, true) => "max_pool",
                (Pass::Forward, false) => "mean_pool",
                (Pass::GradInput, true) => "max_pool_grad",
                (Pass::GradInput, false) => "mean_pool_grad",
                (Pass::GradWeight, _) => return Err(Error::usage("a pool has no weights").found("--pass grad-weight")),
            };
            if pass == Pass::Forward {
                return Ok((g.finish([y])?, op));
            }
            let loss = (y * g.input("dy", y.ty())).sum_all();
            Ok((g.finish(g.grad(loss, &[x]))?, op))
        }
        Problem::Conv { .. } => Err(Error::internal("convolutions are measured by variant")),
    }
}

/// A line about the machine, then a line for each variant.
impl fmt::Display for OpReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = if self.threads == 1 { "1 thread".to_string() } else { format!("{} threads", self.threads) };
        writeln!(f, "{} · {} · {threads} · {}", self.problem, self.pass, self.instruction_set)?;
        let peak = self.peak_gflops;
        writeln!(f, "multiply-adds: {}; the multipliers' peak: {peak:.1} GFLOP/s", crate::table::grouped(self.macs))?;
        for variant in &self.variants {
            let VariantReport { name, chosen, declined, ns, gflops, peak_share, gb_per_s } = variant;
            write!(f, "{} {name:<14}", if *chosen { "*" } else { " " })?;
            match (declined, ns) {
                (Some(why), _) => write!(f, " declines: {why}")?,
                (None, None) => write!(f, " accepts, not measured")?,
                (None, Some(ns)) => write!(f, " {:>10.4} ms", *ns as f64 / 1e6)?,
            }
            if let (Some(gflops), Some(share)) = (gflops, peak_share) {
                write!(f, "  {gflops:>7.1} GFLOP/s  {:>5.1} % of the peak", 100.0 * share)?;
            }
            if let Some(rate) = gb_per_s {
                write!(f, "  {rate:>6.1} GB/s")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
