//! The report: one page of HTML about a run that needs nothing else, no network, no script.
//!
//! It is a list of [`SECTIONS`], each a file of `sections/`; a section that has nothing to say of a run is left out. The same
//! run gives the same bytes.

mod html;
mod sections;
mod specimen;

use crate::commands::picture_input;
use crate::draw::svg::escaped;
pub(crate) use html::Html;
use std::fmt::Write;
use std::path::PathBuf;
use striate::data::Dataset;
use striate::evaluate::Answers;
use striate::prelude::*;
use striate::run::{History, RunFolder, RunRecord, Saved, Weights};
use striate::summary::Summary;
use striate::train::Workers;

/// What sections tell of.
pub(crate) struct Context {
    pub(crate) folder: RunFolder,
    pub(crate) record: RunRecord,
    pub(crate) history: History,
    pub(crate) saved: Saved,
    pub(crate) summary: Summary,
    /// The test part, or the first samples of it.
    pub(crate) data: Dataset,
    /// How many samples the whole test part has.
    pub(crate) samples: usize,
    pub(crate) told: Told,
    pub(crate) workers: Workers,
    /// A picture of the user's to look at, instead of samples of the data.
    pub(crate) image: Option<PathBuf>,
    /// Leave out what takes long.
    pub(crate) quick: bool,
}

/// What the model tells of the samples.
pub(crate) enum Told {
    /// Probabilities of classes.
    Classes(Answers),
    /// Numbers: of each sample the true one and the one that is told, in the unit of the data.
    Numbers(Vec<(f64, f64)>),
}

/// What the user decides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) threads: usize,
    pub(crate) image: Option<PathBuf>,
    pub(crate) quick: bool,
}

/// A quick report answers no more samples than take so many multiply-adds: about a second of one core.
const QUICK: u64 = 4_000_000_000;
/// But so many at least.
const FEWEST: u64 = 200;
/// A section answers no more samples than take so many multiply-adds.
const LOOK: u64 = 1_000_000_000;

impl Context {
    /// Reads a run and lets its model answer the test part.
    ///
    /// # Errors
    /// As those of reading a run, its weights and its data.
    pub(crate) fn open(folder: RunFolder, wishes: &Wishes) -> Result<Self> {
        let record = RunRecord::read(&folder)?;
        let mut saved = Saved::open(folder.path(), Weights::Best)?;
        let summary = saved.model().summary()?;
        let data = record.data.held_out(saved.model(), record.settings.seed)?;
        let samples = data.len();
        let most = match wishes.quick {
            true => (QUICK / summary.macs.max(1)).max(FEWEST).min(samples as u64) as usize,
            false => samples,
        };
        let data = if most < samples { data.subset(&(0..most).collect::<Vec<_>>()) } else { data };
        let workers = Workers::new(wishes.threads);
        let told = match saved.model().gives_numbers() {
            false => Told::Classes(saved.answers(&workers, &data)?),
            true => Told::Numbers(numbers(&mut saved, &workers, &data)?),
        };
        let history = History::read(&folder)?;
        let Wishes { image, quick, .. } = wishes.clone();
        let context = Context { folder, record, history, saved, summary, data, samples, told, workers, image, quick };
        // A picture that cannot be read is told at once, not within a section.
        if context.image.is_some() {
            picture_input(context.saved.model())?;
            context.specimen()?;
        }
        Ok(context)
    }
}

/// For each sample the first of its true numbers and what the model tells, in the unit of the data.
fn numbers(saved: &mut Saved, workers: &Workers, data: &Dataset) -> Result<Vec<(f64, f64)>> {
    let model = saved.model().clone();
    let scale = model.table.as_ref().and_then(|table| table.scale);
    let own = |y: f32| scale.map_or(f64::from(y), |scale| scale.own(y));
    let width = data.target_width().max(1);
    let of = |i: usize| {
        let sample = data.subset(&[i]).prepared(&model.preprocessing, 1)?.reshaped(model.input.clone());
        Ok((own(data.targets()[i * width]), own(saved.predict(workers, &sample)?[0])))
    };
    (0..data.len()).map(of).collect()
}

impl Context {
    /// What the model says of classes; `None` where it gives numbers.
    pub(crate) fn answers(&self) -> Option<&Answers> {
        match &self.told {
            Told::Classes(answers) => Some(answers),
            Told::Numbers(_) => None,
        }
    }

    /// Whether there is time to run the model layer by layer and backwards.
    pub(crate) fn looks_inside(&self) -> bool {
        !self.quick || self.summary.macs <= QUICK / FEWEST
    }

    /// So many samples can be looked at, each of them answered so many times.
    pub(crate) fn affordable(&self, times: u64) -> u64 {
        LOOK / (self.summary.macs * times).max(1)
    }
}

/// A part of the report.
pub(crate) struct Section {
    /// Its place in the page's address, a word.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What it says of a run; `None` where it does not apply.
    pub(crate) build: fn(&Context) -> Result<Option<Html>>,
}

/// All of them, in the order of the page. Another one is a file of `sections/` and a line here.
const SECTIONS: &[Section] = &[
    sections::summary::SECTION,
    sections::curves::SECTION,
    sections::evaluation::SECTION,
    sections::errors::SECTION,
    sections::picture::SECTION,
    sections::kernels::SECTION,
    sections::frequency::SECTION,
    sections::fields::SECTION,
    sections::maps::SECTION,
    sections::attribution::SECTION,
    sections::hierarchy::SECTION,
    sections::shift::SECTION,
];

/// The whole page.
///
/// # Errors
/// What goes wrong in a section is told there and ends no report; pictures that cannot be coded do.
pub(crate) fn page(context: &Context) -> Result<String> {
    let run = context.folder.path().file_name().map_or("run".into(), |name| name.to_string_lossy());
    let title = format!("{}: {run}", context.record.model);
    let (mut links, mut body) = (String::new(), String::new());
    for section in SECTIONS {
        let content = match (section.build)(context) {
            Ok(None) => continue,
            Ok(Some(html)) => html,
            Err(error) => {
                let mut html = Html::default();
                html.paragraph(&format!("This part could not be made: {error}"));
                html
            }
        };
        let Section { name, title, .. } = section;
        // Writing to strings cannot fail.
        let _ = writeln!(links, "<li><a href=\"#{name}\">{title}</a></li>");
        let _ = writeln!(
            body,
            "<section id=\"{name}\" aria-labelledby=\"{name}-title\">\n<h2 id=\"{name}-title\">{title}</h2>\n{}</section>",
            content.text()
        );
    }
    let (title, style) = (escaped(&title), include_str!("style.css"));
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <style>\n{style}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">To the content</a>\n<header>\n<h1>{title}</h1>\n<nav \
         aria-label=\"Sections\"><ul>\n{links}</ul></nav>\n</header>\n<main id=\"content\">\n{body}</main>\n\
         <footer><p>Written by Striate {}.</p></footer>\n</body>\n</html>\n",
        escaped(&context.record.striate)
    ))
}
