use crate::{Tensor, Tensors};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// The SHA-256 of some bytes, as 64 lower-case hexadecimal digits.
///
/// ```
/// assert!(striate_io::sha256_hex(b"abc").starts_with("ba7816bf8f01cfea"));
/// ```
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).as_slice())
}

/// The fingerprint of a set of weights: equal exactly when every name, type, shape and bit is equal.
///
/// It is the SHA-256 over the tensors in the order of their names, each as: length of the name (u64), name, type
/// (`f32`, `i32`, `u8`) and a zero byte, number of axes (u64), each axis (u64), elements. All numbers are
/// little-endian, so that every machine finds the same.
///
/// ```
/// use striate_io::{Tensors, weights_sha256};
/// use striate_tensor::Array;
/// let of = |x: f32| weights_sha256(&Tensors::from([("w".to_string(), Array::full([2], x).into())]));
/// assert_eq!(of(0.5), of(0.5));
/// assert_ne!(of(0.0), of(-0.0));
/// ```
pub fn weights_sha256(tensors: &Tensors) -> String {
    let mut hash = Hash(Sha256::new());
    for (name, tensor) in tensors {
        hash.number(name.len());
        hash.0.update(name);
        hash.tensor(tensor);
    }
    hex(hash.0.finalize().as_slice())
}

struct Hash(Sha256);

impl Hash {
    fn number(&mut self, number: usize) {
        self.0.update((number as u64).to_le_bytes());
    }

    fn tensor(&mut self, tensor: &Tensor) {
        self.0.update(tensor.dtype().to_string());
        self.0.update([0]);
        self.number(tensor.shape().rank());
        tensor.shape().iter().for_each(|&size| self.number(size));
        tensor.write_elements(self).expect("hashing cannot fail");
    }
}

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
