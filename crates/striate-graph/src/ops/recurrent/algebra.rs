//! What the equations of a cell are written in: matrices of numbers, or values of a growing graph.
//!
//! The cell's equations are written once; on numbers they are the plain reference, on values they are a composition of
//! other operations, which has derivatives of every order.

use crate::ops::map::Map;
use crate::ops::matmul::MatMul;
use crate::{Dim, Var};
use std::ops::Range;
use striate_tensor::{Array, Binary, Number, Program, Shape, Unary};

/// Matrices N×X, and sequences of them N×T×X.
pub(super) trait Algebra: Clone {
    /// `self·w`, or `self·wᵀ`.
    fn product(&self, w: &Self, transposed: bool) -> Self;
    /// A function of each element.
    fn unary(&self, f: Unary) -> Self;
    /// A function of each element and of another's; the other may be a row.
    fn binary(&self, f: Binary, other: &Self) -> Self;
    /// `1 − self`.
    fn complement(&self) -> Self;
    /// Zeros of the same sizes.
    fn zeros(&self) -> Self;
    /// Row by row `self` where the mask N×1 is 1, else `other`.
    fn where_or(&self, mask: &Self, other: &Self) -> Self;
    /// Some columns.
    fn columns(&self, range: Range<usize>) -> Self;
    /// The number of columns.
    fn width(&self) -> usize;
    /// Matrices side by side.
    fn beside(parts: &[Self]) -> Self;
    /// Step `t` of a sequence.
    fn at(&self, t: usize) -> Self;
    /// Steps as a sequence.
    fn sequence(steps: &[Self]) -> Self;

    /// Block `k` of `of` equal blocks of columns.
    fn block(&self, k: usize, of: usize) -> Self {
        let units = self.width() / of;
        if of == 1 { self.clone() } else { self.columns(k * units..(k + 1) * units) }
    }
    fn plus(&self, other: &Self) -> Self {
        self.binary(Binary::Add, other)
    }
    fn minus(&self, other: &Self) -> Self {
        self.binary(Binary::Sub, other)
    }
    fn times(&self, other: &Self) -> Self {
        self.binary(Binary::Mul, other)
    }
    fn tanh(&self) -> Self {
        self.unary(Unary::Tanh)
    }
    fn logistic(&self) -> Self {
        self.unary(Unary::Logistic)
    }
    /// Of the logistic function's value y, its slope y·(1 − y).
    fn logistic_slope(&self) -> Self {
        self.times(&self.complement())
    }
    /// Of the hyperbolic tangent's value y, its slope 1 − y².
    fn tanh_slope(&self) -> Self {
        self.times(self).complement()
    }
}

impl<T: Number> Algebra for Array<T> {
    fn product(&self, w: &Self, transposed: bool) -> Self {
        let (rows, terms) = (self.shape()[0], self.shape()[1]);
        let columns = w.shape()[if transposed { 0 } else { 1 }];
        let w = |k, j| w.at(&if transposed { [j, k] } else { [k, j] });
        Array::from_fn([rows, columns], |i| {
            let (row, column) = (i / columns, i % columns);
            (0..terms).fold(T::zero(), |sum, k| sum + self.at(&[row, k]) * w(k, column))
        })
    }

    fn unary(&self, f: Unary) -> Self {
        self.map(|x| f.evaluate(x))
    }

    fn binary(&self, f: Binary, other: &Self) -> Self {
        let len = other.data().len();
        Array::from_fn(self.shape().clone(), |i| f.evaluate(self.data()[i], other.data()[i % len]))
    }

    fn complement(&self) -> Self {
        self.map(|x| T::one() - x)
    }

    fn zeros(&self) -> Self {
        self.map(|_| T::zero())
    }

    fn where_or(&self, mask: &Self, other: &Self) -> Self {
        let columns = self.shape()[1];
        let inside = |i: usize| mask.data()[i / columns] > T::zero();
        Array::from_fn(self.shape().clone(), |i| if inside(i) { self.data()[i] } else { other.data()[i] })
    }

    fn columns(&self, range: Range<usize>) -> Self {
        let columns = range.len();
        Array::from_fn([self.shape()[0], columns], |i| self.at(&[i / columns, range.start + i % columns]))
    }

    fn width(&self) -> usize {
        self.shape()[1]
    }

    fn beside(parts: &[Self]) -> Self {
        let rows = parts[0].shape()[0];
        let row = |n: usize| parts.iter().flat_map(move |part| &part.data()[n * part.shape()[1]..][..part.shape()[1]]);
        Array::new([rows, parts.iter().map(|part| part.shape()[1]).sum()], (0..rows).flat_map(row).copied().collect())
    }

    fn at(&self, t: usize) -> Self {
        let &[rows, _, columns] = &self.shape()[..] else { unreachable!("a sequence has three axes") };
        Array::from_fn([rows, columns], |i| self.at(&[i / columns, t, i % columns]))
    }

    fn sequence(steps: &[Self]) -> Self {
        let (rows, columns) = (steps[0].shape()[0], steps[0].shape()[1]);
        let shape = Shape::from([rows, steps.len(), columns]);
        Algebra::beside(steps).reshaped(shape)
    }
}

impl<'g> Algebra for Var<'g> {
    fn product(&self, w: &Self, transposed: bool) -> Self {
        let product = MatMul { a_transposed: false, b_transposed: transposed };
        self.builder().apply(product, &[*self, *w]).get(0)
    }

    fn unary(&self, f: Unary) -> Self {
        Var::unary(*self, f)
    }

    fn binary(&self, f: Binary, other: &Self) -> Self {
        self.with(*other, |p, a, b| p.binary(f, a, b))
    }

    fn complement(&self) -> Self {
        self.each(|p, x| {
            let one = p.constant(1.0);
            p.binary(Binary::Sub, one, x)
        })
    }

    fn zeros(&self) -> Self {
        self.each(|p, _| p.constant(0.0))
    }

    fn where_or(&self, mask: &Self, other: &Self) -> Self {
        let program = Program::build(3, |p| vec![p.select(0, 1, 2)]);
        self.builder().apply(Map { program }, &[*mask, *self, *other]).get(0)
    }

    fn columns(&self, range: Range<usize>) -> Self {
        self.slice(1, range)
    }

    fn width(&self) -> usize {
        self.ty().dims.get(1).map_or(0, |dim| dim.at(1))
    }

    fn beside(parts: &[Self]) -> Self {
        parts[0].concat(&parts[1..], 1)
    }

    fn at(&self, t: usize) -> Self {
        let dims = self.ty().dims;
        if self.is_poisoned() { *self } else { self.slice(1, t..t + 1).reshape(&[dims[0], dims[2]]) }
    }

    fn sequence(steps: &[Self]) -> Self {
        let one = |x: &Var<'g>| match x.ty().dims[..] {
            [n, columns] => x.reshape(&[n, Dim::from(1), columns]),
            _ => *x,
        };
        let steps: Vec<_> = steps.iter().map(one).collect();
        steps[0].concat(&steps[1..], 1)
    }
}
