//! The arena and the views that kernels get of it. The one place of this crate with `unsafe`.

use crate::arena::{LINE, Place};
use crate::{Feed, Store, Tensor};
use std::cell::Cell;
use striate_graph::ValueId;
use striate_tensor::DType;

/// A cache line of zeros, so that the arena is aligned to cache lines.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code)] [u8; LINE]); // read and written through pointers only

/// The memory of a plan's intermediates, aligned to cache lines and all zeros at first.
pub(crate) struct Arena(Vec<Line>);

impl Arena {
    pub(crate) fn new(bytes: usize) -> Self {
        Arena(vec![Line([0; LINE]); bytes.div_ceil(LINE)])
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * LINE
    }
}

/// Where a value lies during one run.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: *mut u8,
    elements: usize,
    dtype: DType,
}

/// For each value its span. Spans of different values overlap only where the layout says so.
pub(crate) struct Spans(Vec<Option<Span>>);

// SAFETY: spans are pointers into memory that `fill` borrows anew for each run; between runs nobody follows them.
unsafe impl Send for Spans {}
// SAFETY: as above; `Io` hands out overlapping views only as its checks allow.
unsafe impl Sync for Spans {}

/// The memories that places point into, for one run.
pub(crate) struct Memories<'a> {
    pub arena: &'a mut Arena,
    pub store: &'a mut Store,
    /// For each state of the graph its number in the store.
    pub states: &'a [usize],
    pub inputs: &'a [Feed<'a>],
    /// Which of how many equal parts of the inputs is meant.
    pub slice: (usize, usize),
    pub constants: &'a [std::sync::Arc<striate_tensor::Array<f32>>],
}

/// Start and length of part `number` of so many.
fn part<T>(data: &[T], (number, count): (usize, usize)) -> (*mut u8, usize) {
    let len = data.len() / count;
    (data[number * len..][..len].as_ptr().cast_mut().cast(), len)
}

impl Spans {
    pub(crate) fn new(values: usize) -> Self {
        Spans(vec![None; values])
    }

    /// Points every value at its place. `sizes` are the element types and counts of the values.
    ///
    /// The spans may be used as long as the memories stay borrowed: the caller keeps them so for the whole run.
    pub(crate) fn fill(&mut self, places: &[Option<Place>], sizes: &[(DType, usize)], memories: &mut Memories<'_>) {
        let arena = memories.arena.0.as_mut_ptr().cast::<u8>();
        let arena_bytes = memories.arena.bytes();
        for ((span, place), &(dtype, elements)) in self.0.iter_mut().zip(places).zip(sizes) {
            let Some(place) = place else { continue };
            let (start, room) = match *place {
                Place::Arena(offset) => {
                    assert!(offset + elements * dtype.bytes() <= arena_bytes, "a place outside the arena");
                    // SAFETY: `offset` lies inside the arena by the assertion.
                    (unsafe { arena.add(offset) }, elements)
                }
                Place::State(number) => match memories.store.tensor_mut(memories.states[number]) {
                    Tensor::F32(array) => (array.data_mut().as_mut_ptr().cast(), array.data().len()),
                    Tensor::I32(array) => (array.data_mut().as_mut_ptr().cast(), array.data().len()),
                },
                // Inputs and constants are never written: the layout gives no output their place.
                Place::Input(number) => match memories.inputs[number] {
                    Feed::F32(data) => part(data, memories.slice),
                    Feed::I32(data) => part(data, memories.slice),
                },
                Place::Constant(number) => {
                    let data = memories.constants[number].data();
                    (data.as_ptr().cast_mut().cast(), data.len())
                }
            };
            assert_eq!(room, elements, "a value and its memory differ in size");
            *span = Some(Span { start, elements, dtype });
        }
    }

    /// The views of one equation.
    pub(crate) fn io<'a>(&'a self, inputs: &'a [ValueId], outputs: &'a [ValueId]) -> Io<'a> {
        Io { spans: self, inputs, outputs, taken: Cell::new(0) }
    }

    /// Copies one value over another of the same type.
    pub(crate) fn copy(&self, from: ValueId, to: ValueId) {
        let (from, to) = (self.span(from), self.span(to));
        assert_eq!((from.elements, from.dtype), (to.elements, to.dtype));
        // SAFETY: both spans are inside living memory of that size; `copy` allows overlap.
        unsafe { std::ptr::copy(from.start, to.start, from.elements * from.dtype.bytes()) };
    }

    /// A real value that nothing writes until the next run: one in the arena, or any value before the run has ended.
    pub(crate) fn read(&self, value: ValueId) -> &[f32] {
        let span = self.span(value);
        assert_eq!(span.dtype, DType::F32);
        // SAFETY: the span is living memory of that many f32s, and nothing writes it while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(span.start.cast::<f32>(), span.elements) }
    }

    fn span(&self, value: ValueId) -> Span {
        self.0[value.0].expect("every value that an equation names has a place")
    }
}

/// What an equation reads and writes. An output can be taken once; an input that an output is written over cannot be
/// read but through that output.
pub(crate) struct Io<'a> {
    spans: &'a Spans,
    inputs: &'a [ValueId],
    outputs: &'a [ValueId],
    taken: Cell<u64>,
}

impl<'a> Io<'a> {
    /// Number of inputs.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs.len()
    }

    /// Number of outputs.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// The element type of an input.
    pub(crate) fn dtype(&self, input: usize) -> DType {
        self.spans.span(self.inputs[input]).dtype
    }

    /// The element type of an output.
    pub(crate) fn out_dtype(&self, output: usize) -> DType {
        self.spans.span(self.outputs[output]).dtype
    }

    /// Real input `index`.
    pub(crate) fn f32(&self, index: usize) -> &'a [f32] {
        self.view(self.inputs[index], DType::F32)
    }

    /// Index input `index`.
    pub(crate) fn i32(&self, index: usize) -> &'a [i32] {
        self.view(self.inputs[index], DType::I32)
    }

    /// Small index input `index`.
    pub(crate) fn u8(&self, index: usize) -> &'a [u8] {
        self.view(self.inputs[index], DType::U8)
    }

    /// Real output `index`.
    pub(crate) fn out_f32(&self, index: usize) -> &'a mut [f32] {
        self.take(index, DType::F32)
    }

    /// Index output `index`.
    pub(crate) fn out_i32(&self, index: usize) -> &'a mut [i32] {
        self.take(index, DType::I32)
    }

    /// Small index output `index`.
    pub(crate) fn out_u8(&self, index: usize) -> &'a mut [u8] {
        self.take(index, DType::U8)
    }

    fn view<T>(&self, value: ValueId, dtype: DType) -> &'a [T] {
        let span = self.spans.span(value);
        assert_eq!(span.dtype, dtype);
        for &output in self.outputs {
            assert!(!overlap(span, self.spans.span(output)), "an input is read while an output lies over it");
        }
        // SAFETY: the span is living memory of `elements` elements of this type (checked above), aligned because every
        // place is a cache line or an array of that type; no output lies over it, so nobody writes it during the step.
        unsafe { std::slice::from_raw_parts(span.start.cast::<T>(), span.elements) }
    }

    fn take<T>(&self, index: usize, dtype: DType) -> &'a mut [T] {
        let bit = 1u64 << index;
        assert!(self.taken.get() & bit == 0, "an output is taken twice");
        self.taken.set(self.taken.get() | bit);
        let span = self.spans.span(self.outputs[index]);
        assert_eq!(span.dtype, dtype);
        for (other, &output) in self.outputs.iter().enumerate() {
            assert!(other == index || !overlap(span, self.spans.span(output)), "two outputs overlap");
        }
        // SAFETY: as in `view`; the output is taken once, overlaps no other output, and no input that lies under it can
        // be viewed.
        unsafe { std::slice::from_raw_parts_mut(span.start.cast::<T>(), span.elements) }
    }
}

fn overlap(a: Span, b: Span) -> bool {
    let end = |s: Span| s.start as usize + s.elements * s.dtype.bytes();
    (a.start as usize) < end(b) && (b.start as usize) < end(a)
}
