use crate::Ended;
use crate::args::PlayArgs;
use crate::draw;
use crate::output::Output;
use crate::play::{ENTRIES, Entry, Setup, Shown};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use striate::prelude::*;
use striate::suggest::nearest;
use striate_io::io_error;

pub(crate) fn run(args: &PlayArgs, output: &mut Output) -> Result<Ended> {
    let Some(name) = &args.network else {
        list(output)?;
        return Ok(Ended::Well);
    };
    let entry = find(name)?;
    let folder = args.out.clone().unwrap_or_else(|| Path::new("play").join(entry.name));
    // Before the work: a folder that cannot be written is told at once.
    fs::create_dir_all(&folder)
        .map_err(|failure| io_error("make the folder", &folder, &failure).hint("choose another folder with --out"))?;
    let setup = Setup { seed: args.seed, threads: args.threads.count(), quick: args.quick };
    let shown = (entry.show)(setup)?;
    let mut files = vec![];
    for picture in &shown.pictures {
        let path = folder.join(picture.file);
        draw::write(&path, &picture.drawing)?;
        files.push(path);
    }
    match output.is_json() {
        true => output.object(&json!({
            "network": entry.name, "lesson": entry.lesson, "seed": args.seed, "results": shown.facts, "pictures": files,
        }))?,
        false => tell(entry, &shown, &files, output)?,
    }
    Ok(Ended::Well)
}

fn find(name: &str) -> Result<&'static Entry> {
    let names = || ENTRIES.iter().map(|entry| entry.name);
    ENTRIES.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let error = Error::usage("there is no such network to play with")
            .found(format!("`{name}`"))
            .expected(names().collect::<Vec<_>>().join(", "));
        match nearest(name, names()) {
            Some(meant) => error.hint(format!("did you mean `{meant}`?")),
            None => error.hint("`striate play` lists them"),
        }
    })
}

fn list(output: &mut Output) -> Result<()> {
    if output.is_json() {
        let entries = ENTRIES.iter().map(|entry| json!({ "name": entry.name, "about": entry.about }));
        return output.object(&json!({ "networks": entries.collect::<Vec<_>>() }));
    }
    ENTRIES.iter().try_for_each(|entry| output.line(format!("{:<12} {}", entry.name, entry.about)))
}

fn tell(entry: &Entry, shown: &Shown, files: &[PathBuf], output: &mut Output) -> Result<()> {
    output.line(format!("{}\n\n{}\n", entry.about, wrapped(entry.lesson, 100)))?;
    for (name, value) in &shown.facts {
        let value = match value {
            Value::Number(number) if number.is_f64() => format!("{:.4}", number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        output.line(format!("{}: {value}", name.replace('_', " ")))?;
    }
    output.line(format!("\n{}\n", shown.text))?;
    files.iter().try_for_each(|file| output.line(format!("picture: {}", file.display())))
}

/// The text in lines of at most so many characters.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a first line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_string());
        }
    }
    lines.join("\n")
}
