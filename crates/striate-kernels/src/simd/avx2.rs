//! x86-64 with AVX2 and FMA.
//!
//! Invariant of every block here: the methods take `self`, an [`Avx2`], which exists only where the CPU has the
//! instructions ([`Avx2::new`]).
use super::{Eight, LANES, Simd, Wide};
use std::arch::x86_64::*;
use std::ops::Range;

/// The proof that the CPU has AVX2 and FMA, and whatever the widest registers `W` need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx2<W = Ymm>(pub(super) W);

/// Registers of 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ymm(());

impl Avx2<Ymm> {
    /// The proof, where this CPU gives it.
    pub fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Avx2(Ymm(())))
    }
}

impl<W: Registers> Avx2<W> {
    /// The same with eight lanes as the widest registers.
    #[inline]
    pub(super) fn eight(self) -> Avx2 {
        Avx2(Ymm(()))
    }
}

/// What the widest registers are, on an x86-64 with AVX2.
pub trait Registers: Copy + Send + Sync + 'static {
    /// The widest registers.
    type Wide: Wide<Eight = __m256>;

    /// The widest registers.
    fn wide(simd: Avx2<Self>) -> Self::Wide;
}

impl Registers for Ymm {
    type Wide = Eight<Avx2>;

    #[inline(always)]
    fn wide(simd: Avx2) -> Eight<Avx2> {
        Eight(simd)
    }
}

/// A load of eight from here gives a mask of the first `8 − offset` lanes.
static MASKS: [i32; 2 * LANES] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

impl<W> Avx2<W> {
    /// All bits set in the first `count` lanes.
    #[inline(always)]
    fn first(self, count: usize) -> __m256i {
        debug_assert!(count <= LANES);
        // SAFETY: `self` proves the features; `count <= LANES` keeps the load inside `MASKS`.
        unsafe { _mm256_loadu_si256(MASKS.as_ptr().add(LANES - count).cast()) }
    }
}

/// # Safety
/// `from` must be readable.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn broadcast(from: *const f32) -> __m256 {
    let v: __m256;
    // SAFETY: one readable number. Not `pure`: that it keeps its place is the point.
    unsafe {
        std::arch::asm!("vbroadcastss {v}, dword ptr [{from}]", v = out(ymm_reg) v, from = in(reg) from,
            options(nostack, preserves_flags, readonly));
    }
    v
}

/// # Safety
/// `LANES` numbers must be readable.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn load_in_place(from: *const f32) -> __m256 {
    let v: __m256;
    // SAFETY: `LANES` readable numbers. Not `pure`, as above.
    unsafe {
        std::arch::asm!("vmovups {v}, ymmword ptr [{from}]", v = out(ymm_reg) v, from = in(reg) from,
            options(nostack, preserves_flags, readonly));
    }
    v
}

macro_rules! lanewise {
    ($($name:ident($($x:ident),+) -> $out:ty = $body:expr;)*) => {$(
        #[inline(always)]
        fn $name(self, $($x: __m256),+) -> $out {
            // SAFETY: `self` proves the features.
            unsafe { $body }
        }
    )*};
}

impl<W: Registers> Simd for Avx2<W> {
    type V = __m256;
    type M = __m256;
    type Wide = W::Wide;

    #[inline(always)]
    fn wide(self) -> W::Wide {
        W::wide(self)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_set1_ps(value) }
    }
    #[inline(always)]
    unsafe fn splat_at(self, from: *const f32) -> __m256 {
        // SAFETY: `self` proves the features; the caller promises a readable number.
        unsafe { broadcast(from) }
    }
    #[inline(always)]
    fn fetch(self, from: *const f32) {
        // SAFETY: a hint, which never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) };
    }
    #[inline(always)]
    unsafe fn load_here(self, from: *const f32) -> __m256 {
        // SAFETY: `self` proves the features; the caller promises `LANES` readable numbers.
        unsafe { load_in_place(from) }
    }
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        // SAFETY: `self` proves the features; the caller promises `LANES` readable numbers.
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    fn mask(self, lanes: Range<usize>) -> __m256 {
        let first = |count: usize| self.first(count.min(LANES));
        // SAFETY: `self` proves the features.
        unsafe { _mm256_castsi256_ps(_mm256_andnot_si256(first(lanes.start), first(lanes.end))) }
    }
    /// Halves are joined as they are loaded: that is cheap everywhere, exchanging halves of registers is not.
    #[inline(always)]
    unsafe fn load_apart(self, from: *const f32) -> (__m256, __m256) {
        // SAFETY: `self` proves the features; the caller promises twice `LANES` readable numbers.
        unsafe {
            let pair = |low: usize| {
                let half = |at: usize| _mm_loadu_ps(from.add(at));
                _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(half(low)), half(low + LANES))
            };
            let (low, high) = (pair(0), pair(4));
            (_mm256_shuffle_ps::<0b10_00_10_00>(low, high), _mm256_shuffle_ps::<0b11_01_11_01>(low, high))
        }
    }
    #[inline(always)]
    unsafe fn load_partial(self, from: *const f32, count: usize) -> __m256 {
        // SAFETY: `self` proves the features; masked lanes are not touched.
        unsafe { _mm256_maskload_ps(from, self.first(count)) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, v: __m256) {
        // SAFETY: `self` proves the features; the caller promises `LANES` writable numbers.
        unsafe { _mm256_storeu_ps(to, v) }
    }
    #[inline(always)]
    unsafe fn store_partial(self, to: *mut f32, v: __m256, count: usize) {
        // SAFETY: `self` proves the features; masked lanes are not touched.
        unsafe { _mm256_maskstore_ps(to, self.first(count), v) }
    }
    lanewise! {
        add(a, b) -> __m256 = _mm256_add_ps(a, b);
        sub(a, b) -> __m256 = _mm256_sub_ps(a, b);
        mul(a, b) -> __m256 = _mm256_mul_ps(a, b);
        div(a, b) -> __m256 = _mm256_div_ps(a, b);
        fma(a, b, c) -> __m256 = _mm256_fmadd_ps(a, b, c);
        max(a, b) -> __m256 = _mm256_max_ps(a, b);
        min(a, b) -> __m256 = _mm256_min_ps(a, b);
        sqrt(v) -> __m256 = _mm256_sqrt_ps(v);
        abs(v) -> __m256 = _mm256_andnot_ps(_mm256_set1_ps(-0.0), v);
        neg(v) -> __m256 = _mm256_xor_ps(_mm256_set1_ps(-0.0), v);
        round(v) -> __m256 = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(v);
        floor(v) -> __m256 = _mm256_floor_ps(v);
        lt(a, b) -> __m256 = _mm256_cmp_ps::<_CMP_LT_OQ>(a, b);
        le(a, b) -> __m256 = _mm256_cmp_ps::<_CMP_LE_OQ>(a, b);
        eq(a, b) -> __m256 = _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b);
        nan(v) -> __m256 = _mm256_cmp_ps::<_CMP_UNORD_Q>(v, v);
        select(mask, yes, no) -> __m256 = _mm256_blendv_ps(no, yes, mask);
        exp2_integral(n) -> __m256 = {
            let biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
        };
        split_exponent(v) -> (__m256, __m256) = {
            let bits = _mm256_castps_si256(v);
            let mantissa = _mm256_or_si256(
                _mm256_and_si256(bits, _mm256_set1_epi32(0x007f_ffff)),
                _mm256_set1_epi32(0x3f00_0000),
            );
            let exponent = _mm256_sub_epi32(_mm256_srli_epi32::<23>(bits), _mm256_set1_epi32(126));
            (_mm256_castsi256_ps(mantissa), _mm256_cvtepi32_ps(exponent))
        };
        sum(v) -> f32 = {
            let four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        };
        greatest(v) -> f32 = {
            let four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        };
        keep(v, mask) -> __m256 = _mm256_and_ps(v, mask);
        zip(even, odd) -> (__m256, __m256) = {
            let low = _mm256_unpacklo_ps(even, odd);
            let high = _mm256_unpackhi_ps(even, odd);
            (_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high))
        };
    }
    #[inline(always)]
    fn permute(self, v: __m256, from: [u32; LANES]) -> __m256 {
        // SAFETY: `self` proves the features; the array has eight numbers.
        unsafe { _mm256_permutevar8x32_ps(v, _mm256_loadu_si256(from.as_ptr().cast())) }
    }
    #[inline(always)]
    fn to_bytes(self, v: __m256) -> [u8; LANES] {
        // SAFETY: `self` proves the features.
        unsafe {
            let wide = _mm256_cvttps_epi32(v);
            let words = _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256::<1>(wide));
            _mm_cvtsi128_si64(_mm_packus_epi16(words, words)).to_le_bytes()
        }
    }
    #[inline(always)]
    fn of_bytes(self, bytes: [u8; LANES]) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(i64::from_le_bytes(bytes)))) }
    }
    #[inline(always)]
    fn sums(self, v: [__m256; LANES]) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe {
            let low = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
            let high = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
            _mm256_add_ps(_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high))
        }
    }
    #[inline(always)]
    fn transpose(self, r: [__m256; LANES]) -> [__m256; LANES] {
        // SAFETY: `self` proves the features.
        unsafe {
            let a = [
                _mm256_unpacklo_ps(r[0], r[1]),
                _mm256_unpackhi_ps(r[0], r[1]),
                _mm256_unpacklo_ps(r[2], r[3]),
                _mm256_unpackhi_ps(r[2], r[3]),
                _mm256_unpacklo_ps(r[4], r[5]),
                _mm256_unpackhi_ps(r[4], r[5]),
                _mm256_unpacklo_ps(r[6], r[7]),
                _mm256_unpackhi_ps(r[6], r[7]),
            ];
            let b = [
                _mm256_shuffle_ps::<0x44>(a[0], a[2]),
                _mm256_shuffle_ps::<0xee>(a[0], a[2]),
                _mm256_shuffle_ps::<0x44>(a[1], a[3]),
                _mm256_shuffle_ps::<0xee>(a[1], a[3]),
                _mm256_shuffle_ps::<0x44>(a[4], a[6]),
                _mm256_shuffle_ps::<0xee>(a[4], a[6]),
                _mm256_shuffle_ps::<0x44>(a[5], a[7]),
                _mm256_shuffle_ps::<0xee>(a[5], a[7]),
            ];
            [
                _mm256_permute2f128_ps::<0x20>(b[0], b[4]),
                _mm256_permute2f128_ps::<0x20>(b[1], b[5]),
                _mm256_permute2f128_ps::<0x20>(b[2], b[6]),
                _mm256_permute2f128_ps::<0x20>(b[3], b[7]),
                _mm256_permute2f128_ps::<0x31>(b[0], b[4]),
                _mm256_permute2f128_ps::<0x31>(b[1], b[5]),
                _mm256_permute2f128_ps::<0x31>(b[2], b[6]),
                _mm256_permute2f128_ps::<0x31>(b[3], b[7]),
            ]
        }
    }
    #[inline(always)]
    unsafe fn gather4(self, from: [*const f32; LANES]) -> [__m256; 4] {
        // SAFETY: `self` proves the features; the caller promises four readable numbers at each place.
        unsafe {
            four_by_four([
                two_fours(from[0], from[4]),
                two_fours(from[1], from[5]),
                two_fours(from[2], from[6]),
                two_fours(from[3], from[7]),
            ])
        }
    }
    #[inline(always)]
    unsafe fn scatter4(self, to: [*mut f32; LANES], v: [__m256; 4]) {
        // SAFETY: `self` proves the features; the caller promises four writable numbers at each place.
        unsafe {
            let pairs = four_by_four(v);
            for lane in 0..4 {
                _mm_storeu_ps(to[lane], _mm256_castps256_ps128(pairs[lane]));
                _mm_storeu_ps(to[lane + 4], _mm256_extractf128_ps::<1>(pairs[lane]));
            }
        }
    }
}

/// # Safety
/// Four numbers must be readable at each place.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn two_fours(low: *const f32, high: *const f32) -> __m256 {
    // SAFETY: by the contract above.
    unsafe { _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high)) }
}

/// Rows and columns of both 4×4 blocks exchanged.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn four_by_four(r: [__m256; 4]) -> [__m256; 4] {
    let low = [_mm256_unpacklo_ps(r[0], r[1]), _mm256_unpacklo_ps(r[2], r[3])];
    let high = [_mm256_unpackhi_ps(r[0], r[1]), _mm256_unpackhi_ps(r[2], r[3])];
    [
        _mm256_shuffle_ps::<0x44>(low[0], low[1]),
        _mm256_shuffle_ps::<0xee>(low[0], low[1]),
        _mm256_shuffle_ps::<0x44>(high[0], high[1]),
        _mm256_shuffle_ps::<0xee>(high[0], high[1]),
    ]
}
