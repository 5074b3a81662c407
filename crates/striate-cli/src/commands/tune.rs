use crate::Ended;
use crate::args::TuneArgs;
use crate::output::{Output, note};
use serde_json::json;
use std::path::PathBuf;
use striate::plan::{Choices, Isa, Workers};
use striate::prelude::*;
use striate::tensor::Place;
use striate::tune::{Machine, Outcome, Table, cache_file, jobs, known, load};

pub(crate) fn run(args: &TuneArgs, output: &mut Output) -> Result<Ended> {
    let isa = Isa::from_environment()?;
    let path = cache_file().ok_or_else(|| {
        Error::new(Fault::Data, "there is no folder for what is measured")
            .found("neither XDG_CACHE_HOME nor HOME names a folder (on Windows: LOCALAPPDATA)")
            .hint("set XDG_CACHE_HOME to a folder")
    })?;
    match (args.show, args.clear) {
        (true, _) => show(isa, path, output),
        (_, true) => clear(path, output),
        _ => measure(args, isa, path, output),
    }
}

fn measure(args: &TuneArgs, isa: Isa, path: PathBuf, output: &mut Output) -> Result<Ended> {
    let workers = Workers::new(args.threads.count());
    let names: Vec<String> = match args.models.is_empty() {
        true => striate::zoo::all().iter().map(|entry| entry.name.to_string()).collect(),
        false => args.models.clone(),
    };
    // All before the first is measured: a wrong name leaves nothing half done.
    let mut work = vec![];
    for name in &names {
        for job in jobs(&super::model(name)?, args.batch, args.mode.into())? {
            if !work.contains(&job) {
                work.push(job);
            }
        }
    }
    let mut table =
        if path.is_file() { Table::read(&path, isa) } else { Ok(Table::new(isa)) }.unwrap_or_else(|error| {
            note(format!("note: the table from before is not used\n{error}"));
            Table::new(isa)
        });
    let mut choices = known(isa);
    choices.extend(table.choices.clone());
    let mut outcomes: Vec<Outcome> = vec![];
    for (index, job) in work.iter().enumerate() {
        let Some(outcome) = job.measure(isa, &choices, &workers)? else { continue };
        note(format!("[{}/{}] {outcome}", index + 1, work.len()));
        table.choices.insert(job.pass, &job.geometry, &outcome.now);
        outcomes.push(outcome);
    }
    table.write(&path)?;
    let changed: Vec<_> = outcomes.iter().filter(|outcome| outcome.before != outcome.now).collect();
    if output.is_json() {
        output.object(&json!({ "table": path, "machine": table.machine.to_string(), "measured": outcomes }))?;
        return Ok(Ended::Well);
    }
    for outcome in &changed {
        output.line(outcome.to_string())?;
    }
    output.line(format!("{} of {} choices changed", changed.len(), outcomes.len()))?;
    output.line(format!("table: {}", path.display()))?;
    Ok(Ended::Well)
}

fn show(isa: Isa, path: PathBuf, output: &mut Output) -> Result<Ended> {
    let (choices, why) = load(isa);
    let machine = Machine::this(isa).to_string();
    if let Some(why) = &why {
        note(format!("note: the table is not used\n{why}"));
    }
    let exists = path.is_file();
    if output.is_json() {
        output.object(&json!({ "table": path, "exists": exists, "machine": machine, "choices": choices }))?;
        return Ok(Ended::Well);
    }
    output.line(format!("machine: {machine}"))?;
    output.line(format!("table: {}{}", path.display(), if exists { "" } else { " (there is none)" }))?;
    output.line(format!("choices: {}", choices.iter().count()))?;
    for (pass, problem, variant) in choices.iter() {
        output.line(format!("  {:<14} {problem:<40} {variant}", pass.to_string()))?;
    }
    Ok(Ended::Well)
}

fn clear(path: PathBuf, output: &mut Output) -> Result<Ended> {
    let existed = path.is_file();
    if existed {
        std::fs::remove_file(&path).map_err(|failure| {
            Error::new(Fault::Data, "cannot remove the table")
                .found(failure)
                .at(Place::File(path.display().to_string()))
        })?;
    }
    if output.is_json() {
        output.object(&json!({ "table": path, "removed": existed }))?;
        return Ok(Ended::Well);
    }
    output.line(format!("{}: {}", if existed { "removed" } else { "there is no table" }, path.display()))?;
    Ok(Ended::Well)
}

/// The choices for this machine; a table that cannot be used is left out, with a note that says why.
pub(crate) fn choices() -> Result<Choices> {
    let (choices, why) = load(Isa::from_environment()?);
    if let Some(why) = why {
        note(format!("note: the table of the fastest kernels is not used\n{why}"));
    }
    Ok(choices)
}
