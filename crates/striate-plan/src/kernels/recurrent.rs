//! Recurrent cells over all steps, back through time, and the mask of steps that samples have.

use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::Op;
use striate_graph::ops::recurrent::{Cell, Recurrent};
use striate_kernels::{self as kernels, BackIo, ForwardIo, Recurrence, RecurrentBack, RecurrentForward, Workers};

pub(super) fn kernel(problem: &Problem<'_>) -> Option<Box<dyn Kernel>> {
    let name = problem.op().name();
    let inputs = problem.graph.equations[problem.equation].inputs.len();
    Some(match problem.op() {
        Op::Recurrent(op) => {
            let recurrence = recurrence(op, &problem.out_shape(0));
            let states = states(op);
            Box::new(Forward {
                name,
                kernel: RecurrentForward::prepare(recurrence, problem.isa),
                memory: op.cell.has_memory(),
                gates: problem.is_read(states).then_some(states),
                lengths: (inputs > 3 + states).then_some(3 + states),
            })
        }
        Op::RecurrentGrad(op) => {
            let recurrence = recurrence(&op.0, &problem.shape(1));
            let states = states(&op.0);
            Box::new(Back {
                name,
                kernel: RecurrentBack::prepare(recurrence, problem.isa),
                memory: op.0.cell.has_memory(),
                lengths: (inputs > 4 + states).then_some(4 + states),
            })
        }
        Op::SequenceMask(op) => Box::new(Mask { steps: op.steps }),
        _ => return None,
    })
}

/// Parts of the state.
fn states(op: &Recurrent) -> usize {
    1 + usize::from(op.cell.has_memory())
}

/// The problem whose states have this shape.
fn recurrence(op: &Recurrent, states: &[usize]) -> Recurrence {
    let cell = match op.cell {
        Cell::Tanh => kernels::Cell::Tanh,
        Cell::Relu => kernels::Cell::Relu,
        Cell::Lstm => kernels::Cell::Lstm,
        Cell::Gru => kernels::Cell::Gru,
    };
    Recurrence { cell, reversed: op.reversed, batch: states[0], steps: states[1], units: states[2] }
}

struct Forward {
    name: &'static str,
    kernel: RecurrentForward,
    memory: bool,
    /// Which output the gates are, if anybody reads them.
    gates: Option<usize>,
    /// Which input the lengths are.
    lengths: Option<usize>,
}

impl Kernel for Forward {
    fn name(&self) -> String {
        self.name.into()
    }

    fn scratch(&self, threads: usize) -> usize {
        self.kernel.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        let io = ForwardIo {
            p: io.f32(0),
            w: io.f32(1),
            b: io.f32(2),
            h0: io.f32(3),
            c0: if self.memory { io.f32(4) } else { &[] },
            lengths: self.lengths.map_or(&[], |index| io.i32(index)),
            h: io.out_f32(0),
            c: if self.memory { io.out_f32(1) } else { &mut [] },
            gates: self.gates.map_or(&mut [], |index| io.out_f32(index)),
        };
        self.kernel.run(workers, io, scratch);
    }
}

struct Back {
    name: &'static str,
    kernel: RecurrentBack,
    memory: bool,
    lengths: Option<usize>,
}

impl Kernel for Back {
    fn name(&self) -> String {
        self.name.into()
    }

    fn scratch(&self, threads: usize) -> usize {
        self.kernel.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        let io = BackIo {
            w: io.f32(0),
            s: io.f32(1),
            s0: io.f32(2),
            gates: io.f32(3),
            dh: io.f32(4),
            dc: if self.memory { io.f32(5) } else { &[] },
            lengths: self.lengths.map_or(&[], |index| io.i32(index)),
            blocks: io.out_f32(0),
            dh0: io.out_f32(1),
            dc0: if self.memory { io.out_f32(2) } else { &mut [] },
        };
        self.kernel.run(workers, io, scratch);
    }
}

struct Mask {
    steps: usize,
}

impl Kernel for Mask {
    fn name(&self) -> String {
        "sequence_mask".into()
    }

    fn run(&self, _workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let rows = io.out_f32(0).chunks_exact_mut(self.steps);
        for (row, &length) in rows.zip(io.i32(0)) {
            let length = usize::try_from(length).unwrap_or(0).min(self.steps);
            row[..length].fill(1.0);
            row[length..].fill(0.0);
        }
    }
}
