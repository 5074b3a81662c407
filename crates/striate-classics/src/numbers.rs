//! Sums in a fixed order, and the few vector operations that the networks share.

/// ∑ᵢ aᵢ·bᵢ, in eight sums that are added in a fixed order.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    for (a, b) in a8.iter().zip(b8) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// ∑ᵢ aᵢ·bᵢ in f64.
pub(crate) fn dot64(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// y ← y + k·x.
pub(crate) fn add_scaled(y: &mut [f32], k: f32, x: &[f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += k * x;
    }
}

/// ∑ᵢ (aᵢ − bᵢ)².
pub(crate) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// The place of the greatest number, the first of equals; 0 when there is none.
pub(crate) fn argmax(values: impl IntoIterator<Item = f32>) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (i, value) in values.into_iter().enumerate() {
        if value > best.1 {
            best = (i, value);
        }
    }
    best.0
}

/// The share of `right` among `all`; 0 of nothing.
pub(crate) fn share(right: usize, all: usize) -> f64 {
    right as f64 / all.max(1) as f64
}

/// −½·sᵀ·W·s in f64, row by row.
pub(crate) fn quadratic_energy(weights: &[f32], state: &[f32]) -> f64 {
    let rows = weights.chunks_exact(state.len());
    -0.5 * rows.zip(state).map(|(row, &s)| f64::from(s) * dot64(row, state)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_equals_the_plain_sum() {
        for n in [0, 1, 7, 8, 9, 31] {
            let a: Vec<f32> = (0..n).map(|i| i as f32 - 3.0).collect();
            let b: Vec<f32> = (0..n).map(|i| 2.0 - i as f32).collect();
            assert_eq!(f64::from(dot(&a, &b)), dot64(&a, &b));
        }
    }

    #[test]
    fn the_first_of_equals_wins() {
        assert_eq!(argmax([1.0, 3.0, 3.0, 2.0]), 1);
    }
}
