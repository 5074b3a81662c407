//! Adaptive resonance: categories that form by themselves, one row after the other, and do not forget.
//!
#![cfg_attr(doc, doc = picture!("art"))]
//!
//! The largest categories of handwritten digits; drawn by `striate play art`.
//!
//! ```text
//! I = code of the row
//! by falling choice T_j (of equals the first): the category J resonates where its match M_J ≥ ρ
//! resonance        w_J moves towards I
//! none resonates   a new category is committed to I
//! ```
//!
//! | network | code I | choice T | match M | learning |
//! |---|---|---|---|---|
//! | [`Art1`] | bits | L·\|I∧w\| / (L−1+\|w\|) | \|I∧w\| / \|I\| | w ← I∧w |
//! | [`Art2a`] | unit length, contrast enhanced | I·w | I·w | w turns towards I |
//! | [`FuzzyArt`] | (x, 1−x) | \|I∧w\| / (α+\|w\|) | \|I∧w\| / \|I\| | w ← β·(I∧w) + (1−β)·w |
//!
//! ∧ is the minimum, \|·\| the sum of the elements, ρ the vigilance: how alike the rows of a category must be.
//! [`Classifier`] and [`Artmap`] learn labels and pairs with any of them. Formulas and sources of each: [`art1`], [`art2a`],
//! [`fuzzy`], [`map`].
//!
//! # What to watch
//!
//! - Categories depend on the order of the rows. Train with several orders and let them vote, or sort by what matters.
//! - The number of categories grows with the vigilance, without bound: at 1 every different row has its own.
//! - Without complement coding the weights of Fuzzy ART only shrink, and categories multiply.
//! - Rows must be in range before they come: bits for ART1, [0, 1] for Fuzzy ART, not negative for ART2-A.
//!
//! ```
//! use striate_classics::art::{Art, FuzzyArt, FuzzyArtSettings};
//! let mut art = FuzzyArt::new(1, FuzzyArtSettings { vigilance: 0.8, ..FuzzyArtSettings::default() })?;
//! let categories = [0.1, 0.15, 0.9, 0.85].map(|x| art.learn_one(&[x]).unwrap());
//! assert_eq!(categories, [0, 0, 1, 1]);
//! assert_eq!(art.predict(&[0.12])?, Some(0));
//! assert_eq!(art.predict(&[0.5])?, None); // too unlike both
//! # Ok::<(), striate_tensor::Error>(())
//! ```

/// The methods of [`Art`] that give the fields `settings`, `features` and `weights`, which every network has.
macro_rules! accessors {
    ($settings:ty) => {
        fn settings(&self) -> &$settings {
            &self.settings
        }

        fn features(&self) -> usize {
            self.features
        }

        fn weights(&self) -> &[f32] {
            &self.weights
        }

        fn weights_mut(&mut self) -> &mut Vec<f32> {
            &mut self.weights
        }
    };
}

pub mod art1;
pub mod art2a;
pub mod fuzzy;
pub mod map;

pub use art1::{Art1, Art1Settings};
pub use art2a::{Art2a, Art2aSettings};
pub use fuzzy::{FuzzyArt, FuzzyArtSettings};
pub use map::{Artmap, BinaryArtmap, Classifier, FuzzyArtmap};

use crate::checks::{count, setting};
use crate::{Parts, Saved};
use serde::Serialize;
use serde::de::DeserializeOwned;
use striate_tensor::{Error, Result};

/// A network of adaptive resonance: what the search needs to know, and what follows from it.
pub trait Art: Sized {
    /// What it is made with.
    type Settings: Clone + Serialize + DeserializeOwned;

    /// The name that its files carry.
    const NAME: &'static str;
    /// The name that files of its [`Classifier`] carry.
    const CLASSIFIER: &'static str;
    /// The name that files of its [`Artmap`] carry.
    const MAP: &'static str;

    /// A network without categories, for rows of `features` numbers.
    ///
    /// # Errors
    /// `Fault::Model` when a setting is out of range.
    fn new(features: usize, settings: Self::Settings) -> Result<Self>;

    /// What it was made with.
    fn settings(&self) -> &Self::Settings;

    /// Numbers of a row.
    fn features(&self) -> usize;

    /// Numbers of a code and of a category's weights: those of a row where the code adds none.
    fn width(&self) -> usize {
        self.features()
    }

    /// The weights of all categories, one behind the other.
    fn weights(&self) -> &[f32];

    /// The same, to write; a new category is written behind the last.
    fn weights_mut(&mut self) -> &mut Vec<f32>;

    /// The row as the categories see it.
    ///
    /// # Errors
    /// `Fault::Data` when the row has another length or numbers out of range.
    fn code(&self, x: &[f32]) -> Result<Vec<f32>>;

    /// T: how strongly a category with these weights asks for the code.
    fn choice(&self, code: &[f32], weights: &[f32]) -> f64;

    /// M: how well these weights match the code, at most 1.
    fn matching(&self, code: &[f32], weights: &[f32]) -> f64;

    /// ρ: the least match that resonates, for this code.
    fn vigilance(&self, code: &[f32]) -> f64;

    /// Moves the weights of a category towards a code that resonates with it.
    fn adapt(&self, code: &[f32], weights: &mut [f32]);

    /// Number of categories.
    fn categories(&self) -> usize {
        self.weights().len() / self.width()
    }

    /// The weights of a category; `None` when there is no such.
    fn category(&self, category: usize) -> Option<&[f32]> {
        self.weights().chunks_exact(self.width()).nth(category)
    }

    /// Learns one row and gives its category.
    ///
    /// # Errors
    /// As [`Art::code`].
    fn learn_one(&mut self, x: &[f32]) -> Result<usize> {
        let code = self.code(x)?;
        let category = search(self, &code, |_, _| Verdict::Resonates);
        Ok(settle(self, &code, category))
    }

    /// The category of a row, without learning; `None` when none resonates.
    ///
    /// # Errors
    /// As [`Art::code`].
    fn predict(&self, x: &[f32]) -> Result<Option<usize>> {
        Ok(search(self, &self.code(x)?, |_, _| Verdict::Resonates))
    }

    /// Learns all rows in their order, again and again, until a pass changes nothing or `passes` are over.
    ///
    /// # Errors
    /// As [`Art::code`]; what came before the bad row is learnt.
    fn train(&mut self, rows: &[f32], passes: usize) -> Result<Trained> {
        count(rows, self.features())?;
        until_stable(
            self,
            passes,
            |art| art.weights(),
            |art| rows.chunks_exact(art.features()).try_for_each(|x| art.learn_one(x).map(drop)),
        )
    }
}

impl<A: Art> Saved for A {
    const KIND: &'static str = A::NAME;

    fn parts(&self) -> Parts {
        put(self, "", Parts::new())
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        take("", parts)
    }
}

/// How a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trained {
    /// Passes over the rows.
    pub passes: usize,
    /// Whether the last of them changed nothing.
    pub stable: bool,
}

/// What becomes of a category whose match passed the vigilance.
enum Verdict {
    Resonates,
    /// It is reset, and the vigilance rises to this for the rest of the search.
    Reset(f64),
}

/// The first category that resonates, by falling choice. `judge(category, match)` has the last word.
fn search<A: Art>(art: &A, code: &[f32], mut judge: impl FnMut(usize, f64) -> Verdict) -> Option<usize> {
    let weights = || art.weights().chunks_exact(art.width()).enumerate();
    let mut order: Vec<(f64, usize)> = weights().map(|(category, w)| (art.choice(code, w), category)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut vigilance = art.vigilance(code);
    for (_, category) in order {
        let m = art.matching(code, &art.weights()[category * art.width()..][..art.width()]);
        if m < vigilance {
            continue;
        }
        match judge(category, m) {
            Verdict::Resonates => return Some(category),
            Verdict::Reset(raised) if raised > 1.0 => return None,
            Verdict::Reset(raised) => vigilance = raised,
        }
    }
    None
}

/// Lets the category learn the code, or commits a new one to it.
fn settle<A: Art>(art: &mut A, code: &[f32], category: Option<usize>) -> usize {
    let width = art.width();
    match category {
        Some(category) => {
            let mut weights = std::mem::take(art.weights_mut());
            art.adapt(code, &mut weights[category * width..][..width]);
            *art.weights_mut() = weights;
            category
        }
        None => {
            art.weights_mut().extend_from_slice(code);
            art.categories() - 1
        }
    }
}

/// Passes over the rows until one leaves the weights as they were.
fn until_stable<N>(
    network: &mut N,
    passes: usize,
    weights: impl Fn(&N) -> &[f32],
    mut pass: impl FnMut(&mut N) -> Result<()>,
) -> Result<Trained> {
    for done in 0..passes {
        let before = weights(network).to_vec();
        pass(network)?;
        if weights(network) == before {
            return Ok(Trained { passes: done + 1, stable: true });
        }
    }
    Ok(Trained { passes, stable: false })
}

/// Σ min(I, w) in f64, where sums of so few f32s are as good as exact.
fn overlap(code: &[f32], weights: &[f32]) -> f64 {
    code.iter().zip(weights).map(|(&i, &w)| f64::from(i.min(w))).sum()
}

/// Σ w.
fn size(weights: &[f32]) -> f64 {
    weights.iter().map(|&w| f64::from(w)).sum()
}

/// |I∧w| / |I|, of the two networks that match by what the category has of the code.
fn share(code: &[f32], weights: &[f32]) -> f64 {
    overlap(code, weights) / size(code)
}

fn check_vigilance(vigilance: f64) -> Result<()> {
    setting((0.0..=1.0).contains(&vigilance), "vigilance", vigilance, "from 0 to 1")
}

fn check_range(x: &[f32], good: impl Fn(f32) -> bool, expected: &str, hint: &str) -> Result<()> {
    match x.iter().position(|&x| !good(x)) {
        Some(at) => Err(Error::data("the row has a number out of range")
            .found(format!("{} in column {at}", x[at]))
            .expected(expected)
            .hint(hint)),
        None => Ok(()),
    }
}

/// A code of zeros alone overlaps nothing: no category could be told from another.
fn check_not_empty(code: &[f32]) -> Result<()> {
    if code.iter().any(|&x| x > 0.0) {
        return Ok(());
    }
    Err(Error::data("a row of zeros activates nothing")
        .found("only zeros")
        .expected("at least one number above 0")
        .hint("leave the row out, or append the complement 1 − x to every row"))
}

/// All that the network consists of, each name behind `prefix`.
fn put<A: Art>(art: &A, prefix: &str, parts: Parts) -> Parts {
    parts.json(format!("{prefix}settings"), art.settings()).text(format!("{prefix}features"), art.features()).reals(
        format!("{prefix}weights"),
        [art.categories(), art.width()],
        art.weights().to_vec(),
    )
}

/// The reverse of [`put`].
fn take<A: Art>(prefix: &str, parts: &mut Parts) -> Result<A> {
    let features = parts.size(&format!("{prefix}features"))?;
    let mut art = A::new(features, parts.parse_json(&format!("{prefix}settings"))?)?;
    let weights = parts.take_rows(&format!("{prefix}weights"), art.width())?;
    check_range(&weights, |w| (0.0..=1.0 + 1e-5).contains(&w), "weights from 0 to 1", "save the network again")?;
    *art.weights_mut() = weights;
    Ok(art)
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_tensor::Rng;

    fn cloud(n: u64, features: u64) -> Vec<f32> {
        let rng = Rng::new(6);
        (0..n * features).map(|i| rng.uniform(i)).collect()
    }

    #[test]
    fn fuzzy_art_is_stable_after_one_pass_in_the_conservative_limit() {
        for vigilance in [0.3, 0.6, 0.8] {
            let settings = FuzzyArtSettings { vigilance, choice: 1e-9, ..FuzzyArtSettings::default() };
            let mut art = FuzzyArt::new(3, settings).unwrap();
            let trained = art.train(&cloud(300, 3), 5).unwrap();
            assert_eq!(trained, Trained { passes: 2, stable: true }, "the second pass changes nothing");
            assert!(art.categories() > 1);
        }
    }

    #[test]
    fn the_order_decides_and_the_vigilance_divides() {
        let train = |rows: &[f32], vigilance: f64| {
            let mut art = FuzzyArt::new(1, FuzzyArtSettings { vigilance, ..FuzzyArtSettings::default() }).unwrap();
            art.train(rows, 10).unwrap();
            art
        };
        let (up, outside_in) = (train(&[0.0, 0.25, 0.5, 0.75], 0.75), train(&[0.0, 0.75, 0.25, 0.5], 0.75));
        // boxes [least, 1 − most] of each category
        assert_eq!(up.weights(), [0.0, 0.75, 0.5, 0.25]);
        assert_eq!(outside_in.weights(), [0.0, 0.75, 0.5, 0.25]);
        let middle_first = train(&[0.25, 0.5, 0.0, 0.75], 0.75);
        assert_eq!(middle_first.weights(), [0.25, 0.5, 0.0, 1.0, 0.75, 0.25]);
        let rows = cloud(200, 2);
        let counts = [0.0, 0.5, 0.8, 0.95, 1.0].map(|vigilance| {
            let mut art = FuzzyArt::new(2, FuzzyArtSettings { vigilance, ..FuzzyArtSettings::default() }).unwrap();
            art.train(&rows, 20).unwrap();
            art.categories()
        });
        assert_eq!((counts[0], counts[4]), (1, 200));
        assert!(counts.windows(2).all(|c| c[0] <= c[1]), "{counts:?}");
    }

    #[test]
    fn files_of_each_network() {
        #[track_caller]
        fn check<A: Art + PartialEq + std::fmt::Debug>(settings: A::Settings, rows: &[f32], features: usize) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("art.safetensors");
            let mut art = A::new(features, settings).unwrap();
            let (first, second) = rows.split_at(rows.len() / 2 / features * features);
            art.train(first, 1).unwrap();
            art.save(&path).unwrap();
            let mut loaded = A::load(&path).unwrap();
            assert_eq!(loaded, art);
            art.train(second, 1).unwrap();
            loaded.train(second, 1).unwrap();
            assert_eq!(loaded, art);
            assert!(art.categories() > 1);
        }
        let rows = cloud(40, 5);
        // one bit is always on: a row of zeros is refused
        let bits: Vec<f32> = rows.iter().enumerate().map(|(i, x)| if i % 5 == 4 { 1.0 } else { x.round() }).collect();
        check::<FuzzyArt>(FuzzyArtSettings { vigilance: 0.7, ..FuzzyArtSettings::default() }, &rows, 5);
        check::<Art2a>(Art2aSettings { vigilance: 0.9, ..Art2aSettings::default() }, &rows, 5);
        check::<Art1>(Art1Settings { vigilance: 0.7, ..Art1Settings::default() }, &bits, 5);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("art.safetensors");
        Art1::new(5, Art1Settings::default()).unwrap().save(&path).unwrap();
        assert!(FuzzyArt::load(&path).unwrap_err().to_string().contains("another kind of network"));
        assert_eq!(Art1::load(&path).unwrap().categories(), 0);
    }
}
