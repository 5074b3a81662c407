//! The words and flags of the command line.
#![allow(rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags)] // these comments are what --help prints

use crate::commands::search::SearchArgs;
use crate::commands::tables::TableArgs;
use crate::commands::train_online::OnlineArgs;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use striate::bench::{Pass, Task};
use striate::data::Invert;
use striate::plan::Options;
use striate::tables::Topology;
use striate::tensor::Result as Outcome;
use striate::train::Schedule;

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a defect of Striate itself
  2    a wrong flag or argument
  3    a data file, picture, run folder, or the disk; of several pictures some that cannot be read
  4    a model: its file, layers, shapes, or that it cannot do what is asked of it
  5    training diverged: a number is no longer finite
  130  interrupted; striate resume goes on

Environment:
  NO_COLOR  if set, no colours and no progress line";

const TUNE: &str = "\
The table lies in striate/tune.toml in XDG_CACHE_HOME or ~/.cache (on Windows in LOCALAPPDATA). It counts for this machine, \
instruction set and version, for convolutions of the measured sizes at the measured batch. Kernels round differently: a \
training run records those that it was begun with, and resumes with them.";

/// Train, measure and use convolutional networks.
///
/// Results go to stdout; progress, notes and errors go to stderr.
#[derive(Debug, Parser)]
#[command(name = "striate", version, after_help = EXIT_CODES, arg_required_else_help = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Print JSON: one object, or for training one object a line for each event
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a model; without arguments LeNet-5 on the digits inside; or a network for a table
    #[command(after_help = EXIT_CODES, args_override_self = true)]
    Train(Box<TrainArgs>),
    /// Compare topologies and starts for a table by cross-validation
    #[command(after_help = EXIT_CODES)]
    Search(Box<SearchArgs>),
    /// Go on with a run from its last checkpoint, bit for bit
    Resume(ResumeArgs),
    /// Measure a trained model: accuracy, loss, accuracy of each class
    Eval(EvalArgs),
    /// Show what on a picture speaks for a class: gradients, occlusion, Grad-CAM; and check that the map says what was learnt
    Attribute(Box<crate::commands::attribute::AttributeArgs>),
    /// Show what excites each channel of each layer: pieces of pictures, and pictures made for it
    Hierarchy(crate::commands::hierarchy::HierarchyArgs),
    /// Measure what a shift of the pictures does to each layer and to the answer
    #[command(after_help = crate::commands::shift::ABOUT)]
    Shift(crate::commands::shift::ShiftArgs),
    /// Show the samples that a trained model gets most wrong
    Errors(crate::commands::errors::ErrorsArgs),
    /// Show how loss and accuracy of a run changed from epoch to epoch
    Curves(crate::commands::curves::CurvesArgs),
    /// Write a report of a run: one page of HTML with curves, evaluation, errors
    Report(crate::commands::report::ReportArgs),
    /// Tell what is on pictures, or what the rows of a table are: classes with their probabilities, or numbers
    Predict(PredictArgs),
    /// Find digits in a picture that is larger than a model's input: the model slides over it
    Locate(crate::commands::locate::LocateArgs),
    /// Show a model's layers: shapes, parameters, multiply-adds, receptive fields
    Summary(SummaryArgs),
    /// List the models that come with Striate, or print one as a file to copy and change
    Models(ModelsArgs),
    /// Time models (training steps or predictions on a batch of noise) and single operations
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Show how a model is computed: what the passes did, the kernel of each equation, the memory
    Plan(WorkloadArgs),
    /// Find the fastest kernels for convolutions on this machine by measurement; plans then take them
    #[command(after_help = TUNE)]
    Tune(TuneArgs),
    /// Let one of the networks around convolutional ones learn from data inside; shows numbers, draws pictures
    Play(PlayArgs),
    /// Do exercises on convolution and pooling; the answers are computed
    Exercises(crate::commands::exercises::ExercisesArgs),
    /// Show what a unit of a layer sees of the input: by formula, and measured from gradients
    Rf(crate::commands::rf::RfArgs),
    /// Show the kernels of a convolution: pictures, frequencies, those that are dead or double
    Kernels(crate::commands::kernels::KernelsArgs),
    /// Show the maps that a picture makes in each layer
    Maps(crate::commands::maps::MapsArgs),
    /// Show one unit's numbers, forward and backward
    Trace(crate::commands::trace::TraceArgs),
    /// Compare convolutions with dense and locally connected layers: parameters, connections, the dense matrix
    CompareConnectivity(crate::commands::compare_connectivity::CompareConnectivityArgs),
    /// Try a designed kernel on a picture; without arguments, list them
    Filter(crate::commands::filter::FilterArgs),
    /// Show what frequencies the kernels of a layer let through, or which reach each layer
    Spectrum(crate::commands::spectrum::SpectrumArgs),
    /// Print version, target, instruction set and threads
    Version,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Time a model's training steps or predictions
    Model(BenchModelArgs),
    /// Time a convolution, pool or dense layer: GFLOP/s, share of the machine's peak, which variants take it
    Op(BenchOpArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BenchOpArgs {
    /// Such as "conv2d n32 c64 32x32 -> o64 k3 p1", "max_pool2d n64 c16 28x28 k2" or "dense n64 400 -> 120": n batch, c
    /// channels, o output channels, k kernel, s stride, p padding, d dilation, g groups
    pub(crate) problem: String,
    /// What is computed
    #[arg(long, value_enum, default_value = "forward")]
    pub(crate) pass: PassName,
    /// Of a convolution: the variant to time, or all; without it, the one that plans take
    #[arg(long)]
    pub(crate) variant: Option<String>,
    #[command(flatten)]
    pub(crate) threads: ThreadArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PassName {
    /// The output
    Forward,
    /// The gradient to the input
    GradInput,
    /// The gradient to the weights
    GradWeight,
}

impl From<PassName> for Pass {
    fn from(name: PassName) -> Self {
        match name {
            PassName::Forward => Pass::Forward,
            PassName::GradInput => Pass::GradInput,
            PassName::GradWeight => Pass::GradWeight,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct WorkloadArgs {
    /// A model that comes with Striate (see `striate models`), or the path of a model file
    pub(crate) model: String,
    /// Samples of a step
    #[arg(long, default_value = "32")]
    pub(crate) batch: usize,
    /// Training steps (gradient, momentum) or predictions
    #[arg(long, value_enum, default_value = "train")]
    pub(crate) mode: TaskName,
    #[command(flatten)]
    pub(crate) kernels: KernelArgs,
}

/// Which kernels a plan may take.
#[derive(Debug, Args)]
pub(crate) struct KernelArgs {
    /// No convolution by Winograd's minimal filtering, whose rounding errors reach 1e-5 of the greatest element of a result
    /// (3e-5 in gradients to weights); to compare numbers with another program's, or where numbers differ wildly in size.
    /// Without it results are as reproducible, and faster
    #[arg(long, help_heading = "Run")]
    pub(crate) exact: bool,
}

impl KernelArgs {
    /// How plans are made.
    ///
    /// # Errors
    /// As `Isa::from_environment`.
    pub(crate) fn options(&self) -> Outcome<Options> {
        Ok(Options { exact: self.exact, choices: crate::commands::tune::choices()?, ..Options::default() })
    }
}

#[derive(Debug, Args)]
pub(crate) struct TuneArgs {
    /// Models that come with Striate, or paths of model files [default: all that come with Striate, which takes long]
    #[arg(value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    /// Samples of a step
    #[arg(long, default_value = "32")]
    pub(crate) batch: usize,
    /// Training steps or predictions
    #[arg(long, value_enum, default_value = "train")]
    pub(crate) mode: TaskName,
    #[command(flatten)]
    pub(crate) threads: ThreadArgs,
    /// Show the choices in use; measure nothing
    #[arg(long, conflicts_with_all = ["models", "clear"])]
    pub(crate) show: bool,
    /// Remove the table; measure nothing
    #[arg(long, conflicts_with = "models")]
    pub(crate) clear: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchModelArgs {
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    #[command(flatten)]
    pub(crate) threads: ThreadArgs,
    /// Steps that are timed
    #[arg(long, default_value = "50", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) steps: u32,
    /// Steps before the first that is timed
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) warmup: u32,
    /// Also show the time of each equation, and of each operation
    #[arg(long, conflicts_with = "serve")]
    pub(crate) profile: bool,
    /// Time on request: each line of stdin is a number of steps and is answered by a line of JSON with the nanoseconds of
    /// each; `quit` ends it
    #[arg(long)]
    pub(crate) serve: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TaskName {
    /// Forward, loss, backward, gradient descent with momentum
    Train,
    /// From samples to scores
    Infer,
}

impl From<TaskName> for Task {
    fn from(name: TaskName) -> Self {
        match name {
            TaskName::Train => Task::Train,
            TaskName::Infer => Task::Infer,
        }
    }
}

#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)] // to be refused with a reason
pub(crate) struct TrainArgs {
    /// A model that comes with Striate (see `striate models`), the path of a model file, or a table (CSV)
    #[arg(default_value = "lenet5")]
    pub(crate) model: String,

    #[command(flatten)]
    pub(crate) tables: TableArgs,
    /// Units of the hidden layers, such as 16 or 8,4; none for no hidden layer [default: 16]
    #[arg(long, value_name = "UNITS", value_parser = crate::commands::tables::topology, help_heading = "Tables")]
    pub(crate) hidden: Option<Topology>,
    #[command(flatten)]
    pub(crate) online: OnlineArgs,

    /// Folder with MNIST, Fashion-MNIST (IDX, gzipped or not) or CIFAR (binary); without it, the digits inside
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    pub(crate) data: Option<PathBuf>,
    /// Part of the training samples set aside; the best weights are then chosen on it, not on the test part [default: none; of
    /// a table 0.2, each class in proportion]
    #[arg(long, value_name = "PART", help_heading = "Data")]
    pub(crate) validation: Option<f64>,

    /// Passes over the training samples [default: 15; of a table by its style, as the next ones]
    #[arg(long, help_heading = "Learning")]
    pub(crate) epochs: Option<u64>,
    /// Samples of a step [default: 32]
    #[arg(long, help_heading = "Learning")]
    pub(crate) batch: Option<usize>,
    /// Learning rate; a schedule multiplies it [default: 0.05; 0.003 for adam, adamw and radial outputs]
    #[arg(long, value_name = "RATE", help_heading = "Learning")]
    pub(crate) lr: Option<f64>,
    /// How gradients change weights [default: sgd]
    #[arg(long, value_enum, help_heading = "Learning")]
    pub(crate) optimizer: Option<OptimizerName>,
    /// Momentum of sgd [default: 0.9]
    #[arg(long, help_heading = "Learning")]
    pub(crate) momentum: Option<f64>,
    /// Nesterov's momentum, for sgd
    #[arg(long, help_heading = "Learning")]
    pub(crate) nesterov: bool,
    /// Pull of the weights to 0 [default: 0.001 for sgd, 0 for adam, 0.01 for adamw]
    #[arg(long, value_name = "DECAY", help_heading = "Learning")]
    pub(crate) weight_decay: Option<f64>,
    /// constant, step:EPOCHS:FACTOR, cosine[:FLOOR] or one-cycle[:PEAK] [default: one-cycle]
    #[arg(long, value_parser = schedule, help_heading = "Learning")]
    pub(crate) schedule: Option<Schedule>,
    /// Epochs over which the rate rises in front of the schedule [default: 0]
    #[arg(long, value_name = "EPOCHS", help_heading = "Learning")]
    pub(crate) warmup: Option<f64>,
    /// Decides the first weights, the order of the samples, the dropout [default: 1]
    #[arg(long, help_heading = "Learning")]
    pub(crate) seed: Option<u64>,

    /// Stop after so many epochs without a better accuracy on the watched part [default: never, as the others here]
    #[arg(long, value_name = "EPOCHS", help_heading = "Stopping early")]
    pub(crate) patience: Option<u64>,
    /// Stop when this part of the training samples is right, such as 0.99
    #[arg(long, value_name = "PART", help_heading = "Stopping early")]
    pub(crate) stop_accuracy: Option<f64>,
    /// Stop when no weight changes by this much in an epoch
    #[arg(long, value_name = "CHANGE", help_heading = "Stopping early")]
    pub(crate) stop_change: Option<f64>,
    /// Stop after the epoch in which so many seconds of training are reached
    #[arg(long, value_name = "SECONDS", help_heading = "Stopping early")]
    pub(crate) stop_seconds: Option<f64>,

    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Run")]
    pub(crate) runs: PathBuf,
    /// Name of this run's folder [default: <model>-<date>-<number>]
    #[arg(long, help_heading = "Run")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) kernels: KernelArgs,
    #[command(flatten)]
    pub(crate) running: RunningArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// Folder of the run
    #[arg(default_value = "runs/latest")]
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) running: RunningArgs,
}

/// What changes nothing in the results.
#[derive(Debug, Args)]
pub(crate) struct RunningArgs {
    #[command(flatten)]
    pub(crate) threads: ThreadArgs,
    /// Write a checkpoint after each so many steps, besides that at the end of an epoch [default: every 10 seconds]
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Run")]
    pub(crate) checkpoint_every: Option<u64>,
    /// Write no report.html into the run's folder when the training is done
    #[arg(long, help_heading = "Run")]
    pub(crate) no_report: bool,
    /// Say nothing while training
    #[arg(long, short, help_heading = "Run")]
    pub(crate) quiet: bool,
}

impl RunningArgs {
    /// Nothing is said, on so many threads.
    pub(crate) fn quiet(threads: &ThreadArgs) -> Self {
        RunningArgs {
            threads: ThreadArgs { threads: threads.threads },
            checkpoint_every: None,
            no_report: true,
            quiet: true,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ThreadArgs {
    /// Threads; they change the speed, never a result [default: as many as the machine grants]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Run")]
    threads: Option<u16>,
}

impl ThreadArgs {
    /// So many as asked for, or as the machine grants.
    pub(crate) fn count(&self) -> usize {
        self.threads.map_or_else(striate::plan::available_threads, usize::from)
    }
}

#[derive(Debug, Args)]
pub(crate) struct SavedArgs {
    /// Folder of a run, or a file of weights
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Take the last weights of the run, not the best
    #[arg(long)]
    pub(crate) last: bool,
    #[command(flatten)]
    pub(crate) kernels: KernelArgs,
}

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    pub(crate) saved: SavedArgs,
    /// Folder with other data than the run's own, or a table (CSV)
    #[arg(long, value_name = "DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Which part of the data
    #[arg(long, value_enum, default_value = "test")]
    pub(crate) part: PartName,
    /// Folder for pictures: confusion, F1, ROC, precision and recall, calibration [default: none are drawn]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) format: crate::commands::FormatArgs,
    #[command(flatten)]
    pub(crate) threads: ThreadArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    #[command(flatten)]
    pub(crate) saved: SavedArgs,
    /// PNG, JPEG or BMP files of any size; or tables (CSV), for a model that was trained on one
    #[arg(required = true, value_name = "FILE")]
    pub(crate) pictures: Vec<PathBuf>,
    /// How many classes to print, the most probable first
    #[arg(long, value_name = "CLASSES", default_value = "5", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) top: u16,
    /// Whether to turn light into dark: auto, never or always
    #[arg(long, default_value = "auto", value_parser = invert)]
    pub(crate) invert: Invert,
}

#[derive(Debug, Args)]
pub(crate) struct SummaryArgs {
    /// A model that comes with Striate, the path of a model file, a run, or a file of weights
    #[arg(default_value = "lenet5")]
    pub(crate) model: String,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    /// The model to print as a file
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PlayArgs {
    /// The network; without it, they are listed
    pub(crate) network: Option<String>,
    /// Decides everything that is drawn
    #[arg(long, default_value = "0")]
    pub(crate) seed: u64,
    /// Folder for the pictures [default: play/NETWORK]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// A tenth of the passes
    #[arg(long)]
    pub(crate) quick: bool,
    #[command(flatten)]
    pub(crate) threads: ThreadArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OptimizerName {
    /// Gradient descent, with momentum
    Sgd,
    /// Kingma and Ba 2015
    Adam,
    /// Adam with decoupled weight decay, Loshchilov and Hutter 2019
    Adamw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PartName {
    Train,
    Test,
}

/// Clap prints a value parser's error behind the flag and the value: one line suffices.
fn schedule(text: &str) -> Result<Schedule, String> {
    text.parse().map_err(|_| {
        "expected constant, step:EPOCHS:FACTOR, cosine[:FLOOR] or one-cycle[:PEAK], floor and peak between 0 and 1"
            .into()
    })
}

pub(crate) fn invert(text: &str) -> Result<Invert, String> {
    text.parse().map_err(|_| "expected auto, never or always".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use striate::train::{Adam, AdamW, Settings, Sgd};

    /// The help of `train` tells the values that are taken.
    #[test]
    fn help_has_the_defaults() {
        let (settings, sgd) = (Settings::default(), Sgd::default());
        let (adam, adamw) = (Adam::default().weight_decay, AdamW::default().weight_decay);
        let mut command = Cli::command();
        let train = command.find_subcommand_mut("train").expect("a command");
        let help = |flag: &str| {
            let argument = train.get_arguments().find(|argument| argument.get_long() == Some(flag));
            argument.and_then(|argument| argument.get_help()).map(ToString::to_string).unwrap_or_default()
        };
        for (flag, wanted) in [
            ("epochs", format!("[default: {};", settings.stop.epochs)),
            ("batch", format!("[default: {}]", settings.batch)),
            ("lr", format!("[default: {};", settings.learning_rate)),
            ("momentum", format!("[default: {}]", sgd.momentum)),
            ("weight-decay", format!("for sgd, {adam} for adam, {adamw} for adamw]")),
            ("schedule", format!("[default: {}]", settings.schedule)),
            ("warmup", format!("[default: {}]", settings.warmup)),
            ("seed", format!("[default: {}]", settings.seed)),
        ] {
            assert!(help(flag).contains(&wanted), "{flag}: {wanted} is not in {}", help(flag));
        }
    }
}
