//! What a unit sees of the input: by formula, exactly, and measured.
//!
//! By formula, one number an axis for all units of a layer (Dumoulin and Visin 2016; Araujo, Norris and Sim 2019). A window of
//! k taps that lie d apart, moving by s, after `before` elements of padding, takes the field (r, j, o) of its input to
//!
//! ```text
//! size   r' = r + (k − 1)·d·j         stride  j' = j·s         offset  o' = o − before·j
//! ```
//!
//! so that unit p sees o + p·j … o + p·j + r − 1. It is a box: it takes no notice of the holes that dilation leaves, it is the
//! smallest box around all branches, and it reaches into the padding.
//!
//! Behind transposed convolutions and upsampling there is no such formula: units move by fractions of what those before them
//! moved by. The field says then that units see the whole input, with the stride 0, and [`Boxes`](super::Boxes) have the box of
//! each place.
//!
//! Exactly, for one unit, [`Reach`]: the elements of the input from which a path of equations leads to it. Padding ends a path.
//!
//! Measured, [`effective_field`](super::effective_field).

use serde::Serialize;
use std::collections::HashMap;
use std::ops::Range;
use striate_graph::ops::conv::Conv;
use striate_graph::{Equation, Field, Graph, Op, ValueId};
use striate_tensor::{Shape, Taps, Window};

/// What units see of the input, one number a spatial axis: unit `p` sees from `offset + p·stride`, `size` elements. Padding
/// counts, so that a field may reach beyond the input. Where branches meet it is the field that holds both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceptiveField {
    /// Elements that a unit sees.
    pub size: Vec<usize>,
    /// How far apart the fields of two neighbours lie; 0 where every unit sees the whole input.
    pub stride: Vec<usize>,
    /// The first element that unit 0 sees; negative in the padding.
    pub offset: Vec<i64>,
}

impl ReceptiveField {
    /// The elements that the unit at a position sees, an axis each; they may lie in the padding.
    pub fn at(&self, position: &[usize]) -> Vec<Range<i64>> {
        let axis = |(axis, p): (usize, &usize)| {
            let first = self.offset[axis] + (p * self.stride[axis]) as i64;
            first..first + self.size[axis] as i64
        };
        position.iter().enumerate().map(axis).collect()
    }

    /// The middle of what the unit at a position sees, in elements: 13.5 lies between the elements 13 and 14.
    pub fn centre(&self, position: &[usize]) -> Vec<f64> {
        self.at(position).iter().map(|range| (range.start + range.end - 1) as f64 / 2.0).collect()
    }

    /// As [`ReceptiveField::at`], without the padding around an input of these sizes.
    pub fn clipped(&self, position: &[usize], input: &[usize]) -> Vec<Range<usize>> {
        let inside = |(range, &size): (Range<i64>, &usize)| {
            let clip = |at: i64| at.clamp(0, size as i64) as usize;
            clip(range.start)..clip(range.end)
        };
        self.at(position).into_iter().zip(input).map(inside).collect()
    }

    /// What a window over units of this field sees.
    fn through(mut self, windows: &[Window]) -> Self {
        for (axis, window) in windows.iter().enumerate() {
            self.size[axis] += (window.extent() - 1) * self.stride[axis];
            self.offset[axis] -= (window.before * self.stride[axis]) as i64;
            self.stride[axis] *= window.stride;
        }
        self
    }

    /// What units see that were so many places further on.
    fn moved(mut self, places: impl Iterator<Item = i64>) -> Self {
        for (axis, places) in places.enumerate() {
            self.offset[axis] += places * self.stride[axis] as i64;
        }
        self
    }
}

/// The receptive field of every value that depends on the input, whose sample has these sizes.
pub(crate) fn fields(graph: &Graph, sample: &[usize]) -> HashMap<ValueId, ReceptiveField> {
    let axes = sample.len().saturating_sub(1);
    let mut fields: HashMap<ValueId, ReceptiveField> = HashMap::new();
    if axes == 0 {
        return fields;
    }
    let whole = ReceptiveField { size: sample[1..].to_vec(), stride: vec![0; axes], offset: vec![0; axes] };
    let point = ReceptiveField { size: vec![1; axes], stride: vec![1; axes], offset: vec![0; axes] };
    fields.extend(graph.inputs().map(|input| (input, point.clone())));
    for Equation { op, inputs, outputs, .. } in &graph.equations {
        let Some(seen) = inputs.iter().filter_map(|id| fields.get(id)).cloned().reduce(union) else { continue };
        let spatial = graph.value(inputs[0]).ty.rank() == axes + 2;
        let field = match (op, op.field()) {
            (_, Field::Point) => seen,
            (_, Field::Sliding(windows)) if windows.len() == axes => seen.through(&windows),
            (Op::Concat(concat), _) if spatial && concat.axis == 1 => seen,
            (Op::PadZeros(pad), _) if spatial => seen.moved(pad.sides[2..].iter().map(|&(before, _)| -(before as i64))),
            (Op::Slice(slice), _) if spatial => {
                seen.moved(slice.ranges[2..].iter().map(|range| range.map_or(0, |(start, _)| start as i64)))
            }
            _ => whole.clone(),
        };
        fields.extend(outputs.iter().map(|&output| (output, field.clone())));
    }
    fields
}

/// The smallest field that holds both. What sees the whole input (stride 0) holds every other.
fn union(a: ReceptiveField, b: ReceptiveField) -> ReceptiveField {
    let mut both = a;
    for axis in 0..both.size.len() {
        let end = |field: &ReceptiveField| field.offset[axis] + field.size[axis] as i64;
        match (both.stride[axis], b.stride[axis]) {
            (0, _) => {}
            (_, 0) => {
                (both.size[axis], both.stride[axis], both.offset[axis]) = (b.size[axis], 0, b.offset[axis]);
            }
            (one, other) => {
                let (first, last) = (both.offset[axis].min(b.offset[axis]), end(&both).max(end(&b)));
                (both.size[axis], both.stride[axis]) = ((last - first) as usize, one.max(other));
                both.offset[axis] = first;
            }
        }
    }
    both
}

/// Which elements of the input a path of equations leads from to one unit: the receptive field with its holes, without padding.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// Sizes of the spatial axes of the input.
    pub sizes: Shape,
    /// Row-major over them: whether the unit sees the element.
    pub seen: Vec<bool>,
}

impl Reach {
    /// Of the unit at a position of `value`, in a graph whose first input is the sample N×C×….
    pub(crate) fn of(graph: &Graph, value: ValueId, position: &[usize]) -> Self {
        let input = graph.inputs().next().expect("a model has an input");
        let axes = graph.value(input).ty.rank() - 2;
        let sizes = |id: ValueId| spatial(graph, id, axes);
        let mut depends = vec![false; graph.values.len()];
        depends[input.0] = true;
        for equation in &graph.equations {
            let any = equation.inputs.iter().any(|id| depends[id.0]);
            equation.outputs.iter().for_each(|id| depends[id.0] |= any);
        }
        let mut masks: HashMap<ValueId, Vec<bool>> = HashMap::new();
        let mut start = vec![false; sizes(value).elements()];
        start[sizes(value).index(position)] = true;
        masks.insert(value, start);
        for equation in graph.equations.iter().rev() {
            for output in &equation.outputs {
                let Some(mask) = masks.get(output).cloned() else { continue };
                for id in equation.inputs.iter().filter(|id| depends[id.0]) {
                    let seen = back(&equation.op, axes, &mask, &sizes(*output), &sizes(*id));
                    let sum = masks.entry(*id).or_insert_with(|| vec![false; seen.len()]);
                    sum.iter_mut().zip(seen).for_each(|(sum, seen)| *sum |= seen);
                }
            }
        }
        let sizes = sizes(input);
        let seen = masks.remove(&input).unwrap_or_else(|| vec![false; sizes.elements()]);
        Reach { sizes, seen }
    }

    /// The smallest box that holds all of it, an axis each; empty ranges where the unit sees nothing.
    pub fn bounds(&self) -> Vec<Range<usize>> {
        // First and last element of each axis.
        let mut ends = vec![(usize::MAX, 0); self.sizes.rank()];
        for index in (0..self.seen.len()).filter(|&index| self.seen[index]) {
            for ((first, last), at) in ends.iter_mut().zip(self.sizes.position(index)) {
                (*first, *last) = ((*first).min(at), (*last).max(at));
            }
        }
        ends.into_iter().map(|(first, last)| if first <= last { first..last + 1 } else { 0..0 }).collect()
    }

    /// How many elements it has.
    pub fn count(&self) -> usize {
        self.seen.iter().filter(|&&seen| seen).count()
    }
}

/// The spatial sizes of a value: those of a map, or one place for a value that has no places.
fn spatial(graph: &Graph, id: ValueId, axes: usize) -> Shape {
    let ty = &graph.value(id).ty;
    match ty.rank() == axes + 2 {
        true => ty.shape()[2..].into(),
        false => vec![1; axes].into(),
    }
}

/// Which places of an input the marked places of the output are computed from.
fn back(op: &Op, axes: usize, mask: &[bool], output: &Shape, input: &Shape) -> Vec<bool> {
    let mut seen = vec![false; input.elements()];
    let marked = || (0..mask.len()).filter(|&place| mask[place]);
    // A place for each, moved by so many along each axis; what falls outside was padding.
    let moved = |seen: &mut Vec<bool>, by: &dyn Fn(usize) -> i64| {
        for place in marked() {
            let at: Vec<i64> =
                output.position(place).iter().enumerate().map(|(axis, &p)| p as i64 + by(axis)).collect();
            if at.iter().zip(input.iter()).all(|(&at, &size)| (0..size as i64).contains(&at)) {
                seen[input.index(&at.iter().map(|&at| at as usize).collect::<Vec<_>>())] = true;
            }
        }
    };
    match (op, op.field()) {
        (_, Field::Point) => {
            for place in marked() {
                // An axis of size 1 is shared by all places.
                let at: Vec<_> =
                    output.position(place).iter().zip(input.iter()).map(|(&p, &size)| p.min(size - 1)).collect();
                seen[input.index(&at)] = true;
            }
        }
        (Op::Resample(resample), _) if resample.axes.len() == axes => {
            let rows: Vec<_> = resample.axes.iter().map(|axis| axis.rows()).collect();
            for place in marked() {
                // Each axis has a list of its own; the places are all combinations.
                let mut sources = vec![0];
                for (axis, p) in output.position(place).into_iter().enumerate() {
                    let each = |at: usize| rows[axis][p].iter().map(move |&(q, _)| at * input[axis] + q);
                    sources = sources.into_iter().flat_map(each).collect();
                }
                sources.into_iter().for_each(|at| seen[at] = true);
            }
        }
        (_, Field::Sliding(windows)) if windows.len() == axes => {
            let taps = Taps::sliding(&windows);
            marked().flat_map(|place| taps.at(place)).for_each(|(_, pixel)| seen[pixel] = true);
        }
        (Op::ConvGradInput(back), _) if back.0.windows.len() == axes => transposed(&back.0, mask, &mut seen),
        (Op::Concat(concat), _) if concat.axis == 1 && output == input => moved(&mut seen, &|_| 0),
        (Op::PadZeros(pad), _) if pad.sides.len() == axes + 2 => {
            moved(&mut seen, &|axis| -(pad.sides[axis + 2].0 as i64));
        }
        (Op::Slice(slice), _) if slice.ranges.len() == axes + 2 => {
            moved(&mut seen, &|axis| slice.ranges[axis + 2].map_or(0, |(start, _)| start as i64));
        }
        _ => seen.fill(mask.contains(&true)),
    }
    seen
}

/// A transposed convolution: place p of its input reaches those that the convolution's position p would see.
fn transposed(conv: &Conv, mask: &[bool], seen: &mut [bool]) {
    let taps = Taps::sliding(&conv.windows);
    for (position, seen) in seen.iter_mut().enumerate() {
        *seen = taps.at(position).iter().any(|&(_, pixel)| mask[pixel]);
    }
}
