//! Batches: every sample once an epoch, a function of (seed, epoch, batch) alone, converted exactly.

use striate::data::{Batches, Dataset, Digits, Polarity, Preprocessing};
use striate_tensor::{Array, Fault};

fn plain() -> Preprocessing {
    Preprocessing::default()
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|class| class.to_string()).collect()
}

/// `count` images of 1×1×2 pixels; both are the sample's own number.
fn numbered(count: u8) -> Dataset {
    let pixels = (0..count).flat_map(|sample| [sample; 2]).collect();
    let labels = (0..count).map(|sample| i32::from(sample % 3)).collect();
    Dataset::from_images(pixels, [1, 1, 2], labels, names(3), "a test").unwrap()
}

/// What an epoch brings, batch by batch: (samples by their first pixel, labels).
fn epoch(batches: &mut Batches, epoch: u64) -> Vec<(Vec<u8>, Vec<i32>)> {
    batches.start_epoch(epoch);
    let (mut x, mut y) = (vec![0.0; 2 * batches.batch()], vec![0; batches.batch()]);
    let batch = |index| {
        let samples = batches.fill(index, &mut x, &mut y);
        let firsts = x.chunks(2).take(samples).map(|x| (x[0] * 255.0).round() as u8).collect();
        (firsts, y[..samples].to_vec())
    };
    (0..batches.len()).map(batch).collect()
}

#[test]
fn every_sample_comes_once_an_epoch_and_keeps_its_label() {
    for (count, batch) in [(1, 1), (7, 7), (10, 3), (10, 64), (100, 32), (255, 1)] {
        let mut batches = Batches::shuffled(&numbered(count), &plain(), batch, 5).unwrap();
        for number in 0..3 {
            let batches = epoch(&mut batches, number);
            assert!(batches[..batches.len() - 1].iter().all(|(x, _)| x.len() == batch));
            let pairs = batches.iter().flat_map(|(x, y)| x.iter().zip(y));
            pairs.clone().for_each(|(&sample, &label)| assert_eq!(i32::from(sample % 3), label));
            let mut samples: Vec<u8> = pairs.map(|(&sample, _)| sample).collect();
            samples.sort_unstable();
            assert_eq!(samples, (0..count).collect::<Vec<_>>());
        }
    }
}

#[test]
fn the_order_depends_on_seed_and_epoch_and_on_nothing_else() {
    let of = |seed, number| epoch(&mut Batches::shuffled(&numbered(100), &plain(), 8, seed).unwrap(), number);
    assert_eq!(of(1, 4), of(1, 4));
    assert_ne!(of(1, 4), of(1, 5));
    assert_ne!(of(1, 4), of(2, 4));
    // Whatever came before: an epoch, in part, in any order.
    let mut batches = Batches::shuffled(&numbered(100), &plain(), 8, 1).unwrap();
    epoch(&mut batches, 9);
    batches.start_epoch(4);
    let (mut x, mut y) = (vec![0.0; 16], vec![0; 8]);
    for index in [12, 3, 7, 3] {
        let samples = batches.fill(index, &mut x, &mut y);
        assert_eq!(y[..samples], of(1, 4)[index].1);
    }
    assert_eq!(batches.epoch(), 4);
}

#[test]
fn a_new_one_begins_with_epoch_0() {
    let batches = Batches::shuffled(&numbered(100), &plain(), 8, 1).unwrap();
    let mut again = batches.clone();
    again.start_epoch(0);
    assert_eq!(batches.samples(0), again.samples(0));
    assert_ne!(batches.samples(0), [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn sequential_batches_keep_the_order() {
    let mut batches = Batches::sequential(&numbered(10), &plain(), 4).unwrap();
    let samples: Vec<_> = epoch(&mut batches, 3).into_iter().map(|(x, _)| x).collect();
    assert_eq!(samples, [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8, 9]]);
}

#[test]
fn a_small_last_batch_leaves_the_rest_of_the_buffers() {
    let batches = Batches::sequential(&numbered(5), &plain(), 4).unwrap();
    let (mut x, mut y) = (vec![9.0; 8], vec![9; 4]);
    assert_eq!(batches.fill(1, &mut x, &mut y), 1);
    assert_eq!((&x[2..], &y[1..]), (&[9.0; 6][..], &[9; 3][..]));
}

/// The one batch of a data set of one sample.
fn converted(data: &Dataset, preprocessing: &Preprocessing) -> Vec<f32> {
    let batches = Batches::sequential(data, preprocessing, 1).unwrap();
    let mut x = vec![f32::NAN; batches.sample_shape().elements()];
    batches.fill(0, &mut x, &mut [0]);
    x
}

#[test]
fn bytes_become_the_numbers_of_the_formula() {
    let image = |shape, pixels: &[u8]| Dataset::from_images(pixels.to_vec(), shape, vec![0], names(1), "").unwrap();
    let one = image([1, 1, 4], &[0, 51, 128, 255]);
    assert_eq!(converted(&one, &plain()), [0.0, 0.2, 128.0 / 255.0, 1.0]);

    let lenet = Preprocessing { range: [-0.1, 1.175], pad: 1, ..plain() };
    let (ground, ink) = (-0.1, 1.175);
    let two = image([1, 2, 1], &[255, 0]);
    #[rustfmt::skip]
    assert_eq!(converted(&two, &lenet), [
        ground, ground, ground,
        ground, ink,    ground,
        ground, ground, ground,
        ground, ground, ground,
    ]);

    let colours = image([3, 1, 2], &[0, 255, 0, 255, 0, 255]);
    let each = Preprocessing { mean: vec![0.5, 0.25, 0.0], std: vec![0.5, 0.25, 2.0], ..plain() };
    assert_eq!(converted(&colours, &each), [-1.0, 1.0, -1.0, 3.0, 0.0, 0.5]);
    let all = Preprocessing { mean: vec![0.5], std: vec![0.5], ..plain() };
    assert_eq!(converted(&colours, &all), [-1.0, 1.0, -1.0, 1.0, -1.0, 1.0]);
    let padded = Preprocessing { pad: 1, ..each };
    // The corner is a padded pixel: byte 0, converted like any other of its channel.
    let planes: Vec<f32> = converted(&colours, &padded).chunks(12).map(|plane| plane[0]).collect();
    assert_eq!(planes, [-1.0, -1.0, 0.0]);
}

#[test]
fn real_numbers_are_not_scaled() {
    let data = |shape: &[usize], x: &[f32]| {
        Dataset::from_array(Array::new(shape, x.to_vec()), vec![0; shape[0]], names(1)).unwrap()
    };
    let moments = Preprocessing { range: [5.0, 6.0], mean: vec![1.0], std: vec![2.0], ..plain() };
    assert_eq!(converted(&data(&[1, 2], &[3.0, -1.0]), &moments), [1.0, -1.0]);
    assert_eq!(converted(&data(&[1], &[3.0]), &moments), [1.0]);
    assert_eq!(converted(&data(&[1, 2, 3, 1, 1], &[3.0; 6]), &moments), [1.0; 6]);
    let padded = Preprocessing { pad: 1, ..moments };
    assert_eq!(converted(&data(&[1, 1, 1, 1], &[3.0]), &padded), [-0.5, -0.5, -0.5, -0.5, 1.0, -0.5, -0.5, -0.5, -0.5]);
    let error = Batches::sequential(&data(&[1, 2], &[0.0; 2]), &padded, 1).unwrap_err();
    assert!(error.to_string().contains("only images can be padded"), "{error}");
}

#[test]
fn parts_of_a_data_set() {
    let data = numbered(100);
    let (train, validation) = data.split_validation(20, 3).unwrap();
    assert_eq!((train.len(), validation.len(), validation.class_counts()), (80, 20, vec![7, 7, 6]));
    let mut together = [train.pixels().unwrap(), validation.pixels().unwrap()].concat();
    together.sort_unstable();
    assert_eq!(together, data.pixels().unwrap());
    assert_eq!(data.split_validation(20, 3).unwrap(), (train, validation.clone()));
    assert_ne!(data.split_validation(20, 4).unwrap().1, validation);
    assert_eq!(data.split_validation(100, 3).unwrap_err().fault(), Fault::Usage);

    assert_eq!(data.take(1000), data);
    assert_eq!(data.take_balanced(1000), data);
    assert_eq!(data.take_balanced(7).class_counts(), [3, 2, 2]);
    assert!(data.take(0).is_empty());
}

#[track_caller]
fn check_data(data: striate_tensor::Result<Dataset>, expected: &str) {
    let error = data.unwrap_err();
    assert_eq!(error.fault(), Fault::Data);
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn data_that_do_not_fit_together() {
    let images = |pixels: usize, shape, labels: &[i32], classes| {
        Dataset::from_images(vec![0; pixels], shape, labels.to_vec(), names(classes), "")
    };
    check_data(images(0, [1, 2, 2], &[], 1), "the data set is empty");
    check_data(images(0, [1, 0, 2], &[0], 1), "the data set is empty");
    check_data(images(7, [1, 2, 2], &[0, 0], 1), "7 numbers and 2 labels");
    check_data(images(8, [1, 2, 2], &[0, 2], 2), "label 2 of sample 1");
    check_data(images(8, [1, 2, 2], &[-1, 0], 2), "label -1 of sample 0");
    check_data(images(8, [1, 2, 2], &[0, 0], 0), "for 0 classes");
    check_data(images(8, [usize::MAX, 2, 2], &[0, 0], 1), "the data set is empty");
    check_data(Dataset::from_array(Array::scalar(1.0), vec![0], names(1)), "a scalar");
    check_data(Dataset::from_array(Array::full([3, 2], 1.0), vec![0], names(1)), "6 numbers and 1 labels");

    let empty = numbered(3).take(0);
    assert_eq!(Batches::sequential(&empty, &plain(), 1).unwrap_err().fault(), Fault::Data);
    assert_eq!(Batches::shuffled(&numbered(3), &plain(), 0, 1).unwrap_err().fault(), Fault::Usage);
}

#[track_caller]
fn check_preprocessing(wrong: Preprocessing, expected: &[&str]) {
    let error = wrong.check(3).unwrap_err();
    assert_eq!(error.fault(), Fault::Model);
    expected.iter().for_each(|expected| assert!(error.to_string().contains(expected), "{error}"));
}

#[test]
fn preprocessing_that_makes_no_sense() {
    let default = Preprocessing::default;
    check_preprocessing(Preprocessing { range: [1.0, 1.0], ..default() }, &["the range is not a range"]);
    check_preprocessing(Preprocessing { range: [0.0, f32::NAN], ..default() }, &["the range is not a range"]);
    check_preprocessing(Preprocessing { mean: vec![0.0; 2], ..default() }, &["2 numbers for 3 channel(s)"]);
    check_preprocessing(Preprocessing { pad: usize::MAX, ..default() }, &["pad is too large"]);
    let several = Preprocessing { mean: vec![f32::INFINITY], std: vec![0.0; 3], ..default() };
    check_preprocessing(several, &["a number of mean", "and: preprocessing: a number of std", "found: 0"]);
}

#[test]
fn preprocessing_as_text() {
    let all = Preprocessing {
        range: [-0.1, 1.175],
        mean: vec![0.1307],
        std: vec![0.3081],
        pad: 2,
        polarity: Some(Polarity::LightOnDark),
    };
    let text = toml::to_string(&all).unwrap();
    assert_eq!(text, "range = [-0.1, 1.175]\nmean = [0.1307]\nstd = [0.3081]\npad = 2\npolarity = \"light-on-dark\"\n");
    assert_eq!(toml::from_str::<Preprocessing>(&text).unwrap(), all);
    assert_eq!(serde_json::from_str::<Preprocessing>(&serde_json::to_string(&all).unwrap()).unwrap(), all);
    assert_eq!(toml::to_string(&plain()).unwrap(), "range = [0.0, 1.0]\n");
    assert_eq!(toml::from_str::<Preprocessing>("").unwrap(), plain());
    assert!(toml::from_str::<Preprocessing>("maen = [0.5]").unwrap_err().to_string().contains("unknown field `maen`"));
}

#[test]
fn filling_is_deterministic_on_the_digits() {
    let batches = Batches::shuffled(&Digits::test(), &plain(), 64, 42).unwrap();
    let (mut x, mut y) = (vec![0.0; 64 * 784], vec![0; 64]);
    batches.fill(0, &mut x, &mut y);
    let sample = batches.samples(0)[5] as usize;
    let image = batches.dataset().image(sample).unwrap();
    assert!(x[5 * 784..6 * 784].iter().zip(image).all(|(&x, &byte)| x == f32::from(byte) / 255.0));
    assert_eq!(y[5], batches.dataset().labels()[sample]);
}
