use crate::{Init, Op, Type};
use std::fmt;
use std::sync::Arc;
use striate_tensor::{Array, Error, Place, Result};

/// Names a value of a [`Graph`]: its place in [`Graph::values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub usize);

/// A network: values, and the equations that compute them in order.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// All values; a [`ValueId`] indexes them.
    pub values: Vec<ValueInfo>,
    /// The equations; each reads only what comes before it.
    pub equations: Vec<Equation>,
    /// What a run returns.
    pub outputs: Vec<ValueId>,
    /// What a run changes.
    pub updates: Vec<Update>,
}

/// What is known of a value before it is computed.
#[derive(Clone, Debug)]
pub struct ValueInfo {
    /// Unique among inputs, parameters and states.
    pub name: String,
    /// Elements and sizes.
    pub ty: Type,
    /// Where it comes from.
    pub source: Source,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Given at every run.
    Input,
    /// Learned; kept from run to run.
    Parameter(Init),
    /// Kept from run to run, but not learned by the gradient: running statistics, moments, counters.
    State(Init),
    /// These numbers.
    Constant(Arc<Array<f32>>),
    /// Computed by an equation.
    Equation,
}

/// `outputs = op(inputs)`.
#[derive(Clone, Debug)]
pub struct Equation {
    /// The operation with its attributes.
    pub op: Op,
    /// What it reads.
    pub inputs: Vec<ValueId>,
    /// What it computes.
    pub outputs: Vec<ValueId>,
    /// The user's name of the layer that it belongs to; empty outside any layer.
    pub layer: String,
    /// Where the user wrote it.
    pub place: Option<Place>,
}

/// After a run, `state` takes the value of `next`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// A parameter or state.
    pub state: ValueId,
    /// A value of the same type.
    pub next: ValueId,
}

impl Graph {
    /// What is known of a value.
    pub fn value(&self, id: ValueId) -> &ValueInfo {
        &self.values[id.0]
    }

    /// The value of that name.
    pub fn find(&self, name: &str) -> Option<ValueId> {
        self.values.iter().position(|v| v.name == name).map(ValueId)
    }

    /// The values given at every run.
    pub fn inputs(&self) -> impl Iterator<Item = ValueId> {
        self.select(|source| matches!(source, Source::Input))
    }

    /// The learned values.
    pub fn parameters(&self) -> impl Iterator<Item = ValueId> {
        self.select(|source| matches!(source, Source::Parameter(_)))
    }

    /// Everything kept from run to run, learned or not.
    pub fn states(&self) -> impl Iterator<Item = ValueId> {
        self.select(|source| matches!(source, Source::Parameter(_) | Source::State(_)))
    }

    fn select(&self, wanted: fn(&Source) -> bool) -> impl Iterator<Item = ValueId> {
        self.values.iter().enumerate().filter(move |(_, v)| wanted(&v.source)).map(|(i, _)| ValueId(i))
    }

    /// The graph with the batch size put in.
    pub fn at_batch(&self, batch: usize) -> Graph {
        let mut graph = self.clone();
        graph.values.iter_mut().for_each(|v| v.ty = v.ty.at_batch(batch));
        graph.equations.iter_mut().for_each(|e| e.op = e.op.at_batch(batch));
        graph
    }

    /// Checks that every equation reads only earlier values and that its types are what its operation says.
    ///
    /// # Errors
    /// An internal error that names the first equation that does not hold: a pass went wrong.
    pub fn verify(&self) -> Result<()> {
        let mut names = std::collections::HashSet::new();
        for value in self.values.iter().filter(|v| !matches!(v.source, Source::Equation)) {
            if !names.insert(&value.name) {
                return Err(Error::model(format!("two values are called `{}`", value.name))
                    .hint("inputs, parameters and states need names of their own"));
            }
        }
        let mut known: Vec<bool> = self.values.iter().map(|v| !matches!(v.source, Source::Equation)).collect();
        for equation in &self.equations {
            let wrong = |what: &str| Err(Error::internal(format!("{what}: {}", self.show(equation))));
            if equation.inputs.iter().any(|i| !known[i.0]) {
                return wrong("an equation reads a value before it is computed");
            }
            let inputs: Vec<_> = equation.inputs.iter().map(|&i| self.value(i).ty.clone()).collect();
            let types = equation.op.types(&inputs)?;
            if types.len() != equation.outputs.len()
                || types.iter().zip(&equation.outputs).any(|(ty, &o)| *ty != self.value(o).ty)
            {
                return wrong("the types of an equation are not what its operation says");
            }
            if equation.outputs.iter().any(|o| std::mem::replace(&mut known[o.0], true)) {
                return wrong("a value is computed twice");
            }
        }
        let computed = self.outputs.iter().chain(self.updates.iter().map(|u| &u.next)).all(|v| known[v.0]);
        let kept = self.updates.iter().all(|u| self.value(u.state).ty == self.value(u.next).ty);
        match computed && kept {
            true => Ok(()),
            false => Err(Error::internal("an output or update is never computed, or changes its type")),
        }
    }

    fn show(&self, equation: &Equation) -> String {
        let name = |id: &ValueId| format!("%{}", id.0);
        let outputs = equation.outputs.iter().map(|o| format!("{}: {}", name(o), self.value(*o).ty));
        let inputs = equation.inputs.iter().map(|i| match self.value(*i).source {
            Source::Equation => name(i),
            _ => self.value(*i).name.clone(),
        });
        let what = match &equation.op {
            Op::Map(map) => format!("map[{}]", map.program),
            op => op.name().to_string(),
        };
        let text =
            format!("{} = {what}({})", outputs.collect::<Vec<_>>().join(", "), inputs.collect::<Vec<_>>().join(", "),);
        if equation.layer.is_empty() { text } else { format!("{text:<70} # {}", equation.layer) }
    }
}

/// One line a value that is given or kept, one line an equation.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for value in &self.values {
            let kind = match value.source {
                Source::Input => "input",
                Source::Parameter(_) => "parameter",
                Source::State(_) => "state",
                Source::Constant(_) => "constant",
                Source::Equation => continue,
            };
            writeln!(f, "{kind} {}: {}", value.name, value.ty)?;
        }
        for equation in &self.equations {
            writeln!(f, "{}", self.show(equation))?;
        }
        for update in &self.updates {
            writeln!(f, "update {} = %{}", self.value(update.state).name, update.next.0)?;
        }
        let outputs: Vec<_> = self.outputs.iter().map(|o| format!("{} = %{}", self.value(*o).name, o.0)).collect();
        writeln!(f, "return {}", outputs.join(", "))
    }
}
