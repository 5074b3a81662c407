//! The box that each unit sees, place by place: where no one formula holds for all units of a layer.
//!
//! Behind a transposed convolution or an upsampling the units move by a fraction of what the units before them moved by: of
//! two neighbours both may see the same box, or boxes one step apart, as their place modulo the factor decides. Where such
//! maps meet those that were kept on the way down, a unit sees what either sees. So the box is computed for each place, an axis
//! by itself:
//!
//! ```text
//! window             B'(p) = ⋃_t B(p·s + t·d − before)                  taps in the padding see nothing
//! its transpose      B'(i) = ⋃ { B(p) : p·s + t·d − before = i for a tap t }
//! upsampling, blur   B'(p) = ⋃ { B(q) : the matrix of the axis takes p from q }
//! add, concat        B'(p) = ⋃ over the inputs of B(p)
//! anything else      the box around all of the input's boxes
//! ```
//!
//! where ⋃ is the smallest interval that holds all. A unit's box is the product of its intervals: the smallest box around what
//! [`Reach`](super::Reach) finds, as long as one of two branches sees all that the other sees.

use serde::Serialize;
use std::collections::HashMap;
use std::ops::Range;
use striate_graph::{Equation, Field, Graph, Op, ValueId};
use striate_tensor::Window;

/// What each unit of a layer sees of the input, without padding: the unit at (p, q, …) sees the box `axes[0][p] ×
/// axes[1][q] × …`.
///
/// ```
/// use striate::prelude::*;
/// let summary = zoo::find("unet_small")?.summary()?;
/// let up = summary.layers.iter().find(|layer| layer.name == "up1").expect("a decoder");
/// let boxes = up.boxes.as_ref().expect("they depend on the place");
/// assert_eq!(boxes.at(&[8, 8]), [0..32, 0..32]);
/// assert_eq!(boxes.at(&[0, 8]), [0..18, 0..32]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Boxes {
    /// For each spatial axis and each place along it the elements that are seen; empty where padding alone is.
    pub axes: Vec<Vec<Range<usize>>>,
}

impl Boxes {
    /// What the unit at a position sees, an axis each.
    ///
    /// # Panics
    /// When there is no such position.
    #[track_caller]
    pub fn at(&self, position: &[usize]) -> Vec<Range<usize>> {
        self.axes.iter().zip(position).map(|(axis, &p)| axis[p].clone()).collect()
    }

    /// The size of the largest of these boxes.
    pub fn greatest(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.iter().map(Range::len).max().unwrap_or(0)).collect()
    }

    /// Whether each unit sees all of an input of these sizes.
    pub fn are_whole(&self, input: &[usize]) -> bool {
        self.axes.iter().zip(input).all(|(axis, &size)| axis.iter().all(|range| *range == (0..size)))
    }

    /// Each unit of an input of these sizes sees itself.
    fn points(sizes: &[usize]) -> Self {
        Boxes { axes: sizes.iter().map(|&size| (0..size).map(|at| at..at + 1).collect()).collect() }
    }

    /// Each of `sizes` units sees what `sources` lists along its axis.
    fn from(&self, sizes: &[usize], sources: impl Fn(usize, usize) -> Vec<usize>) -> Self {
        let place = |axis: usize, p: usize| hull(sources(axis, p).into_iter().map(|q| self.axes[axis][q].clone()));
        Boxes {
            axes: sizes.iter().enumerate().map(|(axis, &size)| (0..size).map(|p| place(axis, p)).collect()).collect(),
        }
    }

    /// What an operation's units of `sizes` see, whose input's units see `self`.
    fn through(&self, op: &Op, sizes: &[usize]) -> Self {
        let axes = self.axes.len();
        let input = |axis: usize| self.axes[axis].len();
        match (op, op.field()) {
            // An axis of size 1 is shared by all places.
            (_, Field::Point) => self.from(sizes, |axis, p| vec![p.min(input(axis) - 1)]),
            (Op::Resample(resample), _) if resample.axes.len() == axes => {
                let rows: Vec<_> = resample.axes.iter().map(|axis| axis.rows()).collect();
                self.from(sizes, |axis, p| rows[axis][p].iter().map(|&(q, _)| q).collect())
            }
            (_, Field::Sliding(windows)) if windows.len() == axes => {
                let meets = |window: Window, p| (0..window.kernel).filter_map(move |tap| window.meets(p, tap));
                self.from(sizes, |axis, p| meets(windows[axis], p).collect())
            }
            (Op::ConvGradInput(back), _) if back.0.windows.len() == axes => self.from(sizes, |axis, i| {
                let window = back.0.windows[axis];
                let reaches = |p: usize| (0..window.kernel).any(|tap| window.meets(p, tap) == Some(i));
                (0..input(axis)).filter(|&p| reaches(p)).collect()
            }),
            (Op::Concat(concat), _) if concat.axis == 1 => self.from(sizes, |_, p| vec![p]),
            (Op::PadZeros(pad), _) if pad.sides.len() == axes + 2 => self.from(sizes, |axis, p| {
                let at = p.checked_sub(pad.sides[axis + 2].0).filter(|&q| q < input(axis));
                at.into_iter().collect()
            }),
            (Op::Slice(slice), _) if slice.ranges.len() == axes + 2 => {
                self.from(sizes, |axis, p| vec![p + slice.ranges[axis + 2].map_or(0, |(start, _)| start)])
            }
            _ => self.from(sizes, |axis, _| (0..input(axis)).collect()),
        }
    }
}

/// The smallest interval that holds all; empty ones count for nothing.
fn hull(all: impl Iterator<Item = Range<usize>>) -> Range<usize> {
    let both = |a: Range<usize>, b: Range<usize>| a.start.min(b.start)..a.end.max(b.end);
    all.filter(|range| !range.is_empty()).reduce(both).unwrap_or(0..0)
}

/// The boxes of every value that depends on the input, whose sample has these sizes; a value without places has one box.
pub(crate) fn boxes(graph: &Graph, sample: &[usize]) -> HashMap<ValueId, Boxes> {
    let axes = sample.len().saturating_sub(1);
    let mut boxes: HashMap<ValueId, Boxes> = HashMap::new();
    if axes == 0 {
        return boxes;
    }
    boxes.extend(graph.inputs().map(|input| (input, Boxes::points(&sample[1..]))));
    let sizes = |id: ValueId| {
        let ty = &graph.value(id).ty;
        if ty.rank() == axes + 2 { ty.shape()[2..].to_vec() } else { vec![1; axes] }
    };
    for Equation { op, inputs, outputs, .. } in &graph.equations {
        for &output in outputs {
            let sizes = sizes(output);
            let each = inputs.iter().filter_map(|id| boxes.get(id)).map(|seen| seen.through(op, &sizes));
            let union = |a: Boxes, b: Boxes| Boxes {
                axes: a
                    .axes
                    .into_iter()
                    .zip(b.axes)
                    .map(|(a, b)| a.into_iter().zip(b).map(|(a, b)| hull([a, b].into_iter())).collect())
                    .collect(),
            };
            if let Some(seen) = each.reduce(union) {
                boxes.insert(output, seen);
            }
        }
    }
    boxes
}
