//! What excites channels: pieces of pictures against a plain search, and pictures made by ascent.

use striate::data::{Dataset, Digits};
use striate::explain::Lens;
use striate::explain::hierarchy::{Ascent, cut, exciters, layers, maximize};
use striate::plan::Workers;
use striate::prelude::*;
use striate::tensor::Array;

fn lenet() -> Lens {
    Lens::untrained(zoo::find("lenet5").unwrap(), 3).unwrap()
}

/// Sample `index` as the model takes it.
fn sample(data: &Dataset, index: usize) -> Array<f32> {
    let pixels = data.image(index).unwrap();
    Array::new([1, 28, 28], pixels.iter().map(|&byte| f32::from(byte) / 255.0).collect())
}

#[test]
fn pieces_are_the_greatest_of_all_and_excite_by_themselves() {
    let (lens, data, workers) = (lenet(), Digits::test().take(70), Workers::new(2));
    let names: Vec<_> = layers(&lens).iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names, ["conv1", "conv2", "dense1", "dense2", "dense3"]);
    let found = exciters(&lens, &workers, &data, &names, 5).unwrap();
    let all = Array::new([70, 1, 28, 28], (0..70).flat_map(|i| sample(&data, i).into_data()).collect());
    let outputs = lens.outputs(&workers, &names, &all).unwrap();
    for (layer, output) in found.iter().zip(&outputs) {
        let channels = output.shape()[1];
        assert_eq!(layer.channels.len(), channels);
        let plane = output.shape()[2..].iter().product::<usize>();
        for (c, channel) in layer.channels.iter().enumerate() {
            // Plainly: the maximum of each sample, sorted.
            let maps = |i: usize| &output.data()[(i * channels + c) * plane..][..plane];
            let most = |i: usize| maps(i).iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut order: Vec<usize> = (0..70).collect();
            order.sort_by(|&a, &b| most(b).total_cmp(&most(a)));
            let close = |a: f32, b: f32| (a - b).abs() <= 1e-4 * b.abs().max(0.1);
            for (patch, &sample) in channel.patches.iter().zip(&order) {
                assert!(close(patch.value, most(sample)), "{} {c}: {patch:?} {}", layer.layer, most(sample));
                assert_eq!(patch.label, data.labels()[patch.sample]);
                let at = patch.position.iter().fold(0, |i, p| i * output.shape()[2..].last().unwrap_or(&1) + p);
                assert!(close(maps(patch.sample)[at], patch.value));
            }
            let mut samples: Vec<_> = channel.patches.iter().map(|patch| patch.sample).collect();
            samples.sort_unstable();
            samples.dedup();
            assert_eq!(samples.len(), 5, "different samples");
        }
    }
    // All that conv2 sees is in the piece: black everywhere else changes nothing.
    let best = &found[1].channels[2].patches[0];
    let piece = cut(&sample(&data, best.sample), &best.region, |_| 0.0);
    assert_eq!(piece.shape()[..], [1, 14, 14]);
    let alone = Array::from_fn([1, 1, 28, 28], |i| {
        let (y, x) = ((i / 28) as i64 - best.region[0].start, (i % 28) as i64 - best.region[1].start);
        let inside = (0..14).contains(&y) && (0..14).contains(&x);
        if inside { piece.at(&[0, y as usize, x as usize]) } else { 0.0 }
    });
    let again = lens.outputs(&workers, &["conv2"], &alone).unwrap();
    let value = again[0].at(&[0, 2, best.position[0], best.position[1]]);
    assert!((value - best.value).abs() < 1e-5, "{value} {}", best.value);
}

#[test]
fn ascent_excites_more_than_any_digit_and_is_the_seeds() {
    use striate::explain::hierarchy::Origin;
    let (lens, workers) = (lenet(), Workers::new(2));
    let ascent = Ascent { steps: 40, ..Ascent::default() };
    for layer in ["conv1", "conv2", "dense3"] {
        let made = maximize(&lens, &workers, layer, &ascent, None).unwrap();
        let best = exciters(&lens, &workers, &Digits::test().take(100), &[layer], 1).unwrap();
        assert_eq!(made.samples.len(), best[0].channels.len());
        for (c, channel) in best[0].channels.iter().enumerate() {
            assert!(made.after[c] > made.before[c], "{layer} {c}");
            assert!(
                made.after[c] > channel.patches[0].value,
                "{layer} {c}: {} {:?}",
                made.after[c],
                channel.patches[0]
            );
        }
        assert!(made.samples.iter().all(|x| x.data().iter().all(|v| (0.0..=1.0).contains(v))));
    }
    // From the best piece, even without a step, what is made excites as much as the piece; and its unit is the piece's.
    let digits = Digits::test().take(100);
    let pieces = exciters(&lens, &workers, &digits, &["conv2"], 1).unwrap().remove(0);
    for steps in [0, 3, 30] {
        let ascent = Ascent { steps, starts: 0, ..Ascent::default() };
        let made = maximize(&lens, &workers, "conv2", &ascent, Some((&pieces, &digits))).unwrap();
        for (c, channel) in pieces.channels.iter().enumerate() {
            let best = &channel.patches[0];
            assert!((made.before[c] - best.value).abs() < 1e-4 && made.after[c] >= made.before[c], "{steps} {c}");
            assert_eq!((made.from[c], &made.regions[c]), (Origin::Piece, &best.region));
            let unit = [&[0, c], &best.position[..]].concat();
            let again = lens.outputs(&workers, &["conv2"], &made.samples[c].clone().reshaped([1, 1, 28, 28])).unwrap();
            assert!((again[0].at(&unit) - made.after[c]).abs() < 1e-4, "what is told is what the sample does");
        }
    }
    let with = |threads, seed| {
        let ascent = Ascent { steps: 5, seed, ..Ascent::default() };
        maximize(&lens, &Workers::new(threads), "conv2", &ascent, Some((&pieces, &digits))).unwrap()
    };
    assert_eq!(with(1, 4), with(3, 4));
    assert_ne!(with(1, 4).samples, with(1, 5).samples);
}

#[test]
fn mistakes_say_what_to_do() {
    let (lens, workers, data) = (lenet(), Workers::new(1), Digits::test().take(3));
    let text = |result: Result<_>| result.map(|_: Vec<_>| ()).unwrap_err().to_string();
    assert!(text(exciters(&lens, &workers, &data, &["conf2"], 3)).contains("did you mean `conv2`?"));
    assert!(text(exciters(&lens, &workers, &data, &["conv2"], 0)).contains("1 or more"));
    let colour = Lens::untrained(zoo::find("resnet20").unwrap(), 1).unwrap();
    assert!(text(exciters(&colour, &workers, &data, &["conv1"], 1)).contains("the samples do not fit the model"));
    let wild = Ascent { rate: f32::NAN, ..Ascent::default() };
    let refused = |layer, ascent: &Ascent| maximize(&lens, &workers, layer, ascent, None).unwrap_err().to_string();
    assert!(refused("conv1", &wild).contains("rate NaN"));
    assert!(refused("konv1", &Ascent::default()).contains("`conv1`"));
    assert!(refused("conv1", &Ascent { starts: 0, ..Ascent::default() }).contains("no start"));
    let pieces = exciters(&lens, &workers, &data, &["conv2"], 1).unwrap().remove(0);
    let other = maximize(&lens, &workers, "conv1", &Ascent::default(), Some((&pieces, &data))).unwrap_err();
    assert!(other.to_string().contains("another layer"), "{other}");
}
