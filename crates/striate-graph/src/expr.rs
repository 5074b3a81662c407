//! Arithmetic on values: operators with values and numbers, elementwise functions, reductions, reshaping.

use crate::ops::join::Concat;
use crate::ops::map::Map;
use crate::ops::reduce::{Reduce, Reduction};
use crate::ops::shape::{Reshape, Transpose};
use crate::ops::slice::{PadZeros, Slice};
use crate::{Dim, Type, Var};
use std::ops::{Add, Div, Mul, Neg, Range, Sub};
use striate_tensor::{Binary, Error, Program, ProgramBuilder, Register, Unary};

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<'g> $trait for Var<'g> {
            type Output = Var<'g>;
            #[track_caller]
            fn $method(self, other: Var<'g>) -> Var<'g> {
                self.with(other, |p, a, b| p.binary(Binary::$trait, a, b))
            }
        }

        impl<'g> $trait<f64> for Var<'g> {
            type Output = Var<'g>;
            #[track_caller]
            fn $method(self, other: f64) -> Var<'g> {
                self.each(|p, a| {
                    let other = p.constant(other);
                    p.binary(Binary::$trait, a, other)
                })
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl<'g> Neg for Var<'g> {
    type Output = Var<'g>;
    #[track_caller]
    fn neg(self) -> Var<'g> {
        self.unary(Unary::Neg)
    }
}

impl<'g> Var<'g> {
    /// One elementwise program over this value.
    #[track_caller]
    pub fn each(self, body: impl FnOnce(&mut ProgramBuilder, Register) -> Register) -> Var<'g> {
        self.apply(Map { program: Program::build(1, |p| vec![body(p, 0)]) })
    }

    /// One elementwise program over this value and another, broadcast together.
    #[track_caller]
    pub fn with(
        self,
        other: Var<'g>,
        body: impl FnOnce(&mut ProgramBuilder, Register, Register) -> Register,
    ) -> Var<'g> {
        let program = Program::build(2, |p| vec![body(p, 0, 1)]);
        self.builder().apply(Map { program }, &[self, other]).get(0)
    }

    /// An elementwise function.
    #[track_caller]
    pub fn unary(self, function: Unary) -> Var<'g> {
        self.each(|p, a| p.unary(function, a))
    }

    /// 1 where the value is > 0, else 0.
    #[track_caller]
    pub fn step(self) -> Var<'g> {
        self.unary(Unary::Step)
    }

    /// eˣ.
    #[track_caller]
    pub fn exp(self) -> Var<'g> {
        self.unary(Unary::Exp)
    }

    /// Natural logarithm.
    #[track_caller]
    pub fn ln(self) -> Var<'g> {
        self.unary(Unary::Ln)
    }

    /// √x.
    #[track_caller]
    pub fn sqrt(self) -> Var<'g> {
        self.unary(Unary::Sqrt)
    }

    /// Sum, mean or maximum over some axes, which stay with size 1.
    #[track_caller]
    pub fn reduce(self, reduction: Reduction, axes: &[usize]) -> Var<'g> {
        self.apply(Reduce { reduction, axes: axes.to_vec() })
    }

    /// The sum over all axes but these; the others are dropped.
    #[track_caller]
    pub fn sum_except(self, kept: &[usize]) -> Var<'g> {
        let dims = self.ty().dims;
        let axes: Vec<_> = (0..dims.len()).filter(|axis| !kept.contains(axis)).collect();
        let kept: Vec<_> = kept.iter().filter_map(|&axis| dims.get(axis).copied()).collect();
        self.reduce(Reduction::Sum, &axes).reshape(&kept)
    }

    /// The mean of all elements, a scalar.
    #[track_caller]
    pub fn mean_all(self) -> Var<'g> {
        self.reduce(Reduction::Mean, &(0..self.ty().rank()).collect::<Vec<_>>()).reshape(&[])
    }

    /// The sum of all elements, a scalar.
    #[track_caller]
    pub fn sum_all(self) -> Var<'g> {
        self.sum_except(&[])
    }

    /// The same elements in other sizes.
    #[track_caller]
    pub fn reshape(self, dims: &[Dim]) -> Var<'g> {
        if self.ty().dims == dims && !self.is_poisoned() {
            return self;
        }
        self.apply(Reshape { dims: dims.to_vec() })
    }

    /// The axes in another order: axis k of the result is axis `order[k]` of this value.
    #[track_caller]
    pub fn transpose(self, order: &[usize]) -> Var<'g> {
        self.apply(Transpose { order: order.to_vec() })
    }

    /// A part of one axis.
    #[track_caller]
    pub fn slice(self, axis: usize, range: Range<usize>) -> Var<'g> {
        let rank = self.ty().rank();
        if axis >= rank && !self.is_poisoned() {
            return self
                .builder()
                .poison(Error::model("there is no such axis to slice").found(axis).expected(self.ty()));
        }
        self.apply(Slice { ranges: (0..rank).map(|a| (a == axis).then_some((range.start, range.end))).collect() })
    }

    /// Zeros before and after, so many for each axis.
    #[track_caller]
    pub fn pad_zeros(self, sides: &[(usize, usize)]) -> Var<'g> {
        self.apply(PadZeros { sides: sides.to_vec() })
    }

    /// This value, then the others, along one axis.
    #[track_caller]
    pub fn concat(self, others: &[Var<'g>], axis: usize) -> Var<'g> {
        self.builder().apply(Concat { axis }, &[&[self], others].concat()).get(0)
    }

    /// The sum over those axes along which `ty` was broadcast to this value's type.
    #[track_caller]
    pub fn sum_to(self, ty: &Type) -> Var<'g> {
        let dims = self.ty().dims;
        let missing = dims.len() - ty.rank();
        let axes: Vec<_> = (0..dims.len()).filter(|&a| a < missing || (dims[a] != ty.dims[a - missing])).collect();
        if axes.is_empty() { self } else { self.reduce(Reduction::Sum, &axes).reshape(&ty.dims) }
    }
}
