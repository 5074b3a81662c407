//! Transcendental functions of vectors, to about two units in the last place.
#![allow(clippy::excessive_precision)] // coefficients as published

use crate::simd::{LANES, Simd};

/// `c[0] + c[1]·x + c[2]·x² + …`
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(s: S, x: S::V, c: [f32; N]) -> S::V {
    let mut sum = s.splat(c[N - 1]);
    for i in (0..N - 1).rev() {
        sum = s.fma(sum, x, s.splat(c[i]));
    }
    sum
}

/// eˣ = 2ⁿ·eʳ with |r| ≤ ln 2 / 2; the polynomial is that of Cephes' `expf`.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    // beyond these it is infinite or zero; a NaN stays
    let x = s.max(s.splat(-104.0), s.min(s.splat(89.0), x));
    let n = s.round(s.mul(x, s.splat(std::f32::consts::LOG2_E)));
    // ln 2 in two parts, the first with so few bits that the product is exact
    let r = s.fma(n, s.splat(-0.693_359_4), x);
    let r = s.fma(n, s.splat(2.121_944_4e-4), r);
    let tail = polynomial(
        s,
        r,
        [5.000_000_1e-1, 1.666_666_5e-1, 4.166_579_6e-2, 8.333_452e-3, 1.398_199_9e-3, 1.987_569_1e-4],
    );
    let value = s.add(s.fma(s.mul(r, r), tail, r), s.splat(1.0));
    // in two factors: 2ⁿ alone need not be a normal number
    let half = s.floor(s.mul(n, s.splat(0.5)));
    s.mul(s.mul(value, s.exp2_integral(half)), s.exp2_integral(s.sub(n, half)))
}

/// The natural logarithm; the polynomial is that of Cephes' `logf`.
#[inline(always)]
pub(crate) fn ln<S: Simd>(s: S, x: S::V) -> S::V {
    let (zero, one) = (s.splat(0.0), s.splat(1.0));
    let (m, e) = s.split_exponent(s.max(s.splat(f32::MIN_POSITIVE), x));
    let small = s.lt(m, s.splat(std::f32::consts::FRAC_1_SQRT_2));
    let e = s.select(small, s.sub(e, one), e);
    let r = s.sub(s.select(small, s.add(m, m), m), one);
    let square = s.mul(r, r);
    let tail = polynomial(
        s,
        r,
        [
            3.333_333_1e-1,
            -2.499_999_4e-1,
            2.000_071_5e-1,
            -1.666_805_8e-1,
            1.424_932_3e-1,
            -1.242_014_1e-1,
            1.167_699_9e-1,
            -1.151_461e-1,
            7.037_683_6e-2,
        ],
    );
    let sum = s.mul(s.mul(tail, r), square);
    let sum = s.fma(e, s.splat(-2.121_944_4e-4), sum);
    let sum = s.fma(square, s.splat(-0.5), sum);
    let value = s.fma(e, s.splat(0.693_359_4), s.add(r, sum));
    let value = s.select(s.le(s.splat(f32::INFINITY), x), x, value);
    let value = s.select(s.lt(x, s.splat(f32::MIN_POSITIVE)), s.splat(f32::NEG_INFINITY), value);
    let value = s.select(s.lt(x, zero), s.splat(f32::NAN), value);
    s.select(s.nan(x), x, value)
}

/// The hyperbolic tangent; near 0 the polynomial of Cephes' `tanhf`.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(s: S, x: S::V) -> S::V {
    let size = s.abs(x);
    let square = s.mul(x, x);
    let tail = polynomial(s, square, [-3.333_328e-1, 1.333_144_2e-1, -5.373_972e-2, 2.063_908_9e-2, -5.704_988_7e-3]);
    let near = s.fma(s.mul(tail, square), x, x);
    let e = exp(s, s.add(size, size));
    let far = s.sub(s.splat(1.0), s.div(s.splat(2.0), s.add(e, s.splat(1.0))));
    let far = s.select(s.lt(x, s.splat(0.0)), s.neg(far), far);
    s.select(s.lt(size, s.splat(0.625)), near, far)
}

/// 1 / (1 + e⁻ˣ)
#[inline(always)]
pub(crate) fn logistic<S: Simd>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    let e = exp(s, s.neg(s.abs(x)));
    s.div(s.select(s.lt(x, s.splat(0.0)), e, one), s.add(one, e))
}

/// ln(1 + eˣ) = max(x, 0) + 2·artanh(e/(2 + e)) with e = e^−|x|.
#[inline(always)]
pub(crate) fn softplus<S: Simd>(s: S, x: S::V) -> S::V {
    let e = exp(s, s.neg(s.abs(x)));
    let t = s.div(e, s.add(s.splat(2.0), e));
    let odd = |i: u8| 2.0 / f32::from(2 * i + 1);
    let series = [odd(0), odd(1), odd(2), odd(3), odd(4), odd(5), odd(6), odd(7), odd(8)];
    s.fma(polynomial(s, s.mul(t, t), series), t, s.max(s.splat(0.0), x))
}

/// The error function as an odd rational function on −4..4 (as in Eigen), ±1 beyond.
#[inline(always)]
pub(crate) fn erf<S: Simd>(s: S, x: S::V) -> S::V {
    let x = s.max(s.splat(-4.0), s.min(s.splat(4.0), x));
    let square = s.mul(x, x);
    let over = polynomial(
        s,
        square,
        [
            -1.609_603_3e-2,
            -2.954_599_8e-3,
            -7.349_906_3e-4,
            -5.692_506_4e-5,
            -2.101_024e-6,
            2.770_681_4e-8,
            -2.726_142_3e-10,
        ],
    );
    let under =
        polynomial(s, square, [-1.426_473_9e-2, -7.373_329e-3, -1.682_827e-3, -2.133_740_6e-4, -1.456_607_2e-5]);
    s.div(s.mul(over, x), under)
}

/// aᵇ, lane by lane.
#[inline(always)]
pub(crate) fn pow<S: Simd>(s: S, a: S::V, b: S::V) -> S::V {
    let (mut bases, mut exponents) = ([0.0f32; LANES], [0.0f32; LANES]);
    // SAFETY: the arrays have `LANES` numbers.
    unsafe {
        s.store(bases.as_mut_ptr(), a);
        s.store(exponents.as_mut_ptr(), b);
        for (base, exponent) in bases.iter_mut().zip(exponents) {
            *base = base.powf(exponent);
        }
        s.load(bases.as_ptr())
    }
}
