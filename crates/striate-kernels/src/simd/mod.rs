//! Vectors of eight f32, and the widest registers for products; one file an instruction set.
//!
//! A kernel is written once, as a [`Kernel`] generic over [`Simd`], and runs through [`Isa::run`], which enters a
//! function compiled for the instruction set. Everything below `Kernel::run` is `#[inline(always)]`, so that it is
//! compiled with the features of that function (but for methods of [`Portable`], which need none). Another instruction
//! set is one more file and one more arm of [`Isa`].

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod four;
mod portable;

#[cfg(target_arch = "x86_64")]
pub use avx2::{Avx2, Registers, Ymm};
#[cfg(target_arch = "x86_64")]
pub use avx512::{Avx512, Zmm};
pub use portable::Portable;

use std::fmt;
use std::ops::Range;
use striate_tensor::{Error, Result};

/// Lanes of a vector.
pub const LANES: usize = 8;

/// Lanes of the widest registers of all instruction sets. Work is cut in these on each of them: what an epilogue gets at
/// once, and so the bits of its sums, must not depend on the registers.
pub(crate) const WIDEST: usize = 2 * LANES;

/// The environment variable that forces an instruction set: `portable`, `avx2` or `avx512`.
pub const ISA_VARIABLE: &str = "STRIATE_ISA";

/// Operations on vectors of [`LANES`] f32. Holding the value proves that this machine has the instructions.
///
/// Loads and stores need no alignment.
///
/// # Safety of the pointer methods
/// The whole range that a method touches (`LANES`, or `count` where given) must be valid for it.
#[allow(clippy::missing_safety_doc)] // stated once, above
pub trait Simd: Copy + Send + Sync + 'static {
    /// A vector of [`LANES`] f32.
    type V: Copy;
    /// A truth value a lane.
    type M: Copy;
    /// The widest registers.
    type Wide: Wide<Eight = Self::V>;

    /// The widest registers.
    fn wide(self) -> Self::Wide;

    /// `value` in every lane.
    fn splat(self, value: f32) -> Self::V;
    /// The number at `from` in every lane. The compiler does not move it across others, so that inner loops keep the
    /// order, and so the registers, that they are written with.
    unsafe fn splat_at(self, from: *const f32) -> Self::V;
    /// [`Simd::load`] that stays in its place as [`Simd::splat_at`] does.
    unsafe fn load_here(self, from: *const f32) -> Self::V;
    /// Says that the number there, if there is one, will be read soon.
    fn fetch(self, _from: *const f32) {}
    /// `LANES` numbers.
    unsafe fn load(self, from: *const f32) -> Self::V;
    /// The first `count <= LANES` numbers; zeros in the other lanes.
    unsafe fn load_partial(self, from: *const f32, count: usize) -> Self::V;
    /// Writes all lanes.
    unsafe fn store(self, to: *mut f32, v: Self::V);
    /// Writes the first `count <= LANES` lanes.
    unsafe fn store_partial(self, to: *mut f32, v: Self::V, count: usize);
    /// `a + b`
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a − b`
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a · b`
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a · b + c`, rounded once where the instruction set can.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `if a > b { a } else { b }`: `b` when either is NaN.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// `if a < b { a } else { b }`: `b` when either is NaN.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// The square root.
    fn sqrt(self, v: Self::V) -> Self::V;
    /// The magnitude.
    fn abs(self, v: Self::V) -> Self::V;
    /// The opposite sign.
    fn neg(self, v: Self::V) -> Self::V;
    /// The nearest integer, ties to even.
    fn round(self, v: Self::V) -> Self::V;
    /// The greatest integer not above.
    fn floor(self, v: Self::V) -> Self::V;
    /// True in these lanes; there may be fewer.
    fn mask(self, lanes: Range<usize>) -> Self::M;
    /// The lanes where the mask is true, zeros elsewhere, whatever they were.
    fn keep(self, v: Self::V, mask: Self::M) -> Self::V;
    /// `a < b`; false for NaN.
    fn lt(self, a: Self::V, b: Self::V) -> Self::M;
    /// `a <= b`; false for NaN.
    fn le(self, a: Self::V, b: Self::V) -> Self::M;
    /// `a == b`; false for NaN.
    fn eq(self, a: Self::V, b: Self::V) -> Self::M;
    /// Where a lane is NaN.
    fn nan(self, v: Self::V) -> Self::M;
    /// `mask ? yes : no`, lane by lane.
    fn select(self, mask: Self::M, yes: Self::V, no: Self::V) -> Self::V;
    /// `2^n` for integral `n` in −126..=127.
    fn exp2_integral(self, n: Self::V) -> Self::V;
    /// `(m, e)` with `v = m·2^e`, `m` in [0.5, 1), for positive normal `v`.
    fn split_exponent(self, v: Self::V) -> (Self::V, Self::V);
    /// All lanes summed: `((l0+l4)+(l2+l6)) + ((l1+l5)+(l3+l7))`.
    fn sum(self, v: Self::V) -> f32;
    /// Lane `i` is the sum of `v[i]`'s lanes: `((l0+l1)+(l2+l3)) + ((l4+l5)+(l6+l7))`.
    fn sums(self, v: [Self::V; LANES]) -> Self::V;
    /// The greatest lane; any number when a lane is NaN.
    fn greatest(self, v: Self::V) -> f32;
    /// Rows and columns of an 8×8 block exchanged.
    fn transpose(self, rows: [Self::V; LANES]) -> [Self::V; LANES];
    /// Of the 16 numbers there: those at even places and those at odd places.
    unsafe fn load_apart(self, from: *const f32) -> (Self::V, Self::V);
    /// [`Simd::load_apart`] where there are only `count` numbers: zeros for those that lack.
    #[inline(always)]
    unsafe fn load_apart_partial(self, from: *const f32, count: usize) -> (Self::V, Self::V) {
        if count >= 2 * LANES {
            // SAFETY: the caller promises that there are enough.
            return unsafe { self.load_apart(from) };
        }
        let mut x = [0.0f32; 2 * LANES];
        // SAFETY: the caller promises `count` readable numbers; the array has all that is written and read.
        unsafe {
            for half in 0..2 {
                let live = count.saturating_sub(half * LANES).min(LANES);
                let v = self.load_partial(from.wrapping_add(half * LANES), live);
                self.store(x.as_mut_ptr().add(half * LANES), v);
            }
            self.load_apart(x.as_ptr())
        }
    }
    /// Lane `l` is lane `from[l]` of `v`, for `from[l]` below `LANES`.
    fn permute(self, v: Self::V, from: [u32; LANES]) -> Self::V;
    /// The lanes, whole numbers from 0 to 255, as bytes.
    fn to_bytes(self, v: Self::V) -> [u8; LANES];
    /// Bytes as numbers.
    fn of_bytes(self, bytes: [u8; LANES]) -> Self::V;
    /// The 16 numbers that [`Simd::load_apart`] would take apart to these.
    fn zip(self, even: Self::V, odd: Self::V) -> (Self::V, Self::V);
    /// Lane `l` of result `j` is number `j` of the four at `from[l]`.
    unsafe fn gather4(self, from: [*const f32; LANES]) -> [Self::V; 4];
    /// The opposite of [`Simd::gather4`]: writes four numbers at each place, in order.
    unsafe fn scatter4(self, to: [*mut f32; LANES], v: [Self::V; 4]);
}

/// The widest registers of an instruction set, for the inner loops of products: 1 or 2 vectors of eight.
///
/// # Safety
/// As of [`Simd`], with this trait's lanes.
#[allow(clippy::missing_safety_doc)] // stated once, above
pub trait Wide: Copy + Send + Sync + 'static {
    /// A register.
    type V: Copy;
    /// A vector of eight lanes.
    type Eight: Copy;
    /// A truth value a lane.
    type Mask: Copy;
    /// Its lanes: 8 or 16.
    const LANES: usize;
    /// Rows of a tile of three registers whose sums stay in registers beside their operands: 4 or 8.
    const ROWS: usize;

    /// `value` in every lane.
    fn splat(self, value: f32) -> Self::V;
    /// The number at `from` in every lane.
    unsafe fn splat_at(self, from: *const f32) -> Self::V;
    /// `LANES` numbers.
    unsafe fn load(self, from: *const f32) -> Self::V;
    /// Eight numbers from each place `from(0)`, and `from(1)` where there are sixteen lanes.
    unsafe fn load_eights(self, from: impl Fn(usize) -> *const f32) -> Self::V;
    /// [`Wide::load`]; it keeps its place, where inner loops need that.
    #[inline(always)]
    unsafe fn load_here(self, from: *const f32) -> Self::V {
        // SAFETY: the caller promises `LANES` readable numbers.
        unsafe { self.load(from) }
    }
    /// The same eight numbers in each eight lanes.
    unsafe fn repeat(self, from: *const f32) -> Self::V;
    /// [`Wide::repeat`]; it keeps its place, where inner loops need that.
    #[inline(always)]
    unsafe fn repeat_here(self, from: *const f32) -> Self::V {
        // SAFETY: the caller promises eight readable numbers.
        unsafe { self.repeat(from) }
    }
    /// Writes all lanes.
    unsafe fn store(self, to: *mut f32, v: Self::V);
    /// `a · b + c`, rounded once where the instruction set can.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// As [`Simd::max`].
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// As [`Simd::min`].
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// True in these lanes; there may be fewer.
    fn mask(self, lanes: Range<usize>) -> Self::Mask;
    /// As [`Simd::keep`].
    fn keep(self, v: Self::V, mask: Self::Mask) -> Self::V;
    /// As [`Simd::load_apart`], of twice the lanes.
    unsafe fn load_apart(self, from: *const f32) -> (Self::V, Self::V);
    /// Lane `l` is lane `from[l]` of `v`, for `from[l]` below `LANES`.
    fn permute(self, v: Self::V, from: &[u32; WIDEST]) -> Self::V;
    /// The lanes of `eight(0)`, and then of `eight(1)` where there are sixteen.
    fn join(self, eight: impl Fn(usize) -> Self::Eight) -> Self::V;
    /// Lanes `8·number …`.
    fn eight(self, v: Self::V, number: usize) -> Self::Eight;
}

/// The vectors of eight as the widest registers: where there are no wider ones, or what is left does not fill them.
#[derive(Clone, Copy, Debug)]
pub struct Eight<S>(pub S);

impl<S: Simd> Wide for Eight<S> {
    type V = S::V;
    type Eight = S::V;
    type Mask = S::M;
    const LANES: usize = LANES;
    const ROWS: usize = 4;

    #[inline(always)]
    fn splat(self, value: f32) -> S::V {
        self.0.splat(value)
    }
    #[inline(always)]
    unsafe fn splat_at(self, from: *const f32) -> S::V {
        // SAFETY: the caller promises a readable number.
        unsafe { self.0.splat_at(from) }
    }
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> S::V {
        // SAFETY: the caller promises `LANES` readable numbers.
        unsafe { self.0.load(from) }
    }
    #[inline(always)]
    unsafe fn load_eights(self, from: impl Fn(usize) -> *const f32) -> S::V {
        // SAFETY: as above.
        unsafe { self.0.load(from(0)) }
    }
    #[inline(always)]
    unsafe fn load_here(self, from: *const f32) -> S::V {
        // SAFETY: as above.
        unsafe { self.0.load_here(from) }
    }
    #[inline(always)]
    unsafe fn repeat(self, from: *const f32) -> S::V {
        // SAFETY: as above.
        unsafe { self.0.load(from) }
    }
    #[inline(always)]
    unsafe fn repeat_here(self, from: *const f32) -> S::V {
        // SAFETY: as above.
        unsafe { self.0.load_here(from) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, v: S::V) {
        // SAFETY: the caller promises `LANES` writable numbers.
        unsafe { self.0.store(to, v) }
    }
    #[inline(always)]
    fn fma(self, a: S::V, b: S::V, c: S::V) -> S::V {
        self.0.fma(a, b, c)
    }
    #[inline(always)]
    fn max(self, a: S::V, b: S::V) -> S::V {
        self.0.max(a, b)
    }
    #[inline(always)]
    fn min(self, a: S::V, b: S::V) -> S::V {
        self.0.min(a, b)
    }
    #[inline(always)]
    fn mask(self, lanes: Range<usize>) -> S::M {
        self.0.mask(lanes)
    }
    #[inline(always)]
    fn keep(self, v: S::V, mask: S::M) -> S::V {
        self.0.keep(v, mask)
    }
    #[inline(always)]
    unsafe fn load_apart(self, from: *const f32) -> (S::V, S::V) {
        // SAFETY: the caller promises twice `LANES` readable numbers.
        unsafe { self.0.load_apart(from) }
    }
    #[inline(always)]
    fn permute(self, v: S::V, from: &[u32; WIDEST]) -> S::V {
        self.0.permute(v, *from.first_chunk().expect("eight of sixteen"))
    }
    #[inline(always)]
    fn join(self, eight: impl Fn(usize) -> S::V) -> S::V {
        eight(0)
    }
    #[inline(always)]
    fn eight(self, v: S::V, _: usize) -> S::V {
        v
    }
}

/// A piece of work that is written for any instruction set.
///
/// `run` must be `#[inline(always)]`, and so must all that it calls and that handles vectors.
pub trait Kernel {
    /// What it returns.
    type Output;
    /// Whether it asks for [`Simd::Wide`], or needs many registers. Others are not compiled for each instruction set that
    /// differs in these alone: it would double their code for the same speed.
    const WIDE: bool = false;
    /// The work.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// The places where a kernel becomes a function of its own, compiled for an instruction set.
///
/// They are methods of every kernel, and not functions that take one, because the compiler puts a method with its type:
/// the kernels of different files are compiled side by side. Nothing is inlined, for every caller would have a copy.
trait Compiled: Kernel + Sized {
    #[inline(never)]
    fn portable(self, simd: Portable) -> Self::Output {
        self.run(simd)
    }

    /// # Safety
    /// The CPU must have the features.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    #[inline(never)]
    unsafe fn avx2(self, simd: Avx2) -> Self::Output {
        self.run(simd)
    }

    /// # Safety
    /// The CPU must have the features.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq")]
    #[inline(never)]
    unsafe fn avx512(self, simd: Avx512) -> Self::Output {
        self.run(simd)
    }
}

impl<K: Kernel> Compiled for K {}

/// An instruction set that this machine has.
///
/// ```
/// use striate_kernels::Isa;
/// assert!(Isa::all().contains(&Isa::best()));
/// assert_eq!(Isa::named("portable").unwrap().to_string(), "portable");
/// assert!(Isa::named("mmx").is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// What every machine of its kind has.
    Portable(Portable),
    /// x86-64 with AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// x86-64 with AVX-512F, VL and DQ.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

/// Asks for [`Wide::ROWS`] and [`Wide::LANES`].
struct Widest;

impl Kernel for Widest {
    type Output = (usize, usize);
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> (usize, usize) {
        (S::Wide::ROWS, S::Wide::LANES)
    }
}

impl Isa {
    /// All instruction sets of this machine, the fastest last.
    pub fn all() -> Vec<Isa> {
        let mut all = vec![Isa::Portable(Portable)];
        #[cfg(target_arch = "x86_64")]
        all.extend(Avx2::<Ymm>::new().map(Isa::Avx2));
        #[cfg(target_arch = "x86_64")]
        all.extend(Avx512::new().map(Isa::Avx512));
        all
    }

    /// The fastest instruction set of this machine.
    pub fn best() -> Isa {
        #[cfg(target_arch = "x86_64")]
        match (Avx512::new(), Avx2::<Ymm>::new()) {
            (Some(avx512), _) => return Isa::Avx512(avx512),
            (None, Some(avx2)) => return Isa::Avx2(avx2),
            (None, None) => {}
        }
        Isa::Portable(Portable)
    }

    /// Rows of a tile of three of the widest registers.
    pub(crate) fn rows(self) -> usize {
        self.run(Widest).0
    }

    /// Lanes of the widest registers.
    pub(crate) fn wide_lanes(self) -> usize {
        self.run(Widest).1
    }

    /// The instruction set of that name.
    ///
    /// # Errors
    /// When there is no such name, or this machine lacks the instructions.
    pub fn named(name: &str) -> Result<Isa> {
        let all = Isa::all();
        let names = all.iter().map(Isa::to_string).collect::<Vec<_>>().join(", ");
        all.into_iter().find(|isa| isa.to_string() == name).ok_or_else(|| {
            Error::usage("this machine has no instruction set of that name")
                .found(name)
                .expected(names)
                .hint(format!("unset {ISA_VARIABLE} to use the fastest"))
        })
    }

    /// What [`ISA_VARIABLE`] names, or the fastest where it is not set.
    ///
    /// # Errors
    /// As [`Isa::named`].
    pub fn from_environment() -> Result<Isa> {
        match std::env::var(ISA_VARIABLE) {
            Ok(name) if !name.is_empty() => Isa::named(&name),
            _ => Ok(Isa::best()),
        }
    }

    /// Runs a kernel, compiled for this instruction set.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            Isa::Portable(portable) => kernel.portable(portable),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(avx2) => {
                // SAFETY: the value proves the features.
                unsafe { kernel.avx2(avx2) }
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(avx512) if const { K::WIDE } => {
                // SAFETY: the value proves the features.
                unsafe { kernel.avx512(avx512) }
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(avx512) => {
                // SAFETY: the value proves the features, and more.
                unsafe { kernel.avx2(avx512.eight()) }
            }
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Isa::Portable(_) => "portable",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(_) => "avx512",
        })
    }
}
