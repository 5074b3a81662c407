//! Pictures of characters.

const SHADES: [char; 10] = [' ', '.', ':', '-', '=', '+', '*', '#', '%', '@'];

/// Pictures of `columns` pixels a row side by side, two characters a pixel, `low` blank and `high` dark.
pub(crate) fn strip<'a>(
    pictures: impl IntoIterator<Item = &'a [f32]>,
    columns: usize,
    (low, high): (f32, f32),
) -> String {
    let mut lines: Vec<String> = vec![];
    for picture in pictures {
        lines.resize(lines.len().max(picture.len() / columns), String::new());
        for (line, row) in lines.iter_mut().zip(picture.chunks(columns)) {
            for v in row {
                let at = ((v - low) / (high - low).max(f32::MIN_POSITIVE)).clamp(0.0, 1.0) * 9.0;
                let shade = SHADES[at.round() as usize];
                line.extend([shade, shade]);
            }
            line.push_str(" | ");
        }
    }
    lines.iter().map(|line| line.strip_suffix(" | ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// Values as bars of one line.
pub(crate) fn bars(values: &[f64]) -> String {
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let bar = |v: &f64| {
        let at = ((v - low) / (high - low).max(f64::MIN_POSITIVE) * 7.0).round() as usize;
        ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][at.min(7)]
    };
    values.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_side_by_side() {
        let (a, b) = ([0.0, 1.0], [1.0, 0.0]);
        assert_eq!(strip([&a[..], &b[..]], 1, (0.0, 1.0)), "   | @@\n@@ |   ");
        assert_eq!(bars(&[0.0, 7.0]), "▁█");
    }
}
