use super::{add_value, equation};
use striate_graph::ops::map::Map;
use striate_graph::{Graph, Op, Source, ValueId};
use striate_tensor::{DType, Program};

/// Copies a kept value that is the next value of another: updates happen all at once, so that each takes what the other
/// was before the run.
pub(super) fn detach(mut graph: Graph, notes: &mut Vec<String>) -> Graph {
    for update in 0..graph.updates.len() {
        let next = graph.updates[update].next;
        let info = graph.value(next).clone();
        if info.ty.dtype != DType::F32 || !is_given(&graph, next) {
            continue;
        }
        let copy = add_value(&mut graph, &format!("{}.copy", info.name), info.ty);
        let same = Map { program: Program::build(1, |_| vec![0]) };
        graph.equations.push(equation(same.into(), &[next], &[copy]));
        graph.updates[update].next = copy;
        notes.push(format!("`{}` is copied: it becomes another value's next", info.name));
    }
    graph
}

/// Whether a value is given or kept, or such a value reshaped.
fn is_given(graph: &Graph, value: ValueId) -> bool {
    match graph.value(value).source {
        Source::Equation => graph
            .equations
            .iter()
            .any(|e| matches!(e.op, Op::Reshape(_)) && e.outputs[0] == value && is_given(graph, e.inputs[0])),
        _ => true,
    }
}
