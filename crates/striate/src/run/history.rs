use super::RunFolder;
use std::fs;
use striate_io::io_error;
use striate_tensor::{Error, Place, Result};

/// The epochs of a run as its `metrics.csv` tells them: named columns of numbers.
///
/// ```no_run
/// use striate::run::{History, RunFolder};
/// let history = History::read(&RunFolder::open("runs/latest".as_ref())?)?;
/// println!("{:?}", history.column("train_loss"));
/// # Ok::<(), striate::tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    columns: Vec<String>,
    /// One an epoch; what was not measured is not a number.
    rows: Vec<Vec<f64>>,
}

impl History {
    /// Reads `metrics.csv`; a run without a complete epoch has no rows.
    ///
    /// # Errors
    /// `Fault::Data`, with the line: the file is missing or damaged.
    pub fn read(folder: &RunFolder) -> Result<Self> {
        let path = folder.metrics();
        let text = fs::read_to_string(&path).map_err(|failure| {
            io_error("read the epochs of the run", &path, &failure)
                .hint("a run has them from its first complete epoch on")
        })?;
        Self::parse(&text, &path.display().to_string())
    }

    fn parse(text: &str, file: &str) -> Result<Self> {
        let mut lines = text.lines().enumerate();
        let head = lines.next().map_or("", |(_, head)| head);
        let columns: Vec<String> = head.split(',').map(str::to_string).collect();
        let at = |line: usize| Place::Line(file.to_string(), line + 1);
        if columns.len() < 2 {
            return Err(Error::data("metrics.csv has no head").expected("epoch,steps,…").at(at(0)));
        }
        let mut rows = vec![];
        for (number, line) in lines {
            let number_of = |cell: &str| if cell.is_empty() { Ok(f64::NAN) } else { cell.parse() };
            let row: std::result::Result<Vec<f64>, _> = line.split(',').map(number_of).collect();
            match row {
                Ok(row) if row.len() == columns.len() => rows.push(row),
                _ => {
                    return Err(Error::data("a line of metrics.csv cannot be read")
                        .found(format!("`{line}`"))
                        .expected(format!("{} numbers with commas between them", columns.len()))
                        .at(at(number)));
                }
            }
        }
        Ok(History { columns, rows })
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many epochs are complete.
    pub fn epochs(&self) -> usize {
        self.rows.len()
    }

    /// The numbers of a column, one an epoch; `None` if there is no such column.
    pub fn column(&self, name: &str) -> Option<Vec<f64>> {
        let at = self.columns.iter().position(|column| column == name)?;
        Some(self.rows.iter().map(|row| row[at]).collect())
    }

    /// The columns whose names end so, each with its numbers: `_loss` gives those of the training and the watched part.
    pub fn ending(&self, end: &str) -> Vec<(&str, Vec<f64>)> {
        let named = self.columns.iter().filter(|column| column.ends_with(end));
        named.filter_map(|column| Some((column.as_str(), self.column(column)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_by_name_and_damage_with_its_line() {
        let history = History::parse("epoch,train_loss,test_loss\n1,0.5,\n2,0.25,1e-1\n", "m.csv").unwrap();
        assert_eq!((history.epochs(), history.column("train_loss")), (2, Some(vec![0.5, 0.25])));
        assert_eq!(history.column("nothing"), None);
        let losses = history.ending("_loss");
        assert_eq!((losses.len(), losses[1].0, losses[1].1[1]), (2, "test_loss", 0.1));
        assert!(losses[1].1[0].is_nan());
        for (text, place) in [("", "m.csv:1"), ("a,b\n1,2\n3\n", "m.csv:3"), ("a,b\n1,x\n", "m.csv:2")] {
            let error = History::parse(text, "m.csv").unwrap_err().to_string();
            assert!(error.contains(place), "{error}");
        }
    }
}
