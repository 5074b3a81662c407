//! Draws the digits that are embedded in Striate from MNIST, the same on every machine:
//!
//! ```text
//! cargo run --release -p striate --example make_digits -- path/to/mnist crates/striate/assets/digits
//! ```
//!
//! 1,000 images of each digit from MNIST's training part and 200 from its test part, drawn with a fixed seed, in the
//! order 0, 1, …, 9, 0, 1, …; the result is a folder of four gzipped IDX files. The pixels are MNIST's, unchanged. The
//! committed files hold the same bytes, gzipped once more by zopfli (`--i15`): slow, and a twentieth smaller.
//!
//! MNIST: Yann LeCun, Corinna Cortes, Christopher J.C. Burges, "The MNIST database of handwritten digits",
//! <http://yann.lecun.com/exdb/mnist/>; licence CC BY-SA 3.0.

use flate2::{Compression, GzBuilder, read::MultiGzDecoder};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use striate_io::{io_error, sha256_hex, write_atomically};
use striate_tensor::{Error, Result, Rng};

/// The seed of the draw, and how many images of each digit.
const SEED: u64 = 1998;
const PARTS: [(&str, usize); 2] = [("train", 1000), ("t10k", 200)];
const PIXELS: usize = 28 * 28;
const IMAGES_HEADER: usize = 16;
const LABELS_HEADER: usize = 8;
const MOST_BYTES: usize = 2_000_000;

/// MNIST's four files, decompressed: only from these is the result the committed one.
const SOURCES: [(&str, &str); 4] = [
    ("train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    ("train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    ("t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    ("t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
];

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else {
        eprintln!("usage: make_digits FOLDER_WITH_MNIST FOLDER_TO_WRITE");
        return 2.into();
    };
    match make(from.as_ref(), to.as_ref()) {
        Ok(()) => 0.into(),
        Err(error) => {
            eprintln!("{error}");
            3.into()
        }
    }
}

/// Reads MNIST from one folder and writes the digits to another.
pub(crate) fn make(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).map_err(|failure| io_error("create the folder", to, &failure))?;
    let mut total = 0;
    for (part, each) in PARTS {
        let images = source(from, &format!("{part}-images-idx3-ubyte"))?;
        let labels = source(from, &format!("{part}-labels-idx1-ubyte"))?;
        let drawn = draw(part, &labels[LABELS_HEADER..], each);

        let count = (drawn.len() as u32).to_be_bytes();
        let mut drawn_images = [&[0, 0, 8, 3], &count[..], &28u32.to_be_bytes(), &28u32.to_be_bytes()].concat();
        let mut drawn_labels = [&[0, 0, 8, 1], &count[..]].concat();
        for sample in drawn {
            let start = IMAGES_HEADER + sample * PIXELS;
            drawn_images.extend_from_slice(&images[start..start + PIXELS]);
            drawn_labels.push(labels[LABELS_HEADER + sample]);
        }
        println!("{part} pixels {}", sha256_hex(&drawn_images[IMAGES_HEADER..]));
        println!("{part} labels {}", sha256_hex(&drawn_labels[LABELS_HEADER..]));
        total += write(&to.join(format!("{part}-images-idx3-ubyte.gz")), &drawn_images)?;
        total += write(&to.join(format!("{part}-labels-idx1-ubyte.gz")), &drawn_labels)?;
    }
    println!("{total} bytes in all, at most {MOST_BYTES}");
    if total > MOST_BYTES {
        return Err(Error::data("the digits do not fit").found(total).expected(MOST_BYTES));
    }
    Ok(())
}

/// One of MNIST's files, plain or gzipped, decompressed and compared with its SHA-256.
fn source(folder: &Path, name: &str) -> Result<Vec<u8>> {
    let mut path = folder.join(name);
    if !path.is_file() {
        path.set_extension("gz");
    }
    let failed = |failure: std::io::Error| io_error("read MNIST", &path, &failure);
    let mut bytes = fs::read(&path).map_err(failed)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = vec![];
        MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).map_err(failed)?;
        bytes = plain;
    }
    let expected = SOURCES.iter().find(|source| source.0 == name).map_or("", |source| source.1);
    let found = sha256_hex(&bytes);
    println!("{found}  {name}");
    match found == expected {
        true => Ok(bytes),
        false => Err(Error::data(format!("{name} is not MNIST's")).found(found).expected(expected)),
    }
}

/// The numbers of the drawn samples, digit by digit in turn.
fn draw(part: &str, labels: &[u8], each: usize) -> Vec<usize> {
    let of_digit = |digit: u8| {
        let mut samples: Vec<usize> = (0..labels.len()).filter(|&sample| labels[sample] == digit).collect();
        Rng::new(SEED).stream(part).substream(digit.into()).shuffle(&mut samples);
        samples
    };
    let digits: Vec<Vec<usize>> = (0..10).map(of_digit).collect();
    (0..each).flat_map(|turn| digits.iter().map(move |samples| samples[turn])).collect()
}

/// Writes the bytes gzipped, without a time or a name in the header; returns the length of the file.
fn write(path: &Path, bytes: &[u8]) -> Result<usize> {
    let mut gzip = GzBuilder::new().mtime(0).operating_system(255).write(vec![], Compression::best());
    let failed = |failure: std::io::Error| io_error("compress", path, &failure);
    gzip.write_all(bytes).map_err(failed)?;
    let packed = gzip.finish().map_err(failed)?;
    write_atomically(path, |file| file.write_all(&packed))?;
    println!("{}  {} ({} bytes)", sha256_hex(&packed), path.display(), packed.len());
    Ok(packed.len())
}
