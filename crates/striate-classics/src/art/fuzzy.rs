//! Fuzzy ART: categories that are boxes.
//!
//! ```text
//! code      I = (x, 1 − x), complement coding; or x alone
//! choice    T_j = |I∧w_j| / (α + |w_j|)
//! match     M_j = |I∧w_j| / |I|
//! learning  w_J ← β·(I∧w_J) + (1 − β)·w_J; a new category w = I
//! ```
//!
//! ∧ the minimum, |·| the sum. With complement coding w_j = (u, 1 − v) is the box from u to v, and M says how small the
//! box stays that takes x in. β = 1 is fast learning; below 1 recoding is slow and committing still fast. Source:
//! Carpenter, Grossberg and Rosen, "Fuzzy ART: fast stable learning and categorization of analog patterns by an
//! adaptive resonance system", Neural Networks 4, 1991.

use super::{Art, check_not_empty, check_range, check_vigilance, overlap, share, size};
use crate::checks::{self, row, setting};
use serde::{Deserialize, Serialize};
use striate_tensor::Result;

/// Everything that decides the categories, but for the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FuzzyArtSettings {
    /// ρ: how alike the rows of a category are, from 0 to 1.
    pub vigilance: f64,
    /// α, above 0: the smaller, the more a small category is preferred that has the row already.
    pub choice: f64,
    /// β, above 0 to 1: 1 learns at once.
    pub rate: f64,
    /// Whether each number comes with its complement.
    pub complement: bool,
}

impl Default for FuzzyArtSettings {
    /// Vigilance 0.75, α = 0.001, fast learning, complement coding.
    fn default() -> Self {
        FuzzyArtSettings { vigilance: 0.75, choice: 0.001, rate: 1.0, complement: true }
    }
}

/// Categories that are boxes; see the top of the [module](super).
///
/// ```
/// use striate_classics::art::{Art, FuzzyArt, FuzzyArtSettings};
/// let mut art = FuzzyArt::new(2, FuzzyArtSettings::default())?;
/// art.learn_one(&[0.25, 0.5])?;
/// art.learn_one(&[0.5, 0.25])?;
/// // one box from (0.25, 0.25) to (0.5, 0.5)
/// assert_eq!(art.category(0), Some(&[0.25, 0.25, 0.5, 0.5][..]));
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FuzzyArt {
    settings: FuzzyArtSettings,
    features: usize,
    weights: Vec<f32>,
}

impl Art for FuzzyArt {
    type Settings = FuzzyArtSettings;

    const NAME: &'static str = "fuzzy-art";
    const CLASSIFIER: &'static str = "fuzzy-art-classifier";
    const MAP: &'static str = "fuzzy-art-map";

    fn new(features: usize, settings: FuzzyArtSettings) -> Result<Self> {
        checks::size("features", features)?;
        check_vigilance(settings.vigilance)?;
        let choice = settings.choice;
        setting(choice > 0.0 && choice.is_finite(), "choice", choice, "a finite number above 0")?;
        setting(settings.rate > 0.0 && settings.rate <= 1.0, "rate", settings.rate, "above 0 to 1")?;
        Ok(FuzzyArt { settings, features, weights: vec![] })
    }

    accessors!(FuzzyArtSettings);

    fn width(&self) -> usize {
        if self.settings.complement { 2 * self.features } else { self.features }
    }

    fn code(&self, x: &[f32]) -> Result<Vec<f32>> {
        row(x, self.features)?;
        check_range(
            x,
            |x| (0.0..=1.0).contains(&x),
            "numbers from 0 to 1",
            "scale each feature by its least and largest",
        )?;
        let mut code = x.to_vec();
        if self.settings.complement {
            code.extend(x.iter().map(|x| 1.0 - x));
        }
        check_not_empty(&code)?;
        Ok(code)
    }

    fn choice(&self, code: &[f32], weights: &[f32]) -> f64 {
        overlap(code, weights) / (self.settings.choice + size(weights))
    }

    fn matching(&self, code: &[f32], weights: &[f32]) -> f64 {
        share(code, weights)
    }

    fn vigilance(&self, _code: &[f32]) -> f64 {
        self.settings.vigilance
    }

    fn adapt(&self, code: &[f32], weights: &mut [f32]) {
        let beta = self.settings.rate as f32;
        for (w, &i) in weights.iter_mut().zip(code) {
            // written so that a weight below the code keeps its bits
            *w -= beta * (*w - w.min(i));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_tensor::Rng;

    #[test]
    fn boxes_hold_their_rows_and_stay_small() {
        let rng = Rng::new(8);
        let rows: Vec<f32> = (0..600).map(|i| rng.uniform(i)).collect();
        let settings = FuzzyArtSettings { vigilance: 0.7, ..FuzzyArtSettings::default() };
        let mut art = FuzzyArt::new(2, settings).unwrap();
        let mut before: Vec<f32> = vec![];
        for x in rows.chunks(2) {
            let category = art.learn_one(x).unwrap();
            let w = art.category(category).unwrap();
            assert!((0..2).all(|f| w[f] <= x[f] && x[f] <= 1.0 - w[f + 2] + 1e-6), "{x:?} outside {w:?}");
            assert!(size(w) >= 0.7 * 2.0 - 1e-5, "the box is too large: {w:?}");
            assert!(before.iter().zip(art.weights()).all(|(old, new)| new <= old), "weights never grow");
            before = art.weights().to_vec();
        }
    }

    #[test]
    fn slow_learning_goes_a_part_of_the_way() {
        let learn = |rate: f64| {
            let settings = FuzzyArtSettings { vigilance: 0.5, rate, ..FuzzyArtSettings::default() };
            let mut art = FuzzyArt::new(1, settings).unwrap();
            art.learn_one(&[0.5]).unwrap();
            art.learn_one(&[0.75]).unwrap();
            art.weights().to_vec()
        };
        assert_eq!(learn(1.0), [0.5, 0.25]);
        assert_eq!(learn(0.5), [0.5, 0.375]);
    }

    #[test]
    fn without_complement_weights_only_shrink() {
        let settings = FuzzyArtSettings { vigilance: 0.8, complement: false, ..FuzzyArtSettings::default() };
        let mut art = FuzzyArt::new(1, settings).unwrap();
        let categories: Vec<usize> = [0.9, 0.5, 0.25, 0.125].iter().map(|&x| art.learn_one(&[x]).unwrap()).collect();
        assert_eq!(categories, [0; 4], "a smaller number has all of itself in a larger one");
        assert_eq!(art.weights(), [0.125]);
        assert_eq!(art.learn_one(&[0.9]).unwrap(), 1);
        assert!(art.learn_one(&[0.0]).is_err());
    }

    #[test]
    fn refuses_what_cannot_be() {
        let good = FuzzyArtSettings::default();
        for bad in [
            FuzzyArtSettings { choice: 0.0, ..good },
            FuzzyArtSettings { rate: 0.0, ..good },
            FuzzyArtSettings { rate: 1.5, ..good },
            FuzzyArtSettings { vigilance: f64::NAN, ..good },
        ] {
            assert!(FuzzyArt::new(2, bad).is_err(), "{bad:?}");
        }
        let mut art = FuzzyArt::new(2, good).unwrap();
        assert!(art.learn_one(&[0.5, 1.5]).unwrap_err().to_string().contains("1.5 in column 1"));
        assert!(art.train(&[0.5], 1).is_err() && art.train(&[], 1).is_err());
    }
}
