//! The point of a convex hull that is nearest to 0: P. Wolfe, "Finding the nearest point in a polytope", Mathematical
//! Programming 11 (1976).
//!
//! A corral is a set S of affinely independent points whose nearest point of the affine hull lies inside their convex
//! hull. From x, the nearest point of a corral, the point p of least x·p joins S; then the affine minimum α of S is
//! sought, and while it lies outside the hull x goes towards it as far as the hull allows, which drops a point. |x|
//! falls with every corral, so that none comes twice. α solves (1·1ᵀ + S·Sᵀ)·α ∝ 1, by Cholesky.

/// The nearest point and how it is mixed.
pub(super) struct Nearest {
    pub(super) point: Vec<f64>,
    /// (row, share), shares above 0 and of sum 1.
    pub(super) hull: Vec<(usize, f64)>,
}

/// The point nearest to 0 in the hull of `rows`, each of `width` numbers; at least one row.
pub(super) fn nearest_to_zero(rows: &[f64], width: usize) -> Nearest {
    let count = rows.len() / width;
    let row = |i: usize| &rows[i * width..(i + 1) * width];
    let largest = (0..count).map(|i| dot(row(i), row(i))).fold(0.0, f64::max);
    let start = (0..count).min_by(|&i, &j| dot(row(i), row(i)).total_cmp(&dot(row(j), row(j)))).unwrap_or(0);
    let mut hull = vec![(start, 1.0)];
    let mut point = row(start).to_vec();
    // It ends by itself; the limit is for rounding, which could make it go in a circle.
    for _ in 0..100 * (width + 10) {
        let square = dot(&point, &point);
        let Some(least) = (0..count).min_by(|&i, &j| dot(row(i), &point).total_cmp(&dot(row(j), &point))) else {
            break;
        };
        let gain = square - dot(row(least), &point);
        if gain <= 1e-14 * (largest * square).sqrt() || square <= 1e-26 * largest || hull.iter().any(|h| h.0 == least) {
            break;
        }
        hull.push((least, 0.0));
        while let Some(affine) = affine_minimum(&hull.iter().map(|h| row(h.0)).collect::<Vec<_>>()) {
            if affine.iter().all(|&a| a > TINY) {
                hull.iter_mut().zip(&affine).for_each(|(h, &a)| h.1 = a);
                break;
            }
            let reach = hull.iter().zip(&affine).filter(|(_, a)| **a <= TINY);
            let reach = reach.map(|(h, a)| h.1 / (h.1 - a)).fold(1.0, f64::min);
            hull.iter_mut().zip(&affine).for_each(|(h, a)| h.1 += reach * (a - h.1));
            // At least one goes, whatever the rounding.
            let lowest = hull.iter().map(|h| h.1).fold(f64::INFINITY, f64::min);
            hull.retain(|h| h.1 > TINY.max(lowest));
        }
        point = mix(&hull, &row, width);
    }
    Nearest { point, hull }
}

const TINY: f64 = 1e-14;

/// ∑ share·row.
fn mix<'a>(hull: &[(usize, f64)], row: &impl Fn(usize) -> &'a [f64], width: usize) -> Vec<f64> {
    let mut point = vec![0.0; width];
    for &(i, share) in hull {
        point.iter_mut().zip(row(i)).for_each(|(p, z)| *p += share * z);
    }
    point
}

/// The shares, of sum 1, of the point nearest to 0 in the affine hull; `None` when the points are dependent.
fn affine_minimum(points: &[&[f64]]) -> Option<Vec<f64>> {
    let n = points.len();
    // The 1 of 1·1ᵀ may be any number above 0: that of the points' own size keeps the matrix even.
    let one = points.iter().map(|p| dot(p, p)).sum::<f64>() / n.max(1) as f64;
    let mut lower = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let inner: f64 = (0..j).map(|k| lower[i * n + k] * lower[j * n + k]).sum();
            let entry = one + dot(points[i], points[j]) - inner;
            lower[i * n + j] = match i == j {
                true if entry <= 1e-14 * one => return None,
                true => entry.sqrt(),
                false => entry / lower[j * n + j],
            };
        }
    }
    let mut x = vec![1.0; n];
    for i in 0..n {
        let inner: f64 = (0..i).map(|k| lower[i * n + k] * x[k]).sum();
        x[i] = (x[i] - inner) / lower[i * n + i];
    }
    for i in (0..n).rev() {
        let inner: f64 = (i + 1..n).map(|k| lower[k * n + i] * x[k]).sum();
        x[i] = (x[i] - inner) / lower[i * n + i];
    }
    let sum: f64 = x.iter().sum();
    (sum.is_finite() && sum != 0.0).then(|| x.iter().map(|x| x / sum).collect())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rows: &[f64], expected: &[f64]) {
        let found = nearest_to_zero(rows, expected.len());
        for (x, y) in found.point.iter().zip(expected) {
            assert!((x - y).abs() < 1e-12, "{:?}", found.point);
        }
        assert!((found.hull.iter().map(|h| h.1).sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn known_points() {
        check(&[3.0, 4.0], &[3.0, 4.0]);
        check(&[1.0, 2.0, 1.0, -1.0, 5.0, 0.0], &[1.0, 0.0]);
        check(&[2.0, 0.0, 0.0, 2.0, 4.0, 4.0], &[1.0, 1.0]);
        check(&[1.0, 1.0, -1.0, 1.0, 0.0, -3.0], &[0.0, 0.0]);
        check(&[1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0], &[1.0, 1.0]);
    }
}
