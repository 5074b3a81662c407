use super::RunFolder;
use crate::data::{Dataset, Digits, Part};
use crate::model::Model;
use crate::tables::{self, Table, TableSource};
use crate::train::{Data, Optimizer, Settings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use striate_io::{io_error, sha256_hex, write_atomically};
use striate_plan::Choices;
use striate_tensor::{Error, Place, Result};

/// `run.toml`: what was decided before the training began.
///
/// Origins are `default`, `model file`, or the flag that said it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunRecord {
    /// Version of this format.
    pub format: u32,
    /// Version of Striate that made the run.
    pub striate: String,
    /// Name of the model.
    pub model: String,
    /// Day on which it was begun, in universal time.
    pub date: String,
    /// What each step does.
    pub settings: Settings,
    /// How the gradient changes the weights.
    pub optimizer: Optimizer,
    /// What it learns from.
    pub data: DataRecord,
    /// Where each value came from, by the name of its flag.
    pub origin: BTreeMap<String, String>,
    /// The variants of the model's convolutions that were not left to the rules: a run goes on with those that it was begun
    /// with, whatever has been measured since.
    #[serde(default, skip_serializing_if = "Choices::is_empty")]
    pub choices: Choices,
}

/// Where the samples come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DataRecord {
    /// The folder with the data set; without one, the digits inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// The table that holds the samples, instead of a folder; its held-out part is the validation part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableSource>,
    /// The part of the training samples that is set aside to choose the best weights by; 0 for none.
    pub validation: f64,
    /// Fingerprint of the samples and labels, so that a run cannot go on with other data; filled in when they are read.
    #[serde(default)]
    pub sha256: String,
}

/// Which samples are watched: measured after each epoch, to choose the best weights and to stop by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WatchedPart {
    /// Those set aside from the training part.
    Validation,
    /// The test part.
    Test,
    /// The training part itself, of a table of which nothing is set aside.
    Training,
}

impl fmt::Display for WatchedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WatchedPart::Validation => "validation",
            WatchedPart::Test => "test",
            WatchedPart::Training => "training",
        })
    }
}

impl DataRecord {
    /// Which samples are watched.
    pub fn watched(&self) -> WatchedPart {
        match (self.validation > 0.0, &self.table) {
            (true, _) => WatchedPart::Validation,
            (false, Some(_)) => WatchedPart::Training,
            (false, None) => WatchedPart::Test,
        }
    }

    /// Which samples are measured at the end: a table has no test part of its own.
    pub fn measured(&self) -> WatchedPart {
        if self.table.is_some() { self.watched() } else { WatchedPart::Test }
    }

    /// One part of the data set.
    ///
    /// # Errors
    /// As [`Dataset::open`]. `Fault::Usage`: the data are a table.
    pub fn open(&self, part: Part) -> Result<Dataset> {
        if self.table.is_some() {
            return Err(Error::usage("this looks at samples of pictures or signals")
                .found("a run on a table")
                .hint("striate eval, predict, curves and report know tables"));
        }
        match (&self.folder, part) {
            (Some(folder), part) => Dataset::open(folder, part),
            (None, Part::Train) => Ok(Digits::train()),
            (None, Part::Test) => Ok(Digits::test()),
        }
    }

    /// The samples that a run is measured on: the test part, or the rows of its table that were held out.
    ///
    /// # Errors
    /// As [`DataRecord::load`].
    pub fn held_out(&self, model: &Model, seed: u64) -> Result<Dataset> {
        match self.table {
            Some(_) => Ok(self.clone().load(model, seed)?.1),
            None => self.open(Part::Test),
        }
    }

    /// Of a run on a table: the table, and which of its rows the samples of [`DataRecord::held_out`] are.
    ///
    /// # Errors
    /// As [`DataRecord::load`].
    pub fn held_out_rows(&self, model: &Model, seed: u64) -> Result<Option<(Table, Vec<usize>)>> {
        let (Some(source), Some(encoding)) = (&self.table, &model.table) else { return Ok(None) };
        let table = source.open()?;
        let parts = tables::apply(&table, encoding, &model.classes, self.validation, seed)?;
        let rows = if parts.held_out.is_some() { parts.held_out_rows } else { parts.train_rows };
        Ok(Some((table, rows)))
    }

    /// What to train on and to watch, and the test part. Notes the fingerprint, or holds the data against the one that
    /// is noted.
    ///
    /// # Errors
    /// `Fault::Data`: the data cannot be read or are not those of the fingerprint. `Fault::Usage`: the validation part
    /// is no part.
    pub fn load(&mut self, model: &Model, seed: u64) -> Result<(Data, Dataset)> {
        if !(self.validation >= 0.0 && self.validation < 1.0) {
            return Err(Error::usage("the validation part makes no sense")
                .found(self.validation)
                .expected("a part of the training samples, such as 0.1; at least 0 and below 1"));
        }
        let (train, test) = match (&self.table, &model.table) {
            (Some(source), Some(encoding)) => {
                let parts = tables::apply(&source.open()?, encoding, &model.classes, self.validation, seed)?;
                let held_out = parts.held_out.unwrap_or_else(|| parts.train.clone());
                (parts.train, held_out)
            }
            (None, None) => (self.open(Part::Train)?, self.open(Part::Test)?),
            _ => {
                return Err(Error::usage("model and data do not belong together")
                    .found("a model for tables with other data, or the reverse")
                    .expected("a model whose `table` says how rows become samples, and a table"));
            }
        };
        let sha256 = fingerprint(&[&train, &test]);
        if !self.sha256.is_empty() && self.sha256 != sha256 {
            return Err(Error::data("the data are not those that the run was begun with")
                .found(format!("SHA-256 {sha256}"))
                .expected(format!("SHA-256 {}", self.sha256))
                .at(Place::File(train.source().to_string()))
                .hint("bring the old data back, or begin a new run"));
        }
        self.sha256 = sha256;
        let (train, watched) = match self.watched() {
            _ if self.table.is_some() => (train, test.clone()),
            WatchedPart::Test | WatchedPart::Training => (train, test.clone()),
            WatchedPart::Validation => {
                let count = (self.validation * train.len() as f64).round() as usize;
                train.split_validation(count.max(1), seed)?
            }
        };
        Ok((Data { train, watched, preprocessing: model.preprocessing.clone() }, test))
    }
}

fn fingerprint(parts: &[&Dataset]) -> String {
    let of = |part: &&Dataset| {
        let labels: Vec<u8> = part.labels().iter().flat_map(|label| label.to_le_bytes()).collect();
        let reals = |numbers: &[f32]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let samples = match part.reals() {
            Some(numbers) => reals(&[numbers, part.targets()].concat()),
            None => part.pixels().unwrap_or_default().to_vec(),
        };
        sha256_hex(&samples) + &sha256_hex(&labels)
    };
    sha256_hex(parts.iter().map(of).collect::<String>().as_bytes())
}

impl RunRecord {
    /// Version of the format that is written and read.
    pub const FORMAT: u32 = 1;

    /// What the numbers of the training depend on besides the model, as one text.
    pub(super) fn decided(&self) -> Result<String> {
        let decided = (&self.settings, &self.optimizer, self.data.validation);
        // Without choices the text is that of runs from before there were any.
        let text = match self.choices.is_empty() {
            true => serde_json::to_string(&decided),
            false => serde_json::to_string(&(decided, &self.choices)),
        };
        text.map_err(|failure| Error::internal(format!("the settings could not be written: {failure}")))
    }

    /// Writes `run.toml`.
    ///
    /// # Errors
    /// `Fault::Data`: the disk does not permit it.
    pub fn write(&self, folder: &RunFolder) -> Result<()> {
        let text = toml::to_string(self)
            .map_err(|failure| Error::internal(format!("run.toml could not be written: {failure}")))?;
        let head = "# What this run was begun with. `striate resume` reads it; see [origin] for where each value came from.\n\n";
        write_atomically(&folder.record(), |file| write!(file, "{head}{text}"))
    }

    /// Reads `run.toml`.
    ///
    /// # Errors
    /// `Fault::Data`: it is missing, damaged or of another version.
    pub fn read(folder: &RunFolder) -> Result<Self> {
        let path = folder.record();
        let at = |line: Option<usize>| match line {
            Some(line) => Place::Line(path.display().to_string(), line),
            None => Place::File(path.display().to_string()),
        };
        let text =
            fs::read_to_string(&path).map_err(|failure| io_error("read the settings of the run", &path, &failure))?;
        let record: RunRecord = toml::from_str(&text).map_err(|failure| {
            let line = failure.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            Error::data("run.toml cannot be read")
                .found(failure.message())
                .expected("what striate train wrote")
                .at(at(line))
        })?;
        if record.format != Self::FORMAT {
            return Err(Error::data("run.toml is of another version")
                .found(format!("format = {}", record.format))
                .expected(format!("format = {}", Self::FORMAT))
                .at(at(None)));
        }
        record.choices.check().map_err(|error| error.at(at(None)))?;
        record.settings.check().map_err(|error| super::checkpoint::as_data(&error).at(at(None)))?;
        Ok(record)
    }
}
