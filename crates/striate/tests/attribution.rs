//! Attribution: agreement with Captum, the promises of each method, its mistakes.
//!
//! `scripts/golden_attribution.py` wrote `golden/attribution.json` and says what it holds; nothing here needs Python.

use serde_json::Value;
use striate::explain::Lens;
use striate::explain::attribution::{
    Attribution, Method, Settings, attribute, cam_layer, mean_gradient, rank_correlation, sanity,
};
use striate::plan::{Store, Tensor, Workers};
use striate::prelude::*;
use striate::tensor::{Array, Rng};

/// Of the greatest number of a map.
const TOLERANCE: f32 = 1e-4;

fn array(value: &Value) -> Array<f32> {
    let shape: Vec<usize> = value["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
    Array::new(shape, value["real"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect())
}

/// The golden network, its samples, and the cases.
struct Golden {
    lens: Lens,
    head: Value,
    cases: Vec<Value>,
}

impl Golden {
    fn read() -> Self {
        let text = include_str!("golden/attribution.json");
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let head = lines.next().unwrap()["head"].take();
        let model = Model::new("golden", [2, 12, 12])
            .classes(3)
            .conv2d(3, 3)
            .padding(1)
            .relu()
            .max_pool2d(2)
            .conv2d(4, 3)
            .relu()
            .flatten()
            .dense(3)
            .finish()
            .unwrap();
        let mut store = Store::new(&model.graph_for_inference().unwrap(), 0);
        for (name, value) in head["weights"].as_object().unwrap() {
            store.set(name, Tensor::F32(array(value))).unwrap();
        }
        Golden { lens: Lens::new(model, store).unwrap(), head, cases: lines.collect() }
    }

    fn sample(&self, case: &Value) -> Array<f32> {
        array(&self.head["samples"][case["sample"].as_u64().unwrap() as usize])
    }

    /// What Striate says where Captum said the case.
    fn answer(&self, case: &Value) -> Attribution {
        let number = |key: &str| case[key].as_u64().map(|n| n as usize);
        let settings = Settings {
            layer: case["layer"].as_str().map(String::from),
            baseline: Some(array(&self.head["baseline"])),
            steps: number("steps").unwrap_or(64),
            window: number("window"),
            stride: number("stride"),
            ..Settings::default()
        };
        let method = Method::named(case["method"].as_str().unwrap()).unwrap();
        attribute(&self.lens, &Workers::new(2), &self.sample(case), method, number("class"), &settings).unwrap()
    }
}

/// Holds numbers against golden ones.
#[track_caller]
fn check(what: &str, found: &[f32], golden: &[f32]) {
    assert_eq!(found.len(), golden.len(), "{what}");
    let most = golden.iter().fold(1e-3f32, |m, v| m.max(v.abs()));
    let error = found.iter().zip(golden).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(error <= TOLERANCE * most, "{what}: {error:e} of {most}");
}

#[test]
fn every_method_agrees_with_captum() {
    let golden = Golden::read();
    let mut held = std::collections::BTreeMap::new();
    for case in &golden.cases {
        let name = case["method"].as_str().unwrap();
        let what = format!("{name} {} {} {}", case["sample"], case["class"], case["layer"]);
        let values = array(&case["values"]);
        *held.entry(name.to_string()).or_insert(0) += 1;
        if name == "smooth-grad" {
            // Captum's draws, which are not ours.
            let (x, noise) = (golden.sample(case), array(&golden.head["noise"]));
            let size = x.data().len();
            let noisy = Array::from_fn(noise.shape().clone(), |i| x.data()[i % size] + noise.data()[i]);
            let class = case["class"].as_u64().unwrap() as usize;
            let mean = mean_gradient(&golden.lens, &Workers::new(1), &noisy, class).unwrap();
            check(&what, mean.data(), values.data());
            continue;
        }
        let found = golden.answer(case);
        let scores = array(&golden.head["scores"][case["sample"].as_u64().unwrap() as usize]);
        assert!((found.score - scores.data()[found.class]).abs() < 1e-4, "{what}");
        match name {
            // Captum repeats the number of a place for each channel.
            "occlusion" => check(&what, found.values.data(), &values.data()[..144]),
            _ => check(&what, found.values.data(), values.data()),
        }
        if let Some(coarse) = found.coarse {
            check(&what, coarse.data(), array(&case["coarse"]).data());
        }
        if let Some(completeness) = found.completeness {
            let signed = completeness.sum - completeness.difference;
            assert!((signed - case["delta"].as_f64().unwrap()).abs() < 1e-4, "{what}: {completeness:?}");
        }
    }
    for method in Method::all() {
        assert!(held.contains_key(method.name), "scripts/golden_attribution.py has no case of {}", method.name);
    }
}

fn lenet() -> (Lens, Array<f32>) {
    let lens = Lens::untrained(zoo::find("lenet5").unwrap(), 3).unwrap();
    let digit = striate::data::Digits::test().image(4).unwrap().to_vec();
    (lens, Array::new([1, 28, 28], digit.into_iter().map(|byte| f32::from(byte) / 255.0).collect()))
}

#[test]
fn integrated_gradients_add_up_the_better_the_more_steps() {
    let (lens, digit) = lenet();
    let method = Method::named("integrated-gradients").unwrap();
    let error = |steps| {
        let settings = Settings { steps, ..Settings::default() };
        let map = attribute(&lens, &Workers::new(1), &digit, method, Some(2), &settings).unwrap();
        let completeness = map.completeness.unwrap();
        assert!(completeness.difference.abs() > 1e-3, "a difference to explain: {completeness:?}");
        completeness.error() / completeness.difference.abs()
    };
    let (few, many) = (error(2), error(256));
    assert!(many < 0.01 && many < few, "{few} {many}");
}

#[test]
fn smooth_grad_is_the_mean_gradient_over_its_documented_draw() {
    let (lens, digit) = lenet();
    let settings = Settings { draws: 5, noise: 0.2, seed: 9, ..Settings::default() };
    let workers = Workers::new(1);
    let method = Method::named("smooth-grad").unwrap();
    let map = attribute(&lens, &workers, &digit, method, Some(1), &settings).unwrap();
    let rng = Rng::new(9).stream("smooth-grad");
    // The digit's range is [0, 1]: it has black and white pixels.
    let noisy = Array::from_fn([5, 1, 28, 28], |i| digit.data()[i % 784] + 0.2 * rng.normal(i as u64));
    assert_eq!(map.values, mean_gradient(&lens, &workers, &noisy, 1).unwrap());
    let other = Settings { seed: 10, ..settings };
    assert_ne!(map.values, attribute(&lens, &workers, &digit, method, Some(1), &other).unwrap().values);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (lens, digit) = lenet();
    for method in Method::all() {
        let with = |threads| {
            let settings = Settings { steps: 20, draws: 5, window: Some(7), ..Settings::default() };
            attribute(&lens, &Workers::new(threads), &digit, method, None, &settings).unwrap()
        };
        let (one, three) = (with(1), with(3));
        assert_eq!((one.class, one.values), (three.class, three.values), "{}", method.name);
    }
}

/// A closing softmax is left out: the target is the score before it.
#[test]
fn the_target_is_the_score_before_softmax() {
    let chain = |softmax: bool| {
        let model = Model::new("small", [1, 6, 6]).classes(2).loss(Loss::MeanSquaredError {});
        let model = model.conv2d(3, 3).relu().flatten().dense(2).finish().unwrap();
        let model = if softmax { model.then(layers::SoftmaxLayer::default()).finish().unwrap() } else { model };
        Lens::untrained(model, 5).unwrap()
    };
    let x = Array::from_fn([1, 6, 6], |i| (i * 7 % 11) as f32 / 11.0);
    let map = |lens: &Lens| {
        let method = Method::named("saliency").unwrap();
        attribute(lens, &Workers::new(1), &x, method, Some(1), &Settings::default()).unwrap()
    };
    let (plain, closed) = (map(&chain(false)), map(&chain(true)));
    assert_eq!((plain.score, plain.values), (closed.score, closed.values));
}

/// Signals have maps too, and models with a class for each place.
#[test]
fn other_shapes_than_pictures() {
    let settings = Settings { steps: 4, draws: 3, window: Some(1024), stride: Some(1024), ..Settings::default() };
    let lens = Lens::untrained(zoo::find("cnn1d").unwrap(), 1).unwrap();
    let signal = Array::from_fn([1, 4096], |i| (i as f32 / 50.0).sin());
    for method in Method::all() {
        let map = attribute(&lens, &Workers::new(2), &signal, method, Some(0), &settings).unwrap();
        assert_eq!(map.heat().shape()[..], [4096], "{}", method.name);
    }
    let model = Model::new("places", [1, 6, 6]).classes(2).conv2d(4, 3).same().without_bias().relu();
    let model = model.conv2d(2, 1).without_bias().finish().unwrap();
    let lens = Lens::untrained(model, 1).unwrap();
    let x = Array::from_fn([1, 6, 6], |i| (i % 5) as f32);
    let method = Method::named("gradient-input").unwrap();
    let map = attribute(&lens, &Workers::new(1), &x, method, Some(1), &Settings::default()).unwrap();
    let scores = lens.outputs(&Workers::new(1), &["conv2"], &Array::new([1, 1, 6, 6], x.data().to_vec())).unwrap();
    let sum: f32 = scores[0].data()[36..].iter().sum();
    assert!((map.score - sum).abs() < 1e-4, "{} {sum}", map.score);
    // Without biases the sum of x·∂S/∂x of a piecewise linear S is S.
    assert!((map.values.data().iter().sum::<f32>() - sum).abs() < 1e-3 * sum.abs().max(1.0));
}

#[test]
fn new_weights_change_a_map_and_the_same_weights_do_not() {
    let (lens, digit) = lenet();
    let method = Method::named("gradient-input").unwrap();
    let settings = Settings::default();
    let check = |seed| sanity(&lens, &Workers::new(1), &digit, method, Some(0), &settings, seed).unwrap();
    let layers: Vec<_> = check(8).steps.into_iter().map(|step| step.layer).collect();
    assert_eq!(layers, ["dense3", "dense2", "dense1", "conv2", "conv1"]);
    // The network was drawn by seed 3: drawn again it is itself.
    let same = check(3);
    assert!(same.steps.iter().all(|step| step.correlation == Some(1.0)) && !same.passes(), "{same:?}");
    let other = check(8);
    assert!(other.passes() && other.steps.iter().all(|step| step.correlation.unwrap() < 0.9), "{other:?}");
    let saliency = Method::named("saliency").unwrap();
    let other = sanity(&lens, &Workers::new(1), &digit, saliency, Some(0), &settings, 8).unwrap();
    assert!(other.passes(), "{other:?}");
}

#[test]
fn ranks_of_equal_values_are_shared() {
    // By hand: ranks 0.5 0.5 2 3 and 0 1 2 3.
    let r = rank_correlation(&[1.0, 1.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0]).unwrap();
    assert!((r - 4.5 / (4.5f64 * 5.0).sqrt()).abs() < 1e-12, "{r}");
}

#[test]
fn mistakes_say_what_to_do() {
    let (lens, digit) = lenet();
    let try_out = |lens: &Lens, x: &Array<f32>, method: &str, class, settings: Settings| {
        attribute(lens, &Workers::new(1), x, Method::named(method).unwrap(), class, &settings).unwrap_err().to_string()
    };
    let with = |layer: &str| Settings { layer: Some(layer.into()), ..Settings::default() };
    let is = |text: String, parts: &[&str]| {
        parts.iter().for_each(|part| assert!(text.contains(part), "no `{part}` in:\n{text}"));
    };
    is(try_out(&lens, &digit, "grad-cam", None, with("conv3")), &["no layer `conv3`", "did you mean `conv"]);
    is(try_out(&lens, &digit, "grad-cam", None, with("dense1")), &["no maps", "120", "conv1, relu1"]);
    is(try_out(&lens, &digit, "saliency", Some(10), Settings::default()), &["no class `10`", "below 10"]);
    is(try_out(&lens, &Array::full([3, 28, 28], 0.0), "saliency", None, Settings::default()), &["3×28×28", "1×28×28"]);
    let baseline = Some(Array::full([784], 0.0));
    let text = try_out(&lens, &digit, "occlusion", None, Settings { baseline, ..Settings::default() });
    is(text, &["the baseline does not fit", "784"]);
    let text = try_out(&lens, &digit, "integrated-gradients", None, Settings { steps: 0, ..Settings::default() });
    is(text, &["needs steps"]);
    let text = try_out(&lens, &digit, "smooth-grad", None, Settings { noise: f32::NAN, ..Settings::default() });
    is(text, &["noise is not usable"]);
    let text = try_out(&lens, &digit, "occlusion", None, Settings { window: Some(29), ..Settings::default() });
    is(text, &["a window of 29", "1 to 28"]);
    let settings = Settings { window: Some(4), stride: Some(5), ..Settings::default() };
    is(try_out(&lens, &digit, "occlusion", None, settings), &["uncovered", "1 to 4"]);

    let tanh = Lens::untrained(zoo::find("lenet5_1998").unwrap(), 1).unwrap();
    let x = Array::full([1, 32, 32], 0.5);
    is(try_out(&tanh, &x, "guided-backprop", None, Settings::default()), &["scaled_tanh", "`relu`", "saliency"]);
    assert_eq!(cam_layer(&tanh).unwrap().name, "C3");
    let mlp = Lens::untrained(zoo::find("mlp").unwrap(), 1).unwrap();
    is(try_out(&mlp, &digit, "grad-cam", None, Settings::default()), &["no layer that convolves"]);
    let linear = Model::new("linear", [1, 4, 4]).classes(2).flatten().dense(2).finish().unwrap();
    let linear = Lens::untrained(linear, 1).unwrap();
    is(try_out(&linear, &Array::full([1, 4, 4], 1.0), "guided-backprop", None, Settings::default()), &["no ReLU"]);
}

/// One unit for two classes: its score tells of the second, and of the first as much the other way.
#[test]
fn a_single_unit_for_two_classes() {
    let model = Model::new("single", [1, 6, 6]).classes(2).loss(Loss::BinaryCrossEntropy {});
    let model = model.conv2d(3, 3).same().relu().flatten().dense(1).finish().unwrap();
    let (lens, workers) = (Lens::untrained(model, 2).unwrap(), Workers::new(1));
    let x = Array::from_fn([1, 6, 6], |i| (i % 7) as f32 - 2.0);
    let method = Method::named("gradient-input").unwrap();
    let of = |class| attribute(&lens, &workers, &x, method, class, &Settings::default()).unwrap();
    let (first, second) = (of(Some(0)), of(Some(1)));
    assert!(first.score == -second.score && first.score != 0.0, "{} {}", first.score, second.score);
    assert!(first.values.data().iter().zip(second.values.data()).all(|(a, b)| (a + b).abs() < 1e-6));
    assert_eq!(of(None).class, usize::from(second.score > 0.0));
    let error = attribute(&lens, &workers, &x, method, Some(2), &Settings::default()).unwrap_err();
    assert_eq!(error.fault(), Fault::Usage);
}
