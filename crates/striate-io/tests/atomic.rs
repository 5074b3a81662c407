//! The promise of `write_atomically`: the old content or the new one, and nothing else in the folder.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use striate_io::write_atomically;
use striate_tensor::Fault;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn replaces_the_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.csv");
    for content in ["a longer first content", "second"] {
        write_atomically(&path, |file| file.write_all(content.as_bytes())).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    assert_eq!(names(folder.path()), ["metrics.csv"]);
}

#[test]
fn a_failure_in_the_middle_leaves_the_old_content_and_no_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last.safetensors");
    fs::write(&path, "old").unwrap();
    let error = write_atomically(&path, |file| {
        file.write_all(&[7; 1 << 20])?;
        Err(io::Error::from(ErrorKind::StorageFull))
    })
    .unwrap_err();
    assert_eq!(error.fault(), Fault::Data);
    assert!(error.to_string().contains("hint: the disk is full"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(folder.path()), ["last.safetensors"]);
}

#[test]
fn a_panic_in_the_middle_leaves_no_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let panicked = std::panic::catch_unwind(|| {
        write_atomically(&path, |_| {
            std::panic::resume_unwind(Box::new(()));
        })
    });
    assert!(panicked.is_err());
    assert!(names(folder.path()).is_empty());
}

#[track_caller]
fn check(path: &Path, expected: &str) {
    let error = write_atomically(path, |file| file.write_all(b"x")).unwrap_err();
    assert_eq!(error.fault(), Fault::Data);
    let text = error.to_string();
    assert!(text.contains(expected) && text.contains(&path.display().to_string()), "{text}");
}

#[test]
fn errors_name_the_path_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    check(&folder.path().join("missing/file"), "missing does not exist: create it");
    check(folder.path(), "the path is a folder");
    check(&file.join("below"), "a part of the path is a file");
}

#[cfg(unix)]
#[test]
fn others_may_read_what_the_umask_permits() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
    write_atomically(&ours, |file| file.write_all(b"x")).unwrap();
    fs::write(&plain, "x").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&plain));
}
