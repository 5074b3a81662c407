use super::checkpoint;
use super::folder::date;
use super::{DataRecord, RunFolder, RunRecord, Saved, WatchedPart, Weights};
use crate::data::Dataset;
use crate::model::Model;
use crate::train::{Best, Event, Graphs, Optimizer, Settings, StopReason, Tally, Trainer};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use striate_plan::Choices;
use striate_tensor::{Error, Fault, Place, Result};

/// A training in a run folder: it saves itself as it goes, and goes on bit for bit after any interruption.
#[derive(Debug)]
pub struct Session {
    folder: RunFolder,
    /// Held as long as this process trains the run.
    _lock: File,
    record: RunRecord,
    model: Model,
    model_toml: String,
    trainer: Trainer,
    test: Dataset,
    every: Every,
    saved: (Instant, u64),
    weights_sha256: Option<String>,
}

/// What a new run is begun with.
#[derive(Clone, Debug)]
pub struct Start {
    /// The model.
    pub model: Model,
    /// How the gradient changes the weights.
    pub optimizer: Optimizer,
    /// Everything else that decides what is computed.
    pub settings: Settings,
    /// Where the samples come from.
    pub data: DataRecord,
    /// Variants of convolutions that are known to be the fastest; the run records those of its model.
    pub choices: Choices,
    /// Where each value came from.
    pub origin: BTreeMap<String, String>,
    /// The folder of all runs.
    pub runs: PathBuf,
    /// The name of the run's folder, if not that of model, date and number.
    pub name: Option<String>,
}

/// How often a checkpoint is written within an epoch. It changes nothing in the results.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Every {
    Time(Duration),
    Steps(u64),
}

const SECONDS_BETWEEN_CHECKPOINTS: u64 = 10;

/// What a call of [`Session::advance`] did.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionEvent {
    /// What the trainer did; at the end of an epoch everything is saved.
    Trained(Event),
    /// A checkpoint was written within an epoch.
    Checkpoint,
}

/// What came out of a training.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Why it ended; `None` where it was interrupted.
    pub stop_reason: Option<StopReason>,
    /// Complete epochs.
    pub epochs: u64,
    /// Steps.
    pub steps: u64,
    /// The measured part, with the last weights.
    pub test: Tally,
    /// Which samples that is: the test part, or of a table the watched part.
    pub measured: WatchedPart,
    /// The best epoch.
    pub best: Option<Best>,
    /// Which samples the best epoch was chosen by.
    pub watched: WatchedPart,
    /// Seconds spent in steps.
    pub train_seconds: f64,
    /// Training samples a second.
    pub images_per_second: f64,
    /// Fingerprint of the last weights.
    pub weights_sha256: String,
}

impl Session {
    /// Begins a new run. Nothing is written before everything that was given is known to be usable.
    ///
    /// # Errors
    /// Those of the model, the data, the settings; `Fault::Data` where the disk does not permit the folder.
    pub fn start(start: Start, threads: usize) -> Result<Self> {
        let Start { mut model, optimizer, settings, mut data, choices, mut origin, runs, name } = start;
        if let Some(folder) = &mut data.folder {
            // The run must find its data from anywhere.
            *folder = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
        }
        if let Some(file) = data.table.as_mut().and_then(|table| table.file.as_mut()) {
            *file = std::path::absolute(&*file).unwrap_or_else(|_| file.clone());
        }
        settings.check()?;
        optimizer.check().map_err(|error| Error::usage(error.to_string()))?;
        let graphs = Graphs::of(&model, &optimizer)?;
        let (samples, test) = data.load(&model, settings.seed)?;
        let choices = choices.only_for([&graphs.training, &graphs.evaluation]);
        let trainer = Trainer::new(graphs, &samples, settings.clone(), threads)?.with_choices(choices.clone());
        let numbers = model.classes.iter().enumerate().all(|(number, class)| *class == number.to_string());
        if numbers && model.table.is_none() && model.classes != *samples.train.classes() {
            // A model that only counts its classes takes their names from the data.
            model.classes = samples.train.classes().to_vec();
            origin.insert("classes".into(), "data".into());
        }

        let folder = RunFolder::create(&runs, name.as_deref(), &model.name)?;
        let record = RunRecord {
            format: RunRecord::FORMAT,
            striate: env!("CARGO_PKG_VERSION").to_string(),
            model: model.name.clone(),
            date: date(SystemTime::now()),
            settings,
            optimizer,
            data,
            origin,
            choices,
        };
        let model_toml = model.to_toml();
        striate_io::write_atomically(&folder.model(), |file| file.write_all(model_toml.as_bytes()))?;
        let lock = folder.lock()?;
        checkpoint::save(&folder.checkpoint(), &trainer, &model_toml, &record.decided()?)?;
        folder.write_metrics(&[], record.data.watched())?;
        record.write(&folder)?;
        folder.make_latest()?;
        Ok(Self::new(folder, lock, record, model, model_toml, trainer, test))
    }

    /// Goes on with a run from its last checkpoint.
    ///
    /// # Errors
    /// `Fault::Data`: there is no such run, a file of it is damaged or belongs elsewhere, the data have changed.
    pub fn resume(path: &Path, threads: usize) -> Result<Self> {
        let folder = RunFolder::open(path)?;
        let mut record = RunRecord::read(&folder)?;
        let file = folder.model();
        let model_toml = std::fs::read_to_string(&file)
            .map_err(|failure| striate_io::io_error("read the model of the run", &file, &failure))?;
        let lock = folder.lock()?;
        folder.tidy()?;
        let model = Model::from_toml(&model_toml, &file.display().to_string())?;
        let (samples, test) = record.data.load(&model, record.settings.seed)?;
        let graphs = Graphs::of(&model, &record.optimizer)?;
        let mut trainer =
            Trainer::new(graphs, &samples, record.settings.clone(), threads)?.with_choices(record.choices.clone());
        checkpoint::restore(&folder.checkpoint(), &mut trainer, &model_toml, &record.decided()?)?;
        folder.write_metrics(&trainer.position().history, record.data.watched())?;
        Ok(Self::new(folder, lock, record, model, model_toml, trainer, test))
    }

    fn new(
        folder: RunFolder,
        lock: File,
        record: RunRecord,
        model: Model,
        model_toml: String,
        trainer: Trainer,
        test: Dataset,
    ) -> Self {
        let saved = (Instant::now(), trainer.position().step);
        let every = Every::Time(Duration::from_secs(SECONDS_BETWEEN_CHECKPOINTS));
        Session { folder, _lock: lock, record, model, model_toml, trainer, test, every, saved, weights_sha256: None }
    }

    /// Writes a checkpoint within an epoch after each so many steps, instead of every ten seconds.
    pub fn checkpoint_every(&mut self, steps: u64) {
        self.every = Every::Steps(steps.max(1));
    }

    /// Does the next thing: a step, the end of an epoch, or a checkpoint where one is due.
    ///
    /// # Errors
    /// `Fault::Diverged`: a number is no longer finite; the checkpoint on the disk is from before. `Fault::Data`: the disk
    /// does not permit to save.
    pub fn advance(&mut self) -> Result<SessionEvent> {
        if self.checkpoint_is_due() {
            self.checkpoint()?;
            return Ok(SessionEvent::Checkpoint);
        }
        let event = self.trainer.advance().map_err(|error| self.say_what_is_kept(error))?;
        if let Event::Epoch(report) = &event {
            // The checkpoint last: what it says is done has been saved.
            if report.best {
                self.write_weights(Weights::Best)?;
            }
            self.write_weights(Weights::Last)?;
            self.folder.write_metrics(&self.trainer.position().history, self.record.data.watched())?;
            self.write_checkpoint()?;
        }
        Ok(SessionEvent::Trained(event))
    }

    fn checkpoint_is_due(&self) -> bool {
        let position = self.trainer.position();
        let (when, step) = self.saved;
        // Not behind the last step of an epoch: its end saves everything anyway.
        let within = position.batch > 0 && position.batch < self.trainer.batches() && position.step > step;
        within
            && match self.every {
                Every::Time(time) => when.elapsed() >= time,
                Every::Steps(steps) => position.step - step >= steps,
            }
    }

    /// Saves where the training stands.
    ///
    /// # Errors
    /// As [`Session::advance`].
    pub fn checkpoint(&mut self) -> Result<()> {
        self.trainer.check_finite().map_err(|error| self.say_what_is_kept(error))?;
        self.write_checkpoint()
    }

    fn write_checkpoint(&mut self) -> Result<()> {
        let decided = self.record.decided()?;
        checkpoint::save(&self.folder.checkpoint(), &self.trainer, &self.model_toml, &decided)?;
        self.saved = (Instant::now(), self.trainer.position().step);
        Ok(())
    }

    fn write_weights(&mut self, which: Weights) -> Result<()> {
        let (path, seed) = (self.folder.weights(which), self.record.settings.seed);
        let (store, names, epoch) = (self.trainer.store(), self.trainer.weights(), self.trainer.position().epoch);
        let sha256 = Saved::write(&path, &self.model, store, names, seed, epoch)?;
        if which == Weights::Last {
            self.weights_sha256 = Some(sha256);
        }
        Ok(())
    }

    fn say_what_is_kept(&self, error: Error) -> Error {
        match error.fault() {
            Fault::Diverged => error.at(Place::File(format!(
                "{} (the last good checkpoint, from step {})",
                self.folder.checkpoint().display(),
                self.saved.1
            ))),
            _ => error,
        }
    }

    /// What came out so far; saves the checkpoint and the weights where the training stands within an epoch.
    ///
    /// # Errors
    /// As [`Session::advance`].
    pub fn finish(&mut self) -> Result<Summary> {
        if self.trainer.position().batch > 0 {
            self.checkpoint()?;
        }
        // Where nothing was trained since, this writes the same bytes again.
        self.write_weights(Weights::Last)?;
        let position = self.trainer.position().clone();
        let watched = self.record.data.watched();
        let test = match position.history.last() {
            Some(last) if watched == self.record.data.measured() && position.batch == 0 => last.watched,
            _ => self.trainer.evaluate(&self.test, &self.model.preprocessing)?.all,
        };
        let samples =
            position.history.iter().map(|epoch| epoch.train.samples()).sum::<u64>() + position.tally.samples();
        Ok(Summary {
            stop_reason: position.stopped,
            epochs: position.epoch,
            steps: position.step,
            test,
            best: position.best,
            watched,
            measured: self.record.data.measured(),
            train_seconds: position.seconds,
            images_per_second: if position.seconds > 0.0 { samples as f64 / position.seconds } else { 0.0 },
            weights_sha256: self.weights_sha256.clone().unwrap_or_default(),
        })
    }

    /// The samples that are measured at the end.
    pub fn measured(&self) -> &Dataset {
        &self.test
    }

    /// The run's folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// What the run was begun with.
    pub fn record(&self) -> &RunRecord {
        &self.record
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The training.
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }
}
