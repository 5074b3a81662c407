//! From a table to what is learned from and what is held out.

use super::schema::usable;
use super::{Columns, Encoding, Missing, Schema, Table, Task, hold_out, is_missing};
use crate::data::Dataset;
use crate::suggest::nearest;
use striate_tensor::{Array, Error, Place, Result};

/// A table made ready.
#[derive(Clone, Debug)]
pub struct Parts {
    /// How rows become samples, learned from the training part.
    pub encoding: Encoding,
    /// The classes; empty where a number is told.
    pub classes: Vec<String>,
    /// The samples to learn from.
    pub train: Dataset,
    /// The samples that are held out, if any.
    pub held_out: Option<Dataset>,
    /// The row of the table that each sample to learn from is.
    pub train_rows: Vec<usize>,
    /// The row that each sample that is held out is.
    pub held_out_rows: Vec<usize>,
}

/// Infers the columns, holds out the share `validation` of the rows (0: none), each class in proportion, and learns the
/// encoding from the others.
///
/// # Errors
/// Those of [`Schema::of`], [`Schema::usable`], [`hold_out`], [`Encoding::learn`] and [`encode`].
///
/// ```
/// use striate::tables::{Columns, Missing, Table, prepare};
/// let parts = prepare(&Table::embedded("wine")?, &Columns::target("class"), Missing::Error, 0.25, 1)?;
/// assert_eq!((parts.train.len(), parts.held_out.unwrap().len(), parts.encoding.width()), (133, 45, 13));
/// # Ok::<(), striate::prelude::Error>(())
/// ```
pub fn prepare(table: &Table, columns: &Columns, missing: Missing, validation: f64, seed: u64) -> Result<Parts> {
    let schema = Schema::of(table, columns)?;
    let rows = schema.usable(table, missing)?;
    let (train, _) = split(table, schema.target, &schema.classes, &rows, validation, seed)?;
    let encoding = Encoding::learn(table, &schema, &train, missing)?;
    apply(table, &encoding, &schema.classes, validation, seed)
}

/// The same parts of the same table, by an encoding that has been learned.
///
/// # Errors
/// `Fault::Data`: the table is another one, or those of [`hold_out`] and [`encode`].
pub fn apply(table: &Table, encoding: &Encoding, classes: &[String], validation: f64, seed: u64) -> Result<Parts> {
    let target = table.needed(&encoding.target)?;
    let rows = usable(table, Some(target), &encoding.columns(table)?, encoding.missing)?;
    let (train, held_out) = split(table, target, classes, &rows, validation, seed)?;
    let part = |rows: &[usize]| encode(table, encoding, classes, rows);
    let (train, train_rows) = part(&train)?;
    let (held_out, held_out_rows) = match held_out.is_empty() {
        true => (None, vec![]),
        false => part(&held_out).map(|(data, rows)| (Some(data), rows))?,
    };
    Ok(Parts { train, held_out, train_rows, held_out_rows, encoding: encoding.clone(), classes: classes.to_vec() })
}

fn split(
    table: &Table,
    target: usize,
    classes: &[String],
    rows: &[usize],
    validation: f64,
    seed: u64,
) -> Result<(Vec<usize>, Vec<usize>)> {
    if validation == 0.0 {
        return Ok((rows.to_vec(), vec![]));
    }
    let labels = labels(table, target, classes, rows)?;
    let (learn, held_out) = hold_out(&labels, classes.len(), validation, seed)?;
    let of = |places: Vec<usize>| places.into_iter().map(|place| rows[place]).collect();
    Ok((of(learn), of(held_out)))
}

/// The number of the class of each of the rows; 0 where there are no classes.
///
/// # Errors
/// `Fault::Data`, with the line: a row has another class.
pub(super) fn labels(table: &Table, target: usize, classes: &[String], rows: &[usize]) -> Result<Vec<usize>> {
    let of = |&row: &usize| match classes.is_empty() {
        true => Ok(0),
        false => label(table.field(row, target), target, &table.columns()[target], classes)
            .map_err(|error| error.at(table.place(row))),
    };
    rows.iter().map(of).collect()
}

/// The number of a class.
pub(super) fn label(field: &str, column: usize, name: &str, classes: &[String]) -> Result<usize> {
    classes.iter().position(|class| class == field).ok_or_else(|| {
        let error = Error::data("the model knows no such class")
            .found(format!("`{field}` in column {}, `{name}`", column + 1))
            .expected(super::table::shortened(classes));
        match nearest(field, classes.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        }
    })
}

/// Rows of a table as samples with classes or targets, and which rows they are: those whose target is missing, or which the
/// policy leaves out, are not among them.
///
/// # Errors
/// `Fault::Data`, with line and column: a value cannot be used; a column is missing; no row is left.
///
/// ```
/// use striate::tables::{Columns, Missing, Table, encode, prepare};
/// let iris = Table::embedded("iris")?;
/// let parts = prepare(&iris, &Columns::target("class"), Missing::Error, 0.0, 1)?;
/// let (data, rows) = encode(&iris, &parts.encoding, &parts.classes, &[7, 90])?;
/// assert_eq!((data.labels(), rows), (&[0, 1][..], vec![7, 90]));
/// # Ok::<(), striate::prelude::Error>(())
/// ```
pub fn encode(table: &Table, encoding: &Encoding, classes: &[String], rows: &[usize]) -> Result<(Dataset, Vec<usize>)> {
    let (target, columns) = (table.needed(&encoding.target)?, encoding.columns(table)?);
    let (mut inputs, mut kept) = (vec![], vec![]);
    for &row in rows {
        let lacks = is_missing(table.field(row, target));
        if lacks && encoding.missing == Missing::Error {
            let name = &table.columns()[target];
            return Err(super::schema::missing_value(table.field(row, target), target, name).at(table.place(row)));
        }
        let fields: Vec<&str> = columns.iter().map(|&column| table.field(row, column)).collect();
        let append = |inputs: &mut Vec<f32>| encoding.append(&fields, &columns, inputs);
        if !lacks && append(&mut inputs).map_err(|error| error.at(table.place(row)))? {
            kept.push(row);
        }
    }
    if kept.is_empty() {
        return Err(Error::data("no row of the table can be used")
            .found(format!("{} rows, all left out", rows.len()))
            .at(Place::File(table.source().to_string())));
    }
    let x = Array::new([kept.len(), encoding.width()], inputs);
    let data = match encoding.scale {
        None => {
            let labels = labels(table, target, classes, &kept)?;
            Dataset::from_array(x, labels.into_iter().map(|label| label as i32).collect(), classes.to_vec())?
        }
        Some(scale) => {
            let number = |&row: &usize| {
                let (field, name) = (table.field(row, target), &table.columns()[target]);
                super::table::number(field)
                    .map(|t| scale.learned(t))
                    .ok_or_else(|| super::schema::not_a_number(field, target, name).at(table.place(row)))
            };
            let targets = kept.iter().map(number).collect::<Result<Vec<f32>>>()?;
            Dataset::with_targets(x, Array::new([kept.len(), 1], targets))?
        }
    };
    Ok((data.from_source(table.source()), kept))
}

impl Parts {
    /// What the table's target is.
    pub fn task(&self) -> Task {
        if self.encoding.scale.is_some() { Task::Regress } else { Task::Classify }
    }
}
