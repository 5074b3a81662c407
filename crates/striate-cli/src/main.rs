//! The `striate` command: train, measure and use convolutional networks.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod draw;
mod look;
mod output;
mod page;
mod play;
mod progress;
mod report;

use args::{Cli, Command};
use clap::Parser;
use output::Output;
use std::process::ExitCode;
use striate::prelude::*;

/// How a command ended, where it did not fail.
pub(crate) enum Ended {
    /// It did what it was asked to.
    Well,
    /// Some of what it was given could not be read, as stderr says; it did the rest.
    Partly,
    /// The user interrupted it.
    Interrupted,
}

const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let json = std::env::args_os().skip(1).take_while(|word| word != "--").any(|word| word == "--json");
    report::exit_on_panic(json);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return report::usage(&error, json).into(),
    };
    let mut output = Output::new(cli.json);
    let code = match run(cli.command, &mut output) {
        Ok(Ended::Well) => 0,
        Ok(Ended::Partly) => Fault::Data.exit_code(),
        Ok(Ended::Interrupted) => INTERRUPTED,
        Err(error) => report::failure(&error, json),
    };
    code.into()
}

fn run(command: Command, output: &mut Output) -> Result<Ended> {
    match command {
        Command::Train(args) => commands::train::train(args, output),
        Command::Search(args) => commands::search::run(&args, output),
        Command::Resume(args) => commands::train::resume(args, output),
        Command::Eval(args) => commands::eval::run(&args, output),
        Command::Attribute(args) => commands::attribute::run(&args, output),
        Command::Hierarchy(args) => commands::hierarchy::run(&args, output),
        Command::Shift(args) => commands::shift::run(&args, output),
        Command::Errors(args) => commands::errors::run(&args, output),
        Command::Curves(args) => commands::curves::run(&args, output),
        Command::Report(args) => commands::report::run(&args, output),
        Command::Predict(args) => commands::predict::run(&args, output),
        Command::Locate(args) => commands::locate::run(&args, output),
        Command::Summary(args) => commands::summary::run(&args, output),
        Command::Models(args) => commands::models::run(&args, output),
        Command::Bench(args) => commands::bench::run(&args, output),
        Command::Plan(args) => commands::plan::run(&args, output),
        Command::Tune(args) => commands::tune::run(&args, output),
        Command::Play(args) => commands::play::run(&args, output),
        Command::Exercises(args) => commands::exercises::run(&args, output),
        Command::Rf(args) => commands::rf::run(&args, output),
        Command::Kernels(args) => commands::kernels::run(&args, output),
        Command::Maps(args) => commands::maps::run(&args, output),
        Command::Trace(args) => commands::trace::run(&args, output),
        Command::CompareConnectivity(args) => commands::compare_connectivity::run(&args, output),
        Command::Filter(args) => commands::filter::run(&args, output),
        Command::Spectrum(args) => commands::spectrum::run(&args, output),
        Command::Version => commands::version::run(output),
    }
}
