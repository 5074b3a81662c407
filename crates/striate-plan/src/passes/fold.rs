//! Equations of constants, computed once.

use super::constants;
use striate_graph::{Graph, Value};
use striate_tensor::DType;

/// Results larger than this, and larger than all that they are computed from, are not kept: repeating a number takes less
/// time than reading its copies.
const LARGEST: usize = 4096;

/// Computes equations whose inputs are all constants, in f64, and keeps the results as constants.
pub(super) fn fold(mut graph: Graph, notes: &mut Vec<String>) -> Graph {
    let mut folded = 0;
    for at in 0..graph.equations.len() {
        let equation = &graph.equations[at];
        let Some(inputs) = equation.inputs.iter().map(|&i| constants::of(&graph, i)).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let types = equation.outputs.iter().map(|&o| &graph.value(o).ty);
        if inputs.is_empty() || types.clone().any(|ty| ty.dtype != DType::F32) {
            continue;
        }
        let given: usize = inputs.iter().map(|array| array.data().len()).sum();
        let made: usize = types.map(|ty| ty.shape().elements()).sum();
        if made > given.max(LARGEST) {
            notes.push(format!("left a {} of constants: {made} numbers from {given}", equation.op.name()));
            continue;
        }
        let inputs: Vec<Value<f64>> = inputs.into_iter().map(|array| array.map(f64::from).into()).collect();
        let results = equation.op.reference(&inputs.iter().collect::<Vec<_>>());
        for (id, result) in equation.outputs.clone().into_iter().zip(results) {
            constants::become_constant(&mut graph, id, result.real().map(|x| x as f32));
        }
        graph.equations[at].outputs.clear();
        folded += 1;
    }
    graph.equations.retain(|equation| !equation.outputs.is_empty());
    let dropped = constants::drop_unread(&mut graph);
    if folded + dropped > 0 {
        notes.push(format!("computed {folded} equations of constants; {dropped} constants are read no more"));
    }
    graph
}
