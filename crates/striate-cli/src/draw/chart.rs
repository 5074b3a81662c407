//! Axes with ticks, and curves over steps.

use super::colour;
use super::svg::{Anchor, Svg};

/// An area of the picture that stands for a range of two quantities.
#[derive(Clone, Copy)]
pub(crate) struct Axes {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
    x: (f32, f32),
    y: (f32, f32),
}

impl Axes {
    pub(crate) fn new((left, top): (f32, f32), (width, height): (f32, f32), x: (f32, f32), y: (f32, f32)) -> Self {
        let wide = |(low, high): (f32, f32)| if high > low { (low, high) } else { (low - 0.5, low + 0.5) };
        Axes { left, top, width, height, x: wide(x), y: wide(y) }
    }

    /// Where a point of the two quantities lies in the picture.
    pub(crate) fn at(&self, x: f32, y: f32) -> (f32, f32) {
        let part = |v: f32, (low, high): (f32, f32)| (v - low) / (high - low);
        (self.left + self.width * part(x, self.x), self.top + self.height * (1.0 - part(y, self.y)))
    }

    /// Frame, ticks, titles.
    pub(crate) fn draw(&self, svg: &mut Svg, title: &str, x_title: &str, y_title: &str) {
        let bottom = self.top + self.height;
        for tick in ticks(self.x) {
            let (x, _) = self.at(tick, self.y.0);
            svg.line(&[(x, bottom), (x, bottom + 4.0)], "#555555", 1.0);
            svg.text(x, bottom + 17.0, 12.0, Anchor::Middle, "#333333", &number(tick));
        }
        for tick in ticks(self.y) {
            let (_, y) = self.at(self.x.0, tick);
            svg.line(&[(self.left - 4.0, y), (self.left, y)], "#555555", 1.0);
            svg.text(self.left - 7.0, y + 4.0, 12.0, Anchor::End, "#333333", &number(tick));
        }
        svg.frame(self.left, self.top, self.width, self.height, "#555555", 1.0);
        svg.text(self.left, self.top - 14.0, 15.0, Anchor::Start, "#111111", title);
        svg.text(self.left + self.width / 2.0, bottom + 36.0, 13.0, Anchor::Middle, "#111111", x_title);
        svg.upwards(self.left - 48.0, self.top + self.height / 2.0, 13.0, "#111111", y_title);
    }
}

/// One curve: its name and its values at steps 0, 1, ….
pub(crate) type Curve = (String, Vec<f64>);

/// Curves over their steps, each named at its side.
pub(crate) fn curves(title: &str, x_title: &str, y_title: &str, curves: &[Curve]) -> String {
    curves_every(1.0, title, x_title, y_title, curves)
}

/// Curves whose values stand at 0, `every`, 2·`every`, ….
pub(crate) fn curves_every(every: f32, title: &str, x_title: &str, y_title: &str, curves: &[Curve]) -> String {
    let mut svg = Svg::new(640.0, 400.0);
    let all = || curves.iter().flat_map(|(_, values)| values.iter().map(|v| *v as f32));
    let (low, high) = (all().fold(f32::INFINITY, f32::min), all().fold(f32::NEG_INFINITY, f32::max));
    let steps = curves.iter().map(|(_, values)| values.len()).max().unwrap_or(1).max(2) - 1;
    let margin = 0.05 * (high - low);
    let axes = Axes::new((72.0, 42.0), (430.0, 300.0), (0.0, every * steps as f32), (low - margin, high + margin));
    axes.draw(&mut svg, title, x_title, y_title);
    for (i, (name, values)) in curves.iter().enumerate() {
        let points: Vec<_> =
            values.iter().enumerate().map(|(step, v)| axes.at(every * step as f32, *v as f32)).collect();
        svg.line(&points, colour::class(i), 2.0);
        let (x, y) = (516.0, 50.0 + 18.0 * i as f32);
        // More curves than colours: the second round has marks of another shape.
        let shape = i + 2 * (i / 8);
        for &(px, py) in &points {
            svg.mark(shape, px, py, 3.2, colour::class(i));
        }
        svg.mark(shape, x, y, 4.5, colour::class(i));
        svg.text(x + 12.0, y + 4.0, 12.0, Anchor::Start, "#333333", name);
    }
    svg.finish()
}

/// Round numbers within the range, about five.
fn ticks((low, high): (f32, f32)) -> Vec<f32> {
    let (low, high) = (f64::from(low), f64::from(high));
    let rough = (high - low) / 5.0;
    let ten = 10f64.powf(rough.log10().floor());
    let step = ten * [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * ten >= rough * 0.8).unwrap_or(10.0);
    let first = (low / step).ceil() as i64;
    (first..).map(|i| (i as f64 * step) as f32).take_while(|tick| f64::from(*tick) <= high + 1e-6 * step).collect()
}

/// A number with few digits.
pub(crate) fn number(v: f32) -> String {
    let text = match v.abs() {
        0.0 => "0".to_string(),
        a if a >= 100.0 => format!("{v:.0}"),
        a if a >= 1.0 => format!("{v:.1}"),
        a if a >= 0.01 => format!("{v:.2}"),
        _ => format!("{v:.1e}"),
    };
    let plain = text.contains('.') && !text.contains('e');
    let text = if plain { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks((0.0, 10.0)), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks((-0.3, 0.9)), [-0.2, 0.0, 0.2, 0.4, 0.6, 0.8]);
        assert_eq!([0.0, -1.5, 120.0, 0.25].map(number), ["0", "−1.5", "120", "0.25"]);
    }

    #[test]
    fn curves_name_themselves() {
        let svg = curves("loss", "epoch", "E", &[("a".into(), vec![2.0, 1.0]), ("b".into(), vec![1.0])]);
        assert!(["loss", "epoch", ">a<", ">b<"].iter().all(|text| svg.contains(text)));
    }
}
