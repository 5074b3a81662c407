//! Whether a plane separates two classes, with a proof either way.
//!
//! Put zᵢ = tᵢ·(xᵢ, 1), tᵢ = ±1. A plane w separates the classes if w·zᵢ > 0 for all i. By Gordan's theorem either
//! such a w exists or there are λ ≥ 0, ∑λ = 1, with ∑ λᵢ·zᵢ = 0: the convex hulls of the classes meet. Both are the
//! same point z* of the hull of the zᵢ that is nearest to 0: if z* ≠ 0 it is itself the plane of greatest margin
//! γ = |z*|, for z*·zᵢ ≥ |z*|²; if z* = 0 its λ are the proof. What was found is checked before it is said.

use super::min_norm;
use crate::{Rows, checks};
use striate_tensor::Result;

/// The answer of [`separability`].
#[derive(Clone, Debug, PartialEq)]
pub enum Separability {
    /// w·x + b is above 0 on the positive rows and below 0 on the others.
    Separable {
        /// w.
        weights: Vec<f64>,
        /// b.
        bias: f64,
        /// γ: the least distance of any (x, 1) from the plane w, b through 0; the greatest that there is.
        margin: f64,
        /// R: the greatest |x, 1|.
        radius: f64,
    },
    /// ∑ λᵢ·tᵢ·(xᵢ, 1) = 0 with λ ≥ 0, ∑ λ = 1: no plane can separate them.
    NotSeparable {
        /// λ, one for each row.
        proof: Vec<f64>,
    },
    /// Rounding leaves it open, or there are too many rows to try.
    Undecided,
}

/// Decides whether a plane separates the `positive` rows from the others.
///
/// # Errors
/// `Fault::Data`: there are not as many marks as rows.
///
/// ```
/// use striate_classics::Rows;
/// use striate_classics::perceptron::{Separability, separability};
/// let rows = [0., 0., 0., 1., 1., 0., 1., 1.];
/// let rows = Rows::new(&rows, 2)?;
/// let and = separability(rows, &[false, false, false, true])?;
/// assert!(matches!(and, Separability::Separable { .. }));
/// let xor = separability(rows, &[false, true, true, false])?;
/// let Separability::NotSeparable { proof } = xor else { panic!() };
/// assert!(proof.iter().all(|share| (share - 0.25).abs() < 1e-9)); // both classes have the same middle
/// # Ok::<(), striate_tensor::Error>(())
/// ```
pub fn separability(rows: Rows<'_>, positive: &[bool]) -> Result<Separability> {
    let labels: Vec<usize> = positive.iter().map(|&p| usize::from(p)).collect();
    checks::labels(&labels, rows.len(), 2)?;
    let width = rows.width() + 1;
    if rows.len().saturating_mul(width) > LARGEST {
        return Ok(Separability::Undecided);
    }
    let mut z = Vec::with_capacity(rows.len() * width);
    for (x, &p) in rows.iter().zip(positive) {
        let t = if p { 1.0 } else { -1.0 };
        z.extend(x.iter().map(|&x| t * f64::from(x)));
        z.push(t);
    }
    let nearest = min_norm::nearest_to_zero(&z, width);
    let norm = nearest.point.iter().map(|x| x * x).sum::<f64>().sqrt();
    let of = |z: &[f64]| z.iter().zip(&nearest.point).map(|(z, p)| z * p).sum::<f64>() / norm;
    let margin = z.chunks_exact(width).map(of).fold(f64::INFINITY, f64::min);
    let radius = z.chunks_exact(width).map(|z| z.iter().map(|x| x * x).sum::<f64>().sqrt()).fold(0.0, f64::max);
    // Column by column, so that a column of small scale is not taken for 0 beside one of large scale.
    let vanishes = (0..width).all(|k| {
        let largest = z.iter().skip(k).step_by(width).fold(0.0, |m: f64, x| m.max(x.abs()));
        nearest.point[k].abs() <= 1e-9 * largest
    });
    Ok(if vanishes {
        let mut proof = vec![0.0; rows.len()];
        nearest.hull.iter().for_each(|&(i, share)| proof[i] = share);
        Separability::NotSeparable { proof }
    } else if margin > 1e-9 * radius {
        let weights = nearest.point[..width - 1].iter().map(|x| x / norm).collect();
        Separability::Separable { weights, bias: nearest.point[width - 1] / norm, margin, radius }
    } else {
        Separability::Undecided
    })
}

/// Numbers beyond which it is not tried: every step passes over all of them.
const LARGEST: usize = 1 << 21;
