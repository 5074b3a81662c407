//! Elementwise programs, tile by tile: a tile of each register stays in the first-level cache while all passes run over
//! it, each of one or several instructions ([`steps`]).

mod cursor;
pub(crate) mod functions;
mod steps;
mod sums;
mod tile;

use crate::simd::Isa;
use crate::workers::Workers;
use steps::Steps;
use striate_tensor::{Binary, Error, Instruction, Program, Register, Result, Shape};
pub use sums::MapSums;
use tile::Tile;

/// Elements of a tile.
const TILE: usize = 512;
/// Tiles that hold intermediate values at most.
const SLOTS: usize = 24;
/// Elements of an item.
const ITEM: usize = 16 << 10;
/// Registers, outputs and axes at most.
const REGISTERS: usize = 128;
const OUTPUTS: usize = 8;
const AXES: usize = 6;
/// Where all outputs are given, each is its own.
const PLACES: [usize; OUTPUTS] = [0, 1, 2, 3, 4, 5, 6, 7];
/// A row of at least so many elements is worth tiles of its own.
const LONG: usize = 32;

/// An input of a [`Map`] call.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A tensor of the prepared shape.
    Slice(&'a [f32]),
    /// What lies in output number so and so before the call: the map works in place.
    Output(usize),
}

/// How an input lies under the output.
#[derive(Clone, Debug, PartialEq)]
enum Access {
    /// Element by element.
    Full,
    /// One number for all.
    Scalar,
    /// With these strides over the merged axes.
    Strided(Vec<usize>),
}

/// What an output is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Given {
    Register(Register),
    /// The product of two, which nobody but its sum needs.
    Product(Register, Register),
}

impl Given {
    fn reads(self) -> impl Iterator<Item = Register> {
        let (a, b) = match self {
            Given::Register(r) => (r, None),
            Given::Product(a, b) => (a, Some(b)),
        };
        std::iter::once(a).chain(b)
    }
}

/// A program prepared for one output shape and the shapes of its inputs, which broadcast as in NumPy: axes align at the
/// right, and a size of 1 stretches.
///
/// ```
/// use striate_kernels::{Isa, Map, Source, Workers};
/// use striate_tensor::{Binary, Program, Shape, Unary};
/// let program = Program::build(2, |p| {
///     let sum = p.binary(Binary::Add, 0, 1);
///     vec![p.unary(Unary::Relu, sum)]
/// });
/// let map = Map::prepare(&program, &Shape::from([2, 3]), &[Shape::from([2, 3]), Shape::from([3])], Isa::best()).unwrap();
/// let mut y = [1.0, 2.0, 3.0, -4.0, -5.0, -6.0];
/// map.run(&Workers::new(1), &[Source::Output(0), Source::Slice(&[1.0, 0.0, 7.0])], &mut [&mut y]);
/// assert_eq!(y, [2.0, 2.0, 10.0, 0.0, 0.0, 1.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Map {
    isa: Isa,
    elements: usize,
    /// The merged axes, outermost first.
    sizes: Vec<usize>,
    inputs: Vec<Access>,
    /// Elements that each input has.
    lengths: Vec<usize>,
    steps: Steps,
    outputs: Vec<Given>,
    /// For each pass the output that it may write at once.
    direct: Vec<Option<usize>>,
    /// For each input, one more than the last pass that reads it; outputs read after all.
    last_read: Vec<usize>,
    /// The slot of each register that needs one.
    slots: Vec<usize>,
}

impl Map {
    /// Merges the axes and finds places for the registers.
    ///
    /// # Errors
    /// When an input does not broadcast to `shape`, or the program is longer or wider than the interpreter's fixed
    /// tables: then its author should cut it in two.
    pub fn prepare(program: &Program, shape: &Shape, inputs: &[Shape], isa: Isa) -> Result<Self> {
        Map::with_sums(program, shape, inputs, &[], isa)
    }

    /// The same; the outputs that are marked, if any are, are only summed.
    fn with_sums(program: &Program, shape: &Shape, inputs: &[Shape], summed: &[bool], isa: Isa) -> Result<Self> {
        if inputs.len() != program.inputs() {
            return Err(Error::internal("a map has other inputs than its program")
                .found(inputs.len())
                .expected(program.inputs()));
        }
        let registers = inputs.len() + program.instructions().len();
        let too_large = |what: &str, found: usize, limit: usize| {
            Error::internal(format!("an elementwise program has too many {what}"))
                .found(found)
                .expected(format!("at most {limit}"))
                .hint("cut the program in two")
        };
        if registers > REGISTERS {
            return Err(too_large("registers", registers, REGISTERS));
        }
        if program.outputs().len() > OUTPUTS {
            return Err(too_large("outputs", program.outputs().len(), OUTPUTS));
        }
        let strides = inputs.iter().map(|input| broadcast(input, shape)).collect::<Result<Vec<_>>>()?;
        let (sizes, strides) = merge(shape, strides);
        if sizes.len() > AXES {
            return Err(too_large("different axes", sizes.len(), AXES));
        }
        let elements = shape.elements();
        let full = Shape::from(&sizes[..]).strides();
        let accesses: Vec<_> = strides
            .into_iter()
            .map(|s| {
                if s.iter().all(|&s| s == 0) {
                    Access::Scalar
                } else if s == full {
                    Access::Full
                } else {
                    Access::Strided(s)
                }
            })
            .collect();
        let outputs = outputs(program, summed);
        let kept: Vec<Register> = outputs.iter().flat_map(|o| o.reads()).collect();
        let mut map = Map {
            isa,
            elements,
            sizes,
            inputs: accesses,
            lengths: inputs.iter().map(Shape::elements).collect(),
            steps: Steps::new(program, &kept, true),
            outputs,
            direct: vec![],
            last_read: vec![],
            slots: vec![usize::MAX; registers],
        };
        if map.place(&kept).is_err() {
            // passes of several instructions keep more operands at a time
            map.steps = Steps::new(program, &kept, false);
            map.place(&kept)?;
        }
        Ok(map)
    }

    /// Gives every value that lies in a tile a slot, from its first write to its last read.
    fn place(&mut self, kept: &[Register]) -> Result<()> {
        let (inputs, passes) = (self.inputs.len(), &self.steps.passes);
        let mut last = vec![0; self.slots.len()];
        for (at, (_, step)) in passes.iter().enumerate() {
            step.reads().for_each(|r| last[r] = at + 1);
        }
        kept.iter().for_each(|&r| last[r] = passes.len() + 1);
        self.last_read = last[..inputs].to_vec();
        self.direct.clear();
        self.slots.fill(usize::MAX);

        let mut free: Vec<usize> = (0..SLOTS).rev().collect();
        let take = |free: &mut Vec<usize>| {
            free.pop().ok_or_else(|| {
                Error::internal("an elementwise program keeps too many values at a time")
                    .expected(format!("at most {SLOTS}"))
                    .hint("cut the program in two")
            })
        };
        for (access, (slot, &last)) in self.inputs.iter().zip(self.slots.iter_mut().zip(&last)) {
            if matches!(access, Access::Strided(_)) && last > 0 {
                *slot = take(&mut free)?;
            }
        }
        for (at, &(register, _)) in passes.iter().enumerate() {
            // a pass may write where its own operand lay: it goes element by element
            let dies = |(slot, last): &(&usize, &usize)| **last == at + 1 && **slot != usize::MAX;
            free.extend(self.slots[..register].iter().zip(&last).filter(dies).map(|(&slot, _)| slot));
            self.slots[register] = take(&mut free)?;
            self.direct.push(self.outputs.iter().position(|&o| o == Given::Register(register)));
        }
        Ok(())
    }

    /// Elements of each output.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Computes all outputs, each of the prepared shape.
    pub fn run(&self, workers: &Workers, inputs: &[Source<'_>], outputs: &mut [&mut [f32]]) {
        assert!(outputs.iter().all(|o| o.len() == self.elements), "outputs of {} elements", self.elements);
        let pointers = self.check(inputs, outputs, Some);
        let pointers = &pointers;
        workers.run(self.elements.div_ceil(ITEM), |item, _| {
            let range = item * ITEM..self.elements.min((item + 1) * ITEM);
            // the outputs are whole: the pointers start at element 0
            self.isa.run(Tile { map: self, inputs, outputs: pointers.0, places: PLACES, first: 0, range, sums: None });
        });
    }

    /// Computes elements `start..` of all outputs, as many as the given slices have, on the calling thread: for a hot
    /// part of a tensor inside another kernel. [`Source::Output`] stands for the same part.
    pub fn run_part(&self, start: usize, inputs: &[Source<'_>], outputs: &mut [&mut [f32]]) {
        let len = outputs.first().map_or(0, |o| o.len());
        assert!(outputs.iter().all(|o| o.len() == len) && start + len <= self.elements, "outputs");
        let pointers = self.check(inputs, outputs, Some);
        let range = start..start + len;
        self.isa.run(Tile { map: self, inputs, outputs: pointers.0, places: PLACES, first: start, range, sums: None });
    }

    /// The starts of `outputs`, of which output `o` of the program is number `given(o)`, if it is given at all.
    fn check(
        &self,
        inputs: &[Source<'_>],
        outputs: &mut [&mut [f32]],
        given: impl Fn(usize) -> Option<usize>,
    ) -> Pointers {
        let wanted = (0..self.outputs.len()).filter_map(&given).count();
        assert_eq!((inputs.len(), outputs.len()), (self.inputs.len(), wanted), "inputs, outputs");
        for (i, (input, access)) in inputs.iter().zip(&self.inputs).enumerate() {
            match *input {
                Source::Slice(slice) => assert_eq!(slice.len(), self.lengths[i], "input {i}"),
                Source::Output(o) => {
                    assert!(o < outputs.len() && (*access == Access::Full || self.elements == 1), "input {i} in place");
                    let elsewhere = |at: usize| given(at).is_some_and(|at| at != o);
                    let is_input = |o: &Given| *o == Given::Register(i);
                    let moved = self.outputs.iter().enumerate().any(|(at, o)| is_input(o) && elsewhere(at));
                    assert!(!moved, "input {i} lies in one output and is another");
                }
            }
        }
        let mut pointers = [std::ptr::null_mut(); OUTPUTS];
        pointers.iter_mut().zip(outputs).for_each(|(p, o)| *p = o.as_mut_ptr());
        Pointers(pointers)
    }
}

/// What the outputs of a program are: a product that is only summed is a sum of products.
fn outputs(program: &Program, summed: &[bool]) -> Vec<Given> {
    let of = |(at, &register): (usize, &Register)| {
        let instruction = register.checked_sub(program.inputs()).map(|i| program.instructions()[i]);
        let read = program.instructions().iter().flat_map(Instruction::reads).any(|r| r == register);
        let once = !read && program.outputs().iter().filter(|&&r| r == register).count() == 1;
        match instruction {
            Some(Instruction::Binary(Binary::Mul, a, b)) if once && summed.get(at) == Some(&true) => {
                Given::Product(a, b)
            }
            _ => Given::Register(register),
        }
    };
    program.outputs().iter().enumerate().map(of).collect()
}

/// The starts of the outputs.
struct Pointers([*mut f32; OUTPUTS]);
// SAFETY: each item writes only its own range of each output.
unsafe impl Sync for Pointers {}

/// The strides of `input` under `shape`, 0 where it stretches.
fn broadcast(input: &Shape, shape: &Shape) -> Result<Vec<usize>> {
    let wrong = || Error::internal("an input of a map does not broadcast to its output").found(input).expected(shape);
    let missing = shape.rank().checked_sub(input.rank()).ok_or_else(wrong)?;
    let mut strides = vec![0; missing];
    for (axis, (&size, stride)) in input.iter().zip(input.strides()).enumerate() {
        if size != shape[missing + axis] && size != 1 {
            return Err(wrong());
        }
        strides.push(if size == 1 { 0 } else { stride });
    }
    Ok(strides)
}

/// Makes one axis of neighbouring axes that every input walks as one.
fn merge(shape: &Shape, strides: Vec<Vec<usize>>) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut sizes: Vec<usize> = vec![];
    let mut merged: Vec<Vec<usize>> = vec![vec![]; strides.len()];
    for (axis, &size) in shape.iter().enumerate() {
        if size == 1 {
            continue;
        }
        let one = !sizes.is_empty()
            && strides.iter().zip(&merged).all(|(s, m)| m.last().is_some_and(|&outer| outer == s[axis] * size));
        if one {
            *sizes.last_mut().expect("an axis") *= size;
        } else {
            sizes.push(size);
            merged.iter_mut().for_each(|m| m.push(0));
        }
        merged.iter_mut().zip(&strides).for_each(|(m, s)| *m.last_mut().expect("an axis") = s[axis]);
    }
    if sizes.is_empty() {
        return (vec![1], vec![vec![0]; strides.len()]);
    }
    (sizes, merged)
}
