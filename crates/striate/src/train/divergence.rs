//! What went wrong first when a number is no longer finite.

use std::fmt;
use striate_graph::{Graph, Source, ValueId};
use striate_plan::{Feed, Options, Plan, Store, Tensor, Workers};
use striate_tensor::{DType, Result};

/// A tensor with a number that is NaN or infinite.
///
/// ```
/// use striate::train::NonFinite;
/// let bad = NonFinite { tensor: "dense1.weight".into(), layer: "dense1".into(), how: "kept".into(), value: f32::NAN };
/// assert_eq!(bad.to_string(), "`dense1.weight` (kept) of layer `dense1` holds NaN");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NonFinite {
    /// Its name: that of a parameter, or of the result of an equation.
    pub tensor: String,
    /// The layer that it belongs to; empty outside any layer.
    pub layer: String,
    /// How it came to be: an input, kept from the step before, or the operation that computed it.
    pub how: String,
    /// The first number in it that is not finite.
    pub value: f32,
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.tensor, self.how)?;
        if !self.layer.is_empty() {
            write!(f, " of layer `{}`", self.layer)?;
        }
        write!(f, " holds {}", self.value)
    }
}

/// The first tensor of a run, in the order of the equations, that is not finite: inputs, then what is kept, then each
/// equation's result. The store is not changed.
///
/// The graph is run once more, with the options of its plan, with every real number as an output, so that no value is
/// fused away.
///
/// # Errors
/// When the inputs do not fit the graph.
pub fn first_non_finite(
    graph: &Graph,
    batch: usize,
    workers: &Workers,
    store: &Store,
    inputs: &[Feed<'_>],
    options: &Options,
) -> Result<Option<NonFinite>> {
    for (id, feed) in graph.inputs().zip(inputs) {
        let Feed::F32(numbers) = feed else { continue };
        if let Some(value) = first_bad(numbers) {
            let tensor = graph.value(id).name.clone();
            return Ok(Some(NonFinite { tensor, layer: String::new(), how: "an input".into(), value }));
        }
    }
    if let Some(bad) = first_bad_state(graph, store) {
        return Ok(Some(bad));
    }
    let mut open = graph.clone();
    open.updates.clear();
    open.outputs = computed(graph).map(|(_, id)| id).collect();
    let mut plan = Plan::new(&open, batch, options)?;
    plan.run(workers, &mut store.clone(), inputs)?;
    Ok(computed(graph).enumerate().find_map(|(index, (equation, id))| {
        let equation = &graph.equations[equation];
        let value = first_bad(plan.output(index))?;
        let how = format!("computed by {}", equation.op.name());
        Some(NonFinite { tensor: graph.value(id).name.clone(), layer: equation.layer.clone(), how, value })
    }))
}

/// The first parameter or state, in the order of the graph, that is not finite.
pub(super) fn first_bad_state(graph: &Graph, store: &Store) -> Option<NonFinite> {
    graph.states().find_map(|id| {
        let info = graph.value(id);
        let Some(Tensor::F32(numbers)) = store.get(&info.name) else { return None };
        let value = first_bad(numbers.data())?;
        let layer = info.name.rsplit_once('.').map_or("", |(layer, _)| layer).to_string();
        let how = if matches!(info.source, Source::Parameter(_)) { "a parameter" } else { "a state" };
        Some(NonFinite { tensor: info.name.clone(), layer, how: how.into(), value })
    })
}

/// The real numbers that equations compute: (number of the equation, value).
fn computed(graph: &Graph) -> impl Iterator<Item = (usize, ValueId)> {
    let all = graph.equations.iter().enumerate().flat_map(|(index, e)| e.outputs.iter().map(move |&id| (index, id)));
    all.filter(|(_, id)| graph.value(*id).ty.dtype == DType::F32)
}

fn first_bad(numbers: &[f32]) -> Option<f32> {
    numbers.iter().copied().find(|x| !x.is_finite())
}
