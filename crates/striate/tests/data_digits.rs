//! The digits inside: exactly the pixels that the script drew, every one of them MNIST's.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use striate::data::{Dataset, Digits, Part};
use striate_io::sha256_hex;

#[allow(dead_code, reason = "its main is not called here")]
#[path = "../examples/make_digits.rs"]
mod make_digits;

/// The folder with the full MNIST, if this machine has it.
fn mnist() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::var_os("STRIATE_DATA").map_or(default.into(), PathBuf::from).join("mnist");
    if !folder.is_dir() {
        eprintln!("skipped: no MNIST; set STRIATE_DATA to a folder that has it in mnist/");
        return None;
    }
    Some(folder)
}

#[track_caller]
fn check(data: &Dataset, each: usize, pixels: &str, labels: &str) {
    assert_eq!(data.sample_shape().to_string(), "1×28×28");
    assert_eq!(data.class_counts(), [each; 10]);
    assert_eq!(data.classes()[7], "7");
    assert!(data.labels().iter().enumerate().all(|(sample, &label)| label as usize == sample % 10));
    assert_eq!(sha256_hex(data.pixels().unwrap()), pixels);
    assert_eq!(sha256_hex(&data.labels().iter().map(|&label| label as u8).collect::<Vec<_>>()), labels);
}

#[test]
fn pixels_and_labels_are_the_drawn_ones() {
    check(
        &Digits::train(),
        1000,
        "ce7a6f7e37bad6e827b4038c8ffeaa2144b061b10b7cd0bc5b0d222dc67a681b",
        "f24756e9fc27107597cd054b9df7247b4e5ab61780d1e5d55e7b1015307573de",
    );
    check(
        &Digits::test(),
        200,
        "e359ff330bfdb2d27a84a1562d4e38b60f04e770fdeba197e6ed892db555a692",
        "19efeabbd5fed476d80e2ce2609cdc76c23b9694a1631c6371599ab362810a91",
    );
}

#[test]
fn the_files_are_small_and_an_ordinary_data_set() {
    let folder: PathBuf = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/digits").into();
    let length = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().metadata().unwrap().len();
    let total: u64 = std::fs::read_dir(&folder).unwrap().map(length).sum();
    assert!(total <= 2_000_000, "{total}");
    assert_eq!(Dataset::open(&folder, Part::Train).unwrap().pixels(), Digits::train().pixels());
    assert_eq!(Dataset::open(&folder, Part::Test).unwrap().labels(), Digits::test().labels());
}

#[test]
fn every_image_is_mnist_s_and_comes_once() {
    let Some(folder) = mnist() else { return };
    for (digits, part) in [(Digits::train(), Part::Train), (Digits::test(), Part::Test)] {
        let mnist = Dataset::open(&folder, part).unwrap();
        let all: HashSet<_> = (0..mnist.len()).map(|i| (mnist.labels()[i], mnist.image(i).unwrap())).collect();
        let ours: HashSet<_> = (0..digits.len()).map(|i| (digits.labels()[i], digits.image(i).unwrap())).collect();
        assert_eq!(ours.len(), digits.len(), "an image comes twice");
        assert!(ours.is_subset(&all));
    }
}

#[test]
fn the_script_makes_what_the_committed_files_hold() {
    let Some(folder) = mnist() else { return };
    let made = tempfile::tempdir().unwrap();
    make_digits::make(&folder, made.path()).unwrap();
    let committed: PathBuf = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/digits").into();
    for entry in std::fs::read_dir(&committed).unwrap() {
        let name = entry.unwrap().file_name();
        // the committed ones were packed again, harder
        let bytes = |folder: &Path| {
            let mut bytes = vec![];
            let file = std::fs::File::open(folder.join(&name)).unwrap();
            flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
            bytes
        };
        assert!(bytes(&committed) == bytes(made.path()), "{name:?}");
    }
}
