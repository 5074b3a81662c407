//! IDX, the format of MNIST: `0 0 type rank`, then the sizes of the axes (u32, big-endian), then the elements.
//! Images are `N×rows×columns` bytes, labels `N` bytes.

use super::Dataset;
use super::dataset::{Samples, check_labels};
use super::files::{self, Content, LARGEST};
use std::path::Path;
use striate_tensor::{Error, Result, Shape};

/// An IDX file of bytes.
struct Idx {
    sizes: Vec<usize>,
    elements: Vec<u8>,
}

/// A file of images and a file of labels; `classes` are the names of the classes.
pub(super) fn open(images: &Path, labels: &Path, classes: Vec<String>, source: String) -> Result<Dataset> {
    let images_file = files::read(images, "read the images")?;
    let labels_file = files::read(labels, "read the labels")?;
    let images_read = parse(&images_file, 3).map_err(|error| error.at(files::place(images)))?;
    drop(images_file);
    let labels_read = parse(&labels_file, 1).map_err(|error| error.at(files::place(labels)))?;
    join(images_read, labels_read, classes, source)
        .map_err(|error| error.at(files::place(labels)).at(files::place(images)))
}

/// As [`open`], from the contents of the two files.
pub(super) fn from_bytes(images: &[u8], labels: &[u8], classes: Vec<String>, source: String) -> Result<Dataset> {
    join(parse(images, 3)?, parse(labels, 1)?, classes, source)
}

fn join(images: Idx, labels: Idx, classes: Vec<String>, source: String) -> Result<Dataset> {
    if images.sizes[0] != labels.sizes[0] {
        return Err(Error::data("images and labels do not belong together")
            .found(format!("{} images and {} labels", images.sizes[0], labels.sizes[0]))
            .expected("a label for each image"));
    }
    check_labels(labels.elements.iter().map(|&label| i64::from(label)), classes.len()).map_err(|error| {
        error.hint("name the classes in a file classes.txt in the same folder, one on each line, class 0 first")
    })?;
    let shape = Shape::from([1, images.sizes[1], images.sizes[2]]);
    let labels = labels.elements.into_iter().map(i32::from).collect();
    Ok(Dataset::unchecked(Samples::Bytes(images.elements), shape, labels, classes, source))
}

/// An IDX file, plain or gzipped, of so many axes.
fn parse(file: &[u8], rank: usize) -> Result<Idx> {
    let mut content = Content::of(file);
    let header = content.up_to(4 + 4 * rank as u64)?;
    let wanted = [0, 0, 8, rank as u8];
    if let Some(magic) = header.first_chunk::<4>().filter(|magic| **magic != wanted) {
        return Err(wrong_magic(*magic, rank));
    }
    if header.len() < 4 + 4 * rank {
        return Err(Error::data("the IDX file is cut short")
            .found(format!("{} bytes", header.len()))
            .expected(format!("a header of {} bytes, then the elements", 4 + 4 * rank))
            .hint("download it again"));
    }
    let (words, _) = header[4..].as_chunks::<4>();
    let sizes: Vec<u32> = words.iter().map(|&word| u32::from_be_bytes(word)).collect();
    let text = sizes.iter().map(u32::to_string).collect::<Vec<_>>().join("×");
    let announced = sizes.iter().try_fold(1u64, |product, &size| product.checked_mul(u64::from(size)));
    let count = match announced {
        Some(0) => {
            return Err(Error::data("the IDX file is empty").found(text).expected("at least one element"));
        }
        Some(count) if count <= LARGEST => count,
        _ => {
            return Err(Error::data("the IDX file announces too much")
                .found(format!("{text} bytes"))
                .expected(format!("at most {LARGEST}"))
                .hint("the header is corrupt: download the file again"));
        }
    };
    let short = |found: String| {
        Error::data("the IDX file is cut short")
            .found(found)
            .expected(format!("{text} = {count} bytes behind the header"))
            .hint("download it again")
    };
    if count > content.most() {
        return Err(short(format!("a file of {} bytes", file.len())));
    }
    let elements = content.up_to(count + 1)?;
    match (elements.len() as u64).cmp(&count) {
        std::cmp::Ordering::Less => Err(short(format!("{} bytes behind the header", elements.len()))),
        std::cmp::Ordering::Equal => Ok(Idx { sizes: sizes.iter().map(|&size| size as usize).collect(), elements }),
        std::cmp::Ordering::Greater => Err(Error::data("the IDX file is longer than its header says")
            .found("more bytes")
            .expected(format!("{text} = {count} bytes behind the header"))),
    }
}

fn wrong_magic(magic: [u8; 4], rank: usize) -> Error {
    let name = |rank| if rank == 3 { "images (bytes, 3 axes)" } else { "labels (bytes, 1 axis)" };
    let found = match magic {
        [0, 0, 8, rank @ (1 | 3)] => format!("the number of {}, 0x0000080{rank}", name(usize::from(rank))),
        _ => format!("0x{:08x}", u32::from_be_bytes(magic)),
    };
    let error = Error::data("the first four bytes are not the ones of the expected IDX file")
        .found(found)
        .expected(format!("0x0000080{rank}, {}", name(rank)));
    match magic {
        [0, 0, 8, 1 | 3] => error.hint("images and labels are swapped: check the file names"),
        [0, 0, 9..=14, _] => error.hint("elements other than bytes are not supported"),
        [b'<', ..] => error.hint("this is a web page, not the data: the download failed"),
        _ => error.hint("this is not an IDX file, plain or gzipped"),
    }
}
