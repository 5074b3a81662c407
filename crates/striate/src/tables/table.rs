//! A table as text: named columns, rows of fields, and the line that each row came from.

use super::is_missing;
use super::records::records;
use crate::suggest::nearest;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use striate_io::io_error;
use striate_tensor::{Error, Place, Result};

/// A table as text.
///
/// The separator is the one of `,` `;` tab `|` that every one of the first lines has, and has most often. The first line names the
/// columns unless one of its fields is a number or missing; then they are called `column1`, `column2`, …. Fields may be
/// quoted, from their first character on; spaces around them do not count, nor do empty lines.
///
/// ```
/// use striate::tables::{Header, Table};
/// let table = Table::parse("length;kind\n5.1;short\n7.0;long\n", "by hand", Header::Auto)?;
/// assert_eq!((table.columns(), table.len()), (&["length".to_string(), "kind".into()][..], 2));
/// assert_eq!((table.field(1, 1), table.line(1)), ("long", 3));
/// # Ok::<(), striate::prelude::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    columns: Vec<String>,
    /// Row-major.
    fields: Vec<String>,
    lines: Vec<usize>,
    source: String,
}

/// Whether the first line names the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// It does, unless one of its fields is a number or missing.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// Where a table is.
///
/// ```
/// use striate::tables::TableSource;
/// let iris = TableSource { name: Some("iris".into()), ..TableSource::default() };
/// assert_eq!(iris.open()?.len(), 150);
/// # Ok::<(), striate::prelude::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TableSource {
    /// The name of one inside the binary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A CSV file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Whether the first line of the file names the columns.
    #[serde(default)]
    pub header: Header,
}

impl TableSource {
    /// Reads the table.
    ///
    /// # Errors
    /// As [`Table::open`] and [`Table::embedded`]; `Fault::Usage` when it says neither a name nor a file.
    pub fn open(&self) -> Result<Table> {
        match (&self.name, &self.file) {
            (Some(name), None) => Table::embedded(name),
            (None, Some(file)) => Table::open(file, self.header),
            _ => Err(Error::usage("it is not clear which table is meant")
                .found("a name and a file, or neither")
                .expected("the name of a table inside, or a CSV file")),
        }
    }
}

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

impl Table {
    /// The tables inside the binary. The column to tell is called `class` in all of them.
    pub const EMBEDDED: [&'static str; 4] = ["iris", "wine", "breast-cancer", "digits"];

    /// A table inside the binary.
    ///
    /// # Errors
    /// `Fault::Usage`: there is none of this name.
    pub fn embedded(name: &str) -> Result<Self> {
        use striate_classics::data;
        let samples = match name {
            "iris" => data::iris(),
            "wine" => data::wine(),
            "breast-cancer" => data::breast_cancer(),
            "digits" => data::digits(),
            _ => {
                let error = Error::usage("there is no such table inside").found(format!("`{name}`"));
                return Err(match nearest(name, Self::EMBEDDED) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.expected(Self::EMBEDDED.join(", ")),
                });
            }
        };
        let mut fields = Vec::with_capacity(samples.len() * (samples.width() + 1));
        for index in 0..samples.len() {
            fields.extend(samples.row(index).iter().map(f32::to_string));
            fields.push(samples.classes()[samples.labels()[index]].clone());
        }
        let columns = samples.columns().iter().cloned().chain(["class".to_string()]).collect();
        Ok(Table {
            columns,
            fields,
            lines: (1..=samples.len()).collect(),
            source: format!("{name}, inside the binary"),
        })
    }

    /// Reads a CSV file.
    ///
    /// # Errors
    /// `Fault::Data`, with the line: the file cannot be read, is no text, is empty, a row has more or fewer fields than the
    /// first, two columns have one name.
    pub fn open(path: &Path, header: Header) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|failure| io_error("read the table", path, &failure))?;
        let file = path.display().to_string();
        let text = String::from_utf8(bytes).map_err(|failure| {
            let before = failure.utf8_error().valid_up_to();
            let line = 1 + failure.as_bytes()[..before].iter().filter(|&&byte| byte == b'\n').count();
            Error::data("the table is not text")
                .found("bytes that are not UTF-8")
                .at(Place::Line(file.clone(), line))
                .hint("save the table as CSV in UTF-8")
        })?;
        Self::parse(&text, &file, header)
    }

    /// Reads the text of a CSV file; `source` is what errors call it.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn parse(text: &str, source: &str, header: Header) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rows = records(text, separator(text)).map_err(|line| {
            Error::data("a field's quote is never closed")
                .found("the rest of the file as one field")
                .expected("a quote at the end of the field")
                .at(Place::Line(source.to_string(), line))
                .hint("a quote within quotes is doubled")
        })?;
        let named = match (header, rows.first()) {
            (Header::Yes, _) => true,
            (Header::No, _) | (_, None) => false,
            (Header::Auto, Some((_, first))) => !first.iter().any(|field| number(field).is_some() || is_missing(field)),
        };
        let columns = match named {
            true => rows.remove(0).1,
            false => rows.first().map(|(_, row)| vec![String::new(); row.len()]).unwrap_or_default(),
        };
        let columns = columns.into_iter().enumerate().map(|(index, name)| match name.is_empty() {
            true => format!("column{}", index + 1),
            false => name,
        });
        Self::from_rows(columns.collect(), rows, source)
    }

    /// A table of these columns and rows, each with the number of its line.
    ///
    /// # Errors
    /// `Fault::Data`: there is no row, a row is longer or shorter than the columns, two columns have one name.
    pub fn from_rows(columns: Vec<String>, rows: Vec<(usize, Vec<String>)>, source: &str) -> Result<Self> {
        if rows.is_empty() {
            return Err(Error::data("the table has no rows")
                .expected("a line of column names, then a row on each line")
                .at(Place::File(source.to_string())));
        }
        let mut seen = HashMap::new();
        for (index, name) in columns.iter().enumerate() {
            if let Some(before) = seen.insert(name, index) {
                return Err(Error::data("two columns have one name")
                    .found(format!("`{name}` is column {} and column {}", before + 1, index + 1))
                    .at(Place::File(source.to_string()))
                    .hint("give every column a name of its own"));
            }
        }
        if let Some((line, row)) = rows.iter().find(|(_, row)| row.len() != columns.len()) {
            return Err(Error::data("a row has not as many fields as there are columns")
                .found(format!("{} fields", row.len()))
                .expected(format!("{}: {}", columns.len(), shortened(&columns)))
                .at(Place::Line(source.to_string(), *line))
                .hint("quote fields that contain the separator"));
        }
        let (lines, fields): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        Ok(Table { columns, fields: fields.into_iter().flatten().collect(), lines, source: source.to_string() })
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows.
    #[allow(clippy::len_without_is_empty, reason = "there is always at least one row")]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// A field.
    ///
    /// # Panics
    /// When there is no such row or column.
    #[track_caller]
    pub fn field(&self, row: usize, column: usize) -> &str {
        assert!(column < self.columns.len(), "column {column} of {}", self.columns.len());
        &self.fields[row * self.columns.len() + column]
    }

    /// The number of the line that a row stands on, from 1.
    ///
    /// # Panics
    /// When there is no such row.
    #[track_caller]
    pub fn line(&self, row: usize) -> usize {
        self.lines[row]
    }

    /// What it is called.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The place of a row, for errors.
    ///
    /// # Panics
    /// When there is no such row.
    #[track_caller]
    pub fn place(&self, row: usize) -> Place {
        Place::Line(self.source.clone(), self.lines[row])
    }

    /// The number of the column of that name.
    ///
    /// # Errors
    /// `Fault::Usage`: there is none; the message suggests the nearest.
    pub fn column(&self, name: &str) -> Result<usize> {
        self.named(name, Error::usage)
    }

    /// The same for a column that a model needs: that it is missing is a fault of the table, not of what was asked.
    ///
    /// # Errors
    /// `Fault::Data`: there is none.
    pub(super) fn needed(&self, name: &str) -> Result<usize> {
        self.named(name, Error::data)
    }

    fn named(&self, name: &str, fault: fn(String) -> Error) -> Result<usize> {
        self.columns.iter().position(|column| column == name).ok_or_else(|| {
            let error = fault(format!("the table has no column `{name}`"))
                .found(shortened(&self.columns))
                .at(Place::File(self.source.clone()));
            match nearest(name, self.columns.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("give the name of a column as its first line has it"),
            }
        })
    }
}

/// A finite number.
pub(super) fn number(field: &str) -> Option<f64> {
    field.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A list of names that fits a message.
pub(super) fn shortened(names: &[String]) -> String {
    const MOST: usize = 12;
    let more = if names.len() > MOST { format!(", … ({} in all)", names.len()) } else { String::new() };
    names[..names.len().min(MOST)].join(", ") + &more
}

/// The separator of a text: of those that stand in each of the first lines, the one that does so most often.
pub(super) fn separator(text: &str) -> u8 {
    const LINES: usize = 20;
    let lines = || text.lines().filter(|line| !line.trim().is_empty()).take(LINES);
    let least = |separator: u8| lines().map(|line| outside_quotes(line, separator)).min().unwrap_or(0);
    // The first of equals.
    SEPARATORS.into_iter().rev().max_by_key(|&separator| least(separator)).unwrap_or(b',')
}

fn outside_quotes(line: &str, separator: u8) -> usize {
    let (mut quoted, mut count) = (false, 0);
    for byte in line.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            _ if byte == separator && !quoted => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_headers_are_found() {
        for (text, columns, rows) in [
            ("a,b\n1,2\n", "a b", 1),
            ("a;b\n1,5;2,5\n", "a b", 1),
            ("a\tb\tc\n1\t2\tx\n", "a b c", 1),
            ("1|2|x\n3|4|y\n", "column1 column2 column3", 2),
            ("\u{feff}\"a, b\" , c\n\n 1 ,\"x, y\"\n", "a, b c", 1),
            ("only\nred\n", "only", 1),
            ("a,\n1,2", "column1 column2", 2),
        ] {
            let table = Table::parse(text, "text", Header::Auto).unwrap();
            assert_eq!((table.columns().join(" "), table.len()), (columns.to_string(), rows), "{text:?}");
        }
        let table = Table::parse("2019,2020\n1,2\n", "text", Header::Yes).unwrap();
        assert_eq!((table.columns()[0].as_str(), table.line(0)), ("2019", 2));
    }

    #[test]
    fn mistakes_are_said_with_their_line() {
        let says = |text: &str, part: &str| {
            let error = Table::parse(text, "file.csv", Header::Auto).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        says("a,b\n1,2\n1,2,3\n", "file.csv:3");
        says("a,a\n1,2\n", "column 1 and column 2");
        says("", "no rows");
        says("a,b\n", "no rows");
    }

    #[test]
    fn the_tables_inside() {
        for (name, rows, columns) in
            [("iris", 150, 5), ("wine", 178, 14), ("breast-cancer", 569, 31), ("digits", 1797, 65)]
        {
            let table = Table::embedded(name).unwrap();
            assert_eq!((table.len(), table.columns().len()), (rows, columns));
        }
        assert!(Table::embedded("irs").unwrap_err().to_string().contains("`iris`"));
    }
}
