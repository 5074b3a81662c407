use crate::{Graph, Source, Value, ValueId};
use std::collections::BTreeMap;
use striate_tensor::{DType, Error, Number, Result};

/// Everything that is kept from run to run, by name: parameters, running statistics, moments, counters.
pub type State<T> = BTreeMap<String, Value<T>>;

/// Every value of one run.
#[derive(Clone, Debug)]
pub struct Trace<T> {
    graph: Graph,
    values: Vec<Option<Value<T>>>,
}

/// Computes every equation in order with its plain reference, in the precision `T`.
///
/// This is the oracle that everything fast is held against, and the debugger: the [`Trace`] keeps each value.
///
/// # Errors
/// When an input or a state is missing or has the wrong shape.
pub fn interpret<T: Number>(graph: &Graph, state: &State<T>, inputs: &[(&str, Value<T>)]) -> Result<Trace<T>> {
    let graph = graph.at_batch(batch_of(graph, inputs)?);
    let mut values: Vec<Option<Value<T>>> = vec![None; graph.values.len()];
    for (slot, info) in values.iter_mut().zip(&graph.values) {
        let given = match &info.source {
            Source::Equation => continue,
            Source::Constant(array) => Some(Value::Real(array.map(|x| T::from_f64(x.into())))),
            Source::Input => inputs.iter().find(|(name, _)| *name == info.name).map(|(_, value)| value.clone()),
            Source::Parameter(_) | Source::State(_) => state.get(&info.name).cloned(),
        };
        let value =
            given.ok_or_else(|| Error::model(format!("no value is given for `{}`", info.name)).expected(&info.ty))?;
        let real = matches!(value, Value::Real(_));
        if *value.shape() != info.ty.shape() || real != (info.ty.dtype == DType::F32) {
            let found = format!("{} {}", if real { "real numbers" } else { "indices" }, value.shape());
            return Err(Error::model(format!("`{}` has the wrong type", info.name)).found(found).expected(&info.ty));
        }
        *slot = Some(value);
    }
    for equation in &graph.equations {
        let inputs: Vec<_> = equation.inputs.iter().map(|i| values[i.0].as_ref().expect("verified")).collect();
        let outputs = equation.op.reference(&inputs);
        for (id, value) in equation.outputs.iter().zip(outputs) {
            values[id.0] = Some(value);
        }
    }
    Ok(Trace { graph, values })
}

/// The batch size that the given inputs have.
fn batch_of<T: Number>(graph: &Graph, inputs: &[(&str, Value<T>)]) -> Result<usize> {
    for id in graph.inputs() {
        let info = graph.value(id);
        let Some((_, value)) = inputs.iter().find(|(name, _)| *name == info.name) else { continue };
        let axis = info.ty.dims.iter().position(|&d| d == crate::N);
        if let Some(&batch) = axis.and_then(|axis| value.shape().get(axis)) {
            return Ok(batch);
        }
    }
    Ok(1)
}

impl Graph {
    /// The starting values of everything that is kept, for a seed.
    pub fn initial_state<T: Number>(&self, seed: u64) -> State<T> {
        let start = |id: ValueId| {
            let info = self.value(id);
            let (Source::Parameter(init) | Source::State(init)) = &info.source else { unreachable!("states only") };
            let array = init.sample(&info.name, &info.ty.shape(), seed);
            let value = match info.ty.dtype {
                DType::F32 => Value::Real(array.map(|x| T::from_f64(x.into()))),
                DType::I32 | DType::U8 => Value::Index(array.map(|x| x as i32)),
            };
            (info.name.clone(), value)
        };
        self.states().map(start).collect()
    }
}

impl<T: Number> Trace<T> {
    /// A value by its number.
    pub fn value(&self, id: ValueId) -> &Value<T> {
        self.values[id.0].as_ref().expect("every value was computed")
    }

    /// A value by its name.
    ///
    /// # Panics
    /// When the graph has no value of that name.
    #[track_caller]
    pub fn output(&self, name: &str) -> &Value<T> {
        let Some(id) = self.graph.find(name) else { panic!("the graph has no value `{name}`") };
        self.value(id)
    }

    /// The graph that was run, with the batch size put in.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What is kept for the next run.
    pub fn next_state(&self) -> State<T> {
        let state = self.graph.states().map(|id| (id, id));
        let mut next: BTreeMap<ValueId, ValueId> = state.collect();
        self.graph.updates.iter().for_each(|u| _ = next.insert(u.state, u.next));
        next.into_iter().map(|(id, from)| (self.graph.value(id).name.clone(), self.value(from).clone())).collect()
    }
}
