//! Rows as they come, line by line: CSV with a header, or an object of JSON on each line.

use super::records::records;
use super::table::{number, separator, shortened};
use super::{Table, is_missing};
use crate::suggest::nearest;
use serde_json::Value;
use striate_tensor::{Error, Place, Result};

/// Reads rows line by line. The first line tells the form: an object of JSON, whose keys are the columns, or the names of the
/// columns of a CSV. A field cannot go over several lines.
///
/// ```
/// use striate::tables::Stream;
/// let mut stream = Stream::new("stdin");
/// assert_eq!(stream.line("size,kind")?, None); // the header
/// assert_eq!(stream.line("5.1,a")?, Some(vec!["5.1".to_string(), "a".into()]));
/// let mut stream = Stream::new("stdin");
/// assert_eq!(stream.line(r#"{"size": 5.1, "kind": "a"}"#)?, Some(vec!["5.1".to_string(), "a".into()]));
/// assert_eq!(stream.line(r#"{"kind": "b"}"#)?, Some(vec![String::new(), "b".into()])); // missing
/// # Ok::<(), striate::prelude::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Stream {
    source: String,
    lines: usize,
    form: Form,
    columns: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Unknown,
    Json,
    Csv(u8),
}

impl Stream {
    /// Before the first line; `source` is what errors call it.
    pub fn new(source: &str) -> Self {
        Stream { source: source.to_string(), lines: 0, form: Form::Unknown, columns: vec![] }
    }

    /// The names of the columns; none before the first line.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many lines were read.
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// The place of the line read last.
    pub fn place(&self) -> Place {
        Place::Line(self.source.clone(), self.lines)
    }

    /// The fields of a line in the order of the columns; `None` for the header and for empty lines.
    ///
    /// # Errors
    /// `Fault::Data`, with the line: it is no row of these columns.
    pub fn line(&mut self, text: &str) -> Result<Option<Vec<String>>> {
        self.lines += 1;
        let text = if self.lines == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return Ok(None);
        }
        if self.form == Form::Unknown {
            self.form = if text.trim_start().starts_with('{') { Form::Json } else { Form::Csv(separator(text)) };
            if let Form::Csv(separator) = self.form {
                let columns = fields(text, separator);
                if let Some(field) = columns.iter().find(|field| number(field).is_some() || is_missing(field)) {
                    return Err(Error::data("the first line does not name the columns")
                        .found(format!("`{field}`"))
                        .expected("names, such as size,colour,kind; or an object of JSON on each line")
                        .at(self.place()));
                }
                // The checks of a table: names given twice.
                Table::from_rows(columns.clone(), vec![(1, columns.clone())], &self.source)?;
                self.columns = columns;
                return Ok(None);
            }
        }
        match self.form {
            Form::Csv(separator) => {
                let fields = fields(text, separator);
                if fields.len() != self.columns.len() {
                    return Err(Error::data("a row has not as many fields as there are columns")
                        .found(format!("{} fields", fields.len()))
                        .expected(format!("{}: {}", self.columns.len(), shortened(&self.columns)))
                        .at(self.place()));
                }
                Ok(Some(fields))
            }
            _ => self.json(text).map(Some),
        }
    }

    fn json(&mut self, text: &str) -> Result<Vec<String>> {
        let wrong = |found: String| {
            let error = Error::data("a line is no object of JSON").found(found);
            error.expected("such as {\"size\": 5.1, \"colour\": \"red\"}").at(self.place())
        };
        let value: Value = serde_json::from_str(text).map_err(|failure| wrong(failure.to_string()))?;
        let Value::Object(object) = value else { return Err(wrong("another value".into())) };
        if self.columns.is_empty() {
            self.columns = object.keys().cloned().collect();
        }
        if let Some(key) = object.keys().find(|key| !self.columns.contains(key)) {
            let error = Error::data("a row has a column that the first one has not").found(format!("`{key}`"));
            let error = match nearest(key, self.columns.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.expected(shortened(&self.columns)),
            };
            return Err(error.at(self.place()));
        }
        let field = |name: &String| match object.get(name) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.trim().to_string()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(Value::Bool(yes)) => Ok(yes.to_string()),
            Some(_) => Err(Error::data("a value is neither text nor a number")
                .found(format!("a list or an object in `{name}`"))
                .at(self.place())),
        };
        self.columns.iter().map(field).collect()
    }
}

/// The fields of a line.
fn fields(text: &str, separator: u8) -> Vec<String> {
    // Within one line no quote swallows others.
    records(text, separator).unwrap_or_default().into_iter().next().map(|(_, fields)| fields).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_said_with_their_line() {
        let says = |lines: &[&str], part: &str| {
            let mut stream = Stream::new("stdin");
            let error = lines.iter().find_map(|line| stream.line(line).err()).expect(part).to_string();
            assert!(error.contains(part), "{part} is not in {error}");
        };
        says(&["a;b", "1;2", "", "1;2;3"], "stdin:4");
        says(&["1,2,3"], "does not name the columns");
        says(&["a,a"], "two columns");
        says(&["{\"a\": 1}", "{\"b\": 1}"], "`b`");
        says(&["{\"a\": 1}", "[1]"], "no object");
        says(&["{\"a\": [1]}"], "neither text nor a number");
        says(&["{\"a\": 1}", "{\"a\": 1"], "stdin:2");
    }
}
