//! SSE2, which every x86-64 has: the compiler is done with these in a fraction of the time that arrays take it.
use std::arch::x86_64::*;

/// Four lanes in a register.
#[derive(Clone, Copy)]
pub(crate) struct Four(__m128);

/// All bits set in the lanes that are true.
#[derive(Clone, Copy)]
pub(crate) struct Mask(__m128);

macro_rules! lanewise {
    ($($name:ident($($x:ident),+) -> $out:ident = $body:expr;)*) => {$(
        #[inline(always)]
        pub(crate) fn $name($($x: Self),+) -> $out {
            $(let $x = $x.0;)+
            // SAFETY: every x86-64 has SSE2.
            $out(unsafe { $body })
        }
    )*};
}

impl Four {
    #[inline(always)]
    pub(crate) fn of(lanes: [f32; 4]) -> Self {
        // SAFETY: every x86-64 has SSE2; there are four numbers.
        Four(unsafe { _mm_loadu_ps(lanes.as_ptr()) })
    }
    #[inline(always)]
    pub(crate) fn lanes(self) -> [f32; 4] {
        let mut lanes = [0.0; 4];
        // SAFETY: as above.
        unsafe { _mm_storeu_ps(lanes.as_mut_ptr(), self.0) };
        lanes
    }
    #[inline(always)]
    pub(crate) fn splat(value: f32) -> Self {
        // SAFETY: as above.
        Four(unsafe { _mm_set1_ps(value) })
    }
    lanewise! {
        add(a, b) -> Self = _mm_add_ps(a, b);
        sub(a, b) -> Self = _mm_sub_ps(a, b);
        mul(a, b) -> Self = _mm_mul_ps(a, b);
        div(a, b) -> Self = _mm_div_ps(a, b);
        max(a, b) -> Self = _mm_max_ps(a, b);
        min(a, b) -> Self = _mm_min_ps(a, b);
        sqrt(a) -> Self = _mm_sqrt_ps(a);
        abs(a) -> Self = _mm_andnot_ps(_mm_set1_ps(-0.0), a);
        neg(a) -> Self = _mm_xor_ps(_mm_set1_ps(-0.0), a);
        lt(a, b) -> Mask = _mm_cmplt_ps(a, b);
        le(a, b) -> Mask = _mm_cmple_ps(a, b);
        eq(a, b) -> Mask = _mm_cmpeq_ps(a, b);
        nan(a) -> Mask = _mm_cmpunord_ps(a, a);
    }
    #[inline(always)]
    pub(crate) fn select(mask: Mask, yes: Self, no: Self) -> Self {
        // SAFETY: as above.
        Four(unsafe { _mm_or_ps(_mm_and_ps(mask.0, yes.0), _mm_andnot_ps(mask.0, no.0)) })
    }
}

impl Mask {
    #[inline(always)]
    pub(crate) fn of(lanes: [bool; 4]) -> Self {
        let bits = lanes.map(|lane| f32::from_bits(if lane { u32::MAX } else { 0 }));
        Mask(Four::of(bits).0)
    }
}
