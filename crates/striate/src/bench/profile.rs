//! Where the time of a step goes, equation by equation.

use super::Times;
use super::listing::Line;
use crate::table::{Table, shortened};
use serde::Serialize;
use std::fmt;
use std::time::Duration;
use striate_plan::Plan;

/// The time of each equation of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct Profile {
    /// The equations in order.
    pub equations: Vec<Timed>,
    /// Sums over all equations of one operation, the longest first.
    pub families: Vec<Family>,
    /// The sum of all equations in milliseconds.
    pub ms: f64,
    /// How often a step goes through all equations, for a part of the batch each time; the equations' outputs are those of
    /// one part, their times are for all.
    pub slices: usize,
}

/// An equation with its time.
#[derive(Clone, Debug, Serialize)]
pub struct Timed {
    /// The equation.
    #[serde(flatten)]
    pub line: Line,
    /// Its time.
    #[serde(flatten)]
    pub cost: Cost,
}

/// All equations of one operation.
#[derive(Clone, Debug, Serialize)]
pub struct Family {
    /// The operation.
    pub op: &'static str,
    /// How many equations there are.
    pub count: usize,
    /// Their time.
    #[serde(flatten)]
    pub cost: Cost,
}

/// A time, and what is done in it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cost {
    /// Milliseconds: for an equation the median over all steps.
    pub ms: f64,
    /// Its part of the whole, 0 to 1.
    pub share: f64,
    /// GFLOP/s, two for each multiply-add; absent where none are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gflops: Option<f64>,
}

impl Cost {
    fn new(ms: f64, total: f64, multiply_adds: u64) -> Self {
        let gflops = (multiply_adds > 0 && ms > 0.0).then(|| 2e-6 * multiply_adds as f64 / ms);
        Cost { ms, share: if total > 0.0 { ms / total } else { 0.0 }, gflops }
    }
}

impl Profile {
    /// Of a plan, from the durations of each of its steps in several runs.
    pub(super) fn new(plan: &Plan, runs: &[Vec<Duration>]) -> Self {
        let lines: Vec<_> = plan.steps().map(|step| Line::of(&step)).collect();
        let median = |at: usize| Times::new(runs.iter().map(|run| run[at]).collect()).median();
        let ms: Vec<_> = (0..lines.len()).map(|at| 1e3 * median(at).as_secs_f64()).collect();
        let total: f64 = ms.iter().sum();
        let mut ops: Vec<_> = lines.iter().map(|line| line.op).collect();
        ops.sort_unstable();
        ops.dedup();
        let family = |op: &'static str| {
            let members: Vec<_> = (0..lines.len()).filter(|&at| lines[at].op == op).collect();
            let multiply_adds = members.iter().map(|&at| lines[at].multiply_adds).sum();
            let cost = Cost::new(members.iter().map(|&at| ms[at]).sum(), total, multiply_adds);
            Family { op, count: members.len(), cost }
        };
        let mut families: Vec<_> = ops.into_iter().map(family).collect();
        families.sort_by(|a, b| b.cost.ms.total_cmp(&a.cost.ms));
        let timed = |(line, ms): (Line, f64)| {
            let cost = Cost::new(ms, total, line.multiply_adds);
            Timed { line, cost }
        };
        Profile {
            equations: lines.into_iter().zip(ms).map(timed).collect(),
            families,
            ms: total,
            slices: plan.slices(),
        }
    }
}

/// Two tables: the equations in order, the families by time.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = |cost: &Cost| {
            let gflops = cost.gflops.map_or("–".to_string(), |gflops| format!("{gflops:.1}"));
            [format!("{:.4}", cost.ms), format!("{:.1} %", 100.0 * cost.share), gflops]
        };
        let mut table = Table::new(["layer", "kernel", "output", "ms", "share", "GFLOP/s"], 3..6);
        for Timed { line, cost } in &self.equations {
            let [ms, share, gflops] = numbers(cost);
            let output = line.outputs.first().map_or(String::new(), |output| shortened(output, 28));
            table.row([line.layer.clone(), line.short_kernel(), output, ms, share, gflops]);
        }
        table.rule();
        let total = format!("{:.4}", self.ms);
        table.row(["total".into(), String::new(), String::new(), total, String::new(), String::new()]);
        writeln!(f, "{table}")?;
        if self.slices > 1 {
            writeln!(f, "the batch goes through in {} slices; outputs are of one, times of all\n", self.slices)?;
        }
        let mut table = Table::new(["operation", "equations", "ms", "share", "GFLOP/s"], 1..5);
        for family in &self.families {
            let [ms, share, gflops] = numbers(&family.cost);
            table.row([family.op.to_string(), family.count.to_string(), ms, share, gflops]);
        }
        write!(f, "{table}")
    }
}
