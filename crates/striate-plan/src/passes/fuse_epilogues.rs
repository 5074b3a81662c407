use super::Readers;
use striate_graph::ops::fused::Fused;
use striate_graph::{Graph, Op};
use striate_tensor::Program;

/// Writes the map that alone reads the output of a convolution or a matrix product into its epilogue.
/// Only programs of that one value: another operand might not be computed yet.
pub(super) fn fuse_epilogues(mut graph: Graph, notes: &mut Vec<String>) -> Graph {
    let readers = Readers::of(&graph);
    let mut dropped = vec![false; graph.equations.len()];
    for at in 0..graph.equations.len() {
        let equation = &graph.equations[at];
        if !takes_epilogue(&equation.op) {
            continue;
        }
        let layer = equation.layer.clone();
        let value = equation.outputs[0];
        let Some(reader) = readers.only(&graph, value) else {
            notes.push(format!("`{layer}` ({}): its output is read more than once", equation.op.name()));
            continue;
        };
        let map = &graph.equations[reader];
        let Op::Map(next) = &map.op else {
            notes.push(format!("`{layer}` ({}): {} follows, not a map", equation.op.name(), map.op.name()));
            continue;
        };
        if map.inputs.len() != 1 || map.outputs.len() != 1 {
            notes.push(format!("`{layer}` ({}): the map that follows has other operands", equation.op.name()));
            continue;
        }
        let program: Program = next.program.clone();
        notes.push(format!("`{layer}` ({}) ends with {program}", equation.op.name()));
        let output = map.outputs.clone();
        let equation = &mut graph.equations[at];
        let first = Box::new(equation.op.clone());
        equation.op = Op::Fused(Fused { first, inputs: equation.inputs.len(), program });
        equation.outputs = output;
        dropped[reader] = true;
    }
    let mut dropped = dropped.into_iter();
    graph.equations.retain(|_| !dropped.next().unwrap_or(false));
    graph
}

fn takes_epilogue(op: &Op) -> bool {
    matches!(op, Op::Conv(_) | Op::ConvGradInput(_) | Op::MatMul(_))
}
