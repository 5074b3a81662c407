//! ART1: categories of bit patterns.
//!
//! ```text
//! choice    T_j = L·|I∧w_j| / (L − 1 + |w_j|)
//! match     M_j = |I∧w_j| / |I|
//! learning  w_J ← I∧w_J
//! ```
//!
//! I the pattern, w_j the top-down weights of category j (the bottom-up ones are L·w_j / (L − 1 + |w_j|)), L > 1: the
//! larger, the more a large pattern is preferred to a small one. Source: Carpenter and Grossberg, "A massively parallel
//! architecture for a self-organizing neural pattern recognition machine", Computer Vision, Graphics, and Image
//! Processing 37, 1987; in the limit of fast learning.

use super::{Art, check_not_empty, check_range, check_vigilance, overlap, share, size};
use crate::checks::{self, row, setting};
use serde::{Deserialize, Serialize};
use striate_tensor::Result;

/// Everything that decides the categories, but for the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Art1Settings {
    /// ρ: the part of a pattern that its category must have, from 0 to 1.
    pub vigilance: f64,
    /// L, above 1.
    pub bias: f64,
}

impl Default for Art1Settings {
    /// Vigilance 0.7, L = 2.
    fn default() -> Self {
        Art1Settings { vigilance: 0.7, bias: 2.0 }
    }
}

/// Categories of bit patterns; see the top of the [module](super).
///
/// ```
/// use striate_classics::art::{Art, Art1, Art1Settings};
/// let mut art = Art1::new(4, Art1Settings { vigilance: 0.6, ..Art1Settings::default() })?;
/// assert_eq!(art.learn_one(&[1.0, 1.0, 1.0, 0.0])?, 0);
/// assert_eq!(art.learn_one(&[1.0, 1.0, 0.0, 0.0])?, 0); // the category keeps what both have
/// assert_eq!(art.learn_one(&[0.0, 0.0, 0.0, 1.0])?, 1);
/// assert_eq!(art.category(0), Some(&[1.0, 1.0, 0.0, 0.0][..]));
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Art1 {
    settings: Art1Settings,
    features: usize,
    weights: Vec<f32>,
}

impl Art for Art1 {
    type Settings = Art1Settings;

    const NAME: &'static str = "art1";
    const CLASSIFIER: &'static str = "art1-classifier";
    const MAP: &'static str = "art1-map";

    fn new(features: usize, settings: Art1Settings) -> Result<Self> {
        checks::size("features", features)?;
        check_vigilance(settings.vigilance)?;
        setting(settings.bias > 1.0 && settings.bias.is_finite(), "bias", settings.bias, "a finite number above 1")?;
        Ok(Art1 { settings, features, weights: vec![] })
    }

    accessors!(Art1Settings);

    fn code(&self, x: &[f32]) -> Result<Vec<f32>> {
        row(x, self.features)?;
        check_range(x, |x| x == 0.0 || x == 1.0, "0 or 1", "give bits: for example x > threshold")?;
        check_not_empty(x)?;
        Ok(x.to_vec())
    }

    fn choice(&self, code: &[f32], weights: &[f32]) -> f64 {
        self.settings.bias * overlap(code, weights) / (self.settings.bias - 1.0 + size(weights))
    }

    fn matching(&self, code: &[f32], weights: &[f32]) -> f64 {
        share(code, weights)
    }

    fn vigilance(&self, _code: &[f32]) -> f64 {
        self.settings.vigilance
    }

    fn adapt(&self, code: &[f32], weights: &mut [f32]) {
        weights.iter_mut().zip(code).for_each(|(w, &i)| *w = w.min(i));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Vec<f32> {
        text.bytes().map(|b| f32::from(u8::from(b == b'1'))).collect()
    }

    #[test]
    fn the_search_goes_on_after_a_reset() {
        let mut art = Art1::new(6, Art1Settings { vigilance: 0.75, bias: 2.0 }).unwrap();
        assert_eq!(art.learn_one(&row("110000")).unwrap(), 0);
        assert_eq!(art.learn_one(&row("111100")).unwrap(), 1, "category 0 has half of it");
        // T₀ = 4/3 and T₁ = 6/5: category 0 is chosen first, has two of three bits, and is reset
        assert_eq!(art.learn_one(&row("111000")).unwrap(), 1);
        assert_eq!(art.weights(), [row("110000"), row("111000")].concat());
        assert_eq!(art.predict(&row("111000")).unwrap(), Some(1));
        assert_eq!(art.predict(&row("000011")).unwrap(), None);
    }

    #[test]
    fn a_vigilance_that_is_met_exactly_resonates() {
        let mut art = Art1::new(5, Art1Settings { vigilance: 0.8, bias: 2.0 }).unwrap();
        art.learn_one(&row("11110")).unwrap();
        assert_eq!(art.learn_one(&row("11111")).unwrap(), 0);
    }

    #[test]
    fn refuses_what_are_no_bits() {
        let mut art = Art1::new(2, Art1Settings::default()).unwrap();
        assert!(art.learn_one(&[0.5, 1.0]).unwrap_err().to_string().contains("0.5 in column 0"));
        assert!(art.learn_one(&[0.0, 0.0]).unwrap_err().to_string().contains("zeros"));
        assert!(art.learn_one(&[1.0]).is_err());
        assert!(Art1::new(2, Art1Settings { vigilance: 1.1, bias: 2.0 }).is_err());
        assert!(Art1::new(2, Art1Settings { vigilance: 0.5, bias: 1.0 }).is_err());
    }
}
