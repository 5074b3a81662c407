//! What a plan computes, as a table.

use super::Task;
use super::workload::check_batch;
use crate::model::Model;
use crate::table::{Table, bytes, or_blank, shortened};
use serde::Serialize;
use std::fmt;
use striate_plan::{Options, Step};
use striate_tensor::Result;

/// A plan in words and numbers: what the passes did, a line for each equation, the memory.
///
/// ```
/// use striate::bench::{Listing, Task};
/// use striate::prelude::*;
/// let listing = Listing::of(&zoo::find("lenet5")?, 4, Task::Infer)?;
/// assert_eq!(listing.multiply_adds, 4 * 416_520);
/// assert!(listing.to_string().contains("conv1"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Listing {
    /// Name of the model.
    pub model: String,
    /// What the plan does.
    pub mode: Task,
    /// Samples of a run.
    pub batch: usize,
    /// What the passes did and did not do.
    pub passes: Vec<String>,
    /// The equations in order.
    pub equations: Vec<Line>,
    /// Multiply-adds of a run, taps in the padding included.
    pub multiply_adds: u64,
    /// Bytes that hold all intermediates.
    pub arena_bytes: u64,
}

/// An equation of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Its layer, or the parameter that it changes.
    pub layer: String,
    /// The operation.
    pub op: &'static str,
    /// The kernel that computes it.
    pub kernel: String,
    /// The types of what it gives.
    pub outputs: Vec<String>,
    /// Bytes of what it gives.
    pub bytes: u64,
    /// Multiply-adds, taps in the padding included.
    pub multiply_adds: u64,
}

impl Line {
    pub(super) fn of(step: &Step<'_>) -> Self {
        let size = |ty: &striate_graph::Type| (ty.shape().elements() * ty.dtype.bytes()) as u64;
        Line {
            layer: step.layer.to_string(),
            op: step.op,
            kernel: step.kernel.clone(),
            outputs: step.outputs.iter().map(ToString::to_string).collect(),
            bytes: step.outputs.iter().map(size).sum(),
            multiply_adds: step.multiply_adds,
        }
    }

    /// The kernel in as many columns as a table has for it.
    pub(super) fn short_kernel(&self) -> String {
        shortened(&self.kernel, 44)
    }

    /// The first output's type, and how many follow.
    fn short_outputs(&self) -> String {
        match &self.outputs[..] {
            [one] => one.clone(),
            [first, others @ ..] => format!("{first} and {}", others.len()),
            [] => String::new(),
        }
    }
}

impl Listing {
    /// The plan of a model for a batch size.
    ///
    /// # Errors
    /// Every mistake of the model; a batch that is 0 or far too large.
    pub fn of(model: &Model, batch: usize, mode: Task) -> Result<Self> {
        Self::with_options(model, batch, mode, &Options::default())
    }

    /// As [`Listing::of`], of a plan made with these options.
    ///
    /// # Errors
    /// As [`Listing::of`].
    pub fn with_options(model: &Model, batch: usize, mode: Task, options: &Options) -> Result<Self> {
        let graph = mode.graph(model)?;
        check_batch(&graph, batch)?;
        let (plan, _) = mode.plan(&graph, batch, options)?;
        let equations: Vec<_> = plan.steps().map(|step| Line::of(&step)).collect();
        Ok(Listing {
            model: model.name.clone(),
            mode,
            batch,
            passes: plan.notes().to_vec(),
            multiply_adds: equations.iter().map(|line| line.multiply_adds).sum(),
            equations,
            arena_bytes: plan.arena_bytes() as u64,
        })
    }
}

/// The header, the passes, a table with a line an equation.
impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} · {} · batch {} · {} equations · arena {}",
            self.model,
            self.mode,
            self.batch,
            self.equations.len(),
            bytes(self.arena_bytes)
        )?;
        writeln!(f)?;
        for note in &self.passes {
            writeln!(f, "pass {note}")?;
        }
        writeln!(f)?;
        let mut table = Table::new(["layer", "kernel", "output", "size", "MACs"], 3..5);
        for line in &self.equations {
            table.row([
                line.layer.clone(),
                line.short_kernel(),
                line.short_outputs(),
                bytes(line.bytes),
                or_blank(line.multiply_adds),
            ]);
        }
        table.rule();
        table.row(["total".into(), String::new(), String::new(), String::new(), or_blank(self.multiply_adds)]);
        write!(f, "{table}")
    }
}
