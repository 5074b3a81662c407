//! What the commands for tables share: their flags.

use clap::Args;
use std::path::Path;
use striate::prelude::*;
use striate::tables::{Columns, Header, Missing, Recipe, Style, Table, TableSource, Task, Topology};

/// Which table, and what its columns are.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tables")]
pub(crate) struct TableArgs {
    /// A table inside instead of a file: iris, wine, breast-cancer or digits
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// The column to tell; of a table inside `class`
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: Option<String>,
    /// Columns of categories, though they look like numbers [default: columns of which a value is no number]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) discrete: Vec<String>,
    /// Columns of numbers [default: columns of which every value is one]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) numeric: Vec<String>,
    /// Columns to leave out
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// Whether the first line names the columns: auto (it does unless it has a number), yes or no [default: auto]
    #[arg(long, value_name = "WHETHER", value_parser = header)]
    pub(crate) header: Option<Header>,
    /// classify or regress [default: regress for numbers of more than 20 different values, or of more than half as many as there
    /// are rows]
    #[arg(long, value_parser = task)]
    pub(crate) task: Option<Task>,
    /// What is missing, or a category that no training row has: error, drop (leave the row out), mean (or the most frequent
    /// category), category (one of its own) [default: error]
    #[arg(long, value_name = "POLICY", value_parser = missing)]
    pub(crate) missing: Option<Missing>,
    /// taught (logistic units, squared error, gradient descent sample by sample) or modern (ReLU, cross-entropy, Adam)
    /// [default: modern]
    #[arg(long, value_parser = style)]
    pub(crate) style: Option<Style>,
    /// One update an epoch, by the mean over all samples
    #[arg(long)]
    pub(crate) per_epoch: bool,
}

impl TableArgs {
    /// Where the table is: the one inside that is named, else the file.
    pub(crate) fn source(&self, file: Option<&str>) -> Result<TableSource> {
        match (&self.table, file) {
            (Some(name), Some(file)) => Err(Error::usage("two tables are given")
                .found(format!("--table {name} and {file}"))
                .expected("a table inside, or a file")),
            (Some(name), None) => Ok(TableSource { name: Some(name.clone()), ..TableSource::default() }),
            (None, Some(file)) => {
                Ok(TableSource { file: Some(file.into()), header: self.header.unwrap_or_default(), name: None })
            }
            (None, None) => Err(Error::usage("no table is given")
                .expected("a CSV file, or --table with the name of one inside")
                .hint(format!("inside are {}", Table::EMBEDDED.join(", ")))),
        }
    }

    /// What is said about the columns.
    pub(crate) fn columns(&self) -> Columns {
        let inside = self.table.as_ref().map(|_| "class".to_string());
        Columns {
            target: self.target.clone().or(inside),
            discrete: self.discrete.clone(),
            numeric: self.numeric.clone(),
            ignore: self.ignore.clone(),
            task: self.task,
        }
    }

    /// The network with these hidden layers.
    pub(crate) fn recipe(&self, hidden: Option<&Topology>) -> Recipe {
        let recipe = Recipe { per_epoch: self.per_epoch, ..Recipe::new(self.style.unwrap_or_default()) };
        match hidden {
            Some(Topology(hidden)) => Recipe { hidden: hidden.clone(), ..recipe },
            None => recipe,
        }
    }

    /// The first flag that belongs to tables alone.
    fn first(&self, hidden: bool) -> Option<&'static str> {
        let given = [
            (self.table.is_some(), "--table"),
            (self.target.is_some(), "--target"),
            (!self.discrete.is_empty(), "--discrete"),
            (!self.numeric.is_empty(), "--numeric"),
            (!self.ignore.is_empty(), "--ignore"),
            (self.header.is_some(), "--header"),
            (self.task.is_some(), "--task"),
            (self.missing.is_some(), "--missing"),
            (self.style.is_some(), "--style"),
            (self.per_epoch, "--per-epoch"),
            (hidden, "--hidden"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, flag)| flag)
    }

    /// Nothing of this may be said of a model that learns from pictures.
    pub(crate) fn refuse(&self, hidden: bool) -> Result<()> {
        match self.first(hidden) {
            None => Ok(()),
            Some(flag) => Err(Error::usage(format!("{flag} belongs to tables"))
                .found("a model for pictures")
                .expected("a CSV file in place of the model, or --table with the name of one inside")),
        }
    }
}

/// Whether a word names a table: a file whose name ends as tables' names do.
pub(crate) fn is_table(word: &str) -> bool {
    let ends = ["csv", "tsv", "tab", "data"];
    Path::new(word).extension().is_some_and(|end| ends.iter().any(|table| end.eq_ignore_ascii_case(table)))
}

/// A table from a file; or one inside, where there is no such file but a table of this name.
pub(crate) fn open(path: &Path, header: Header) -> Result<Table> {
    match path.to_str().filter(|name| Table::EMBEDDED.contains(name) && !path.exists()) {
        Some(name) => Table::embedded(name),
        None => Table::open(path, header),
    }
}

/// Clap prints a value parser's error behind the flag and the value: one line suffices.
pub(crate) fn topology(text: &str) -> std::result::Result<Topology, String> {
    text.parse().map_err(|_| "expected units of each hidden layer, such as 16 or 8,4; or none".into())
}

fn header(text: &str) -> std::result::Result<Header, String> {
    match text {
        "auto" => Ok(Header::Auto),
        "yes" => Ok(Header::Yes),
        "no" => Ok(Header::No),
        _ => Err("expected auto, yes or no".into()),
    }
}

fn task(text: &str) -> std::result::Result<Task, String> {
    text.parse().map_err(|_| "expected classify or regress".into())
}

fn missing(text: &str) -> std::result::Result<Missing, String> {
    text.parse().map_err(|_| "expected error, drop, mean or category".into())
}

fn style(text: &str) -> std::result::Result<Style, String> {
    text.parse().map_err(|_| "expected taught or modern".into())
}
