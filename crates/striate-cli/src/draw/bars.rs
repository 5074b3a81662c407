//! Lying bars, each with its name and its number.

use super::canvas::{Anchor, Canvas, Drawing};
use super::chart::number;
use super::colour::{self, FRAME, TEXT, TITLE};
use super::font;

/// Named numbers.
pub(crate) struct Bars<'a> {
    pub(crate) title: &'a str,
    /// What they measure.
    pub(crate) unit: &'a str,
    pub(crate) bars: &'a [(String, f64)],
    /// Where bars begin and how far they may reach; none: from 0 as far as they need.
    pub(crate) range: Option<(f64, f64)>,
}

const LENGTH: f32 = 360.0;
const STEP: f32 = 20.0;

impl Bars<'_> {
    pub(crate) fn draw(&self) -> Drawing {
        let values = || self.bars.iter().map(|(_, v)| *v).filter(|v| v.is_finite());
        let needed = || (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
        let (low, high) = self.range.unwrap_or_else(needed);
        let wide = if high > low { high - low } else { 1.0 };
        let names = self.bars.iter().map(|(name, _)| font::width(name, 12.0)).fold(20.0, f32::max).min(220.0);
        let left = 24.0 + names + 8.0;
        let place = |v: f64| left + LENGTH * ((v - low) / wide).clamp(0.0, 1.0) as f32;
        let zero = place(0.0f64.max(low));
        let width = (left + LENGTH + 60.0).max(font::width(self.title, 15.0) + 48.0);
        let bottom = 46.0 + STEP * self.bars.len() as f32;
        let mut canvas = Canvas::new(width, bottom + 34.0);
        canvas.text(24.0, 28.0, 15.0, Anchor::Start, TITLE, self.title);
        for (i, (name, v)) in self.bars.iter().enumerate() {
            let top = 46.0 + STEP * i as f32;
            canvas.text(left - 8.0, top + 14.0, 12.0, Anchor::End, TEXT, &font::fitted(name, 12.0, names));
            let end = if v.is_finite() { place(*v) } else { zero };
            let from = if *v < 0.0 { colour::class(5) } else { colour::class(0) };
            canvas.rect(zero.min(end), top + 3.0, (end - zero).abs().max(0.5), STEP - 6.0, from);
            let text = if v.is_finite() { number(*v as f32) } else { "—".to_string() };
            canvas.text(zero.max(end) + 6.0, top + 14.0, 11.0, Anchor::Start, TEXT, &text);
        }
        canvas.line(&[(zero, 44.0), (zero, bottom + 2.0)], FRAME, 1.0);
        canvas.text(left + LENGTH / 2.0, bottom + 22.0, 12.0, Anchor::Middle, TITLE, self.unit);
        canvas.finish()
    }
}
