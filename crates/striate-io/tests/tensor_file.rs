//! Tensor files: what is saved comes back, equal content gives equal bytes, and no file can do harm.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use striate_io::{Metadata, Tensor, Tensors, load_tensors, save_tensors, sha256_hex, weights_sha256};
use striate_tensor::{Array, Fault};

fn tensors() -> Tensors {
    let reals = Array::from_fn([2, 3], |i| i as f32 - 0.5);
    let odd = Array::new([4], vec![f32::NAN, -0.0, f32::INFINITY, f32::MIN_POSITIVE / 2.0]);
    let named: [(&str, Tensor); 6] = [
        ("mask", Array::new([3], vec![1u8, 2, 255]).into()),
        ("conv.weight", reals.into()),
        ("steps", Array::scalar(-7i32).into()),
        ("odd", odd.into()),
        ("empty", Array::full([0, 5], 0f32).into()),
        ("Ä \"quoted\"\n", Array::scalar(1f32).into()),
    ];
    named.into_iter().map(|(name, tensor)| (name.to_string(), tensor)).collect()
}

fn metadata() -> Metadata {
    ["model", "classes", "preprocessing", "seed"].map(|key| (key.to_string(), format!("{key} \"ß\"\n"))).into()
}

#[test]
fn round_trip_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    save_tensors(&path, &tensors(), &metadata()).unwrap();
    let (read, texts) = load_tensors(&path).unwrap();
    assert_eq!(texts, metadata());
    // Compared by bits: NaN is not equal to itself.
    assert_eq!(weights_sha256(&read), weights_sha256(&tensors()));
    assert_eq!(read.keys().collect::<Vec<_>>(), tensors().keys().collect::<Vec<_>>());

    save_tensors(&path, &Tensors::new(), &Metadata::new()).unwrap();
    assert_eq!(load_tensors(&path).unwrap(), (Tensors::new(), Metadata::new()));
}

#[test]
fn equal_content_gives_equal_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str| {
        let path = folder.path().join(name);
        save_tensors(&path, &tensors(), &metadata()).unwrap();
        fs::read(path).unwrap()
    };
    let bytes = save("a");
    assert_eq!(bytes, save("b"));
    // Of this very content, on every machine and in every version.
    assert_eq!(sha256_hex(&bytes), "eaf0201b80f3a5359b731c14bca848c31bf16ff97a3e9af8004f8db035146802");
}

#[test]
fn the_digest_sees_names_types_shapes_and_bits() {
    let one = |name: &str, tensor: Tensor| weights_sha256(&Tensors::from([(name.to_string(), tensor)]));
    let all = [
        one("w", Array::new([2, 1], vec![0f32, 0.0]).into()),
        one("w", Array::new([1, 2], vec![0f32, 0.0]).into()),
        one("w", Array::new([2], vec![0f32, 0.0]).into()),
        one("w", Array::new([2], vec![0f32, -0.0]).into()),
        one("w", Array::new([2], vec![0i32, 0]).into()),
        one("v", Array::new([2], vec![0f32, 0.0]).into()),
        weights_sha256(&Tensors::new()),
    ];
    for (i, a) in all.iter().enumerate() {
        assert_eq!(a.len(), 64);
        assert!(all[..i].iter().all(|b| a != b));
    }
    assert_eq!(all[6], sha256_hex(b""));
}

/// A file with the given header (its length included) and so many bytes of data.
fn file(header: &str, data: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; data]].concat()
}

#[track_caller]
fn check(name: &str, bytes: &[u8], expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let error = load_tensors(&path).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.fault(), Fault::Data, "{text}");
    assert!(text.contains(expected), "expected `{expected}` in:\n{text}");
    assert!(text.contains(&format!("at: {}", path.display())), "{text}");
}

#[test]
fn malformed_files() {
    let one = |dtype: &str, shape: &str, offsets: &str, data| {
        file(&format!(r#"{{"w":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#), data)
    };
    check("empty", b"", "found: only 0 bytes");
    check("short", &[0; 7], "found: only 7 bytes");
    check("a picture", b"\x89PNG\r\n\x1a\n0000", "this is not a whole safetensors file");
    check("zeros", &[0; 100], "a file that starts with the bytes");
    check("lying header", &[&(1u64 << 40).to_le_bytes()[..], b"{}"].concat(), "starts with the bytes");
    check(
        "header beyond the end",
        &[&1000u64.to_le_bytes()[..], b"{}"].concat(),
        "a header of 1000 bytes in a file of 10",
    );
    check("no JSON", &file("{w}", 0), "invalid JSON");
    check("no UTF-8", &[&3u64.to_le_bytes()[..], b"{\xff}"].concat(), "invalid UTF-8");
    check("truncated data", &one("F32", "[2]", "[0,8]", 7), "which is not what the header announces");
    check("trailing data", &one("F32", "[2]", "[0,8]", 9), "which is not what the header announces");
    check("wrong length", &one("F32", "[3]", "[0,8]", 8), "invalid shape, data type, or offset");
    check("overflowing shape", &one("F32", "[4294967296,4294967296,16]", "[0,8]", 8), "overflow");
    check("huge shape", &one("F32", "[1099511627776]", "[0,4398046511104]", 8), "not what the header announces");
    check("gap", &one("F32", "[2]", "[8,16]", 16), "invalid offset for tensor `w`");
    check("backwards", &one("F32", "[2]", "[8,0]", 8), "invalid offset for tensor `w`");
    check("negative", &one("F32", "[-2]", "[0,8]", 8), "invalid JSON");
    check("unknown type", &one("F99", "[2]", "[0,8]", 8), "invalid JSON");
    check("half precision", &one("F16", "[2]", "[0,4]", 4), "the tensor `w` has elements of an unknown type");
}

#[test]
fn truncated_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    save_tensors(&path, &tensors(), &metadata()).unwrap();
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(load_tensors(&path).is_err(), "cut to {length} bytes");
    }
}

#[test]
fn names_that_cannot_be_saved_and_files_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let reserved = Tensors::from([("__metadata__".to_string(), Array::scalar(1f32).into())]);
    let error = save_tensors(&path, &reserved, &Metadata::new()).unwrap_err();
    assert!(error.to_string().contains("cannot be called `__metadata__`"), "{error}");
    assert!(!path.exists());
    for path in [path.as_path(), folder.path(), Path::new("")] {
        let error = load_tensors(path).unwrap_err();
        assert!(error.to_string().starts_with("cannot read the weights"), "{error}");
    }
}

#[test]
fn a_changed_byte_of_the_contents_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let tensors = BTreeMap::from([("w".to_string(), Tensor::from(Array::new([4], vec![1.0f32, 2.0, 3.0, 4.0])))]);
    let metadata = BTreeMap::from([("model".to_string(), "m".to_string())]);
    save_tensors(&path, &tensors, &metadata).unwrap();
    assert_eq!(load_tensors(&path).unwrap(), (tensors, metadata));
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let message = load_tensors(&path).unwrap_err().to_string();
    assert!(message.contains("damaged"), "{message}");
}
