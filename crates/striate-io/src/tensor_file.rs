use crate::{Tensor, Tensors, io_error, sha256_hex, weights_sha256, write_atomically};
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use striate_tensor::{DType, Error, Place, Result};

/// Texts by name that travel in a tensor file beside the tensors.
///
/// ```
/// let metadata = striate_io::Metadata::from([("model".to_string(), "lenet5".to_string())]);
/// assert_eq!(metadata["model"], "lenet5");
/// ```
pub type Metadata = BTreeMap<String, String>;

/// The key under which the format keeps its metadata; no tensor can have this name.
const METADATA: &str = "__metadata__";
const LONGEST_HEADER: u64 = 100_000_000;

/// Writes named tensors as a `safetensors` file, atomically, with a fingerprint of its contents that [`load_tensors`]
/// checks. Equal content gives equal bytes. Gives back [`weights_sha256`] of the tensors.
///
/// # Errors
/// `Fault::Data` with the path: see [`write_atomically`]; or a tensor is called `__metadata__`.
///
/// ```
/// use striate_io::{Metadata, Tensors, load_tensors, save_tensors};
/// use striate_tensor::Array;
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("best.safetensors");
/// let weights = Tensors::from([("dense.bias".to_string(), Array::new([2], vec![0.5f32, -1.0]).into())]);
/// let metadata = Metadata::from([("model".to_string(), "lenet5".to_string())]);
/// save_tensors(&path, &weights, &metadata)?;
/// assert_eq!(load_tensors(&path)?, (weights, metadata));
/// # Ok::<(), striate_tensor::Error>(())
/// ```
pub fn save_tensors(path: &Path, tensors: &Tensors, metadata: &Metadata) -> Result<String> {
    if tensors.contains_key(METADATA) {
        let at = Place::File(path.display().to_string());
        return Err(Error::data(format!("a tensor cannot be called `{METADATA}`")).at(at));
    }
    let mut in_file_order: Vec<_> = tensors.iter().collect();
    // Wider elements first: then each of them lies at a multiple of its width.
    in_file_order.sort_by_key(|(_, tensor)| Reverse(tensor.dtype().bytes()));
    let mut metadata = metadata.clone();
    let weights = weights_sha256(tensors);
    metadata.insert(FINGERPRINT.to_string(), fingerprint(&weights, &metadata));
    let header = header(&in_file_order, &metadata);
    write_atomically(path, |file| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        in_file_order.iter().try_for_each(|(_, tensor)| tensor.write_elements(file))
    })?;
    Ok(weights)
}

#[derive(Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Texts(&'a Metadata),
    Tensor { dtype: &'static str, shape: &'a [usize], data_offsets: [usize; 2] },
}

/// The JSON header, padded with blanks to a multiple of 8 bytes. Written here and not by the crate, whose metadata
/// come in random order.
fn header(tensors: &[(&String, &Tensor)], metadata: &Metadata) -> Vec<u8> {
    let mut entries = BTreeMap::new();
    if !metadata.is_empty() {
        entries.insert(METADATA, Entry::Texts(metadata));
    }
    let mut start = 0;
    for (name, tensor) in tensors {
        let dtype = match tensor.dtype() {
            DType::F32 => "F32",
            DType::I32 => "I32",
            DType::U8 => "U8",
        };
        let end = start + tensor.bytes();
        entries.insert(name, Entry::Tensor { dtype, shape: tensor.shape(), data_offsets: [start, end] });
        start = end;
    }
    let mut header = serde_json::to_vec(&entries).expect("maps of texts and numbers are JSON");
    header.resize(header.len().next_multiple_of(8), b' ');
    header
}

/// Reads a `safetensors` file: the tensors and the metadata. Elements of type F32, I32 and U8 are understood.
///
/// Nothing is allocated on the word of the header alone: a file costs at most a few times its own length.
///
/// # Errors
/// `Fault::Data` with the path: the file cannot be read, is no `safetensors` file, is truncated or corrupt, or has a
/// tensor of another type.
///
/// ```
/// let failure = striate_io::load_tensors("no/such.safetensors".as_ref()).unwrap_err();
/// assert!(failure.to_string().starts_with("cannot read the weights"));
/// ```
pub fn load_tensors(path: &Path) -> Result<(Tensors, Metadata)> {
    let here = |error: Error| error.at(Place::File(path.display().to_string()));
    let bytes = read_plausible(path).map_err(|failure| match failure.kind() {
        ErrorKind::InvalidData => here(foreign(failure)),
        _ => io_error("read the weights", path, &failure),
    })?;
    let file = SafeTensors::deserialize(&bytes).map_err(|failure| here(corrupt(&failure, bytes.len())))?;
    let mut tensors = Tensors::new();
    for (name, view) in file.tensors() {
        tensors.insert(name.clone(), tensor(&name, &view).map_err(here)?);
    }
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|failure| here(corrupt(&failure, bytes.len())))?;
    let texts = header.metadata().iter().flatten();
    let mut metadata: Metadata = texts.map(|(key, text)| (key.clone(), text.clone())).collect();
    if let Some(stated) = metadata.remove(FINGERPRINT) {
        let found = fingerprint(&weights_sha256(&tensors), &metadata);
        if found != stated {
            return Err(here(
                Error::data("the file is damaged: its contents are not those that were written")
                    .found(format!("contents of SHA-256 {found}"))
                    .expected(stated)
                    .hint("take a copy of the file, or train again"),
            ));
        }
    }
    Ok((tensors, metadata))
}

/// The metadata under which a file keeps the fingerprint of its own contents; files of others do without.
const FINGERPRINT: &str = "striate_sha256";

/// SHA-256 over all tensors, whose own is given, and all other metadata.
fn fingerprint(weights: &str, metadata: &Metadata) -> String {
    let mut text = weights.to_string();
    for (key, value) in metadata {
        text.push_str(&format!("\n{}:{key}={}:{value}", key.len(), value.len()));
    }
    sha256_hex(text.as_bytes())
}

/// The whole file, unless its first bytes show that it is something else (then `InvalidData`).
fn read_plausible(path: &Path) -> io::Result<Vec<u8>> {
    let length = fs::metadata(path)?.len();
    let mut start = [0; 9];
    let invalid = |what: String| Err(io::Error::new(ErrorKind::InvalidData, what));
    match File::open(path)?.read_exact(&mut start) {
        Err(failure) if failure.kind() == ErrorKind::UnexpectedEof => return invalid(format!("only {length} bytes")),
        other => other?,
    }
    let (size, first) = start.split_at(8);
    let header = u64::from_le_bytes(size.try_into().unwrap_or_default());
    if first != b"{" || header > LONGEST_HEADER {
        return invalid(format!("a file that starts with the bytes {start:02x?}"));
    }
    if header > length - 8 {
        return invalid(format!("a header of {header} bytes in a file of {length} bytes"));
    }
    fs::read(path)
}

fn foreign(failure: io::Error) -> Error {
    Error::data("this is not a whole safetensors file")
        .found(failure)
        .expected("8 bytes with the header's length, then the header as JSON, then the tensors")
        .hint("give a file such as weights/best.safetensors of a run; if it is one, it was cut short: copy it again")
}

fn corrupt(failure: &SafeTensorError, length: usize) -> Error {
    let error = Error::data("the safetensors file is corrupt");
    match failure {
        SafeTensorError::MetadataIncompleteBuffer => error
            .found(format!("{length} bytes in all, which is not what the header announces"))
            .expected("exactly the bytes of the tensors behind the header")
            .hint("the file was cut short or added to: copy it again"),
        other => error.found(other).expected("a header that describes the tensors without gaps").hint("copy it again"),
    }
}

fn tensor(name: &str, view: &safetensors::tensor::TensorView<'_>) -> Result<Tensor> {
    let dtype = match view.dtype() {
        Dtype::F32 => DType::F32,
        Dtype::I32 => DType::I32,
        Dtype::U8 => DType::U8,
        other => {
            return Err(Error::data(format!("the tensor `{name}` has elements of an unknown type"))
                .found(other)
                .expected("F32, I32 or U8")
                .hint("convert the weights to 32-bit floating point"));
        }
    };
    Tensor::from_elements(dtype, view.shape().into(), view.data())
        .ok_or_else(|| Error::data(format!("the tensor `{name}` is not as long as its shape says")))
}
