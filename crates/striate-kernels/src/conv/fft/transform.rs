//! The discrete Fourier transform of eight series at once, a lane each.
//!
//! ```text
//! Z[k] = Σ_j z[j]·e^(−2πi·jk/n)          n = 2^a·3^b·5^c
//! ```
//!
//! Stockham's form: each stage of radix r reads the series in order and writes it in order, so that nothing is
//! permuted. With parts of `s` series interleaved and `m = n/r`, stage by stage until n is 1:
//!
//! ```text
//! y[q + s·(r·p + k)] = e^(−2πi·pk/n) · Σ_j x[q + s·(p + m·j)]·e^(−2πi·jk/r)           then n = m, s = s·r
//! ```
//!
//! A complex vector is two vectors, real and imaginary part. The inverse transform is the same one with the two parts
//! exchanged before and after.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use crate::simd::{LANES, Simd};
use std::f64::consts::TAU;

/// f32s of a complex vector.
pub(super) const PAIR: usize = 2 * LANES;

/// A transform of length n, with its tables.
#[derive(Clone, Debug)]
pub(super) struct Transform {
    len: usize,
    stages: Vec<Stage>,
}

#[derive(Clone, Debug)]
struct Stage {
    radix: usize,
    /// n/r.
    parts: usize,
    /// s.
    step: usize,
    /// For each p below m: e^(−2πi·pk/n) for k = 1 … r − 1.
    turns: Vec<(f32, f32)>,
}

/// The least length from `least` on that has no other prime factors than 2, 3 and 5.
pub(super) fn length(least: usize) -> usize {
    let smooth = |mut n: usize| {
        for factor in [2, 3, 5] {
            while n.is_multiple_of(factor) {
                n /= factor;
            }
        }
        n == 1
    };
    (least.max(1)..).find(|&n| smooth(n)).expect("powers of two have no end")
}

impl Transform {
    /// Of a length that [`length`] gives.
    pub(super) fn new(len: usize) -> Self {
        let (mut rest, mut step, mut stages) = (len, 1, vec![]);
        while rest > 1 {
            let radix = [4, 5, 3, 2].into_iter().find(|&r| rest.is_multiple_of(r)).expect("a length of these factors");
            let parts = rest / radix;
            let turn = |p: usize, k: usize| {
                let angle = -TAU * (p * k % rest) as f64 / rest as f64;
                (angle.cos() as f32, angle.sin() as f32)
            };
            let turns = (0..parts).flat_map(|p| (1..radix).map(move |k| turn(p, k))).collect();
            stages.push(Stage { radix, parts, step, turns });
            rest = parts;
            step *= radix;
        }
        Transform { len, stages }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Transforms the `n` complex vectors in `a`; `b` is as large, and the result lies in the slice that is returned.
    #[inline(always)]
    pub(super) fn run<'a, S: Simd>(&self, simd: S, mut a: &'a mut [f32], mut b: &'a mut [f32]) -> &'a mut [f32] {
        let len = self.len * PAIR;
        (a, b) = (&mut a[..len], &mut b[..len]);
        for stage in &self.stages {
            match stage.radix {
                4 => stage.each::<S, Four, 4>(simd, a, b),
                5 => stage.each::<S, Five, 5>(simd, a, b),
                3 => stage.each::<S, Three, 3>(simd, a, b),
                _ => stage.each::<S, Two, 2>(simd, a, b),
            }
            (a, b) = (b, a);
        }
        a
    }
}

impl Stage {
    #[inline(always)]
    fn each<S: Simd, B: Butterfly<R>, const R: usize>(&self, simd: S, from: &[f32], to: &mut [f32]) {
        for p in 0..self.parts {
            let turns = &self.turns[p * (R - 1)..][..R - 1];
            for q in 0..self.step {
                let mut x = [(simd.splat(0.0), simd.splat(0.0)); R];
                for j in 0..R {
                    x[j] = load(simd, from, q + self.step * (p + self.parts * j));
                }
                let y = B::of(simd, x);
                let at = q + self.step * R * p;
                store(simd, to, at, y[0]);
                for k in 1..R {
                    let turned = if p == 0 { y[k] } else { turn(simd, y[k], turns[k - 1]) };
                    store(simd, to, at + self.step * k, turned);
                }
            }
        }
    }
}

/// A complex vector: real and imaginary parts.
pub(super) type Complex<S> = (<S as Simd>::V, <S as Simd>::V);

/// Complex vector `index` of a row of them.
#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, from: &[f32], index: usize) -> Complex<S> {
    let from = from[index * PAIR..][..PAIR].as_ptr();
    // SAFETY: the slice has two vectors.
    unsafe { (simd.load(from), simd.load(from.add(LANES))) }
}

/// Writes complex vector `index` of a row of them.
#[inline(always)]
pub(super) fn store<S: Simd>(simd: S, to: &mut [f32], index: usize, v: Complex<S>) {
    let to = to[index * PAIR..][..PAIR].as_mut_ptr();
    // SAFETY: the slice has two vectors.
    unsafe {
        simd.store(to, v.0);
        simd.store(to.add(LANES), v.1);
    }
}

#[inline(always)]
fn add<S: Simd>(simd: S, a: Complex<S>, b: Complex<S>) -> Complex<S> {
    (simd.add(a.0, b.0), simd.add(a.1, b.1))
}

#[inline(always)]
fn sub<S: Simd>(simd: S, a: Complex<S>, b: Complex<S>) -> Complex<S> {
    (simd.sub(a.0, b.0), simd.sub(a.1, b.1))
}

/// `a + f·b`
#[inline(always)]
fn plus<S: Simd>(simd: S, a: Complex<S>, f: f32, b: Complex<S>) -> Complex<S> {
    let f = simd.splat(f);
    (simd.fma(f, b.0, a.0), simd.fma(f, b.1, a.1))
}

/// `−i·a`
#[inline(always)]
fn back<S: Simd>(simd: S, a: Complex<S>) -> Complex<S> {
    (a.1, simd.neg(a.0))
}

/// `a·(c + i·s)`
#[inline(always)]
fn turn<S: Simd>(simd: S, a: Complex<S>, (c, s): (f32, f32)) -> Complex<S> {
    let (c, s, less) = (simd.splat(c), simd.splat(s), simd.splat(-s));
    (simd.fma(a.0, c, simd.mul(a.1, less)), simd.fma(a.0, s, simd.mul(a.1, c)))
}

/// The transform of a length of so few.
trait Butterfly<const R: usize> {
    fn of<S: Simd>(simd: S, x: [Complex<S>; R]) -> [Complex<S>; R];
}

struct Two;
struct Three;
struct Four;
struct Five;

impl Butterfly<2> for Two {
    #[inline(always)]
    fn of<S: Simd>(simd: S, [x, y]: [Complex<S>; 2]) -> [Complex<S>; 2] {
        [add(simd, x, y), sub(simd, x, y)]
    }
}

impl Butterfly<3> for Three {
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: [Complex<S>; 3]) -> [Complex<S>; 3] {
        three(simd, x)
    }
}

impl Butterfly<4> for Four {
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: [Complex<S>; 4]) -> [Complex<S>; 4] {
        four(simd, x)
    }
}

impl Butterfly<5> for Five {
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: [Complex<S>; 5]) -> [Complex<S>; 5] {
        five(simd, x)
    }
}

#[inline(always)]
fn three<S: Simd>(simd: S, [x, y, z]: [Complex<S>; 3]) -> [Complex<S>; 3] {
    const SIN: f32 = 0.866_025_4;
    let (sum, away) = (add(simd, y, z), sub(simd, y, z));
    let middle = plus(simd, x, -0.5, sum);
    let away = back(simd, away);
    [add(simd, x, sum), plus(simd, middle, SIN, away), plus(simd, middle, -SIN, away)]
}

#[inline(always)]
fn four<S: Simd>(simd: S, [a, b, c, d]: [Complex<S>; 4]) -> [Complex<S>; 4] {
    let (even, odd) = (add(simd, a, c), add(simd, b, d));
    let (even_away, odd_away) = (sub(simd, a, c), back(simd, sub(simd, b, d)));
    [add(simd, even, odd), add(simd, even_away, odd_away), sub(simd, even, odd), sub(simd, even_away, odd_away)]
}

#[inline(always)]
fn five<S: Simd>(simd: S, [a, b, c, d, e]: [Complex<S>; 5]) -> [Complex<S>; 5] {
    // cosines and sines of 2π/5 and 4π/5
    const COS: [f32; 2] = [0.309_017, -0.809_017];
    const SIN: [f32; 2] = [0.951_056_5, 0.587_785_25];
    let (near, far) = (add(simd, b, e), add(simd, c, d));
    let (near_away, far_away) = (back(simd, sub(simd, b, e)), back(simd, sub(simd, c, d)));
    let one = plus(simd, plus(simd, a, COS[0], near), COS[1], far);
    let two = plus(simd, plus(simd, a, COS[1], near), COS[0], far);
    let zero = (simd.splat(0.0), simd.splat(0.0));
    let one_away = plus(simd, plus(simd, zero, SIN[0], near_away), SIN[1], far_away);
    let two_away = plus(simd, plus(simd, zero, SIN[1], near_away), -SIN[0], far_away);
    [
        add(simd, add(simd, a, near), far),
        add(simd, one, one_away),
        add(simd, two, two_away),
        sub(simd, two, two_away),
        sub(simd, one, one_away),
    ]
}
