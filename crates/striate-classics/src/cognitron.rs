//! Fukushima's cognitron: layers of cells that find features of features without a teacher.
//!
#![cfg_attr(doc, doc = picture!("cognitron"))]
//!
//! Six patterns, what three layers answer, and what the strongest cell of the last looks for; drawn by `striate play cognitron`.
//!
//! Every layer is a sheet of cells of the size of the input. Cell n sees the cells n + ν of the layer before within
//! the square S around it, through excitatory synapses a(ν, n) ≥ 0 and, by way of an inhibitory cell v, through one
//! inhibitory synapse b(n) ≥ 0 that shunts (divides) instead of subtracting:
//!
//! ```text
//! v(n) = ∑_ν c(ν)·u₋(n+ν),   c fixed, ∑ c = 1, falling with |ν|
//! e(n) = ∑_ν a(ν, n)·u₋(n+ν),   h(n) = b(n)·v(n)
//! u(n) = φ[(1 + e)/(1 + h) − 1],   φ[x] = max(x, 0)
//! u₊(n) = φ[(1 + u(n))/(1 + mean of u over the square around n, without n) − 1]      (lateral inhibition)
//! ```
//!
//! u₊ is what the next layer sees. After each pattern every layer is changed, the strongest growing alone in their
//! vicinity:
//!
//! ```text
//! u(n) > 0 is the greatest of its vicinity   Δa(ν, n) = q·c(ν)·u₋(n+ν),    Δb(n) = q·∑_ν c(ν)·u₋(n+ν)² / (2·v(n))
//! all of its vicinity are silent             Δa(ν, n) = q′·c(ν)·u₋(n+ν),   Δb(n) = q′·v(n),   q′ < q
//! otherwise                                  nothing changes
//! ```
//!
//! (cells outside the sheet are silent). A winner's Δb is Σ_ν Δa(ν, n)·u₋(n+ν) / (2·v(n)): for the pattern at hand h
//! grows half as much as e, so that the answer to it tends to 1 however long it is shown, while a pattern of the same
//! strength elsewhere finds all of h and little of e. The neocognitron, whose v is the root of ∑ c·u₋², asks for the same
//! by Δb = q·v/2. Textbooks print Δb = q·∑ a·u₋/(2·v) for the cognitron, with a where this has Δa/q: read with the
//! weights as they have grown, h would grow with the square of the time and silence the winner, which is why the rule is
//! not taken so here; the paper of 1975 itself was not compared. The weak rule lets silent regions begin: as ∑ c·u₋² ≥
//! (∑ c·u₋)², e grows faster than h unless the input is uniform. Nothing is drawn by chance; neighbours differ by what
//! they see.
//!
//! Sources: K. Fukushima, "Cognitron: a self-organizing multilayered neural network", Biological Cybernetics 20 (1975),
//! for the cells and who grows; both rules of growth start from P. D. Wasserman, "Neural computing: theory and practice"
//! (1989), the winner's Δb changed as said. K. Fukushima, "Neocognitron", Biological Cybernetics 36 (1980).
//!
//! What to watch: one cell grows in each vicinity, so that a large one leaves the layer few features and makes
//! patterns that share much share a cell too. Show all patterns in turn: those that come alone take the free cells.
//! Inputs are ≥ 0.
//!
//! ```
//! use striate_classics::cognitron::{Cognitron, Settings};
//! let mut network = Cognitron::new(&Settings { height: 5, width: 5, layers: 1, ..Settings::default() })?;
//! let bar: Vec<f32> = (0..25).map(|i| f32::from(i / 5 == 2)).collect();
//! assert!(network.response(&bar)?[0].iter().all(|&u| u == 0.0)); // nothing learned yet
//! for _ in 0..20 {
//!     network.learn_one(&bar)?;
//! }
//! assert!(network.response(&bar)?[0].iter().any(|&u| u > 0.5));
//! # Ok::<(), striate_tensor::Error>(())
//! ```

use crate::{Parts, Saved, checks};
use striate_tensor::{Error, Result};

/// The size of a cognitron and how it grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Rows of cells of the input and of every layer.
    pub height: usize,
    /// Cells of a row.
    pub width: usize,
    /// Layers behind the input.
    pub layers: usize,
    /// A cell sees a square of 2·`area` + 1 cells a side of the layer before: S.
    pub area: usize,
    /// A cell competes within a square of 2·`vicinity` + 1 cells a side.
    pub vicinity: usize,
    /// Lateral inhibition comes from a square of 2·`lateral` + 1 cells a side; 0 turns it off.
    pub lateral: usize,
    /// q.
    pub rate: f32,
    /// q′.
    pub weak_rate: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { height: 12, width: 12, layers: 4, area: 2, vicinity: 1, lateral: 3, rate: 16.0, weak_rate: 2.0 }
    }
}

impl Settings {
    /// All settings in range; gives back the cells of a layer and those of S.
    fn check(&self) -> Result<(usize, usize)> {
        let Settings { height, width, layers, area, vicinity, lateral, rate, weak_rate } = *self;
        checks::at_least("height", height, 1)?;
        checks::at_least("width", width, 1)?;
        checks::at_least("layers", layers, 1)?;
        checks::positive("rate", rate)?;
        checks::within("weak_rate", weak_rate, 0.0, rate)?;
        for (name, radius) in [("area", area), ("vicinity", vicinity), ("lateral", lateral)] {
            if radius >= height.max(width) {
                return Err(Error::model(format!("the setting `{name}` is greater than a layer"))
                    .found(radius)
                    .expected(format!("less than {}", height.max(width))));
            }
        }
        let side = area.saturating_mul(2).saturating_add(1);
        checks::product(&[layers, height, width, side, side])?;
        Ok((height * width, side * side))
    }

    /// Calls `visit(place in the square, cell)` for the cells of the square around n that lie within the layer.
    fn each(&self, n: usize, radius: usize, mut visit: impl FnMut(usize, usize)) {
        let Settings { height, width, .. } = *self;
        let (y, x, side) = (n / width, n % width, 2 * radius + 1);
        for row in y.saturating_sub(radius)..=(y + radius).min(height - 1) {
            for column in x.saturating_sub(radius)..=(x + radius).min(width - 1) {
                visit((row + radius - y) * side + (column + radius - x), row * width + column);
            }
        }
    }
}

/// A cognitron.
#[derive(Clone, Debug, PartialEq)]
pub struct Cognitron {
    settings: Settings,
    /// c(ν), row after row of S.
    weights: Vec<f32>,
    layers: Vec<Layer>,
}

#[derive(Clone, Debug, PartialEq)]
struct Layer {
    /// a(ν, n): for each cell a row of as many as S has cells.
    excitatory: Vec<f32>,
    /// b(n).
    inhibitory: Vec<f32>,
}

/// What a layer answers: u, and u₊ after lateral inhibition.
struct Answer {
    u: Vec<f32>,
    inhibited: Vec<f32>,
}

impl Cognitron {
    /// A cognitron that has seen nothing: all synapses that can change are 0.
    ///
    /// # Errors
    /// `Fault::Model`: a size of 0 or a setting out of range.
    pub fn new(settings: &Settings) -> Result<Self> {
        let (cells, taps) = settings.check()?;
        let layer = Layer { excitatory: vec![0.0; cells * taps], inhibitory: vec![0.0; cells] };
        let layers = vec![layer; settings.layers];
        Ok(Cognitron { weights: falling(settings.area), settings: settings.clone(), layers })
    }

    /// Its size and how it grows.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// u₊ of all cells, layer by layer, row after row.
    ///
    /// # Errors
    /// `Fault::Data`: the pattern has another size, or a number below 0.
    pub fn response(&self, pattern: &[f32]) -> Result<Vec<Vec<f32>>> {
        self.check(pattern)?;
        let mut before = pattern.to_vec();
        let mut answers = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            before = self.answer(layer, &before).inhibited;
            answers.push(before.clone());
        }
        Ok(answers)
    }

    /// Shows a pattern: all layers answer, then all are changed.
    ///
    /// # Errors
    /// `Fault::Data`: the pattern has another size, or a number below 0.
    pub fn learn_one(&mut self, pattern: &[f32]) -> Result<()> {
        self.check(pattern)?;
        let mut before = pattern.to_vec();
        for at in 0..self.layers.len() {
            let answer = self.answer(&self.layers[at], &before);
            self.grow(at, &before, &answer.u);
            before = answer.inhibited;
        }
        Ok(())
    }

    /// Reverse reproduction: what the layer before the first would have to look like for `activity` in the last layer,
    /// if signals flowed back through the excitatory synapses. The greatest number is 1 (or all are 0).
    ///
    /// # Errors
    /// `Fault::Data`: the activity has another size, or a number below 0.
    pub fn reproduce(&self, activity: &[f32]) -> Result<Vec<f32>> {
        self.check(activity)?;
        let mut after = activity.to_vec();
        for layer in self.layers.iter().rev() {
            let mut before = vec![0.0; after.len()];
            for (n, &u) in after.iter().enumerate().filter(|(_, u)| **u > 0.0) {
                let synapses = &layer.excitatory[n * self.weights.len()..][..self.weights.len()];
                self.settings.each(n, self.settings.area, |tap, m| before[m] += u * synapses[tap]);
            }
            let greatest = before.iter().fold(f32::MIN_POSITIVE, |m, &u| m.max(u));
            before.iter_mut().for_each(|u| *u /= greatest);
            after = before;
        }
        Ok(after)
    }

    fn answer(&self, layer: &Layer, before: &[f32]) -> Answer {
        let cells = 0..layer.inhibitory.len();
        let u: Vec<f32> = cells
            .clone()
            .map(|n| {
                let synapses = &layer.excitatory[n * self.weights.len()..][..self.weights.len()];
                let e = self.sum(n, |tap, m| synapses[tap] * before[m]);
                let h = layer.inhibitory[n] * self.sum(n, |tap, m| self.weights[tap] * before[m]);
                shunt(e, h)
            })
            .collect();
        let lateral = self.settings.lateral;
        let others = (2 * lateral + 1).pow(2) - 1;
        let inhibited = |n: usize| {
            let mut sum = 0.0;
            self.settings.each(n, lateral, |_, m| sum += if m == n { 0.0 } else { u[m] });
            shunt(u[n], sum / others as f32)
        };
        let inhibited = if lateral == 0 { u.clone() } else { cells.map(inhibited).collect() };
        Answer { u, inhibited }
    }

    fn grow(&mut self, at: usize, before: &[f32], u: &[f32]) {
        let (c, taps) = (&self.weights, self.weights.len());
        let Settings { area, vicinity, rate, weak_rate, .. } = self.settings;
        for n in 0..u.len() {
            let v = self.sum(n, |tap, m| c[tap] * before[m]);
            let (rate, inhibitory) = match self.strongest(n, vicinity, u) {
                _ if v <= 0.0 => continue,
                Some(m) if m == n => (rate, rate * self.sum(n, |tap, m| c[tap] * before[m] * before[m]) / (2.0 * v)),
                Some(_) => continue,
                None => (weak_rate, weak_rate * v),
            };
            let layer = &mut self.layers[at];
            let excitatory = &mut layer.excitatory[n * taps..(n + 1) * taps];
            self.settings.each(n, area, |tap, m| excitatory[tap] += rate * c[tap] * before[m]);
            layer.inhibitory[n] += inhibitory;
        }
    }

    /// The most active cell of the vicinity of n, the first of equals; `None` when all are silent.
    fn strongest(&self, n: usize, vicinity: usize, u: &[f32]) -> Option<usize> {
        let mut best = (0.0, None);
        self.settings.each(n, vicinity, |_, m| {
            if u[m] > best.0 {
                best = (u[m], Some(m));
            }
        });
        best.1
    }

    /// ∑ over the square S around n.
    fn sum(&self, n: usize, term: impl Fn(usize, usize) -> f32) -> f32 {
        let mut sum = 0.0;
        self.settings.each(n, self.settings.area, |tap, m| sum += term(tap, m));
        sum
    }

    fn check(&self, pattern: &[f32]) -> Result<()> {
        checks::row(pattern, self.settings.height * self.settings.width)?;
        match pattern.iter().find(|x| **x < 0.0) {
            None => Ok(()),
            Some(x) => Err(Error::data("a cell cannot be active less than not at all").found(x).expected("at least 0")),
        }
    }
}

/// φ[(1 + e)/(1 + h) − 1].
fn shunt(e: f32, h: f32) -> f32 {
    ((1.0 + e) / (1.0 + h) - 1.0).max(0.0)
}

/// c(ν) ∝ 1/(4 + |ν|), of sum 1.
fn falling(radius: usize) -> Vec<f32> {
    let side = 2 * radius + 1;
    let square = |i: usize| (i as f32 - radius as f32).powi(2);
    let c: Vec<f32> = (0..side * side).map(|i| 1.0 / (4.0 + (square(i / side) + square(i % side)).sqrt())).collect();
    let sum: f32 = c.iter().sum();
    c.iter().map(|c| c / sum).collect()
}

impl Saved for Cognitron {
    const KIND: &'static str = "cognitron";

    fn parts(&self) -> Parts {
        let Settings { height, width, layers, area, vicinity, lateral, rate, weak_rate } = self.settings;
        let parts = Parts::new()
            .text("height", height)
            .text("width", width)
            .text("layers", layers)
            .text("area", area)
            .text("vicinity", vicinity)
            .text("lateral", lateral)
            .text("rate", rate)
            .text("weak_rate", weak_rate);
        self.layers.iter().enumerate().fold(parts, |parts, (i, layer)| {
            let cells = height * width;
            parts
                .reals(format!("layer{}.excitatory", i + 1), [cells, self.weights.len()], layer.excitatory.clone())
                .reals(format!("layer{}.inhibitory", i + 1), [cells], layer.inhibitory.clone())
        })
    }

    fn from_parts(parts: &mut Parts) -> Result<Self> {
        let settings = Settings {
            height: parts.size("height")?,
            width: parts.size("width")?,
            layers: parts.size("layers")?,
            area: parts.parse("area")?,
            vicinity: parts.parse("vicinity")?,
            lateral: parts.parse("lateral")?,
            rate: parts.parse("rate")?,
            weak_rate: parts.parse("weak_rate")?,
        };
        let (cells, taps) = settings.check()?;
        let mut layers = vec![];
        for i in 1..=settings.layers {
            layers.push(Layer {
                excitatory: parts.take(&format!("layer{i}.excitatory"), &[cells, taps])?,
                inhibitory: parts.take(&format!("layer{i}.inhibitory"), &[cells])?,
            });
        }
        Ok(Cognitron { weights: falling(settings.area), settings, layers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header's remark on the rule that textbooks print: a winner that is shown one pattern falls silent by it.
    #[test]
    fn inhibition_that_grows_with_the_excitation_silences_the_winner() {
        let (c, u) = (falling(2), |tap: usize| f32::from(tap / 5 == 2));
        let over = |f: &dyn Fn(usize) -> f32| (0..c.len()).map(f).sum::<f32>();
        let (rate, v, squares) = (16.0, over(&|tap| c[tap] * u(tap)), over(&|tap| c[tap] * u(tap) * u(tap)));
        let answers = |printed: bool| -> Vec<f32> {
            let (mut e, mut b) = (0.0, 0.0);
            let step = |_| {
                b += rate * if printed { e } else { squares } / (2.0 * v);
                e += rate * squares;
                shunt(e, b * v)
            };
            (0..60).map(step).collect()
        };
        let (own, printed) = (answers(false), answers(true));
        assert!(own.windows(2).all(|two| two[0] <= two[1]) && own[59] > 0.95, "{own:?}");
        assert!(printed[0] > 1.0 && printed[59] == 0.0, "{printed:?}");
    }
}
