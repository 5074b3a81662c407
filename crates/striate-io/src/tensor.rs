use std::collections::BTreeMap;
use std::io::{self, Write};
use striate_tensor::{Array, DType, Shape};

/// Tensors by name, in the order of their names.
///
/// ```
/// use striate_io::{Tensor, Tensors};
/// use striate_tensor::Array;
/// let weights = Tensors::from([("conv1.weight".to_string(), Tensor::from(Array::full([6, 1, 5, 5], 0.1f32)))]);
/// assert_eq!(weights["conv1.weight"].shape().to_string(), "6×1×5×5");
/// ```
pub type Tensors = BTreeMap<String, Tensor>;

/// A tensor of a file: its numbers with their type.
///
/// ```
/// use striate_io::Tensor;
/// use striate_tensor::{Array, DType};
/// let tensor = Tensor::from(Array::new([2], vec![3i32, 4]));
/// assert_eq!(tensor.dtype(), DType::I32);
/// assert!(tensor.as_f32().is_none());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// Real numbers: weights, moments, running statistics.
    F32(Array<f32>),
    /// Counters, labels.
    I32(Array<i32>),
    /// Bytes.
    U8(Array<u8>),
}

impl Tensor {
    /// What the elements are.
    pub fn dtype(&self) -> DType {
        match self {
            Tensor::F32(_) => DType::F32,
            Tensor::I32(_) => DType::I32,
            Tensor::U8(_) => DType::U8,
        }
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> &Shape {
        match self {
            Tensor::F32(array) => array.shape(),
            Tensor::I32(array) => array.shape(),
            Tensor::U8(array) => array.shape(),
        }
    }

    /// The real numbers, if it holds such.
    pub fn as_f32(&self) -> Option<&Array<f32>> {
        match self {
            Tensor::F32(array) => Some(array),
            _ => None,
        }
    }

    /// The real numbers without a copy, if it holds such.
    pub fn into_f32(self) -> Option<Array<f32>> {
        match self {
            Tensor::F32(array) => Some(array),
            _ => None,
        }
    }

    /// Length of the elements in a file, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.shape().elements() * self.dtype().bytes()
    }

    /// The elements, row-major, little-endian on every machine.
    pub(crate) fn write_elements(&self, to: &mut dyn Write) -> io::Result<()> {
        match self {
            Tensor::F32(array) => write_words(array.data(), |x| x.to_le_bytes(), to),
            Tensor::I32(array) => write_words(array.data(), |x| x.to_le_bytes(), to),
            Tensor::U8(array) => to.write_all(array.data()),
        }
    }

    /// The reverse of [`Tensor::write_elements`]; `None` when `elements` is not as long as type and shape say.
    pub(crate) fn from_elements(dtype: DType, shape: Shape, elements: &[u8]) -> Option<Self> {
        let count = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))?;
        if count.checked_mul(dtype.bytes())? != elements.len() {
            return None;
        }
        let (words, _) = elements.as_chunks::<4>();
        Some(match dtype {
            DType::F32 => Tensor::F32(Array::new(shape, words.iter().map(|&w| f32::from_le_bytes(w)).collect())),
            DType::I32 => Tensor::I32(Array::new(shape, words.iter().map(|&w| i32::from_le_bytes(w)).collect())),
            DType::U8 => Tensor::U8(Array::new(shape, elements.to_vec())),
        })
    }
}

fn write_words<T: Copy>(words: &[T], bytes: impl Fn(T) -> [u8; 4], to: &mut dyn Write) -> io::Result<()> {
    let mut block = Vec::with_capacity(4 * 1024);
    for words in words.chunks(1024) {
        block.clear();
        words.iter().for_each(|&word| block.extend_from_slice(&bytes(word)));
        to.write_all(&block)?;
    }
    Ok(())
}

impl From<Array<f32>> for Tensor {
    fn from(array: Array<f32>) -> Self {
        Tensor::F32(array)
    }
}

impl From<Array<i32>> for Tensor {
    fn from(array: Array<i32>) -> Self {
        Tensor::I32(array)
    }
}

impl From<Array<u8>> for Tensor {
    fn from(array: Array<u8>) -> Self {
        Tensor::U8(array)
    }
}
