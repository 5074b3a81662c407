//! A convolution as the dense layer that it is: a matrix of which most elements are 0 and the others shared.
//!
//! ```text
//! y = M·x + b            x: I·pixels   y: O·positions   M[y, x] = the weight through which pixel x reaches output y, or 0
//! ```
//!
//! Two infinitely strong priors make it: elements outside the receptive field are 0 (sparse connection), and elements of one
//! kernel at different positions are equal (shared weights). A locally connected layer keeps the first and drops the second.

use serde::Serialize;
use striate_graph::ops::conv::Conv;
use striate_tensor::{Array, Error, Result};

/// The elements of a matrix that are not 0 for want of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct DenseMatrix {
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub columns: usize,
    /// Row, column, and which weight stands there, in the order of rows, then columns.
    pub entries: Vec<(usize, usize, usize)>,
    /// The weights.
    pub weights: Vec<f32>,
}

/// Numbers of a layer that maps the same inputs to the same outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Connectivity {
    /// Numbers that are learned, biases included.
    pub parameters: u128,
    /// Products and biases that make the outputs for one sample: taps in the padding left out.
    pub connections: u128,
}

/// One geometry, three ways to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Every input with every output, a weight each.
    pub dense: Connectivity,
    /// Each output with its window, a weight each.
    pub local: Connectivity,
    /// Each output with its window, the weights shared by all positions.
    pub convolution: Connectivity,
}

/// The dense matrix of a convolution with these weights.
///
/// # Errors
/// `Fault::Usage`: the weights are not those of the convolution, or the matrix has more than 2²⁸ entries.
///
/// ```
/// use striate::explain::to_dense_matrix;
/// use striate::graph::ops::conv::Conv;
/// use striate::tensor::Array;
/// let (_, conv) = Conv::parse("n1 c1 4 -> o1 k2")?;
/// let matrix = to_dense_matrix(&conv, &Array::new([1, 1, 2], vec![1.0, 2.0]))?;
/// assert_eq!((matrix.rows, matrix.columns, matrix.entries.len()), (3, 4, 6));
/// assert_eq!(matrix.apply(&[1.0, 0.0, 0.0, 1.0]), [1.0, 0.0, 2.0]);
/// # Ok::<(), striate::prelude::Error>(())
/// ```
pub fn to_dense_matrix(conv: &Conv, weights: &Array<f32>) -> Result<DenseMatrix> {
    let geometry = conv.geometry(1);
    let wanted = geometry.rows() * geometry.taps();
    if weights.data().len() != wanted {
        return Err(Error::usage("the weights are not those of the convolution")
            .found(weights.shape())
            .expected(conv.weight()));
    }
    let live = geometry.live_multiply_adds();
    if live > 1 << 24 {
        return Err(Error::usage("the dense matrix is too large to be written out")
            .found(format!("{live} entries that are not 0"))
            .expected("at most 2²⁴")
            .hint("take a smaller picture or a layer of fewer channels"));
    }
    let mut entries = Vec::with_capacity(live as usize);
    geometry.each_triple(|x, w, y| entries.push((y, x, w)));
    entries.sort_unstable();
    Ok(DenseMatrix {
        rows: conv.out_channels * geometry.positions(),
        columns: conv.in_channels * geometry.pixels(),
        entries,
        weights: weights.data().to_vec(),
    })
}

impl DenseMatrix {
    /// M·x, summed in 64 bits.
    pub fn apply(&self, x: &[f32]) -> Vec<f32> {
        let mut y = vec![0.0f64; self.rows];
        for &(row, column, weight) in &self.entries {
            y[row] += f64::from(self.weights[weight]) * f64::from(x[column]);
        }
        y.into_iter().map(|y| y as f32).collect()
    }

    /// The part of the elements that is 0 for want of a connection.
    pub fn sparsity(&self) -> f64 {
        1.0 - self.entries.len() as f64 / (self.rows as f64 * self.columns as f64)
    }

    /// How many elements hold each weight, on average over the weights that occur.
    pub fn sharing(&self) -> f64 {
        let mut used = vec![false; self.weights.len()];
        self.entries.iter().for_each(|entry| used[entry.2] = true);
        self.entries.len() as f64 / used.iter().filter(|&&used| used).count().max(1) as f64
    }

    /// A picture of it, `rows`×`columns` (at most its own): each element the mean of the entries that fall into it, and
    /// whether any does.
    pub fn picture(&self, rows: usize, columns: usize) -> (Vec<f32>, Vec<bool>) {
        let (rows, columns) = (rows.min(self.rows), columns.min(self.columns));
        let (mut sums, mut counts) = (vec![0.0f32; rows * columns], vec![0u32; rows * columns]);
        for &(row, column, weight) in &self.entries {
            let at = row * rows / self.rows * columns + column * columns / self.columns;
            sums[at] += self.weights[weight];
            counts[at] += 1;
        }
        let mean = sums.iter().zip(&counts).map(|(sum, &count)| sum / count.max(1) as f32).collect();
        (mean, counts.iter().map(|&count| count > 0).collect())
    }
}

/// The parameters and connections of a convolution beside those of a dense and a locally connected layer between the same
/// inputs and outputs, each with a bias (the dense and the local one a bias for each output, the convolution one for each
/// channel) where `bias` says so.
pub fn compare(conv: &Conv, bias: bool) -> Comparison {
    let geometry = conv.geometry(1);
    let inputs = conv.in_channels as u128 * geometry.pixels() as u128;
    let outputs = conv.out_channels as u128 * geometry.positions() as u128;
    let (rows, taps) = (geometry.rows() as u128, geometry.taps() as u128);
    let biases = |count: u128| if bias { count } else { 0 };
    let live = u128::from(geometry.live_multiply_adds());
    Comparison {
        dense: dense(inputs, outputs, bias),
        local: Connectivity {
            parameters: rows * taps * geometry.positions() as u128 + biases(outputs),
            connections: live + biases(outputs),
        },
        convolution: Connectivity {
            parameters: rows * taps + biases(conv.out_channels as u128),
            connections: live + biases(outputs),
        },
    }
}

/// A dense layer's numbers.
pub fn dense(inputs: u128, outputs: u128, bias: bool) -> Connectivity {
    let all = inputs * outputs + if bias { outputs } else { 0 };
    Connectivity { parameters: all, connections: all }
}
