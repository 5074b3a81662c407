//! Everything that goes wrong ends here, as text on stderr or, with `--json`, as an object on stdout.

use crate::output::{Output, note};
use serde_json::json;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// From now on a panic, on whatever thread, is reported as an internal error that says where it happened, and ends the
/// process with that error's exit code, before anything unwinds. Nobody may compute while holding stdout.
pub(crate) fn exit_on_panic(json: bool) {
    static FIRST: AtomicBool = AtomicBool::new(true);
    panic::set_hook(Box::new(move |info| {
        // The first panic is the cause; those of other threads follow from it.
        while !FIRST.swap(false, Ordering::Relaxed) {
            std::thread::park();
        }
        process::exit(failure(&mistake(info), json).into());
    }));
}

fn mistake(info: &PanicHookInfo<'_>) -> Error {
    let text = info.payload().downcast_ref::<&str>().copied();
    let text = text.or_else(|| info.payload().downcast_ref::<String>().map(String::as_str));
    let message = text.unwrap_or("a panic without a message");
    let place = info.location().map_or(String::new(), |at| format!(" ({}:{})", at.file(), at.line()));
    let backtrace = Backtrace::capture();
    let trace = match backtrace.status() {
        BacktraceStatus::Captured => format!("\n{backtrace}"),
        _ => String::new(),
    };
    Error::new(Fault::Internal, "Striate itself made a mistake")
        .found(format!("{message}{place}{trace}"))
        .hint("please report it with the command that you gave; RUST_BACKTRACE=1 tells more about where it happened")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Set in the process that is to panic.
    const CHILD: &str = "STRIATE_TEST_PANICS";

    #[test]
    fn a_panic_ends_the_process_with_an_internal_error() {
        if std::env::var_os(CHILD).is_some() {
            exit_on_panic(false);
            // from a thread that nobody waits for
            std::thread::spawn(|| panic!("seven is not six"));
            loop {
                std::thread::park();
            }
        }
        let name = "report::tests::a_panic_ends_the_process_with_an_internal_error";
        let child = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&child.stderr);
        assert_eq!(child.status.code(), Some(1), "{text}");
        for part in ["error: Striate itself made a mistake", "seven is not six (", "report.rs:", "please report"] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }
}
