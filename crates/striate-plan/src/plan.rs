use crate::{Store, Tensor, Workers};
use striate_graph::{Graph, State, Value, interpret};
use striate_tensor::{Array, Error, Result};

/// An input of one run, row-major.
#[derive(Clone, Copy, Debug)]
pub enum Feed<'a> {
    /// Real numbers.
    F32(&'a [f32]),
    /// Labels, counters.
    I32(&'a [i32]),
}

/// How a plan is made.
#[derive(Clone, Debug, Default)]
pub struct Options {}

/// A graph made ready for one batch size.
#[derive(Debug)]
pub struct Plan {
    graph: Graph,
    outputs: Vec<Vec<f32>>,
}

impl Plan {
    /// Makes a graph ready for a batch size.
    ///
    /// # Errors
    /// When the graph does not verify.
    pub fn new(graph: &Graph, batch: usize, _options: &Options) -> Result<Self> {
        let graph = graph.at_batch(batch);
        graph.verify()?;
        Ok(Plan { outputs: vec![vec![]; graph.outputs.len()], graph })
    }

    /// Runs all equations, then the updates of the store. `inputs` in the order of [`Graph::inputs`].
    ///
    /// # Errors
    /// When an input or a tensor of the store is missing or has the wrong size.
    pub fn run(&mut self, _workers: &Workers, store: &mut Store, inputs: &[Feed<'_>]) -> Result<()> {
        let infos: Vec<_> = self.graph.inputs().map(|id| self.graph.value(id).clone()).collect();
        if infos.len() != inputs.len() {
            return Err(Error::internal("wrong number of inputs").found(inputs.len()).expected(infos.len()));
        }
        let feed: Vec<_> = infos
            .iter()
            .zip(inputs)
            .map(|(info, feed)| {
                let value = match feed {
                    Feed::F32(data) => Value::Real(Array::new(info.ty.shape(), data.to_vec())),
                    Feed::I32(data) => Value::Index(Array::new(info.ty.shape(), data.to_vec())),
                };
                (info.name.as_str(), value)
            })
            .collect();
        let names: Vec<_> = self.graph.states().map(|id| self.graph.value(id).name.clone()).collect();
        let mut state: State<f32> = State::new();
        for name in names {
            match store.get(&name) {
                Some(Tensor::F32(a)) => _ = state.insert(name, Value::Real(a.clone())),
                Some(Tensor::I32(a)) => _ = state.insert(name, Value::Index(a.clone())),
                None => {}
            }
        }
        let trace = interpret(&self.graph, &state, &feed)?;
        for (name, value) in trace.next_state() {
            store.set(
                &name,
                match value {
                    Value::Real(a) => Tensor::F32(a),
                    Value::Index(a) => Tensor::I32(a),
                },
            )?;
        }
        self.outputs = self.graph.outputs.iter().map(|&o| trace.value(o).real().data().to_vec()).collect();
        Ok(())
    }

    /// Output `index` of the last run, row-major.
    pub fn output(&self, index: usize) -> &[f32] {
        &self.outputs[index]
    }
}
