use crate::{Equation, Graph, Init, Mode, Op, Source, Type, Update, ValueId, ValueInfo};
use std::cell::RefCell;
use std::collections::HashSet;
use std::panic::Location;
use std::sync::Arc;
use striate_tensor::{Array, Error, Place, Result};

/// Appends equations to a growing [`Graph`].
///
/// Nothing that is built returns a `Result`: a mistake yields a poisoned [`Var`], everything computed from it is poisoned
/// in silence, and [`Builder::finish`] reports all root causes at once, each with the line that wrote it.
#[derive(Debug, Default)]
pub struct Builder {
    mode: Mode,
    inner: RefCell<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    graph: Graph,
    errors: Vec<Error>,
    names: HashSet<String>,
    layer: String,
    layer_place: Option<Place>,
}

/// A value of a growing graph. It supports `+ − · /` with values and numbers, and the methods of layers and losses.
#[derive(Clone, Copy, Debug)]
pub struct Var<'g> {
    builder: &'g Builder,
    id: Option<ValueId>,
}

/// The outputs of one equation; poisoned as a whole when the equation was wrong.
#[derive(Clone, Debug)]
pub struct Outputs<'g> {
    builder: &'g Builder,
    ids: Vec<ValueId>,
}

impl<'g> Outputs<'g> {
    /// Output `index`.
    pub fn get(&self, index: usize) -> Var<'g> {
        Var { builder: self.builder, id: self.ids.get(index).copied() }
    }

    /// All outputs.
    pub fn iter(&self) -> impl Iterator<Item = Var<'g>> {
        self.ids.iter().map(|&id| Var { builder: self.builder, id: Some(id) })
    }
}

impl Builder {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty graph that is not to learn: its layers use running statistics and leave dropout out.
    pub fn for_inference() -> Self {
        Builder { mode: Mode::Infer, ..Self::default() }
    }

    /// Whether the graph is to learn or to be used, for layers that are not told otherwise.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Goes on with a finished graph.
    pub fn resume(graph: Graph) -> Self {
        let names = graph.values.iter().filter(|v| !matches!(v.source, Source::Equation)).map(|v| v.name.clone());
        let names = names.collect();
        Builder { mode: Mode::default(), inner: RefCell::new(Inner { graph, names, ..Inner::default() }) }
    }

    /// A value that is given at every run.
    #[track_caller]
    pub fn input(&self, name: &str, ty: Type) -> Var<'_> {
        self.leaf(name, ty, Source::Input)
    }

    /// A value that is learned.
    #[track_caller]
    pub fn parameter(&self, name: &str, ty: Type, init: Init) -> Var<'_> {
        self.leaf(name, ty, Source::Parameter(init))
    }

    /// A value that is kept from run to run but not learned.
    #[track_caller]
    pub fn state(&self, name: &str, ty: Type, init: Init) -> Var<'_> {
        self.leaf(name, ty, Source::State(init))
    }

    /// Fixed numbers.
    #[track_caller]
    pub fn constant(&self, array: Array<f32>) -> Var<'_> {
        let ty = crate::f32(array.shape().iter().copied());
        let name = format!("constant{}", self.inner.borrow().graph.values.len());
        self.leaf(&name, ty, Source::Constant(Arc::new(array)))
    }

    #[track_caller]
    fn leaf(&self, name: &str, ty: Type, source: Source) -> Var<'_> {
        if !self.inner.borrow_mut().names.insert(name.to_string()) {
            return self.poison(
                Error::model(format!("two values are called `{name}`")).hint("give each layer a name of its own"),
            );
        }
        Var { builder: self, id: Some(self.inner.borrow_mut().graph.push(name.to_string(), ty, source)) }
    }

    /// The value of that name, if there is one.
    pub fn find(&self, name: &str) -> Option<Var<'_>> {
        let id = self.inner.borrow().graph.find(name)?;
        Some(Var { builder: self, id: Some(id) })
    }

    /// A value by its number.
    pub fn var(&self, id: ValueId) -> Var<'_> {
        Var { builder: self, id: Some(id) }
    }

    /// Appends `op(inputs)`.
    #[track_caller]
    pub fn apply(&self, op: impl Into<Op>, inputs: &[Var<'_>]) -> Outputs<'_> {
        let op = op.into();
        let Some(ids) = inputs.iter().map(|v| v.id).collect::<Option<Vec<_>>>() else {
            return Outputs { builder: self, ids: vec![] };
        };
        let caller = Place::Source(Location::caller());
        let types: Vec<_> = inputs.iter().map(Var::ty).collect();
        let inner = &mut *self.inner.borrow_mut();
        match op.types(&types) {
            Ok(types) => {
                let layer = inner.layer.clone();
                let stem = if layer.is_empty() { op.name() } else { &layer };
                let push = |ty| inner.graph.push(format!("{stem}.{}", inner.graph.values.len()), ty, Source::Equation);
                let outputs: Vec<_> = types.into_iter().map(push).collect();
                let place = inner.layer_place.clone().or(Some(caller));
                inner.graph.equations.push(Equation { op, inputs: ids, outputs: outputs.clone(), layer, place });
                Outputs { builder: self, ids: outputs }
            }
            Err(error) => {
                let error = Error::clone(&error);
                inner.report(error, op.name(), caller);
                Outputs { builder: self, ids: vec![] }
            }
        }
    }

    /// Notes a mistake and returns a poisoned value.
    #[track_caller]
    pub fn poison(&self, error: Error) -> Var<'_> {
        let caller = Place::Source(Location::caller());
        self.inner.borrow_mut().report(error, "", caller);
        Var { builder: self, id: None }
    }

    /// Everything that `body` appends belongs to the layer of that name, written at `place`.
    pub fn in_layer<R>(&self, name: &str, place: Option<Place>, body: impl FnOnce() -> R) -> R {
        let swap = |name: String, place| {
            let inner = &mut *self.inner.borrow_mut();
            (std::mem::replace(&mut inner.layer, name), std::mem::replace(&mut inner.layer_place, place))
        };
        let (outer, outer_place) = swap(name.to_string(), place);
        let result = body();
        swap(outer, outer_place);
        result
    }

    /// A layer name that is not taken: `stem1`, `stem2`, …
    pub fn fresh(&self, stem: &str) -> String {
        let inner = &mut *self.inner.borrow_mut();
        let names = &mut inner.names;
        let name = (1..).map(|k| format!("{stem}{k}")).find(|name| !names.contains(name)).expect("names do not end");
        names.insert(name.clone());
        name
    }

    /// After each run `state` takes the value `next`.
    #[track_caller]
    pub fn update(&self, state: Var<'_>, next: Var<'_>) {
        let (Some(state_id), Some(next_id)) = (state.id, next.id) else { return };
        if state.ty() != next.ty() {
            self.poison(Error::model("an update must not change the type").found(next.ty()).expected(state.ty()));
            return;
        }
        self.inner.borrow_mut().graph.updates.push(Update { state: state_id, next: next_id });
    }

    /// The graph so far, with these outputs.
    ///
    /// # Errors
    /// Every mistake that was made on the way.
    pub fn finish<'g>(&'g self, outputs: impl IntoIterator<Item = Var<'g>>) -> Result<Graph> {
        let outputs = outputs.into_iter().filter_map(|v| v.id).collect(); // before the borrow: the iterator may look at values
        let inner = &mut *self.inner.borrow_mut();
        if let Some(error) = Error::all(std::mem::take(&mut inner.errors)) {
            return Err(error);
        }
        inner.graph.outputs = outputs;
        inner.graph.verify()?;
        Ok(inner.graph.clone())
    }

    /// Looks at the graph so far.
    pub fn peek<R>(&self, look: impl FnOnce(&Graph) -> R) -> R {
        look(&self.inner.borrow().graph)
    }
}

impl Inner {
    fn report(&mut self, error: Error, op: &str, caller: Place) {
        let layer = (!self.layer.is_empty()).then(|| Place::Layer(self.layer.clone()));
        let operation = (layer.is_none() && !op.is_empty()).then(|| Place::Layer(op.to_string()));
        let error = layer.into_iter().chain(operation).fold(error, Error::at);
        self.errors.push(error.at(self.layer_place.clone().unwrap_or(caller)));
    }
}

impl Graph {
    fn push(&mut self, name: String, ty: Type, source: Source) -> ValueId {
        self.values.push(ValueInfo { name, ty, source });
        ValueId(self.values.len() - 1)
    }
}

impl<'g> Var<'g> {
    /// The builder that it grows in.
    pub fn builder(&self) -> &'g Builder {
        self.builder
    }

    /// Its number; `None` when poisoned.
    pub fn id(&self) -> Option<ValueId> {
        self.id
    }

    /// Whether a mistake was made on the way to it.
    pub fn is_poisoned(&self) -> bool {
        self.id.is_none()
    }

    /// Its type; that of a scalar when poisoned.
    pub fn ty(&self) -> Type {
        let inner = self.builder.inner.borrow();
        self.id.map_or_else(|| crate::f32(Vec::<usize>::new()), |id| inner.graph.value(id).ty.clone())
    }

    /// The same value under a name of the user's.
    pub fn named(self, name: &str) -> Self {
        if let Some(id) = self.id {
            self.builder.inner.borrow_mut().graph.values[id.0].name = name.to_string();
        }
        self
    }

    /// `op(self)`, the first output.
    #[track_caller]
    pub fn apply(self, op: impl Into<Op>) -> Var<'g> {
        self.builder.apply(op, &[self]).get(0)
    }
}
