//! Stored patterns come back from noise and from parts, and the energy falls.

use crate::random_patterns;
use striate_classics::Rows;
use striate_classics::data;
use striate_classics::hopfield::{Continuous, End, Hopfield, Modern, Order, Storage};
use striate_tensor::{Fault, Rng};

/// `pattern` with `count` of its units flipped.
fn flipped(pattern: &[f32], count: usize, rng: Rng) -> Vec<f32> {
    let mut order: Vec<usize> = (0..pattern.len()).collect();
    rng.shuffle(&mut order);
    let mut probe = pattern.to_vec();
    order[..count].iter().for_each(|&i| probe[i] = -probe[i]);
    probe
}

/// One digit of each class, ±1, of 64 units.
fn digits() -> Vec<f32> {
    let digits = data::digits();
    let first = |class| digits.labels().iter().position(|&y| y == class).unwrap();
    let ink = |class| digits.row(first(class)).iter().map(|&p| if p >= 8.0 { 1.0 } else { -1.0 }).collect::<Vec<f32>>();
    (0..10).flat_map(ink).collect()
}

fn falls(energies: &[f64]) -> bool {
    energies.is_sorted_by(|before, after| after <= before)
}

/// 100 units, 5 random patterns, 20 of the bits flipped, 1,000 trials: 200 networks, each pattern once.
#[test]
fn five_patterns_of_a_hundred_units_come_back_from_a_fifth_of_noise() {
    let mut exact = 0;
    for network in 0..200 {
        let stored = random_patterns(5, 100, network);
        let patterns = Rows::new(&stored, 100).unwrap();
        let memory = Hopfield::store(patterns, Storage::Hebb).unwrap();
        for (i, pattern) in patterns.iter().enumerate() {
            let probe = flipped(pattern, 20, Rng::new(network).stream("noise").substream(i as u64));
            let recall = memory.recall(&probe, Order::Asynchronous { seed: network }, 100).unwrap();
            assert!(falls(&recall.energies) && recall.end == End::Settled);
            exact += usize::from(recall.state == pattern);
        }
    }
    assert!(exact >= 990, "{exact} of 1000");
}

#[test]
fn the_energy_that_is_told_is_that_of_the_state() {
    for storage in [Storage::Hebb, Storage::PseudoInverse, Storage::Storkey] {
        let stored = random_patterns(20, 60, 3);
        let memory = Hopfield::store(Rows::new(&stored, 60).unwrap(), storage).unwrap();
        for trial in 0..50 {
            let probe = random_patterns(1, 60, 100 + trial);
            let recall = memory.recall(&probe, Order::Asynchronous { seed: trial }, 100).unwrap();
            assert!(falls(&recall.energies) && memory.holds(&recall.state).unwrap());
            let (first, last) = (recall.energies[0], recall.energies[recall.energies.len() - 1]);
            assert!((first - memory.energy(&probe).unwrap()).abs() < 1e-9);
            assert!((last - memory.energy(&recall.state).unwrap()).abs() < 1e-4, "{storage:?}");
        }
    }
}

#[test]
fn all_at_once_may_end_in_a_cycle_which_is_noticed() {
    // Two units that each take the other's sign.
    let memory = Hopfield::store(Rows::new(&[1.0, 1.0], 2).unwrap(), Storage::Hebb).unwrap();
    let recall = memory.recall(&[1.0, -1.0], Order::Synchronous, 50).unwrap();
    assert_eq!((recall.end, recall.sweeps), (End::Cycle, 2));
    let recall = memory.recall(&[1.0, -1.0], Order::Asynchronous { seed: 1 }, 50).unwrap();
    assert_eq!(recall.end, End::Settled);
    assert_eq!(memory.recall(&[1.0, -1.0], Order::Synchronous, 1).unwrap().end, End::Limit);
}

/// The share of `count` random patterns of 100 units that are settled states.
fn held(storage: Storage, count: usize) -> f64 {
    let stored = random_patterns(count, 100, 17);
    let patterns = Rows::new(&stored, 100).unwrap();
    let memory = Hopfield::store(patterns, storage).unwrap();
    patterns.iter().filter(|pattern| memory.holds(pattern).unwrap()).count() as f64 / count as f64
}

#[test]
fn each_way_to_store_has_its_capacity() {
    assert_eq!(held(Storage::Hebb, 5), 1.0);
    assert!(held(Storage::Hebb, 50) < 0.1, "far beyond 0.138·n");
    assert_eq!(held(Storage::PseudoInverse, 50), 1.0);
    assert_eq!(held(Storage::PseudoInverse, 99), 1.0);
    assert_eq!(held(Storage::Storkey, 15), 1.0);
    assert!(held(Storage::Storkey, 25) > held(Storage::Hebb, 25));
    let of = |storage: Storage| storage.capacity(100);
    assert!(of(Storage::Hebb) < of(Storage::Storkey) && of(Storage::Storkey) < of(Storage::PseudoInverse));
}

#[test]
fn the_pseudo_inverse_is_a_projection_also_of_dependent_patterns() {
    let mut stored = random_patterns(4, 12, 5);
    stored.extend_from_within(12..24);
    let negative: Vec<f32> = stored[..12].iter().map(|x| -x).collect();
    stored.extend(negative);
    let patterns = Rows::new(&stored, 12).unwrap();
    let memory = Hopfield::store(patterns, Storage::PseudoInverse).unwrap();
    let four = Hopfield::store(Rows::new(&stored[..48], 12).unwrap(), Storage::PseudoInverse).unwrap();
    assert_eq!(memory, four);
    // W with its diagonal d put back maps each pattern to itself: W·x = (1 − d)·x.
    for x in patterns.iter() {
        for (i, row) in memory.weights().chunks(12).enumerate() {
            let field: f32 = row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>() * x[i];
            assert!(field > 0.0 && field < 1.0);
        }
    }
}

#[test]
fn storkey_equals_its_formula_for_two_patterns() {
    let stored = random_patterns(2, 6, 9);
    let (x, y) = stored.split_at(6);
    let memory = Hopfield::store(Rows::new(&stored, 6).unwrap(), Storage::Storkey).unwrap();
    let n = 6.0;
    let first = |i: usize, j: usize| if i == j { 0.0 } else { x[i] * x[j] / n };
    let h = |i: usize, j: usize| (0..6).filter(|&k| k != i && k != j).map(|k| first(i, k) * y[k]).sum::<f32>();
    for i in 0..6 {
        for j in (0..6).filter(|&j| j != i) {
            let expected = first(i, j) + (y[i] * y[j] - y[i] * h(j, i) - h(i, j) * y[j]) / n;
            assert!((memory.weights()[i * 6 + j] - expected).abs() < 1e-6);
        }
    }
}

#[test]
fn digits_come_back_from_noise_and_from_half_an_image() {
    let stored = digits();
    let patterns = Rows::new(&stored, 64).unwrap();
    let memory = Hopfield::store(patterns, Storage::PseudoInverse).unwrap();
    let modern = Modern::store(patterns, 1.0).unwrap();
    let (mut noise, mut half, mut binary) = (0, 0, 0);
    for (i, digit) in patterns.iter().enumerate() {
        for trial in 0..20 {
            let probe = flipped(digit, 6, Rng::new(trial).substream(i as u64));
            let recall = memory.recall(&probe, Order::Asynchronous { seed: trial }, 100).unwrap();
            noise += usize::from(recall.state == digit);
            assert_eq!(modern.retrieve(&probe, 10).unwrap().nearest, i);
            binary += usize::from(modern.recall_binary(&probe, trial, 100).unwrap().state == digit);
        }
        for missing in [0..32, 32..64] {
            let mut probe = digit.to_vec();
            probe[missing].fill(0.0);
            for seed in 0..5 {
                let recall = memory.recall(&probe, Order::Asynchronous { seed }, 100).unwrap();
                assert!(falls(&recall.energies));
                half += usize::from(recall.state == digit);
            }
            assert_eq!(modern.retrieve(&probe, 10).unwrap().nearest, i);
        }
    }
    assert!(noise >= 190 && half >= 90, "{noise} of 200 from noise, {half} of 100 from half");
    assert!(binary >= 190, "{binary} of 200 from noise");
    // Hebb's rule does not hold patterns that have so much in common.
    let hebb = Hopfield::store(patterns, Storage::Hebb).unwrap();
    assert!(patterns.iter().filter(|digit| hebb.holds(digit).unwrap()).count() < 5);
}

#[test]
fn graded_units_settle_where_the_binary_ones_do() {
    let stored = random_patterns(5, 100, 1);
    let patterns = Rows::new(&stored, 100).unwrap();
    let network = Continuous::of(&Hopfield::store(patterns, Storage::Hebb).unwrap(), 20.0).unwrap();
    for (i, pattern) in patterns.iter().enumerate() {
        let probe: Vec<f32> = flipped(pattern, 15, Rng::new(i as u64)).iter().map(|s| 0.5 * s).collect();
        let settled = network.settle(&probe, 2000).unwrap();
        assert!(settled.settled && settled.energies.is_sorted_by(|before, after| *after <= before + 1e-9));
        assert!(settled.outputs.iter().zip(pattern).all(|(v, s)| v * s > 0.9));
        let energy = network.energy(&settled.outputs).unwrap();
        assert!((energy - settled.energies[settled.energies.len() - 1]).abs() < 1e-4);
    }
    assert_eq!(network.settle(&[2.0; 100], 1).unwrap_err().fault(), Fault::Data);
}

#[test]
fn a_low_gain_forgets() {
    // Below the gain at which W's greatest eigenvalue, 1, pays for the leak, only V = 0 is settled.
    let network =
        Continuous::of(&Hopfield::store(Rows::new(&[1.0, 1.0, -1.0, 1.0], 4).unwrap(), Storage::Hebb).unwrap(), 0.5)
            .unwrap();
    let settled = network.settle(&[0.9, 0.9, -0.9, 0.9], 2000).unwrap();
    assert!(settled.settled && settled.outputs.iter().all(|v| v.abs() < 1e-4));
}

#[test]
fn the_modern_network_holds_more_patterns_than_it_has_units() {
    let stored = random_patterns(500, 64, 2);
    let patterns = Rows::new(&stored, 64).unwrap();
    let memory = Modern::store(patterns, 0.5).unwrap();
    let mut exact = 0;
    for (i, pattern) in patterns.iter().enumerate().step_by(10) {
        let probe = flipped(pattern, 8, Rng::new(i as u64));
        let real = memory.retrieve(&probe, 20).unwrap();
        assert!(real.energies.is_sorted_by(|before, after| *after <= before + 1e-3), "{:?}", real.energies);
        assert!((memory.energy(&real.state).unwrap() - real.energies[real.energies.len() - 1]).abs() < 1e-9);
        assert_eq!(real.nearest, i);
        let binary = memory.recall_binary(&probe, 1, 20).unwrap();
        assert!(binary.energies.is_sorted_by(|before, after| *after <= before + 1e-9));
        exact += usize::from(binary.state == pattern && real.state.iter().zip(pattern).all(|(a, b)| a * b > 0.9));
    }
    assert!(exact >= 48, "{exact} of 50");
    let attention = memory.attention(patterns.row(3)).unwrap();
    assert!(attention[3] > 0.99 && (attention.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn mistakes_are_errors() {
    let failure = Hopfield::store(Rows::new(&[0.5, 1.0], 2).unwrap(), Storage::Hebb).unwrap_err();
    assert!(failure.to_string().contains("expected: −1 or 1"), "{failure}");
    assert_eq!(Continuous::new(vec![0.0, 1.0, 2.0, 0.0], vec![0.0; 2], 1.0).unwrap_err().fault(), Fault::Data);
    assert_eq!(Continuous::new(vec![0.0; 5], vec![0.0; 2], 1.0).unwrap_err().fault(), Fault::Data);
    assert_eq!(Continuous::new(vec![], vec![], 1.0).unwrap_err().fault(), Fault::Data);
    let real = Modern::store(Rows::new(&[0.5, 1.0], 2).unwrap(), 1.0).unwrap();
    assert_eq!(real.recall_binary(&[1.0, 1.0], 1, 5).unwrap_err().fault(), Fault::Data);
    assert_eq!(real.retrieve(&[1.0], 5).unwrap_err().fault(), Fault::Data);
}
