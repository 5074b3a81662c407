//! How far a row x is from a unit's weights w:
//!
//! ```text
//! euclidean   √Σ(x − w)²
//! cosine      1 − x·w / (‖x‖·‖w‖)      (1 where either is all zeros)
//! manhattan   Σ|x − w|
//! chebyshev   max|x − w|
//! ```

use serde::{Deserialize, Serialize};

/// Which unit is nearest.
///
/// ```
/// use striate_classics::som::Distance;
/// assert_eq!(Distance::Euclidean.between(&[0.0, 3.0], &[4.0, 0.0]), 5.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Distance {
    /// The straight line.
    Euclidean,
    /// The angle, whatever the lengths.
    Cosine,
    /// The sum over the features.
    Manhattan,
    /// The largest of the features.
    Chebyshev,
}

/// Running sums of a row: as many as a compiler can keep in vectors, always added up in the same order.
const LANES: usize = 16;

impl Distance {
    /// The distance of two rows of the same length.
    pub fn between(self, x: &[f32], w: &[f32]) -> f32 {
        match self {
            Distance::Euclidean => squared(x, w).sqrt(),
            Distance::Cosine => {
                let norms = (dot(x, x) * dot(w, w)).sqrt();
                if norms > 0.0 { 1.0 - dot(x, w) / norms } else { 1.0 }
            }
            Distance::Manhattan => sum(fold(x, w, |total, a, b| total + (a - b).abs())),
            Distance::Chebyshev => fold(x, w, |most, a, b| (a - b).abs().max(most)).into_iter().fold(0.0, f32::max),
        }
    }
}

/// Σ(x − w)².
pub(crate) fn squared(x: &[f32], w: &[f32]) -> f32 {
    sum(fold(x, w, |total, a, b| total + (a - b) * (a - b)))
}

/// Σ x·w.
pub(crate) fn dot(x: &[f32], w: &[f32]) -> f32 {
    sum(fold(x, w, |total, a, b| total + a * b))
}

fn fold(x: &[f32], w: &[f32], step: impl Fn(f32, f32, f32) -> f32) -> [f32; LANES] {
    let mut lanes = [0.0; LANES];
    let ((x, x_rest), (w, w_rest)) = (x.as_chunks::<LANES>(), w.as_chunks::<LANES>());
    for (x, w) in x.iter().zip(w) {
        for lane in 0..LANES {
            lanes[lane] = step(lanes[lane], x[lane], w[lane]);
        }
    }
    for (lane, (&x, &w)) in x_rest.iter().zip(w_rest).enumerate() {
        lanes[lane] = step(lanes[lane], x, w);
    }
    lanes
}

fn sum(lanes: [f32; LANES]) -> f32 {
    lanes.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_tensor::Rng;

    #[test]
    fn against_plain_sums() {
        let rng = Rng::new(3);
        for n in [1, 5, 16, 17, 40] {
            let x: Vec<f32> = (0..n).map(|i| rng.normal(i)).collect();
            let w: Vec<f32> = (0..n).map(|i| rng.normal(100 + i)).collect();
            let pairs = || x.iter().zip(&w).map(|(&a, &b)| (f64::from(a), f64::from(b)));
            let norm = |v: &[f32]| v.iter().map(|&a| f64::from(a).powi(2)).sum::<f64>().sqrt();
            for (distance, expected) in [
                (Distance::Euclidean, pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()),
                (Distance::Cosine, 1.0 - pairs().map(|(a, b)| a * b).sum::<f64>() / (norm(&x) * norm(&w))),
                (Distance::Manhattan, pairs().map(|(a, b)| (a - b).abs()).sum()),
                (Distance::Chebyshev, pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)),
            ] {
                let found = f64::from(distance.between(&x, &w));
                assert!((found - expected).abs() < 1e-5 * (1.0 + expected), "{distance:?} of {n}: {found} {expected}");
            }
        }
        assert_eq!(Distance::Cosine.between(&[0.0, 0.0], &[1.0, 0.0]), 1.0);
    }
}
