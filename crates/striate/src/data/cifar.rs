//! The binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky, "Learning multiple layers of features from tiny images",
//! 2009): records of one or two label bytes and 3×32×32 pixels, planes of red, green and blue.

use super::dataset::{Samples, check_labels};
use super::files::{self, LARGEST, place};
use super::{Dataset, Part};
use std::path::Path;
use striate_tensor::{Error, Result, Shape};

const PIXELS: usize = 3 * 32 * 32;

/// One of the two.
pub(super) struct Cifar {
    name: &'static str,
    pub(super) train: &'static [&'static str],
    pub(super) test: &'static [&'static str],
    /// Bytes before the pixels; the last of them is the label that counts.
    label_bytes: usize,
    classes: usize,
    names_file: &'static str,
    /// Where there is no such file; empty: the numbers.
    names: &'static [&'static str],
}

pub(super) const CIFARS: [Cifar; 2] = [
    Cifar {
        name: "CIFAR-10",
        train: &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
        test: &["test_batch.bin"],
        label_bytes: 1,
        classes: 10,
        names_file: "batches.meta.txt",
        names: &["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    },
    Cifar {
        name: "CIFAR-100",
        train: &["train.bin"],
        test: &["test.bin"],
        label_bytes: 2,
        classes: 100,
        names_file: "fine_label_names.txt",
        names: &[],
    },
];

impl Cifar {
    fn files(&self, part: Part) -> &'static [&'static str] {
        match part {
            Part::Train => self.train,
            Part::Test => self.test,
        }
    }

    /// Whether a file of it is in the folder.
    pub(super) fn is_in(&self, folder: &Path) -> bool {
        self.train.iter().chain(self.test).any(|file| folder.join(file).is_file())
    }

    pub(super) fn open(&self, folder: &Path, part: Part) -> Result<Dataset> {
        let classes = self.class_names(folder)?;
        let (mut pixels, mut labels) = (vec![], vec![]);
        for file in self.files(part) {
            self.read(&folder.join(file), &mut pixels, &mut labels)?;
        }
        let source = format!("{}, {part} part, {}", self.name, folder.display());
        Ok(Dataset::unchecked(Samples::Bytes(pixels), Shape::from([3, 32, 32]), labels, classes, source))
    }

    fn read(&self, path: &Path, pixels: &mut Vec<u8>, labels: &mut Vec<i32>) -> Result<()> {
        let file = files::read(path, &format!("read a file of {}", self.name))?;
        let record = self.label_bytes + PIXELS;
        if file.is_empty() || file.len() % record != 0 || (pixels.len() + file.len()) as u64 > LARGEST {
            return Err(Error::data(format!("the {} file is not whole", self.name))
                .found(format!("{} bytes", file.len()))
                .expected(format!("records of {record} bytes: {} label byte(s), {PIXELS} pixels", self.label_bytes))
                .at(place(path))
                .hint("download the binary version again"));
        }
        let label = |record: &[u8]| record[self.label_bytes - 1];
        let records = || file.chunks_exact(record);
        check_labels(records().map(|record| i64::from(label(record))), self.classes)
            .map_err(|error| error.at(place(path)).hint("the file is corrupt, or of another data set"))?;
        pixels.reserve_exact(records().len() * PIXELS);
        for record in records() {
            labels.push(i32::from(label(record)));
            pixels.extend_from_slice(&record[self.label_bytes..]);
        }
        Ok(())
    }

    fn class_names(&self, folder: &Path) -> Result<Vec<String>> {
        let path = folder.join(self.names_file);
        if path.is_file() {
            let names = super::folder::class_names(&path)?;
            if names.len() != self.classes {
                return Err(Error::data(format!("the class names of {} are not complete", self.name))
                    .found(format!("{} names", names.len()))
                    .expected(format!("{}, one on each line", self.classes))
                    .at(place(&path)));
            }
            return Ok(names);
        }
        Ok(match self.names {
            [] => (0..self.classes).map(|class| class.to_string()).collect(),
            names => names.iter().map(|name| name.to_string()).collect(),
        })
    }
}
