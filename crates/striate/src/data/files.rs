//! Bytes of files, with a limit on everything.

use flate2::read::MultiGzDecoder;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;
use striate_io::io_error;
use striate_tensor::{Error, Result};

/// The largest data file, before and after decompression: 2 GiB.
pub(super) const LARGEST: u64 = 2 << 30;
/// Deflate cannot shrink further than this.
const BEST_RATIO: u64 = 1032;

/// The whole file.
pub(super) fn read(path: &Path, doing: &str) -> Result<Vec<u8>> {
    let length = fs::metadata(path).map_err(|failure| io_error(doing, path, &failure))?.len();
    if length > LARGEST {
        return Err(Error::data(format!("cannot {doing}: the file is too large"))
            .found(format!("{length} bytes"))
            .expected(format!("at most {LARGEST}"))
            .at(place(path)));
    }
    fs::read(path).map_err(|failure| io_error(doing, path, &failure))
}

pub(super) fn place(path: &Path) -> striate_tensor::Place {
    striate_tensor::Place::File(path.display().to_string())
}

/// The content of a file that may be gzipped, told by its first bytes; never more of it in memory than asked for.
pub(super) struct Content<'a> {
    reader: Box<dyn Read + 'a>,
    most: u64,
}

impl<'a> Content<'a> {
    pub(super) fn of(file: &'a [u8]) -> Self {
        let length = file.len() as u64;
        match file.starts_with(&[0x1f, 0x8b]) {
            true => Content { reader: Box::new(MultiGzDecoder::new(file)), most: length * BEST_RATIO },
            false => Content { reader: Box::new(file), most: length },
        }
    }

    /// More bytes than this the content cannot have, judged by the length of the file.
    pub(super) fn most(&self) -> u64 {
        self.most.min(LARGEST)
    }

    /// Up to `count` bytes; fewer only at the end.
    pub(super) fn up_to(&mut self, count: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(count.min(self.most()).min(64 << 20) as usize);
        (&mut self.reader).take(count).read_to_end(&mut bytes).map_err(|failure| {
            let cut = failure.kind() == ErrorKind::UnexpectedEof;
            Error::data(if cut { "the gzip stream is cut short" } else { "the gzip stream is corrupt" })
                .found(failure)
                .expected("a whole .gz file")
                .hint("download it again, and compare its SHA-256 with the publisher's")
        })?;
        Ok(bytes)
    }
}
