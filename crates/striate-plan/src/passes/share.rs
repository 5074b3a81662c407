use std::collections::HashMap;
use striate_graph::{Graph, ValueId};

/// Computes equal equations once: the same operation on the same inputs.
pub(super) fn share(mut graph: Graph, notes: &mut Vec<String>) -> Graph {
    let mut names: Vec<ValueId> = (0..graph.values.len()).map(ValueId).collect();
    let mut known = HashMap::new();
    let before = graph.equations.len();
    graph.equations.retain_mut(|equation| {
        equation.inputs.iter_mut().for_each(|i| *i = names[i.0]);
        let key = (equation.op.clone(), equation.inputs.clone());
        match known.get(&key) {
            None => {
                known.insert(key, equation.outputs.clone());
                true
            }
            Some(outputs) => {
                let outputs: &Vec<ValueId> = outputs;
                equation.outputs.iter().zip(outputs).for_each(|(o, &same)| names[o.0] = same);
                false
            }
        }
    });
    graph.outputs.iter_mut().for_each(|o| *o = names[o.0]);
    graph.updates.iter_mut().for_each(|u| u.next = names[u.next.0]);
    if graph.equations.len() < before {
        notes.push(format!("{} equations were computed twice", before - graph.equations.len()));
    }
    graph
}
