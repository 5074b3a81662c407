//! What a textbook says of convolution and pooling, one test a statement, with its numbers.

use std::collections::{BTreeMap, BTreeSet};
use striate_graph::ops::conv::ConvLayer;
use striate_graph::ops::local::LocalLayer;
use striate_graph::ops::matmul::Dense;
use striate_graph::ops::pool::{AdaptivePoolLayer, PoolLayer};
use striate_graph::ops::subsample::SubsampleLayer;
use striate_graph::{Builder, Dim, Field, Graph, Layer, Mode, N, Scope, State, Trace, Value, f32, interpret};
use striate_tensor::{Array, Number, Rng};

// ------------------------------------------------------------------------------------------------- a stack of layers

/// Layers one after the other, called l1, l2, …, on samples of the given sizes. The graph's outputs are the output `y`,
/// the gradient `dx` of Σ y·upstream by the input, and those by the parameters, `dl1.weight`, ….
fn network(sizes: &[usize], layers: &[Layer]) -> Graph {
    let g = Builder::new();
    let x = g.input("x", f32([N].into_iter().chain(sizes.iter().map(|&size| Dim::from(size)))));
    let layer = |(x, number): (_, usize), layer: &Layer| {
        let scope = Scope { builder: &g, name: format!("l{number}"), mode: Mode::Train };
        (layer.apply(&[x], &scope), number + 1)
    };
    let y = layers.iter().fold((x, 1), layer).0.named("y");
    let upstream = g.input("upstream", y.ty());
    let parameters: Vec<_> = g.peek(|graph| graph.parameters().collect());
    let wrt: Vec<_> = [x].into_iter().chain(parameters.iter().map(|&id| g.var(id))).collect();
    let gradients = g.grad((y * upstream).sum_all(), &wrt);
    let names = parameters.iter().map(|&id| g.peek(|graph| format!("d{}", graph.value(id).name)));
    let names = ["dx".to_string()].into_iter().chain(names);
    // A sum of its own, since a gradient may be a value that has a name already, such as the upstream.
    let outputs = gradients.iter().zip(names).map(|(v, name)| (*v + 0.0).named(&name));
    let outputs: Vec<_> = [y].into_iter().chain(outputs).collect();
    g.finish(outputs).unwrap_or_else(|e| panic!("{e}"))
}

fn run<T: Number>(graph: &Graph, x: &Array<T>, upstream: Option<&Array<T>>, weights: &[(&str, Array<T>)]) -> Trace<T> {
    let shape = graph.value(graph.find("y").expect("named")).ty.shape_at(x.shape()[0]);
    let upstream = upstream.cloned().unwrap_or_else(|| Array::full(shape, T::one()));
    let state: State<T> = weights.iter().map(|(name, w)| (name.to_string(), w.clone().into())).collect();
    interpret(graph, &state, &[("x", x.clone().into()), ("upstream", upstream.into())])
        .unwrap_or_else(|e| panic!("{e}"))
}

/// The output of one layer, by its weights.
fn output(layer: impl Into<Layer>, x: &Array<f64>, weights: &[(&str, Array<f64>)]) -> Array<f64> {
    run(&network(&x.shape()[1..], &[layer.into()]), x, None, weights).output("y").real().clone()
}

/// The numbers 0, 1, 2, … in a shape.
fn arange<const R: usize>(shape: [usize; R]) -> Array<f64> {
    Array::from_fn(shape, |i| i as f64)
}

fn random<T: Number>(shape: &[usize], seed: u64) -> Array<T> {
    Array::from_fn(shape, |i| T::from_f64(Rng::new(seed).normal(i as u64).into()))
}

fn positive(shape: &[usize], seed: u64) -> Array<f64> {
    random::<f64>(shape, seed).map(|x| x.abs() + 0.1)
}

fn parameters(graph: &Graph) -> BTreeMap<String, (String, usize)> {
    let entry = |id| {
        let info = graph.value(id);
        let shape = info.ty.shape();
        (info.name.clone(), (shape.to_string(), shape.elements()))
    };
    graph.parameters().map(entry).collect()
}

/// The number of parameters of one layer.
fn count(sizes: &[usize], layer: impl Into<Layer>) -> usize {
    parameters(&network(sizes, &[layer.into()])).values().map(|(_, elements)| elements).sum()
}

fn output_sizes(sizes: &[usize], layers: &[Layer]) -> Vec<usize> {
    let graph = network(sizes, layers);
    graph.value(graph.find("y").expect("named")).ty.shape()[1..].to_vec()
}

fn conv(channels: usize, kernel: usize) -> ConvLayer {
    ConvLayer::new(2, channels, kernel)
}

fn plain(kernel: impl Into<striate_graph::layer::Axes>) -> ConvLayer {
    ConvLayer::new(2, 1, kernel).without_bias()
}

// -------------------------------------------------------------------------------------------------------- convolution

#[test]
fn a1_cross_correlation_of_an_array_with_a_kernel() {
    let y = output(plain(2), &arange([1, 1, 3, 3]), &[("l1.weight", arange([1, 1, 2, 2]))]);
    assert_eq!(y.data(), [19.0, 25.0, 37.0, 43.0]);
}

#[test]
fn a2_convolution_is_cross_correlation_with_the_kernel_flipped() {
    let y = output(plain(2).flipped(), &arange([1, 1, 3, 3]), &[("l1.weight", arange([1, 1, 2, 2]))]);
    assert_eq!(y.data(), [5.0, 11.0, 23.0, 29.0]);
}

/// Learning makes the two equivalent: with the mirrored kernel the outputs are equal and so is, mirrored, each step.
#[test]
fn a2_learning_makes_flipped_and_unflipped_kernels_equivalent() {
    let mirrored = |w: &Array<f64>| {
        let plane = w.shape()[2] * w.shape()[3];
        Array::from_fn(w.shape().clone(), |i| w.data()[i / plane * plane + plane - 1 - i % plane])
    };
    let (x, w) = (random(&[2, 2, 6, 5], 1), random(&[3, 2, 3, 2], 2));
    let layer = ConvLayer::new(2, 3, [3, 2]).without_bias();
    let direct = run(&network(&[2, 6, 5], &[layer.clone().into()]), &x, None, &[("l1.weight", w.clone())]);
    let flipped = run(&network(&[2, 6, 5], &[layer.flipped().into()]), &x, None, &[("l1.weight", mirrored(&w))]);
    assert_eq!(direct.output("y"), flipped.output("y"));
    assert_eq!(*direct.output("dl1.weight").real(), mirrored(flipped.output("dl1.weight").real()));
}

#[test]
fn a3_a_kernel_slides_over_an_image() {
    let bits = |text: &str| text.chars().filter(|c| *c != '/').map(|c| f64::from(c == '1')).collect();
    let x = Array::new([1, 1, 5, 5], bits("11100/01110/00111/00110/01100"));
    let y = output(plain(3), &x, &[("l1.weight", Array::new([1, 1, 3, 3], bits("101/010/101")))]);
    assert_eq!(y.data(), [4.0, 3.0, 4.0, 2.0, 4.0, 3.0, 2.0, 3.0, 4.0]);
}

#[test]
fn a4_the_layer_has_one_bias_for_each_output_channel() {
    let mut layer = ConvLayer::new(2, 3, [3, 5]);
    layer.padding = serde_json::from_str("[1, 2]").expect("padding of each axis");
    let graph = network(&[2, 3, 5], &[layer.into()]);
    let shapes: Vec<_> = parameters(&graph).into_values().map(|(shape, _)| shape).collect();
    assert_eq!(shapes, ["3", "3×2×3×5"], "bias and weight");
    let (x, b) = (random(&[4, 2, 3, 5], 1), Array::new([3], vec![0.5, -1.0, 2.0]));
    let trace = run(&graph, &x, None, &[("l1.weight", Array::full([3, 2, 3, 5], 0.0)), ("l1.bias", b.clone())]);
    let y = trace.output("y").real();
    assert_eq!(y.shape().to_string(), "4×3×3×5");
    assert!(y.data().iter().enumerate().all(|(i, &y)| y == b.data()[i / 15 % 3]));
}

#[test]
fn a5_padding_gives_n_minus_k_plus_padding_plus_1() {
    for (n, k, p) in [(8, 3, 0), (8, 3, 1), (5, 5, 2), (6, 4, 3), (7, 2, 1)] {
        assert_eq!(
            output_sizes(&[1, n, n], &[conv(1, k).padding(p).into()]),
            [1, n - k + 2 * p + 1, n - k + 2 * p + 1]
        );
    }
    for k in 0..4 {
        assert_eq!(output_sizes(&[1, 9, 7], &[conv(1, 2 * k + 1).padding(k).into()]), [1, 9, 7]);
        assert_eq!(output_sizes(&[1, 9, 7], &[conv(1, 2 * k + 1).same().into()]), [1, 9, 7]);
    }
    assert_eq!(output_sizes(&[3, 100, 100], &[conv(4, 3).padding(2).into()]), [4, 102, 102]);
}

#[test]
fn a6_stride_divides_the_size_on_each_axis_by_itself() {
    for (n, k, p) in [(8, 3, 1), (9, 3, 0), (11, 5, 2), (7, 2, 1)] {
        let expected = |s: usize| (n - k + 2 * p + s) / s;
        let layer = conv(1, k).padding(p).stride([3, 2]);
        assert_eq!(output_sizes(&[1, n, n], &[layer.into()]), [1, expected(3), expected(2)]);
    }
}

/// Two channels are summed; three kernel stacks give three channels.
#[test]
fn a7_several_input_and_output_channels() {
    let x = Array::from_fn([1, 2, 3, 3], |i| (i % 9 + i / 9) as f64);
    let stack = |k: usize| [0.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0].map(|w| w + k as f64);
    let w = Array::new([3, 2, 2, 2], (0..3).flat_map(stack).collect());
    let y = output(ConvLayer::new(2, 3, 2).without_bias(), &x, &[("l1.weight", w)]);
    assert_eq!(y.data(), [56.0, 72.0, 104.0, 120.0, 76.0, 100.0, 148.0, 172.0, 96.0, 128.0, 192.0, 224.0]);
}

#[test]
fn a8_a_one_by_one_convolution_is_a_dense_layer_at_each_pixel_to_the_last_bit() {
    let (samples, pixels) = (2, 5 * 4);
    let (x, w, b) = (random::<f32>(&[samples, 3, 5, 4], 1), random::<f32>(&[2, 3, 1, 1], 2), random::<f32>(&[2], 3));
    let weights = [("l1.weight", w.clone()), ("l1.bias", b.clone())];
    let conv = run(&network(&[3, 5, 4], &[conv(2, 1).into()]), &x, None, &weights);
    let pixel =
        |row: usize, channel: usize, channels: usize| (row / pixels * channels + channel) * pixels + row % pixels;
    let rows = Array::from_fn([samples * pixels, 3], |i| x.data()[pixel(i / 3, i % 3, 3)]);
    let weights = [("l1.weight", w.reshaped([2, 3])), ("l1.bias", b)];
    let dense = run(&network(&[3], &[Dense::new(2).into()]), &rows, None, &weights);
    for (i, y) in dense.output("y").real().data().iter().enumerate() {
        assert_eq!(y.to_bits(), conv.output("y").real().data()[pixel(i / 2, i % 2, 2)].to_bits());
    }
}

#[test]
fn a9_a_convolution_has_few_parameters_and_a_dense_layer_many() {
    assert_eq!(count(&[3, 32, 32], conv(10, 3)), 280);
    assert_eq!(count(&[3, 200, 100], conv(10, 3)), 280, "whatever the size of the image");
    assert_eq!(count(&[3 * 256 * 256], Dense::new(1000)), 196_609_000);
    assert_eq!(count(&[1000 * 1000], Dense::new(1_000_000).without_bias()), 1_000_000_000_000);
    assert_eq!(count(&[1, 1000, 1000], conv(100, 10).without_bias()), 10_000);
    let (ci, co, h, w) = (3, 5, 6, 7);
    let output = output_sizes(&[ci, h, w], &[ConvLayer::new(2, co, [3, 2]).into()]);
    let units: usize = output.iter().product();
    assert_eq!(count(&[ci, h, w], ConvLayer::new(2, co, [3, 2]).without_bias()), ci * co * 3 * 2);
    assert_eq!(count(&[ci * h * w], Dense::new(units).without_bias()), ci * co * h * w * output[1] * output[2]);
}

/// LeNet-5's C3 sees S2 through a table: 60 links and 16 biases. S2 and S4 learn two numbers a channel.
#[test]
fn a9_the_counts_of_lenet_5() {
    let table: Vec<Vec<usize>> = (0..16)
        .map(|o| match o {
            0..6 => (0..3).map(|i| (o + i) % 6).collect::<BTreeSet<_>>().into_iter().collect(),
            6..12 => (0..4).map(|i| (o + i) % 6).collect::<BTreeSet<_>>().into_iter().collect(),
            12..15 => [0, 1, 3, 4].map(|i| (o + i) % 6).into_iter().collect::<BTreeSet<_>>().into_iter().collect(),
            _ => (0..6).collect(),
        })
        .collect();
    assert_eq!(count(&[6, 14, 14], conv(16, 5).table(table)), 1516);
    assert_eq!(count(&[6, 14, 14], conv(16, 5)), 2416);
    assert_eq!(count(&[6, 28, 28], SubsampleLayer::new(2, 2)), 12);
    assert_eq!(count(&[16, 10, 10], SubsampleLayer::new(2, 2)), 32);
}

// ---------------------------------------------------------------------------------------------------- receptive field

/// The receptive field on each axis by the formula: r ← r + (extent − 1)·jump, jump ← jump·stride.
fn field_by_formula(graph: &Graph) -> Vec<usize> {
    let y = graph.find("y").expect("named");
    let last = graph.equations.iter().position(|e| e.outputs.contains(&y)).expect("computed");
    let mut axes: Vec<(usize, usize)> = vec![];
    for equation in &graph.equations[..=last] {
        match equation.op.field() {
            Field::Point => {}
            Field::Whole => panic!("no sliding window"),
            Field::Sliding(windows) => {
                axes.resize(windows.len(), (1, 1));
                for ((r, jump), w) in axes.iter_mut().zip(windows) {
                    *r += (w.extent() - 1) * *jump;
                    *jump *= w.stride;
                }
            }
        }
    }
    axes.into_iter().map(|(r, _)| r).collect()
}

/// The receptive field by the gradient of one output position in the middle: the extent of its support.
fn field_by_gradient(graph: &Graph, sizes: &[usize]) -> Vec<usize> {
    let weights: Vec<_> = graph
        .parameters()
        .map(|id| (graph.value(id).name.as_str(), positive(&graph.value(id).ty.shape(), 3)))
        .collect();
    let y = graph.value(graph.find("y").expect("named")).ty.shape();
    let middle = y.index(&y.iter().enumerate().map(|(axis, n)| if axis < 2 { 0 } else { n / 2 }).collect::<Vec<_>>());
    let one = Array::from_fn(y, |i| f64::from(u8::from(i == middle)));
    let x = positive(&[&[1], sizes].concat(), 4);
    let dx = run(graph, &x, Some(&one), &weights).output("dx").real().clone();
    let seen = (0..dx.data().len()).filter(|&i| dx.data()[i] != 0.0).map(|i| dx.shape().position(i));
    let seen: Vec<_> = seen.collect();
    let range = |axis: usize| seen.iter().map(move |at| at[axis]);
    (2..2 + sizes.len() - 1).map(|a| range(a).max().unwrap_or(0) + 1 - range(a).min().unwrap_or(0)).collect()
}

#[test]
fn a10_the_receptive_field_grows_through_the_layers() {
    let check = |sizes: &[usize], layers: &[Layer], expected: &[usize]| {
        let graph = network(sizes, layers);
        assert_eq!(field_by_formula(&graph), expected, "by the formula");
        assert_eq!(field_by_gradient(&graph, sizes), expected, "by the gradient");
    };
    check(&[1, 7, 7], &[conv(1, 2).into(), conv(1, 2).into()], &[3, 3]);
    check(&[1, 9, 9], &[conv(2, 3).into(), conv(1, 3).into()], &[5, 5]);
    check(&[1, 9, 9], &[conv(1, 5).into()], &[5, 5]);
    let pool = || Layer::from(PoolLayer::mean(2, 2));
    check(&[1, 16, 16], &[conv(2, 3).into(), pool(), conv(1, 3).into()], &[8, 8]);
    check(&[2, 22, 22], &[conv(2, 3).into(), pool(), conv(2, 3).into(), pool()], &[10, 10]);
    let relu = Layer::from(striate_graph::ops::activation::Activation::named("softplus").expect("in the table"));
    check(&[1, 16, 16], &[conv(2, 3).same().into(), relu, conv(1, 3).stride(2).into(), conv(1, 2).into()], &[7, 7]);
    check(&[1, 15, 15], &[conv(1, 3).dilation(2).into(), ConvLayer::new(2, 1, [1, 3]).into()], &[5, 7]);
    check(&[1, 30], &[ConvLayer::new(1, 2, 4).stride(3).into(), ConvLayer::new(1, 1, 3).into()], &[10]);
}

/// 5×5 → 3×3 → 1×1: two 3×3 kernels see what one 5×5 kernel sees.
#[test]
fn a10_two_layers_of_3_take_5_to_1() {
    assert_eq!(output_sizes(&[1, 5, 5], &[conv(1, 3).into()]), [1, 3, 3]);
    assert_eq!(output_sizes(&[1, 5, 5], &[conv(1, 3).into(), conv(1, 3).into()]), [1, 1, 1]);
    assert_eq!(output_sizes(&[1, 5, 5], &[conv(1, 5).into()]), [1, 1, 1]);
}

// ------------------------------------------------------------------------------------------------ sizes, sharing, rank

#[test]
fn a11_the_same_weights_run_on_any_image_at_least_as_large_as_the_kernel() {
    let layers = || [conv(2, 3).stride(4).into(), PoolLayer::max(2, 2).into(), conv(1, 3).stride(3).into()];
    let small = network(&[3, 100, 100], &layers());
    let large = network(&[3, 256, 256], &layers());
    assert_eq!(parameters(&small), parameters(&large));
    let weights: Vec<_> = parameters(&small)
        .into_iter()
        .zip([&[2][..], &[2, 3, 3, 3], &[1], &[1, 2, 3, 3]])
        .map(|((name, _), shape)| (name, random::<f32>(shape, 1)))
        .collect();
    let weights: Vec<_> = weights.iter().map(|(name, w)| (name.as_str(), w.clone())).collect();
    for (graph, size, expected) in [(&small, 100, "1×1×4×4"), (&large, 256, "1×1×10×10")] {
        let y = run(graph, &random(&[1, 3, size, size], 2), None, &weights);
        assert_eq!(y.output("y").shape().to_string(), expected);
    }
    assert_eq!(output_sizes(&[3, 3, 3], &[conv(2, 3).into()]), [2, 1, 1]);
    let g = Builder::new();
    let scope = Scope { builder: &g, name: "l1".into(), mode: Mode::Train };
    let y = Layer::from(conv(2, 3)).apply(&[g.input("x", f32([N, 3.into(), 2.into(), 3.into()]))], &scope);
    let error = g.finish([y]).expect_err("smaller than the kernel").to_string();
    assert!(error.contains("does not fit"), "{error}");
}

/// A convolution is a dense layer under two strong priors: zeros outside the field, and shared entries.
#[test]
fn a12_a_convolution_is_a_sparse_dense_layer_with_shared_entries() {
    let sizes = [2, 5, 4];
    let layer = ConvLayer::new(2, 3, [3, 2]).without_bias();
    let operation = layer.operation(&f32([1, 2, 5, 4])).expect("it fits");
    let (x, w) = (random(&[2, 2, 5, 4], 1), random::<f64>(&[3, 2, 3, 2], 2));
    let y = output(layer.clone(), &x, &[("l1.weight", w.clone())]);

    let (inputs, units) = (2 * 5 * 4, y.shape().elements() / 2);
    let mut matrix = Array::full([units, inputs], 0.0);
    let mut joined = 0;
    operation.geometry(1).each_triple(|x, tap, unit| {
        matrix.data_mut()[unit * inputs + x] = w.data()[tap];
        joined += 1;
    });
    let flat = x.clone().reshaped([2, inputs]);
    let dense = output(Dense::new(units).without_bias(), &flat, &[("l1.weight", matrix.clone())]);
    let close = |a: &Array<f64>| a.data().iter().zip(y.data()).all(|(a, b)| (a - b).abs() < 1e-12);
    assert!(close(&dense), "the matrix gives the same output");
    let entries: Vec<_> = matrix.data().iter().filter(|w| **w != 0.0).map(|w| w.to_bits()).collect();
    assert_eq!(entries.len(), joined, "zeros outside the receptive field");
    assert_eq!(entries.iter().collect::<BTreeSet<_>>().len(), w.data().len(), "shared entries");

    // Between the two: a kernel for each position, zeros outside the field but nothing shared.
    let positions = operation.geometry(1).positions();
    let repeated = Array::from_fn([positions, 3, 2, 3, 2], |i| w.data()[i % w.data().len()]);
    let local = LocalLayer(layer.clone());
    assert!(close(&output(local.clone(), &x, &[("l1.weight", repeated)])), "with equal kernels it is the convolution");
    let counts = [count(&sizes, layer), count(&sizes, local), count(&[inputs], Dense::new(units).without_bias())];
    assert_eq!(counts, [36, 36 * positions, units * inputs]);
    assert_eq!(counts[1], joined);
}

#[test]
fn a13_one_two_and_three_spatial_axes_without_any_dense_layer() {
    for rank in 1..=3 {
        let layers = [
            ConvLayer::new(rank, 4, 3).same().into(),
            PoolLayer::max(rank, 2).into(),
            ConvLayer::new(rank, 5, 1).into(),
            AdaptivePoolLayer::global_mean().into(),
        ];
        for size in [4, 7] {
            let sizes = [vec![2], vec![size; rank]].concat();
            assert_eq!(output_sizes(&sizes, &layers), [vec![5], vec![1; rank]].concat());
            assert_eq!(output_sizes(&sizes, &layers[..3]), [vec![5], vec![size / 2; rank]].concat());
        }
    }
}

// ------------------------------------------------------------------------------------------------------------ pooling

#[test]
fn b1_pooling_works_channel_by_channel_with_padding_and_a_stride_for_each_axis() {
    let x = arange([1, 2, 4, 4]);
    let y = output(PoolLayer::max(2, 3).padding(1).stride([2, 1]), &x, &[]);
    assert_eq!(y.data()[..8], [5.0, 6.0, 7.0, 7.0, 13.0, 14.0, 15.0, 15.0]);
    assert_eq!(y.data()[8..], [21.0, 22.0, 23.0, 23.0, 29.0, 30.0, 31.0, 31.0]);
    let y = output(PoolLayer::mean(2, [2, 4]), &x, &[]);
    assert_eq!(y.data(), [3.5, 11.5, 19.5, 27.5]);
}

#[test]
fn b2_a_window_of_10_samples_20_pixels_to_2() {
    for layer in [PoolLayer::max(2, 10), PoolLayer::mean(2, 10)] {
        assert_eq!(output_sizes(&[1, 20, 20], &[layer.into()]), [1, 2, 2]);
    }
}

#[test]
fn b3_mean_pooling_shares_the_gradient_in_equal_parts() {
    let graph = network(&[1, 4, 4], &[PoolLayer::mean(2, 2).into()]);
    let upstream = Array::new([1, 1, 2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    let dx = run(&graph, &arange([1, 1, 4, 4]), Some(&upstream), &[]).output("dx").real().clone();
    let rows = [[0.25, 0.25, 0.5, 0.5], [0.25, 0.25, 0.5, 0.5], [0.75, 0.75, 1.0, 1.0], [0.75, 0.75, 1.0, 1.0]];
    assert_eq!(dx.data(), rows.concat());
    assert_eq!(dx.data().iter().sum::<f64>(), 10.0, "the sum is kept");
}

#[test]
fn b4_max_pooling_hands_the_whole_gradient_to_the_recorded_maximum() {
    let graph = network(&[1, 4, 4], &[PoolLayer::max(2, 2).into()]);
    let x = [[1.0, 5.0, 2.0, 2.0], [3.0, 0.0, 2.0, 2.0], [0.0, 0.0, 7.0, 8.0], [0.0, 9.0, 9.0, 1.0]].concat();
    let upstream = Array::new([1, 1, 2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    let trace = run(&graph, &Array::new([1, 1, 4, 4], x), Some(&upstream), &[]);
    assert_eq!(trace.output("y").real().data(), [5.0, 2.0, 9.0, 9.0]);
    let pool = &graph.equations[0];
    let Value::Index(indices) = trace.value(pool.outputs[1]) else { panic!("the second output is the indices") };
    assert_eq!(indices.data(), [1, 0, 3, 2], "taps are counted row by row in the window; the first one on ties");
    let dx = trace.output("dx").real();
    let rows = [[0.0, 1.0, 2.0, 0.0], [0.0; 4], [0.0; 4], [0.0, 3.0, 4.0, 0.0]];
    assert_eq!(dx.data(), rows.concat());
    assert_eq!(dx.data().iter().sum::<f64>(), 10.0, "the sum is kept");
}

#[test]
fn b5_pooling_has_no_parameters_keeps_the_channels_and_lets_the_gradient_through() {
    for pool in [PoolLayer::max(2, 2), PoolLayer::mean(2, 2)] {
        assert_eq!(count(&[7, 6, 6], pool.clone()), 0);
        assert_eq!(output_sizes(&[7, 6, 6], &[pool.clone().into()]), [7, 3, 3]);
        let graph = network(&[1, 7, 7], &[conv(2, 2).into(), pool.into(), conv(1, 3).into()]);
        let weights = [
            ("l1.weight", random::<f64>(&[2, 1, 2, 2], 1)),
            ("l1.bias", random(&[2], 2)),
            ("l3.weight", random(&[1, 2, 3, 3], 3)),
            ("l3.bias", random(&[1], 4)),
        ];
        let trace = run(&graph, &random(&[1, 1, 7, 7], 5), None, &weights);
        assert!(trace.output("dl1.weight").real().data().iter().all(|d| *d != 0.0), "the layer before it learns");
    }
}
