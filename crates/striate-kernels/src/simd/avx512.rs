//! x86-64 with AVX-512: the vectors of eight are those of AVX2, with twice the registers; where a kernel asks for the
//! widest registers it gets sixteen lanes.
//!
//! Each lane does what it does with AVX2, in the same order, so that a kernel's outputs have the same bits; and work is
//! cut in the same places, so that an epilogue gets the same parts.
//!
//! Invariant of every block here: the methods take `self`, a [`Zmm`], which exists only where the CPU has the
//! instructions ([`Avx512::new`]).
use super::avx2::{Avx2, Registers, Ymm};
use super::{LANES, WIDEST, Wide};
use std::arch::x86_64::*;
use std::ops::Range;

/// The proof that the CPU has AVX-512F, VL and DQ beside AVX2 and FMA.
pub type Avx512 = Avx2<Zmm>;

/// Registers of 512 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zmm(());

impl Avx512 {
    /// The proof, where this CPU gives it.
    pub fn new() -> Option<Self> {
        let wide = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq");
        (wide && Avx2::<Ymm>::new().is_some()).then_some(Avx2(Zmm(())))
    }
}

impl Registers for Zmm {
    type Wide = Zmm;

    #[inline(always)]
    fn wide(simd: Avx512) -> Zmm {
        simd.0
    }
}

impl Wide for Zmm {
    type V = __m512;
    type Eight = __m256;
    type Mask = __mmask16;
    const LANES: usize = 2 * LANES;
    const ROWS: usize = 8;

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_set1_ps(value) }
    }
    #[inline(always)]
    unsafe fn splat_at(self, from: *const f32) -> __m512 {
        // SAFETY: `self` proves the features; the caller promises a readable number.
        unsafe { _mm512_set1_ps(*from) }
    }
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        // SAFETY: `self` proves the features; the caller promises `LANES` readable numbers.
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn load_eights(self, from: impl Fn(usize) -> *const f32) -> __m512 {
        // SAFETY: `self` proves the features; the caller promises eight readable numbers at each place.
        unsafe { _mm512_insertf32x8::<1>(_mm512_castps256_ps512(_mm256_loadu_ps(from(0))), _mm256_loadu_ps(from(1))) }
    }
    #[inline(always)]
    unsafe fn repeat(self, from: *const f32) -> __m512 {
        // SAFETY: `self` proves the features; the caller promises eight readable numbers.
        unsafe { _mm512_broadcast_f32x8(_mm256_loadu_ps(from)) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, v: __m512) {
        // SAFETY: `self` proves the features; the caller promises `LANES` writable numbers.
        unsafe { _mm512_storeu_ps(to, v) }
    }
    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    fn mask(self, lanes: Range<usize>) -> __mmask16 {
        let first = |count: usize| (1u32 << count.min(Self::LANES)) - 1;
        (first(lanes.end) & !first(lanes.start)) as __mmask16
    }
    #[inline(always)]
    fn keep(self, v: __m512, mask: __mmask16) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_maskz_mov_ps(mask, v) }
    }
    #[inline(always)]
    unsafe fn load_apart(self, from: *const f32) -> (__m512, __m512) {
        // SAFETY: `self` proves the features; the caller promises twice `LANES` readable numbers.
        unsafe {
            let (a, b) = (_mm512_loadu_ps(from), _mm512_loadu_ps(from.add(Self::LANES)));
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            (_mm512_permutex2var_ps(a, even, b), _mm512_permutex2var_ps(a, odd, b))
        }
    }
    #[inline(always)]
    fn permute(self, v: __m512, from: &[u32; WIDEST]) -> __m512 {
        // SAFETY: `self` proves the features; the array has sixteen numbers.
        unsafe { _mm512_permutexvar_ps(_mm512_loadu_si512(from.as_ptr().cast()), v) }
    }
    #[inline(always)]
    fn join(self, eight: impl Fn(usize) -> __m256) -> __m512 {
        // SAFETY: `self` proves the features.
        unsafe { _mm512_insertf32x8::<1>(_mm512_castps256_ps512(eight(0)), eight(1)) }
    }
    #[inline(always)]
    fn eight(self, v: __m512, number: usize) -> __m256 {
        // SAFETY: `self` proves the features.
        unsafe {
            match number {
                0 => _mm512_castps512_ps256(v),
                _ => _mm512_extractf32x8_ps::<1>(v),
            }
        }
    }
}
