//! Traces of single units, kernels, dense matrices: held against what networks compute.

use striate::data::{Dataset, Digits};
use striate::explain::{Connectivity, KernelBank, Lens, Order, Step, activity, compare, dense, to_dense_matrix, trace};
use striate::graph::ops::conv::Conv;
use striate::graph::{State, Value, interpret};
use striate::plan::{Store, Tensor, Workers};
use striate::prelude::*;
use striate::tensor::{Array, Rng};

fn noise(shape: impl Into<Shape>, seed: u64) -> Array<f32> {
    let rng = Rng::new(seed);
    Array::from_fn(shape, |i| rng.normal(i as u64))
}

#[track_caller]
fn close(a: f32, b: f32, scale: f32) {
    assert!((a - b).abs() <= 1e-5 * scale.max(1.0), "{a} is not {b}");
}

/// Every value of the model for a sample in 64 bits, by the interpreter.
fn interpreted(lens: &Lens, sample: &Array<f32>, layer: &str) -> Vec<f64> {
    let builder = Builder::for_inference();
    let built = lens.model().build(&builder, Mode::Infer);
    let id = built.layers.iter().find(|l| l.name == layer).and_then(|l| l.output.id()).unwrap();
    let graph = builder.finish([built.output]).unwrap();
    let state: State<f64> = lens
        .store()
        .iter()
        .filter_map(|(name, tensor)| match tensor {
            Tensor::F32(array) => Some((name.to_string(), Value::Real(array.map(f64::from)))),
            Tensor::I32(_) => None,
        })
        .collect();
    let trace = interpret::<f64>(&graph, &state, &[("input", Value::Real(sample.map(f64::from)))]).unwrap();
    trace.value(id).real().data().to_vec()
}

/// The numbers of a unit make its output, which is the interpreter's, and hand back what they must.
#[test]
fn a_traced_unit_adds_up() {
    let (lens, workers) = (Lens::untrained(zoo::find("lenet5").unwrap(), 7).unwrap(), Workers::new(1));
    let sample = noise([1, 1, 28, 28], 3);
    for (layer, channel, place) in [
        ("conv1", 2, vec![0, 5]),
        ("conv2", 11, vec![9, 4]),
        ("relu1", 3, vec![13, 20]),
        ("pool1", 4, vec![3, 4]),
        ("pool2", 15, vec![4, 0]),
        ("dense1", 17, vec![]),
        ("dense3", 9, vec![]),
    ] {
        let told = trace(&lens, &workers, &sample, layer, channel, &place, Some(4)).unwrap_or_else(|e| panic!("{e}"));
        let shape = &lens.layer(layer).unwrap().output;
        let unit: Vec<usize> = [channel].into_iter().chain(place.iter().copied()).collect();
        let expected = interpreted(&lens, &sample, layer)[shape.index(&unit)] as f32;
        close(told.output, expected, expected.abs());
        match &told.step {
            Step::WeightedSum { terms, left_out, sum, bias, .. } => {
                close((*sum + f64::from(bias.unwrap())) as f32, told.output, 1.0);
                let shown: f64 = terms.iter().map(|t| f64::from(t.product)).sum();
                assert_eq!(*left_out == 0, (shown - sum).abs() < 1e-6, "{layer}");
                for t in terms {
                    close(t.product, t.value * t.weight.unwrap(), 1.0);
                    assert_eq!(t.value_gradient, told.output_gradient * t.weight.unwrap());
                    assert_eq!(t.weight_gradient, Some(told.output_gradient * t.value));
                }
            }
            Step::Maximum { terms, winner, tap } => {
                assert_eq!((terms.len(), tap), (4, winner));
                assert!(terms.iter().all(|t| t.value <= terms[*winner].value));
                assert_eq!(terms[*winner].value, told.output);
                // Windows do not overlap: all that reaches the maximum comes from this unit.
                for (i, t) in terms.iter().enumerate() {
                    close(t.value_gradient_total, if i == *winner { told.output_gradient } else { 0.0 }, 1.0);
                }
            }
            Step::Function { value, slope, value_gradient_total } => {
                assert_eq!(value.max(0.0), told.output);
                let wanted = if *value > 0.0 { told.output_gradient } else { 0.0 };
                close(*value_gradient_total, wanted, 1.0);
                assert!(slope.is_none_or(|slope| slope == 0.0 || slope == 1.0));
            }
            Step::Mean { .. } => panic!("LeNet-5 has no mean pool"),
        }
    }
}

/// A weight's gradient is the sum of the parts of all units that use it; a pixel's, of all that read it.
#[test]
fn the_parts_of_all_units_are_the_whole() {
    let model = Model::new("m", [1, 5, 5]).classes(2).conv2d(2, 3).tanh().mean_pool2d(3).flatten().dense(2).finish();
    let (lens, workers) = (Lens::untrained(model.unwrap(), 7).unwrap(), Workers::new(1));
    let sample = noise([1, 1, 5, 5], 3);
    let (mut weight, mut pixel, mut bias) = (0.0, 0.0, 0.0);
    let (mut weight_total, mut pixel_total, mut bias_total) = (0.0, 0.0, 0.0);
    for channel in 0..2 {
        for place in (0..9).map(|i| [i / 3, i % 3]) {
            let told = trace(&lens, &workers, &sample, "conv1", channel, &place, None).unwrap();
            let Step::WeightedSum { terms, bias_gradient_total, .. } = told.step else { panic!("a convolution") };
            for (tap, t) in terms.iter().enumerate() {
                if channel == 1 && tap == 5 {
                    weight += t.weight_gradient.unwrap();
                    weight_total = t.weight_gradient_total.unwrap();
                }
                if t.place == [2, 1] {
                    pixel += t.value_gradient;
                    pixel_total = t.value_gradient_total;
                }
            }
            if channel == 1 {
                bias += told.output_gradient;
                bias_total = bias_gradient_total.unwrap();
            }
        }
    }
    assert!(weight != 0.0 && pixel != 0.0 && bias != 0.0);
    close(weight, weight_total, weight.abs());
    close(pixel, pixel_total, pixel.abs());
    close(bias, bias_total, bias.abs());
    let told = trace(&lens, &workers, &sample, "pool1", 1, &[0, 0], None).unwrap();
    let Step::Mean { terms, count } = &told.step else { panic!("a mean pool") };
    assert_eq!((terms.len(), *count), (9, 9));
    close(terms.iter().map(|t| t.product).sum(), told.output, 1.0);
    terms.iter().for_each(|t| close(t.value_gradient_total, told.output_gradient / 9.0, 1.0));
}

#[test]
fn units_that_cannot_be_traced_say_why() {
    let (lens, workers) = (Lens::untrained(zoo::find("lenet5").unwrap(), 7).unwrap(), Workers::new(1));
    let sample = noise([1, 1, 28, 28], 3);
    for (layer, channel, place, label, wanted) in [
        ("pol1", 0, vec![0, 0], None, "did you mean `pool1`?"),
        ("pool1", 6, vec![0, 0], None, "no such unit"),
        ("pool1", 0, vec![14, 0], None, "a unit of 6×14×14"),
        ("dense1", 0, vec![0, 0], None, "a dense layer has channels alone"),
        ("pool1", 0, vec![0, 0], Some(10), "a number below 10"),
        ("flatten1", 3, vec![], None, "cannot be traced"),
    ] {
        let error = trace(&lens, &workers, &sample, layer, channel, &place, label).unwrap_err().to_string();
        assert!(error.contains(wanted), "{layer}: {error}");
    }
    let two = noise([2, 1, 28, 28], 3);
    assert!(trace(&lens, &workers, &two, "pool1", 0, &[0, 0], None).is_err());
}

/// LeNet-5 with kernels made for the purpose: 1 is a copy of 0 at twice the size, 2 is tiny, 3 only ever says no.
fn made() -> Lens {
    let model = zoo::find("lenet5").unwrap();
    let mut store = Store::new(&model.graph_for_inference().unwrap(), 4);
    let Some(Tensor::F32(weights)) = store.get("conv1.weight").cloned() else { panic!("weights") };
    let data = Array::from_fn(weights.shape().clone(), |i| match i / 25 {
        1 => 2.0 * weights.data()[i % 25],
        2 => 1e-4 * weights.data()[i],
        _ => weights.data()[i],
    });
    store.set("conv1.weight", Tensor::F32(data)).unwrap();
    let bias = Array::new([6], vec![0.0, 0.0, 0.0, -1e6, 0.0, 0.0]);
    store.set("conv1.bias", Tensor::F32(bias)).unwrap();
    Lens::new(model, store).unwrap()
}

#[test]
fn dead_and_double_kernels_are_named() {
    let lens = made();
    let bank = KernelBank::of(&lens, "conv1").unwrap();
    assert_eq!((bank.count(), bank.size()), (6, (5, 5)));
    assert_eq!(bank.duplicates().iter().map(|(a, b, _)| (*a, *b)).collect::<Vec<_>>(), [(0, 1)]);
    let digits: Dataset = Digits::test();
    let (watched, ranges) = activity(&lens, &Workers::new(2), "conv1", &digits).unwrap();
    assert_eq!(watched, "relu1");
    let facts = bank.facts(Some(&ranges));
    let named = |of: fn(&striate::explain::KernelFacts) -> bool| {
        facts.iter().filter(|f| of(f)).map(|f| f.channel).collect::<Vec<_>>()
    };
    assert_eq!(named(|f| f.dead_by_norm), [2]);
    assert_eq!(named(|f| f.dead_by_output == Some(true)), [3]);
    let order = bank.order(Order::Norm);
    assert_eq!((order[0], order[5]), (1, 2));
    assert!(bank.order(Order::Frequency) != bank.order(Order::Index));
    let error = KernelBank::of(&lens, "pool1").unwrap_err().to_string();
    assert!(error.contains("has no kernels") && error.contains("conv1, conv2"), "{error}");
}

#[test]
fn kernels_of_a_table_have_the_planes_of_their_links() {
    let lens = Lens::untrained(zoo::find("lenet5_1998").unwrap(), 1).unwrap();
    let bank = KernelBank::of(&lens, "C3").unwrap();
    let planes: Vec<usize> = (0..16).map(|c| bank.planes(c).len()).collect();
    assert_eq!((planes.iter().sum::<usize>(), planes[0], planes[15]), (60, 3, 6));
    assert_eq!(bank.planes(0).iter().map(|p| p.0).collect::<Vec<_>>(), [0, 1, 2]);
}

/// The dense matrix gives what the convolution gives, for strides, padding, dilation, groups, tables, flipped kernels.
#[test]
fn the_dense_matrix_is_the_convolution() {
    for text in [
        "n1 c1 3x3 -> o1 k2x2",
        "n1 c3 9x7 -> o4 k3x2 s2x1 p1x0",
        "n1 c4 8x8 -> o6 k3x3 p1 d2 g2",
        "n1 c2 12 -> o3 k4 s3 p1",
        "n1 c3 6x6 -> o5 k3x3 table",
        "n1 c2 5x5 -> o2 k3x3 flip",
        "n1 c1 4x4x4 -> o2 k2x2x2",
    ] {
        let (_, conv) = Conv::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let x = noise(conv.input().shape(), 1);
        let w = noise(conv.weight().shape(), 2);
        let matrix = to_dense_matrix(&conv, &w).unwrap();
        let builder = Builder::new();
        let y = builder.apply(conv.clone(), &[builder.input("x", conv.input()), builder.constant(w.clone())]).get(0);
        let graph = builder.finish([y]).unwrap();
        let mut plan = striate::plan::Plan::new(&graph, 1, &Default::default()).unwrap();
        plan.run(&Workers::new(1), &mut Store::default(), &[striate::plan::Feed::F32(x.data())]).unwrap();
        let applied = matrix.apply(x.data());
        assert_eq!(applied.len(), plan.output(0).len(), "{text}");
        applied.iter().zip(plan.output(0)).for_each(|(a, b)| close(*a, *b, 4.0));
        assert!(matrix.sparsity() > 0.0 && matrix.sharing() >= 1.0, "{text}");
    }
    let (_, conv) = Conv::parse("n1 c1 3x3 -> o1 k2x2").unwrap();
    assert!(to_dense_matrix(&conv, &noise([5], 1)).is_err());
    // The article's first example: a matrix of 4×9, of whose elements 16 are not 0.
    let w = Array::new([1, 1, 2, 2], vec![0.0, 1.0, 2.0, 3.0]);
    let matrix = to_dense_matrix(&conv, &w).unwrap();
    assert_eq!((matrix.rows, matrix.columns, matrix.entries.len(), matrix.sharing()), (4, 9, 16, 4.0));
    assert_eq!(matrix.apply(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]), [19.0, 25.0, 37.0, 43.0]);
}

/// Parameters of convolutions beside dense layers: the article's numbers.
#[test]
fn parameters_of_the_article() {
    // 10 filters of 3×3 on RGB.
    let (_, conv) = Conv::parse("n1 c3 256x256 -> o10 k3x3").unwrap();
    assert_eq!(compare(&conv, true).convolution.parameters, 280);
    // 3×256×256 to 1000 units.
    assert_eq!(dense(3 * 256 * 256, 1000, true).parameters, 196_609_000);
    // 1000×1000 pixels to 10⁶ units; 100 filters of 10×10.
    assert_eq!(
        dense(1_000_000, 1_000_000, false),
        Connectivity { parameters: 10u128.pow(12), connections: 10u128.pow(12) }
    );
    let (_, conv) = Conv::parse("n1 c1 1000x1000 -> o100 k10x10 s10x10").unwrap();
    assert_eq!(compare(&conv, false).convolution.parameters, 10_000);
    // 10⁶ units that see 10×10 pixels each, no weight shared: 10⁸.
    assert_eq!(compare(&conv, false).local.parameters, 100_000_000);
    // The three in one geometry, without padding: local and shared have the same connections.
    let (_, conv) = Conv::parse("n1 c1 28x28 -> o6 k5x5").unwrap();
    let sides = compare(&conv, true);
    assert_eq!(sides.local.connections, sides.convolution.connections);
    assert_eq!(sides.convolution, Connectivity { parameters: 156, connections: 6 * 576 * 26 });
    assert_eq!((sides.local.parameters, sides.dense.parameters), (6 * 576 * 26, 784 * 3456 + 3456));
}
