//! Confusion, scores, curves and calibration against scikit-learn's numbers, which `scripts/golden_evaluation.py` prints.

use striate::evaluate::{Answers, Calibration, Confusion, Pair, Scores, Separation};
use striate::prelude::*;

const N: usize = 120;
const CLASSES: usize = 4;

/// The answers that the script makes: small whole numbers, squared, over their sum.
fn answers() -> Answers {
    let labels: Vec<usize> = (0..N).map(|i| (i * i + i / 4) % CLASSES).collect();
    let mut probabilities = vec![];
    for (i, &label) in labels.iter().enumerate() {
        let s: Vec<f32> = (0..CLASSES)
            .map(|k| ((i * 7 + k * 13 + i * k * 5) % 17 + 1 + if k == label { 9 } else { 0 }) as f32)
            .map(|s| s * s)
            .collect();
        let sum: f32 = s.iter().sum();
        probabilities.extend(s.iter().map(|s| s / sum));
    }
    Answers::new((0..CLASSES).map(|k| format!("class {k}")).collect(), labels, probabilities).unwrap()
}

#[track_caller]
fn near(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() < 1e-6, "{ours} is not {theirs}");
}

#[track_caller]
fn scores(ours: Scores, [precision, recall, f1]: [f64; 3]) {
    near(ours.precision, precision);
    near(ours.recall, recall);
    near(ours.f1, f1);
}

#[test]
fn confusion_and_its_scores() {
    let confusion = answers().confusion();
    assert_eq!(confusion.counts(), [21, 9, 0, 0, 5, 24, 0, 3, 0, 0, 30, 0, 3, 5, 0, 20]);
    let theirs = [
        [0.7241379310344828, 0.7, 0.711864406779661],
        [0.631578947368421, 0.75, 0.6857142857142857],
        [1.0, 1.0, 1.0],
        [0.8695652173913043, 0.7142857142857143, 0.7843137254901961],
    ];
    theirs.into_iter().enumerate().for_each(|(k, theirs)| scores(confusion.scores(k), theirs));
    scores(confusion.macro_average(), [0.806320523948552, 0.7910714285714286, 0.7954731044960357]);
    scores(confusion.weighted_average(), [0.8023540861148373, 0.7916666666666666, 0.7938297804997705]);
    near(confusion.accuracy(), 95.0 / 120.0);
    assert_eq!(confusion.scores(1).samples, 32);
    let pair = |truth, predicted, count| Pair { truth, predicted, count };
    assert_eq!(confusion.most_confused(3), [pair(0, 1, 9), pair(1, 0, 5), pair(3, 1, 5)]);
}

#[test]
fn what_is_divided_by_nothing_is_nothing() {
    let mut confusion = Confusion::new(["a", "b", "c"].map(String::from).to_vec());
    assert_eq!((confusion.accuracy(), confusion.weighted_average().f1), (0.0, 0.0));
    confusion.add(0, 1);
    scores(confusion.scores(0), [0.0; 3]);
    scores(confusion.scores(2), [0.0; 3]);
}

#[test]
fn curves_and_their_areas() {
    let answers = answers();
    let roc = [0.9559259259259258, 0.9346590909090909, 1.0, 0.968944099378882];
    let precision = [0.9147857889237199, 0.8747725637077575, 0.9999999999999999, 0.9314189100373309];
    for k in 0..CLASSES {
        let curves = Separation::of(&answers, k).unwrap();
        near(curves.roc_area, roc[k]);
        near(curves.average_precision, precision[k]);
        assert_eq!((curves.roc[0], curves.roc.last()), ((0.0, 0.0), Some(&(1.0, 1.0))));
        assert!(curves.roc.windows(2).all(|two| two[0].0 <= two[1].0 && two[0].1 <= two[1].1));
        assert_eq!(curves.precision_recall.last().map(|point| point.0), Some(1.0));
    }
    let alone = Answers::new(vec!["a".into()], vec![0, 0], vec![1.0, 1.0]).unwrap();
    assert_eq!(Separation::of(&alone, 0), None);
}

#[test]
fn the_mean_curve_is_the_mean_of_the_curves() {
    let answers = answers();
    let all: Vec<Separation> = (0..CLASSES).filter_map(|k| Separation::of(&answers, k)).collect();
    let mean = Separation::mean(&all).unwrap();
    near(mean.roc_area, all.iter().map(|s| s.roc_area).sum::<f64>() / CLASSES as f64);
    near(mean.average_precision, all.iter().map(|s| s.average_precision).sum::<f64>() / CLASSES as f64);
    // The area under the mean curve is the mean of the areas but for what 201 places miss of steps.
    let area: f64 = mean.roc.windows(2).map(|two| (two[1].0 - two[0].0) * (two[1].1 + two[0].1) / 2.0).sum();
    assert!((area - mean.roc_area).abs() < 5e-3, "{area} {}", mean.roc_area);
    assert_eq!((mean.roc[0], mean.roc.last()), ((0.0, 0.0), Some(&(1.0, 1.0))));
    // Of one class: two cats above the dog, then one below it. By hand.
    let two = ["cat", "dog"].map(String::from).to_vec();
    let made = Answers::new(two, vec![0, 0, 1, 0], vec![0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.1, 0.9]).unwrap();
    let cat = Separation::mean(&[Separation::of(&made, 0).unwrap()]).unwrap();
    assert_eq!((cat.roc[1], cat.roc[101]), ((0.0, 2.0 / 3.0), (0.5, 2.0 / 3.0)));
    let at = |recall: usize| cat.precision_recall[recall].1;
    assert_eq!((at(0), at(100), at(150), at(200)), (1.0, 1.0, 0.75, 0.75));
    assert_eq!(Separation::mean(&[]), None);
}

#[test]
fn calibration_over_fifteen_bins() {
    let calibration = Calibration::of(&answers(), 15);
    near(calibration.error, 0.2680685480435689);
    near(calibration.largest, 0.441152940193812);
    let counts: Vec<u64> = calibration.bins.iter().map(|bin| bin.samples).collect();
    assert_eq!(counts, [0, 0, 0, 0, 3, 16, 22, 14, 24, 16, 8, 9, 8, 0, 0]);
}

#[test]
fn a_trained_model_s_answers_agree_with_its_evaluation() {
    use striate::run::{DataRecord, Session, SessionEvent, Start};
    use striate::train::{Event, Settings, Sgd, StopRules, Workers};
    let runs = tempfile::tempdir().unwrap();
    let model = Model::new("tiny", [1, 28, 28]).classes(10).mean_pool2d(4).flatten().dense(10).finish().unwrap();
    let settings = Settings { stop: StopRules::after(1), ..Settings::default() };
    let start = Start {
        model,
        optimizer: Sgd::default().into(),
        settings,
        data: DataRecord::default(),
        choices: striate::plan::Choices::default(),
        origin: [].into(),
        runs: runs.path().into(),
        name: Some("a".into()),
    };
    let mut session = Session::start(start, 2).unwrap();
    while !matches!(session.advance().unwrap(), SessionEvent::Trained(Event::Done(_))) {}
    session.finish().unwrap();
    let mut saved = striate::run::Saved::open(&runs.path().join("a"), striate::run::Weights::Last).unwrap();
    let test = Digits::test();
    let (one, two) = (saved.answers(&Workers::new(1), &test).unwrap(), saved.answers(&Workers::new(3), &test).unwrap());
    assert_eq!(one, two, "the same for any number of threads");
    let evaluation = saved.evaluate(&Workers::new(2), &test).unwrap();
    assert_eq!(one.confusion().accuracy(), evaluation.all.accuracy());
    let mean = (0..one.len()).map(|i| f64::from(one.judged(i).surprise)).sum::<f64>() / one.len() as f64;
    assert!((mean - evaluation.all.loss()).abs() < 1e-5, "{mean} is not {}", evaluation.all.loss());
    assert!((0..one.len()).all(|i| (one.row(i).iter().sum::<f32>() - 1.0).abs() < 1e-5));
}
