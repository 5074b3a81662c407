use striate_graph::{Graph, Source, Type, ValueInfo};
use striate_tensor::{Array, DType, Error, Result, Shape};

/// A tensor that is kept between runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// Real numbers.
    F32(Array<f32>),
    /// Counters.
    I32(Array<i32>),
}

impl Tensor {
    /// Elements and sizes.
    pub fn ty(&self) -> Type {
        match self {
            Tensor::F32(array) => Type::new(DType::F32, array.shape().iter().copied()),
            Tensor::I32(array) => Type::new(DType::I32, array.shape().iter().copied()),
        }
    }
}

/// Everything that is kept between runs, by name: parameters, running statistics, moments, counters.
/// Plans of several graphs and batch sizes share one store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Store {
    names: Vec<String>,
    tensors: Vec<Tensor>,
}

impl Store {
    /// The starting values of everything that `graph` keeps, for a seed.
    pub fn new(graph: &Graph, seed: u64) -> Self {
        let mut store = Store::default();
        store.extend(graph, seed);
        store
    }

    /// Zeros for everything that `graph` keeps, to be filled by [`Store::set`].
    pub fn zeros(graph: &Graph) -> Self {
        let infos = graph.states().map(|id| graph.value(id));
        let zeros = infos.map(|info| {
            let shape = info.ty.shape();
            let tensor = match info.ty.dtype {
                DType::F32 => Tensor::F32(Array::full(shape, 0.0)),
                DType::I32 | DType::U8 => Tensor::I32(Array::full(shape, 0)),
            };
            (info.name.clone(), tensor)
        });
        let (names, tensors) = zeros.unzip();
        Store { names, tensors }
    }

    /// Adds the starting values of what `graph` keeps and the store does not have yet.
    pub fn extend(&mut self, graph: &Graph, seed: u64) {
        for id in graph.states() {
            let info = graph.value(id);
            let (Source::Parameter(init) | Source::State(init)) = &info.source else { continue };
            if self.names.contains(&info.name) {
                continue;
            }
            let start = init.sample(&info.name, &info.ty.shape(), seed);
            self.names.push(info.name.clone());
            self.tensors.push(match info.ty.dtype {
                DType::F32 => Tensor::F32(start),
                DType::I32 | DType::U8 => Tensor::I32(start.map(|x| x as i32)),
            });
        }
    }

    /// All tensors, in the order in which graphs brought them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.names.iter().map(String::as_str).zip(&self.tensors)
    }

    /// A tensor by its name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.names.iter().position(|n| n == name).map(|slot| &self.tensors[slot])
    }

    /// Puts a tensor in the place of the one of that name.
    ///
    /// # Errors
    /// When there is none, or it has another shape or type.
    pub fn set(&mut self, name: &str, tensor: Tensor) -> Result<()> {
        let slot = self.slot(name, &tensor.ty())?;
        self.tensors[slot] = tensor;
        Ok(())
    }

    /// The number of the tensor of that name and type.
    pub(crate) fn slot(&self, name: &str, ty: &Type) -> Result<usize> {
        let slot = self.names.iter().position(|n| n == name).ok_or_else(|| {
            Error::model(format!("there is no tensor `{name}`")).expected(format!("one of {}", self.names.join(", ")))
        })?;
        let found = self.tensors[slot].ty();
        match found == *ty {
            true => Ok(slot),
            false => Err(Error::model(format!("the tensor `{name}` has the wrong type")).found(ty).expected(found)),
        }
    }

    /// Whether the tensor of that number has that name and type; allocates nothing.
    pub(crate) fn is_at(&self, slot: usize, info: &ValueInfo) -> bool {
        let sizes = |shape: &Shape| shape.iter().copied().eq(info.ty.dims.iter().map(|d| d.at(1)));
        self.names.get(slot).is_some_and(|n| *n == info.name)
            && match &self.tensors[slot] {
                Tensor::F32(array) => info.ty.dtype == DType::F32 && sizes(array.shape()),
                Tensor::I32(array) => info.ty.dtype == DType::I32 && sizes(array.shape()),
            }
    }

    pub(crate) fn tensor(&self, slot: usize) -> &Tensor {
        &self.tensors[slot]
    }

    pub(crate) fn tensor_mut(&mut self, slot: usize) -> &mut Tensor {
        &mut self.tensors[slot]
    }
}
