//! `striate search`: topology and start by experiment.

use super::tables::TableArgs;
use super::train::{begin, on_interrupt};
use crate::Ended;
use crate::args::{RunningArgs, ThreadArgs};
use crate::output::{Output, note, percent};
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use striate::prelude::*;
use striate::run::{DataRecord, Start};
use striate::tables::{Columns, Found, Recipe, Search, Task, Topology, prepare, search};
use striate::train::Settings;

/// Which topologies and starts are compared, and how.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)] // to be refused with a reason
pub(crate) struct SearchArgs {
    /// A table (CSV)
    #[arg(value_name = "TABLE")]
    file: Option<String>,
    #[command(flatten)]
    tables: TableArgs,

    /// Units of the hidden layers of a network to compare, such as 8 or 8,4; none for no hidden layer; once for each
    #[arg(long, value_name = "UNITS", value_parser = super::tables::topology, required = true, help_heading = "Search")]
    hidden: Vec<Topology>,
    /// Starts of each: the seeds 1 to so many
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u64).range(1..=10_000), help_heading = "Search")]
    seeds: u64,
    /// Parts of the cross-validation
    #[arg(long, default_value = "5", help_heading = "Search")]
    folds: usize,
    /// Draws the folds, the same for all
    #[arg(long, default_value = "1", help_heading = "Search")]
    seed: u64,
    /// Passes over the training samples [default: as striate train]
    #[arg(long, help_heading = "Search")]
    epochs: Option<u64>,
    /// Samples of a step [default: as striate train]
    #[arg(long, help_heading = "Search")]
    batch: Option<usize>,
    /// Learning rate [default: as striate train]
    #[arg(long, value_name = "RATE", help_heading = "Search")]
    lr: Option<f64>,

    /// Train the best network from its best start on all rows, and save the run
    #[arg(long, help_heading = "Run")]
    save_best: bool,
    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Run")]
    runs: PathBuf,
    /// Name of the saved run's folder [default: TABLE-DATE-NUMBER]
    #[arg(long, requires = "save_best", help_heading = "Run")]
    name: Option<String>,
    #[command(flatten)]
    threads: ThreadArgs,
    /// Say nothing while comparing
    #[arg(long, short, help_heading = "Run")]
    quiet: bool,
}

pub(crate) fn run(args: &SearchArgs, output: &mut Output) -> Result<Ended> {
    let source = args.tables.source(args.file.as_deref())?;
    let table = source.open()?;
    let (columns, missing) = (args.tables.columns(), args.tables.missing.unwrap_or_default());
    let recipes: Vec<Recipe> = args.hidden.iter().map(|hidden| args.tables.recipe(Some(hidden))).collect();
    // As many as each training learns from; one update an epoch takes all that there are.
    let learned = if args.tables.per_epoch { 0 } else { table.len() - table.len() / args.folds.max(1) };
    let plan = Search {
        settings: recipes.iter().map(|recipe| settings(args, recipe, learned)).collect::<Result<_>>()?,
        optimizers: recipes.iter().map(Recipe::optimizer).collect(),
        seeds: (1..=args.seeds).collect(),
        folds: args.folds,
        seed: args.seed,
        threads: args.threads.count(),
        recipes,
    };
    let interrupted = on_interrupt()?;
    let silent = args.quiet || output.is_json();
    let done = |done: usize, all: usize| {
        if !silent && (done == all || done.is_multiple_of((all / 10).max(1))) {
            note(format!("{done} of {all} trainings"));
        }
        !interrupted.load(Ordering::Relaxed)
    };
    let found = match search(&table, &columns, missing, &plan, &done) {
        Err(_) if interrupted.load(Ordering::Relaxed) => return Ok(Ended::Interrupted),
        found => found?,
    };
    tell(args, &plan, &found, output)?;
    match args.save_best {
        true => save(args, &plan, &found, &columns, output),
        false => Ok(Ended::Well),
    }
}

/// Those of a recipe, and of the flags. Without samples the batch of one update an epoch is left open, as 0.
fn settings(args: &SearchArgs, recipe: &Recipe, samples: usize) -> Result<Settings> {
    let mut settings = recipe.settings(samples);
    settings.stop.epochs = args.epochs.unwrap_or(settings.stop.epochs);
    settings.learning_rate = args.lr.unwrap_or(settings.learning_rate);
    match args.batch {
        Some(0) => return Err(Error::usage("a batch needs at least one sample").found(0).expected("1 or more")),
        Some(batch) => settings.batch = batch,
        None => {}
    }
    Ok(settings)
}

fn tell(args: &SearchArgs, plan: &Search, found: &Found, output: &mut Output) -> Result<()> {
    let numbers = found.candidates.iter().any(|candidate| !candidate.rmse.is_empty());
    let best = &found.candidates[found.best];
    let mean_rmse = |recipe: usize| {
        let all = found.candidates.iter().filter(|candidate| candidate.recipe == recipe).flat_map(|c| &c.rmse);
        let (sum, count) = all.fold((0.0, 0usize), |(sum, count), rmse| (sum + rmse, count + 1));
        (count > 0).then(|| sum / count as f64)
    };
    let measure = if numbers { "r2" } else { "accuracy" };
    if output.is_json() {
        let topologies = args.hidden.iter().enumerate().map(|(recipe, hidden)| {
            let (mean, deviation) = found.summary(recipe);
            let seeds = found.candidates.iter().filter(|candidate| candidate.recipe == recipe).map(
                |candidate| json!({ "seed": candidate.seed, "mean": candidate.mean(), "folds": candidate.scores }),
            );
            json!({
                "hidden": hidden.0, "mean": mean, "deviation": deviation, "rmse": mean_rmse(recipe),
                "seeds": seeds.collect::<Vec<_>>(),
            })
        });
        return output.object(&json!({
            "measure": measure,
            "folds": plan.folds,
            "topologies": topologies.collect::<Vec<_>>(),
            "best": { "hidden": args.hidden[best.recipe].0, "seed": best.seed, "mean": best.mean() },
        }));
    }
    let score = |x: f64| if numbers { format!("{x:.4}") } else { percent(x) };
    let width = args.hidden.iter().map(|hidden| hidden.to_string().len()).max().unwrap_or(0).max("hidden".len());
    let title = if numbers { "R²" } else { "accuracy" };
    let rmse_title = if numbers { "      RMSE" } else { "" };
    output
        .line(format!("{:<width$}  {title:>9}  {:>9}  {:>9}  {:>9}{rmse_title}", "hidden", "± sd", "worst", "best"))?;
    for (recipe, hidden) in args.hidden.iter().enumerate() {
        let (mean, deviation) = found.summary(recipe);
        let of = found.candidates.iter().filter(|candidate| candidate.recipe == recipe);
        let (low, high) = of.fold((f64::MAX, f64::MIN), |(low, high), c| (low.min(c.mean()), high.max(c.mean())));
        let rmse = mean_rmse(recipe).map_or(String::new(), |rmse| format!("  {rmse:>8.4}"));
        let mark = if recipe == found.best_recipe { "  best" } else { "" };
        output.line(format!(
            "{:<width$}  {:>9}  {:>9}  {:>9}  {:>9}{rmse}{mark}",
            hidden.to_string(),
            score(mean),
            score(deviation),
            score(low),
            score(high)
        ))?;
    }
    output.line(format!(
        "best: hidden {}, start {}: {} (mean of {} folds; sd, worst and best over {} starts)",
        args.hidden[best.recipe],
        best.seed,
        score(best.mean()),
        plan.folds,
        plan.seeds.len()
    ))
}

/// Trains the best on all rows.
fn save(args: &SearchArgs, plan: &Search, found: &Found, columns: &Columns, output: &mut Output) -> Result<Ended> {
    let best = &found.candidates[found.best];
    let source = args.tables.source(args.file.as_deref())?;
    let parts = prepare(&source.open()?, columns, args.tables.missing.unwrap_or_default(), 0.0, best.seed)?;
    let recipe = &plan.recipes[best.recipe];
    let name = super::train_table::name(source.name.as_deref(), args.file.as_deref());
    let model = recipe.model(&name, &parts.encoding, &parts.classes)?;
    let settings = Settings { seed: best.seed, ..settings(args, recipe, parts.train.len())? };
    let task = if parts.task() == Task::Regress { "regress" } else { "classify" };
    let origin = [("hidden", "search"), ("seed", "search"), ("task", task)];
    let start = Start {
        model,
        optimizer: recipe.optimizer(),
        settings,
        data: DataRecord { table: Some(source), validation: 0.0, ..DataRecord::default() },
        choices: super::tune::choices()?,
        origin: BTreeMap::from(origin.map(|(key, value)| (key.to_string(), value.to_string()))),
        runs: args.runs.clone(),
        name: args.name.clone(),
    };
    begin(start, &RunningArgs::quiet(&args.threads), output)
}
