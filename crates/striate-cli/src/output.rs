//! Results on stdout.

use serde::Serialize;
use std::io::{self, ErrorKind, Write};
use std::time::Duration;
use striate::prelude::*;

/// Where results go. A reader that goes away (`striate … | head -1`) is no mistake: what follows is dropped.
pub(crate) struct Output {
    json: bool,
    open: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Output { json, open: true }
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// A line of text.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> Result<()> {
        if self.open {
            let written = writeln!(io::stdout(), "{}", text.as_ref()).and_then(|()| io::stdout().flush());
            match written {
                Err(failure) if failure.kind() == ErrorKind::BrokenPipe => self.open = false,
                Err(failure) => return Err(Error::new(Fault::Data, "cannot write to stdout").found(failure)),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// An object as one line of JSON.
    pub(crate) fn object(&mut self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value)
            .map_err(|failure| Error::new(Fault::Internal, "a result could not be written as JSON").found(failure))?;
        self.line(text)
    }
}

/// Columns that a line of results may have: those of the terminal, or of COLUMNS where there is none, or 100.
pub(crate) fn width() -> usize {
    let terminal = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    let told = || std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    terminal.or_else(told).filter(|columns| *columns > 0).unwrap_or(100)
}

/// A note on stderr, which nothing depends on.
pub(crate) fn note(text: impl AsRef<str>) {
    let _ = writeln!(io::stderr(), "{}", text.as_ref());
}

/// A count with commas between thousands.
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A part of a whole as "98.40 %".
pub(crate) fn percent(part: f64) -> String {
    format!("{:.2} %", 100.0 * part)
}

/// A duration in milliseconds, with so many digits as tell something.
pub(crate) fn milliseconds(duration: Duration) -> String {
    let ms = 1e3 * duration.as_secs_f64();
    let digits = if ms < 1.0 {
        4
    } else if ms < 100.0 {
        3
    } else {
        1
    };
    format!("{ms:.digits$} ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(percent(0.98765), "98.77 %");
        assert_eq!(
            [41_500, 3_141_593, 271_828_183].map(|ns| milliseconds(Duration::from_nanos(ns))),
            ["0.0415 ms", "3.142 ms", "271.8 ms"]
        );
    }
}
