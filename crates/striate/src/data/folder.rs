use super::cifar::CIFARS;
use super::files::{self, place};
use super::{Dataset, idx};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use striate_io::io_error;
use striate_tensor::{Error, Result};

/// Which part of a published data set.
///
/// ```
/// assert_eq!(striate::data::Part::Test.to_string(), "test");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// What to train on.
    Train,
    /// What to measure on.
    Test,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Train => "training",
            Part::Test => "test",
        })
    }
}

/// Folders, relative to the given one, in which the usual archives and downloaders put the files.
const PLACES: [&str; 6] = ["", "raw", "MNIST/raw", "FashionMNIST/raw", "cifar-10-batches-bin", "cifar-100-binary"];

const FASHION: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

impl Dataset {
    /// One part of the data set in a folder, told by the names of its files:
    ///
    /// * MNIST, Fashion-MNIST and others in IDX: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the same
    ///   with `t10k`; `.idx3-ubyte` for `-idx3-ubyte` is as good, `.gz` behind it too (whether a file is gzipped is told
    ///   by its content). The classes are the ten digits, or Fashion-MNIST's where the folder or its parent has
    ///   `fashion` in its name, or the lines of `classes.txt`, if there is one.
    /// * CIFAR-10 binary: `data_batch_1.bin` to `data_batch_5.bin`, `test_batch.bin`, names in `batches.meta.txt`.
    /// * CIFAR-100 binary: `train.bin`, `test.bin`, names in `fine_label_names.txt`; the fine labels count.
    ///
    /// The files may also lie in `raw`, `MNIST/raw`, `FashionMNIST/raw`, `cifar-10-batches-bin` or `cifar-100-binary`
    /// below the folder.
    ///
    /// # Errors
    /// `Fault::Data` with the path: there is no such folder, nothing in it is known, a file is missing, truncated,
    /// corrupt, larger than 2 GiB, or does not fit the others.
    ///
    /// ```no_run
    /// use striate::data::{Dataset, Part};
    /// let train = Dataset::open("data/mnist".as_ref(), Part::Train)?;
    /// assert_eq!((train.len(), train.sample_shape().to_string()), (60_000, "1×28×28".to_string()));
    /// # Ok::<(), striate_tensor::Error>(())
    /// ```
    pub fn open(folder: &Path, part: Part) -> Result<Dataset> {
        let entries = entries(folder)?;
        for place in PLACES {
            // Joining an empty path would add a slash.
            let below = if place.is_empty() { folder.to_path_buf() } else { folder.join(place) };
            if IdxFile::ALL.iter().any(|file| file.find(&below).is_some()) {
                return open_idx(&below, part);
            }
            if let Some(cifar) = CIFARS.iter().find(|cifar| cifar.is_in(&below)) {
                return cifar.open(&below, part);
            }
        }
        Err(unknown(folder, &entries))
    }
}

/// One of the four files of a data set in IDX.
struct IdxFile {
    part: &'static str,
    what: &'static str,
    axes: usize,
}

impl IdxFile {
    const ALL: [IdxFile; 4] = [
        IdxFile { part: "train", what: "images", axes: 3 },
        IdxFile { part: "train", what: "labels", axes: 1 },
        IdxFile { part: "t10k", what: "images", axes: 3 },
        IdxFile { part: "t10k", what: "labels", axes: 1 },
    ];

    fn find(&self, folder: &Path) -> Option<PathBuf> {
        let IdxFile { part, what, axes } = self;
        ["-", "."]
            .iter()
            .flat_map(|dash| ["", ".gz"].map(|end| folder.join(format!("{part}-{what}{dash}idx{axes}-ubyte{end}"))))
            .find(|path| path.is_file())
    }

    fn require(&self, folder: &Path) -> Result<PathBuf> {
        self.find(folder).ok_or_else(|| {
            let IdxFile { part, what, axes } = self;
            Error::data(format!("the {what} of the {part} part are missing"))
                .expected(format!("{part}-{what}-idx{axes}-ubyte, or the same with .gz"))
                .at(place(folder))
        })
    }
}

fn open_idx(folder: &Path, part: Part) -> Result<Dataset> {
    let [train_images, train_labels, test_images, test_labels] = IdxFile::ALL;
    let (images, labels) = match part {
        Part::Train => (train_images, train_labels),
        Part::Test => (test_images, test_labels),
    };
    let names = folder.join("classes.txt");
    let (name, classes) = if names.is_file() {
        ("IDX files", class_names(&names)?)
    } else if is_fashion(folder) {
        ("Fashion-MNIST", FASHION.map(String::from).to_vec())
    } else {
        ("MNIST", digit_names())
    };
    let source = format!("{name}, {part} part, {}", folder.display());
    idx::open(&images.require(folder)?, &labels.require(folder)?, classes, source)
}

/// "0" to "9".
pub(super) fn digit_names() -> Vec<String> {
    (0..10).map(|digit| digit.to_string()).collect()
}

/// Nothing in the files tells Fashion-MNIST from MNIST; the name of the folder or of its parent does.
fn is_fashion(folder: &Path) -> bool {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let mut names = whole.ancestors().take(2).filter_map(Path::file_name);
    names.any(|name| name.to_string_lossy().to_lowercase().contains("fashion"))
}

/// The lines of a file of class names, without the empty ones.
pub(super) fn class_names(path: &Path) -> Result<Vec<String>> {
    let bytes = files::read(path, "read the class names")?;
    let text = str::from_utf8(&bytes).map_err(|failure| {
        Error::data("the class names are not text").found(failure).expected("UTF-8").at(place(path))
    })?;
    let names: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect();
    match names.is_empty() {
        true => Err(Error::data("there are no class names").expected("one on each line").at(place(path))),
        false => Ok(names),
    }
}

/// The names of what is in the folder, sorted.
fn entries(folder: &Path) -> Result<Vec<String>> {
    let failed = |failure: std::io::Error| {
        let error = io_error("open the data folder", folder, &failure);
        match folder.is_file() {
            true => error.hint("give the folder in which the files lie, not a file"),
            false => error,
        }
    };
    let mut names = vec![];
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn unknown(folder: &Path, entries: &[String]) -> Error {
    const SHOWN: usize = 8;
    let found = match entries.len() {
        0 => "an empty folder".to_string(),
        count => {
            let more = if count > SHOWN { format!(" and {} more", count - SHOWN) } else { String::new() };
            entries[..count.min(SHOWN)].join(", ") + &more
        }
    };
    let any = |fits: fn(&str) -> bool| entries.iter().any(|name| fits(name));
    let hint = if any(|name| name == "data_batch_1" || name == "test_batch" || name == "meta") {
        "this is CIFAR for Python; download the binary version"
    } else if any(|name| [".tar.gz", ".tgz", ".zip", ".tar"].iter().any(|end| name.ends_with(end))) {
        "unpack the archive first"
    } else {
        "give the folder in which the data files lie"
    };
    Error::data("there is no data set that Striate knows in the folder")
        .found(found)
        .expected(
            "train-images-idx3-ubyte[.gz] and its three fellows (MNIST, Fashion-MNIST), \
             data_batch_1.bin … and test_batch.bin (CIFAR-10), or train.bin and test.bin (CIFAR-100)",
        )
        .at(place(folder))
        .hint(hint)
}
