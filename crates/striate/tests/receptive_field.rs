//! What units see: by formula, exactly, and measured from gradients; for every layer of the zoo whose output has places.

use striate::explain::{FieldProbe, Lens, Size};
use striate::plan::{Store, Tensor, Workers};
use striate::prelude::*;
use striate::tensor::{Array, Rng};

fn noise(shape: impl Into<Shape>, seed: u64) -> Array<f32> {
    let rng = Rng::new(seed);
    Array::from_fn(shape, |i| rng.normal(i as u64))
}

/// Starting weights whose statistics and biases are not all alike.
fn lens(model: Model) -> Lens {
    let mut store = Store::new(&model.graph_for_inference().unwrap(), 5);
    let tensors: Vec<_> = store.iter().map(|(name, tensor)| (name.to_string(), tensor.clone())).collect();
    for (seed, (name, tensor)) in tensors.into_iter().enumerate() {
        let Tensor::F32(array) = tensor else { continue };
        let rng = Rng::new(seed as u64);
        if name.ends_with("running_var") {
            let new = Array::from_fn(array.shape().clone(), |i| 0.5 + rng.uniform(i as u64));
            store.set(&name, Tensor::F32(new)).unwrap();
        }
    }
    Lens::new(model, store).unwrap()
}

/// Of each layer with places two units in the middle, the first and the last: the union over samples of where the gradient is
/// not 0 is what paths of equations lead to; the box around that is the one of its place; and that is the formula's, where
/// there is one formula for all units. Boxes are full but where the model has holes.
#[track_caller]
fn check(model: Model, regular: impl Fn(&str) -> bool, full: impl Fn(&str) -> bool) {
    let (name, workers) = (model.name.clone(), Workers::new(2));
    let lens = lens(model);
    let input = lens.model().input.clone();
    let samples = noise([2].into_iter().chain(input.iter().copied()).collect::<Vec<_>>(), 1);
    let mut layers = 0;
    for layer in lens.layers().iter().filter(|layer| layer.output.rank() == input.rank()) {
        let mut probe = FieldProbe::new(&lens, &layer.name).unwrap_or_else(|e| panic!("{e}"));
        let sizes = &layer.output[1..];
        let of = |place: fn(&usize) -> usize| sizes.iter().map(place).collect::<Vec<_>>();
        // Neighbours: what they see may differ by their place modulo a factor of upsampling.
        let mut places = vec![of(|n| n / 2), of(|n| (n / 2 + 1).min(n - 1)), of(|_| 0), of(|n| n - 1)];
        places.dedup();
        for position in places {
            let at = format!("{name}, {} at {position:?}", layer.name);
            let reach = probe.reach(&position).unwrap();
            let clipped = probe.formula().clipped(&position, &input[1..]);
            let sees = probe.sees(&position).unwrap();
            assert_eq!(reach.bounds(), sees, "{at}");
            let irregular = probe.varies();
            assert_eq!(irregular, !regular(&layer.name), "{at}: {:?}", probe.formula());
            if !irregular {
                assert_eq!(clipped, sees, "{at}");
            }
            let holes = sees.iter().map(|r| r.len()).product::<usize>() - reach.count();
            assert_eq!(holes == 0, full(&layer.name), "{at}: {holes} holes");
            // More samples where one of the paths was switched off in all of these.
            let mut seen = vec![false; reach.seen.len()];
            for more in 0..16 {
                let samples = if more == 0 { samples.clone() } else { noise(samples.shape().clone(), 1 + more) };
                let field = probe.effective(&workers, &samples, None, &position, Size::Absolute).unwrap();
                seen.iter_mut().zip(field.support().seen).for_each(|(sum, seen)| *sum |= seen);
                if seen == reach.seen {
                    break;
                }
            }
            let differ = seen.iter().zip(&reach.seen).filter(|(a, b)| a != b).count();
            assert_eq!(differ, 0, "{at}: {differ} of {} elements", reach.count());
        }
        layers += 1;
    }
    assert!(layers > 0, "{name} has no layer with places");
}

/// The windows of a model do not depend on the size of the picture: a smaller one is as good a test.
fn at_size(name: &str, edge: usize) -> Model {
    let mut model = zoo::find(name).unwrap();
    model.input = [3, edge, edge].into();
    model
}

#[test]
fn small_models() {
    for name in ["lenet5", "lenet5_1998", "lenet5_blur", "fashion_cnn"] {
        check(zoo::find(name).unwrap(), |_| true, |_| true);
    }
}

#[test]
fn signals() {
    check(zoo::find("cnn1d").unwrap(), |_| true, |_| true);
}

#[test]
fn vgg() {
    check(at_size("vgg11_cifar", 32), |_| true, |_| true);
}

#[test]
fn resnet20() {
    check(at_size("resnet20", 32), |_| true, |_| true);
}

#[test]
fn resnet18() {
    check(at_size("resnet18", 48), |_| true, |_| true);
}

#[test]
fn resnet18_cifar() {
    check(at_size("resnet18_cifar", 16), |_| true, |_| true);
}

#[test]
fn mobilenet() {
    check(at_size("mobilenet_v2", 32), |_| true, |_| true);
}

/// Of a U-Net's way down there is one formula; on its way up the boxes depend on the place, of what is widened and of what that
/// is joined to. The pictures are so large that boxes end within them.
#[test]
fn unet() {
    let mut model = zoo::find("unet").unwrap();
    model.input = [3, 128, 16].into();
    check(model, on_the_way_down(8), |_| true);
}

#[test]
fn unet_small() {
    let mut model = zoo::find("unet_small").unwrap();
    model.input = [1, 72, 32].into();
    check(model, on_the_way_down(6), |_| true);
}

#[test]
fn unet_small_transposed() {
    let mut model = zoo::find("unet_small_transposed").unwrap();
    model.input = [1, 32, 72].into();
    check(model, on_the_way_down(6), |_| true);
}

/// So many ReLUs lie there.
fn on_the_way_down(relus: usize) -> impl Fn(&str) -> bool {
    move |layer| {
        let relu = layer.strip_prefix("relu").and_then(|number| number.parse().ok());
        layer.starts_with("down")
            || layer.starts_with("max_pool")
            || layer.starts_with("pool")
            || relu.is_some_and(|n: usize| n <= relus)
    }
}

/// Transposed convolutions whose windows overlap, leave gaps, are padded: neighbours see boxes of different sizes.
#[test]
fn fractional_strides() {
    use striate::nn::layers::ConvTransposeLayer;
    for (kernel, stride, padding) in [(4, 2, 1), (3, 2, 1), (5, 3, 0), (3, 1, 1), (2, 2, 0)] {
        let up = ConvTransposeLayer::new(2, 3, kernel).stride(stride).padding(padding);
        let model: Model = Model::new("fraction", [1, 9, 9]).classes(2).conv2d(3, 3).then(up).conv2d(2, 3).into();
        check(model, |layer| layer == "conv1", |_| true);
    }
    let up = ConvTransposeLayer::new(2, 2, 4).stride(2).padding(1);
    let model: Model = Model::new("fraction", [1, 9, 9]).classes(2).conv2d(3, 3).then(up).into();
    let boxes = FieldProbe::new(&lens(model), "conv_transpose1").unwrap().boxes().clone();
    // Unit i is reached by the places p with i + 1 − 2p in 0..4: 0 to 1 and 1 to 2, in turns; each sees three more.
    assert_eq!(boxes.axes[0][..4], [0..3, 0..4, 0..4, 1..5]);
    assert_eq!(boxes.greatest(), [4, 4]);
}

/// Upsampling by nearest and by linear: what a unit sees depends on where it lies.
#[test]
fn upsampled() {
    use striate::nn::layers::UpsampleLayer;
    for linear in [false, true] {
        let up = UpsampleLayer::by(2, 2);
        let up = if linear { up.linear() } else { up };
        let model = Model::new("up", [1, 8, 8]).classes(2).conv2d(3, 3).then(up).conv2d(2, 3);
        let model: Model = model.into();
        check(model.clone(), |layer| layer == "conv1", |_| true);
        // Rows 5 to 7 of the upsampled maps are rows 2 and 3 of those before, which see rows 2 to 5; between rows linearly,
        // row 4, too.
        let reach = FieldProbe::new(&lens(model), "conv2").unwrap().reach(&[5, 5]).unwrap();
        assert_eq!(reach.bounds(), if linear { [2..7, 2..7] } else { [2..6, 2..6] });
    }
}

#[test]
fn models_without_places_say_why() {
    for (model, layer, wanted) in [
        ("lstm_rows", "lstm1", "each step of a recurrent layer sees all steps before it"),
        ("gru_rows", "gru1", "a recurrent model has no receptive field"),
        ("mlp", "dense1", "of which this model has none"),
        ("lenet5", "dense1", "sees the whole input"),
    ] {
        let error = FieldProbe::new(&lens(zoo::find(model).unwrap()), layer).unwrap_err().to_string();
        assert!(error.contains(wanted), "{model}: {error}");
    }
    let mut probe = FieldProbe::new(&lens(zoo::find("lenet5").unwrap()), "conv2").unwrap();
    let error = probe.reach(&[10, 0]).unwrap_err().to_string();
    assert!(error.contains("2 numbers, at most 9,9"), "{error}");
    let samples = noise([1, 1, 28, 28], 1);
    let error = probe.effective(&Workers::new(1), &samples, Some(16), &[0, 0], Size::Squared).unwrap_err().to_string();
    assert!(error.contains("no such channel") && error.contains("at most 15"), "{error}");
}

/// The article's: 2×2 after 2×2 sees 3×3; two 3×3 see what one 5×5 sees; 3×3, pool, 3×3.
#[test]
fn fields_of_the_article() {
    let two = Model::new("two", [1, 9, 9]).classes(2).conv2d(3, 2).conv2d(2, 2);
    let twice = Model::new("twice", [1, 5, 5]).classes(2).conv2d(3, 3).conv2d(2, 3);
    let pooled = Model::new("pooled", [1, 16, 16]).classes(2).conv2d(3, 3).max_pool2d(2).conv2d(2, 3);
    let field = |model: &Model| FieldProbe::new(&lens(model.clone()), "conv2").unwrap().formula().clone();
    let (two, twice, pooled): (Model, Model, Model) = (two.into(), twice.into(), pooled.into());
    assert_eq!(field(&two).size, [3, 3]);
    assert_eq!(
        (field(&twice).size, lens(twice.clone()).layer("conv2").unwrap().output.to_vec()),
        (vec![5, 5], vec![2, 1, 1])
    );
    // 3 + 1 of the pool, then two steps of 2 more.
    assert_eq!((field(&pooled).size, field(&pooled).stride), (vec![8, 8], vec![2, 2]));
    assert_eq!(field(&pooled).centre(&[1, 2]), [5.5, 7.5]);
    [two, twice, pooled].into_iter().for_each(|model| check(model, |_| true, |_| true));
}

/// Dilation leaves holes: the box is the formula's, the units within it are every other one.
#[test]
fn holes_of_dilation() {
    let model: Model = Model::new("holes", [1, 11, 11])
        .classes(2)
        .then(striate::graph::ops::conv::ConvLayer::new(2, 2, 3).dilation(2))
        .into();
    let probe = FieldProbe::new(&lens(model.clone()), "conv1").unwrap();
    let reach = probe.reach(&[3, 3]).unwrap();
    assert_eq!((reach.count(), reach.bounds()), (9, vec![3..8, 3..8]));
    check(model, |_| true, |_| false);
}
