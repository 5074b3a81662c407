//! `striate play` through the program itself: every network, its files, the same bytes for the same seed.

mod common;

use common::Bench;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The names that the program lists.
fn networks(bench: &Bench) -> Vec<String> {
    let list = bench.well("play --json").last();
    let named = |entry: &serde_json::Value| entry["name"].as_str().unwrap().to_string();
    list["networks"].as_array().unwrap().iter().map(named).collect()
}

#[test]
fn every_network_tells_and_draws_the_same_for_any_number_of_threads() {
    let bench = Bench::new();
    let names = networks(&bench);
    assert!(names.iter().any(|name| name == "backprop") && names.len() >= 13, "{names:?}");
    for name in names {
        let play = |threads: usize, folder: &str| {
            let ran = bench.well(&format!("play {name} --quick --seed 7 --threads {threads} --out {folder} --json"));
            let told = ran.last();
            let drawn: Vec<_> =
                bench.files(folder).into_iter().map(|(path, bytes)| (file_name(&path), bytes)).collect();
            (told, drawn)
        };
        let (told, drawn) = play(1, &format!("{name}-1"));
        assert_eq!(told["network"], *name);
        assert!(told["results"].as_object().is_some_and(|results| !results.is_empty()), "{name}");
        assert!(told["lesson"].as_str().is_some_and(|lesson| lesson.len() > 100), "{name}");
        let listed: BTreeSet<String> = told["pictures"]
            .as_array()
            .unwrap()
            .iter()
            .map(|path| file_name(Path::new(path.as_str().unwrap())))
            .collect();
        assert_eq!(
            listed,
            drawn.iter().map(|(file, _)| file.clone()).collect(),
            "{name}: files named are files written"
        );
        assert!(!drawn.is_empty(), "{name}");
        for (file, bytes) in &drawn {
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n") && !text.contains("NaN"), "{name}/{file}");
        }
        for threads in [2, 4] {
            let (again, files) = play(threads, &format!("{name}-{threads}"));
            assert_eq!(again["results"], told["results"], "{name}, {threads} threads");
            assert!(files == drawn, "{name}: other pictures with {threads} threads");
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The pictures of the documentation: network, its file, and the crate and name under which it is kept.
const KEPT: [(&str, &str, &str); 14] = [
    ("perceptron", "lines.svg", "striate-classics/pictures/perceptron.svg"),
    ("adaline", "loss.svg", "striate-classics/pictures/adaline.svg"),
    ("backprop", "xor.svg", "striate-classics/pictures/mlp.svg"),
    ("hopfield", "recall.svg", "striate-classics/pictures/hopfield.svg"),
    ("hebb", "components.svg", "striate-classics/pictures/hebb.svg"),
    ("competitive", "units.svg", "striate-classics/pictures/competitive.svg"),
    ("cognitron", "cells.svg", "striate-classics/pictures/cognitron.svg"),
    ("som", "map.svg", "striate-classics/pictures/som.svg"),
    ("lvq", "irises.svg", "striate-classics/pictures/lvq.svg"),
    ("art", "categories.svg", "striate-classics/pictures/art.svg"),
    ("artmap", "boxes.svg", "striate-classics/pictures/artmap.svg"),
    ("recurrent", "memory.svg", "striate-graph/pictures/recurrent.svg"),
    ("rbm", "samples.svg", "striate-classics/pictures/rbm.svg"),
    ("dbn", "samples.svg", "striate-classics/pictures/dbn.svg"),
];

/// What a picture says, without its numbers: they may differ in their last digits from machine to machine.
fn words(svg: &str) -> Vec<String> {
    let texts = svg.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text);
    let letters = texts.map(|text| text.chars().filter(|c| c.is_alphabetic()).collect::<String>());
    letters.filter(|text| !text.is_empty()).collect()
}

/// `STRIATE_PICTURES=1 cargo test -p striate-cli --test play pictures` writes them anew.
#[test]
fn pictures_of_the_documentation_say_what_the_networks_say_now() {
    let bench = Bench::new();
    let kept: BTreeSet<String> = KEPT.iter().map(|(network, ..)| network.to_string()).collect();
    assert_eq!(kept, networks(&bench).into_iter().collect(), "each network has a picture");
    let crates = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    for (network, file, path) in KEPT {
        let path = crates.join(path);
        bench.well(&format!("play {network} --out {network}"));
        let now = fs::read_to_string(bench.path(network).join(file)).unwrap();
        if env::var_os("STRIATE_PICTURES").is_some() {
            fs::write(&path, &now).unwrap();
        }
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(words(&text), words(&now), "{network}: {} is not what it draws now", path.display());
        assert!(
            text.starts_with("<svg ") && text.ends_with("</svg>\n") && text.len() < 25_000,
            "{network}: {}",
            text.len()
        );
        // An empty line would end the HTML within the page.
        assert!(!text.contains("\n\n"), "{network}");
    }
}

#[test]
fn another_seed_draws_another_picture() {
    let bench = Bench::new();
    for seed in [1, 2] {
        bench.well(&format!("play competitive --quick --seed {seed} --out seed-{seed}"));
    }
    let bytes = |folder: &str| bench.files(folder).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>();
    assert_ne!(bytes("seed-1"), bytes("seed-2"));
}

#[test]
fn text_has_a_lesson_and_names_the_files() {
    let bench = Bench::new();
    let out = bench.well("play backprop --quick --out here").out;
    for part in
        ["the error comes back", "4     -0.700    0.332   -0.0087", "w46     -0.300   -0.261", "error.svg", "xor.svg"]
    {
        assert!(out.contains(part), "{part:?} in\n{out}");
    }
    assert!(out.lines().take(12).all(|line| line.chars().count() <= 100), "{out}");
}

#[test]
fn mistakes_say_what_to_do() {
    let bench = Bench::new();
    let ran = bench.run("play hopfeld");
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("`hopfeld`") && ran.err.contains("did you mean `hopfield`?"), "{}", ran.err);
    // A file stands where the folder should be: nothing can be written there, whoever asks.
    bench.write("taken", b"a file");
    let ran = bench.run("play perceptron --quick --out taken/below");
    assert!(ran.code.is_some_and(|code| code != 0 && code != 101), "{:?}", ran.code);
    assert!(ran.err.contains("taken/below") && ran.err.contains("--out"), "{}", ran.err);
}
