use striate_graph::Graph;

/// Drops equations that no output and no update depends on. Values stay, so that their numbers do.
pub(super) fn prune(mut graph: Graph, notes: &mut Vec<String>) -> Graph {
    let mut needed = vec![false; graph.values.len()];
    graph.outputs.iter().for_each(|o| needed[o.0] = true);
    graph.updates.iter().for_each(|u| needed[u.next.0] = true);
    for equation in graph.equations.iter().rev() {
        if equation.outputs.iter().any(|o| needed[o.0]) {
            equation.inputs.iter().for_each(|i| needed[i.0] = true);
        }
    }
    let before = graph.equations.len();
    graph.equations.retain(|equation| equation.outputs.iter().any(|o| needed[o.0]));
    if graph.equations.len() < before {
        notes.push(format!("dropped {} equations that nothing needs", before - graph.equations.len()));
    }
    graph
}
