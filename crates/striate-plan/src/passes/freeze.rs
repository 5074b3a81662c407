//! States that no run changes, as constants: what the store holds when the plan is made.

use super::constants;
use crate::{Store, Tensor};
use striate_graph::Graph;
use striate_tensor::{DType, Result};

/// Makes constants of all real parameters and states that the graph does not update.
///
/// # Errors
/// When the store lacks one of them or holds it in another type.
pub(crate) fn freeze(mut graph: Graph, store: &Store, notes: &mut Vec<String>) -> Result<Graph> {
    let states: Vec<_> = graph.states().collect();
    let (mut frozen, before) = (0, states.len());
    for id in states {
        let info = graph.value(id);
        if info.ty.dtype != DType::F32 || graph.updates.iter().any(|u| u.state == id) {
            continue;
        }
        if let Tensor::F32(array) = store.tensor(store.slot(&info.name, &info.ty)?) {
            constants::become_constant(&mut graph, id, array.clone());
            frozen += 1;
        }
    }
    notes.push(format!("freeze: {frozen} of {before} kept values are constants of this plan"));
    Ok(graph)
}
