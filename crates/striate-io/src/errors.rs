use std::io::{self, ErrorKind};
use std::path::Path;
use striate_tensor::{Error, Place};

/// An error of the operating system as one of ours: `cannot {doing}`, what the system said, the path, and a hint.
/// Its fault is [`Fault::Data`](striate_tensor::Fault::Data).
///
/// ```
/// use std::path::Path;
/// let path = Path::new("no/such/file");
/// let failure = std::fs::read(path).unwrap_err();
/// let error = striate_io::io_error("read the file", path, &failure);
/// assert!(error.to_string().starts_with("cannot read the file"));
/// assert!(error.to_string().contains("at: no/such/file"));
/// ```
pub fn io_error(doing: &str, path: &Path, failure: &io::Error) -> Error {
    let error = Error::data(format!("cannot {doing}")).found(failure).at(Place::File(path.display().to_string()));
    match hint(failure.kind()) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn hint(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::NotFound => "check the spelling; relative paths start at the current folder",
        ErrorKind::PermissionDenied => "the file or its folder does not permit it to this user",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full: free some space, or use another one",
        ErrorKind::ReadOnlyFilesystem => "the disk is read-only: use another folder",
        ErrorKind::IsADirectory => "the path is a folder; give a file",
        ErrorKind::NotADirectory => "a part of the path is a file, not a folder",
        _ => return None,
    })
}
