//! Learning vector quantisation: labelled prototypes that move until the nearest one has the right label.
//!
#![cfg_attr(doc, doc = picture!("lvq"))]
//!
//! Prototypes of irises by their petals, and the regions that are nearest to them; drawn by `striate play lvq`.
//!
//! ```text
//! c = argmin_j ‖x − m_j‖
//! LVQ1     m_c ← m_c + α·(x − m_c) where the label is right, m_c ← m_c − α·(x − m_c) where it is wrong
//! LVQ2.1   of the two nearest, at d₁ ≤ d₂, one has the right label and one a wrong one, and x lies in the window
//!          d₁/d₂ > (1 − w)/(1 + w): the right one comes nearer as above, the wrong one goes away
//! LVQ3     as LVQ2.1; and where both are right, both come nearer by ε·α
//! ```
//!
//! x a row, m_j prototype j, α(t) the learning rate, w the relative width of the window. Source: Kohonen, "The
//! self-organizing map", Proceedings of the IEEE 78, 1990, section V.
//!
//! # What to watch
//!
//! - LVQ2.1 has no resting place: trained for long, prototypes drift away. Use it for few passes after LVQ1, with a
//!   small rate.
//! - LVQ3 stays; ε between 0.1 and 0.5, smaller for a narrower window. Usual windows: 0.2 to 0.3.
//! - Features of larger scale decide alone which prototype is nearest: bring them to one scale first.
//!
//! ```
//! use striate_classics::lvq::{Lvq, LvqSettings};
//! let rows = [0.0, 0.2, 0.4, 3.0, 3.2, 3.4];
//! let labels = [0, 0, 0, 1, 1, 1];
//! let mut lvq = Lvq::start(&rows, 1, &labels, LvqSettings::default())?;
//! lvq.train(&rows, &labels, 20)?;
//! assert_eq!(lvq.predict(&[0.3, 3.1])?, [0, 1]);
//! # Ok::<(), striate_tensor::Error>(())
//! ```

use crate::checks::{self, count, row, setting, size};
use crate::som::distance::squared;
use crate::{Decay, Parts, Saved, Schedule};
use serde::{Deserialize, Serialize};
use striate_tensor::{Error, Result, Rng};

/// Who moves, and when.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Rule {
    /// The nearest prototype, always.
    Lvq1,
    /// A right and a wrong one of the two nearest, when the row lies between them.
    Lvq21 {
        /// Relative width of the window, above 0 and below 1.
        window: f64,
    },
    /// As `Lvq21`; two right ones too, by a part of the rate.
    Lvq3 {
        /// Relative width of the window, above 0 and below 1.
        window: f64,
        /// That part.
        epsilon: f64,
    },
}

/// Everything that decides what the prototypes become, but for the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LvqSettings {
    /// Who moves, and when.
    pub rule: Rule,
    /// Prototypes of each class.
    pub per_class: usize,
    /// The learning rate, below 1.
    pub rate: Schedule,
    /// Rows of a stream until the rate has reached its end ([`Lvq::learn_one`]).
    pub horizon: usize,
    /// Decides everything that is drawn.
    pub seed: u64,
}

impl Default for LvqSettings {
    /// LVQ1 with two prototypes of each class, the rate from 0.1 to 0, a horizon of 10,000 rows.
    fn default() -> Self {
        LvqSettings {
            rule: Rule::Lvq1,
            per_class: 2,
            rate: Schedule::new(0.1, 0.0, Decay::Linear),
            horizon: 10_000,
            seed: 0,
        }
    }
}

impl LvqSettings {
    fn check(&self) -> Result<()> {
        size("per_class", self.per_class)?;
        setting(self.horizon > 0, "horizon", self.horizon, "at least one row")?;
        self.rate.check("rate")?;
        setting(self.rate.start < 1.0 && self.rate.end < 1.0, "rate", self.rate.start, "a rate below 1")?;
        match self.rule {
            Rule::Lvq1 => Ok(()),
            Rule::Lvq21 { window } => setting(window > 0.0 && window < 1.0, "window", window, "above 0 and below 1"),
            Rule::Lvq3 { window, epsilon } => {
                setting(window > 0.0 && window < 1.0, "window", window, "above 0 and below 1")?;
                setting((0.0..=1.0).contains(&epsilon), "epsilon", epsilon, "from 0 to 1")
            }
        }
    }
}

/// Labelled prototypes; see the [module](self).
#[derive(Clone, Debug, PartialEq)]
pub struct Lvq {
    settings: LvqSettings,
    features: usize,
    /// prototypes×features
    prototypes: Vec<f32>,
    labels: Vec<usize>,
    /// Rows of the stream that `learn_one` has seen.
    seen: u64,
}

impl Lvq {
    /// Prototypes drawn from the rows of each label, without repetition where there are enough.
    ///
    /// # Errors
    /// `Fault::Model` when a setting is out of range, `Fault::Data` when the rows or labels do not fit.
    pub fn start(rows: &[f32], features: usize, labels: &[usize], settings: LvqSettings) -> Result<Self> {
        settings.check()?;
        size("features", features)?;
        checks::labels(labels, count(rows, features)?, usize::MAX)?;
        let rng = Rng::new(settings.seed).stream("lvq.start");
        let mut classes = labels.to_vec();
        classes.sort_unstable();
        classes.dedup();
        let (mut prototypes, mut of_prototypes) = (vec![], vec![]);
        for &class in &classes {
            let mut members: Vec<usize> = (0..labels.len()).filter(|&row| labels[row] == class).collect();
            rng.substream(class as u64).shuffle(&mut members);
            for &row in members.iter().cycle().take(settings.per_class) {
                prototypes.extend_from_slice(&rows[row * features..][..features]);
                of_prototypes.push(class);
            }
        }
        Ok(Lvq { settings, features, prototypes, labels: of_prototypes, seen: 0 })
    }

    /// What it was made with.
    pub fn settings(&self) -> &LvqSettings {
        &self.settings
    }

    /// Goes on by another rule and rate: LVQ2.1 after LVQ1.
    ///
    /// # Errors
    /// `Fault::Model` when a setting is out of range.
    pub fn set_rule(&mut self, rule: Rule, rate: Schedule) -> Result<()> {
        let settings = LvqSettings { rule, rate, ..self.settings };
        settings.check()?;
        self.settings = settings;
        Ok(())
    }

    /// Numbers of a row.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The prototypes, one behind the other.
    pub fn prototypes(&self) -> &[f32] {
        &self.prototypes
    }

    /// The label of each prototype.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// Learns each row `passes` times, each pass in an order of its own, while the rate goes from start to end.
    ///
    /// # Errors
    /// `Fault::Data` when rows or labels do not fit.
    pub fn train(&mut self, rows: &[f32], labels: &[usize], passes: usize) -> Result<()> {
        let n = count(rows, self.features)?;
        checks::labels(labels, n, usize::MAX)?;
        labels.iter().try_for_each(|&label| self.known(label))?;
        let rng = Rng::new(self.settings.seed).stream("lvq.order");
        let mut order: Vec<usize> = (0..n).collect();
        for pass in 0..passes {
            rng.substream(pass as u64).shuffle(&mut order);
            for (i, &row) in order.iter().enumerate() {
                let x = &rows[row * self.features..][..self.features];
                self.learn_at(x, labels[row], (pass * n + i) as f64 / (n * passes) as f64);
            }
        }
        Ok(())
    }

    /// Learns one row of a stream and gives the label that was predicted before; the rate falls over the first
    /// `horizon` rows. Allocates nothing.
    ///
    /// # Errors
    /// `Fault::Data` when the row does not fit.
    pub fn learn_one(&mut self, x: &[f32], label: usize) -> Result<usize> {
        row(x, self.features)?;
        self.known(label)?;
        let progress = self.seen as f64 / self.settings.horizon as f64;
        self.seen += 1;
        Ok(self.learn_at(x, label, progress))
    }

    /// The label of the prototype nearest to each row.
    ///
    /// # Errors
    /// `Fault::Data` when the rows do not fit.
    pub fn predict(&self, rows: &[f32]) -> Result<Vec<usize>> {
        count(rows, self.features)?;
        Ok(rows.chunks_exact(self.features).map(|x| self.labels[self.two_nearest(x)[0].0]).collect())
    }

    fn known(&self, label: usize) -> Result<()> {
        if self.labels.contains(&label) {
            return Ok(());
        }
        Err(Error::data("no prototype has this label")
            .found(label)
            .expected("a label that the rows of the start had")
            .hint("start with rows of every label"))
    }

    fn learn_at(&mut self, x: &[f32], label: usize, progress: f64) -> usize {
        let [(first, d1), (second, d2)] = self.two_nearest(x);
        let predicted = self.labels[first];
        let rate = self.settings.rate.at(progress) as f32;
        let right = |at: usize| self.labels[at] == label;
        let (first_right, second_right) = (right(first), right(second));
        let mut go = |at: usize, step: f32| {
            let m = &mut self.prototypes[at * self.features..][..self.features];
            m.iter_mut().zip(x).for_each(|(m, x)| *m += step * (x - *m));
        };
        let signed = |right: bool| if right { rate } else { -rate };
        // the distances are squared, hence the bound too
        let inside = |window: f64| {
            let bound = ((1.0 - window) / (1.0 + window)).powi(2);
            first != second && f64::from(d1) > bound * f64::from(d2)
        };
        match self.settings.rule {
            Rule::Lvq1 => go(first, signed(first_right)),
            Rule::Lvq21 { window } | Rule::Lvq3 { window, .. } if first_right != second_right => {
                if inside(window) {
                    go(first, signed(first_right));
                    go(second, signed(second_right));
                }
            }
            Rule::Lvq3 { epsilon, .. } if first_right && first != second => {
                go(first, epsilon as f32 * rate);
                go(second, epsilon as f32 * rate);
            }
            Rule::Lvq21 { .. } | Rule::Lvq3 { .. } => {}
        }
        predicted
    }

    /// The two nearest prototypes and their squared distances; twice the same where there is only one.
    fn two_nearest(&self, x: &[f32]) -> [(usize, f32); 2] {
        let mut nearest = [(0, f32::INFINITY); 2];
        for (at, m) in self.prototypes.chunks_exact(self.features).enumerate() {
            let d = squared(x, m);
            if d < nearest[0].1 {
                nearest = [(at, d), nearest[0]];
            } else if d < nearest[1].1 {
                nearest[1] = (at, d);
            }
        }
        nearest
    }
}

impl Saved for Lvq {
    const KIND: &'static str = "lvq";

    fn parts(&self) -> Parts {
        Parts::new()
            .json("settings", &self.settings)
            .text("seen", self.seen)
            .json("labels", &self.labels)
            .text("features", self.features)
            .reals("prototypes", [self.labels.len(), self.features], self.prototypes.clone())
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let settings: LvqSettings = parts.parse_json("settings")?;
        settings.check()?;
        let labels: Vec<usize> = parts.parse_json("labels")?;
        setting(!labels.is_empty(), "labels", "none", "at least one prototype")?;
        let features = parts.size("features")?;
        let prototypes = parts.take("prototypes", &[labels.len(), features])?;
        Ok(Lvq { settings, features, prototypes, labels, seen: parts.parse("seen")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prototypes at 0 (label 0), 1 (label 0) and 2 (label 1).
    fn three(rule: Rule) -> Lvq {
        let settings = LvqSettings { rule, rate: Schedule::constant(0.1), ..LvqSettings::default() };
        Lvq { settings, features: 1, prototypes: vec![0.0, 1.0, 2.0], labels: vec![0, 0, 1], seen: 0 }
    }

    #[track_caller]
    fn check(rule: Rule, x: f32, label: usize, after: [f32; 3]) {
        let mut lvq = three(rule);
        lvq.learn_one(&[x], label).unwrap();
        let near = lvq.prototypes.iter().zip(after).all(|(found, after)| (found - after).abs() < 1e-6);
        assert!(near, "{rule:?} {x} {label}: {:?}, not {after:?}", lvq.prototypes);
    }

    #[test]
    fn one_step_of_each_rule() {
        check(Rule::Lvq1, 1.3, 0, [0.0, 1.03, 2.0]);
        check(Rule::Lvq1, 1.3, 1, [0.0, 0.97, 2.0]);
        // window 0.2: the ratio of the distances must be above 2/3
        let rule = Rule::Lvq21 { window: 0.2 };
        check(rule, 1.45, 0, [0.0, 1.045, 2.055]);
        check(rule, 1.45, 1, [0.0, 0.955, 1.945]);
        check(rule, 1.3, 1, [0.0, 1.0, 2.0]);
        check(rule, 0.45, 0, [0.0, 1.0, 2.0]);
        let rule = Rule::Lvq3 { window: 0.2, epsilon: 0.5 };
        check(rule, 1.45, 1, [0.0, 0.955, 1.945]);
        check(rule, 1.3, 1, [0.0, 1.0, 2.0]);
        check(rule, 0.4, 0, [0.02, 0.97, 2.0]);
        check(rule, 0.4, 1, [0.0, 1.0, 2.0]);
    }

    /// Four overlapping clouds, two of each label, crosswise: no straight line divides them.
    fn crosswise(seed: u64, n: u64) -> (Vec<f32>, Vec<usize>) {
        let rng = Rng::new(seed);
        let quadrant = |i: u64| (i % 4 / 2, i % 2);
        let at = |q: u64, noise: f32| q as f32 * 4.0 + noise;
        let rows = (0..n).flat_map(|i| {
            let (a, b) = quadrant(i);
            [at(a, rng.normal(2 * i)), at(b, rng.normal(2 * i + 1))]
        });
        (
            rows.collect(),
            (0..n)
                .map(|i| {
                    let (a, b) = quadrant(i);
                    usize::from(a != b)
                })
                .collect(),
        )
    }

    #[test]
    fn learns_what_no_line_divides() {
        let ((rows, labels), (fresh, expected)) = (crosswise(1, 400), crosswise(2, 400));
        let right = |lvq: &Lvq| {
            lvq.predict(&fresh).unwrap().iter().zip(&expected).filter(|(a, b)| a == b).count() as f64 / 400.0
        };
        let settings = LvqSettings { per_class: 4, ..LvqSettings::default() };
        let mut lvq = Lvq::start(&rows, 2, &labels, settings).unwrap();
        assert_eq!(lvq.labels(), [0, 0, 0, 0, 1, 1, 1, 1]);
        lvq.train(&rows, &labels, 20).unwrap();
        // the best possible is (0.977² + 0.023²) = 0.956
        assert!(right(&lvq) > 0.92, "LVQ1: {}", right(&lvq));
        for rule in [Rule::Lvq21 { window: 0.25 }, Rule::Lvq3 { window: 0.25, epsilon: 0.3 }] {
            let mut further = lvq.clone();
            further.set_rule(rule, Schedule::new(0.02, 0.0, Decay::Linear)).unwrap();
            further.train(&rows, &labels, 5).unwrap();
            assert_ne!(further.prototypes(), lvq.prototypes());
            assert!(right(&further) > 0.92, "{rule:?}: {}", right(&further));
        }
    }

    #[test]
    fn a_file_goes_on_where_it_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lvq.safetensors");
        let (rows, labels) = crosswise(3, 60);
        let rule = Rule::Lvq3 { window: 0.3, epsilon: 0.2 };
        let mut lvq = Lvq::start(&rows, 2, &labels, LvqSettings { rule, ..LvqSettings::default() }).unwrap();
        for (x, &y) in rows.chunks(2).zip(&labels).take(30) {
            lvq.learn_one(x, y).unwrap();
        }
        lvq.save(&path).unwrap();
        let mut loaded = Lvq::load(&path).unwrap();
        for (x, &y) in rows.chunks(2).zip(&labels).skip(30) {
            assert_eq!(loaded.learn_one(x, y).unwrap(), lvq.learn_one(x, y).unwrap());
        }
        assert_eq!(loaded, lvq);
    }

    #[test]
    fn refuses_what_cannot_be() {
        let refused = |settings| Lvq::start(&[1.0], 1, &[0], settings).is_err();
        let good = LvqSettings::default();
        assert!(!refused(good));
        assert!(refused(LvqSettings { per_class: 0, ..good }));
        assert!(refused(LvqSettings { rule: Rule::Lvq21 { window: 1.0 }, ..good }));
        assert!(refused(LvqSettings { rule: Rule::Lvq3 { window: 0.2, epsilon: -1.0 }, ..good }));
        assert!(refused(LvqSettings { rate: Schedule::constant(1.0), ..good }));
        assert!(Lvq::start(&[1.0, 2.0], 1, &[0], good).unwrap_err().to_string().contains("1 labels"));
        let mut lvq = Lvq::start(&[1.0], 1, &[0], good).unwrap();
        assert!(lvq.predict(&[f32::NAN]).is_err());
        assert!(lvq.learn_one(&[1.0], 1).unwrap_err().to_string().contains("no prototype has this label"));
    }
}
