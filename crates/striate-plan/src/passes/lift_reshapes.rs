use std::collections::HashMap;
use striate_graph::{Equation, Graph, Op, ValueId};

/// Puts each reshape right behind what computes its input: it costs nothing, and what reads it may come earlier.
pub(super) fn lift_reshapes(mut graph: Graph, _notes: &mut Vec<String>) -> Graph {
    let (reshapes, others): (Vec<_>, Vec<_>) =
        std::mem::take(&mut graph.equations).into_iter().partition(|e| matches!(e.op, Op::Reshape(_)));
    let mut of: HashMap<ValueId, Vec<Equation>> = HashMap::new();
    let made: Vec<ValueId> = others.iter().chain(&reshapes).flat_map(|e| e.outputs.iter().copied()).collect();
    let mut ready = Vec::new();
    for reshape in reshapes {
        let input = reshape.inputs[0];
        if made.contains(&input) { of.entry(input).or_default().push(reshape) } else { ready.push(reshape) }
    }
    let mut others = others.into_iter();
    loop {
        // a reshape may be of another reshape
        while let Some(equation) = ready.pop() {
            equation.outputs.iter().filter_map(|o| of.remove(o)).for_each(|more| ready.extend(more));
            graph.equations.push(equation);
        }
        match others.next() {
            Some(equation) => ready.push(equation),
            None => return graph,
        }
    }
}
