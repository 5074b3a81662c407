use crate::train::EpochReport;
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use striate_io::{io_error, write_atomically};
use striate_tensor::{Error, Place, Result};

use super::WatchedPart;

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

/// Which of a run's weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weights {
    /// Those of the best epoch.
    #[default]
    Best,
    /// Those at the end.
    Last,
}

/// The name beside the runs that leads to the one made last.
const LATEST: &str = "latest";

impl RunFolder {
    /// Makes a new folder in `runs`: `name`, or `<model>-<date>-<number>` with the first number that is free.
    ///
    /// # Errors
    /// `Fault::Usage`: the name is taken or is no name of a folder. `Fault::Data`: the disk does not permit it.
    pub fn create(runs: &Path, name: Option<&str>, model: &str) -> Result<Self> {
        if let Some(name) = name {
            check_name(name)?;
        }
        let failed = |path: &Path, failure: &std::io::Error| io_error("make the run folder", path, failure);
        fs::create_dir_all(runs).map_err(|failure| failed(runs, &failure))?;
        let folder = match name {
            Some(name) => {
                let path = runs.join(name);
                fs::create_dir(&path).map_err(|failure| match failure.kind() {
                    ErrorKind::AlreadyExists => Error::usage(format!("there is a run called `{name}` already"))
                        .at(Place::File(path.display().to_string()))
                        .hint("choose another --name, or go on with that run: striate resume"),
                    _ => failed(&path, &failure),
                })?;
                path
            }
            None => {
                let stem = format!("{model}-{}", date(SystemTime::now()));
                let numbered = (1u32..).map(|number| runs.join(format!("{stem}-{number}")));
                let mut made = None;
                for path in numbered {
                    match fs::create_dir(&path) {
                        Ok(()) => {
                            made = Some(path);
                            break;
                        }
                        Err(failure) if failure.kind() == ErrorKind::AlreadyExists => {}
                        Err(failure) => return Err(failed(&path, &failure)),
                    }
                }
                made.ok_or_else(|| Error::data("every number for a run of this day is taken"))?
            }
        };
        let weights = folder.join("weights");
        fs::create_dir(&weights).map_err(|failure| failed(&weights, &failure))?;
        Ok(RunFolder { path: folder })
    }

    /// The folder of an existing run; where links are not possible, a file that names it will do too.
    ///
    /// # Errors
    /// `Fault::Data`: there is no such folder, or it is not that of a run.
    pub fn open(path: &Path) -> Result<Self> {
        let path = match path.file_name().is_some_and(|file| file == LATEST) {
            true => leads_to(path).unwrap_or_else(|| path.to_path_buf()),
            false => path.to_path_buf(),
        };
        let at = || Place::File(path.display().to_string());
        let kind = fs::metadata(&path).map_err(|failure| {
            io_error("open the run", &path, &failure)
                .hint("give the folder of a run, such as runs/latest; striate train makes one")
        })?;
        let missing = ["run.toml", "model.toml"].into_iter().find(|file| !path.join(file).is_file());
        match missing {
            _ if !kind.is_dir() => Err(Error::data("this is not the folder of a run").found("a file").at(at())),
            Some(missing) => Err(Error::data("this is not the folder of a run")
                .found(format!("a folder without {missing}"))
                .expected("run.toml, model.toml, checkpoint.safetensors, weights")
                .at(at())),
            None => Ok(RunFolder { path }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every setting, and where it came from.
    pub fn record(&self) -> PathBuf {
        self.path.join("run.toml")
    }

    /// The model.
    pub fn model(&self) -> PathBuf {
        self.path.join("model.toml")
    }

    /// One line for each epoch.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.csv")
    }

    /// Everything that the rest of the training depends on.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.safetensors")
    }

    /// The weights.
    pub fn weights(&self, which: Weights) -> PathBuf {
        self.path.join(match which {
            Weights::Best => "weights/best.safetensors",
            Weights::Last => "weights/last.safetensors",
        })
    }

    /// Lets `latest` lead here.
    ///
    /// # Errors
    /// `Fault::Data`: the disk does not permit it, or `latest` is a folder of its own.
    pub fn make_latest(&self) -> Result<()> {
        let (Some(runs), Some(name)) = (self.path.parent(), self.path.file_name()) else { return Ok(()) };
        let latest = runs.join(LATEST);
        #[cfg(unix)]
        {
            let fresh = runs.join(format!(".{LATEST}-{}", std::process::id()));
            _ = fs::remove_file(&fresh); // left behind by a process of the same number that was killed
            let linked = std::os::unix::fs::symlink(name, &fresh).and_then(|()| fs::rename(&fresh, &latest));
            match linked {
                Ok(()) => return Ok(()),
                // A disk without links keeps a file instead.
                Err(_) => _ = fs::remove_file(&fresh),
            }
        }
        write_atomically(&latest, |file| writeln!(file, "{}", name.to_string_lossy()))
    }

    /// Keeps other processes from training this run as long as the result lives.
    ///
    /// # Errors
    /// `Fault::Data`: another process trains it, or its model file cannot be opened.
    pub fn lock(&self) -> Result<fs::File> {
        let path = self.model();
        let file = fs::File::open(&path).map_err(|failure| io_error("open", &path, &failure))?;
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => Err(Error::data("another process is training this run")
                .at(Place::File(self.path.display().to_string()))
                .hint("wait until it is done, or stop it first")),
            // A disk without locks does without.
            Ok(()) | Err(fs::TryLockError::Error(_)) => Ok(file),
        }
    }

    /// Removes what a killed process left half-written, and makes the folder of weights if it is gone.
    ///
    /// # Errors
    /// `Fault::Data`: the disk does not permit it.
    pub fn tidy(&self) -> Result<()> {
        let weights = self.weights(Weights::Last);
        let weights = weights.parent().unwrap_or(&self.path);
        fs::create_dir_all(weights).map_err(|failure| striate_io::io_error("make", weights, &failure))?;
        for folder in [&*self.path, weights] {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if name.starts_with('.') && name.ends_with(".partial") {
                    let file = entry.path();
                    fs::remove_file(&file).map_err(|failure| striate_io::io_error("remove", &file, &failure))?;
                }
            }
        }
        Ok(())
    }

    /// Writes `metrics.csv` anew, one line for each epoch of `history`.
    ///
    /// # Errors
    /// `Fault::Data`: the disk does not permit it.
    pub fn write_metrics(&self, history: &[EpochReport], watched: WatchedPart) -> Result<()> {
        let mut text = format!(
            "epoch,steps,learning_rate,train_loss,train_accuracy,{watched}_loss,{watched}_accuracy,largest_change,seconds,\
             images_per_second\n"
        );
        for epoch in history {
            let change = epoch.change.map_or(String::new(), |change| format!("{change:e}"));
            let EpochReport { epoch: number, steps, learning_rate, train, watched, seconds, .. } = epoch;
            let _ = writeln!(
                text,
                "{number},{steps},{learning_rate:e},{:.6},{:.6},{:.6},{:.6},{change},{seconds:.3},{:.1}",
                train.loss(),
                train.accuracy(),
                watched.loss(),
                watched.accuracy(),
                epoch.images_per_second()
            );
        }
        write_atomically(&self.metrics(), |file| file.write_all(text.as_bytes()))
    }
}

/// The run that `latest`, a link or a file, leads to.
fn leads_to(latest: &Path) -> Option<PathBuf> {
    let link = fs::read_link(latest).ok();
    let run = link.or_else(|| Some(fs::read_to_string(latest).ok()?.trim().into()))?;
    Some(latest.with_file_name(run))
}

fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    match !name.is_empty() && !name.starts_with('.') && name != LATEST && name.chars().all(fits) {
        true => Ok(()),
        false => Err(Error::usage("a run cannot have this name")
            .found(format!("`{name}`"))
            .expected("letters, digits, `_`, `-` and `.`, not beginning with `.`, and not `latest`")),
    }
}

/// The day of a moment in universal time, as `2026-01-31`.
pub(super) fn date(moment: SystemTime) -> String {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let days = since.as_secs() / 86_400;
    // Days since 1 March of year 0, in eras of 400 years (H. Hinnant, "chrono-compatible low-level date algorithms").
    let from_march = days + 719_468;
    let (era, day) = (from_march / 146_097, from_march % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (days, text) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_453, "2025-12-31"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * days + 5)), text);
        }
    }

    #[test]
    fn folders_are_numbered_and_latest_leads_to_the_last() {
        let runs = tempfile::tempdir().unwrap();
        let first = RunFolder::create(runs.path(), None, "mlp").unwrap();
        first.make_latest().unwrap();
        let second = RunFolder::create(runs.path(), None, "mlp").unwrap();
        assert!(first.path().to_string_lossy().ends_with("-1") && second.path().to_string_lossy().ends_with("-2"));
        second.make_latest().unwrap();
        for file in ["run.toml", "model.toml"] {
            std::fs::write(second.path().join(file), "").unwrap();
        }
        let latest = RunFolder::open(&runs.path().join("latest")).unwrap();
        assert_eq!(latest.path().canonicalize().unwrap(), second.path().canonicalize().unwrap());

        // Where links are not possible.
        std::fs::remove_file(runs.path().join("latest")).unwrap();
        let name = second.path().file_name().unwrap().to_string_lossy().into_owned();
        std::fs::write(runs.path().join("latest"), format!("{name}\n")).unwrap();
        assert_eq!(RunFolder::open(&runs.path().join("latest")).unwrap(), second);
    }

    #[test]
    fn names_that_are_taken_or_none() {
        let runs = tempfile::tempdir().unwrap();
        RunFolder::create(runs.path(), Some("mine"), "mlp").unwrap();
        for name in ["mine", "", "../up", ".hidden", "a/b", "latest"] {
            let error = RunFolder::create(runs.path(), Some(name), "mlp").unwrap_err();
            assert_eq!(error.fault(), striate_tensor::Fault::Usage, "{name}");
        }
    }
}
