//! Numbers that a model tells, beside the true ones.

use crate::draw::bars::Bars;
use crate::draw::canvas::{Canvas, Drawing};
use crate::draw::chart::{Axes, number};
use crate::draw::colour::{FRAME, class};
use crate::draw::font;

/// How far they are off.
pub(crate) struct Errors {
    /// √ of the mean square.
    pub(crate) rmse: f64,
    /// The mean of the magnitudes.
    pub(crate) mean: f64,
    /// 1 − Σ(t − y)² / Σ(t − mean t)²; `None` where all true numbers are alike.
    pub(crate) r2: Option<f64>,
}

impl Errors {
    /// Of pairs: the true number t, then the one y that is told.
    pub(crate) fn of(pairs: &[(f64, f64)]) -> Self {
        let count = pairs.len().max(1) as f64;
        let middle = pairs.iter().map(|(t, _)| t).sum::<f64>() / count;
        let squares: f64 = pairs.iter().map(|(t, y)| (t - y).powi(2)).sum();
        let variance: f64 = pairs.iter().map(|(t, _)| (t - middle).powi(2)).sum();
        Errors {
            rmse: (squares / count).sqrt(),
            mean: pairs.iter().map(|(t, y)| (t - y).abs()).sum::<f64>() / count,
            r2: (variance > 0.0).then(|| 1.0 - squares / variance),
        }
    }
}

/// A point for each sample: what is told over what is true.
pub(crate) fn told(target: &str, pairs: &[(f64, f64)]) -> Drawing {
    let all = || pairs.iter().flat_map(|(t, y)| [*t, *y]).filter(|v| v.is_finite());
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    let aside = 0.04 * (high - low);
    let range = ((low - aside) as f32, (high + aside) as f32);
    let title = format!("What is told over what is true: {target}");
    let mut canvas = Canvas::new(440f32.max(76.0 + font::width(&title, 15.0) + 20.0), 420.0);
    let axes = Axes::new((76.0, 46.0), (320.0, 320.0), range, range);
    axes.draw(&mut canvas, &title, "true", "told");
    canvas.dashed(axes.at(range.0, range.0), axes.at(range.1, range.1), FRAME, 1.0);
    for (t, y) in pairs.iter().filter(|(t, y)| t.is_finite() && y.is_finite()) {
        let (x, y) = axes.at(*t as f32, *y as f32);
        canvas.mark(0, x, y, 3.2, class(0).opacity(0.7));
    }
    canvas.finish()
}

/// Bars of the histogram.
const BINS: usize = 13;

/// How many samples are off by how much: what is told less what is true.
pub(crate) fn off(target: &str, pairs: &[(f64, f64)]) -> Drawing {
    let errors: Vec<f64> = pairs.iter().map(|(t, y)| y - t).filter(|v| v.is_finite()).collect();
    let most = errors.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
    let mut counts = [0u32; BINS];
    for error in &errors {
        counts[(((error / most + 1.0) / 2.0 * BINS as f64) as usize).min(BINS - 1)] += 1;
    }
    let middle = |bin: usize| ((bin as f64 + 0.5) / BINS as f64 * 2.0 - 1.0) * most;
    let bars: Vec<_> = counts.iter().enumerate().map(|(i, n)| (number(middle(i) as f32), f64::from(*n))).collect();
    let title = format!("How far {target} is off: told less true");
    Bars { title: &title, unit: "samples", bars: &bars, range: None }.draw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_by_hand() {
        let found = Errors::of(&[(0.0, 1.0), (2.0, 2.0), (4.0, 1.0)]);
        assert_eq!((found.rmse, found.mean, found.r2), ((10.0f64 / 3.0).sqrt(), 4.0 / 3.0, Some(1.0 - 10.0 / 8.0)));
        assert_eq!(Errors::of(&[(1.0, 1.0), (1.0, 2.0)]).r2, None);
    }
}
