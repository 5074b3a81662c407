//! Worked examples of the textbooks, with the numbers that they print.

use striate_graph::ops::conv::Conv;
use striate_graph::ops::pool::{MaxPool, MeanPool, Windows};
use striate_graph::optim::{Optimizer, Sgd};
use striate_graph::{Builder, Init, Op, State, Trace, Value, f32, interpret};
use striate_tensor::{Array, Window};

fn real(sizes: &[usize], numbers: &[f64]) -> Value<f64> {
    Array::new(sizes, numbers.to_vec()).into()
}

#[track_caller]
fn assert_prints(found: &[f64], printed: &[f64], digits: i32) {
    let half = 0.5000001 * 10f64.powi(-digits);
    let same = found.len() == printed.len() && found.iter().zip(printed).all(|(a, b)| (a - b).abs() <= half);
    assert!(same, "{found:?} does not round to {printed:?}");
}

/// Kernels slide as they are, or with `flip` turned upside down and left to right.
#[track_caller]
fn convolved(problem: &str, x: &[f64], w: &[f64]) -> Vec<f64> {
    let (_, conv) = Conv::parse(problem).unwrap();
    let (x, w) = (real(&conv.input().shape(), x), real(&conv.weight().shape(), w));
    Op::from(conv).reference(&[&x, &w])[0].real().data().to_vec()
}

#[test]
fn cross_correlation_and_true_convolution() {
    let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let w = [0.0, 1.0, 2.0, 3.0];
    assert_eq!(convolved("c1 3x3 -> o1 k2", &x, &w), [19.0, 25.0, 37.0, 43.0]);
    assert_eq!(convolved("c1 3x3 -> o1 k2 flip", &x, &w), [5.0, 11.0, 23.0, 29.0]);
    let turned: Vec<_> = w.iter().rev().copied().collect();
    assert_eq!(convolved("c1 3x3 -> o1 k2 flip", &x, &turned), convolved("c1 3x3 -> o1 k2", &x, &w));
}

#[test]
fn a_cross_slides_over_a_diagonal() {
    let bits = |text: &str| text.chars().filter_map(|c| c.to_digit(2)).map(f64::from).collect::<Vec<_>>();
    let (image, kernel) = (bits("11100/01110/00111/00110/01100"), bits("101/010/101"));
    assert_eq!(convolved("c1 5x5 -> o1 k3", &image, &kernel), [4.0, 3.0, 4.0, 2.0, 4.0, 3.0, 2.0, 3.0, 4.0]);
}

/// The gradient by a 4×4 image of a loss whose gradient by the four outputs of a 2×2 pool is 1, 2, 3, 4.
fn pooled_back(pool: impl Into<Op>, image: &[f64]) -> Trace<f64> {
    let g = Builder::new();
    let x = g.input("x", f32([1, 1, 4, 4]));
    let outputs = g.apply(pool, &[x]);
    outputs.iter().last().unwrap().named("last");
    let arriving = g.constant(Array::new([1, 1, 2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    let slope = g.grad((outputs.get(0) * arriving).sum_all(), &[x])[0].named("slope");
    let graph = g.finish([slope]).unwrap();
    interpret(&graph, &State::new(), &[("x", real(&[1, 1, 4, 4], image))]).unwrap()
}

fn two_by_two() -> Windows {
    Windows::Sliding(vec![Window { input: 4, kernel: 2, stride: 2, dilation: 1, before: 0, after: 0 }; 2])
}

#[test]
fn mean_pooling_shares_the_gradient_in_equal_parts() {
    let pool = MeanPool { channels: 1, windows: two_by_two(), count_padding: false };
    let trace = pooled_back(pool, &[0.0; 16]);
    let (top, bottom) = ([0.25, 0.25, 0.5, 0.5], [0.75, 0.75, 1.0, 1.0]);
    let slope = trace.output("slope").real().data();
    assert_eq!(slope, [top, top, bottom, bottom].as_flattened());
    assert_eq!(slope.iter().sum::<f64>(), 1.0 + 2.0 + 3.0 + 4.0);
}

#[test]
fn max_pooling_hands_the_gradient_to_the_recorded_index() {
    // The second window has a tie, which its first pixel wins.
    let image = [
        [1.0, 2.0, 7.0, 7.0], //
        [3.0, 0.0, 7.0, 1.0],
        [5.0, 4.0, 0.0, 0.0],
        [1.0, 2.0, 0.0, 9.0],
    ];
    let trace = pooled_back(MaxPool { channels: 1, windows: two_by_two() }, image.as_flattened());
    assert_eq!(trace.output("last").index().data(), [2, 0, 0, 3]);
    let expected = [
        [0.0, 0.0, 2.0, 0.0], //
        [1.0, 0.0, 0.0, 0.0],
        [3.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 4.0],
    ];
    assert_eq!(trace.output("slope").real().data(), expected.as_flattened());
}

/// Back-propagation as taught: three inputs, units 4 and 5 hidden, unit 6 the output; I_j = Σ w_ij·O_i + θ_j and
/// O = logistic(I). The error of a unit, Err_j = −∂E/∂I_j for E = ½·(T − O)², is O(1 − O)(T − O) at the output and
/// O(1 − O)·Σ Err_k·w_jk in between; then w_ij grows by rate·Err_j·O_i and θ_j by rate·Err_j.
#[test]
fn back_propagation_through_the_3_2_1_network() {
    let g = Builder::new();
    let start =
        |name: &str, sizes: [usize; 2], numbers: &[f32]| g.parameter(name, f32(sizes), Init::Values(numbers.to_vec()));
    let x = g.input("x", f32([1, 3]));
    let target = g.input("target", f32([1, 1]));
    // Row i holds the weights w_ij that leave unit i.
    let hidden_weights = start("w14 w15 w24 w25 w34 w35", [3, 2], &[0.2, -0.3, 0.4, 0.1, -0.5, 0.2]);
    let hidden_biases = start("θ4 θ5", [1, 2], &[-0.4, 0.2]);
    let output_weights = start("w46 w56", [2, 1], &[-0.3, -0.2]);
    let output_bias = start("θ6", [1, 1], &[0.1]);

    let hidden_input = (x.matmul(hidden_weights) + hidden_biases).named("I4 I5");
    let hidden = hidden_input.logistic().named("O4 O5");
    let output_input = (hidden.matmul(output_weights) + output_bias).named("I6");
    let output = output_input.logistic().named("O6");
    let error = output - target;
    let loss = (error * error * 0.5).sum_all();

    let inputs = g.grad(loss, &[hidden_input, output_input]);
    let errors = [(-inputs[0]).named("Err4 Err5"), (-inputs[1]).named("Err6")];
    let parameters = [hidden_weights, hidden_biases, output_weights, output_bias];
    let slopes = g.grad(loss, &parameters);
    let pairs: Vec<_> = parameters.into_iter().zip(slopes).collect();
    let descent = Optimizer::from(Sgd { momentum: 0.0, ..Sgd::default() });
    descent.append(&g, &pairs, g.input("learning_rate", f32([1])));
    let graph = g.finish([output, errors[0], errors[1]]).unwrap();

    let given = [
        ("x", real(&[1, 3], &[1.0, 0.0, 1.0])),
        ("target", real(&[1, 1], &[1.0])),
        ("learning_rate", real(&[1], &[0.9])),
    ];
    let trace = interpret(&graph, &graph.initial_state(1), &given).unwrap();
    let value = |name: &str| trace.output(name).real().data().to_vec();
    assert_prints(&value("I4 I5"), &[-0.7, 0.1], 6);
    assert_prints(&value("O4 O5"), &[0.332, 0.525], 3);
    assert_prints(&value("O6"), &[0.474], 3);
    // The book goes on with the rounded output: 0.474·(1 − 0.474)² prints as 0.1311, the error itself as 0.1312.
    assert_prints(&[0.474 * (1.0 - 0.474) * (1.0 - 0.474)], &[0.1311], 4);
    assert_prints(&value("Err6"), &[0.1312], 4);
    assert_prints(&value("Err4 Err5"), &[-0.0087, -0.0065], 4);

    let next = trace.next_state();
    let value = |name: &str| next[name].real().data().to_vec();
    assert_prints(&value("w46 w56"), &[-0.261, -0.138], 3);
    assert_prints(&value("w14 w15 w24 w25 w34 w35"), &[0.192, -0.306, 0.4, 0.1, -0.508, 0.194], 3);
    assert_prints(&value("θ6"), &[0.218], 3);
    assert_prints(&value("θ4 θ5"), &[-0.408, 0.194], 3);
}
