//! All passes over one tile.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::cursor::Cursor;
use super::functions as f;
use super::steps::Step;
use super::{Access, Given, LONG, Map, OUTPUTS, REGISTERS, SLOTS, Source, TILE};
use crate::reduce::total_of;
use crate::simd::{Kernel, LANES, Simd};
use std::mem::MaybeUninit;
use std::ops::Range;
use striate_tensor::{Binary, Unary};

/// Where a register's values for this tile are: side by side from `at` on, or the same for all, [`LANES`] times.
#[derive(Clone, Copy)]
struct Operand {
    at: *const f32,
    /// From one vector to the next: [`LANES`] or 0.
    step: usize,
}

impl Operand {
    fn many(at: *const f32) -> Self {
        Operand { at, step: LANES }
    }

    fn is_one(self) -> bool {
        self.step == 0
    }

    /// Vector `index`.
    ///
    /// # Safety
    /// It must be whole, or the same for all.
    #[inline(always)]
    unsafe fn vector<S: Simd>(self, simd: S, index: usize) -> S::V {
        // SAFETY: by the contract above.
        unsafe { simd.load(self.at.add(index * self.step)) }
    }

    /// Number `index`.
    ///
    /// # Safety
    /// The tile must have it.
    #[inline(always)]
    unsafe fn number(self, index: usize) -> f32 {
        // SAFETY: by the contract above.
        unsafe { *self.at.add(if self.is_one() { 0 } else { index }) }
    }
}

/// A range of elements of a [`Map`].
pub(super) struct Tile<'a> {
    pub map: &'a Map,
    pub inputs: &'a [Source<'a>],
    /// The outputs, from element `first` on; null for those that are summed.
    pub outputs: [*mut f32; OUTPUTS],
    /// Which of them each output is that [`Source::Output`] numbers.
    pub places: [usize; OUTPUTS],
    pub first: usize,
    pub range: Range<usize>,
    /// What becomes of outputs that are summed; those are not written.
    pub sums: Option<Channels<'a>>,
}

/// Sums of outputs over the elements of each channel of a sample, or of some of them that follow each other.
pub(super) struct Channels<'a> {
    /// For each output whether it is summed.
    pub summed: &'a [bool],
    /// Elements of a channel.
    pub inner: usize,
    /// Where the next tile begins: channels after the first of the range, and elements after the start of that channel.
    pub channel: usize,
    pub within: usize,
    /// `totals[output · gang + channel]`, channels counted from the first of the range.
    pub gang: usize,
    pub totals: &'a mut [f64],
}

impl Channels<'_> {
    /// Adds the next elements of an output, `a` or `a · b`, to its channels' sums.
    ///
    /// # Safety
    /// The operands must have `len` numbers.
    #[inline(always)]
    unsafe fn add<S: Simd>(&mut self, simd: S, output: usize, (a, b): (Operand, Option<Operand>), len: usize) {
        let (mut done, mut channel, mut within) = (0, self.channel, self.within);
        while done < len {
            let take = (self.inner - within).min(len - done);
            let from = |x: Operand| Operand { at: x.at.wrapping_add(if x.is_one() { 0 } else { done }), ..x };
            let (a, b) = (from(a), b.map(from));
            // SAFETY: no more is asked for than there is, by the contract above.
            let sum = unsafe {
                match b {
                    None => total_of(
                        simd,
                        take,
                        #[inline(always)]
                        |i| a.vector(simd, i / LANES),
                        #[inline(always)]
                        |i| a.number(i),
                    ),
                    Some(b) => total_of(
                        simd,
                        take,
                        #[inline(always)]
                        |i| simd.mul(a.vector(simd, i / LANES), b.vector(simd, i / LANES)),
                        #[inline(always)]
                        |i| a.number(i) * b.number(i),
                    ),
                }
            };
            self.totals[output * self.gang + channel] += f64::from(sum);
            done += take;
            (channel, within) = (channel + 1, 0);
        }
    }

    /// Goes on by the elements of a tile.
    #[inline(always)]
    fn advance(&mut self, len: usize) {
        self.within += len;
        while self.within >= self.inner {
            self.within -= self.inner;
            self.channel += 1;
        }
    }
}

impl Kernel for Tile<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        if self.range.is_empty() {
            return;
        }
        let map = self.map;
        let row = map.sizes[map.sizes.len() - 1];
        let strided = map.inputs.iter().any(|a| matches!(a, Access::Strided(_)));
        let by_rows = strided && row >= LONG;
        let mut slots = MaybeUninit::<[[f32; TILE]; SLOTS]>::uninit();
        let slots: *mut [f32; TILE] = slots.as_mut_ptr().cast();
        // for each register that is the same for all
        let mut ones = MaybeUninit::<[[f32; LANES]; REGISTERS]>::uninit();
        let ones: *mut [f32; LANES] = ones.as_mut_ptr().cast();
        let one = |register: usize, value: f32| {
            // SAFETY: `prepare` keeps registers below `REGISTERS`.
            unsafe {
                let place = ones.add(register).cast::<f32>();
                simd.store(place, simd.splat(value));
                Operand { at: place, step: 0 }
            }
        };
        let count = map.inputs.len();
        // only those in use: a part of another kernel's output may be short
        let mut registers = [const { MaybeUninit::uninit() }; REGISTERS];
        let registers = &mut registers[..map.slots.len()];
        registers.iter_mut().for_each(|register| _ = register.write(Operand { at: std::ptr::null(), step: 0 }));
        // SAFETY: all of them were written.
        let registers = unsafe { &mut *(std::ptr::from_mut(registers) as *mut [Operand]) };
        for &(register, value) in &map.steps.constants {
            registers[register] = one(register, value);
        }
        for (i, (source, access)) in self.inputs.iter().zip(&map.inputs).enumerate() {
            if let (Source::Slice(slice), Access::Scalar) = (source, access) {
                registers[i] = one(i, slice[0]);
            }
        }
        // an output is written at once unless a later step still reads what lies there
        let mut direct = [true; OUTPUTS];
        for (pass, output) in map.direct.iter().enumerate() {
            if let &Some(output) = output {
                let in_place = |s: &Source<'_>| matches!(*s, Source::Output(o) if self.places[o] == output);
                let late = |i: usize| map.last_read[i] > pass + 1;
                direct[output] = !self.inputs.iter().enumerate().any(|(i, s)| in_place(s) && late(i));
            }
        }

        let summed = self.sums.as_ref().map_or(&[][..], |s| s.summed);
        summed.iter().zip(&mut direct).filter(|s| *s.0).for_each(|(_, direct)| *direct = false);

        let mut at = self.range.start;
        let mut cursor = Cursor::new(&map.sizes, at);
        let mut fetched = at;
        while at < self.range.end {
            let ahead = self.range.end.min(at + 2 * TILE);
            self.fetch(simd, fetched..ahead);
            fetched = ahead;
            let mut len = TILE.min(self.range.end - at);
            if by_rows {
                len = len.min(row - cursor.column);
            }
            for (i, register) in registers[..count].iter_mut().enumerate() {
                // SAFETY: `at` is inside the tensors; a strided input has a slot.
                if let Some(operand) = unsafe { self.operand(i, at, (len, by_rows), &cursor, slots, &one) } {
                    *register = operand;
                }
            }
            for (i, &(register, step)) in map.steps.passes.iter().enumerate() {
                // what is the same for all of a tile is computed once for it
                let same = step.reads().all(|r| registers[r].is_one());
                let (to, whole) = match map.direct[i] {
                    // SAFETY: `prepare` keeps registers below `REGISTERS`.
                    _ if same => (unsafe { ones.add(register).cast() }, true),
                    Some(output) if direct[output] => (self.output(output, at), false),
                    // SAFETY: `place` gave the register a slot below `SLOTS`.
                    _ => (unsafe { slots.add(map.slots[register]).cast() }, true),
                };
                // SAFETY: all operands have `len` numbers, and so has the place of the result.
                unsafe { run_step(simd, step, registers, (to, whole), if same { LANES } else { len }) };
                registers[register] = Operand { at: to, step: if same { 0 } else { LANES } };
            }
            // sums first: an output that is written may lie over an input that is summed
            if let Some(sums) = &mut self.sums {
                for (output, &what) in map.outputs.iter().enumerate().filter(|&(o, _)| sums.summed[o]) {
                    let operands = match what {
                        Given::Register(r) => (registers[r], None),
                        Given::Product(a, b) => (registers[a], Some(registers[b])),
                    };
                    // SAFETY: the registers have `len` numbers.
                    unsafe { sums.add(simd, output, operands, len) };
                }
                sums.advance(len);
            }
            for (output, &what) in map.outputs.iter().enumerate() {
                let Given::Register(register) = what else { continue };
                if summed.get(output) == Some(&true) {
                    continue;
                }
                let (to, from) = (self.output(output, at), registers[register]);
                // SAFETY: both have `len` numbers; a slot and an output do not overlap, other than being the same.
                unsafe {
                    if from.is_one() {
                        std::slice::from_raw_parts_mut(to, len).fill(*from.at);
                    } else if !std::ptr::eq(from.at, to) {
                        std::ptr::copy(from.at, to, len);
                    }
                }
            }
            at += len;
            cursor.advance(len);
        }
    }
}

impl Tile<'_> {
    /// Says that these elements are next: a part of another kernel's output is too short for the memory to foresee its
    /// operands.
    #[inline(always)]
    fn fetch<S: Simd>(&self, simd: S, elements: Range<usize>) {
        for (input, access) in self.inputs.iter().zip(&self.map.inputs) {
            let (Source::Slice(slice), Access::Full) = (input, access) else { continue };
            for line in elements.clone().step_by(2 * LANES) {
                simd.fetch(slice.as_ptr().wrapping_add(line));
            }
        }
    }

    #[inline(always)]
    fn output(&self, output: usize, at: usize) -> *mut f32 {
        self.outputs[output].wrapping_add(at - self.first)
    }

    /// Where an input lies; `None` for one number for all tiles.
    ///
    /// # Safety
    /// Elements `at..at + len` must be inside the range; a strided input must have a slot unless nobody reads it.
    #[inline(always)]
    unsafe fn operand(
        &self,
        input: usize,
        at: usize,
        (len, by_rows): (usize, bool),
        cursor: &Cursor<'_>,
        slots: *mut [f32; TILE],
        one: &impl Fn(usize, f32) -> Operand,
    ) -> Option<Operand> {
        let slice = match self.inputs[input] {
            Source::Output(o) => return Some(Operand::many(self.output(self.places[o], at))),
            Source::Slice(slice) => slice,
        };
        match &self.map.inputs[input] {
            Access::Full => Some(Operand::many(slice.as_ptr().wrapping_add(at))),
            Access::Scalar => None,
            Access::Strided(strides) => {
                let inner = strides[strides.len() - 1];
                let row = self.map.sizes[self.map.sizes.len() - 1];
                if by_rows {
                    let start = cursor.row_start(strides);
                    return Some(match inner {
                        0 => one(input, slice[start]),
                        _ => Operand::many(slice[start + cursor.column..][..len].as_ptr()),
                    });
                }
                let slot = self.map.slots[input];
                if slot == usize::MAX {
                    return None; // nobody reads it
                }
                // SAFETY: the slot is below `SLOTS`, `len` at most `TILE`; what is not written here is not read.
                let to = unsafe { std::slice::from_raw_parts_mut(slots.add(slot).cast::<f32>(), len) };
                let (mut done, mut cursor) = (0, cursor.clone());
                while done < len {
                    let column = cursor.column;
                    let take = (row - column).min(len - done);
                    let start = cursor.row_start(strides);
                    let to = &mut to[done..][..take];
                    match inner {
                        0 => to.fill(slice[start]),
                        _ => to.copy_from_slice(&slice[start + column..][..take]),
                    }
                    done += take;
                    cursor.advance(take);
                }
                Some(Operand::many(to.as_ptr()))
            }
        }
    }
}

/// # Safety
/// Operands that are read must have `len` numbers, and so must the place `to`, which may be one of them, with room for
/// whole vectors if that is said beside it.
#[inline(always)]
unsafe fn run_step<S: Simd>(s: S, step: Step, registers: &[Operand], to: (*mut f32, bool), len: usize) {
    macro_rules! run {
        ([$($operand:ident),+] $f:expr) => {
            // SAFETY: by the contract above.
            unsafe { each(s, [$(registers[$operand]),+], to, len, $f) }
        };
    }
    let zero = s.splat(0.0);
    match step {
        Step::One(function, a) => match function {
            Unary::Neg => run!([a] #[inline(always)] |[x]| s.neg(x)),
            Unary::Abs => run!([a] #[inline(always)] |[x]| s.abs(x)),
            Unary::Exp => run!([a] #[inline(always)] |[x]| f::exp(s, x)),
            Unary::Ln => run!([a] #[inline(always)] |[x]| f::ln(s, x)),
            Unary::Sqrt => run!([a] #[inline(always)] |[x]| s.sqrt(x)),
            Unary::Tanh => run!([a] #[inline(always)] |[x]| f::tanh(s, x)),
            Unary::Logistic => run!([a] #[inline(always)] |[x]| f::logistic(s, x)),
            Unary::Erf => run!([a] #[inline(always)] |[x]| f::erf(s, x)),
            Unary::Softplus => run!([a] #[inline(always)] |[x]| f::softplus(s, x)),
            Unary::Relu => run!([a] #[inline(always)] |[x]| s.max(zero, x)),
            Unary::Step => run!([a] #[inline(always)] |[x]| s.select(s.lt(zero, x), s.splat(1.0), zero)),
            Unary::Sign => run!([a] #[inline(always)] |[x]| {
                let negative = s.select(s.lt(x, zero), s.splat(-1.0), zero);
                s.select(s.lt(zero, x), s.splat(1.0), negative)
            }),
        },
        Step::Two(function, a, b) => match function {
            Binary::Add => run!([a, b] #[inline(always)] |[a, b]| s.add(a, b)),
            Binary::Sub => run!([a, b] #[inline(always)] |[a, b]| s.sub(a, b)),
            Binary::Mul => run!([a, b] #[inline(always)] |[a, b]| s.mul(a, b)),
            Binary::Div => run!([a, b] #[inline(always)] |[a, b]| s.div(a, b)),
            Binary::Max => run!([a, b] #[inline(always)] |[a, b]| s.max(b, a)),
            Binary::Min => run!([a, b] #[inline(always)] |[a, b]| s.min(b, a)),
            Binary::Pow => {
                let power = registers[b];
                // SAFETY: what is the same for all has a number.
                if power.is_one() && unsafe { *power.at } == 2.0 {
                    return run!([a] #[inline(always)] |[x]| s.mul(x, x));
                }
                run!([a, b] #[inline(always)] |[a, b]| f::pow(s, a, b));
            }
        },
        Step::Select(c, a, b) => run!([c, a, b] #[inline(always)] |[c, a, b]| s.select(s.lt(zero, c), a, b)),
        Step::MulAdd(a, b, c) => run!([a, b, c] #[inline(always)] |[a, b, c]| s.add(s.mul(a, b), c)),
        Step::MulFrom(a, b, c) => run!([a, b, c] #[inline(always)] |[a, b, c]| s.sub(c, s.mul(a, b))),
        Step::SubMul(a, b, c) => run!([a, b, c] #[inline(always)] |[a, b, c]| s.mul(s.sub(a, b), c)),
        Step::Clamp(a, b) => run!([a, b] #[inline(always)] |[a, b]| s.min(b, s.max(zero, a))),
        Step::Within(a, b, c) => run!([a, b, c] #[inline(always)] |[a, b, c]| {
            let below = s.select(s.lt(zero, s.sub(a, b)), zero, c);
            s.select(s.lt(zero, a), below, zero)
        }),
    }
}

/// `f` of the operands' vectors, one after the other.
///
/// # Safety
/// As of [`run_step`].
#[inline(always)]
unsafe fn each<S: Simd, const N: usize>(
    s: S,
    operands: [Operand; N],
    (to, whole): (*mut f32, bool),
    len: usize,
    f: impl Fn([S::V; N]) -> S::V,
) {
    let mut at = operands.map(|o| o.at);
    let mut done = 0;
    // SAFETY: the operands and `to` have `len` numbers by the caller's promise.
    unsafe {
        while done + LANES <= len {
            let mut x = [s.splat(0.0); N];
            for n in 0..N {
                x[n] = s.load(at[n]);
                at[n] = at[n].wrapping_add(operands[n].step);
            }
            s.store(to.add(done), f(x));
            done += LANES;
        }
        if done < len {
            let mut x = [s.splat(0.0); N];
            for n in 0..N {
                x[n] = s.load_partial(at[n], len - done);
            }
            if whole {
                s.store(to.add(done), f(x));
            } else {
                s.store_partial(to.add(done), f(x), len - done);
            }
        }
    }
}
