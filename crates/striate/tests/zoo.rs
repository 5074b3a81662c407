//! The models of the zoo: their counts, and their way to a file and back.

use striate::prelude::*;

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
        assert!(widest <= Some(120), "a line of {widest:?} columns in\n{text}");
    }
}

#[test]
fn every_model_has_a_graph_to_infer() {
    for entry in zoo::all() {
        let model = (entry.make)();
        let graph = model.graph_for_inference().unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        let outputs: Vec<_> = graph.outputs.iter().map(|&output| graph.value(output)).collect();
        assert_eq!(outputs.iter().map(|value| value.name.as_str()).collect::<Vec<_>>(), ["scores", "probabilities"]);
        assert!(outputs.iter().all(|value| value.ty == f32([N, model.classes.len().into()])), "{}", entry.name);
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
    totals("mlp", 101_770, 101_632);
    totals("fashion_cnn", 1_199_882, 11_992_448);
    totals("resnet20", 272_474, 40_813_184);
}
