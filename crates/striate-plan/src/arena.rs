//! Where each value lies: one arena for all intermediates, by lifetimes.

use crate::Readers;
use std::collections::HashMap;
use striate_graph::{Graph, Op, Source, ValueId};

/// Bytes that every place in the arena is a multiple of: a cache line.
pub(crate) const LINE: usize = 64;

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// So many bytes into the arena.
    Arena(usize),
    /// A tensor of the store, by its number among [`Graph::states`].
    State(usize),
    /// An input of the run, by its number.
    Input(usize),
    /// A constant, by its number.
    Constant(usize),
}

/// The places of all values of a graph.
#[derive(Debug)]
pub(crate) struct Layout {
    /// For each value its place; `None` for values that are never computed.
    pub places: Vec<Option<Place>>,
    /// For each equation: (input, output) pairs that share a place, the output written over the input.
    pub in_place: Vec<Vec<(usize, usize)>>,
    /// Updates that still need a copy: the next value could not be written over the state.
    pub copies: Vec<(ValueId, ValueId)>,
    /// Size of the arena in bytes.
    pub arena_bytes: usize,
}

impl Layout {
    pub(crate) fn of(graph: &Graph) -> Self {
        let mut layout = Layout {
            places: vec![None; graph.values.len()],
            in_place: vec![Vec::new(); graph.equations.len()],
            copies: Vec::new(),
            arena_bytes: 0,
        };
        let mut counts = [0; 3];
        for (value, place) in graph.values.iter().zip(&mut layout.places) {
            let (kind, make): (usize, fn(usize) -> Place) = match value.source {
                Source::Input => (0, Place::Input),
                Source::Parameter(_) | Source::State(_) => (1, Place::State),
                Source::Constant(_) => (2, Place::Constant),
                Source::Equation => continue,
            };
            *place = Some(make(counts[kind]));
            counts[kind] += 1;
        }
        let roots = Roots::of(graph);
        let mut free = FreeList::default();
        for (at, equation) in graph.equations.iter().enumerate() {
            if matches!(equation.op, Op::Reshape(_)) {
                layout.places[equation.outputs[0].0] = layout.places[equation.inputs[0].0];
                continue;
            }
            let mut taken = Vec::new();
            for (k, &output) in equation.outputs.iter().enumerate() {
                let place = layout.over_state(graph, &roots, at, output).or_else(|| {
                    let input = layout.dying_input(graph, &roots, at, output, &taken)?;
                    taken.push(input);
                    layout.places[equation.inputs[input].0]
                });
                let place = place.unwrap_or_else(|| Place::Arena(free.take(bytes(graph, output))));
                let under = |(input, id): (usize, &ValueId)| (layout.places[id.0] == Some(place)).then_some((input, k));
                let under: Vec<_> = equation.inputs.iter().enumerate().filter_map(under).collect();
                layout.in_place[at].extend(under);
                layout.places[output.0] = Some(place);
            }
            // What dies here can be used again, unless an output was written over it.
            let mut dead: Vec<ValueId> =
                equation.inputs.iter().chain(&equation.outputs).map(|&v| roots.root(v)).collect();
            dead.sort_unstable();
            dead.dedup();
            for root in dead.into_iter().filter(|&root| roots.last[root.0] <= at) {
                let reused = equation
                    .outputs
                    .iter()
                    .any(|o| roots.root(*o) != root && layout.places[o.0] == layout.places[root.0]);
                if let (Some(Place::Arena(offset)), false) = (layout.places[root.0], reused) {
                    free.give_back(offset, bytes(graph, root));
                }
            }
        }
        for update in &graph.updates {
            if layout.places[update.next.0] != layout.places[update.state.0] {
                layout.copies.push((update.next, update.state));
            }
        }
        layout.arena_bytes = free.end;
        layout
    }

    /// The place of the state that `output` will replace, if nothing reads the old state after this equation.
    fn over_state(&self, graph: &Graph, roots: &Roots, at: usize, output: ValueId) -> Option<Place> {
        let update = graph.updates.iter().find(|u| u.next == output)?;
        let elementwise = matches!(graph.equations[at].op, Op::Map(_));
        let handed_on = (0..graph.equations[at].inputs.len())
            .any(|k| roots.root(graph.equations[at].inputs[k]) == update.state && hands_on(graph, at, k, output));
        let reads_it = graph.equations[at].inputs.iter().any(|&i| roots.root(i) == update.state);
        let free = roots.last[update.state.0] <= at && (elementwise && !handed_on || !reads_it);
        let once = !graph.outputs.contains(&output)
            && graph.updates.iter().filter(|u| u.state == update.state || u.next == output).count() == 1;
        (free && once).then(|| self.places[update.state.0]).flatten()
    }

    /// An input of an elementwise equation that nothing reads later and that has the output's size.
    fn dying_input(&self, graph: &Graph, roots: &Roots, at: usize, output: ValueId, taken: &[usize]) -> Option<usize> {
        let equation = &graph.equations[at];
        let written = match &equation.op {
            Op::Map(_) => true,
            // a sum is no element beside its operands
            Op::MapSums(map) => equation.outputs.iter().zip(&map.summed).any(|(o, summed)| *o == output && !summed),
            _ => false,
        };
        if !written {
            return None;
        }
        (0..equation.inputs.len()).find(|&k| {
            let input = equation.inputs[k];
            let root = roots.root(input);
            !taken.contains(&k)
                && !hands_on(graph, at, k, output)
                && roots.last[root.0] <= at
                && matches!(self.places[input.0], Some(Place::Arena(_)))
                && graph.value(input).ty == graph.value(output).ty
                && bytes(graph, root) == bytes(graph, output)
                && equation.inputs.iter().filter(|&&other| roots.root(other) == root).count() == 1
        })
    }
}

/// Whether a map returns its input `k` unchanged as another output than this one.
fn hands_on(graph: &Graph, at: usize, k: usize, output: ValueId) -> bool {
    let equation = &graph.equations[at];
    let program = match &equation.op {
        Op::Map(map) => &map.program,
        Op::MapSums(map) => &map.program,
        _ => return false,
    };
    program.outputs().iter().zip(&equation.outputs).any(|(&register, &other)| register == k && other != output)
}

/// Bytes of a value, whole cache lines.
fn bytes(graph: &Graph, value: ValueId) -> usize {
    let ty = &graph.value(value).ty;
    (ty.shape().elements() * ty.dtype.bytes()).next_multiple_of(LINE).max(LINE)
}

/// Reshaped values are the values that they were reshaped from: they live as long as any of them is read.
struct Roots {
    root: HashMap<ValueId, ValueId>,
    /// For each root the last equation that reads it; `usize::MAX` for what a run returns.
    last: Vec<usize>,
}

impl Roots {
    fn of(graph: &Graph) -> Self {
        let mut roots = Roots { root: HashMap::new(), last: vec![0; graph.values.len()] };
        for equation in graph.equations.iter().filter(|e| matches!(e.op, Op::Reshape(_))) {
            let root = roots.root(equation.inputs[0]);
            roots.root.insert(equation.outputs[0], root);
        }
        let readers = Readers::of(graph);
        for (value, readers) in readers.0.iter().enumerate() {
            let root = roots.root(ValueId(value)).0;
            let last = readers.iter().copied().max().unwrap_or(0);
            let last = if last == graph.equations.len() { usize::MAX } else { last };
            roots.last[root] = roots.last[root].max(last);
        }
        for (at, equation) in graph.equations.iter().enumerate() {
            equation.outputs.iter().for_each(|o| {
                let root = roots.root(*o).0;
                roots.last[root] = roots.last[root].max(at);
            });
        }
        roots
    }

    fn root(&self, value: ValueId) -> ValueId {
        self.root.get(&value).copied().unwrap_or(value)
    }
}

/// Free places of the arena, first fit.
#[derive(Default)]
struct FreeList {
    /// (offset, size), by rising offset, never touching each other.
    free: Vec<(usize, usize)>,
    end: usize,
}

impl FreeList {
    fn take(&mut self, size: usize) -> usize {
        let best = (0..self.free.len()).filter(|&i| self.free[i].1 >= size).min_by_key(|&i| self.free[i].1);
        if let Some(i) = best {
            let (offset, room) = self.free[i];
            if room == size {
                _ = self.free.remove(i)
            } else {
                self.free[i] = (offset + size, room - size)
            }
            return offset;
        }
        // The last free place may reach the end: grow it.
        match self.free.last() {
            Some(&(offset, room)) if offset + room == self.end => {
                self.free.pop();
                self.end = offset + size;
                offset
            }
            _ => {
                self.end += size;
                self.end - size
            }
        }
    }

    fn give_back(&mut self, offset: usize, size: usize) {
        let at = self.free.partition_point(|f| f.0 < offset);
        self.free.insert(at, (offset, size));
        for i in [at + 1, at] {
            if i > 0 && i < self.free.len() && self.free[i - 1].0 + self.free[i - 1].1 == self.free[i].0 {
                self.free[i - 1].1 += self.free.remove(i).1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_places_are_joined_and_used_again() {
        let mut list = FreeList::default();
        let places: Vec<_> = (0..4).map(|_| list.take(64)).collect();
        assert_eq!(places, [0, 64, 128, 192]);
        list.give_back(64, 64);
        list.give_back(192, 64);
        list.give_back(128, 64);
        assert_eq!(list.free, [(64, 192)]);
        assert_eq!(list.take(192), 64);
        assert_eq!(list.end, 256);
        list.give_back(192, 64);
        assert_eq!(list.take(128), 192, "a free place at the end grows");
        assert_eq!(list.end, 320);
    }
}
