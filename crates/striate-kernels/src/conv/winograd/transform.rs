//! The one-dimensional transforms of Winograd's minimal filtering F(M, 3), on vectors.
//!
//! `M` outputs of a filter of 3 are `y = Aᵀ[(G·g) ∘ (Bᵀ·d)]` with `N = M + 2` inputs `d`, hence `N` products instead of
//! `3·M`. With points `a₀ … a_{N−2}` and infinity: row `i` of `G` is `(1, aᵢ, aᵢ²)/∏ₖ(aᵢ − aₖ)`, column `i` of `Aᵀ`
//! is `(1, aᵢ, …, aᵢ^{M−1})`, row `i` of `Bᵀ` has the coefficients of `∏_{k≠i}(x − aₖ)`. Applied along both axes they
//! make F(M×M, 3×3). (Lavin and Gray, arXiv:1509.09308; the choice of points: Barabasz and others, arXiv:1803.10986.)
//!
//! The gradient to the filter is the adjoint: `∂g = Gᵀ[(A·∂y) ∘ (Bᵀ·d)]`.

use crate::simd::Simd;

/// F(M, 3) with `N = M + 2`. Point 1 of every scheme is the number 1, so that column 1 of `Aᵀ` is all ones.
pub(super) trait Scheme<const M: usize, const N: usize>: Send + Sync + 'static {
    /// `Bᵀ·d`
    fn input<S: Simd>(simd: S, d: [S::V; N]) -> [S::V; N];
    /// `G·g`
    fn filter<S: Simd>(simd: S, g: [S::V; 3]) -> [S::V; N];
    /// `Aᵀ·m`
    fn output<S: Simd>(simd: S, m: [S::V; N]) -> [S::V; M];
    /// `A·y`
    fn grad_output<S: Simd>(simd: S, y: [S::V; M]) -> [S::V; N];
    /// `Gᵀ·s`
    fn grad_filter<S: Simd>(simd: S, s: [S::V; N]) -> [S::V; 3];
}

/// F(4, 3) with the points 0, 1, −1, ½, −2 and infinity.
pub(super) struct F4;

impl Scheme<4, 6> for F4 {
    #[inline(always)]
    fn input<S: Simd>(simd: S, d: [S::V; 6]) -> [S::V; 6] {
        // the rows of Bᵀ:  1 −3/2   −2  3/2    1   0
        //                  0   −1  1/2  5/2    1   0
        //                  0    1 −5/2  1/2    1   0
        //                  0   −2   −1    2    1   0
        //                  0  1/2   −1 −1/2    1   0
        //                  0    1 −3/2   −2  3/2   1
        let (p, q) = (simd.sub(d[4], d[2]), simd.sub(d[3], d[1]));
        let half = simd.splat(1.5);
        [
            simd.fma(half, q, simd.add(simd.sub(d[0], d[2]), p)),
            simd.fma(half, simd.add(d[3], d[2]), simd.add(p, q)),
            simd.fma(half, simd.sub(d[3], d[2]), simd.sub(p, q)),
            simd.fma(simd.splat(2.0), q, p),
            simd.fma(simd.splat(-0.5), q, p),
            simd.fma(half, p, simd.sub(simd.sub(d[5], d[3]), q)),
        ]
    }

    #[inline(always)]
    fn filter<S: Simd>(simd: S, g: [S::V; 3]) -> [S::V; 6] {
        let number = |x: f32| simd.splat(x);
        let ends = simd.add(g[0], g[2]);
        [
            g[0],
            simd.mul(number(1.0 / 3.0), simd.add(ends, g[1])),
            simd.mul(number(1.0 / 3.0), simd.sub(g[1], ends)),
            simd.mul(number(-16.0 / 15.0), simd.fma(number(0.25), g[2], simd.fma(number(0.5), g[1], g[0]))),
            simd.mul(number(1.0 / 15.0), simd.fma(number(4.0), g[2], simd.fma(number(-2.0), g[1], g[0]))),
            g[2],
        ]
    }

    #[inline(always)]
    fn output<S: Simd>(simd: S, m: [S::V; 6]) -> [S::V; 4] {
        let (sum, difference) = (simd.add(m[1], m[2]), simd.sub(m[1], m[2]));
        let with = |a: f32, b: f32, start: S::V| simd.fma(simd.splat(a), m[3], simd.fma(simd.splat(b), m[4], start));
        [
            simd.add(simd.add(m[0], sum), simd.add(m[3], m[4])),
            with(0.5, -2.0, difference),
            with(0.25, 4.0, sum),
            with(0.125, -8.0, simd.add(difference, m[5])),
        ]
    }

    #[inline(always)]
    fn grad_output<S: Simd>(simd: S, y: [S::V; 4]) -> [S::V; 6] {
        let (even, odd) = (simd.add(y[0], y[2]), simd.add(y[1], y[3]));
        let at = |a: f32| {
            let tail = simd.fma(simd.splat(a * a * a), y[3], simd.mul(simd.splat(a * a), y[2]));
            simd.add(simd.fma(simd.splat(a), y[1], y[0]), tail)
        };
        [y[0], simd.add(even, odd), simd.sub(even, odd), at(0.5), at(-2.0), y[3]]
    }

    #[inline(always)]
    fn grad_filter<S: Simd>(simd: S, s: [S::V; 6]) -> [S::V; 3] {
        let third = simd.splat(1.0 / 3.0);
        let difference = simd.mul(third, simd.sub(s[1], s[2]));
        let with = |a: f32, b: f32, start: S::V| {
            simd.fma(simd.splat(a / 15.0), s[3], simd.fma(simd.splat(b / 15.0), s[4], start))
        };
        [
            with(-16.0, 1.0, simd.add(s[0], difference)),
            with(-8.0, -2.0, simd.mul(third, simd.add(s[1], s[2]))),
            with(-4.0, 4.0, simd.add(difference, s[5])),
        ]
    }
}

/// F(2, 3) with the points 0, 1, −1 and infinity; row 0 of `Bᵀ` and of `G` has its sign exchanged.
pub(super) struct F2;

impl Scheme<2, 4> for F2 {
    #[inline(always)]
    fn input<S: Simd>(simd: S, d: [S::V; 4]) -> [S::V; 4] {
        [simd.sub(d[0], d[2]), simd.add(d[1], d[2]), simd.sub(d[2], d[1]), simd.sub(d[3], d[1])]
    }

    #[inline(always)]
    fn filter<S: Simd>(simd: S, g: [S::V; 3]) -> [S::V; 4] {
        let (half, ends) = (simd.splat(0.5), simd.add(g[0], g[2]));
        [g[0], simd.mul(half, simd.add(ends, g[1])), simd.mul(half, simd.sub(ends, g[1])), g[2]]
    }

    #[inline(always)]
    fn output<S: Simd>(simd: S, m: [S::V; 4]) -> [S::V; 2] {
        [simd.add(m[0], simd.add(m[1], m[2])), simd.add(simd.sub(m[1], m[2]), m[3])]
    }

    #[inline(always)]
    fn grad_output<S: Simd>(simd: S, y: [S::V; 2]) -> [S::V; 4] {
        [y[0], simd.add(y[0], y[1]), simd.sub(y[0], y[1]), y[1]]
    }

    #[inline(always)]
    fn grad_filter<S: Simd>(simd: S, s: [S::V; 4]) -> [S::V; 3] {
        let half = simd.splat(0.5);
        let even = simd.mul(half, simd.add(s[1], s[2]));
        [simd.add(s[0], even), simd.mul(half, simd.sub(s[1], s[2])), simd.add(even, s[3])]
    }
}

#[cfg(test)]
#[allow(clippy::needless_range_loop)] // the letters of the formula
mod tests {
    use super::*;
    use crate::simd::{Portable, Simd};

    type V = <Portable as Simd>::V;

    /// `[Bᵀ, G, Aᵀ, A, Gᵀ]` as the functions have them: columns from unit vectors.
    fn columns<const I: usize, const O: usize>(f: impl Fn([V; I]) -> [V; O]) -> [[f64; I]; O] {
        let mut matrix = [[0.0; I]; O];
        for i in 0..I {
            let unit = std::array::from_fn(|k| Portable.splat(if k == i { 1.0 } else { 0.0 }));
            let column = f(unit);
            for o in 0..O {
                matrix[o][i] = f64::from(Portable.greatest(column[o]));
            }
        }
        matrix
    }

    /// `Σᵢ Aᵀ[k][i]·G[i][j]·Bᵀ[i][l]` is 1 where `l = k + j` and 0 elsewhere, and the adjoints are the transposed.
    fn check<const M: usize, const N: usize, X: Scheme<M, N>>() {
        let input = columns::<N, N>(|d| X::input(Portable, d));
        let filter = columns::<3, N>(|g| X::filter(Portable, g));
        let output = columns::<N, M>(|m| X::output(Portable, m));
        for k in 0..M {
            assert_eq!(output[k][1], 1.0, "point 1");
            for j in 0..3 {
                for l in 0..N {
                    let found: f64 = (0..N).map(|i| output[k][i] * filter[i][j] * input[i][l]).sum();
                    let expected = if l == k + j { 1.0 } else { 0.0 };
                    assert!((found - expected).abs() < 1e-6, "F({M},3): y{k} g{j} d{l} is {found}");
                }
            }
        }
        let grad_output = columns::<M, N>(|y| X::grad_output(Portable, y));
        let grad_filter = columns::<N, 3>(|s| X::grad_filter(Portable, s));
        for i in 0..N {
            (0..M).for_each(|k| assert_eq!(grad_output[i][k], output[k][i], "A {i} {k}"));
            (0..3).for_each(|j| assert!((grad_filter[j][i] - filter[i][j]).abs() < 1e-7, "Gᵀ {j} {i}"));
        }
    }

    #[test]
    fn the_transforms_make_a_correlation() {
        check::<4, 6, F4>();
        check::<2, 4, F2>();
    }
}
