use super::four::{Four, Mask};
use super::{Eight, LANES, Simd};
use std::ops::Range;

/// What every machine has: works everywhere, and is the twin that the others are held against.
///
/// Methods that go lane after lane are functions of their own: unrolled in every kernel they would be most of its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portable;

/// Eight lanes.
#[derive(Clone, Copy)]
pub struct V([Four; 2]);

/// A truth value for each of eight lanes.
#[derive(Clone, Copy)]
pub struct M([Mask; 2]);

impl V {
    #[inline(always)]
    fn of(lanes: [f32; LANES]) -> V {
        let (fours, _) = lanes.as_chunks::<4>();
        V([Four::of(fours[0]), Four::of(fours[1])])
    }
    #[inline(always)]
    fn lanes(self) -> [f32; LANES] {
        let mut lanes = [0.0; LANES];
        for (four, to) in self.0.into_iter().zip(lanes.as_chunks_mut::<4>().0) {
            *to = four.lanes();
        }
        lanes
    }
}

#[inline(always)]
fn one(a: V, f: impl Fn(Four) -> Four) -> V {
    V([f(a.0[0]), f(a.0[1])])
}

#[inline(always)]
fn two(a: V, b: V, f: impl Fn(Four, Four) -> Four) -> V {
    V([f(a.0[0], b.0[0]), f(a.0[1], b.0[1])])
}

#[inline(always)]
fn compare(a: V, b: V, f: impl Fn(Four, Four) -> Mask) -> M {
    M([f(a.0[0], b.0[0]), f(a.0[1], b.0[1])])
}

/// What no register does: lane after lane.
#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> V {
    V::of(std::array::from_fn(f))
}

impl Simd for Portable {
    type V = V;
    type M = M;
    type Wide = Eight<Self>;

    #[inline(always)]
    fn wide(self) -> Eight<Self> {
        Eight(self)
    }
    #[inline(always)]
    fn splat(self, value: f32) -> V {
        V([Four::splat(value); 2])
    }
    #[inline(always)]
    unsafe fn splat_at(self, from: *const f32) -> V {
        // SAFETY: the caller promises a readable number.
        self.splat(unsafe { *from })
    }
    #[inline(always)]
    unsafe fn load_here(self, from: *const f32) -> V {
        // SAFETY: the caller promises `LANES` readable numbers.
        unsafe { self.load(from) }
    }
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> V {
        // SAFETY: the caller promises `LANES` readable numbers.
        unsafe { V::of(from.cast::<[f32; LANES]>().read_unaligned()) }
    }
    #[inline(never)]
    fn mask(self, lanes: Range<usize>) -> M {
        let lanes: [bool; LANES] = std::array::from_fn(|lane| lanes.contains(&lane));
        let (fours, _) = lanes.as_chunks::<4>();
        M([Mask::of(fours[0]), Mask::of(fours[1])])
    }
    #[inline(always)]
    fn keep(self, v: V, mask: M) -> V {
        self.select(mask, v, self.splat(0.0))
    }
    #[inline(never)]
    unsafe fn load_partial(self, from: *const f32, count: usize) -> V {
        let mut v = [0.0; LANES];
        // SAFETY: the caller promises `count` readable numbers.
        unsafe { std::ptr::copy_nonoverlapping(from, v.as_mut_ptr(), count) };
        V::of(v)
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, v: V) {
        // SAFETY: the caller promises `LANES` writable numbers.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(v.lanes()) }
    }
    #[inline(never)]
    unsafe fn store_partial(self, to: *mut f32, v: V, count: usize) {
        // SAFETY: the caller promises `count` writable numbers.
        unsafe { std::ptr::copy_nonoverlapping(v.lanes().as_ptr(), to, count) };
    }
    #[inline(always)]
    fn add(self, a: V, b: V) -> V {
        two(a, b, Four::add)
    }
    #[inline(always)]
    fn sub(self, a: V, b: V) -> V {
        two(a, b, Four::sub)
    }
    #[inline(always)]
    fn mul(self, a: V, b: V) -> V {
        two(a, b, Four::mul)
    }
    #[inline(always)]
    fn div(self, a: V, b: V) -> V {
        two(a, b, Four::div)
    }
    #[inline(always)]
    fn fma(self, a: V, b: V, c: V) -> V {
        // not `mul_add`: without the instruction it is a slow library call
        self.add(self.mul(a, b), c)
    }
    #[inline(always)]
    fn max(self, a: V, b: V) -> V {
        two(a, b, Four::max)
    }
    #[inline(always)]
    fn min(self, a: V, b: V) -> V {
        two(a, b, Four::min)
    }
    #[inline(always)]
    fn sqrt(self, v: V) -> V {
        one(v, Four::sqrt)
    }
    #[inline(always)]
    fn abs(self, v: V) -> V {
        one(v, Four::abs)
    }
    #[inline(always)]
    fn neg(self, v: V) -> V {
        one(v, Four::neg)
    }
    #[inline(never)]
    fn round(self, v: V) -> V {
        each(|i| v.lanes()[i].round_ties_even())
    }
    #[inline(never)]
    fn floor(self, v: V) -> V {
        each(|i| v.lanes()[i].floor())
    }
    #[inline(always)]
    fn lt(self, a: V, b: V) -> M {
        compare(a, b, Four::lt)
    }
    #[inline(always)]
    fn le(self, a: V, b: V) -> M {
        compare(a, b, Four::le)
    }
    #[inline(always)]
    fn eq(self, a: V, b: V) -> M {
        compare(a, b, Four::eq)
    }
    #[inline(always)]
    fn nan(self, v: V) -> M {
        M(v.0.map(Four::nan))
    }
    #[inline(always)]
    fn select(self, mask: M, yes: V, no: V) -> V {
        V([Four::select(mask.0[0], yes.0[0], no.0[0]), Four::select(mask.0[1], yes.0[1], no.0[1])])
    }
    #[inline(never)]
    fn exp2_integral(self, n: V) -> V {
        each(|i| f32::from_bits(((n.lanes()[i] as i32 + 127) as u32) << 23))
    }
    #[inline(never)]
    fn split_exponent(self, v: V) -> (V, V) {
        let bits = v.lanes().map(f32::to_bits);
        (
            each(|i| f32::from_bits((bits[i] & 0x007f_ffff) | 0x3f00_0000)),
            each(|i| ((bits[i] >> 23) as i32 - 126) as f32),
        )
    }
    #[inline(never)]
    fn sum(self, v: V) -> f32 {
        let v = v.lanes();
        ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]))
    }
    #[inline(never)]
    fn permute(self, v: V, from: [u32; LANES]) -> V {
        each(|i| v.lanes()[from[i] as usize])
    }
    #[inline(never)]
    fn to_bytes(self, v: Self::V) -> [u8; LANES] {
        v.lanes().map(|x| x as u8)
    }
    #[inline(never)]
    fn of_bytes(self, bytes: [u8; LANES]) -> Self::V {
        V::of(bytes.map(f32::from))
    }
    #[inline(never)]
    fn sums(self, v: [V; LANES]) -> V {
        let v = v.map(V::lanes);
        each(|i| ((v[i][0] + v[i][1]) + (v[i][2] + v[i][3])) + ((v[i][4] + v[i][5]) + (v[i][6] + v[i][7])))
    }
    #[inline(never)]
    fn greatest(self, v: V) -> f32 {
        v.lanes().into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
    #[inline(never)]
    fn transpose(self, rows: [V; LANES]) -> [V; LANES] {
        let rows = rows.map(V::lanes);
        std::array::from_fn(|i| each(|j| rows[j][i]))
    }
    #[inline(never)]
    unsafe fn load_apart(self, from: *const f32) -> (V, V) {
        // SAFETY: the caller promises twice `LANES` readable numbers.
        let x = unsafe { from.cast::<[f32; 2 * LANES]>().read_unaligned() };
        (each(|i| x[2 * i]), each(|i| x[2 * i + 1]))
    }
    #[inline(never)]
    fn zip(self, even: V, odd: V) -> (V, V) {
        let (even, odd) = (even.lanes(), odd.lanes());
        let at = |i: usize| if i.is_multiple_of(2) { even[i / 2] } else { odd[i / 2] };
        (each(at), each(|i| at(i + LANES)))
    }
    #[inline(never)]
    unsafe fn gather4(self, from: [*const f32; LANES]) -> [V; 4] {
        // SAFETY: the caller promises four readable numbers at each place.
        std::array::from_fn(|j| each(|i| unsafe { *from[i].add(j) }))
    }
    #[inline(never)]
    unsafe fn scatter4(self, to: [*mut f32; LANES], v: [V; 4]) {
        let v = v.map(V::lanes);
        for (lane, to) in to.into_iter().enumerate() {
            // SAFETY: the caller promises four writable numbers at each place.
            unsafe { to.cast::<[f32; 4]>().write_unaligned(v.map(|v| v[lane])) };
        }
    }
}
