//! ARTMAP: resonance that learns what belongs to its categories.
//!
#![cfg_attr(doc, doc = picture!("artmap"))]
//!
//! Boxes that tell irises apart by their petals; drawn by `striate play artmap`.
//!
//! ```text
//! the category J of x maps to K       resonance: J learns
//! J maps to another than K            match tracking: ρ_a rises to M_J + ε, the search goes on
//! none is left                        a new category is committed to x and mapped to K
//! ```
//!
//! so that the vigilance rises only as far as the mistake demands, and is back at its base with the next row. In
//! [`Classifier`] K is a label; in [`Artmap`] it is the category that a second network forms of the row's partner.
//! Sources: Carpenter, Grossberg and Reynolds, "ARTMAP: supervised real-time learning and classification of
//! nonstationary data by a self-organizing neural network", Neural Networks 4, 1991; Carpenter, Grossberg, Markuzon,
//! Reynolds and Rosen, "Fuzzy ARTMAP", IEEE Transactions on Neural Networks 3, 1992; with a label for the second
//! network: Kasuba, "Simplified fuzzy ARTMAP", AI Expert 8, 1993. The map itself learns at once.

use super::{Art, Art1, FuzzyArt, Trained, Verdict, put, search, settle, take, until_stable};
use crate::checks::{self, count, setting};
use crate::{Parts, Saved};
use striate_tensor::{Error, Result};

/// ARTMAP of bit patterns.
pub type BinaryArtmap = Artmap<Art1>;
/// Fuzzy ARTMAP.
pub type FuzzyArtmap = Artmap<FuzzyArt>;

/// Categories with a label each.
///
/// ```
/// use striate_classics::art::{Classifier, FuzzyArt, FuzzyArtSettings};
/// let settings = FuzzyArtSettings { vigilance: 0.0, ..FuzzyArtSettings::default() };
/// let mut map = Classifier::<FuzzyArt>::new(1, settings, Classifier::<FuzzyArt>::TRACKING)?;
/// let (rows, labels) = ([0.1, 0.2, 0.8, 0.9, 0.5], [3, 3, 7, 7, 3]);
/// assert!(map.train(&rows, &labels, 10)?.stable);
/// assert_eq!(map.predict(&[0.15])?, Some(3));
/// assert_eq!(map.predict(&[0.85])?, Some(7));
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier<A> {
    art: A,
    /// The label of each category.
    labels: Vec<usize>,
    tracking: f64,
}

impl<A: Art> Classifier<A> {
    /// A small ε for the match tracking: the search goes on with categories that match better than the wrong one.
    pub const TRACKING: f64 = 1e-10;

    /// A network without categories; the vigilance of `settings` is the base, `tracking` is ε. With one above 0, equal
    /// rows with different labels commit a new category each time they come; with a small one below 0 (MT−) they find the
    /// one that they committed first.
    ///
    /// # Errors
    /// `Fault::Model` when a setting is out of range.
    pub fn new(features: usize, settings: A::Settings, tracking: f64) -> Result<Self> {
        check_tracking(tracking)?;
        Ok(Classifier { art: A::new(features, settings)?, labels: vec![], tracking })
    }

    /// The network that forms the categories.
    pub fn art(&self) -> &A {
        &self.art
    }

    /// The label of each category.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// Learns one row and gives its category.
    ///
    /// # Errors
    /// `Fault::Data` when the row does not fit.
    pub fn learn_one(&mut self, x: &[f32], label: usize) -> Result<usize> {
        let code = self.art.code(x)?;
        let category = search(&self.art, &code, |category, m| {
            if self.labels[category] == label { Verdict::Resonates } else { Verdict::Reset(m + self.tracking) }
        });
        let category = settle(&mut self.art, &code, category);
        if category == self.labels.len() {
            self.labels.push(label);
        }
        Ok(category)
    }

    /// Learns all rows in their order, again and again, until a pass changes nothing or `passes` are over.
    ///
    /// # Errors
    /// `Fault::Data` when rows or labels do not fit.
    pub fn train(&mut self, rows: &[f32], labels: &[usize], passes: usize) -> Result<Trained> {
        checks::labels(labels, count(rows, self.art.features())?, usize::MAX)?;
        until_stable(
            self,
            passes,
            |map| map.art.weights(),
            |map| {
                let rows = rows.chunks_exact(map.art.features());
                rows.zip(labels).try_for_each(|(x, &label)| map.learn_one(x, label).map(drop))
            },
        )
    }

    /// The label of a row's category; `None` when none resonates at the base vigilance.
    ///
    /// # Errors
    /// `Fault::Data` when the row does not fit.
    pub fn predict(&self, x: &[f32]) -> Result<Option<usize>> {
        Ok(self.art.predict(x)?.map(|category| self.labels[category]))
    }

    fn put(&self, parts: Parts) -> Parts {
        put(&self.art, "a.", parts.json("labels", &self.labels).text("tracking", self.tracking))
    }

    fn take(parts: &mut Parts) -> Result<Self> {
        let tracking = parts.parse("tracking")?;
        check_tracking(tracking)?;
        let art: A = take("a.", parts)?;
        let labels: Vec<usize> = parts.parse_json("labels")?;
        if labels.len() != art.categories() {
            return Err(Error::data("the labels do not match the categories")
                .found(format!("{} labels", labels.len()))
                .expected(art.categories())
                .hint("save the network again"));
        }
        Ok(Classifier { art, labels, tracking })
    }
}

fn check_tracking(tracking: f64) -> Result<()> {
    setting((-1.0..=1.0).contains(&tracking), "tracking", tracking, "from −1 to 1")
}

impl<A: Art> Saved for Classifier<A> {
    const KIND: &'static str = A::CLASSIFIER;

    fn parts(&self) -> Parts {
        self.put(Parts::new())
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        Self::take(parts)
    }
}

/// Categories of rows, mapped to categories of their partners.
///
/// ```
/// use striate_classics::art::{Artmap, Classifier, FuzzyArt, FuzzyArtSettings, FuzzyArtmap};
/// let loose = FuzzyArtSettings { vigilance: 0.0, ..FuzzyArtSettings::default() };
/// let strict = FuzzyArtSettings { vigilance: 0.9, ..loose };
/// let mut map = FuzzyArtmap::new((1, loose), (2, strict), Classifier::<FuzzyArt>::TRACKING)?;
/// map.learn_one(&[0.1], &[0.0, 1.0])?;
/// map.learn_one(&[0.9], &[1.0, 0.0])?;
/// assert_eq!(map.recall(&[0.8])?, Some(&[1.0, 0.0, 0.0, 1.0][..])); // the partner's category, complement coded
/// # Ok::<(), striate_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Artmap<A> {
    map: Classifier<A>,
    b: A,
}

impl<A: Art> Artmap<A> {
    /// Two networks without categories, given by features and settings: `a` for rows, `b` for their partners.
    /// `tracking`: see [`Classifier::new`].
    ///
    /// # Errors
    /// `Fault::Model` when a setting is out of range.
    pub fn new(a: (usize, A::Settings), b: (usize, A::Settings), tracking: f64) -> Result<Self> {
        Ok(Artmap { map: Classifier::new(a.0, a.1, tracking)?, b: A::new(b.0, b.1)? })
    }

    /// The network of the rows; its labels are categories of [`Artmap::b`].
    pub fn a(&self) -> &Classifier<A> {
        &self.map
    }

    /// The network of the partners.
    pub fn b(&self) -> &A {
        &self.b
    }

    /// Learns a row and its partner, and gives their categories.
    ///
    /// # Errors
    /// `Fault::Data` when one of them does not fit; then nothing is learnt.
    pub fn learn_one(&mut self, x: &[f32], y: &[f32]) -> Result<(usize, usize)> {
        self.map.art.code(x)?;
        let partner = self.b.learn_one(y)?;
        Ok((self.map.learn_one(x, partner)?, partner))
    }

    /// The weights of the partner's category; `None` when no category of the rows resonates.
    ///
    /// # Errors
    /// `Fault::Data` when the row does not fit.
    pub fn recall(&self, x: &[f32]) -> Result<Option<&[f32]>> {
        Ok(self.map.predict(x)?.and_then(|partner| self.b.category(partner)))
    }
}

impl<A: Art> Saved for Artmap<A> {
    const KIND: &'static str = A::MAP;

    fn parts(&self) -> Parts {
        put(&self.b, "b.", self.map.put(Parts::new()))
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let (map, b): (Classifier<A>, A) = (Classifier::take(parts)?, take("b.", parts)?);
        if let Some(&label) = map.labels.iter().find(|&&label| label >= b.categories()) {
            return Err(Error::data("a row's category maps to a partner's that does not exist")
                .found(label)
                .expected(format!("below {}", b.categories()))
                .hint("save the network again"));
        }
        Ok(Artmap { map, b })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::art::{Art1Settings, FuzzyArtSettings};
    use striate_tensor::Rng;

    const TRACKING: f64 = Classifier::<FuzzyArt>::TRACKING;

    fn fuzzy(vigilance: f64, rate: f64) -> FuzzyArtSettings {
        FuzzyArtSettings { vigilance, rate, ..FuzzyArtSettings::default() }
    }

    /// The task of the paper: is a point of the square inside the circle that has half of its area?
    fn circle(seed: u64, n: usize) -> (Vec<f32>, Vec<usize>) {
        let rng = Rng::new(seed);
        let rows: Vec<f32> = (0..2 * n as u64).map(|i| rng.uniform(i)).collect();
        let inside = |p: &[f32]| (p[0] - 0.5).powi(2) + (p[1] - 0.5).powi(2) < 0.5 / std::f32::consts::PI;
        let labels = rows.chunks(2).map(|p| usize::from(inside(p))).collect();
        (rows, labels)
    }

    fn right(map: &Classifier<FuzzyArt>, rows: &[f32], labels: &[usize]) -> f64 {
        let good = rows.chunks(2).zip(labels).filter(|(x, label)| map.predict(x).unwrap() == Some(**label));
        good.count() as f64 / labels.len() as f64
    }

    #[test]
    fn circle_in_the_square() {
        let ((rows, labels), (fresh, expected)) = (circle(1, 1000), circle(2, 1000));
        for rate in [1.0, 0.5] {
            let mut map = Classifier::<FuzzyArt>::new(2, fuzzy(0.0, rate), TRACKING).unwrap();
            // the paper has 92.9 % after 1,000 rows shown once, with 23 categories
            map.train(&rows, &labels, 1).unwrap();
            assert!(right(&map, &fresh, &expected) > 0.88, "{}", right(&map, &fresh, &expected));
            let trained = map.train(&rows, &labels, 30).unwrap();
            assert!(right(&map, &rows, &labels) > 0.98);
            if rate == 1.0 {
                assert!(trained.stable && right(&map, &rows, &labels) == 1.0, "fast learning ends without an error");
            }
        }
    }

    #[test]
    fn match_tracking_raises_the_vigilance_no_further_than_needed() {
        let mut map = Classifier::<FuzzyArt>::new(1, fuzzy(0.0, 1.0), TRACKING).unwrap();
        assert_eq!(map.learn_one(&[0.0], 0).unwrap(), 0);
        assert_eq!(map.learn_one(&[0.5], 1).unwrap(), 1, "category 0 is wrong");
        // 0.25 is as near to both; category 0 comes first, is wrong with M = 0.75, and 0.75 + ε resets category 1 too
        assert_eq!(map.learn_one(&[0.25], 1).unwrap(), 2);
        let mut lenient = Classifier::<FuzzyArt>::new(1, fuzzy(0.0, 1.0), -TRACKING).unwrap();
        let learnt: Vec<usize> =
            [(0.0, 0), (0.5, 1), (0.25, 1)].iter().map(|&(x, y)| lenient.learn_one(&[x], y).unwrap()).collect();
        assert_eq!(learnt, [0, 1, 1], "MT− takes one that matches as well");
        assert_eq!(map.labels(), [0, 1, 1]);
    }

    #[test]
    fn rows_that_contradict_each_other() {
        let categories = |tracking: f64| {
            let mut map = Classifier::<FuzzyArt>::new(1, fuzzy(0.0, 1.0), tracking).unwrap();
            map.train(&[0.5; 6], &[0, 1, 0, 1, 0, 1], 1).unwrap();
            map.art().categories()
        };
        assert_eq!((categories(TRACKING), categories(-TRACKING)), (4, 2));
    }

    #[test]
    fn artmap_of_bit_patterns() {
        let tight = Art1Settings { vigilance: 1.0, bias: 2.0 };
        let mut map = BinaryArtmap::new((4, Art1Settings { vigilance: 0.0, ..tight }), (2, tight), TRACKING).unwrap();
        let rows = [[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0]];
        let partners = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]];
        for _ in 0..3 {
            for (x, y) in rows.iter().zip(&partners) {
                map.learn_one(x, y).unwrap();
            }
        }
        for (x, y) in rows.iter().zip(&partners) {
            assert_eq!(map.recall(x).unwrap(), Some(&y[..]), "{x:?}");
        }
        assert_eq!(map.b().categories(), 2);
        assert!(map.learn_one(&[0.0; 4], &[1.0, 0.0]).is_err() && map.learn_one(&rows[0], &[2.0, 0.0]).is_err());
    }

    #[test]
    fn the_order_decides_but_not_whether_it_learns() {
        let (rows, labels) = circle(5, 300);
        let counts: Vec<usize> = (0..4)
            .map(|seed| {
                let mut order: Vec<usize> = (0..300).collect();
                Rng::new(seed).shuffle(&mut order);
                let mut map = Classifier::<FuzzyArt>::new(2, fuzzy(0.0, 1.0), TRACKING).unwrap();
                for _ in 0..20 {
                    for &i in &order {
                        map.learn_one(&rows[2 * i..2 * i + 2], labels[i]).unwrap();
                    }
                }
                assert_eq!(right(&map, &rows, &labels), 1.0, "order {seed}");
                map.art().categories()
            })
            .collect();
        assert!(counts.iter().any(|&count| count != counts[0]), "{counts:?}");
    }

    #[test]
    fn files_of_both() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.safetensors");
        let (rows, labels) = circle(7, 100);
        let mut map = Classifier::<FuzzyArt>::new(2, fuzzy(0.5, 0.5), TRACKING).unwrap();
        map.train(&rows, &labels, 2).unwrap();
        map.save(&path).unwrap();
        assert_eq!(Classifier::<FuzzyArt>::load(&path).unwrap(), map);
        assert!(FuzzyArtmap::load(&path).unwrap_err().to_string().contains("found: `fuzzy-art-classifier`"));
        let mut pairs = FuzzyArtmap::new((2, fuzzy(0.5, 1.0)), (1, fuzzy(0.9, 1.0)), TRACKING).unwrap();
        for (x, &y) in rows.chunks(2).zip(&labels) {
            pairs.learn_one(x, &[y as f32]).unwrap();
        }
        pairs.save(&path).unwrap();
        assert_eq!(FuzzyArtmap::load(&path).unwrap(), pairs);
    }
}
