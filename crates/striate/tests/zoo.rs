//! The models of the zoo: their counts, and their way to a file and back.

use striate::graph::{Dim, Value, interpret};
use striate::prelude::*;
use striate::tensor::{Array, Rng};

#[test]
fn every_model_is_sound_and_survives_the_way_to_a_file_and_back() {
    for entry in zoo::all() {
        let model = (entry.make)();
        assert_eq!(model.name, entry.name);
        let model = model.finish().unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        let text = model.to_toml();
        let back = Model::from_toml(&text, "model.toml").unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(back, model, "{text}");
        assert_eq!(back.to_toml(), text);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(145), "a line of {widest:?} columns in\n{text}");
    }
}

#[test]
fn every_model_has_a_graph_to_infer() {
    for entry in zoo::all() {
        let model = (entry.make)();
        let graph = model.graph_for_inference().unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        let outputs: Vec<_> = graph.outputs.iter().map(|&output| graph.value(output)).collect();
        assert_eq!(outputs.iter().map(|value| value.name.as_str()).collect::<Vec<_>>(), ["scores", "probabilities"]);
        let mut expected = vec![N, model.classes.len().into()];
        if entry.name.starts_with("unet") {
            expected.extend(model.input[1..].iter().map(|&size| Dim::from(size)));
        }
        assert!(outputs.iter().all(|value| value.ty == f32(expected.clone())), "{}", entry.name);
    }
}

#[track_caller]
fn totals(name: &str, parameters: u64, macs: u64) {
    let summary = zoo::find(name).and_then(|model| model.summary()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((summary.parameters, summary.macs), (parameters, macs), "{summary}");
}

/// The numbers of PyTorch for the same networks.
#[test]
fn totals_of_the_zoo() {
    totals("lenet5", 61_706, 416_520);
    totals("lenet5_1998", 60_000, 326_520);
    totals("mlp", 101_770, 101_632);
    totals("fashion_cnn", 1_199_882, 11_992_448);
    totals("resnet20", 272_474, 40_813_184);
    totals("vgg11_cifar", 9_228_362, 152_769_536);
    totals("resnet18_cifar", 11_173_962, 555_422_720);
    totals("resnet18", 11_689_512, 1_814_073_344);
    totals("mobilenet_v2", 3_504_872, 300_774_272);
    totals("cnn1d", 764_074, 161_942_016);
    totals("unet", 482_754, 580_124_672);
    totals("lenet5_blur", 61_706, 416_520);
    totals("unet_small", 29_786, 7_168_000);
    totals("unet_small_transposed", 29_490, 6_250_496);
    totals("lstm_rows", 82_186, 2_248_448);
    totals("gru_rows", 61_962, 1_685_760);
}

#[track_caller]
fn layer<'s>(summary: &'s striate::summary::Summary, name: &str) -> &'s striate::summary::LayerSummary {
    summary.layers.iter().find(|layer| layer.name == name).unwrap_or_else(|| panic!("no layer {name} in\n{summary}"))
}

/// LeCun, Bottou, Bengio and Haffner 1998, section II.B: trainable parameters and connections as the paper counts them.
#[test]
fn lenet5_as_published() -> Result<()> {
    let summary = zoo::lenet5_1998().summary()?;
    for (name, output, parameters, connections, field) in [
        ("C1", vec![6, 28, 28], 156, 122_304, 5),
        ("S2", vec![6, 14, 14], 12, 5_880, 6),
        ("C3", vec![16, 10, 10], 1_516, 151_600, 14),
        ("S4", vec![16, 5, 5], 32, 2_000, 16),
        ("C5", vec![120, 1, 1], 48_120, 48_120, 32),
        ("F6", vec![84], 10_164, 10_164, 32),
        ("output", vec![10], 0, 840, 32),
    ] {
        let layer = layer(&summary, name);
        assert_eq!((&layer.output, layer.parameters, layer.connections), (&output, parameters, connections), "{name}");
        assert_eq!(layer.receptive_field.as_ref().map(|field| field.size.clone()), Some(vec![field; 2]), "{name}");
    }
    assert_eq!((summary.parameters, summary.connections), (60_000, 340_908));
    Ok(())
}

/// The counts of the textbooks: weights shared in a convolution, not shared in a dense layer.
#[test]
fn parameters_of_convolutions_and_of_dense_layers() -> Result<()> {
    let parameters = |model: Model| model.summary().map(|summary| summary.parameters);
    let filters = Model::new("filters", [3, 256, 256]).classes(10).conv2d(10, 3);
    assert_eq!(parameters(filters.into())?, 280);
    let dense = Model::new("dense", [3, 256, 256]).classes(1000).flatten().dense(1000);
    assert_eq!(parameters(dense.into())?, 196_609_000);
    let million = Model::new("million", [1, 1000, 1000]).classes(1_000_000).flatten().dense(1_000_000).without_bias();
    assert_eq!(parameters(million.into())?, 1_000_000_000_000);
    let hundred = Model::new("hundred", [1, 1000, 1000]).classes(100).conv2d(100, 10).without_bias();
    assert_eq!(parameters(hundred.into())?, 10_000);
    Ok(())
}

/// Two 2×2 convolutions see what one 3×3 does, two 3×3 what one 5×5; a stride spreads what follows.
#[test]
fn receptive_fields_through_layers() -> Result<()> {
    let field = |model: Model| {
        let summary = model.summary()?;
        let field =
            summary.layers.last().and_then(|layer| layer.receptive_field.clone()).expect("it depends on the input");
        Ok::<_, Error>((field.size, field.stride, field.offset))
    };
    let start = || Model::new("m", [1, 32, 32]).classes(1);
    assert_eq!(field(start().conv2d(1, 2).conv2d(1, 2).into())?, (vec![3, 3], vec![1, 1], vec![0, 0]));
    assert_eq!(field(start().conv2d(1, 3).conv2d(1, 3).into())?, (vec![5, 5], vec![1, 1], vec![0, 0]));
    let strided = start().conv2d(1, 3).padding(1).stride(2).max_pool2d(2).conv2d(1, [3, 1]);
    assert_eq!(field(strided.into())?, (vec![13, 5], vec![4, 4], vec![-1, -1]));
    // A blurred pool is one window of both its steps.
    let blurred = start().conv2d(1, 5).padding(2).blur_pool2d(2).finish()?.summary()?;
    let window = blurred.layers[1].window.as_ref().expect("it slides")[0];
    assert_eq!((window.kernel, window.stride, window.before), (4, 2, 1));
    assert_eq!(blurred.layers[1].output, [1, 16, 16]);
    assert_eq!(field(start().conv2d(1, 5).padding(2).blur_pool2d(2).into())?, (vec![8, 8], vec![2, 2], vec![-3, -3]));
    // A skip sees what either branch sees; a dense layer sees all.
    let skip = start().conv2d(1, 1).named("skip").conv2d(1, 5).padding(2).plus("skip");
    assert_eq!(field(skip)?, (vec![5, 5], vec![1, 1], vec![-2, -2]));
    let all = start().conv2d(1, 3).flatten().dense(1);
    assert_eq!(field(all.into())?, (vec![32, 32], vec![0, 0], vec![0, 0]));
    Ok(())
}

#[test]
fn a_summary_as_a_table() -> Result<()> {
    let table = zoo::find("lenet5")?.summary()?.to_string();
    let expected = "\
lenet5 · input 1×28×28 · weights 241.0 KiB
layer     type        output    kernel/stride/pad  parameters  connections     MACs    memory  field
────────────────────────────────────────────────────────────────────────────────────────────────────
conv1     conv2d      6×28×28   5×5 /1 +2                 156      122,304  117,600  18.4 KiB  5×5
relu1     relu        6×28×28                               –            –        –  18.4 KiB  5×5
pool1     max_pool2d  6×14×14   2×2 /2                      –        4,704        –   4.6 KiB  6×6
conv2     conv2d      16×10×10  5×5 /1                  2,416      241,600  240,000   6.2 KiB  14×14
relu2     relu        16×10×10                              –            –        –   6.2 KiB  14×14
pool2     max_pool2d  16×5×5    2×2 /2                      –        1,600        –   1.6 KiB  16×16
flatten1  flatten     400                                   –            –        –   1.6 KiB  28×28
dense1    dense       120                              48,120       48,120   48,000     480 B  28×28
relu3     relu        120                                   –            –        –     480 B  28×28
dense2    dense       84                               10,164       10,164   10,080     336 B  28×28
relu4     relu        84                                    –            –        –     336 B  28×28
dense3    dense       10                                  850          850      840      40 B  28×28
────────────────────────────────────────────────────────────────────────────────────────────────────
total                                                  61,706      429,342  416,520  58.6 KiB
";
    assert_eq!(table, expected);
    Ok(())
}

#[test]
fn a_summary_as_json() -> Result<()> {
    let json = serde_json::to_value(zoo::find("lenet5")?.summary()?).expect("it is plain data");
    assert_eq!((json["parameters"].as_u64(), json["macs"].as_u64()), (Some(61_706), Some(416_520)));
    let first = &json["layers"][0];
    for key in ["name", "type", "output", "parameters", "connections", "macs", "receptive_field"] {
        assert!(!first[key].is_null(), "{key} in {first}");
    }
    Ok(())
}

/// One sample through loss and gradient, in the interpreter: all is finite, and every parameter is reached.
#[test]
fn every_parameter_of_the_small_models_gets_a_gradient() -> Result<()> {
    for name in ["mlp", "lenet5", "lenet5_1998", "lstm_rows", "gru_rows"] {
        let model = zoo::find(name)?;
        let g = Builder::new();
        let built = model.build(&g, Mode::Train);
        let loss = model.loss_of(built.output, g.input("label", i32([N]))).named("loss");
        let parameters = g.peek(|graph| graph.parameters().collect::<Vec<_>>());
        let parameters: Vec<_> = parameters.into_iter().map(|id| g.var(id)).collect();
        let slopes = g.grad(loss, &parameters);
        let graph = g.finish(std::iter::once(loss).chain(slopes))?;
        let rng = Rng::new(1);
        let sizes: Vec<usize> = std::iter::once(2).chain(model.input.iter().copied()).collect();
        let x = Value::Real(Array::from_fn(sizes, |i| rng.uniform(i as u64)));
        let labels = Value::Index(Array::new([2], vec![3, 7]));
        let trace = interpret::<f32>(&graph, &graph.initial_state(1), &[("input", x), ("label", labels)])?;
        for (output, what) in graph
            .outputs
            .iter()
            .zip(["the loss".to_string()].into_iter().chain(graph.parameters().map(|id| graph.value(id).name.clone())))
        {
            let numbers = trace.value(*output).real().data();
            assert!(numbers.iter().all(|x| x.is_finite()), "{name}: {what} is not finite");
            assert!(numbers.iter().any(|x| *x != 0.0), "{name}: {what} gets no gradient");
        }
    }
    Ok(())
}

/// The same for the whole zoo, without the numbers.
#[test]
fn every_model_has_a_gradient() -> Result<()> {
    for entry in zoo::all() {
        let model = (entry.make)();
        let g = Builder::new();
        let built = model.build(&g, Mode::Train);
        let loss = model.loss_of(built.output, g.input("label", Loss::labels(&built.output.ty())));
        let parameters = g.peek(|graph| graph.parameters().collect::<Vec<_>>());
        let slopes = g.grad(loss, &parameters.iter().map(|&id| g.var(id)).collect::<Vec<_>>());
        g.finish(slopes)?;
    }
    Ok(())
}

#[test]
fn every_loss_is_a_scalar_and_gives_probabilities() -> Result<()> {
    let losses = [
        Loss::default(),
        Loss::CrossEntropy { label_smoothing: 0.1 },
        Loss::BinaryCrossEntropy {},
        Loss::MeanSquaredError {},
        Loss::rbf(),
        Loss::Rbf { rubbish: 4.0 },
    ];
    for loss in losses {
        let model = Model::new("m", [4]).classes(3).loss(loss.clone()).dense(3).finish()?;
        assert_eq!(Model::from_toml(&model.to_toml(), "m.toml")?.loss, loss);
        let graph = model.graph_for_inference()?;
        let x = Value::Real(Array::new([2, 4], vec![0.5f64; 8]));
        let trace = interpret(&graph, &graph.initial_state(1), &[("input", x)])?;
        let probabilities = trace.output("probabilities").real().data();
        assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)), "{loss:?}");
        let g = Builder::new();
        let built = model.build(&g, Mode::Train);
        let value = model.loss_of(built.output, g.input("label", i32([N])));
        assert_eq!(value.ty().rank(), 0, "{loss:?}");
        g.finish([value])?;
    }
    Ok(())
}
