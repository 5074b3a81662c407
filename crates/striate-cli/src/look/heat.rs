//! A picture with what was found in it, and the heat map beside it.

use crate::draw::canvas::{Anchor, Canvas, Drawing};
use crate::draw::colour::{Colour, EDGE, Map, TEXT, TITLE, WHITE};
use striate::explain::heatmap::HeatMap;
use striate::explain::locate::Found;

/// Colours of the frames around what was found: vermillion, on grey and on the scale of blue to yellow alike.
const FRAME: Colour = Colour::of(0xd55e00);
/// Where no window has its middle.
const BLANK: Colour = Colour::of(0xeeeeee);

/// `ink` is rows × columns from 0 to 1. The heat map is drawn on the same scale: a cell where the middle of its window is.
pub(crate) fn draw(
    title: &str,
    ink: &[f32],
    [rows, columns]: [usize; 2],
    map: &HeatMap,
    found: &[Found],
    classes: &[String],
) -> Drawing {
    let cell = (360.0 / rows.max(columns) as f32).clamp(0.5, 8.0);
    let (wide, high) = (columns as f32 * cell, rows as f32 * cell);
    let (left, top, gap) = (24.0, 66.0, 36.0);
    let mut canvas = Canvas::new(left + 2.0 * wide + gap + 78.0, top + high + 24.0);
    canvas.text(left, 28.0, 15.0, Anchor::Start, TITLE, &format!("{title}: {} found", found.len()));
    let right = left + wide + gap;
    canvas.text(left, 54.0, 12.0, Anchor::Start, TEXT, "what was found");
    canvas.text(right, 54.0, 12.0, Anchor::Start, TEXT, "probability of the likeliest class of the window around");
    canvas.pixels((left, top), ink, columns, cell, (0.0, 1.0), Map::Ink);
    canvas.frame(left, top, wide, high, EDGE, 0.6);

    let best: Vec<f32> = (0..map.rows * map.columns).map(|i| map.best(i / map.columns, i % map.columns).1).collect();
    let (low, top_most) = (1.0 / map.classes as f32, 1.0);
    // Cells may be longer one way than the other; one picture pixel is the unit.
    let [down, across] = map.stride;
    let fine: Vec<f32> = (0..map.rows * down)
        .flat_map(|row| (0..map.columns * across).map(move |column| (row / down, column / across)))
        .map(|(row, column)| best[row * map.columns + column])
        .collect();
    let first = [0, 1].map(|axis| (map.window[axis] as f32 - map.stride[axis] as f32) / 2.0 * cell);
    canvas.rect(right, top, wide, high, BLANK);
    canvas.pixels((right + first[1], top + first[0]), &fine, map.columns * across, cell, (low, top_most), Map::Viridis);
    canvas.frame(right, top, wide, high, EDGE, 0.6);
    canvas.colour_bar(
        (right + wide + 10.0, top),
        high.clamp(80.0, 160.0),
        (low, top_most),
        Map::Viridis,
        "probability",
    );
    for f in found {
        let [y, x] = [0, 1].map(|axis| f.corner[axis] as f32 * cell);
        let [h, w] = [0, 1].map(|axis| f.window[axis] as f32 * cell);
        for beside in [left, right] {
            canvas.frame(beside + x, top + y, w, h, FRAME, 2.0);
        }
        // Beside the stroke, within the frame, on paper of its own.
        let text = format!("{} {:.0} %", classes[f.class], 100.0 * f.probability);
        let long = 7.0 * text.chars().count() as f32 + 6.0;
        canvas.rect(left + x, top + y, long, 15.0, FRAME);
        canvas.text(left + x + 3.0, top + y + 11.5, 12.0, Anchor::Start, WHITE, &text);
    }
    canvas.finish()
}
