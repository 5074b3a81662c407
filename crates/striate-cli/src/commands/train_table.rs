//! `striate train rows.csv`: a network for a table.

use super::train::{Origin, Usual, begin, resolve, start};
use crate::Ended;
use crate::args::{OptimizerName, TrainArgs};
use crate::output::{Output, note, thousands};
use std::path::Path;
use striate::prelude::*;
use striate::run::{DataRecord, Start};
use striate::tables::{Attribute, Encoding, Parts, Recipe, Style, Table, Topology, model_name, prepare};
use striate::train::Settings;

/// The part of the rows that is held out, unless another is asked for.
const VALIDATION: f64 = 0.2;

/// Whether a table shall be learned from.
pub(super) fn is_meant(args: &TrainArgs) -> bool {
    args.tables.table.is_some() || super::tables::is_table(&args.model) || args.tables.target.is_some()
}

pub(super) fn run(args: &TrainArgs, output: &mut Output) -> Result<Ended> {
    args.online.refuse()?;
    if let Some(folder) = &args.data {
        return Err(Error::usage("--data belongs to pictures")
            .found(folder.display())
            .expected("the table in place of the model: striate train rows.csv --target COLUMN"));
    }
    // The model that is meant when none is given is none for tables.
    let file = Some(args.model.as_str()).filter(|word| *word != "lenet5" || Path::new(word).is_file());
    let source = args.tables.source(file)?;
    let table = source.open()?;
    let mut origin = Origin::default();
    let missing = origin.resolve("missing", args.tables.missing, Default::default());
    let validation = origin.resolve("validation", args.validation, VALIDATION);
    let seed = args.seed.unwrap_or(Settings::default().seed);
    let parts = prepare(&table, &args.tables.columns(), missing, validation, seed)?;
    let hidden = origin.optional("hidden", args.hidden.clone());
    let style = origin.resolve("style", args.tables.style, Style::default());
    origin.resolve("per-epoch", args.tables.per_epoch.then_some(true), false);
    let recipe = Recipe { style, ..args.tables.recipe(hidden.as_ref()) };
    let model = recipe.model(&name(source.name.as_deref(), file), &parts.encoding, &parts.classes)?;
    let (optimizer, settings) = resolve(args, &usual(&recipe, parts.train.len()), &model, &mut origin)?;
    if !output.is_json() && !args.running.quiet {
        tell(&table, &parts, &recipe);
    }
    let data = DataRecord { table: Some(source), validation, ..DataRecord::default() };
    begin(Start { data, origin: origin.0, ..start(args, model, optimizer, settings)? }, &args.running, output)
}

/// The name of the model of a table: its own, or that of its file.
pub(super) fn name(inside: Option<&str>, file: Option<&str>) -> String {
    let stem = file.and_then(|file| Path::new(file).file_stem()).map(|stem| stem.to_string_lossy().into_owned());
    model_name(&inside.map(String::from).or(stem).unwrap_or_default())
}

/// What a network for a table does that was told nothing.
pub(super) fn usual(recipe: &Recipe, samples: usize) -> Usual {
    fn taught(optimizer: OptimizerName, _: &Model) -> f64 {
        rate(Style::Taught, false, optimizer)
    }
    fn taught_per_epoch(optimizer: OptimizerName, _: &Model) -> f64 {
        rate(Style::Taught, true, optimizer)
    }
    fn modern(optimizer: OptimizerName, _: &Model) -> f64 {
        rate(Style::Modern, false, optimizer)
    }
    /// That of the recipe for its own optimiser, else the usual one of the other.
    fn rate(style: Style, per_epoch: bool, optimizer: OptimizerName) -> f64 {
        let own = Recipe { per_epoch, ..Recipe::new(style) }.settings(1).learning_rate;
        match (style, optimizer) {
            (Style::Taught, OptimizerName::Sgd) => own,
            (Style::Modern, OptimizerName::Sgd) => Settings::default().learning_rate,
            (Style::Taught, _) => Recipe::new(Style::Modern).settings(1).learning_rate,
            (Style::Modern, _) => own,
        }
    }
    let taught_style = recipe.style == Style::Taught;
    Usual {
        optimizer: if taught_style { OptimizerName::Sgd } else { OptimizerName::Adam },
        momentum: if taught_style { 0.0 } else { 0.9 },
        weight_decay: 0.0,
        rate: match (taught_style, recipe.per_epoch) {
            (true, false) => taught,
            (true, true) => taught_per_epoch,
            (false, _) => modern,
        },
        settings: recipe.settings(samples),
    }
}

fn tell(table: &Table, parts: &Parts, recipe: &Recipe) {
    let used = parts.train.len() + parts.held_out.as_ref().map_or(0, Dataset::len);
    let left_out = match table.len() - used {
        0 => String::new(),
        rows => format!(", of which {} are left out: a value is missing or unknown", thousands(rows as u64)),
    };
    note(format!("table: {}, {} rows{left_out}", table.source(), thousands(table.len() as u64)));
    let Encoding { target, attributes, scale, .. } = &parts.encoding;
    let told = match scale {
        Some(_) => "a number".to_string(),
        None => format!("{} classes", parts.classes.len()),
    };
    note(format!("target: {target} ({told})"));
    let is = |wanted: bool| {
        let of = attributes.iter().filter(|a| matches!(a, Attribute::Numeric { .. }) == wanted).map(Attribute::name);
        of.collect::<Vec<_>>()
    };
    for (what, names) in [("numeric", is(true)), ("discrete", is(false))] {
        const MOST: usize = 8;
        if !names.is_empty() {
            let more = if names.len() > MOST { ", …" } else { "" };
            note(format!("{what}: {} ({}{more})", names.len(), names[..names.len().min(MOST)].join(", ")));
        }
    }
    let hidden = Topology(recipe.hidden.clone());
    note(format!("network: {} inputs, hidden {hidden}, {}", parts.encoding.width(), recipe.style));
}
