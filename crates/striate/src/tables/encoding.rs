//! From fields to numbers, as learned from the training part.
//!
//! ```text
//! numeric     x ↦ (x − low)/(high − low), low and high those of the training part; 0 where they are equal
//! discrete    one input for each category, 1 for the one that it is, 0 for the others
//! target      t ↦ (t − center)/spread, where it is a number
//! ```
//!
//! A number beyond the training part's range lies beyond [0, 1]. What is missing or unknown follows [`Missing`].

use super::schema::{missing_value, not_a_number, sorted};
use super::table::{number, shortened};
use super::{Kind, Missing, Schema, Table, Task, is_missing};
use crate::suggest::nearest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use striate_tensor::{Error, Place, Result, Shape};

/// How a row of a table becomes a sample; a part of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoding {
    /// The name of the column to tell.
    pub target: String,
    /// Where that is a number: how it is scaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<Scale>,
    /// What happens to what is missing or unknown.
    pub missing: Missing,
    /// The columns to tell it by, in the order of the inputs.
    pub attributes: Vec<Attribute>,
}

/// t ↦ (t − center)/spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// What becomes 0.
    pub center: f64,
    /// What becomes 1 more; above 0.
    pub spread: f64,
}

impl Scale {
    /// A number as it is learned.
    pub fn learned(&self, t: f64) -> f32 {
        ((t - self.center) / self.spread) as f32
    }

    /// A number in its own unit.
    ///
    /// ```
    /// use striate::tables::Scale;
    /// let scale = Scale { center: 20.0, spread: 5.0 };
    /// assert_eq!((scale.learned(30.0), scale.own(2.0)), (2.0, 30.0));
    /// ```
    pub fn own(&self, y: f32) -> f64 {
        f64::from(y) * self.spread + self.center
    }
}

/// A column and its code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Attribute {
    /// Numbers.
    Numeric {
        /// The column's name.
        name: String,
        /// The least of the training part.
        low: f64,
        /// The greatest.
        high: f64,
        /// What stands for a missing one.
        mean: f64,
        /// Whether one more input says that it is missing.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        flagged: bool,
    },
    /// Categories.
    Discrete {
        /// The column's name.
        name: String,
        /// Those of the training part.
        categories: Vec<String>,
        /// The most frequent, which stands for a missing one.
        usual: String,
        /// Whether one more input stands for all that is missing or unknown.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        other: bool,
    },
}

impl Attribute {
    /// The column's name.
    pub fn name(&self) -> &str {
        match self {
            Attribute::Numeric { name, .. } | Attribute::Discrete { name, .. } => name,
        }
    }

    /// How many inputs it takes.
    pub fn width(&self) -> usize {
        match self {
            Attribute::Numeric { flagged, .. } => 1 + usize::from(*flagged),
            Attribute::Discrete { categories, other, .. } => categories.len() + usize::from(*other),
        }
    }

    /// Learns the code of a column from its values in the training part.
    fn learn<'a>(name: &str, kind: Kind, values: impl Iterator<Item = &'a str>, missing: Missing) -> Result<Self> {
        let (mut lacks, mut present) = (false, vec![]);
        for value in values {
            match is_missing(value) {
                true => lacks = true,
                false => present.push(value),
            }
        }
        if present.is_empty() {
            return Err(Error::data("a column has no value in the training part")
                .found(format!("`{name}`"))
                .expected("at least one")
                .hint(format!("leave it out: --ignore \"{name}\"")));
        }
        let name = name.to_string();
        Ok(match kind {
            Kind::Numeric => {
                let numbers: Vec<f64> = present.into_iter().filter_map(number).collect();
                let (low, high) = numbers.iter().fold((f64::MAX, f64::MIN), |(l, h), &x| (l.min(x), h.max(x)));
                // In parts, so that no sum overflows.
                let mean = numbers.iter().map(|x| x / numbers.len() as f64).sum();
                Attribute::Numeric { name, low, high, mean, flagged: lacks && missing == Missing::Category }
            }
            Kind::Discrete => {
                let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
                present.iter().for_each(|value| *counts.entry(value).or_default() += 1);
                let categories = sorted(counts.keys().copied());
                let most = categories.iter().rev().max_by_key(|category| counts.get(category.as_str()));
                let usual = most.cloned().unwrap_or_default();
                Attribute::Discrete { name, usual, other: missing == Missing::Category, categories }
            }
        })
    }

    /// Appends the inputs of a field; `false` where the row is to be left out.
    fn append(&self, field: &str, column: usize, missing: Missing, inputs: &mut Vec<f32>) -> Result<bool> {
        let missing_here = is_missing(field);
        if missing_here {
            match missing {
                Missing::Error => return Err(missing_value(field, column, self.name())),
                Missing::Drop => return Ok(false),
                Missing::Mean | Missing::Category => {}
            }
        }
        match self {
            Attribute::Numeric { name, low, high, mean, flagged } => {
                let x = match missing_here {
                    true => *mean,
                    false => number(field).ok_or_else(|| not_a_number(field, column, name))?,
                };
                let span = high - low;
                let scaled = if span > 0.0 && span.is_finite() { (x - low) / span } else { 0.0 };
                // Far beyond what was learned from, but a number.
                inputs.push(scaled.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32);
                inputs.extend(flagged.then_some(f32::from(missing_here)));
            }
            Attribute::Discrete { name, categories, usual, other } => {
                let value = if missing_here && missing == Missing::Mean { usual } else { field };
                let mut place = categories.iter().position(|category| category == value);
                if place.is_none() && !missing_here {
                    match missing {
                        Missing::Error => return Err(unknown_category(field, column, name, categories)),
                        Missing::Drop => return Ok(false),
                        Missing::Mean => place = categories.iter().position(|category| category == usual),
                        Missing::Category => {}
                    }
                }
                let width = self.width();
                let place = place.unwrap_or(if *other { width - 1 } else { width });
                inputs.extend((0..width).map(|input| f32::from(input == place)));
            }
        }
        Ok(true)
    }
}

fn unknown_category(field: &str, column: usize, name: &str, categories: &[String]) -> Error {
    let error = Error::data("a category occurs in no row of the training part")
        .found(format!("`{field}` in column {}, `{name}`", column + 1))
        .expected(shortened(categories));
    match nearest(field, categories.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`? else train with --missing drop, mean or category")),
        None => error.hint("train with --missing drop, mean or category"),
    }
}

impl Encoding {
    /// Learns the codes of a table's columns from the rows that train.
    ///
    /// # Errors
    /// `Fault::Data`: a column has no value in them.
    ///
    /// ```
    /// use striate::tables::{Columns, Encoding, Header, Missing, Schema, Table};
    /// let table = Table::parse("size,colour,kind\n1,red,a\n3,blue,b\n9,red,a\n", "t.csv", Header::Auto)?;
    /// let schema = Schema::of(&table, &Columns::target("kind"))?;
    /// let encoding = Encoding::learn(&table, &schema, &[0, 1], Missing::Error)?;
    /// let mut inputs = vec![];
    /// encoding.append(&["9", "red"], &[0, 1], &mut inputs)?;
    /// assert_eq!(inputs, [4.0, 0.0, 1.0]); // (9 − 1)/(3 − 1); not blue, red
    /// # Ok::<(), striate::prelude::Error>(())
    /// ```
    pub fn learn(table: &Table, schema: &Schema, rows: &[usize], missing: Missing) -> Result<Self> {
        let attribute = |&(column, kind): &(usize, Kind)| {
            let values = rows.iter().map(|&row| table.field(row, column));
            Attribute::learn(&table.columns()[column], kind, values, missing)
                .map_err(|error| error.at(Place::File(table.source().to_string())))
        };
        let scale = match schema.task {
            Task::Classify => None,
            Task::Regress => {
                let numbers: Vec<f64> =
                    rows.iter().filter_map(|&row| number(table.field(row, schema.target))).collect();
                let count = numbers.len().max(1) as f64;
                let center = numbers.iter().map(|t| t / count).sum::<f64>();
                let spread = numbers.iter().map(|t| (t - center).powi(2) / count).sum::<f64>().sqrt();
                Some(Scale { center, spread: if spread > 0.0 && spread.is_finite() { spread } else { 1.0 } })
            }
        };
        Ok(Encoding {
            target: table.columns()[schema.target].clone(),
            scale,
            missing,
            attributes: schema.attributes.iter().map(attribute).collect::<Result<_>>()?,
        })
    }

    /// How many inputs a row becomes.
    pub fn width(&self) -> usize {
        self.attributes.iter().map(Attribute::width).sum()
    }

    /// Appends the inputs of a row, given by one field for each attribute and the number of its column (for errors).
    /// `false`, with nothing appended, where the row is to be left out.
    ///
    /// # Errors
    /// `Fault::Data`: a value is missing or unknown and the policy is `error`; a number is none.
    pub fn append(&self, fields: &[&str], columns: &[usize], inputs: &mut Vec<f32>) -> Result<bool> {
        let before = inputs.len();
        for ((attribute, field), &column) in self.attributes.iter().zip(fields).zip(columns) {
            if !attribute.append(field, column, self.missing, inputs)? {
                inputs.truncate(before);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The columns of the attributes in a table, by name.
    ///
    /// # Errors
    /// `Fault::Data`: the table lacks one.
    pub fn columns(&self, table: &Table) -> Result<Vec<usize>> {
        self.attributes.iter().map(|attribute| table.needed(attribute.name())).collect()
    }

    /// Whether it fits a model of this input, and whether the model gives a number as it does.
    pub(crate) fn check(&self, input: &Shape, gives_numbers: bool) -> Result<()> {
        let wrong = |what: &str| Err(Error::model(format!("table: {what}")));
        if input[..] != [self.width()] {
            return Err(Error::model("table: the attributes do not fit the model's input")
                .found(format!("{} inputs", self.width()))
                .expected(format!("input = {{ shape = {:?} }}", &input[..])));
        }
        if self.scale.is_some() != gives_numbers {
            return wrong("a `scale` belongs to a model with `targets`, and only to such a one");
        }
        let usable = |scale: Scale| scale.center.is_finite() && scale.spread.is_finite() && scale.spread > 0.0;
        if !self.scale.is_none_or(usable) {
            return wrong("the `scale` needs a finite center, and a finite spread above 0");
        }
        for attribute in &self.attributes {
            match attribute {
                Attribute::Numeric { name, low, high, mean, .. } => {
                    if ![low, high, mean].into_iter().all(|x| x.is_finite()) || low > high {
                        return wrong(&format!("`{name}` needs finite numbers, low not above high"));
                    }
                }
                Attribute::Discrete { name, categories, usual, .. } => {
                    if !categories.contains(usual) {
                        return wrong(&format!("the usual category of `{name}` is none of its categories"));
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{Columns, Header};

    const TEXT: &str = "size,colour,kind\n0,red,a\n?,blue,b\n10,,a\n4,red,b\n20,green,a\n";

    /// Learns from the first four rows; the inputs of the last ones.
    fn inputs(missing: Missing, fields: &[&str]) -> Result<Option<Vec<f32>>> {
        let table = Table::parse(TEXT, "t.csv", Header::Auto)?;
        let schema = Schema::of(&table, &Columns::target("kind"))?;
        let encoding = Encoding::learn(&table, &schema, &[0, 1, 2, 3], missing)?;
        let mut inputs = vec![];
        let kept = encoding.append(fields, &[0, 1], &mut inputs)?;
        assert_eq!(inputs.len(), if kept { encoding.width() } else { 0 });
        Ok(kept.then_some(inputs))
    }

    #[test]
    fn each_policy_by_the_training_part_alone() {
        use Missing::{Category, Drop, Error, Mean};
        let is = |missing, fields: &[&str], wanted: Option<&[f32]>| {
            assert_eq!(inputs(missing, fields).unwrap().as_deref(), wanted, "{missing} {fields:?}");
        };
        is(Error, &["20", "red"], Some(&[2.0, 0.0, 1.0]));
        is(Drop, &["5", "green"], None);
        is(Drop, &["", "red"], None);
        // Mean (0 + 10 + 4)/3 of 0 to 10; red is the most frequent.
        is(Mean, &["", "green"], Some(&[(14.0 / 30.0) as f32, 0.0, 1.0]));
        is(Mean, &["5", "?"], Some(&[0.5, 0.0, 1.0]));
        is(Category, &["", "green"], Some(&[(14.0 / 30.0) as f32, 1.0, 0.0, 0.0, 1.0]));
        is(Category, &["5", ""], Some(&[0.5, 0.0, 0.0, 0.0, 1.0]));
        is(Category, &["5", "blue"], Some(&[0.5, 0.0, 1.0, 0.0, 0.0]));
        let says = |fields: &[&str], part: &str| {
            let error = inputs(Error, fields).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        says(&["", "red"], "column 1, `size`");
        says(&["5", "gren"], "blue, red");
        says(&["5", "redd"], "did you mean `red`?");
        says(&["5x", "red"], "`5x` in column 1");
    }
}
