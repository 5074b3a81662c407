//! Back-propagation by hand: the slope it follows, what it learns, what it refuses.

use striate_classics::mlp::Mlp;
use striate_classics::online::LearnOne;
use striate_classics::{Rows, data};
use striate_tensor::Fault;

/// Err is −∂E/∂I, so the update is −l·∂E/∂w: held against central differences of E = ½Σ(T − O)².
#[test]
fn a_step_goes_down_the_slope_of_the_squared_error() {
    let (x, targets, rate) = ([0.3, -0.7, 1.1], [1.0, 0.0], 0.01);
    let network = Mlp::new(&[3, 4, 2], rate, 5).unwrap();
    let error = |network: &Mlp| -> f64 {
        let outputs = network.outputs(&x).unwrap();
        outputs.iter().zip(&targets).map(|(o, t)| 0.5 * f64::from(t - o).powi(2)).sum()
    };
    let mut learned = network.clone();
    learned.learn_targets(&x, &targets).unwrap();
    for layer in 0..2 {
        for weight in 0..network.weights(layer).len() {
            let moved = |by: f32| {
                let mut other = network.clone();
                let mut weights = network.weights(layer).to_vec();
                weights[weight] += by;
                other.set_layer(layer, &weights, network.bias(layer)).unwrap();
                error(&other)
            };
            let slope = (moved(0.01) - moved(-0.01)) / 0.02;
            let change = f64::from(learned.weights(layer)[weight] - network.weights(layer)[weight]);
            assert!(
                (change + f64::from(rate) * slope).abs() < 1e-5,
                "layer {layer}, weight {weight}: {change} {slope}"
            );
        }
    }
}

#[test]
fn learns_what_no_single_layer_can() {
    let (rows, labels) = ([0., 0., 0., 1., 1., 0., 1., 1.], [0, 1, 1, 0]);
    let rows = Rows::new(&rows, 2).unwrap();
    let mut network = Mlp::for_classes(2, &[4], 2, 2.0, 1).unwrap();
    for _ in 0..3000 {
        rows.iter().zip(labels).for_each(|(x, y)| network.learn_one(x, y).unwrap());
    }
    assert_eq!(network.accuracy(rows, &labels).unwrap(), 1.0);
}

#[test]
fn starts_are_small_and_the_seeds() {
    let of = |seed| Mlp::for_classes(4, &[8], 3, 0.5, seed).unwrap();
    let network = of(1);
    assert!(network.weights(0).iter().chain(network.bias(1)).all(|w| w.abs() <= 0.5 && *w != 0.0));
    assert!(network == of(1) && network != of(2));
}

#[test]
fn mistakes_are_refused() {
    for sizes in [&[3][..], &[3, 0, 1], &[]] {
        assert_eq!(Mlp::new(sizes, 0.5, 1).unwrap_err().fault(), Fault::Model);
    }
    assert_eq!(Mlp::new(&[3, 1], 0.0, 1).unwrap_err().fault(), Fault::Model);
    let iris = data::iris();
    let mut network = Mlp::for_classes(4, &[], 3, 0.5, 1).unwrap();
    assert_eq!(network.learn_one(iris.row(0), 3).unwrap_err().fault(), Fault::Data);
    assert_eq!(network.learn_one(&[1.0], 0).unwrap_err().fault(), Fault::Data);
    assert_eq!(network.learn_targets(iris.row(0), &[1.0]).unwrap_err().fault(), Fault::Data);
    assert_eq!(network.set_layer(1, &[], &[]).unwrap_err().fault(), Fault::Data);
    assert_eq!(network.set_layer(0, &[], &[]).unwrap_err().fault(), Fault::Data);
}
