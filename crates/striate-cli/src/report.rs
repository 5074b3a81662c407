//! Everything that goes wrong ends here, as text on stderr or, with `--json`, as an object on stdout.

use crate::output::{Output, note};
use serde_json::json;
use std::backtrace::Backtrace;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use striate::prelude::*;

/// Prints an error; gives the exit code.
pub(crate) fn failure(error: &Error, json: bool) -> u8 {
    let code = error.fault().exit_code();
    match json {
        true => _ = Output::new(true).object(&json!({ "error": error, "exit_code": code })),
        false => note(format!("error: {error}")),
    }
    code
}

/// Prints what clap has to say: help and version to stdout, a wrong argument as an error. Gives the exit code.
pub(crate) fn usage(error: &clap::Error, json: bool) -> u8 {
    if json && error.use_stderr() {
        let text = error.render().to_string();
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let what = lines.next().unwrap_or_default().trim_start_matches("error: ").to_string();
        let rest: Vec<_> = lines.take_while(|line| !line.starts_with("Usage:")).collect();
        let mut found = Error::usage(what);
        if !rest.is_empty() {
            found = found.hint(rest.join("; "));
        }
        return failure(&found, true);
    }
    // Nobody is left to tell if even this cannot be written.
    let _ = error.print();
    u8::try_from(error.exit_code()).unwrap_or(2)
}

static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs `body`; a panic becomes an internal error that says where it happened.
pub(crate) fn without_panic<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    panic::set_hook(Box::new(|info| {
        let text = info.payload().downcast_ref::<&str>().map(|text| text.to_string());
        let text = text.or_else(|| info.payload().downcast_ref::<String>().cloned());
        let message = text.unwrap_or_else(|| "a panic without a message".into());
        let place = info.location().map_or(String::new(), |at| format!(" ({}:{})", at.file(), at.line()));
        let backtrace = Backtrace::capture();
        let trace = match backtrace.status() {
            std::backtrace::BacktraceStatus::Captured => format!("\n{backtrace}"),
            _ => String::new(),
        };
        // The first panic is the cause; those of other threads follow from it.
        if let Ok(mut last) = LAST_PANIC.lock() {
            last.get_or_insert(format!("{message}{place}{trace}"));
        }
    }));
    panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        let what = LAST_PANIC.lock().ok().and_then(|mut last| last.take()).unwrap_or_default();
        Err(Error::new(Fault::Internal, "Striate itself made a mistake").found(what).hint(
            "please report it with the command that you gave; RUST_BACKTRACE=1 tells more about where it happened",
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_internal_error() {
        let error = without_panic::<()>(|| panic!("seven is not six")).unwrap_err();
        assert_eq!(error.fault().exit_code(), 1);
        let text = error.to_string();
        assert!(
            text.contains("seven is not six (") && text.contains("report.rs:") && text.contains("please report"),
            "{text}"
        );
        assert_eq!(without_panic(|| Ok(5)).unwrap(), 5);
    }
}
