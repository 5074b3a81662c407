//! Data files: every layout that is promised is read, and no malformed file does harm or goes unexplained.

use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use striate::data::{Dataset, Part};
use striate_tensor::{Fault, Result};
use tempfile::TempDir;

const TRAIN: [&str; 2] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
const TEST: [&str; 2] = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

fn idx(magic: [u8; 4], sizes: &[u32], elements: &[u8]) -> Vec<u8> {
    let sizes: Vec<u8> = sizes.iter().flat_map(|size| size.to_be_bytes()).collect();
    [&magic[..], &sizes, elements].concat()
}

/// Three images of 2×2 pixels.
fn images() -> Vec<u8> {
    idx([0, 0, 8, 3], &[3, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
}

fn labels() -> Vec<u8> {
    idx([0, 0, 8, 1], &[3], &[9, 0, 4])
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(vec![], Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// A new folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), files);
    folder
}

fn put(folder: &Path, files: &[(&str, &[u8])]) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The three images, found with their labels.
#[track_caller]
fn check_idx(data: Result<Dataset>) -> Dataset {
    let data = data.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(data.sample_shape().to_string(), "1×2×2");
    assert_eq!(data.labels(), [9, 0, 4]);
    assert_eq!(data.pixels().unwrap(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    data
}

#[test]
fn idx_under_all_its_usual_names() {
    let gzipped = [gzip(&images()), gzip(&labels())];
    for (part, names) in [(Part::Train, TRAIN), (Part::Test, TEST)] {
        for below in ["", "raw/", "MNIST/raw/", "FashionMNIST/raw/"] {
            for dash in ["-", "."] {
                for end in ["", ".gz"] {
                    let name = |i: usize| format!("{below}{}{end}", names[i].replace("-idx", &format!("{dash}idx")));
                    // What the name says of gzip does not matter.
                    for [images, labels] in [[&images(), &gzipped[1]], [&gzipped[0], &labels()]] {
                        let folder = folder(&[(&name(0), images), (&name(1), labels)]);
                        check_idx(Dataset::open(folder.path(), part));
                    }
                }
            }
        }
    }
}

#[test]
fn a_gzip_file_may_have_several_members() {
    let (first, second) = (gzip(&images()[..9]), gzip(&images()[9..]));
    let folder = folder(&[(TEST[0], &[first, second].concat()), (TEST[1], &labels())]);
    check_idx(Dataset::open(folder.path(), Part::Test));
}

#[test]
fn class_names_by_folder_or_by_file() {
    let outer = tempfile::tempdir().unwrap();
    let files = [(TEST[0], &images()[..]), (TEST[1], &labels())];
    let name = |below: &str| {
        put(&outer.path().join(below), &files);
        check_idx(Dataset::open(&outer.path().join(below), Part::Test)).classes()[9].clone()
    };
    assert_eq!(name("digits"), "9");
    assert_eq!(name("Fashion-MNIST"), "Ankle boot");
    assert_eq!(name("fashion/raw"), "Ankle boot");
    assert_eq!(name("fashion/raw/x"), "9");
    put(&outer.path().join("own"), &[("classes.txt", b"a\n b\r\n\nc\nd\ne\nf\ng\nh\ni\nten\xc3\xa9\n")]);
    assert_eq!(name("own"), "tené");
}

fn record(labels: &[u8], first: u8) -> Vec<u8> {
    let mut record = [labels, &[0; 3072]].concat();
    // One pixel of each plane.
    for plane in 0..3 {
        record[labels.len() + plane * 1024] = first + plane as u8;
    }
    record
}

#[test]
fn cifar_10() {
    let batches: Vec<_> = (0..5).map(|i| [record(&[i], 10 * i), record(&[9], 100)].concat()).collect();
    let names: Vec<_> = (1..=5).map(|i| format!("cifar-10-batches-bin/data_batch_{i}.bin")).collect();
    let mut files: Vec<(&str, &[u8])> =
        names.iter().map(String::as_str).zip(batches.iter().map(Vec::as_slice)).collect();
    let test = record(&[3], 7);
    files.push(("cifar-10-batches-bin/test_batch.bin", &test));
    let folder = folder(&files);

    let train = Dataset::open(folder.path(), Part::Train).unwrap();
    assert_eq!(train.labels(), [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]);
    assert_eq!(train.sample_shape().to_string(), "3×32×32");
    let planes = |data: &Dataset, i| [0, 1024, 2048].map(|at| data.image(i).unwrap()[at]);
    assert_eq!((planes(&train, 0), planes(&train, 1), planes(&train, 8)), ([0, 1, 2], [100, 101, 102], [40, 41, 42]));
    assert_eq!(train.classes()[9], "truck");

    let inner = folder.path().join("cifar-10-batches-bin");
    put(&inner, &[("batches.meta.txt", b"a\nb\nc\nd\ne\nf\ng\nh\ni\nlorry\n\n")]);
    let test = Dataset::open(&inner, Part::Test).unwrap();
    assert_eq!((test.labels(), test.classes()[9].as_str()), (&[3][..], "lorry"));
}

#[test]
fn cifar_100_counts_the_fine_labels() {
    let folder = folder(&[("train.bin", &record(&[19, 99], 1)), ("test.bin", &record(&[0, 0], 1))]);
    let train = Dataset::open(folder.path(), Part::Train).unwrap();
    assert_eq!((train.labels(), train.classes().len(), train.classes()[99].as_str()), (&[99][..], 100, "99"));
    assert_eq!(train.image(0).unwrap()[1024], 2);
}

#[track_caller]
fn check_bad(folder: &Path, path: &Path, part: Part, expected: &[&str]) {
    let error = Dataset::open(folder, part).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.fault(), Fault::Data, "{text}");
    for expected in expected {
        assert!(text.contains(expected), "expected `{expected}` in:\n{text}");
    }
    assert!(text.contains(&format!("at: {}", path.display())), "{text}");
}

/// The error names the file of images.
#[track_caller]
fn bad_images(images: &[u8], expected: &[&str]) {
    let folder = folder(&[(TRAIN[0], images), (TRAIN[1], &labels())]);
    check_bad(folder.path(), &folder.path().join(TRAIN[0]), Part::Train, expected);
}

/// The error names the file of labels.
#[track_caller]
fn bad_labels(labels: &[u8], expected: &[&str]) {
    let folder = folder(&[(TRAIN[0], &images()), (TRAIN[1], labels)]);
    check_bad(folder.path(), &folder.path().join(TRAIN[1]), Part::Train, expected);
}

#[test]
fn malformed_idx() {
    bad_images(b"", &["cut short", "found: 0 bytes", "expected: a header of 16 bytes"]);
    bad_images(&images()[..10], &["cut short", "found: 10 bytes"]);
    bad_images(&images()[..27], &["cut short", "found: 11 bytes behind the header", "3×2×2 = 12 bytes"]);
    bad_images(&[&images()[..], &[0]].concat(), &["longer than its header says"]);
    bad_images(&labels(), &["0x00000801", "expected: 0x00000803, images", "hint: images and labels are swapped"]);
    bad_images(b"<!DOCTYPE html>", &["hint: this is a web page"]);
    bad_images(b"PK\x03\x04 and so on", &["found: 0x504b0304", "hint: this is not an IDX file"]);
    bad_images(&idx([0, 0, 13, 3], &[3, 2, 2], &[0; 48]), &["elements other than bytes are not supported"]);
    bad_images(&idx([0, 0, 8, 4], &[3, 1, 2, 2], &[0; 12]), &["found: 0x00000804"]);
    bad_images(&idx([0, 0, 8, 3], &[0, 28, 28], &[]), &["the IDX file is empty", "found: 0×28×28"]);
    bad_images(&idx([0, 0, 8, 3], &[3, 0, 28], &[]), &["the IDX file is empty"]);
    bad_images(&idx([0, 0, 8, 3], &[u32::MAX; 3], &[0; 12]), &["announces too much"]);
    bad_images(&idx([0, 0, 8, 3], &[60_000, 28, 28], &[0; 12]), &["cut short", "60000×28×28 = 47040000 bytes"]);
    bad_images(&idx([0, 0, 8, 3], &[2, 2, 2], &[0; 8]), &["do not belong together", "found: 2 images and 3 labels"]);
    bad_labels(&images(), &["0x00000803", "expected: 0x00000801, labels", "swapped"]);
    bad_labels(&labels()[..7], &["cut short", "found: 7 bytes"]);
    bad_labels(&labels()[..9], &["cut short"]);
    bad_labels(&idx([0, 0, 8, 1], &[3], &[9, 10, 4]), &["label 10 of sample 1", "0 to 9", "classes.txt"]);
}

#[test]
fn malformed_gzip() {
    let whole = gzip(&images());
    bad_images(&whole[..5], &["the gzip stream is cut short"]);
    bad_images(&whole[..whole.len() - 1], &["the gzip stream is cut short", "hint: download it again"]);
    let mut corrupt = whole.clone();
    let checksum = corrupt.len() - 6;
    corrupt[checksum] ^= 1;
    bad_images(&corrupt, &["the gzip stream is corrupt", "hint: download it again"]);
    let mut corrupt = whole.clone();
    corrupt[10] |= 6;
    bad_images(&corrupt, &["the gzip stream is corrupt"]);
    bad_images(&[&whole[..], b"trailing garbage"].concat(), &["the gzip stream is corrupt"]);
    // A lying header: more than the file could hold at the best ratio.
    bad_images(&gzip(&idx([0, 0, 8, 3], &[60_000, 28, 28], &[])), &["cut short", "found: a file of"]);
    // A bomb: a small file that unpacks to much more than its header says.
    bad_images(&gzip(&idx([0, 0, 8, 3], &[3, 2, 2], &vec![0; 8 << 20])), &["longer than its header says"]);
    bad_images(&gzip(&whole), &["not the ones of the expected IDX file", "found: 0x1f8b08"]);
}

#[test]
fn idx_cut_anywhere() {
    for images in [images(), gzip(&images())] {
        for length in 0..images.len() {
            let folder = folder(&[(TRAIN[0], &images[..length]), (TRAIN[1], &labels())]);
            assert!(Dataset::open(folder.path(), Part::Train).is_err(), "cut to {length} bytes");
        }
    }
}

#[test]
fn malformed_class_names() {
    let bad = |names: &[u8], expected: &[&str]| {
        let folder = folder(&[(TRAIN[0], &images()), (TRAIN[1], &labels()), ("classes.txt", names)]);
        let at = if expected[0].starts_with("label") { TRAIN[1] } else { "classes.txt" };
        check_bad(folder.path(), &folder.path().join(at), Part::Train, expected);
    };
    bad(b"\n\n", &["there are no class names"]);
    bad(b"caf\xe9", &["the class names are not text"]);
    bad(b"a\nb\nc", &["label 9 of sample 0", "0 to 2, for 3 classes"]);
}

#[test]
fn malformed_cifar() {
    let ten = |test: &[u8], expected: &[&str]| {
        let folder = folder(&[("test_batch.bin", test)]);
        check_bad(folder.path(), &folder.path().join("test_batch.bin"), Part::Test, expected);
    };
    ten(b"", &["the CIFAR-10 file is not whole", "found: 0 bytes", "records of 3073 bytes"]);
    ten(&record(&[1], 0)[..3072], &["the CIFAR-10 file is not whole", "found: 3072 bytes"]);
    ten(&record(&[0, 1], 0), &["the CIFAR-10 file is not whole"]);
    ten(&[record(&[1], 0), record(&[10], 0)].concat(), &["label 10 of sample 1", "0 to 9"]);

    let folder = folder(&[("test.bin", &record(&[0, 100], 0)), ("data_batch_2.bin", &record(&[0], 0))]);
    check_bad(folder.path(), &folder.path().join("data_batch_1.bin"), Part::Train, &["cannot read a file of CIFAR-10"]);
    fs::remove_file(folder.path().join("data_batch_2.bin")).unwrap();
    check_bad(folder.path(), &folder.path().join("test.bin"), Part::Test, &["label 100 of sample 0", "0 to 99"]);
    check_bad(folder.path(), &folder.path().join("train.bin"), Part::Train, &["cannot read a file of CIFAR-100"]);
    put(folder.path(), &[("fine_label_names.txt", b"apple\n")]);
    let names = folder.path().join("fine_label_names.txt");
    check_bad(folder.path(), &names, Part::Test, &["not complete", "found: 1 names", "expected: 100"]);
}

#[test]
fn folders_without_data() {
    let bad = |files: &[(&str, &[u8])], expected: &[&str]| {
        let folder = folder(files);
        check_bad(folder.path(), folder.path(), Part::Train, expected);
    };
    let known = "there is no data set that Striate knows in the folder";
    bad(&[], &[known, "found: an empty folder", "expected: train-images-idx3-ubyte[.gz]"]);
    bad(&[("cat.png", b""), ("dog.png", b"")], &[known, "found: cat.png, dog.png"]);
    bad(&[("data_batch_1", b""), ("batches.meta", b"")], &["this is CIFAR for Python; download the binary version"]);
    bad(&[("cifar-10-binary.tar.gz", b"")], &["unpack the archive first"]);
    let many: Vec<String> = (0..20).map(|i| format!("{i:02}.png")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    bad(&many, &["07.png and 12 more"]);
    bad(&[(TEST[0], &images())], &["the images of the train part are missing", "train-images-idx3-ubyte, or the same"]);
    bad(&[(TRAIN[0], &images())], &["the labels of the train part are missing"]);

    let file = folder(&[("x.gz", b"")]);
    let file = file.path().join("x.gz");
    check_bad(&file, &file, Part::Train, &["cannot open the data folder", "hint: give the folder"]);
    let missing: PathBuf = file.with_file_name("missing");
    check_bad(&missing, &missing, Part::Train, &["cannot open the data folder", "hint: check the spelling"]);
}
