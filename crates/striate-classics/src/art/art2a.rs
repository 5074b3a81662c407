//! ART2-A: categories of directions.
//!
//! ```text
//! code      I = N(F(N(x))), N(x) = x/‖x‖, F(x)_i = x_i where x_i > θ, else 0
//! choice    T_j = I·w_j; of a category not yet committed α·Σ I_i
//! match     M_j = T_j
//! learning  w_J ← N(β·N(Ψ) + (1 − β)·w_J), Ψ_i = I_i where w_Ji > θ, else 0
//! ```
//!
//! θ takes noise away, α ≤ 1/√n for n features, β the learning rate. Source: Carpenter, Grossberg and Rosen, "ART 2-A:
//! an adaptive resonance algorithm for rapid category learning and recognition", Neural Networks 4, 1991.

use super::{Art, check_not_empty, check_range, check_vigilance, size};
use crate::checks::{self, row, setting};
use serde::{Deserialize, Serialize};
use striate_tensor::Result;

/// Everything that decides the categories, but for the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Art2aSettings {
    /// ρ: the least cosine of a row with its category, from 0 to 1.
    pub vigilance: f64,
    /// α, from 0 to 1/√features.
    pub choice: f64,
    /// β, above 0 to 1: at 1 a category becomes the row.
    pub rate: f64,
    /// θ, from 0 to below 1/√features.
    pub threshold: f64,
}

impl Default for Art2aSettings {
    /// Vigilance 0.9, α = 0, β = 0.1, θ = 0.
    fn default() -> Self {
        Art2aSettings { vigilance: 0.9, choice: 0.0, rate: 0.1, threshold: 0.0 }
    }
}

/// Categories of directions; see the top of the [module](super).
///
/// ```
/// use striate_classics::art::{Art, Art2a, Art2aSettings};
/// let mut art = Art2a::new(2, Art2aSettings::default())?;
/// assert_eq!(art.learn_one(&[3.0, 0.1])?, 0);
/// assert_eq!(art.learn_one(&[1.0, 0.1])?, 0); // the length plays no part
/// assert_eq!(art.learn_one(&[1.0, 1.0])?, 1);
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Art2a {
    settings: Art2aSettings,
    features: usize,
    weights: Vec<f32>,
}

impl Art for Art2a {
    type Settings = Art2aSettings;

    const NAME: &'static str = "art2a";
    const CLASSIFIER: &'static str = "art2a-classifier";
    const MAP: &'static str = "art2a-map";

    fn new(features: usize, settings: Art2aSettings) -> Result<Self> {
        checks::size("features", features)?;
        check_vigilance(settings.vigilance)?;
        let limit = 1.0 / (features as f64).sqrt();
        setting((0.0..=limit).contains(&settings.choice), "choice", settings.choice, "from 0 to 1/√features")?;
        setting(settings.rate > 0.0 && settings.rate <= 1.0, "rate", settings.rate, "above 0 to 1")?;
        setting(
            (0.0..limit).contains(&settings.threshold),
            "threshold",
            settings.threshold,
            "from 0 to below 1/√features, which leaves at least one number",
        )?;
        Ok(Art2a { settings, features, weights: vec![] })
    }

    accessors!(Art2aSettings);

    fn code(&self, x: &[f32]) -> Result<Vec<f32>> {
        row(x, self.features)?;
        check_range(
            x,
            |x| x >= 0.0,
            "numbers from 0",
            "shift the feature, or give it two columns: max(x, 0), max(−x, 0)",
        )?;
        check_not_empty(x)?;
        let mut code = x.to_vec();
        normalise(&mut code);
        let threshold = self.settings.threshold as f32;
        code.iter_mut().for_each(|x| *x = if *x > threshold { *x } else { 0.0 });
        normalise(&mut code);
        Ok(code)
    }

    fn choice(&self, code: &[f32], weights: &[f32]) -> f64 {
        code.iter().zip(weights).map(|(&i, &w)| f64::from(i) * f64::from(w)).sum()
    }

    fn matching(&self, code: &[f32], weights: &[f32]) -> f64 {
        self.choice(code, weights)
    }

    /// Also at least α·Σ I, for else a category not yet committed is chosen first.
    fn vigilance(&self, code: &[f32]) -> f64 {
        // unit lengths in f32: a code meets itself with a cosine a few units in the last place below 1
        (self.settings.vigilance - 1e-6).max(self.settings.choice * size(code))
    }

    fn adapt(&self, code: &[f32], weights: &mut [f32]) {
        let (beta, threshold) = (self.settings.rate as f32, self.settings.threshold as f32);
        let psi = |i: f32, w: f32| if w > threshold { i } else { 0.0 };
        let squares = code.iter().zip(&*weights).map(|(&i, &w)| f64::from(psi(i, w)).powi(2));
        let norm = squares.sum::<f64>().sqrt() as f32;
        if norm > 0.0 {
            weights.iter_mut().zip(code).for_each(|(w, &i)| *w = beta * psi(i, *w) / norm + (1.0 - beta) * *w);
            normalise(weights);
        }
    }
}

/// Unit length, for what is not all zeros.
fn normalise(x: &mut [f32]) {
    let norm = x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    if norm > 0.0 {
        x.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: &[f32], expected: &[f32]) {
        let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(found.len() == expected.len() && close, "{found:?}, not {expected:?}");
    }

    #[test]
    fn codes_have_unit_length_and_no_noise() {
        let art = Art2a::new(3, Art2aSettings { threshold: 0.3, ..Art2aSettings::default() }).unwrap();
        near(&art.code(&[3.0, 4.0, 0.1]).unwrap(), &[0.6, 0.8, 0.0]);
        assert!(art.code(&[1.0, -1.0, 0.0]).is_err() && art.code(&[0.0; 3]).is_err());
    }

    #[test]
    fn weights_turn_towards_the_row_but_grow_nothing_new() {
        let settings = Art2aSettings { vigilance: 0.5, rate: 0.5, threshold: 0.2, choice: 0.0 };
        let mut art = Art2a::new(3, settings).unwrap();
        art.learn_one(&[0.6, 0.8, 0.0]).unwrap();
        assert_eq!(art.learn_one(&[0.8, 0.6, 0.0]).unwrap(), 0);
        near(art.weights(), &[0.5f32.sqrt(), 0.5f32.sqrt(), 0.0]);
        // Ψ = (0.6, 0, 0)/0.6: the third feature was at zero, and stays there
        assert_eq!(art.learn_one(&[0.6, 0.0, 0.4]).unwrap(), 0);
        assert_eq!(art.weights()[2], 0.0);
        assert!(art.weights()[0] > art.weights()[1]);
    }

    #[test]
    fn a_new_category_is_chosen_where_it_asks_more() {
        let settings = Art2aSettings { vigilance: 0.0, choice: 0.7, ..Art2aSettings::default() };
        let mut art = Art2a::new(2, settings).unwrap();
        art.learn_one(&[1.0, 0.0]).unwrap();
        // I = (1, 1)/√2: T₀ = 0.707 and α·Σ I = 0.99
        assert_eq!(art.learn_one(&[1.0, 1.0]).unwrap(), 1);
        assert!(Art2a::new(2, Art2aSettings { choice: 0.8, ..settings }).is_err());
    }

    #[test]
    fn equal_rows_share_a_category_at_any_vigilance() {
        let mut art = Art2a::new(3, Art2aSettings { vigilance: 1.0, ..Art2aSettings::default() }).unwrap();
        for x in [[0.1, 0.2, 0.7], [0.3, 0.3, 0.3], [0.9, 0.01, 0.5]] {
            let first = art.learn_one(&x).unwrap();
            assert_eq!(art.learn_one(&x).unwrap(), first);
        }
        assert_eq!(art.categories(), 3);
    }
}
