use crate::io_error;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;
use striate_tensor::Result;

/// Writes a file so that `path` holds, at every moment, the old content or the new one, never a part.
///
/// The content goes to a temporary file in the same folder, is flushed and synchronised to the disk, and then
/// takes the name. On any error, one of `content` itself too, the temporary file is removed and `path` is as before.
/// The writer is buffered.
///
/// # Errors
/// `Fault::Data` with the path and a hint: the folder is missing, no permission, no space, `path` is a folder.
///
/// ```
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("note.txt");
/// striate_io::write_atomically(&path, |file| writeln!(file, "whole or not at all"))?;
/// assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole or not at all\n");
/// # Ok::<(), striate_tensor::Error>(())
/// ```
pub fn write_atomically(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    write(path, folder, content).map_err(|failure| {
        let error = io_error("write the file", path, &failure);
        match failure.kind() {
            ErrorKind::NotFound => error.hint(format!("the folder {} does not exist: create it", folder.display())),
            _ => error,
        }
    })
}

fn write(path: &Path, folder: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if path.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let mut temporary = tempfile::Builder::new();
    temporary.prefix(".").suffix(".partial");
    // Private by default; a saved file shall be as readable as any other (the umask still applies).
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    temporary.permissions(permissions);

    let mut temporary = temporary.tempfile_in(folder)?;
    let mut buffered = BufWriter::with_capacity(1 << 16, temporary.as_file_mut());
    content(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|failure| failure.error)?;
    synchronise_folder(folder)
}

/// Without it a power cut could forget the new name.
fn synchronise_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder)?.sync_all() {
        // Some network file systems cannot synchronise a folder; the file itself is safe.
        Err(failure) if matches!(failure.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        other => other,
    }
}
