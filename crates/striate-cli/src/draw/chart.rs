//! Axes with ticks, linear or logarithmic, and curves with a legend.

use super::canvas::{Anchor, Canvas, Drawing, Point};
use super::colour::{self, FRAME, GRID, TEXT, TITLE};
use super::font;

/// One of the two quantities of a chart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Axis {
    /// The quantity and its unit.
    pub(crate) title: String,
    /// Equal factors are equal lengths; values that are not positive are left out.
    pub(crate) log: bool,
    /// Only whole numbers have ticks.
    pub(crate) whole: bool,
    /// From where to where; none: what the curves need.
    pub(crate) range: Option<(f64, f64)>,
}

impl Axis {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Axis { title: title.into(), ..Axis::default() }
    }

    pub(crate) fn log(self) -> Self {
        Axis { log: true, ..self }
    }

    pub(crate) fn whole(self) -> Self {
        Axis { whole: true, ..self }
    }

    pub(crate) fn range(self, low: f64, high: f64) -> Self {
        Axis { range: Some((low, high)), ..self }
    }

    /// The value on the scale that is drawn.
    fn on(&self, v: f64) -> f64 {
        if self.log { v.log10() } else { v }
    }

    /// The range on the scale that is drawn, as wide as all values need.
    fn span(&self, values: impl Iterator<Item = f64>, margin: f64) -> (f32, f32) {
        let (low, high) = match self.range {
            Some((low, high)) => (self.on(low), self.on(high)),
            None => {
                let finite = values.map(|v| self.on(v)).filter(|v| v.is_finite());
                let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
                let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
                (low - margin * (high - low), high + margin * (high - low))
            }
        };
        (low as f32, high as f32)
    }
}

/// One curve.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
    /// What the others are compared with: drawn thick, in the colour of text.
    pub(crate) chief: bool,
}

impl Curve {
    pub(crate) fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Curve { name: name.into(), points, chief: false }
    }

    pub(crate) fn chief(self) -> Self {
        Curve { chief: true, ..self }
    }

    /// Values at 0, `every`, 2·`every`, ….
    pub(crate) fn steps(name: impl Into<String>, every: f64, values: &[f64]) -> Self {
        Curve::new(name, values.iter().enumerate().map(|(step, v)| (step as f64 * every, *v)).collect())
    }
}

/// Several curves over one quantity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) curves: Vec<Curve>,
    /// A dashed line to compare with, from point to point.
    pub(crate) guide: Option<((f64, f64), (f64, f64))>,
    /// A value of x to mark, and what it is.
    pub(crate) marked: Option<(f64, String)>,
}

/// The area of the curves.
const PLOT: Point = (430.0, 300.0);
const CORNER: Point = (76.0, 46.0);
/// More points than this are drawn without a mark each.
const MARKED: usize = 40;

impl Chart {
    pub(crate) fn draw(&self) -> Drawing {
        let all = || self.curves.iter().flat_map(|curve| &curve.points);
        let x = self.x.span(all().map(|p| p.0), 0.0);
        let y = self.y.span(all().map(|p| p.1), 0.05);
        let axes = Axes::new(CORNER, PLOT, x, y).scales((self.x.log, self.y.log), self.x.whole);
        let legend = self.curves.iter().map(|curve| font::width(&curve.name, 12.0)).fold(0.0, f32::max);
        let right = CORNER.0 + PLOT.0;
        let wide = (right + legend + 44.0).max(CORNER.0 + font::width(&self.title, 15.0) + 20.0).max(right + 20.0);
        let high = (CORNER.1 + PLOT.1 + 54.0).max(CORNER.1 + 18.0 * self.curves.len() as f32 + 20.0);
        let mut canvas = Canvas::new(wide, high);
        axes.grid(&mut canvas);
        axes.draw(&mut canvas, &self.title, &self.x.title, &self.y.title);
        let place = |p: &(f64, f64)| {
            let (x, y) = (self.x.on(p.0), self.y.on(p.1));
            (x.is_finite() && y.is_finite()).then(|| axes.at(x as f32, y as f32))
        };
        if let Some((from, to)) = self.guide.as_ref().and_then(|(a, b)| place(a).zip(place(b))) {
            canvas.dashed(from, to, FRAME, 1.0);
        }
        if let Some((at, text)) = &self.marked {
            let (x, _) = axes.at(self.x.on(*at) as f32, y.0);
            canvas.dashed((x, CORNER.1), (x, CORNER.1 + PLOT.1), FRAME, 1.0);
            let (anchor, aside) = if x > CORNER.0 + PLOT.0 / 2.0 { (Anchor::End, -5.0) } else { (Anchor::Start, 5.0) };
            canvas.text(x + aside, CORNER.1 + PLOT.1 - 8.0, 11.0, anchor, FRAME, text);
        }
        for (i, curve) in self.curves.iter().enumerate() {
            let (colour, dashed) = match curve.chief {
                true => (TITLE, false),
                false => colour::curve(i, self.curves.iter().filter(|curve| !curve.chief).count()),
            };
            let thick = if curve.chief { 3.0 } else { 2.0 };
            let line = |canvas: &mut Canvas, points: &[Point]| match dashed {
                true => canvas.dashes(points, colour, thick),
                false => canvas.line(points, colour, thick),
            };
            let points: Vec<Option<Point>> = curve.points.iter().map(place).collect();
            points.split(Option::is_none).for_each(|part| {
                line(&mut canvas, &part.iter().flatten().copied().collect::<Vec<_>>());
            });
            if points.len() <= MARKED {
                points.iter().flatten().for_each(|&(x, y)| canvas.mark(i, x, y, 3.2, colour));
            }
            let (x, y) = (right + 16.0, CORNER.1 + 8.0 + 18.0 * i as f32);
            line(&mut canvas, &[(x - 9.0, y), (x + 9.0, y)]);
            if points.len() <= MARKED {
                canvas.mark(i, x, y, 4.0, colour);
            }
            canvas.text(x + 13.0, y + 4.0, 12.0, Anchor::Start, TEXT, &curve.name);
        }
        canvas.finish()
    }
}

/// The values of a curve at its steps, and its name.
pub(crate) type Steps = (String, Vec<f64>);

/// Curves over their steps 0, 1, …, each with its name.
pub(crate) fn curves(title: &str, x_title: &str, y_title: &str, curves: &[Steps]) -> Drawing {
    curves_every(1.0, title, x_title, y_title, curves)
}

/// Curves whose values stand at 0, `every`, 2·`every`, ….
pub(crate) fn curves_every(every: f64, title: &str, x_title: &str, y_title: &str, curves: &[Steps]) -> Drawing {
    Chart {
        title: title.to_string(),
        x: Axis::new(x_title),
        y: Axis::new(y_title),
        curves: curves.iter().map(|(name, values)| Curve::steps(name, every, values)).collect(),
        ..Chart::default()
    }
    .draw()
}

/// An area of the picture that stands for a range of two quantities.
#[derive(Clone, Copy)]
pub(crate) struct Axes {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
    x: (f32, f32),
    y: (f32, f32),
    logs: (bool, bool),
    whole: bool,
}

impl Axes {
    pub(crate) fn new((left, top): Point, (width, height): Point, x: (f32, f32), y: (f32, f32)) -> Self {
        let wide = |(low, high): (f32, f32)| {
            // Half a unit is lost beside large numbers.
            let aside = (1e-3 * low.abs()).max(0.5);
            if high > low { (low, high) } else { (low - aside, low + aside) }
        };
        Axes { left, top, width, height, x: wide(x), y: wide(y), logs: (false, false), whole: false }
    }

    /// Says which ranges are of logarithms to base 10, and whether x has ticks at whole numbers only.
    fn scales(self, logs: (bool, bool), whole: bool) -> Self {
        Axes { logs, whole, ..self }
    }

    /// Where a point of the two quantities lies in the picture.
    pub(crate) fn at(&self, x: f32, y: f32) -> Point {
        let part = |v: f32, (low, high): (f32, f32)| (v - low) / (high - low);
        (self.left + self.width * part(x, self.x), self.top + self.height * (1.0 - part(y, self.y)))
    }

    /// Pale lines at the ticks.
    fn grid(&self, canvas: &mut Canvas) {
        for (tick, _) in marks(self.x, self.logs.0, self.whole) {
            let (x, _) = self.at(tick, self.y.0);
            canvas.line(&[(x, self.top), (x, self.top + self.height)], GRID, 0.7);
        }
        for (tick, _) in marks(self.y, self.logs.1, false) {
            let (_, y) = self.at(self.x.0, tick);
            canvas.line(&[(self.left, y), (self.left + self.width, y)], GRID, 0.7);
        }
    }

    /// Frame, ticks, titles.
    pub(crate) fn draw(&self, canvas: &mut Canvas, title: &str, x_title: &str, y_title: &str) {
        let bottom = self.top + self.height;
        for (tick, text) in marks(self.x, self.logs.0, self.whole) {
            let (x, _) = self.at(tick, self.y.0);
            canvas.line(&[(x, bottom), (x, bottom + 4.0)], FRAME, 1.0);
            canvas.text(x, bottom + 17.0, 12.0, Anchor::Middle, TEXT, &text);
        }
        let mut widest = 0f32;
        for (tick, text) in marks(self.y, self.logs.1, false) {
            let (_, y) = self.at(self.x.0, tick);
            canvas.line(&[(self.left - 4.0, y), (self.left, y)], FRAME, 1.0);
            canvas.text(self.left - 7.0, y + 4.0, 12.0, Anchor::End, TEXT, &text);
            widest = widest.max(font::width(&text, 12.0));
        }
        canvas.frame(self.left, self.top, self.width, self.height, FRAME, 1.0);
        canvas.text(self.left, self.top - 14.0, 15.0, Anchor::Start, TITLE, title);
        canvas.text(self.left + self.width / 2.0, bottom + 38.0, 13.0, Anchor::Middle, TITLE, x_title);
        canvas.upwards(self.left - (widest + 18.0).max(40.0), self.top + self.height / 2.0, 13.0, TITLE, y_title);
    }
}

/// The ticks of a range, with their texts.
fn marks(range: (f32, f32), log: bool, whole: bool) -> Vec<(f32, String)> {
    if !log {
        let mut ticks = ticks(range);
        ticks.retain(|tick| !whole || tick.fract() == 0.0);
        // As many digits at all ticks as their distance needs.
        let step = if ticks.len() > 1 { ticks[1] - ticks[0] } else { 1.0 };
        let digits = (-(step.log10() + 1e-3).floor()).max(0.0) as usize;
        let plain = digits < 4 && range.0.abs().max(range.1.abs()) < 1e6;
        let text =
            |tick: f32| if plain { format!("{:.digits$}", tick + 0.0).replace('-', "−") } else { number(tick) };
        return ticks.into_iter().map(|tick| (tick, text(tick))).collect();
    }
    let decades: Vec<f32> = (range.0.ceil() as i32..=range.1.floor() as i32).map(|i| i as f32).collect();
    let small = if decades.len() > 2 { &[1.0f32][..] } else { &[1.0, 2.0, 5.0] };
    let all = (range.0.floor() as i32..=range.1.ceil() as i32)
        .flat_map(|i| small.iter().map(move |m| f64::from(*m) * 10f64.powi(i)))
        .filter(|v| (f64::from(range.0)..=f64::from(range.1)).contains(&v.log10()));
    all.map(|v| (v.log10() as f32, number(v as f32))).collect()
}

/// Round numbers within the range, about five.
fn ticks((low, high): (f32, f32)) -> Vec<f32> {
    let (low, high) = (f64::from(low), f64::from(high));
    let rough = (high - low) / 5.0;
    let ten = 10f64.powf(rough.log10().floor());
    let step = ten * [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * ten >= rough * 0.8).unwrap_or(10.0);
    let first = (low / step - 1e-6).ceil() as i64;
    (first..).map(|i| (i as f64 * step) as f32).take_while(|tick| f64::from(*tick) <= high + 1e-6 * step).collect()
}

/// A number with few digits.
pub(crate) fn number(v: f32) -> String {
    let text = match v.abs() {
        0.0 => "0".to_string(),
        a if a >= 1e6 => format!("{v:.1e}"),
        a if a >= 100.0 => format!("{v:.0}"),
        a if a >= 1.0 => format!("{v:.1}"),
        a if a >= 0.01 => format!("{v:.2}"),
        a if a >= 0.001 => format!("{v:.3}"),
        _ => format!("{v:.1e}"),
    };
    let plain = text.contains('.') && !text.contains('e');
    let text = if plain { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::svg;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks((0.0, 10.0)), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks((-0.3, 0.9)), [-0.2, 0.0, 0.2, 0.4, 0.6, 0.8]);
        assert_eq!([0.0, -1.5, 120.0, 0.25].map(number), ["0", "−1.5", "120", "0.25"]);
        let texts = |range, log| marks(range, log, false).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts((0.9, 1.0), false), ["0.90", "0.92", "0.94", "0.96", "0.98", "1.00"]);
        assert_eq!(marks((1.0, 3.0), false, true).len(), 3);
        assert_eq!(texts((-3.0, 0.5), true), ["0.001", "0.01", "0.1", "1"]);
        assert_eq!(texts((0.0, 1.0), true), ["1", "2", "5", "10"]);
    }

    #[test]
    fn curves_name_themselves_and_leave_out_what_has_no_place() {
        let svg = svg::file(&curves("loss", "epoch", "E", &[("a".into(), vec![2.0, 1.0]), ("b".into(), vec![1.0])]));
        let svg = svg.unwrap();
        assert!(["loss", "epoch", ">a<", ">b<"].iter().all(|text| svg.contains(text)));
        let points = vec![(0.0, 1.0), (1.0, 0.0), (2.0, 0.1), (3.0, f64::NAN)];
        let chart = Chart { y: Axis::new("E").log(), curves: vec![Curve::new("c", points)], ..Chart::default() };
        let svg = svg::file(&chart.draw()).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
