//! What a layer of units does with its input z: probabilities, and numbers drawn from them.

use striate_kernels::Workers;
use striate_tensor::Rng;

/// Units of one item.
const ITEM: usize = 2048;

/// p = 1 / (1 + e^(−z)), in place.
pub(super) fn logistic(workers: &Workers, z: &mut [f32]) {
    workers.chunks(z, ITEM, |_, _, z| z.iter_mut().for_each(|z| *z = 1.0 / (1.0 + (-*z).exp())));
}

/// 1 with probability p, else 0, in place.
pub(super) fn draw_bits(workers: &Workers, rng: Rng, p: &mut [f32]) {
    workers.chunks(p, ITEM, |item, _, p| {
        for (i, p) in p.iter_mut().enumerate() {
            *p = f32::from(u8::from(rng.uniform((item * ITEM + i) as u64) < *p));
        }
    });
}

/// Adds standard normal noise, in place.
pub(super) fn draw_normals(workers: &Workers, rng: Rng, mean: &mut [f32]) {
    workers.chunks(mean, ITEM, |item, _, mean| {
        mean.iter_mut().enumerate().for_each(|(i, x)| *x += rng.normal((item * ITEM + i) as u64));
    });
}

/// ln(1 + e^z) without overflow.
pub(super) fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_their_probabilities() {
        let workers = Workers::new(2);
        let mut p: Vec<f32> = (0..20_000).map(|i| if i % 2 == 0 { -1.0 } else { 200.0 }).collect();
        logistic(&workers, &mut p);
        assert!((p[0] - 0.268_941_43).abs() < 1e-6 && p[1] == 1.0);
        let mut bits = p;
        draw_bits(&workers, Rng::new(1), &mut bits);
        let mean = |odd: usize| bits.iter().skip(odd).step_by(2).sum::<f32>() / 10_000.0;
        assert!((mean(0) - 0.269).abs() < 0.015 && mean(1) == 1.0, "{}", mean(0));
        let mut x = vec![3.0; 20_000];
        draw_normals(&workers, Rng::new(1), &mut x);
        let mean = x.iter().sum::<f32>() / 20_000.0;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 20_000.0;
        assert!((mean - 3.0).abs() < 0.03 && (variance - 1.0).abs() < 0.05);
        assert_eq!(softplus(1000.0), 1000.0);
        assert!((softplus(0.0) - std::f64::consts::LN_2).abs() < 1e-12 && softplus(-800.0) == 0.0);
    }
}
