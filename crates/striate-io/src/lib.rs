//! Files of Striate: whole or not at all ([`write_atomically`]), tensors with names ([`save_tensors`],
//! [`load_tensors`]) and their fingerprint ([`weights_sha256`]).
//!
//! Nothing here knows a network. What is read is checked before it is believed: a lying header, a
//! truncated or a foreign file ends in an [`Error`](striate_tensor::Error) that names the file.
#![forbid(unsafe_code)]

mod atomic;
mod digest;
mod errors;
mod tensor;
mod tensor_file;

pub use atomic::write_atomically;
pub use digest::{sha256_hex, weights_sha256};
pub use errors::io_error;
pub use tensor::{Tensor, Tensors};
pub use tensor_file::{Metadata, load_tensors, save_tensors};
