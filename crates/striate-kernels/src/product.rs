//! The inner loop that matrix products share: a tile of sums in registers.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use crate::simd::Wide;

/// `sums[r][v] += Σ_t rows(t, r)·lanes(t, v)`, term after term. `rows` gives the place of a number, `lanes` a register.
///
/// # Safety
/// All these numbers must be readable.
#[inline(always)]
pub(crate) unsafe fn accumulate<W: Wide, const R: usize, const V: usize>(
    wide: W,
    terms: usize,
    rows: impl Fn(usize, usize) -> *const f32,
    lanes: impl Fn(usize, usize) -> W::V,
    sums: &mut [[W::V; V]; R],
) {
    // a copy, which no pointer reaches, stays in registers
    let mut totals = *sums;
    for term in 0..terms {
        // the fewer side stays in registers while the other passes through one
        if V <= R {
            let mut x = [wide.splat(0.0); V];
            for v in 0..V {
                x[v] = lanes(term, v);
            }
            for r in 0..R {
                // SAFETY: by the contract above.
                let w = unsafe { wide.splat_at(rows(term, r)) };
                for v in 0..V {
                    totals[r][v] = wide.fma(x[v], w, totals[r][v]);
                }
            }
        } else {
            let mut w = [wide.splat(0.0); R];
            for r in 0..R {
                // SAFETY: by the contract above.
                w[r] = unsafe { wide.splat_at(rows(term, r)) };
            }
            for v in 0..V {
                let x = lanes(term, v);
                for r in 0..R {
                    totals[r][v] = wide.fma(x, w[r], totals[r][v]);
                }
            }
        }
    }
    *sums = totals;
}
