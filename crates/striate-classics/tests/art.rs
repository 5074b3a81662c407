//! Adaptive resonance against artlib: the same categories and weights for the same rows in the same order.
//! `scripts/art_golden.py` wrote the numbers.

use serde_json::Value;
use striate_classics::art::{Art, Art1, Art1Settings, Classifier, FuzzyArt, FuzzyArtSettings};

const GOLDEN: &str = include_str!("golden/art.json");

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn bits(value: &Value) -> Vec<Vec<f32>> {
    let row = |text: &Value| text.as_str().unwrap().bytes().map(|b| f32::from(b - b'0')).collect();
    value.as_array().unwrap().iter().map(row).collect()
}

/// Learns all rows as often as artlib did, and gives the categories of the last pass.
fn learn(rows: &[Vec<f32>], case: &Value, mut one: impl FnMut(usize, &[f32]) -> usize) -> Vec<f64> {
    let mut categories = vec![];
    for _ in 0..case["passes"].as_u64().unwrap() {
        categories = rows.iter().enumerate().map(|(i, x)| one(i, x) as f64).collect();
    }
    categories
}

#[track_caller]
fn check(case: &Value, categories: &[f64], found: &[f32], expected: &[f64]) {
    let name = |key: &str| format!("{key} {}", case[key]);
    let name = [name("network"), name("vigilance"), name("choice"), name("rate"), name("bias")].join(", ");
    assert_eq!(categories, numbers(&case["categories"]), "{name}");
    assert_eq!(found.len(), expected.len(), "{name}");
    let far = found.iter().zip(expected).find(|(a, b)| (f64::from(**a) - **b).abs() > 2e-7);
    assert!(far.is_none(), "{name}: {far:?}");
}

#[test]
fn same_categories_as_artlib() {
    let mut lines = GOLDEN.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let shared = lines.next().unwrap();
    let iris = shared["shared"]["iris"].as_array().unwrap();
    let iris: Vec<Vec<f32>> = iris.iter().map(|row| numbers(row).iter().map(|&x| x as f32 / 256.0).collect()).collect();
    let digits: Vec<Vec<f32>> = bits(&shared["shared"]["digits"])
        .into_iter()
        .map(|row| row.iter().copied().chain(row.iter().map(|x| 1.0 - x)).collect())
        .collect();
    assert_eq!((iris.len(), digits.len()), (150, 100));
    let mut seen = 0;
    for case in lines {
        let setting = |key: &str| case[key].as_f64().unwrap();
        let fuzzy = || FuzzyArtSettings {
            vigilance: setting("vigilance"),
            choice: setting("choice"),
            rate: setting("rate"),
            complement: true,
        };
        match case["network"].as_str().unwrap() {
            "fuzzy-art" => {
                let mut art = FuzzyArt::new(4, fuzzy()).unwrap();
                let categories = learn(&iris, &case, |_, x| art.learn_one(x).unwrap());
                check(&case, &categories, art.weights(), &numbers(&case["weights"]));
            }
            "fuzzy-artmap" => {
                let labels = numbers(&case["labels"]);
                let mut map = Classifier::<FuzzyArt>::new(4, fuzzy(), Classifier::<FuzzyArt>::TRACKING).unwrap();
                let categories = learn(&iris, &case, |i, x| map.learn_one(x, labels[i] as usize).unwrap());
                check(&case, &categories, map.art().weights(), &numbers(&case["weights"]));
            }
            "art1" => {
                let settings = Art1Settings { vigilance: setting("vigilance"), bias: setting("bias") };
                let mut art = Art1::new(128, settings).unwrap();
                let categories = learn(&digits, &case, |_, x| art.learn_one(x).unwrap());
                let expected: Vec<f64> = bits(&case["weights"]).concat().into_iter().map(f64::from).collect();
                check(&case, &categories, art.weights(), &expected);
            }
            other => panic!("no such network: {other}"),
        }
        seen += 1;
    }
    assert_eq!(seen, 12);
}
