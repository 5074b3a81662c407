//! Units find the clusters; a conscience leaves none of them idle.

use crate::standardized;
use striate_classics::Rows;
use striate_classics::competitive::{Competitive, Settings};
use striate_classics::data;
use striate_classics::online::LearnOne;
use striate_tensor::{Fault, Rng};

const CENTRES: [[f32; 2]; 4] = [[4.0, 4.0], [8.0, 4.0], [4.0, 8.0], [8.0, 8.0]];

/// 50 points around each centre; the first coordinates of the first centre's points come first.
fn clusters() -> Vec<f32> {
    let rng = Rng::new(1);
    let point = |i: u64| {
        let centre = CENTRES[i as usize / 50];
        [centre[0] + 0.3 * rng.normal(2 * i), centre[1] + 0.3 * rng.normal(2 * i + 1)]
    };
    (0..200).flat_map(point).collect()
}

/// How many units win, and the mean squared distance, with the given conscience.
fn trained(conscience: f32, seed: u64) -> (usize, f64) {
    let points = clusters();
    let rows = Rows::new(&points, 2).unwrap();
    let mut units = Competitive::new(2, 4, 1, &Settings { conscience, seed, ..Settings::default() }).unwrap();
    let distance = units.train(rows, 100, seed).unwrap();
    let mut winners: Vec<usize> = rows.iter().map(|x| units.nearest(x).unwrap()).collect();
    winners.sort_unstable();
    winners.dedup();
    (winners.len(), distance)
}

/// All start near 0, far from every point.
#[test]
fn without_a_conscience_units_stay_idle_with_it_none_does() {
    for seed in 0..5 {
        let (plain, plain_distance) = trained(0.0, seed);
        let (all, distance) = trained(400.0, seed);
        assert!(plain < 4 && all == 4, "{plain}, {all}");
        assert!(distance < 0.25 && distance < plain_distance, "{distance}, {plain_distance}");
    }
}

#[test]
fn a_conscience_makes_the_shares_even() {
    let points = clusters();
    let mut units = Competitive::new(2, 8, 1, &Settings { conscience: 400.0, ..Settings::default() }).unwrap();
    units.train(Rows::new(&points, 2).unwrap(), 100, 1).unwrap();
    assert!(units.shares().iter().all(|&p| (0.1..0.15).contains(&p)), "{:?}", units.shares());
    assert!((units.shares().iter().sum::<f32>() - 1.0).abs() < 1e-3);
}

#[test]
fn with_counted_labels_it_tells_digits() {
    let (train, test) = standardized(&data::digits(), 1);
    let starts = train.select(&(0..40).collect::<Vec<_>>());
    let settings = Settings { conscience: 60.0, ..Settings::default() };
    let units = Competitive::new(64, 40, 10, &settings).unwrap();
    let mut units = units.starting_at(starts.rows()).unwrap();
    units.train(train.rows(), 5, 1).unwrap();
    for (x, &y) in train.rows().iter().zip(train.labels()) {
        units.learn_one(x, y).unwrap();
    }
    let right = test.rows().iter().zip(test.labels()).filter(|(x, y)| units.predict_one(x).unwrap() == **y).count();
    assert!(right * 100 > 80 * test.len(), "{right} of {}", test.len());
}

#[test]
fn mistakes_are_errors() {
    let settings = Settings::default();
    assert_eq!(Competitive::new(2, 0, 1, &settings).unwrap_err().fault(), Fault::Model);
    assert_eq!(
        Competitive::new(2, 2, 1, &Settings { rate: 1.5, ..settings.clone() }).unwrap_err().fault(),
        Fault::Model
    );
    let mut units = Competitive::new(2, 2, 3, &settings).unwrap();
    assert_eq!(units.learn_one(&[1.0, 1.0], 3).unwrap_err().fault(), Fault::Data);
    assert_eq!(units.compete(&[1.0]).unwrap_err().fault(), Fault::Data);
    assert_eq!(units.starting_at(Rows::new(&[1.0, 1.0], 2).unwrap()).unwrap_err().fault(), Fault::Data);
}
