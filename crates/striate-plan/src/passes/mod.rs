//! Passes: each takes a graph and returns a better one that computes the same, and says what it did.

mod detach;
mod fuse_epilogues;
mod fuse_maps;
mod prune;
mod share;

use striate_graph::{Graph, ValueId};
use striate_tensor::Result;

/// A pass by name.
pub(crate) struct Pass {
    /// What it is called in the plan's text.
    pub name: &'static str,
    /// Graph in, graph out; what it did and did not do, a line each.
    pub run: fn(Graph, &mut Vec<String>) -> Graph,
}

/// All passes, in order.
pub(crate) const PASSES: &[Pass] = &[
    Pass { name: "prune", run: prune::prune },
    Pass { name: "share", run: share::share },
    Pass { name: "fuse maps", run: fuse_maps::fuse_maps },
    Pass { name: "fuse epilogues", run: fuse_epilogues::fuse_epilogues },
    Pass { name: "prune", run: prune::prune },
    Pass { name: "detach", run: detach::detach },
];

/// Runs all passes, verifying the graph after each.
///
/// # Errors
/// An internal error that names the pass which broke the graph.
pub(crate) fn run_all(mut graph: Graph, notes: &mut Vec<String>) -> Result<Graph> {
    for pass in PASSES {
        let mut said = Vec::new();
        graph = (pass.run)(graph, &mut said);
        graph.verify().map_err(|e| striate_tensor::Error::internal(format!("pass `{}`: {}", pass.name, e.what())))?;
        notes.extend(said.into_iter().map(|line| format!("{}: {line}", pass.name)));
    }
    Ok(graph)
}

/// For each value the equations that read it; outputs and updates count as readers at the end of all.
pub(crate) struct Readers(pub(crate) Vec<Vec<usize>>);

impl Readers {
    pub(crate) fn of(graph: &Graph) -> Self {
        let mut readers = vec![Vec::new(); graph.values.len()];
        for (at, equation) in graph.equations.iter().enumerate() {
            equation.inputs.iter().for_each(|i| readers[i.0].push(at));
        }
        let end = graph.equations.len();
        graph.outputs.iter().for_each(|o| readers[o.0].push(end));
        graph.updates.iter().for_each(|u| readers[u.next.0].push(end));
        Readers(readers)
    }

    /// The one equation that reads a value, if it is read once and not at the end.
    fn only(&self, graph: &Graph, value: ValueId) -> Option<usize> {
        match self.0[value.0][..] {
            [at] if at < graph.equations.len() => Some(at),
            _ => None,
        }
    }
}
