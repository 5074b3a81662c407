//! Frequencies: what kernels let through, the convolution theorem, how fine layers see.

use striate::explain::{Character, Lens, Response, filter, filters, granularity, two_paths};
use striate::plan::Workers;
use striate::prelude::*;
use striate::tensor::{Array, Rng};

fn response(name: &str, which: usize) -> Response {
    let kernel = &filter(name).unwrap().kernels()[which];
    Response::of([kernel.data()], kernel.shape()[1])
}

/// The label, the peak and what is drawn are readings of one plane: checked on it, frequency by frequency.
#[test]
fn label_and_peak_are_those_of_the_plane() {
    let designed = filters().iter().flat_map(|filter| filter.kernels().to_vec());
    let drawn = (0..60).map(|seed| {
        let (rng, edge) = (Rng::new(seed), 1 + seed as usize % 7);
        Array::from_fn([edge, edge], |i| rng.normal(i as u64) + if seed % 3 == 0 { 1.0 } else { 0.0 })
    });
    let mut kinds = std::collections::HashSet::new();
    for kernel in designed.chain(drawn) {
        let found = Response::of([kernel.data()], kernel.shape()[1]);
        let (rows, columns) = found.size;
        let most = found.magnitude.iter().copied().fold(0.0, f64::max);
        let at = |u: f64, v: f64| {
            let index = |f: f64, n: usize| ((f * n as f64).round() as i64).rem_euclid(n as i64) as usize;
            found.magnitude[index(-v, rows) * columns + index(u, columns)]
        };
        let (u, v) = found.peak_at;
        assert!((at(u, v) - most).abs() <= 1e-8 * most && (u.hypot(v) - found.peak).abs() < 1e-12, "{found:?}");
        let border = (0..rows * columns).filter(|i| i / columns * 2 == rows || i % columns * 2 == columns);
        let passes = |m: f64| m >= most / 2f64.sqrt();
        let (middle, edge) = (passes(found.magnitude[0]), border.into_iter().any(|i| passes(found.magnitude[i])));
        let wanted = match found.character {
            Character::LowPass => (true, false),
            Character::HighPass => (false, true),
            Character::BandPass => (false, false),
            Character::AllPass | Character::BandStop => (true, true),
        };
        assert_eq!((middle, edge), wanted, "{}: {:?}", found.character, found.radial);
        match found.character {
            Character::BandPass => assert!(found.peak > 0.0 && u.abs() < 0.5 && v.abs() < 0.5),
            Character::HighPass => assert!(found.peak > 0.0),
            Character::LowPass => assert!(found.magnitude[0] >= most / 2f64.sqrt()),
            _ => {}
        }
        kinds.insert(found.character.to_string());
    }
    assert_eq!(kinds.len(), 5, "{kinds:?}");
}

#[test]
fn peaks_of_kernels_that_are_known() {
    let of = |values: &[f32], columns| Response::of([values], columns);
    // 2 sin(2πu): a quarter; 2 sin(πu): a half; 1, −2, 1: a half.
    assert_eq!(of(&[-1.0, 0.0, 1.0], 3).peak_at.0, 0.25);
    let edge = of(&[-1.0, 1.0], 2);
    assert_eq!((edge.peak_at.0.abs(), edge.character, edge.degrees()), (0.5, Character::HighPass, Some(0)));
    assert_eq!(response("laplacian", 0).peak, 0.5f64.sqrt());
    assert_eq!(response("sobel-x", 0).peak_at, (0.25, 0.0));
    assert_eq!(response("sobel-y", 0).peak_at, (0.0, 0.25));
    assert_eq!((response("box", 0).peak, response("gaussian", 0).peak), (0.0, 0.0));
    // Waves of 6 pixels to the cycle.
    for (name, angle) in [("gabor-0", 0.0f64), ("gabor-45", 45.0), ("gabor-90", 90.0), ("gabor-135", 135.0)] {
        let (u, v) = response(name, 0).peak_at;
        let apart = (v.atan2(u).to_degrees() - angle).rem_euclid(180.0);
        assert!(apart.min(180.0 - apart) < 6.0, "{name}: {u}, {v}");
        assert!((u.hypot(v) - 1.0 / 6.0).abs() < 0.04, "{name}: {u}, {v}");
    }
}

#[test]
fn designed_kernels_have_the_character_that_they_were_designed_for() {
    for (name, character, angle) in [
        ("box", Character::LowPass, None),
        ("gaussian", Character::LowPass, None),
        ("sobel-x", Character::BandPass, Some(0.0)),
        ("sobel-y", Character::BandPass, Some(90.0)),
        ("scharr-x", Character::BandPass, Some(0.0)),
        ("scharr-y", Character::BandPass, Some(90.0)),
        ("laplacian", Character::HighPass, None),
        ("sharpen", Character::HighPass, None),
        ("gabor-0", Character::BandPass, Some(0.0)),
        ("gabor-45", Character::BandPass, Some(45.0)),
        ("gabor-90", Character::BandPass, Some(90.0)),
        ("gabor-135", Character::BandPass, Some(135.0)),
    ] {
        let found = response(name, 0);
        assert_eq!(found.character, character, "{name}: {:?}", found.radial);
        match (angle, found.angle) {
            (None, found) => assert_eq!(found, None, "{name}"),
            (Some(wanted), Some(found)) => {
                let apart = (wanted - found).rem_euclid(180.0);
                assert!(apart.min(180.0 - apart) < 1.0, "{name}: {found}");
            }
            (Some(_), None) => panic!("{name} is not oriented"),
        }
    }
    assert!((response("gabor-0", 0).peak - 1.0 / 6.0).abs() < 0.04);
    let flat = Response::of([&[0.0f32; 9][..]], 3);
    assert_eq!((flat.peak, flat.bandwidth), (0.0, 0.0), "a kernel of zeros");
    assert_eq!(Response::of([&[1.0f32][..]], 1).character, Character::AllPass);
    let lowest = response("gaussian", 0);
    assert!(
        lowest.centroid < response("sobel-x", 0).centroid
            && response("sobel-x", 0).centroid < response("laplacian", 0).centroid
    );
    assert!((lowest.radial[0] - 1.0).abs() < 1e-6, "a mean keeps the mean: {}", lowest.radial[0]);
}

/// A product of spectra is a convolution of pictures.
#[test]
fn both_paths_of_a_convolution_are_equal() {
    let rng = Rng::new(1);
    for (rows, columns) in [(28, 28), (33, 20), (16, 16)] {
        let picture: Vec<f32> = (0..rows * columns).map(|i| rng.uniform(i as u64)).collect();
        for filter in filters() {
            for kernel in filter.kernels() {
                let paths = two_paths(&picture, columns, kernel.data(), kernel.shape()[1]).unwrap();
                assert!(paths.difference < 1e-5, "{}: {}", filter.name, paths.difference);
                assert_eq!(paths.spatial.len(), paths.size.0 * paths.size.1);
            }
        }
    }
    // A1's numbers by way of the spectra.
    let picture: Vec<f32> = (0..9).map(|i| i as f32).collect();
    let paths = two_paths(&picture, 3, &[0.0, 1.0, 2.0, 3.0], 2).unwrap();
    assert_eq!(paths.spectral.iter().map(|v| v.round()).collect::<Vec<_>>(), [19.0, 25.0, 37.0, 43.0]);
    assert!(two_paths(&picture, 3, &[0.0; 16], 4).is_err());
}

#[test]
fn filters_do_what_they_say() {
    // Dark left, light right: an upright edge between columns 3 and 4.
    let edge = Array::from_fn([1, 6, 8], |i| if i % 8 > 3 { 1.0f32 } else { 0.0 });
    let of = |name: &str| filter(name).unwrap().apply(&edge).unwrap();
    let sobel = of("sobel-x");
    assert_eq!((sobel.at(&[0, 2, 3]), sobel.at(&[0, 2, 4]), sobel.at(&[0, 2, 1])), (4.0, 4.0, 0.0));
    assert!(of("sobel-y").data().iter().all(|v| v.abs() < 1e-6));
    assert_eq!(of("sobel").data(), sobel.map(f32::abs).data());
    let blurred = of("box");
    assert!((blurred.at(&[0, 2, 3]) - 0.4).abs() < 1e-6 && (blurred.at(&[0, 0, 7]) - 1.0).abs() < 1e-6);
    for filter in filters() {
        let flat = filter.apply(&Array::full([3, 9, 9], 0.5)).unwrap();
        let kept = filter.keeps_grey && filter.name != "emboss";
        let wanted = if kept || filter.name == "emboss" { 0.5 } else { 0.0 };
        assert!(flat.data().iter().all(|v| (v - wanted).abs() < 1e-5), "{}: {}", filter.name, flat.data()[0]);
    }
    assert!(filter("box").unwrap().apply(&Array::full([9, 9], 0.5)).is_err());
    assert!(filter("nothing of the kind").unwrap_err().to_string().contains("gabor-135"));
}

/// Mean pools make the view coarser: each layer of them keeps less of the finest gratings.
#[test]
fn pooling_is_granularity() {
    let model =
        Model::new("pools", [1, 32, 32]).classes(2).mean_pool2d(2).mean_pool2d(2).mean_pool2d(2).flatten().dense(2);
    let lens = Lens::untrained(model.finish().unwrap(), 1).unwrap();
    let rng = Rng::new(1);
    let samples = Array::from_fn([2, 1, 32, 32], |i| rng.uniform(i as u64));
    let layers = granularity(&lens, &Workers::new(1), &samples).unwrap();
    assert_eq!(layers.iter().take(3).map(|l| l.limit).collect::<Vec<_>>(), [0.25, 0.125, 0.0625]);
    assert_eq!(layers.last().unwrap().limit, 0.0);
    for pair in layers[..3].windows(2) {
        let (earlier, later) = (&pair[0].survives, &pair[1].survives);
        assert!((2..6).all(|band| later[band] < earlier[band]), "{earlier:?} {later:?}");
        assert_eq!(later[0], 1.0, "the slowest survives best");
    }
    // Of a grating of ½ a mean of 2×2 leaves what runs along the diagonals; 1/16 is nearly whole.
    assert!(layers[0].survives[6] < 0.2 && layers[0].survives[1] > 0.9, "{:?}", layers[0]);
    let error = granularity(&Lens::untrained(zoo::find("cnn1d").unwrap(), 1).unwrap(), &Workers::new(1), &samples);
    assert!(error.unwrap_err().to_string().contains("does not read pictures"));
}
