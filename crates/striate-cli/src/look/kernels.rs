//! Kernels as pictures: in colour where they see red, green and blue, else on one signed scale for all of a layer.

use crate::draw::canvas::Drawing;
use crate::draw::colour::{Map, symmetric};
use crate::draw::pixels::Pixels;
use crate::draw::tiles::{Sheet, Tile};
use striate::explain::{KernelBank, KernelFacts};

/// Kernels that fit on one picture.
const MOST: usize = 256;
/// Planes of a kernel that fit beside each other.
const MOST_PLANES: usize = 32;

/// All kernels in an order, or the first 256 of them.
pub(crate) fn drawing(
    title: &str,
    bank: &KernelBank,
    facts: &[KernelFacts],
    order: &[usize],
    duplicates: &[(usize, usize, f64)],
    planes: bool,
) -> Drawing {
    let shown = &order[..order.len().min(MOST)];
    let columns = bank.size().1;
    let part = if shown.len() < order.len() { format!(", {MOST} of {}", order.len()) } else { String::new() };
    let caption = |channel: usize| {
        let f = &facts[channel];
        let mut text = channel.to_string();
        if f.dead_by_norm || f.dead_by_output == Some(true) {
            text += " dead";
        }
        if let Some((twin, _, _)) = duplicates.iter().find(|(_, b, _)| *b == channel) {
            text += &format!(" = {twin}");
        }
        match f.response.as_ref() {
            Some(r) => {
                let angle = r.degrees().map_or(String::new(), |angle| format!(" {angle}°"));
                text + &format!("\n{}{angle}", r.character)
            }
            None => text,
        }
    };
    let deep = bank.planes(0).len();
    if deep == 3 && bank.conv.in_channels == 3 && !planes {
        let tile = |&channel: &usize| {
            let numbers: Vec<f32> = bank.planes(channel).iter().flat_map(|(_, plane)| plane.iter().copied()).collect();
            Tile::coloured(Pixels::sample(&numbers, 3, columns, symmetric(&numbers)), caption(channel))
        };
        let tiles: Vec<_> = shown.iter().map(tile).collect();
        let title = format!("{title}{part}: weights in red, green, blue; each kernel over its own range, 0 is grey");
        let sheet =
            Sheet { title: &title, columns, across: 12, range: (0.0, 1.0), map: Map::Grey, unit: "", rows: &[] };
        return sheet.draw(&tiles);
    }
    if planes && deep > 1 {
        let shown = &shown[..shown.len().min(64)];
        let across = deep.min(MOST_PLANES);
        let rows: Vec<String> = shown.iter().map(|channel| format!("{channel}")).collect();
        let tiles: Vec<_> = shown
            .iter()
            .flat_map(|&channel| bank.planes(channel).into_iter().take(across).collect::<Vec<_>>())
            .map(|(input, plane)| Tile::values(plane.to_vec(), format!("{input}")))
            .collect();
        let title = format!("{title}{part}: a row a kernel, a column an input channel; one scale for all");
        let all: Vec<f32> = shown.iter().flat_map(|&c| bank.planes(c)).flat_map(|(_, plane)| plane.to_vec()).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let sheet = Sheet {
            title: &title,
            columns,
            across,
            range: symmetric(&all),
            map: Map::Vik,
            unit: "weight",
            rows: &rows,
        };
        return sheet.draw(&tiles);
    }
    let means: Vec<Vec<f32>> = shown.iter().map(|&channel| bank.mean_plane(channel)).collect();
    let what = if deep > 1 {
        format!(": means over {deep} input channels; one scale for all")
    } else {
        ": one scale for all".into()
    };
    let title = format!("{title}{part}{what}");
    let range = symmetric(&means.concat());
    let tiles: Vec<_> = shown.iter().zip(means).map(|(&channel, mean)| Tile::values(mean, caption(channel))).collect();
    let unit = if deep > 1 { "mean weight" } else { "weight" };
    Sheet { title: &title, columns, across: 8, range, map: Map::Vik, unit, rows: &[] }.draw(&tiles)
}
