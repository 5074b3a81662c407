//! The machine against everything added up, where it is small enough for that.

use super::*;
use striate_kernels::Workers;

/// All rows of n bits.
fn all_bits(n: usize) -> Vec<f32> {
    (0..1usize << n).flat_map(|code| (0..n).map(move |i| ((code >> i) & 1) as f32)).collect()
}

fn random(visible: usize, settings: RbmSettings) -> Rbm {
    let mut rbm = Rbm::new(visible, settings).unwrap();
    let rng = Rng::new(77);
    let all = [&mut rbm.weights, &mut rbm.visible_bias, &mut rbm.hidden_bias];
    all.into_iter().flatten().enumerate().for_each(|(i, w)| *w = rng.normal(i as u64));
    rbm
}

/// E(v, h) by the formula.
fn energy(rbm: &Rbm, v: &[f32], h: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let links: f64 = h.iter().zip(rbm.weights.chunks(v.len())).map(|(&h, w)| f64::from(h) * dot(w, v)).sum();
    let of_visible = match rbm.settings.visible {
        Visible::Bernoulli => -dot(v, &rbm.visible_bias),
        Visible::Gaussian => {
            v.iter().zip(&rbm.visible_bias).map(|(&v, &b)| 0.5 * (f64::from(v) - f64::from(b)).powi(2)).sum()
        }
    };
    of_visible - dot(h, &rbm.hidden_bias) - links
}

/// ln p(v) of each row, by adding up everything.
fn log_likelihoods(rbm: &Rbm, rows: &[f32]) -> Vec<f64> {
    let workers = Workers::new(1);
    let all = rbm.free_energy(&workers, &all_bits(rbm.visible)).unwrap();
    let total = all.iter().map(|f| (-f).exp()).sum::<f64>().ln();
    rbm.free_energy(&workers, rows).unwrap().iter().map(|f| -f - total).collect()
}

#[test]
fn the_free_energy_sums_over_all_hidden_states() {
    for visible in [Visible::Bernoulli, Visible::Gaussian] {
        let rbm = random(4, RbmSettings { visible, ..RbmSettings::new(3) });
        let rows = all_bits(4);
        for (v, f) in rows.chunks(4).zip(rbm.free_energy(&Workers::new(1), &rows).unwrap()) {
            let sum: f64 = all_bits(3).chunks(3).map(|h| (-energy(&rbm, v, h)).exp()).sum();
            assert!((f + sum.ln()).abs() < 1e-4, "{visible:?} {v:?}: {f} {}", -sum.ln());
        }
    }
}

#[test]
fn samples_follow_the_model() {
    let rbm = random(3, RbmSettings::new(2));
    let rows = all_bits(3);
    let expected: Vec<f64> = log_likelihoods(&rbm, &rows).iter().map(|l| l.exp()).collect();
    let drawn = rbm.sample(&Workers::new(2), &vec![0.0; 3 * 20_000], 30, 1).unwrap();
    let mut counts = [0.0f64; 8];
    for v in drawn.chunks(3) {
        counts[(v[0] + 2.0 * v[1] + 4.0 * v[2]) as usize] += 1.0 / 20_000.0;
    }
    assert!(counts.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 0.015), "{counts:?} {expected:?}");
    let gaussian = random(2, RbmSettings { visible: Visible::Gaussian, ..RbmSettings::new(1) });
    // p(h = 1) = σ(c + ½‖b + w‖² − ½‖b‖²), then v has the mean b + h·w
    let half = |b: &[f32], w: &[f32]| b.iter().zip(w).map(|(b, w)| 0.5 * f64::from(b + w).powi(2)).sum::<f64>();
    let z = f64::from(gaussian.hidden_bias[0]) + half(&gaussian.visible_bias, &gaussian.weights)
        - half(&gaussian.visible_bias, &[0.0, 0.0]);
    let p = 1.0 / (1.0 + (-z).exp());
    let drawn = gaussian.sample(&Workers::new(1), &vec![0.0; 2 * 20_000], 30, 2).unwrap();
    for i in 0..2 {
        let mean = drawn.iter().skip(i).step_by(2).map(|&v| f64::from(v)).sum::<f64>() / 20_000.0;
        let expected = f64::from(gaussian.visible_bias[i]) + p * f64::from(gaussian.weights[i]);
        assert!((mean - expected).abs() < 0.05, "{mean} {expected}");
    }
}

/// With chains so long and so many that they draw from the model, one step of rate 1 is the gradient of ln p.
#[test]
fn a_step_follows_the_gradient_of_the_likelihood() {
    let workers = Workers::new(2);
    let rows = [1.0, 0.0, 1.0, 1.0, 1.0, 0.0].repeat(2000); // two rows of three bits
    for persistent in [false, true] {
        let settings = RbmSettings { rate: 1.0, steps: 40, batch: 4000, persistent, ..RbmSettings::new(2) };
        let before = random(3, settings);
        let mut after = before.clone();
        after.learn_batch(&workers, &rows).unwrap();
        let likelihood = |rbm: &Rbm| log_likelihoods(rbm, &rows[..6]).iter().sum::<f64>() / 2.0;
        let mut check = |of: fn(&mut Rbm) -> &mut Vec<f32>| {
            for i in 0..of(&mut before.clone()).len() {
                let moved = |by: f32| {
                    let mut rbm = before.clone();
                    of(&mut rbm)[i] += by;
                    likelihood(&rbm)
                };
                let gradient = (moved(0.01) - moved(-0.01)) / 0.02;
                let step = of(&mut after)[i] - of(&mut before.clone())[i];
                assert!((f64::from(step) - gradient).abs() < 0.05, "{persistent} {i}: {step} {gradient}");
            }
        };
        check(|rbm| &mut rbm.weights);
        check(|rbm| &mut rbm.visible_bias);
        check(|rbm| &mut rbm.hidden_bias);
    }
}

#[test]
fn training_makes_the_rows_likely() {
    let workers = Workers::new(2);
    let patterns = [[1.0, 1.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]];
    let rows = patterns.concat().repeat(40);
    let base = RbmSettings { rate: 0.1, batch: 12, ..RbmSettings::new(4) };
    for settings in [
        base,
        RbmSettings { steps: 5, momentum: 0.5, ..base },
        RbmSettings { persistent: true, steps: 3, weight_decay: 1e-3, ..base },
    ] {
        let mut rbm = Rbm::new(6, settings).unwrap();
        let before = log_likelihoods(&rbm, &patterns.concat()).iter().sum::<f64>() / 3.0;
        let pseudo = rbm.pseudo_likelihood(&workers, &rows, 0).unwrap();
        rbm.train(&workers, &rows, 150).unwrap();
        rbm.set_rate(0.01).unwrap(); // few chains make a persistent training swing; a small rate settles it
        rbm.train(&workers, &rows, 150).unwrap();
        let after = log_likelihoods(&rbm, &patterns.concat()).iter().sum::<f64>() / 3.0;
        // at the start ln 2⁻⁶ = −4.16; at best ln ⅓ = −1.10
        assert!(before < -4.0 && after > -1.8, "{settings:?}: {before} to {after}");
        assert!(rbm.pseudo_likelihood(&workers, &rows, 0).unwrap() > pseudo + 1.0);
    }
}

#[test]
fn decay_and_sparsity_press_where_they_should() {
    let workers = Workers::new(1);
    let rng = Rng::new(5);
    let rows: Vec<f32> = (0..200u64 * 8).map(|i| (rng.bits(i / 4) & 1) as f32).collect();
    let trained = |weight_decay: f64, sparsity: Option<Sparsity>| {
        let settings = RbmSettings { rate: 0.1, weight_decay, sparsity, ..RbmSettings::new(6) };
        let mut rbm = Rbm::new(8, settings).unwrap();
        rbm.train(&workers, &rows, 30).unwrap();
        let h = rbm.up(&workers, &rows).unwrap();
        let size = rbm.weights.iter().map(|w| w * w).sum::<f32>();
        (size, h.iter().sum::<f32>() / h.len() as f32)
    };
    let (free, on) = trained(0.0, None);
    assert!(trained(0.05, None).0 < 0.5 * free);
    let sparse = trained(0.0, Some(Sparsity { target: 0.1, cost: 1.0 })).1;
    assert!((sparse - 0.1).abs() < 0.08 && on > sparse + 0.1, "{sparse} and {on}");
}

#[test]
fn gaussian_units_learn_their_means() {
    let workers = Workers::new(1);
    let rng = Rng::new(6);
    // two clouds at ±(2, −2), of variance 1 in each direction
    let rows: Vec<f32> =
        (0..1000u64).map(|i| rng.normal(i) + if (i / 2 % 2 == 0) == (i % 2 == 0) { 2.0 } else { -2.0 }).collect();
    let settings = RbmSettings { visible: Visible::Gaussian, rate: 0.01, ..RbmSettings::new(1) };
    let mut rbm = Rbm::new(2, settings).unwrap();
    rbm.train(&workers, &rows, 60).unwrap();
    let ends = rbm.down(&workers, &[0.0, 1.0]).unwrap();
    for (i, sign) in [1.0, -1.0].into_iter().enumerate() {
        let (off, on) = (ends[i], ends[2 + i]);
        let (up, low) = if rbm.weights[0] > 0.0 { (on, off) } else { (off, on) };
        assert!((up - 2.0 * sign).abs() < 0.5 && (low + 2.0 * sign).abs() < 0.5, "{ends:?}");
    }
    assert!(rbm.pseudo_likelihood(&workers, &rows, 0).is_err());
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let rng = Rng::new(3);
    let rows: Vec<f32> = (0..97 * 150).map(|i| rng.uniform(i)).collect();
    let trained = |threads: usize| {
        let workers = Workers::new(threads);
        let settings = RbmSettings { persistent: true, batch: 20, momentum: 0.5, ..RbmSettings::new(120) };
        let mut rbm = Rbm::new(150, settings).unwrap();
        rbm.train(&workers, &rows, 2).unwrap();
        let samples = rbm.sample(&workers, &rows, 2, 1).unwrap();
        (rbm, samples)
    };
    let one = trained(1);
    assert!(trained(2) == one && trained(3) == one && trained(4) == one);
}

#[test]
fn a_file_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rbm.safetensors");
    let workers = Workers::new(1);
    let rows = all_bits(4);
    let sparsity = Some(Sparsity { target: 0.2, cost: 0.1 });
    for persistent in [false, true] {
        let settings = RbmSettings { persistent, sparsity, momentum: 0.9, ..RbmSettings::new(3) };
        let mut rbm = Rbm::new(4, settings).unwrap();
        rbm.train(&workers, &rows, 3).unwrap();
        rbm.save(&path).unwrap();
        let mut loaded = Rbm::load(&path).unwrap();
        rbm.train(&workers, &rows, 3).unwrap();
        loaded.train(&workers, &rows, 3).unwrap();
        assert_eq!(loaded, rbm);
    }
}

#[test]
fn says_what_is_wrong() {
    let good = RbmSettings::new(2);
    let refused = |settings| Rbm::new(2, settings).is_err();
    assert!(refused(RbmSettings { hidden: 0, ..good }) && refused(RbmSettings { rate: 0.0, ..good }));
    assert!(refused(RbmSettings { momentum: 1.0, ..good }) && refused(RbmSettings { steps: 0, ..good }));
    assert!(refused(RbmSettings { sparsity: Some(Sparsity { target: 0.0, cost: 1.0 }), ..good }));
    let workers = Workers::new(1);
    let mut rbm = Rbm::new(2, good).unwrap();
    let failure = rbm.learn_batch(&workers, &[0.5, 2.0]).unwrap_err();
    assert!(failure.to_string().contains("2 in column 1"));
    let wild = RbmSettings { visible: Visible::Gaussian, rate: 1e9, ..good };
    let mut rbm = Rbm::new(2, wild).unwrap();
    let failure = rbm.train(&workers, &[1e6, -1e6, 2e6, 3e6], 50).unwrap_err();
    assert_eq!(failure.fault(), striate_tensor::Fault::Diverged);
}
