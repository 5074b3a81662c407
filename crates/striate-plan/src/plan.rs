use crate::arena::{Layout, Place};
use crate::kernels::{self, Kernel, Problem};
use crate::memory::{Arena, Memories, Spans};
use crate::slices::samples_at_a_time;
use crate::{Choices, Store, passes};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use striate_graph::{Equation, Graph, Op, Source, Type};
use striate_kernels::{Isa, Workers};
use striate_tensor::{Array, DType, Error, Result};

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
pub struct Options {
    /// The instruction set; the machine's best (or that of the environment) if absent.
    pub isa: Option<Isa>,
    /// No convolution by Winograd's minimal filtering: rounding errors are those of the sums as they are defined.
    ///
    /// Winograd's errors, relative to the greatest element of a result, stay below 10⁻⁵, and below 3·10⁻⁵ in gradients
    /// to weights. Results are the same bits for any number of threads either way, but other bits in each. Exact plans are
    /// for holding numbers against another program's, and for weights or samples of wildly different sizes.
    pub exact: bool,
    /// The variants of convolutions that are known to be the fastest; what is not listed, or does not accept its problem,
    /// goes by the variants' own rules.
    pub choices: Choices,
}

/// An equation of a plan.
#[derive(Clone, Debug)]
pub struct Step<'p> {
    /// The layer that it belongs to, to which its gradient belongs too; or the parameter that it changes.
    pub layer: &'p str,
    /// The operation; where one is fused with what follows, the first.
    pub op: &'static str,
    /// The kernel that computes it.
    pub kernel: String,
    /// What it gives, for a slice of the batch ([`Plan::slices`]).
    pub outputs: Vec<Type>,
    /// Multiply-adds of the whole batch, taps in the padding included.
    pub multiply_adds: u64,
}

/// A graph made ready for one batch size: passes were run, every value has its place, every equation its kernel.
/// A run allocates nothing after the first.
pub struct Plan {
    graph: Graph,
    notes: Vec<String>,
    layout: Layout,
    sizes: Vec<(DType, usize)>,
    kernels: Vec<Option<Box<dyn Kernel>>>,
    constants: Vec<Arc<Array<f32>>>,
    arena: Arena,
    spans: Spans,
    scratch: Vec<f32>,
    scratch_threads: usize,
    /// For each state of the graph its number in the store that was used last.
    slots: Vec<usize>,
    /// How often a run goes through all equations, each time for the next samples.
    slices: usize,
    /// Copies of those outputs that do not lie in the arena, whose memory is gone after a run, or that come in slices.
    held: Vec<Option<Vec<f32>>>,
    ran: bool,
}

impl Plan {
    /// Makes a graph ready for a batch size.
    ///
    /// # Errors
    /// When the graph does not verify, or the environment names an instruction set that the machine does not have.
    pub fn new(graph: &Graph, batch: usize, options: &Options) -> Result<Self> {
        Self::make(graph, batch, None, options)
    }

    /// Makes a graph ready for a batch size and for the weights that `store` has now: what the graph does not update is
    /// computed with once, as far as it can be, and packed once. Changes of the store after that are not seen.
    ///
    /// # Errors
    /// Those of [`Plan::new`]; when a tensor of the store is missing or has the wrong type.
    ///
    /// ```
    /// use striate_graph::{f32, Builder, Init, N};
    /// use striate_plan::{Feed, Options, Plan, Store, Workers};
    ///
    /// let g = Builder::new();
    /// let w = g.parameter("w", f32([1, 2]), Init::Fill(3.0));
    /// let graph = g.finish([g.input("x", f32([N, 2.into()])) * (w + 1.0)])?;
    /// let mut store = Store::new(&graph, 1);
    /// let mut plan = Plan::frozen(&graph, 1, &store, &Options::default())?;
    /// plan.run(&Workers::new(1), &mut store, &[Feed::F32(&[1.0, 2.0])])?;
    /// assert_eq!(plan.output(0), [4.0, 8.0]);
    /// assert_eq!(plan.graph().equations.len(), 1);
    /// # Ok::<(), striate_tensor::Error>(())
    /// ```
    pub fn frozen(graph: &Graph, batch: usize, store: &Store, options: &Options) -> Result<Self> {
        Self::make(graph, batch, Some(store), options)
    }

    fn make(graph: &Graph, batch: usize, frozen: Option<&Store>, options: &Options) -> Result<Self> {
        let isa = match options.isa {
            Some(isa) => isa,
            None => Isa::from_environment()?,
        };
        let samples = if frozen.is_some() { samples_at_a_time(graph, batch) } else { batch };
        let slices = (batch / samples.max(1)).max(1);
        let graph = graph.at_batch(samples);
        graph.verify()?;
        if let Some(index) = graph.outputs.iter().map(|o| graph.value(*o)).find(|v| v.ty.dtype != DType::F32) {
            return Err(Error::model(format!("a run returns real numbers, but the output `{}` is not", index.name))
                .found(&index.ty)
                .hint("return what is computed from it, or read it from the store if it is a state"));
        }
        let mut notes = Vec::new();
        if slices > 1 {
            notes.push(format!("slices: {samples} of {batch} samples at a time, so that caches hold what they give"));
        }
        let graph = match frozen {
            Some(store) => passes::freeze(graph, store, &mut notes)?,
            None => graph,
        };
        let mut graph = passes::run_all(graph, &mut notes)?;
        let mut layout = Layout::of(&graph);
        let kernels = (0..graph.equations.len()).map(|equation| {
            let in_place = &layout.in_place[equation];
            kernels::choose(&Problem { graph: &graph, equation, in_place, isa, options })
        });
        let kernels = kernels.collect::<Result<Vec<_>>>()?;
        forget_packed(&mut graph, &mut layout, &kernels);
        let sizes = graph.values.iter().map(|v| (v.ty.dtype, v.ty.shape().elements())).collect();
        let constants = graph.values.iter().filter_map(|v| match &v.source {
            Source::Constant(array) => Some(array.clone()),
            _ => None,
        });
        let held = graph.outputs.iter().map(|o| match layout.places[o.0] {
            Some(Place::Arena(_)) if slices == 1 => None,
            _ => Some(vec![0.0; slices * graph.value(*o).ty.shape().elements()]),
        });
        Ok(Plan {
            held: held.collect(),
            constants: constants.collect(),
            arena: Arena::new(layout.arena_bytes),
            spans: Spans::new(graph.values.len()),
            scratch: Vec::new(),
            scratch_threads: 0,
            slots: Vec::new(),
            slices,
            ran: false,
            graph,
            notes,
            layout,
            sizes,
            kernels,
        })
    }

    /// Runs all equations, then the updates of the store. `inputs` in the order of [`Graph::inputs`].
    ///
    /// # Errors
    /// When an input or a tensor of the store is missing or has the wrong size.
    pub fn run(&mut self, workers: &Workers, store: &mut Store, inputs: &[Feed<'_>]) -> Result<()> {
        self.run_marked(workers, store, inputs, |_| ())
    }

    /// As [`Plan::run`]; `durations` then holds how long each of [`Plan::steps`] took.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn run_timed(
        &mut self,
        workers: &Workers,
        store: &mut Store,
        inputs: &[Feed<'_>],
        durations: &mut Vec<Duration>,
    ) -> Result<()> {
        durations.clear();
        durations.resize(self.kernels.iter().flatten().count(), Duration::ZERO);
        let mut last = Instant::now();
        self.run_marked(workers, store, inputs, |step| {
            let now = Instant::now();
            if let Some(step) = step {
                durations[step] += now - last;
            }
            last = now;
        })
    }

    /// Runs, with a call of `mark` before the first kernel of each slice, and after each kernel with its number.
    fn run_marked(
        &mut self,
        workers: &Workers,
        store: &mut Store,
        inputs: &[Feed<'_>],
        mut mark: impl FnMut(Option<usize>),
    ) -> Result<()> {
        self.check_inputs(inputs)?;
        self.find_states(store)?;
        if self.scratch_threads != workers.threads() {
            let most = self.kernels.iter().flatten().map(|k| k.scratch(workers.threads())).max();
            self.scratch.resize(most.unwrap_or(0), 0.0);
            self.scratch_threads = workers.threads();
        }
        for slice in 0..self.slices {
            let mut memories = Memories {
                arena: &mut self.arena,
                store,
                states: &self.slots,
                inputs,
                slice: (slice, self.slices),
                constants: &self.constants,
            };
            self.spans.fill(&self.layout.places, &self.sizes, &mut memories);
            mark(None);
            let kernels = self.graph.equations.iter().zip(&self.kernels);
            let kernels = kernels.filter_map(|(equation, kernel)| Some((equation, kernel.as_ref()?)));
            for (step, (equation, kernel)) in kernels.enumerate() {
                let io = self.spans.io(&equation.inputs, &equation.outputs);
                kernel.run(workers, &io, &mut self.scratch);
                mark(Some(step));
            }
            for (held, &output) in self.held.iter_mut().zip(&self.graph.outputs) {
                if let Some(held) = held {
                    let part = self.spans.read(output);
                    held[slice * part.len()..][..part.len()].copy_from_slice(part);
                }
            }
        }
        for &(next, state) in &self.layout.copies {
            self.spans.copy(next, state);
        }
        self.ran = true;
        Ok(())
    }

    /// Output `index` of the last run, row-major; empty before the first.
    pub fn output(&self, index: usize) -> &[f32] {
        match &self.held[index] {
            _ if !self.ran => &[],
            Some(held) => held,
            None => self.spans.read(self.graph.outputs[index]),
        }
    }

    /// The graph after all passes. Constants that kernels hold packed are empty.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The equations that a run computes, in order; a reshape, which is no work, is none of them.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        let equations = self.graph.equations.iter().zip(&self.kernels);
        // The optimiser's equations belong to no layer; the parameter that they change says more.
        let changed = |equation: &Equation| {
            let updates = self.graph.updates.iter().filter(|update| equation.outputs.contains(&update.next));
            let states = updates.map(|update| self.graph.value(update.state));
            states.min_by_key(|state| !matches!(state.source, Source::Parameter(_))).map_or("", |state| &state.name)
        };
        equations.filter_map(move |(equation, kernel)| {
            let inputs: Vec<_> = equation.inputs.iter().map(|i| self.graph.value(*i).ty.clone()).collect();
            Some(Step {
                layer: if equation.layer.is_empty() { changed(equation) } else { &equation.layer },
                op: match &equation.op {
                    Op::Fused(fused) => fused.first.name(),
                    op => op.name(),
                },
                kernel: kernel.as_ref()?.name(),
                outputs: equation.outputs.iter().map(|o| self.graph.value(*o).ty.clone()).collect(),
                multiply_adds: self.slices as u64 * equation.op.cost(&inputs).multiply_adds,
            })
        })
    }

    /// How often a run goes through all [`Plan::steps`], each time for the next samples of the batch. What a step gives is
    /// that of one slice; its multiply-adds are those of the batch.
    pub fn slices(&self) -> usize {
        self.slices
    }

    /// What the passes did and did not do, a line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Bytes of the arena that holds all intermediates of a slice.
    pub fn arena_bytes(&self) -> usize {
        self.arena.bytes()
    }

    fn check_inputs(&self, inputs: &[Feed<'_>]) -> Result<()> {
        let mut given = inputs.iter();
        for id in self.graph.inputs() {
            let info = self.graph.value(id);
            let (dtype, elements) = match given.next() {
                Some(Feed::F32(data)) => (DType::F32, data.len()),
                Some(Feed::I32(data)) => (DType::I32, data.len()),
                None => return Err(Error::model(format!("the input `{}` is missing", info.name)).expected(&info.ty)),
            };
            let (wanted, size) = self.sizes[id.0];
            if (dtype, elements) != (wanted, self.slices * size) {
                return Err(Error::model(format!("the input `{}` has the wrong size", info.name))
                    .found(format!("{elements} elements of {dtype}"))
                    .expected(match self.slices {
                        1 => info.ty.to_string(),
                        slices => format!("{} elements, {slices} times {}", slices * size, info.ty),
                    }));
            }
        }
        match given.next() {
            Some(_) => Err(Error::model("more inputs are given than the graph has").found(inputs.len())),
            None => Ok(()),
        }
    }

    fn find_states(&mut self, store: &Store) -> Result<()> {
        let known = self.graph.states().zip(&self.slots);
        let mut known = known.map(|(id, &slot)| store.is_at(slot, self.graph.value(id)));
        if self.ran && known.all(|same| same) {
            return Ok(());
        }
        let infos = self.graph.states().map(|id| self.graph.value(id));
        self.slots = infos.map(|info| store.slot(&info.name, &info.ty)).collect::<Result<_>>()?;
        Ok(())
    }
}

/// Forgets the numbers of constants that kernels hold in a form of their own, and that nobody else reads.
fn forget_packed(graph: &mut Graph, layout: &mut Layout, kernels: &[Option<Box<dyn Kernel>>]) {
    let mut read = vec![false; graph.values.len()];
    graph.outputs.iter().chain(graph.updates.iter().map(|u| &u.next)).for_each(|id| read[id.0] = true);
    for (equation, kernel) in graph.equations.iter().zip(kernels) {
        for (index, id) in equation.inputs.iter().enumerate() {
            read[id.0] |= kernel.as_ref().is_none_or(|kernel| kernel.reads(index));
        }
    }
    for ((value, place), read) in graph.values.iter_mut().zip(&mut layout.places).zip(read) {
        if let (Source::Constant(numbers), false) = (&mut value.source, read) {
            *numbers = Arc::new(Array::new([0], vec![]));
            *place = None;
        }
    }
}

/// What the passes did, then a line for each equation: kernel, output types, layer; then the arena's size.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "pass {note}")?;
        }
        for (equation, kernel) in self.graph.equations.iter().zip(&self.kernels) {
            if let Some(kernel) = kernel {
                let types: Vec<_> = equation.outputs.iter().map(|&o| self.graph.value(o).ty.to_string()).collect();
                let outputs: Vec<_> = equation.outputs.iter().map(|o| format!("%{}", o.0)).collect();
                let inputs: Vec<_> = equation.inputs.iter().map(|i| format!("%{}", i.0)).collect();
                writeln!(
                    f,
                    "{:<14} {:<36} {} <- {}   {}",
                    equation.layer,
                    kernel.name(),
                    outputs.join(" "),
                    inputs.join(" "),
                    types.join(", ")
                )?;
            }
        }
        writeln!(f, "arena: {} KiB", self.arena.bytes().div_ceil(1024))
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
