//! One instruction over one tile.

use super::functions as f;
use super::{Access, LONG, Map, OUTPUTS, REGISTERS, SLOTS, Source, TILE};
use crate::reduce::total;
use crate::simd::{Kernel, LANES, Simd};
use std::mem::MaybeUninit;
use std::ops::Range;
use striate_tensor::{Binary, Instruction, Unary};

/// An instruction, its constants in f32.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    instruction: Instruction,
    constant: f32,
}

impl Step {
    pub(super) fn new(instruction: Instruction) -> Self {
        let constant = if let Instruction::Const(c) = instruction { c.0 as f32 } else { 0.0 };
        Step { instruction, constant }
    }
}

/// Where a register's values for this tile are.
#[derive(Clone, Copy)]
pub(super) enum Operand {
    /// Side by side from here.
    At(*const f32),
    /// The same for all.
    All(f32),
}

/// A range of elements of a [`Map`].
pub(super) struct Tile<'a> {
    pub map: &'a Map,
    pub inputs: &'a [Source<'a>],
    /// The outputs, from element `first` on.
    pub outputs: [*mut f32; OUTPUTS],
    pub first: usize,
    pub range: Range<usize>,
    /// What becomes of outputs that are summed; those are not written.
    pub sums: Option<Channels<'a>>,
}

/// Sums of outputs over the elements of each channel: element `i` belongs to channel `i / inner % channels`.
pub(super) struct Channels<'a> {
    /// For each output whether it is summed.
    pub summed: &'a [bool],
    pub inner: usize,
    pub channels: usize,
    /// The first channel of the range.
    pub first: usize,
    /// `totals[output · gang + channel − first]`
    pub gang: usize,
    pub totals: &'a mut [f64],
}

impl Channels<'_> {
    /// Adds elements `at..` of an output to its channels' sums.
    ///
    /// # Safety
    /// An operand in memory must have `len` numbers.
    #[inline(always)]
    unsafe fn add<S: Simd>(&mut self, simd: S, output: usize, operand: Operand, at: usize, len: usize) {
        let mut done = 0;
        while done < len {
            let (plane, within) = ((at + done) / self.inner, (at + done) % self.inner);
            let take = (self.inner - within).min(len - done);
            let sum = match operand {
                Operand::All(value) => f64::from(value) * take as f64,
                // SAFETY: by the contract above.
                Operand::At(from) => unsafe {
                    let x = std::slice::from_raw_parts(from.add(done), take);
                    f64::from(total(simd, x, |_, v| v, |x| x))
                },
            };
            self.totals[output * self.gang + plane % self.channels - self.first] += sum;
            done += take;
        }
    }
}

impl Kernel for Tile<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let map = self.map;
        let row = map.sizes[map.sizes.len() - 1];
        let strided = map.inputs.iter().any(|a| matches!(a, Access::Strided(_)));
        let by_rows = strided && row >= LONG;
        let mut slots = MaybeUninit::<[[f32; TILE]; SLOTS]>::uninit();
        let slots: *mut [f32; TILE] = slots.as_mut_ptr().cast();
        let count = map.inputs.len();
        // only those in use: a part of another kernel's output may be short
        let mut registers = [const { MaybeUninit::uninit() }; REGISTERS];
        let registers = &mut registers[..count + map.steps.len()];
        let constants = map.steps.iter().map(|step| step.constant);
        for (register, constant) in registers.iter_mut().zip(std::iter::repeat_n(0.0, count).chain(constants)) {
            register.write(Operand::All(constant));
        }
        // SAFETY: all of them were written.
        let registers = unsafe { &mut *(std::ptr::from_mut(registers) as *mut [Operand]) };
        // an output is written at once unless a later step still reads what lies there
        let mut direct = [true; OUTPUTS];
        for (step, output) in map.direct.iter().enumerate() {
            if let &Some(output) = output {
                let in_place = |s: &Source<'_>| matches!(*s, Source::Output(o) if o == output);
                let late = |i: usize| map.last_read[i] > step + 1 || map.outputs.contains(&i);
                direct[output] = !self.inputs.iter().enumerate().any(|(i, s)| in_place(s) && late(i));
            }
        }

        let summed = self.sums.as_ref().map_or(&[][..], |s| s.summed);
        summed.iter().zip(&mut direct).filter(|s| *s.0).for_each(|(_, direct)| *direct = false);

        let mut at = self.range.start;
        self.fetch(simd, at);
        while at < self.range.end {
            self.fetch(simd, at + TILE);
            let mut len = TILE.min(self.range.end - at);
            if by_rows {
                len = len.min(row - at % row);
            }
            for (i, register) in registers[..count].iter_mut().enumerate() {
                // SAFETY: `at` is inside the tensors; a strided input has a slot.
                *register = unsafe { self.operand(i, at, len, by_rows, slots) };
            }
            for (i, step) in map.steps.iter().enumerate() {
                if let Instruction::Const(_) = step.instruction {
                    continue;
                }
                // what is the same for all is computed once
                if step.instruction.reads().all(|r| matches!(registers[r], Operand::All(_))) {
                    let mut value = [0.0f32];
                    // SAFETY: there is room for one number.
                    unsafe { run_step(simd, &step.instruction, registers, value.as_mut_ptr(), 1) };
                    registers[count + i] = Operand::All(value[0]);
                    continue;
                }
                let to = match map.direct[i] {
                    Some(output) if direct[output] => self.output(output, at),
                    // SAFETY: `compile` gave the register a slot below `SLOTS`.
                    _ => unsafe { slots.add(map.slots[count + i]).cast() },
                };
                // SAFETY: all operands have `len` numbers, and so has the place of the result.
                unsafe { run_step(simd, &step.instruction, registers, to, len) };
                registers[count + i] = Operand::At(to);
            }
            // sums first: an output that is written may lie over an input that is summed
            if let Some(sums) = &mut self.sums {
                for (output, &register) in map.outputs.iter().enumerate().filter(|&(o, _)| sums.summed[o]) {
                    // SAFETY: the register has `len` numbers.
                    unsafe { sums.add(simd, output, registers[register], at, len) };
                }
            }
            for (output, &register) in map.outputs.iter().enumerate() {
                if summed.get(output) == Some(&true) {
                    continue;
                }
                let to = self.output(output, at);
                match registers[register] {
                    // SAFETY: both have `len` numbers; a slot and an output do not overlap, other than being the same.
                    Operand::At(from) if !std::ptr::eq(from, to) => unsafe { std::ptr::copy(from, to, len) },
                    Operand::At(_) => {}
                    // SAFETY: the output has `len` numbers from here.
                    Operand::All(value) => unsafe { std::slice::from_raw_parts_mut(to, len).fill(value) },
                }
            }
            at += len;
        }
    }
}

impl Tile<'_> {
    /// Says that the tile from element `at` on is next: a part of another kernel's output is too short for the memory to
    /// foresee its operands.
    #[inline(always)]
    fn fetch<S: Simd>(&self, simd: S, at: usize) {
        for (input, access) in self.inputs.iter().zip(&self.map.inputs) {
            let (Source::Slice(slice), Access::Full) = (input, access) else { continue };
            for line in (at..self.range.end.min(at + TILE)).step_by(2 * LANES) {
                simd.fetch(slice.as_ptr().wrapping_add(line));
            }
        }
    }

    #[inline(always)]
    fn output(&self, output: usize, at: usize) -> *mut f32 {
        self.outputs[output].wrapping_add(at - self.first)
    }

    /// # Safety
    /// Elements `at..at + len` must be inside the range; a strided input must have a slot unless nobody reads it.
    #[inline(always)]
    unsafe fn operand(&self, input: usize, at: usize, len: usize, by_rows: bool, slots: *mut [f32; TILE]) -> Operand {
        let slice = match self.inputs[input] {
            Source::Output(output) => return Operand::At(self.output(output, at)),
            Source::Slice(slice) => slice,
        };
        match &self.map.inputs[input] {
            Access::Full => Operand::At(slice.as_ptr().wrapping_add(at)),
            Access::Scalar => Operand::All(slice[0]),
            Access::Strided(strides) => {
                let inner = strides[strides.len() - 1];
                let row = self.map.sizes[self.map.sizes.len() - 1];
                if by_rows {
                    let start = self.row_start(strides, at / row);
                    return match inner {
                        0 => Operand::All(slice[start]),
                        _ => Operand::At(slice[start + at % row..][..len].as_ptr()),
                    };
                }
                let slot = self.map.slots[input];
                if slot == usize::MAX {
                    return Operand::All(0.0); // nobody reads it
                }
                // SAFETY: the slot is below `SLOTS`, `len` at most `TILE`; what is not written here is not read.
                let to = unsafe { std::slice::from_raw_parts_mut(slots.add(slot).cast::<f32>(), len) };
                let mut done = 0;
                while done < len {
                    let (number, column) = ((at + done) / row, (at + done) % row);
                    let take = (row - column).min(len - done);
                    let start = self.row_start(strides, number);
                    let to = &mut to[done..][..take];
                    match inner {
                        0 => to.fill(slice[start]),
                        _ => to.copy_from_slice(&slice[start + column..][..take]),
                    }
                    done += take;
                }
                Operand::At(to.as_ptr())
            }
        }
    }

    /// Where row `number` of the output starts in an input.
    #[inline(always)]
    fn row_start(&self, strides: &[usize], mut number: usize) -> usize {
        let outer = strides.len() - 1;
        let mut start = 0;
        for (&size, &stride) in self.map.sizes[..outer].iter().zip(&strides[..outer]).rev() {
            start += number % size * stride;
            number /= size;
        }
        start
    }
}

/// # Safety
/// Operands that are read must have `len` numbers, and so must `to`, which may be one of them.
#[inline(always)]
unsafe fn run_step<S: Simd>(s: S, instruction: &Instruction, registers: &[Operand], to: *mut f32, len: usize) {
    // SAFETY: the callers' promise is passed on, throughout.
    unsafe {
        match *instruction {
            Instruction::Const(_) => {}
            Instruction::Unary(function, a) => {
                let a = registers[a];
                macro_rules! run {
                    ($f:expr) => {
                        each1(s, a, to, len, $f)
                    };
                }
                match function {
                    Unary::Neg => run!(
                        #[inline(always)]
                        |x| s.neg(x)
                    ),
                    Unary::Abs => run!(
                        #[inline(always)]
                        |x| s.abs(x)
                    ),
                    Unary::Exp => run!(
                        #[inline(always)]
                        |x| f::exp(s, x)
                    ),
                    Unary::Ln => run!(
                        #[inline(always)]
                        |x| f::ln(s, x)
                    ),
                    Unary::Sqrt => run!(
                        #[inline(always)]
                        |x| s.sqrt(x)
                    ),
                    Unary::Tanh => run!(
                        #[inline(always)]
                        |x| f::tanh(s, x)
                    ),
                    Unary::Logistic => run!(
                        #[inline(always)]
                        |x| f::logistic(s, x)
                    ),
                    Unary::Erf => run!(
                        #[inline(always)]
                        |x| f::erf(s, x)
                    ),
                    Unary::Softplus => run!(
                        #[inline(always)]
                        |x| f::softplus(s, x)
                    ),
                    Unary::Relu => run!(
                        #[inline(always)]
                        |x| s.max(s.splat(0.0), x)
                    ),
                    Unary::Step => {
                        run!(
                            #[inline(always)]
                            |x| s.select(s.lt(s.splat(0.0), x), s.splat(1.0), s.splat(0.0))
                        )
                    }
                    Unary::Sign => run!(
                        #[inline(always)]
                        |x| {
                            let zero = s.splat(0.0);
                            let negative = s.select(s.lt(x, zero), s.splat(-1.0), zero);
                            s.select(s.lt(zero, x), s.splat(1.0), negative)
                        }
                    ),
                }
            }
            Instruction::Binary(function, a, b) => {
                let (a, b) = (registers[a], registers[b]);
                macro_rules! run {
                    ($f:expr) => {
                        each2(s, a, b, to, len, $f)
                    };
                }
                match function {
                    Binary::Add => run!(
                        #[inline(always)]
                        |a, b| s.add(a, b)
                    ),
                    Binary::Sub => run!(
                        #[inline(always)]
                        |a, b| s.sub(a, b)
                    ),
                    Binary::Mul => run!(
                        #[inline(always)]
                        |a, b| s.mul(a, b)
                    ),
                    Binary::Div => run!(
                        #[inline(always)]
                        |a, b| s.div(a, b)
                    ),
                    Binary::Max => run!(
                        #[inline(always)]
                        |a, b| s.max(b, a)
                    ),
                    Binary::Min => run!(
                        #[inline(always)]
                        |a, b| s.min(b, a)
                    ),
                    Binary::Pow => match b {
                        Operand::All(2.0) => each1(
                            s,
                            a,
                            to,
                            len,
                            #[inline(always)]
                            |x| s.mul(x, x),
                        ),
                        _ => run!(
                            #[inline(always)]
                            |a, b| f::pow(s, a, b)
                        ),
                    },
                }
            }
            Instruction::Select(c, a, b) => each3(s, [registers[c], registers[a], registers[b]], to, len),
        }
    }
}

/// A place to read vectors from.
trait Read<S: Simd>: Copy {
    /// # Safety
    /// `count` numbers must be readable at `at`.
    unsafe fn read(self, s: S, at: usize, count: usize) -> S::V;
}

#[derive(Clone, Copy)]
struct Many(*const f32);
#[derive(Clone, Copy)]
struct One<V>(V);

impl<S: Simd> Read<S> for Many {
    #[inline(always)]
    unsafe fn read(self, s: S, at: usize, count: usize) -> S::V {
        // SAFETY: the caller's promise.
        unsafe { if count == LANES { s.load(self.0.add(at)) } else { s.load_partial(self.0.add(at), count) } }
    }
}

impl<S: Simd> Read<S> for One<S::V> {
    #[inline(always)]
    unsafe fn read(self, _: S, _: usize, _: usize) -> S::V {
        self.0
    }
}

/// Runs `body(first element, count)` for all vectors of a tile; its result goes to `to`.
#[inline(always)]
unsafe fn each<S: Simd>(s: S, to: *mut f32, len: usize, body: impl Fn(usize, usize) -> S::V) {
    let whole = len / LANES * LANES;
    let mut at = 0;
    while at < whole {
        // SAFETY: `to` has `len` numbers.
        unsafe { s.store(to.add(at), body(at, LANES)) };
        at += LANES;
    }
    if whole < len {
        // SAFETY: `to` has `len` numbers.
        unsafe { s.store_partial(to.add(whole), body(whole, len - whole), len - whole) };
    }
}

#[inline(always)]
unsafe fn each1<S: Simd>(s: S, a: Operand, to: *mut f32, len: usize, f: impl Fn(S::V) -> S::V) {
    // SAFETY: the operand has `len` numbers by the caller's promise.
    unsafe {
        match a {
            Operand::At(a) => each(
                s,
                to,
                len,
                #[inline(always)]
                |i, n| f(Many(a).read(s, i, n)),
            ),
            Operand::All(a) => {
                let value = f(s.splat(a));
                each(
                    s,
                    to,
                    len,
                    #[inline(always)]
                    |_, _| value,
                );
            }
        }
    }
}

#[inline(always)]
unsafe fn each2<S: Simd>(s: S, a: Operand, b: Operand, to: *mut f32, len: usize, f: impl Fn(S::V, S::V) -> S::V) {
    // SAFETY: the operands have `len` numbers by the caller's promise.
    unsafe {
        match (a, b) {
            (Operand::At(a), Operand::At(b)) => {
                each(
                    s,
                    to,
                    len,
                    #[inline(always)]
                    |i, n| f(Many(a).read(s, i, n), Many(b).read(s, i, n)),
                );
            }
            (Operand::At(a), Operand::All(b)) => {
                let b = s.splat(b);
                each(
                    s,
                    to,
                    len,
                    #[inline(always)]
                    |i, n| f(Many(a).read(s, i, n), b),
                );
            }
            (Operand::All(a), Operand::At(b)) => {
                let a = s.splat(a);
                each(
                    s,
                    to,
                    len,
                    #[inline(always)]
                    |i, n| f(a, Many(b).read(s, i, n)),
                );
            }
            (Operand::All(a), Operand::All(b)) => {
                let value = f(s.splat(a), s.splat(b));
                each(
                    s,
                    to,
                    len,
                    #[inline(always)]
                    |_, _| value,
                );
            }
        }
    }
}

/// `c > 0 ? a : b`
#[inline(always)]
unsafe fn each3<S: Simd>(s: S, [c, a, b]: [Operand; 3], to: *mut f32, len: usize) {
    #[inline(always)]
    unsafe fn run<S: Simd>(s: S, c: Operand, a: impl Read<S>, b: impl Read<S>, to: *mut f32, len: usize) {
        let zero = s.splat(0.0);
        // SAFETY: the operands have `len` numbers by the caller's promise.
        unsafe {
            match c {
                Operand::At(c) => each(
                    s,
                    to,
                    len,
                    #[inline(always)]
                    |i, n| s.select(s.lt(zero, Many(c).read(s, i, n)), a.read(s, i, n), b.read(s, i, n)),
                ),
                Operand::All(c) if c > 0.0 => each(
                    s,
                    to,
                    len,
                    #[inline(always)]
                    |i, n| a.read(s, i, n),
                ),
                Operand::All(_) => each(
                    s,
                    to,
                    len,
                    #[inline(always)]
                    |i, n| b.read(s, i, n),
                ),
            }
        }
    }
    // SAFETY: the operands have `len` numbers by the caller's promise.
    unsafe {
        match (a, b) {
            (Operand::At(a), Operand::At(b)) => run(s, c, Many(a), Many(b), to, len),
            (Operand::At(a), Operand::All(b)) => run(s, c, Many(a), One(s.splat(b)), to, len),
            (Operand::All(a), Operand::At(b)) => run(s, c, One(s.splat(a)), Many(b), to, len),
            (Operand::All(a), Operand::All(b)) => run(s, c, One(s.splat(a)), One(s.splat(b)), to, len),
        }
    }
}
