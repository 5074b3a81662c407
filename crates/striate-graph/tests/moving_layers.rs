//! Layers that move, cut and join, and layers with windows: how they are written, and what they refuse.

use striate_graph::layer::{Pad, PadSides};
use striate_graph::ops::conv::ConvLayer;
use striate_graph::ops::join::{AddLayer, ConcatLayer};
use striate_graph::ops::local::LocalLayer;
use striate_graph::ops::shape::{FlattenLayer, ReshapeLayer, TransposeLayer};
use striate_graph::ops::slice::{PadLayer, SliceLayer};
use striate_graph::ops::subsample::SubsampleLayer;
use striate_graph::{Builder, Dim, Init, Layer, Mode, N, Scope, Source, Type, f32};

fn images(sizes: &[usize]) -> Type {
    f32([N].into_iter().chain(sizes.iter().map(|&size| Dim::from(size))))
}

/// What the layer makes of images of these sizes, the first one being the output of the layer before it.
fn applied(layer: &Layer, inputs: &[&[usize]]) -> striate_tensor::Result<Type> {
    let g = Builder::new();
    let inputs: Vec<_> = inputs.iter().enumerate().map(|(i, s)| g.input(&format!("x{i}"), images(s))).collect();
    let y = layer.apply(&inputs, &Scope { builder: &g, name: "layer".into(), mode: Mode::Train });
    g.finish([y])?;
    Ok(y.ty())
}

#[track_caller]
fn makes(layer: impl Into<Layer>, inputs: &[&[usize]], expected: &[usize]) {
    let ty = applied(&layer.into(), inputs).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(ty, images(expected));
}

#[track_caller]
fn refused(layer: impl Into<Layer>, inputs: &[&[usize]], expected: &[&str]) {
    let text = applied(&layer.into(), inputs).expect_err("it cannot be done").to_string();
    assert!(expected.iter().all(|part| text.contains(part)), "{text}");
    assert!(text.contains("layer `layer`") || text.contains(".rs:"), "it says where: {text}");
}

#[test]
fn the_batch_axis_stays() {
    makes(FlattenLayer {}, &[&[3, 4, 5]], &[60]);
    makes(FlattenLayer {}, &[&[]], &[1]);
    makes(ReshapeLayer::to([4, 15]), &[&[3, 4, 5]], &[4, 15]);
    makes(TransposeLayer::new([2, 3, 1]), &[&[3, 4, 5]], &[4, 5, 3]);
    makes(PadLayer::zeros(Pad::All(2)), &[&[3, 4, 5]], &[3, 8, 9]);
    makes(PadLayer::crop(Pad::Each(vec![PadSides::Sides(1, 0), PadSides::Both(2)])), &[&[3, 4, 5]], &[3, 3, 1]);
    makes(SliceLayer::new(1, 1..3), &[&[3, 4, 5]], &[2, 4, 5]);
    makes(AddLayer::with("stem"), &[&[3, 4], &[3, 4]], &[3, 4]);
    makes(ConcatLayer::with(["a", "b"]), &[&[3, 4], &[2, 4], &[5, 4]], &[10, 4]);
    makes(ConcatLayer::with("a").axis(2), &[&[3, 4], &[3, 1]], &[3, 5]);
    makes(SubsampleLayer::new(2, 2), &[&[6, 28, 28]], &[6, 14, 14]);
    makes(LocalLayer::new(1, 4, 3), &[&[2, 8]], &[4, 6]);
}

#[test]
fn what_a_layer_cannot_do_it_says() {
    refused(ReshapeLayer::to([4, 14]), &[&[3, 4, 5]], &["N×3×4×5", "N×4×14"]);
    refused(TransposeLayer::new([1, 0, 2]), &[&[3, 4]], &["the batch axis stays where it is"]);
    refused(TransposeLayer::new([2, 2]), &[&[3, 4]], &["[0, 2, 2]", "N×3×4"]);
    refused(PadLayer::zeros(Pad::Each(vec![PadSides::Both(1)])), &[&[3, 4, 5]], &["1 entries", "2"]);
    refused(PadLayer::zeros(Pad::default()), &[&[3, 4, 5]], &["`by` of a pad is numbers"]);
    refused(PadLayer::crop(Pad::All(2)), &[&[3, 4, 5]], &["2..2 of an axis of 4"]);
    refused(PadLayer::zeros(Pad::All(usize::MAX)), &[&[3, 4, 5]], &["cannot be padded"]);
    refused(PadLayer::crop(Pad::All(1)), &[&[3]], &["no spatial axes"]);
    refused(SliceLayer::new(0, 0..1), &[&[3]], &["axis 0 of f32 N×3", "after the batch axis"]);
    refused(SliceLayer::new(4, 0..1), &[&[3]], &["axis 4 of f32 N×3"]);
    refused(SliceLayer::new(1, 2..5), &[&[3]], &["2..5 of an axis of 3"]);
    refused(ConcatLayer::with("a"), &[&[3, 4], &[3, 5]], &["N×3×4 and f32 N×3×5"]);
    refused(ConcatLayer::with("a").axis(0), &[&[3], &[3]], &["known sizes on axis 0"]);
    refused(ConcatLayer::with([]), &[&[3]], &["names no layer"]);
    refused(AddLayer::with([]), &[&[3]], &["names no layer"]);
    refused(AddLayer::with(["a", "b"]), &[&[4, 8, 8], &[4, 8, 8], &[2, 8, 8]], &["`b`", "N×2×8×8", "N×4×8×8", "1×1"]);
    refused(SubsampleLayer::new(2, 2), &[&[6, 28]], &["f32 N×6×28", "2 spatial axes"]);
    refused(SubsampleLayer::new(1, 0), &[&[6, 28]], &["at least 1"]);
    refused(LocalLayer::new(2, 4, 9), &[&[3, 8, 8]], &["does not fit the input", "kernel 9"]);
    refused(ConvLayer::new(2, 0, 3), &[&[3, 8, 8]], &["at least one input and one output channel"]);
    refused(LocalLayer::new(2, 0, 3), &[&[3, 8, 8]], &["at least one input and one output channel"]);
    let mut grouped = LocalLayer::new(2, 4, 3);
    grouped.0.groups = 2;
    refused(grouped, &[&[3, 8, 8]], &["groups do not divide"]);
}

#[test]
fn layers_are_read_as_they_are_written() {
    for (kind, text) in [
        ("flatten", "{}"),
        ("reshape", r#"{"to":[4,15]}"#),
        ("transpose", r#"{"order":[2,3,1]}"#),
        ("pad", r#"{"by":[[1,0],2]}"#),
        ("crop", r#"{"by":1}"#),
        ("slice", r#"{"axis":2,"start":1,"end":3}"#),
        ("add", r#"{"with":"stem"}"#),
        ("add", r#"{"with":["stem","shortcut"]}"#),
        ("concat", r#"{"with":"stem"}"#),
        ("concat", r#"{"with":["a","b"],"axis":2}"#),
        ("subsample2d", "{}"),
        ("subsample1d", r#"{"window":3,"stride":2,"init":"fan"}"#),
        ("local2d", r#"{"channels":4,"kernel":[3,5],"stride":2}"#),
        ("local3d", r#"{"channels":4,"kernel":3,"bias":false}"#),
    ] {
        let read = |text: &str| {
            let attributes: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
            Layer::read(kind, attributes).expect("there is such a layer")
        };
        let layer = read(text).unwrap_or_else(|e| panic!("{kind} {text}: {e}"));
        assert_eq!(layer.kind(), kind);
        assert_eq!(serde_json::to_string(&layer).expect("it can be written"), text, "{kind}");
        let stranger = text.replacen('{', r#"{"stranger":1,"#, 1).replace(",}", "}");
        let error = read(&stranger).expect_err("strangers are refused").to_string();
        assert!(error.contains("stranger"), "{error}");
    }
}

#[test]
fn skips_name_their_layers() {
    assert_eq!(Layer::from(AddLayer::with(["a", "b"])).others(), ["a", "b"]);
    assert_eq!(Layer::from(ConcatLayer::with("a")).others(), ["a"]);
    assert!(Layer::from(FlattenLayer {}).others().is_empty());
}

/// Coefficients and biases of subsampling start as in the paper: uniform in ±2.4/fan_in, where fan_in is the window.
#[test]
fn subsampling_starts_as_in_the_paper() {
    let g = Builder::new();
    let scope = Scope { builder: &g, name: "s2".into(), mode: Mode::Train };
    Layer::from(SubsampleLayer::new(2, 2)).apply(&[g.input("x", images(&[6, 28, 28]))], &scope);
    g.peek(|graph| {
        for name in ["s2.coefficient", "s2.bias"] {
            let info = graph.value(graph.find(name).expect("it is a parameter"));
            assert_eq!(info.ty, f32([6, 1, 1]));
            assert!(matches!(info.source, Source::Parameter(Init::Uniform(bound)) if bound == 2.4 / 4.0));
        }
    });
}
