//! A part of a tensor, and the zeros around one.
//!
//! ```text
//! slice:      y[i, j, …] = x[start_0 + i, start_1 + j, …]          for start_a ≤ start_a + i < end_a
//! pad_zeros:  y[i, j, …] = x[i − before_0, j − before_1, …]        0 where x has no such element
//! ```
//!
//! The two are each other's gradients. A whole axis needs no numbers, so that it may depend on the batch size.

use crate::layer::{LayerForm, Pad, Scope, is_one, one};
use crate::operation::Operation;
use crate::{Adjoint, Case, Dim, Type, Value, Var};
use serde::{Deserialize, Serialize};
use striate_tensor::{Error, Number, Padding, Result};

/// `slice(x) → y`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slice {
    /// For each axis the first element and the one after the last; `None` is the whole axis.
    pub ranges: Vec<Option<(usize, usize)>>,
}

/// `pad_zeros(x) → y`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PadZeros {
    /// For each axis how many zeros come before and after.
    pub sides: Vec<(usize, usize)>,
}

impl Operation for Slice {
    const NAME: &'static str = "slice";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let x = one_input(inputs, self.ranges.len())?;
        let dim = |(&range, &dim): (&Option<(usize, usize)>, &Dim)| match (range, dim.known()) {
            (None, _) => Ok(dim),
            (Some((start, end)), Some(size)) if start < end && end <= size => Ok((end - start).into()),
            (Some((start, end)), _) => Err(Error::model("the slice is not a part of the axis")
                .found(format!("{start}..{end} of an axis of {dim}"))
                .expected("start < end ≤ size, on an axis of known size")),
        };
        Ok(vec![x.with_dims(self.ranges.iter().zip(&x.dims).map(dim).collect::<Result<_>>()?)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let x = inputs[0];
        let sizes =
            self.ranges.iter().zip(x.shape().iter()).map(|(r, &size)| r.map_or(size, |(start, end)| end - start));
        let start = |range: &Option<(usize, usize)>| range.map_or(0, |(start, _)| start);
        vec![x.gathered(sizes.collect(), |at| Some(at.iter().zip(&self.ranges).map(|(i, r)| start(r) + i).collect()))]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let side = |(range, dim): (&Option<(usize, usize)>, Dim)| match (range, dim.known()) {
            (&Some((start, end)), Some(size)) => (start, size - end),
            _ => (0, 0),
        };
        let sides = self.ranges.iter().zip(at.input(0).ty().dims).map(side).collect();
        vec![Some(at.apply(PadZeros { sides }, &[at.upstream(0)]))]
    }

    fn cases() -> Vec<Case> {
        let case = |x: &str, ranges: &[Option<(usize, usize)>]| {
            Case::new(Slice { ranges: ranges.to_vec() }, x).named(&format!("{ranges:?} {x}"))
        };
        vec![
            case("7", &[Some((2, 5))]),
            case("2x3x5", &[None, Some((1, 3)), Some((0, 4))]),
            case("2x3x4x5", &[None, None, Some((1, 3)), Some((2, 3))]),
            case("3x4<9", &[Some((0, 1)), None]),
        ]
    }
}

impl Operation for PadZeros {
    const NAME: &'static str = "pad_zeros";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        let x = one_input(inputs, self.sides.len())?;
        let dim = |(&(before, after), &dim): (&(usize, usize), &Dim)| match dim.known() {
            _ if (before, after) == (0, 0) => Ok(dim),
            Some(size) if size.checked_add(before).is_some_and(|sum| sum.checked_add(after).is_some()) => {
                Ok((before + size + after).into())
            }
            _ => Err(Error::model("the axis cannot be padded")
                .found(format!("{before}+{after} zeros on an axis of {dim}"))
                .expected("an axis of known size")),
        };
        Ok(vec![x.with_dims(self.sides.iter().zip(&x.dims).map(dim).collect::<Result<_>>()?)])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let x = inputs[0];
        let sizes = self.sides.iter().zip(x.shape().iter()).map(|((before, after), size)| before + size + after);
        let inside = |((&at, &(before, _)), &size): ((&usize, &(usize, usize)), &usize)| {
            at.checked_sub(before).filter(|&at| at < size)
        };
        vec![x.gathered(sizes.collect(), |at| at.iter().zip(&self.sides).zip(x.shape().iter()).map(inside).collect())]
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let range = |(&(before, after), dim): (&(usize, usize), Dim)| match dim.known() {
            Some(size) if (before, after) != (0, 0) => Some((before, before + size)),
            _ => None,
        };
        let ranges = self.sides.iter().zip(at.input(0).ty().dims).map(range).collect();
        vec![Some(at.apply(Slice { ranges }, &[at.upstream(0)]))]
    }

    fn cases() -> Vec<Case> {
        let case = |x: &str, sides: &[(usize, usize)]| {
            Case::new(PadZeros { sides: sides.to_vec() }, x).named(&format!("{sides:?} {x}"))
        };
        vec![
            case("3", &[(2, 1)]),
            case("2x3x2", &[(0, 0), (1, 0), (0, 2)]),
            case("2x2x3x2", &[(0, 0), (0, 0), (1, 1), (2, 0)]),
            case("2x3<9", &[(0, 1), (0, 0)]),
        ]
    }
}

fn one_input(inputs: &[Type], axes: usize) -> Result<&Type> {
    match inputs {
        [x] if x.rank() == axes => Ok(x),
        [x] => {
            Err(Error::model("each axis needs one entry").found(format!("{axes} entries for {x}")).expected(x.rank()))
        }
        _ => Err(Error::model("wrong number of inputs").found(inputs.len()).expected(1)),
    }
}

/// `pad`: zeros around the spatial axes; `crop`: so much cut off around them. N×C×… → N×C×….
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PadLayer {
    #[serde(skip)]
    kind: usize,
    /// How much on each side: one number, one for each spatial axis, or `[before, after]` for each.
    pub by: Pad,
}

impl PadLayer {
    /// Zeros around the spatial axes.
    pub fn zeros(by: Pad) -> Self {
        PadLayer { kind: 0, by }
    }

    /// So much cut off around the spatial axes.
    pub fn crop(by: Pad) -> Self {
        PadLayer { kind: 1, by }
    }

    /// What happens on each axis of the input.
    fn sides(&self, x: &Type) -> Result<Vec<(usize, usize)>> {
        let explicit = |padding: &Padding| match *padding {
            Padding::Explicit(before, after) => Ok((before, after)),
            _ => Err(Error::model(format!("`by` of a {} is numbers", self.kind())).found(format!("{padding:?}"))),
        };
        let spatial = self.by.over(x.rank().saturating_sub(2))?;
        if spatial.is_empty() {
            return Err(Error::model("there are no spatial axes").found(x).expected("N×C and at least one axis more"));
        }
        [Ok((0, 0)), Ok((0, 0))].into_iter().chain(spatial.iter().map(explicit)).collect()
    }
}

impl LayerForm for PadLayer {
    const KINDS: &'static [&'static str] = &["pad", "crop"];

    fn kind(&self) -> &'static str {
        Self::KINDS[self.kind]
    }

    fn of_kind(self, kind: &str) -> Self {
        PadLayer { kind: Self::KINDS.iter().position(|k| *k == kind).unwrap_or(0), ..self }
    }

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let x = inputs[0];
        let sides = match self.sides(&x.ty()) {
            Ok(sides) => sides,
            Err(error) => return scope.poison(error),
        };
        if self.kind == 0 {
            return x.pad_zeros(&sides);
        }
        let range = |(&(before, after), dim): (&(usize, usize), Dim)| match dim.known() {
            Some(size) if (before, after) != (0, 0) => Some((before, size.saturating_sub(after))),
            _ => None,
        };
        x.apply(Slice { ranges: sides.iter().zip(x.ty().dims).map(range).collect() })
    }
}

/// `slice`: the elements `start..end` of one axis. Axes are counted as everywhere: 0 is the batch, 1 the channels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SliceLayer {
    /// The axis; the channels if absent.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub axis: usize,
    /// The first element that is kept.
    #[serde(default)]
    pub start: usize,
    /// The first element after it that is not; the size of the axis if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<usize>,
}

impl SliceLayer {
    /// The elements `start..end` of `axis`.
    pub fn new(axis: usize, range: std::ops::Range<usize>) -> Self {
        SliceLayer { axis, start: range.start, end: Some(range.end) }
    }
}

impl LayerForm for SliceLayer {
    const KINDS: &'static [&'static str] = &["slice"];

    fn apply<'g>(&self, inputs: &[Var<'g>], scope: &Scope<'g>) -> Var<'g> {
        let x = inputs[0];
        match x.ty().dims.get(self.axis).and_then(|dim| dim.known()) {
            Some(size) => x.slice(self.axis, self.start..self.end.unwrap_or(size)),
            None => scope.poison(
                Error::model("there is no such axis to slice")
                    .found(format!("axis {} of {}", self.axis, x.ty()))
                    .expected("an axis after the batch axis"),
            ),
        }
    }
}
