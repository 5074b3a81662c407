//! The accuracy of networks for tables on the tables inside: a line of JSON for each table and seed, with the numbers of the
//! rows that were held out, for `scripts/compare_tables.py` to train scikit-learn's MLPClassifier on the same parts.
//!
//! `cargo run --release -p striate --example tables_accuracy | python crates/striate/scripts/compare_tables.py`

use striate::prelude::*;
use striate::tables::{Columns, Missing, Recipe, Schema, Style, Table, hold_out, prepare};
use striate::train::{Data, Event, Graphs, Settings, StopRules, Trainer};

const HELD_OUT: f64 = 0.3;
const HIDDEN: usize = 16;
/// Enough for these tables; the usual 500 only take longer.
const TAUGHT_EPOCHS: u64 = 100;

fn main() -> Result<()> {
    for name in Table::EMBEDDED {
        let table = Table::embedded(name)?;
        let columns = Columns::target("class");
        let schema = Schema::of(&table, &columns)?;
        let class = |row: usize| schema.classes.iter().position(|class| class == table.field(row, schema.target));
        let labels: Vec<usize> = (0..table.len()).filter_map(class).collect();
        for seed in 0..5 {
            let (_, held_out) = hold_out(&labels, schema.classes.len(), HELD_OUT, seed)?;
            let parts = prepare(&table, &columns, Missing::Error, HELD_OUT, seed)?;
            let accuracy = |style| -> Result<f64> {
                let recipe = Recipe { hidden: vec![HIDDEN], ..Recipe::new(style) };
                let model = recipe.model("compared", &parts.encoding, &parts.classes)?;
                let usual = Settings { seed, ..recipe.settings(parts.train.len()) };
                let settings = match style {
                    Style::Taught => Settings { stop: StopRules::after(TAUGHT_EPOCHS), ..usual },
                    Style::Modern => usual,
                };
                let watched = parts.held_out.clone().unwrap_or_else(|| parts.train.clone());
                let data = Data { train: parts.train.clone(), watched, preprocessing: model.preprocessing.clone() };
                let mut trainer = Trainer::new(Graphs::of(&model, &recipe.optimizer())?, &data, settings, 1)?;
                while !matches!(trainer.advance()?, Event::Done(_)) {}
                // The last weights: the held-out part chooses nothing.
                Ok(trainer.position().history.last().map_or(0.0, |epoch| epoch.watched.accuracy()))
            };
            let (modern, taught) = (accuracy(Style::Modern)?, accuracy(Style::Taught)?);
            println!(
                r#"{{"data": "{name}", "seed": {seed}, "hidden": {HIDDEN}, "test": {held_out:?}, "modern": {modern}, "taught": {taught}}}"#
            );
        }
    }
    Ok(())
}
