use super::{Eight, LANES, Simd};

/// Plain arrays: works everywhere, and is the twin that the others are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portable;

type V = [f32; LANES];

#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> V {
    let mut v = [0.0; LANES];
    for (lane, x) in v.iter_mut().enumerate() {
        *x = f(lane);
    }
    v
}

#[inline(always)]
fn test(f: impl Fn(usize) -> bool) -> [bool; LANES] {
    let mut v = [false; LANES];
    for (lane, x) in v.iter_mut().enumerate() {
        *x = f(lane);
    }
    v
}

impl Simd for Portable {
    type V = V;
    type M = [bool; LANES];
    type Wide = Eight<Self>;

    #[inline(always)]
    fn wide(self) -> Eight<Self> {
        Eight(self)
    }
    #[inline(always)]
    fn splat(self, value: f32) -> V {
        [value; LANES]
    }
    #[inline(always)]
    unsafe fn splat_at(self, from: *const f32) -> V {
        // SAFETY: the caller promises a readable number.
        [unsafe { *from }; LANES]
    }
    #[inline(always)]
    unsafe fn load_here(self, from: *const f32) -> V {
        // SAFETY: the caller promises `LANES` readable numbers.
        unsafe { self.load(from) }
    }
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> V {
        // SAFETY: the caller promises `LANES` readable numbers.
        unsafe { from.cast::<V>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn load_partial(self, from: *const f32, count: usize) -> V {
        let mut v = [0.0; LANES];
        // SAFETY: the caller promises `count` readable numbers.
        unsafe { std::ptr::copy_nonoverlapping(from, v.as_mut_ptr(), count) };
        v
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, v: V) {
        // SAFETY: the caller promises `LANES` writable numbers.
        unsafe { to.cast::<V>().write_unaligned(v) }
    }
    #[inline(always)]
    unsafe fn store_partial(self, to: *mut f32, v: V, count: usize) {
        // SAFETY: the caller promises `count` writable numbers.
        unsafe { std::ptr::copy_nonoverlapping(v.as_ptr(), to, count) };
    }
    #[inline(always)]
    fn add(self, a: V, b: V) -> V {
        each(|i| a[i] + b[i])
    }
    #[inline(always)]
    fn sub(self, a: V, b: V) -> V {
        each(|i| a[i] - b[i])
    }
    #[inline(always)]
    fn mul(self, a: V, b: V) -> V {
        each(|i| a[i] * b[i])
    }
    #[inline(always)]
    fn div(self, a: V, b: V) -> V {
        each(|i| a[i] / b[i])
    }
    #[inline(always)]
    fn fma(self, a: V, b: V, c: V) -> V {
        // not `mul_add`: without the instruction it is a slow library call
        each(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    fn max(self, a: V, b: V) -> V {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn min(self, a: V, b: V) -> V {
        each(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn sqrt(self, v: V) -> V {
        each(|i| v[i].sqrt())
    }
    #[inline(always)]
    fn abs(self, v: V) -> V {
        each(|i| v[i].abs())
    }
    #[inline(always)]
    fn neg(self, v: V) -> V {
        each(|i| -v[i])
    }
    #[inline(always)]
    fn round(self, v: V) -> V {
        each(|i| v[i].round_ties_even())
    }
    #[inline(always)]
    fn floor(self, v: V) -> V {
        each(|i| v[i].floor())
    }
    #[inline(always)]
    fn lt(self, a: V, b: V) -> [bool; LANES] {
        test(|i| a[i] < b[i])
    }
    #[inline(always)]
    fn le(self, a: V, b: V) -> [bool; LANES] {
        test(|i| a[i] <= b[i])
    }
    #[inline(always)]
    fn eq(self, a: V, b: V) -> [bool; LANES] {
        test(|i| a[i] == b[i])
    }
    #[inline(always)]
    fn nan(self, v: V) -> [bool; LANES] {
        test(|i| v[i].is_nan())
    }
    #[inline(always)]
    fn select(self, mask: [bool; LANES], yes: V, no: V) -> V {
        each(|i| if mask[i] { yes[i] } else { no[i] })
    }
    #[inline(always)]
    fn exp2_integral(self, n: V) -> V {
        each(|i| f32::from_bits(((n[i] as i32 + 127) as u32) << 23))
    }
    #[inline(always)]
    fn split_exponent(self, v: V) -> (V, V) {
        (
            each(|i| f32::from_bits((v[i].to_bits() & 0x007f_ffff) | 0x3f00_0000)),
            each(|i| ((v[i].to_bits() >> 23) as i32 - 126) as f32),
        )
    }
    #[inline(always)]
    fn sum(self, v: V) -> f32 {
        ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]))
    }
    #[inline(always)]
    fn to_bytes(self, v: Self::V) -> [u8; LANES] {
        std::array::from_fn(|lane| v[lane] as u8)
    }
    #[inline(always)]
    fn of_bytes(self, bytes: [u8; LANES]) -> Self::V {
        bytes.map(f32::from)
    }
    #[inline(always)]
    fn sums(self, v: [V; LANES]) -> V {
        each(|i| ((v[i][0] + v[i][1]) + (v[i][2] + v[i][3])) + ((v[i][4] + v[i][5]) + (v[i][6] + v[i][7])))
    }
    #[inline(always)]
    fn greatest(self, v: V) -> f32 {
        v.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
    #[inline(always)]
    fn transpose(self, rows: [V; LANES]) -> [V; LANES] {
        let mut columns = [[0.0; LANES]; LANES];
        for (i, column) in columns.iter_mut().enumerate() {
            *column = each(|j| rows[j][i]);
        }
        columns
    }
    #[inline(always)]
    fn unzip(self, a: V, b: V) -> (V, V) {
        let at = |i: usize| if i < LANES { a[i] } else { b[i - LANES] };
        (each(|i| at(2 * i)), each(|i| at(2 * i + 1)))
    }
    #[inline(always)]
    fn zip(self, even: V, odd: V) -> (V, V) {
        let at = |i: usize| if i.is_multiple_of(2) { even[i / 2] } else { odd[i / 2] };
        (each(at), each(|i| at(i + LANES)))
    }
    #[inline(always)]
    unsafe fn gather4(self, from: [*const f32; LANES]) -> [V; 4] {
        // SAFETY: the caller promises four readable numbers at each place.
        std::array::from_fn(|j| each(|i| unsafe { *from[i].add(j) }))
    }
    #[inline(always)]
    unsafe fn scatter4(self, to: [*mut f32; LANES], v: [V; 4]) {
        for (lane, to) in to.into_iter().enumerate() {
            // SAFETY: the caller promises four writable numbers at each place.
            unsafe { to.cast::<[f32; 4]>().write_unaligned(v.map(|v| v[lane])) };
        }
    }
}
