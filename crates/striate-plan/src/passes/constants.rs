//! Constants as passes see them: read, added, dropped.

use std::sync::Arc;
use striate_graph::{Graph, Source, ValueId, ValueInfo, f32};
use striate_tensor::Array;

/// The numbers of a constant; `None` for any other value.
pub(super) fn of(graph: &Graph, value: ValueId) -> Option<&Array<f32>> {
    match &graph.value(value).source {
        Source::Constant(array) => Some(array),
        _ => None,
    }
}

/// A new constant, called after what it was made for.
pub(super) fn push(graph: &mut Graph, name: &str, array: Array<f32>) -> ValueId {
    let id = ValueId(graph.values.len());
    let ty = f32(array.shape().iter().copied());
    graph.values.push(ValueInfo { name: String::new(), ty, source: Source::Equation });
    graph.values[id.0].name = name.to_string();
    become_constant(graph, id, array);
    id
}

/// Makes a value a constant. Its name stays, unless one of those that must differ has it.
pub(super) fn become_constant(graph: &mut Graph, value: ValueId, array: Array<f32>) {
    let name = &graph.value(value).name;
    let taken = |(id, other): (usize, &ValueInfo)| {
        id != value.0 && !matches!(other.source, Source::Equation) && other.name == *name
    };
    let clash = name.is_empty() || graph.values.iter().enumerate().any(taken);
    let info = &mut graph.values[value.0];
    if clash {
        info.name = format!("{}#{}", info.name, value.0);
    }
    info.source = Source::Constant(Arc::new(array));
}

/// Forgets the numbers of constants that nothing reads any more, and says how many these were.
pub(super) fn drop_unread(graph: &mut Graph) -> usize {
    let mut read = vec![false; graph.values.len()];
    graph.equations.iter().flat_map(|e| &e.inputs).chain(&graph.outputs).for_each(|id| read[id.0] = true);
    graph.updates.iter().for_each(|u| read[u.next.0] = true);
    let unread =
        graph.values.iter_mut().zip(read).filter(|(info, read)| !read && matches!(info.source, Source::Constant(_)));
    unread.map(|(info, _)| info.source = Source::Equation).count()
}
