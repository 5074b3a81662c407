//! Tables of text, and numbers as people write them.

use std::fmt;
use std::ops::Range;

/// Rows of `C` cells under a head, words to the left and numbers to the right.
pub(crate) struct Table<const C: usize> {
    /// `None` is a rule.
    rows: Vec<Option<[String; C]>>,
    numbers: Range<usize>,
}

impl<const C: usize> Table<C> {
    /// A table with this head; the columns in `numbers` go to the right.
    pub(crate) fn new(head: [&str; C], numbers: Range<usize>) -> Self {
        Table { rows: vec![Some(head.map(str::to_string)), None], numbers }
    }

    pub(crate) fn row(&mut self, cells: [String; C]) {
        self.rows.push(Some(cells));
    }

    pub(crate) fn rule(&mut self) {
        self.rows.push(None);
    }
}

impl<const C: usize> fmt::Display for Table<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| self.rows.iter().flatten().map(|row| row[column].chars().count()).max();
        let widths: Vec<_> = (0..C).map(|column| width(column).unwrap_or(0)).collect();
        for row in &self.rows {
            let Some(row) = row else {
                writeln!(f, "{}", "─".repeat(widths.iter().sum::<usize>() + 2 * C.saturating_sub(1)))?;
                continue;
            };
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let gap = " ".repeat(width - cell.chars().count());
                let (before, after) = if self.numbers.contains(&column) { (&*gap, "") } else { ("", &*gap) };
                line += &format!("{}{before}{cell}{after}", if column == 0 { "" } else { "  " });
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Sizes as `16×10×10`.
pub(crate) fn join(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

/// 61706 as 61,706.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let comma = |(at, digit): (usize, char)| match at > 0 && (digits.len() - at).is_multiple_of(3) {
        true => vec![',', digit],
        false => vec![digit],
    };
    digits.chars().enumerate().flat_map(comma).collect()
}

pub(crate) fn or_blank(number: u64) -> String {
    if number == 0 { "–".to_string() } else { grouped(number) }
}

/// A number of bytes in B, KiB or MiB.
pub(crate) fn bytes(number: u64) -> String {
    match number {
        0..1024 => format!("{number} B"),
        1024..1_048_576 => format!("{:.1} KiB", number as f64 / 1024.0),
        _ => format!("{:.1} MiB", number as f64 / 1_048_576.0),
    }
}

/// A text of at most so many columns, its end replaced by `…` where it is longer.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    match text.chars().count() <= columns {
        true => text.to_string(),
        false => text.chars().take(columns - 1).chain(['…']).collect(),
    }
}
