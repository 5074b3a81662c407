//! Topology and start chosen by experiment: each topology from each seed, judged by stratified k-fold cross-validation.
//!
//! Every training is by itself, on one thread: they are shared out to as many as there are, and which thread did which changes
//! nothing. The encoding of each is learned from its own training part.

use super::parts::labels;
use super::{Columns, Encoding, Missing, Recipe, Regression, Schema, Table, encode, folds, model_name};
use crate::train::{Data, Event, Graphs, Optimizer, Settings, Trainer};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use striate_tensor::{Error, Result};

/// What is compared, and how.
#[derive(Clone, Debug)]
pub struct Search {
    /// Networks, at least one.
    pub recipes: Vec<Recipe>,
    /// How each learns; batch 0 stands for all samples of its training part, and the seed is that of the start.
    pub settings: Vec<Settings>,
    /// How the gradient changes the weights of each.
    pub optimizers: Vec<Optimizer>,
    /// The seeds of the starts, at least one.
    pub seeds: Vec<u64>,
    /// Parts of the cross-validation.
    pub folds: usize,
    /// Draws the folds, the same for all.
    pub seed: u64,
    /// Threads; they change no result.
    pub threads: usize,
}

/// A topology and a start.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The number of its recipe.
    pub recipe: usize,
    /// The seed of its start.
    pub seed: u64,
    /// Its score on each fold, with the last weights: the accuracy, or of numbers R².
    pub scores: Vec<f64>,
    /// The root of the mean square of the errors on each fold, in the target's unit; empty where classes are told.
    pub rmse: Vec<f64>,
}

impl Candidate {
    /// Mean score over the folds.
    pub fn mean(&self) -> f64 {
        self.scores.iter().sum::<f64>() / self.scores.len().max(1) as f64
    }
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Recipe after recipe, in each seed after seed.
    pub candidates: Vec<Candidate>,
    /// The number of the recipe with the highest mean over all seeds and folds; the first of equals.
    pub best_recipe: usize,
    /// The number of the candidate of that recipe with the highest mean; the first of equals.
    pub best: usize,
}

impl Found {
    /// Mean and standard deviation of a recipe's scores over its seeds, each the mean of its folds (of the sample: n − 1; 0
    /// of a single seed).
    pub fn summary(&self, recipe: usize) -> (f64, f64) {
        let means: Vec<f64> = self.candidates.iter().filter(|c| c.recipe == recipe).map(Candidate::mean).collect();
        let count = means.len().max(1) as f64;
        let mean = means.iter().sum::<f64>() / count;
        let squares: f64 = means.iter().map(|x| (x - mean).powi(2)).sum();
        (mean, if means.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 })
    }
}

/// Compares. After each training `done` is told how many are done, and of how many; it may be called by any thread. `false`
/// from it ends the search.
///
/// # Errors
/// Those of the table; `Fault::Usage`: nothing to compare, senseless folds; `Fault::Diverged`: a training diverged;
/// `Fault::Usage` when `done` ended it.
///
/// ```
/// use striate::tables::{Columns, Missing, Recipe, Search, Style, Table, search};
/// use striate::train::StopRules;
/// let recipes: Vec<Recipe> =
///     [vec![], vec![6]].map(|hidden| Recipe { hidden, ..Recipe::new(Style::Modern) }).to_vec();
/// let settings = recipes.iter().map(|r| striate::train::Settings { stop: StopRules::after(8), ..r.settings(0) });
/// let plan = Search {
///     settings: settings.collect(),
///     optimizers: recipes.iter().map(Recipe::optimizer).collect(),
///     recipes,
///     seeds: vec![1, 2],
///     folds: 2,
///     seed: 1,
///     threads: 2,
/// };
/// let iris = Table::embedded("iris")?;
/// let found = search(&iris, &Columns::target("class"), Missing::Error, &plan, &|_, _| true)?;
/// assert_eq!((found.candidates.len(), found.candidates[3].scores.len()), (4, 2));
/// # Ok::<(), striate::prelude::Error>(())
/// ```
pub fn search(
    table: &Table,
    columns: &Columns,
    missing: Missing,
    plan: &Search,
    done: &(dyn Fn(usize, usize) -> bool + Sync),
) -> Result<Found> {
    let (recipes, seeds) = (plan.recipes.len(), plan.seeds.len());
    if recipes == 0 || seeds == 0 || plan.settings.len() != recipes || plan.optimizers.len() != recipes {
        return Err(Error::usage("there is nothing to compare")
            .found(format!("{recipes} topologies, {seeds} seeds"))
            .expected("at least one of each, and settings and an optimiser for each topology"));
    }
    plan.settings
        .iter()
        .try_for_each(|settings| Settings { batch: settings.batch.max(1), ..settings.clone() }.check())?;
    let schema = Schema::of(table, columns)?;
    let rows = schema.usable(table, missing)?;
    let classes = labels(table, schema.target, &schema.classes, &rows)?;
    let parts = folds(&classes, schema.classes.len(), plan.folds, plan.seed)?;
    let fold = |held_out: &Vec<usize>| -> Result<(Encoding, Data)> {
        let learn: Vec<usize> = (0..rows.len()).filter(|place| held_out.binary_search(place).is_err()).collect();
        let of = |places: &[usize]| -> Vec<usize> { places.iter().map(|&place| rows[place]).collect() };
        let encoding = Encoding::learn(table, &schema, &of(&learn), missing)?;
        let part = |places: &[usize]| Ok(encode(table, &encoding, &schema.classes, &of(places))?.0);
        let (train, watched) = (part(&learn)?, part(held_out)?);
        Ok((encoding, Data { train, watched, preprocessing: Default::default() }))
    };
    let parts = parts.iter().map(fold).collect::<Result<Vec<_>>>()?;

    let jobs = recipes * seeds * plan.folds;
    let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results: Vec<Mutex<Option<Scored>>> = (0..jobs).map(|_| Mutex::new(None)).collect();
    let work = || {
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= jobs {
                return;
            }
            let (candidate, fold) = (job / plan.folds, job % plan.folds);
            let (recipe, seed) = (candidate / seeds, plan.seeds[candidate % seeds]);
            let score = score(plan, recipe, seed, &parts[fold], &schema.classes, table.source());
            if let Ok(mut place) = results[job].lock() {
                *place = Some(score);
            }
            if !done(finished.fetch_add(1, Ordering::Relaxed) + 1, jobs) {
                next.store(jobs, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        // The last of them is this thread.
        for _ in 1..plan.threads.clamp(1, jobs) {
            scope.spawn(work);
        }
        work();
    });

    let ended = || Error::usage("the search was ended before all was compared");
    let mut scores = vec![];
    for result in results {
        scores.push(result.into_inner().unwrap_or(None).unwrap_or_else(|| Err(ended()))?);
    }
    let candidate = |(index, scores): (usize, &[(f64, f64)])| Candidate {
        recipe: index / seeds,
        seed: plan.seeds[index % seeds],
        scores: scores.iter().map(|(score, _)| *score).collect(),
        rmse: if schema.classes.is_empty() { scores.iter().map(|(_, rmse)| *rmse).collect() } else { vec![] },
    };
    let candidates: Vec<Candidate> = scores.chunks_exact(plan.folds).enumerate().map(candidate).collect();
    let mut found = Found { candidates, best_recipe: 0, best: 0 };
    found.best_recipe = first_best((0..recipes).map(|recipe| (recipe, found.summary(recipe).0)));
    let of_best = found.candidates.iter().enumerate().filter(|(_, c)| c.recipe == found.best_recipe);
    found.best = first_best(of_best.map(|(index, c)| (index, c.mean())));
    Ok(found)
}

/// The number with the highest score, the first of equals; what is no number never wins.
fn first_best(scores: impl Iterator<Item = (usize, f64)>) -> usize {
    let mut best: Option<(usize, f64)> = None;
    for (index, score) in scores {
        if best.is_none_or(|(_, highest)| score > highest || (highest.is_nan() && !score.is_nan())) {
            best = Some((index, score));
        }
    }
    best.map_or(0, |(index, _)| index)
}

/// A score, and the RMSE of numbers.
type Scored = Result<(f64, f64)>;

/// One training: its score on the held-out part with the last weights, and the RMSE of numbers.
fn score(
    plan: &Search,
    recipe: usize,
    seed: u64,
    (encoding, data): &(Encoding, Data),
    classes: &[String],
    source: &str,
) -> Scored {
    let model = plan.recipes[recipe].model(&model_name(source), encoding, classes)?;
    let mut settings = Settings { seed, ..plan.settings[recipe].clone() };
    if settings.batch == 0 {
        settings.batch = data.train.len();
    }
    let mut trainer = Trainer::new(Graphs::of(&model, &plan.optimizers[recipe])?, data, settings, 1)?;
    while !matches!(trainer.advance()?, Event::Done(_)) {}
    let watched = trainer.position().history.last().map(|epoch| epoch.watched).unwrap_or_default();
    Ok(match (encoding.scale, model.loss.mean_square(watched.loss())) {
        (Some(scale), Some(mean_square)) => {
            let found = Regression::of(mean_square, data.watched.targets(), scale);
            (found.r2, found.rmse)
        }
        _ => (watched.accuracy(), f64::NAN),
    })
}
