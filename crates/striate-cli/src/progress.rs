//! What is shown while a model trains: a line that changes on a terminal, one line for each epoch elsewhere.

use crate::output::{note, percent};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};
use striate::model::Model;
use striate::run::Session;
use striate::tables::{Regression, Scale};
use striate::train::{EpochReport, Tally};

/// How progress is shown.
pub(crate) enum Progress {
    /// On a terminal.
    Line(Line),
    /// Elsewhere.
    Plain,
    /// Not at all.
    Silent,
}

/// The line on a terminal, and when it was last drawn.
pub(crate) struct Line {
    bar: ProgressBar,
    drawn: Instant,
    begun: (Instant, u64),
}

const REDRAW: Duration = Duration::from_millis(100);

impl Progress {
    /// The kind that fits: nothing if `silent`, a line if stderr is a terminal and `NO_COLOR` is not set.
    pub(crate) fn new(silent: bool, session: &Session) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if silent {
            return Progress::Silent;
        }
        if plain || !stderr().is_terminal() {
            return Progress::Plain;
        }
        let at = session.trainer().progress();
        let bar = ProgressBar::with_draw_target(Some(at.total()), ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template("{bar:24.cyan} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        bar.set_position(at.step);
        Progress::Line(Line { bar, drawn: Instant::now(), begun: (Instant::now(), at.step) })
    }

    /// A line of text that stays.
    pub(crate) fn say(&self, text: &str) {
        match self {
            Progress::Line(line) => line.bar.suspend(|| note(text)),
            Progress::Plain => note(text),
            Progress::Silent => {}
        }
    }

    /// After each step.
    pub(crate) fn step(&mut self, session: &Session) {
        let Progress::Line(line) = self else { return };
        if line.drawn.elapsed() < REDRAW {
            return;
        }
        line.drawn = Instant::now();
        let (trainer, at) = (session.trainer(), session.trainer().progress());
        let tally = trainer.position().tally;
        let (begin, first) = line.begun;
        let done = at.step.saturating_sub(first).max(1);
        let left = begin.elapsed().as_secs_f64() / done as f64 * at.total().saturating_sub(at.step) as f64;
        let seconds = trainer.position().epoch_seconds;
        let speed = if seconds > 0.0 { tally.samples() as f64 / seconds } else { 0.0 };
        line.bar.set_position(at.step);
        line.bar.set_message(format!(
            "epoch {}/{}  loss {:.4}  {}  {:.0} {}/s  {} left",
            trainer.position().epoch + 1,
            at.epochs,
            tally.loss(),
            judged(session.model(), &tally),
            speed,
            samples_of(session.model()),
            clock(left)
        ));
    }

    /// At the end of an epoch.
    pub(crate) fn epoch(&self, session: &Session, report: &EpochReport) {
        let epochs = session.trainer().settings().stop.epochs;
        let change = report.change.map_or(String::new(), |change| format!("  largest change {change:.2e}"));
        self.say(&format!(
            "epoch {:>2}/{epochs}  loss {:.4}  {}  {} loss {:.4}  {}{change}  {:.1} s  {:.0} {}/s{}",
            report.epoch,
            report.train.loss(),
            judged(session.model(), &report.train),
            session.record().data.watched(),
            report.watched.loss(),
            judged(session.model(), &report.watched),
            report.seconds,
            report.images_per_second(),
            samples_of(session.model()),
            if report.best { "  best" } else { "" }
        ));
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        if let Progress::Line(line) = self {
            line.bar.finish_and_clear();
        }
    }
}

/// What samples are called.
pub(crate) fn samples_of(model: &Model) -> &'static str {
    if model.table.is_some() { "rows" } else { "images" }
}

/// How well samples were told: the part that is right, or of numbers the error in their unit.
pub(crate) fn judged(model: &Model, tally: &Tally) -> String {
    match rmse(model, tally) {
        Some(rmse) => format!("RMSE {rmse:.4}"),
        None => format!("right {}", percent(tally.accuracy())),
    }
}

/// Of a model that gives numbers, the root of the mean square of the errors in their unit.
pub(crate) fn rmse(model: &Model, tally: &Tally) -> Option<f64> {
    regression(model, tally, &[]).map(|found| found.rmse)
}

/// Of a model that gives numbers, the error on samples of these targets.
pub(crate) fn regression(model: &Model, tally: &Tally, targets: &[f32]) -> Option<Regression> {
    let mean_square = model.loss.mean_square(tally.loss()).filter(|_| model.gives_numbers())?;
    let scale = model.table.as_ref().and_then(|table| table.scale).unwrap_or(Scale { center: 0.0, spread: 1.0 });
    Some(Regression::of(mean_square, targets, scale))
}

/// Seconds as `1:05` or `2:03:09`.
fn clock(seconds: f64) -> String {
    let seconds = seconds.min(1e9) as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn clocks() {
        assert_eq!([5.9, 65.0, 7389.0].map(clock), ["0:05", "1:05", "2:03:09"]);
    }
}
