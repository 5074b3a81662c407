//! What moves elements and changes none: transposition, slices, padding, concatenation.

use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::Op;
use striate_kernels::{BoxAt, Permute, Workers, copy_box};
use striate_tensor::{DType, Shape};

/// The kernel of a move of real numbers; indices are left to the reference.
pub(super) fn kernel(problem: &Problem<'_>) -> Option<Box<dyn Kernel>> {
    let equation = &problem.graph.equations[problem.equation];
    if equation.inputs.iter().any(|&i| problem.graph.value(i).ty.dtype != DType::F32) {
        return None;
    }
    let (x, y) = (problem.shape(0), problem.out_shape(0));
    Some(match problem.op() {
        Op::Transpose(op) => Box::new(Transposed(Permute::prepare(&x, &op.order, problem.isa))),
        Op::Slice(op) => {
            let start: Vec<_> = op.ranges.iter().map(|r| r.map_or(0, |r| r.0)).collect();
            Box::new(Boxes {
                what: "slice",
                boxes: vec![Moved::new(&y, (&x, &start), (&y, &vec![0; y.rank()]))],
                fill: false,
            })
        }
        Op::PadZeros(op) => {
            let start: Vec<_> = op.sides.iter().map(|s| s.0).collect();
            Box::new(Boxes {
                what: "pad_zeros",
                boxes: vec![Moved::new(&x, (&x, &vec![0; x.rank()]), (&y, &start))],
                fill: true,
            })
        }
        Op::Concat(op) => {
            let mut start = vec![0; y.rank()];
            let mut part = |input: usize| {
                let x = problem.shape(input);
                let copied = Moved::new(&x, (&x, &vec![0; x.rank()]), (&y, &start));
                start[op.axis] += x[op.axis];
                copied
            };
            Box::new(Boxes { what: "concat", boxes: (0..equation.inputs.len()).map(&mut part).collect(), fill: false })
        }
        _ => return None,
    })
}

struct Transposed(Permute);

impl Kernel for Transposed {
    fn name(&self) -> String {
        "transpose".into()
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        self.0.run(workers, io.f32(0), io.out_f32(0));
    }
}

/// Input `k` is copied as box `k`; with `fill`, what no box covers is 0.
struct Boxes {
    what: &'static str,
    boxes: Vec<Moved>,
    fill: bool,
}

struct Moved {
    sizes: Vec<usize>,
    from: (usize, Vec<isize>),
    to: (usize, Vec<isize>),
}

impl Moved {
    /// A box of `sizes`, from a position in one shape to a position in another.
    fn new(sizes: &Shape, from: (&Shape, &[usize]), to: (&Shape, &[usize])) -> Self {
        let place = |(shape, position): (&Shape, &[usize])| {
            (shape.index(position), shape.strides().into_iter().map(|s| s as isize).collect())
        };
        Moved { sizes: sizes.to_vec(), from: place(from), to: place(to) }
    }
}

impl Kernel for Boxes {
    fn name(&self) -> String {
        self.what.into()
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let y = io.out_f32(0);
        if self.fill {
            y.fill(0.0);
        }
        for (input, part) in self.boxes.iter().enumerate() {
            let from = BoxAt { start: part.from.0, steps: &part.from.1 };
            copy_box(workers, &part.sizes, io.f32(input), from, y, BoxAt { start: part.to.0, steps: &part.to.1 });
        }
    }
}
