//! The transforms of F(4, R), a filter of `R` = 1 to 4 taps at four positions by `R + 3` products, on vectors.
//!
//! With points `a₀ …` and infinity: row `i` of `G` is `(1, aᵢ, …)/∏ₖ(aᵢ − aₖ)`, column `i` of `Aᵀ` is `(1, aᵢ, aᵢ², aᵢ³)`,
//! row `i` of `Bᵀ` has the coefficients of `∏_{k≠i}(x − aₖ)`; infinity takes the highest terms. A filter of one tap
//! needs no points: its matrices are units.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use crate::simd::Simd;

/// Outputs of a tile and filter.
pub(super) const TILE: usize = 4;
/// Taps of a filter at most.
pub(super) const TAPS: usize = 4;
/// Points of a filter at most.
pub(super) const POINTS: usize = TAPS + TILE - 1;

/// The finite points, for as many of them as are needed.
const AT: [f64; POINTS - 1] = [0.0, 1.0, -1.0, 0.5, -2.0, -0.5];

#[derive(Clone, Copy)]
struct Matrices {
    /// `Bᵀ`, `G` and `Aᵀ`.
    input: [[f32; POINTS]; POINTS],
    filter: [[f32; TAPS]; POINTS],
    output: [[f32; POINTS]; TILE],
}

const MATRICES: [Matrices; TAPS + 1] = [matrices(0), matrices(1), matrices(2), matrices(3), matrices(4)];

const fn matrices(taps: usize) -> Matrices {
    let mut all =
        Matrices { input: [[0.0; POINTS]; POINTS], filter: [[0.0; TAPS]; POINTS], output: [[0.0; POINTS]; TILE] };
    if taps < 2 {
        let mut i = 0;
        while i < TILE {
            (all.input[i][i], all.filter[i][0], all.output[i][i]) = (1.0, 1.0, 1.0);
            i += 1;
        }
        return all;
    }
    // the last point is infinity
    let last = taps + TILE - 2;
    let mut i = 0;
    while i <= last {
        let mut product = [0.0; POINTS];
        product[0] = 1.0;
        let (mut scale, mut k) = (1.0, 0);
        while k < last {
            if k != i {
                // product · (x − aₖ)
                let mut power = POINTS - 1;
                while power > 0 {
                    product[power] = product[power - 1] - AT[k] * product[power];
                    power -= 1;
                }
                product[0] *= -AT[k];
                if i < last {
                    scale *= AT[i] - AT[k];
                }
            }
            k += 1;
        }
        let mut j = 0;
        while j <= last {
            all.input[i][j] = product[j] as f32;
            j += 1;
        }
        let (mut power, mut j) = (1.0, 0);
        while j < TAPS {
            if i < last {
                if j < taps {
                    all.filter[i][j] = (power / scale) as f32;
                }
                all.output[j][i] = power as f32;
                power *= AT[i];
            }
            j += 1;
        }
        i += 1;
    }
    all.filter[last][taps - 1] = 1.0;
    all.output[TILE - 1][last] = 1.0;
    all
}

/// Points of a filter of so many taps.
pub(super) const fn points(taps: usize) -> usize {
    taps + TILE - 1
}

/// `Σⱼ at(j)·x[j]` over the `n` first, leaving out what is 0.
#[inline(always)]
fn weighed<S: Simd, const K: usize>(simd: S, x: &[S::V; K], n: usize, at: impl Fn(usize) -> f32) -> S::V {
    let mut sum = simd.splat(0.0);
    let mut begun = false;
    for j in 0..n {
        let factor = at(j);
        if factor != 0.0 {
            sum = match (begun, factor) {
                (false, 1.0) => x[j],
                (false, _) => simd.mul(simd.splat(factor), x[j]),
                (true, 1.0) => simd.add(sum, x[j]),
                (true, -1.0) => simd.sub(sum, x[j]),
                (true, _) => simd.fma(simd.splat(factor), x[j], sum),
            };
            begun = true;
        }
    }
    sum
}

/// `Bᵀ·d`
#[inline(always)]
pub(super) fn input<S: Simd, const R: usize>(simd: S, d: &[S::V; POINTS]) -> [S::V; POINTS] {
    let mut v = [simd.splat(0.0); POINTS];
    for i in 0..points(R) {
        v[i] = weighed(simd, d, points(R), |j| const { &MATRICES[R] }.input[i][j]);
    }
    v
}

/// `G·g`
#[inline(always)]
pub(super) fn filter<S: Simd, const R: usize>(simd: S, g: &[S::V; TAPS]) -> [S::V; POINTS] {
    let mut u = [simd.splat(0.0); POINTS];
    for i in 0..points(R) {
        u[i] = weighed(simd, g, R, |j| const { &MATRICES[R] }.filter[i][j]);
    }
    u
}

/// `Aᵀ·m`
#[inline(always)]
pub(super) fn output<S: Simd, const R: usize>(simd: S, m: &[S::V; POINTS]) -> [S::V; TILE] {
    let mut y = [simd.splat(0.0); TILE];
    for k in 0..TILE {
        y[k] = weighed(simd, m, points(R), |i| const { &MATRICES[R] }.output[k][i]);
    }
    y
}

/// `A·y`
#[inline(always)]
pub(super) fn grad_output<S: Simd, const R: usize>(simd: S, y: &[S::V; TILE]) -> [S::V; POINTS] {
    let mut w = [simd.splat(0.0); POINTS];
    for i in 0..points(R) {
        w[i] = weighed(simd, y, TILE, |k| const { &MATRICES[R] }.output[k][i]);
    }
    w
}

/// `Gᵀ·s`
#[inline(always)]
pub(super) fn grad_filter<S: Simd, const R: usize>(simd: S, s: &[S::V; POINTS]) -> [S::V; TAPS] {
    let mut g = [simd.splat(0.0); TAPS];
    for j in 0..R {
        g[j] = weighed(simd, s, points(R), |i| const { &MATRICES[R] }.filter[i][j]);
    }
    g
}

/// Calls `$call::<S, R>` with the number of taps `$taps` as `R`.
macro_rules! with_taps {
    ($taps:expr, $call:ident($($argument:expr),*)) => {
        match $taps {
            1 => $call::<S, 1>($($argument),*),
            2 => $call::<S, 2>($($argument),*),
            3 => $call::<S, 3>($($argument),*),
            _ => $call::<S, 4>($($argument),*),
        }
    };
}
pub(super) use with_taps;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transforms_make_a_correlation() {
        for taps in 1..=TAPS {
            let Matrices { input, filter, output } = MATRICES[taps];
            for k in 0..TILE {
                for j in 0..taps {
                    for l in 0..points(taps) {
                        let term = |i: usize| f64::from(output[k][i]) * f64::from(filter[i][j] * input[i][l]);
                        let found: f64 = (0..points(taps)).map(term).sum();
                        let expected = if l == k + j { 1.0 } else { 0.0 };
                        assert!((found - expected).abs() < 1e-6, "F(4,{taps}): y{k} g{j} d{l} is {found}");
                    }
                }
            }
        }
    }
}
