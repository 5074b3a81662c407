use std::collections::BTreeMap;
use striate_graph::{Graph, Source};
use striate_tensor::{Array, DType, Error, Result};

/// A tensor that is kept between runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// Real numbers.
    F32(Array<f32>),
    /// Counters.
    I32(Array<i32>),
}

/// Everything that is kept between runs, by name: parameters, running statistics, moments, counters.
/// Plans of several graphs and batch sizes share one store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Store {
    tensors: BTreeMap<String, Tensor>,
}

impl Store {
    /// The starting values of everything that `graph` keeps, for a seed.
    pub fn new(graph: &Graph, seed: u64) -> Self {
        let mut store = Store::default();
        store.extend(graph, seed);
        store
    }

    /// Adds the starting values of what `graph` keeps and the store does not have yet.
    pub fn extend(&mut self, graph: &Graph, seed: u64) {
        for id in graph.states() {
            let info = graph.value(id);
            let (Source::Parameter(init) | Source::State(init)) = &info.source else { continue };
            self.tensors.entry(info.name.clone()).or_insert_with(|| {
                let start = init.sample(&info.name, &info.ty.shape(), seed);
                match info.ty.dtype {
                    DType::F32 => Tensor::F32(start),
                    DType::I32 | DType::U8 => Tensor::I32(start.map(|x| x as i32)),
                }
            });
        }
    }

    /// All tensors, by rising name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// A tensor by its name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Puts a tensor in the place of the one of that name.
    ///
    /// # Errors
    /// When there is none, or it has another shape or type.
    pub fn set(&mut self, name: &str, tensor: Tensor) -> Result<()> {
        let describe = |t: &Tensor| match t {
            Tensor::F32(a) => format!("f32 {}", a.shape()),
            Tensor::I32(a) => format!("i32 {}", a.shape()),
        };
        match self.tensors.get_mut(name) {
            None => Err(Error::model(format!("the model has no tensor `{name}`"))
                .expected(self.tensors.keys().cloned().collect::<Vec<_>>().join(", "))),
            Some(old) if describe(old) != describe(&tensor) => {
                Err(Error::model(format!("`{name}` has the wrong type"))
                    .found(describe(&tensor))
                    .expected(describe(old)))
            }
            Some(old) => {
                *old = tensor;
                Ok(())
            }
        }
    }
}
