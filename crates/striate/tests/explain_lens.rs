//! Questions to models with weights.

use striate::explain::Lens;
use striate::graph::f32;
use striate::plan::{Feed, Workers};
use striate::prelude::*;
use striate::tensor::{Array, Rng};

fn noise(shape: impl Into<Shape>, seed: u64) -> Array<f32> {
    let rng = Rng::new(seed);
    Array::from_fn(shape, |i| rng.normal(i as u64))
}

#[test]
fn layers_are_listed_with_shapes_and_found_by_name() {
    let lens = Lens::untrained(zoo::find("lenet5").unwrap(), 1).unwrap();
    let pool = lens.layer("pool2").unwrap();
    assert_eq!((pool.kind, &pool.output[..]), ("max_pool2d", &[16, 5, 5][..]));
    assert_eq!(lens.layers().len(), lens.model().layers.len());
    let error = lens.layer("poool2").unwrap_err();
    assert!(error.to_string().contains("did you mean `pool2`?"), "{error}");
    let error = lens.ask(|view| vec![view.layer("nowhere")]).unwrap_err();
    assert!(error.to_string().contains("there is no layer `nowhere`"), "{error}");
}

#[test]
fn outputs_of_layers_are_those_of_the_model() {
    let lens = Lens::untrained(zoo::find("fashion_cnn").unwrap(), 3).unwrap();
    let samples = noise([3, 1, 28, 28], 1);
    let names: Vec<_> = lens.layers().iter().map(|layer| layer.name.as_str()).collect();
    let all = lens.outputs(&Workers::new(1), &names, &samples).unwrap();
    for (layer, values) in lens.layers().iter().zip(&all) {
        assert_eq!((values.shape()[0], &values.shape()[1..]), (3, &layer.output[..]), "{}", layer.name);
    }
    // One layer at a time gives the same numbers, up to fusion's rounding.
    for (name, values) in names.iter().zip(&all) {
        let alone = &lens.outputs(&Workers::new(1), &[name], &samples).unwrap()[0];
        let most = values.data().iter().fold(0f32, |m, x| m.max(x.abs()));
        assert!(alone.data().iter().zip(values.data()).all(|(a, b)| (a - b).abs() <= 1e-5 * most), "{name}");
    }
}

#[test]
fn a_question_may_take_more_inputs_and_gradients() {
    let lens = Lens::untrained(zoo::find("lenet5").unwrap(), 2).unwrap();
    let mut question = lens
        .ask(|view| {
            let weights = view.extra("class_weights", f32([1, 10]));
            let score = (view.output * weights).sum_all();
            let mut wanted = view.builder.grad(score, &[view.input, view.layer("pool1")]);
            wanted.push(view.output);
            wanted
        })
        .unwrap();
    let samples = noise([2, 1, 28, 28], 4);
    let mut one_hot = [0.0f32; 10];
    one_hot[7] = 1.0;
    let answer = question.answer(&Workers::new(1), &samples, &[Feed::F32(&one_hot)]).unwrap();
    assert_eq!(answer[1].shape()[..], [2, 6, 14, 14]);
    // Along the gradient the score rises as the gradient says.
    let slope: f64 = answer[0].data().iter().map(|g| f64::from(*g).powi(2)).sum();
    let step = 0.1f32;
    let moved = Array::from_fn(samples.shape().clone(), |i| samples.data()[i] + step * answer[0].data()[i]);
    let after = question.answer(&Workers::new(1), &moved, &[Feed::F32(&one_hot)]).unwrap();
    let score = |output: &Array<f32>| f64::from(output.at(&[0, 7])) + f64::from(output.at(&[1, 7]));
    let rise = (score(&after[2]) - score(&answer[2])) / f64::from(step);
    assert!((rise - slope).abs() < 0.02 * slope, "{rise} is not {slope}");
    // Another batch size is another plan of the same question; wrong inputs are errors.
    assert_eq!(question.answer(&Workers::new(1), &noise([5, 1, 28, 28], 4), &[Feed::F32(&one_hot)]).unwrap().len(), 3);
    let error = question.answer(&Workers::new(1), &samples, &[]).unwrap_err();
    assert!(error.to_string().contains("`class_weights` is missing"), "{error}");
    let error = question.answer(&Workers::new(1), &noise([2, 3, 28, 28], 4), &[Feed::F32(&one_hot)]).unwrap_err();
    assert!(error.to_string().contains("the samples do not fit the model"), "{error}");
    assert!(question.answer(&Workers::new(1), &Array::new([0, 1, 28, 28], vec![]), &[]).is_err());
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let other = Lens::untrained(zoo::find("mlp").unwrap(), 1).unwrap();
    let error = Lens::new(zoo::find("lenet5").unwrap(), other.store().clone()).unwrap_err();
    assert!(error.to_string().contains("the weights do not fit the model: `conv1.weight`"), "{error}");
}
