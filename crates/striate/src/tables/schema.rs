//! Which column is what: numbers, categories, the one to tell.
//!
//! An attribute is *numeric* if every value of it that is there is a number, else *discrete*. A column whose values are nearly
//! all numbers (9 of 10) is more likely to have a mistake in it, and is refused with the line, unless the user says what it is.
//! So is a discrete one with more than 20 categories and a different one in more than half of the rows: it names rows, it
//! does not describe them.
//!
//! The target is a *number* to be told (regression) if it is numeric with more than 20 different values, or more than half as many
//! as there are rows; else it has *classes*, sorted by number or else by name.

use super::table::{number, shortened};
use super::{Missing, Table, is_missing};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::str::FromStr;
use striate_tensor::{Error, Place, Result};

/// What a user says about the columns; what is not said is inferred.
///
/// ```
/// use striate::tables::Columns;
/// let columns = Columns { discrete: vec!["zone".into()], ..Columns::target("price") };
/// assert_eq!(columns.target.as_deref(), Some("price"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The column to tell.
    pub target: Option<String>,
    /// Columns of categories, even if they look like numbers.
    pub discrete: Vec<String>,
    /// Columns of numbers.
    pub numeric: Vec<String>,
    /// Columns that are left out.
    pub ignore: Vec<String>,
    /// Whether the target has classes or is a number.
    pub task: Option<Task>,
}

impl Columns {
    /// This column is to be told, the others are inferred.
    pub fn target(name: &str) -> Self {
        Columns { target: Some(name.to_string()), ..Columns::default() }
    }
}

/// What an attribute consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers.
    Numeric,
    /// Categories.
    Discrete,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// A class.
    Classify,
    /// A number.
    Regress,
}

impl FromStr for Task {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "classify" => Ok(Task::Classify),
            "regress" => Ok(Task::Regress),
            _ => Err(Error::usage("there is no such task").found(format!("`{text}`")).expected("classify or regress")),
        }
    }
}

/// Which column is what.
///
/// ```
/// use striate::tables::{Columns, Kind, Schema, Table, Task};
/// let schema = Schema::of(&Table::embedded("iris")?, &Columns::target("class"))?;
/// assert_eq!((schema.task, schema.classes.len(), schema.attributes[3]), (Task::Classify, 3, (3, Kind::Numeric)));
/// # Ok::<(), striate::prelude::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The column to tell.
    pub target: usize,
    /// What it is.
    pub task: Task,
    /// Its classes; empty where it is a number.
    pub classes: Vec<String>,
    /// The other columns that are used.
    pub attributes: Vec<(usize, Kind)>,
}

const FEW: usize = 20;

impl Schema {
    /// That of a table.
    ///
    /// # Errors
    /// `Fault::Usage`: a column that is named does not exist, or is named twice; no target is named. `Fault::Data`: a column
    /// is neither numbers nor categories; nothing is left to learn from; there is only one class.
    pub fn of(table: &Table, columns: &Columns) -> Result<Self> {
        let Some(name) = &columns.target else {
            return Err(Error::usage("it is not said which column is to be told")
                .found(shortened(table.columns()))
                .expected("--target with one of them")
                .at(Place::File(table.source().to_string())));
        };
        let target = table.column(name)?;
        let numbers = |names: &[String]| names.iter().map(|name| table.column(name)).collect::<Result<Vec<_>>>();
        let (discrete, numeric) = (numbers(&columns.discrete)?, numbers(&columns.numeric)?);
        let ignored = numbers(&columns.ignore)?;
        for &column in discrete.iter().chain(&numeric).chain([&target]) {
            let sets = [&discrete, &numeric, &ignored];
            let named = sets.iter().filter(|set| set.contains(&column)).count();
            if named > 1 || (column == target && ignored.contains(&target)) {
                return Err(Error::usage("a column is said to be two things")
                    .found(format!("`{}`", table.columns()[column]))
                    .expected("one of target, discrete, numeric, ignored"));
            }
        }
        let kind = |column: usize| match (discrete.contains(&column), numeric.contains(&column)) {
            (true, _) => Ok(Kind::Discrete),
            (_, true) => numbers_only(table, column).map(|()| Kind::Numeric),
            _ => infer(table, column),
        };
        let attributes = (0..table.columns().len())
            .filter(|column| *column != target && !ignored.contains(column))
            .map(|column| Ok((column, kind(column)?)))
            .collect::<Result<Vec<_>>>()?;
        if attributes.is_empty() {
            return Err(Error::data("the table has no column to learn from")
                .found(shortened(table.columns()))
                .expected("at least one besides the target")
                .at(Place::File(table.source().to_string())));
        }
        let values = values(table, target);
        let all_numbers = values.iter().all(|value| number(value).is_some());
        let many = values.len() > FEW.min(table.len() / 2);
        let inferred = match (numeric.contains(&target), discrete.contains(&target)) {
            (true, _) => Task::Regress,
            (_, true) => Task::Classify,
            _ if all_numbers && many => Task::Regress,
            _ => Task::Classify,
        };
        let task = columns.task.unwrap_or(inferred);
        let mut classes = vec![];
        match task {
            Task::Regress => numbers_only(table, target)?,
            Task::Classify => {
                classes = sorted(values);
                if classes.len() < 2 {
                    return Err(Error::data("there is nothing to tell apart")
                        .found(format!(
                            "`{name}` is {} in every row",
                            classes.first().map_or("missing", |c| c.as_str())
                        ))
                        .expected("two classes or more")
                        .at(Place::File(table.source().to_string())));
                }
                if classes.len() > FEW && 2 * classes.len() > table.len() {
                    return Err(Error::data("the target has too many classes to learn them")
                        .found(format!("{} classes in {} rows of `{name}`", classes.len(), table.len()))
                        .expected("several rows of each class, or numbers")
                        .at(Place::File(table.source().to_string()))
                        .hint("is this the column that you mean?"));
                }
            }
        }
        Ok(Schema { target, task, classes, attributes })
    }

    /// The rows that can be used: those whose target is there and, under `drop`, all attributes too.
    ///
    /// # Errors
    /// `Fault::Data`, with the line: a value is missing and the policy is `error`; no row is left.
    pub fn usable(&self, table: &Table, missing: Missing) -> Result<Vec<usize>> {
        let attributes: Vec<usize> = self.attributes.iter().map(|(column, _)| *column).collect();
        usable(table, Some(self.target), &attributes, missing)
    }
}

/// The rows of a table whose target is there and, under `drop`, all attributes too; none may be missing under `error`.
pub(super) fn usable(
    table: &Table,
    target: Option<usize>,
    attributes: &[usize],
    missing: Missing,
) -> Result<Vec<usize>> {
    let mut rows = vec![];
    for row in 0..table.len() {
        let lacks = |column: usize| is_missing(table.field(row, column));
        if missing == Missing::Error
            && let Some(column) = target.into_iter().chain(attributes.iter().copied()).find(|&column| lacks(column))
        {
            return Err(missing_value(table.field(row, column), column, &table.columns()[column]).at(table.place(row)));
        }
        let dropped = missing == Missing::Drop && attributes.iter().any(|&column| lacks(column));
        if !dropped && !target.is_some_and(lacks) {
            rows.push(row);
        }
    }
    match rows.is_empty() {
        false => Ok(rows),
        true => Err(Error::data("no row of the table can be used")
            .found(format!("{} rows, each with a missing value", table.len()))
            .at(Place::File(table.source().to_string()))
            .hint("--missing mean or category keeps rows whose attributes are missing")),
    }
}

/// The error for a field that is not there.
pub(super) fn missing_value(field: &str, column: usize, name: &str) -> Error {
    Error::data("a value is missing")
        .found(format!("`{field}` in column {}, `{name}`", column + 1))
        .expected("a value in every field")
        .hint("fill it in, or say what to do in training: --missing drop, mean or category")
}

/// What a column consists of, by its values.
fn infer(table: &Table, column: usize) -> Result<Kind> {
    let present = || (0..table.len()).filter(|&row| !is_missing(table.field(row, column)));
    let (all, numbers) =
        (present().count(), present().filter(|&row| number(table.field(row, column)).is_some()).count());
    let name = &table.columns()[column];
    if numbers == all {
        return Ok(Kind::Numeric);
    }
    if 10 * numbers >= 9 * all {
        return numbers_only(table, column).map(|()| Kind::Numeric).map_err(|error| {
            error.hint(format!("correct it, or say that the column has categories: --discrete \"{name}\""))
        });
    }
    let categories = values(table, column).len();
    if categories > FEW && 2 * categories > all {
        return Err(Error::data("a column names the rows instead of describing them")
            .found(format!("{categories} different values in {all} rows of `{name}`, such as `{}`", {
                let first = present().next().unwrap_or(0);
                table.field(first, column)
            }))
            .expected("numbers, or categories that several rows share")
            .at(Place::File(table.source().to_string()))
            .hint(format!("leave it out: --ignore \"{name}\"; or insist: --discrete \"{name}\"")));
    }
    Ok(Kind::Discrete)
}

/// Whether every value of a column that is there is a number.
fn numbers_only(table: &Table, column: usize) -> Result<()> {
    let wrong = |&row: &usize| {
        let field = table.field(row, column);
        !is_missing(field) && number(field).is_none()
    };
    match (0..table.len()).find(wrong) {
        None => Ok(()),
        Some(row) => Err(not_a_number(table.field(row, column), column, &table.columns()[column]).at(table.place(row))),
    }
}

/// The error for a field that should be a number.
pub(super) fn not_a_number(field: &str, column: usize, name: &str) -> Error {
    Error::data("a value is not a number")
        .found(format!("`{field}` in column {}, `{name}`", column + 1))
        .expected("a finite number, such as 5.1 or -2e3")
}

/// The different values of a column that are there.
fn values(table: &Table, column: usize) -> BTreeSet<&str> {
    (0..table.len()).map(|row| table.field(row, column)).filter(|field| !is_missing(field)).collect()
}

/// By number where all are numbers, else by name.
pub(super) fn sorted<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut values: Vec<&str> = values.into_iter().collect();
    match values.iter().all(|value| number(value).is_some()) {
        true => values.sort_by(|a, b| number(a).partial_cmp(&number(b)).unwrap_or(Ordering::Equal).then(a.cmp(b))),
        false => values.sort_unstable(),
    }
    values.into_iter().map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::Header;

    fn schema(text: &str, columns: &Columns) -> Result<Schema> {
        Schema::of(&Table::parse(text, "t.csv", Header::Auto)?, columns)
    }

    #[test]
    fn columns_are_inferred_or_said() {
        let text = "size,colour,zone,kind\n1,red,10,a\n2,blue,20,b\n?,red,10,a\n4,blue,20,b\n";
        let found = schema(text, &Columns::target("kind")).unwrap();
        assert_eq!(found.attributes, [(0, Kind::Numeric), (1, Kind::Discrete), (2, Kind::Numeric)]);
        assert_eq!((found.task, found.classes.join(" ")), (Task::Classify, "a b".into()));
        let said = Columns { discrete: vec!["zone".into()], ignore: vec!["size".into()], ..Columns::target("kind") };
        assert_eq!(schema(text, &said).unwrap().attributes, [(1, Kind::Discrete), (2, Kind::Discrete)]);
        // Two values in four rows are classes; four in four a number.
        assert_eq!(schema(text, &Columns::target("zone")).unwrap().classes, ["10", "20"]);
        let four = "x,y\n1,1.5\n2,2.5\n3,3.5\n4,10\n";
        assert_eq!(schema(four, &Columns::target("y")).unwrap().task, Task::Regress);
        let classes = Columns { task: Some(Task::Classify), ..Columns::target("y") };
        assert_eq!(schema(four, &classes).unwrap().classes, ["1.5", "2.5", "3.5", "10"]);
    }

    #[test]
    fn mistakes() {
        let says = |text: &str, columns: &Columns, part: &str| {
            let error = schema(text, columns).unwrap_err().to_string();
            assert!(error.contains(part), "{part} is not in {error}");
        };
        let ten = "size,kind\n".to_string() + &"1,a\n2,b\n".repeat(10) + "3x,a\n";
        says(&ten, &Columns::target("kind"), "t.csv:22");
        says(&ten, &Columns::target("kind"), "--discrete \"size\"");
        let named = "id,x,kind\n".to_string() + &(0..30).map(|i| format!("r{i},{i},k{}\n", i % 2)).collect::<String>();
        says(&named, &Columns::target("kind"), "--ignore \"id\"");
        says("a,b\n1,x\n2,y\n", &Columns::target("c"), "no column `c`");
        says(
            "size,b\n1,x\n2,y\n",
            &Columns { ignore: vec!["sizes".into()], ..Columns::target("b") },
            "did you mean `size`?",
        );
        says("a,b\n1,x\n2,x\n", &Columns::target("b"), "nothing to tell apart");
        says("a,b\n1,x\n2,y\n", &Columns::default(), "--target");
        says("a,b\n1,x\n2,y\n", &Columns { numeric: vec!["b".into()], ..Columns::target("a") }, "not a number");
        let twice = Columns { numeric: vec!["a".into()], discrete: vec!["a".into()], ..Columns::target("b") };
        says("a,b\n1,x\n2,y\n", &twice, "two things");
    }
}
