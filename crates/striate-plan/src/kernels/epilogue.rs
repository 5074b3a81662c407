use super::Problem;
use super::batch_norm::Finish;
use crate::memory::Io;
use std::fmt;
use striate_graph::Op;
use striate_graph::ops::fused::Fused;
use striate_kernels::{Block, Epilogue, Limit, Map, MapSums, Moments, Parts, Source, Workers};
use striate_tensor::{Binary, Error, Instruction, Program, Result, Shape, Unary};

/// Operands beside the fused value that a program may read.
const MOST_OPERANDS: usize = super::map::MOST_INPUTS - 1;

/// What is done to the output of a convolution or a product while it is in the cache.
pub(super) struct Epilogues {
    kind: Kind,
    /// Inputs of the equation that belong to what is computed first.
    pub(super) inputs: usize,
    operands: usize,
    text: String,
}

enum Kind {
    Limit(Limit),
    /// A value of the same shape is added, and the sum limited.
    Add(Limit),
    /// A program that is written over the value.
    Map(Map),
    /// The same, and sums; the output of the equation that is kept.
    Sums {
        map: MapSums,
        kept: usize,
        parts: usize,
        samples: usize,
    },
    /// The value is kept, and its channels' statistics are further outputs.
    Statistics {
        moments: Moments,
        samples: usize,
        finish: Finish,
    },
}

impl Epilogues {
    /// Nothing.
    pub(super) fn none(inputs: usize) -> Self {
        Epilogues { kind: Kind::Limit(Limit::None), inputs, operands: 0, text: String::new() }
    }

    /// What a fused equation does to its value; `parts` is into how many parts a channel of a sample falls, `adds`
    /// whether the kernel can add numbers itself.
    pub(super) fn new(problem: &Problem<'_>, fused: &Fused, parts: usize, adds: bool) -> Result<Self> {
        let equation = &problem.graph.equations[problem.equation];
        let operands = equation.inputs.len() - fused.inputs;
        if operands > MOST_OPERANDS {
            return Err(Error::internal("an epilogue has too many operands").found(operands));
        }
        let shape = fused_shape(problem, fused);
        let operand = |i: usize| problem.shape(fused.inputs + i);
        let shapes: Vec<Shape> = std::iter::once(shape.clone()).chain((0..operands).map(operand)).collect();
        let (kind, text) = match &*fused.then {
            Op::Map(map) => {
                let text = format!(" + {}", map.program);
                match (limit(&map.program), added(&map.program)) {
                    (Some(Limit::Relu), _) => (Kind::Limit(Limit::Relu), " + relu".into()),
                    (Some(limit), _) => (Kind::Limit(limit), text),
                    (None, Some(limit)) if adds && shapes[1] == shape => (Kind::Add(limit), text),
                    _ => (Kind::Map(Map::prepare(&map.program, &shape, &shapes, problem.isa)?), text),
                }
            }
            Op::MapSums(op) => {
                let axis = (0..shape.rank()).find(|axis| !op.axes.contains(axis)).unwrap_or(1);
                let map = MapSums::prepare(&op.program, &shape, &shapes, &op.summed, axis, problem.isa)?;
                let kept = op.summed.iter().position(|&s| !s).unwrap_or(0);
                (
                    Kind::Sums { map, kept, parts, samples: shape[0] },
                    format!(" + {}, {} sums", op.program, count(&op.summed)),
                )
            }
            Op::ChannelStatistics(op) => {
                let plane = shape[2..].iter().product();
                let moments = Moments::new(shape[1], plane, parts, problem.isa);
                let finish = Finish::new(op, &shape);
                (Kind::Statistics { moments, samples: shape[0], finish }, " + statistics".into())
            }
            op => return Err(Error::internal("no epilogue does this").found(op.name())),
        };
        Ok(Epilogues { kind, inputs: fused.inputs, operands, text })
    }

    /// f32s of scratch.
    pub(super) fn scratch(&self) -> usize {
        match &self.kind {
            Kind::Sums { map, parts, samples, .. } => map.partials_len(parts * samples),
            Kind::Statistics { moments, samples, .. } => moments.partials_len(*samples),
            _ => 0,
        }
    }

    /// Calls a kernel with the epilogue in the form that kernels take, the place of the value, and its scratch.
    pub(super) fn run(
        &self,
        workers: &Workers,
        io: &Io<'_>,
        scratch: &mut [f32],
        kernel: impl FnOnce(Epilogue<'_>, &mut [f32], &mut [f32]),
    ) {
        let mut inputs = [Source::Output(0); MOST_OPERANDS + 1];
        for (operand, source) in inputs[1..=self.operands].iter_mut().enumerate() {
            *source = Source::Slice(io.f32(self.inputs + operand));
        }
        let inputs = &inputs[..=self.operands];
        let (partials, scratch) = scratch.split_at_mut(self.scratch());
        match &self.kind {
            Kind::Limit(limit) => kernel(Epilogue { limit: *limit, ..Epilogue::NONE }, io.out_f32(0), scratch),
            Kind::Add(limit) => {
                let add = Some(io.f32(self.inputs));
                kernel(Epilogue { add, limit: *limit, ..Epilogue::NONE }, io.out_f32(0), scratch);
            }
            Kind::Map(map) => {
                let hook = |block: Block, part: &mut [f32]| map.run_part(block.start, inputs, &mut [part]);
                kernel(Epilogue { hook: Some(&hook), ..Epilogue::NONE }, io.out_f32(0), scratch);
            }
            Kind::Sums { map, kept, parts, samples } => {
                partials.fill(0.0);
                let places = Parts::new(&mut *partials);
                let hook = |block: Block, part: &mut [f32]| map.run_part(block, inputs, part, *parts, &places);
                kernel(Epilogue { hook: Some(&hook), ..Epilogue::NONE }, io.out_f32(*kept), scratch);
                let mut sums: [&mut [f32]; super::map::MOST_OUTPUTS] = Default::default();
                let others = (0..io.outputs()).filter(|o| o != kept);
                sums.iter_mut().zip(others).for_each(|(sum, output)| *sum = io.out_f32(output));
                map.finish(workers, parts * samples, partials, &mut sums[..io.outputs() - 1]);
            }
            Kind::Statistics { moments, finish, .. } => {
                partials.fill(0.0);
                let places = Parts::new(&mut *partials);
                let hook = |block: Block, part: &mut [f32]| moments.note(block, part, &places);
                kernel(Epilogue { hook: Some(&hook), ..Epilogue::NONE }, io.out_f32(0), scratch);
                let [mean, inv_std, unbiased] = [1, 2, 3].map(|o| io.out_f32(o));
                moments.join(workers, partials, mean, unbiased);
                finish.run(inv_std, unbiased);
            }
        }
    }
}

/// The shape of what the fused equation computes first, which it keeps or writes something of that shape over.
fn fused_shape(problem: &Problem<'_>, fused: &Fused) -> Shape {
    let kept = match &*fused.then {
        Op::MapSums(op) => op.summed.iter().position(|&s| !s).unwrap_or(0),
        _ => 0,
    };
    problem.out_shape(kept)
}

/// A program that kernels have built in: max(x, 0), and min(max(x, 0), constant).
fn limit(program: &Program) -> Option<Limit> {
    (program.inputs() == 1).then(|| limit_of(program, 0, program.instructions()))?
}

/// The limit of a program that is the sum of its two inputs, limited or not.
fn added(program: &Program) -> Option<Limit> {
    match (program.inputs(), program.instructions()) {
        (2, [Instruction::Binary(Binary::Add, 0, 1) | Instruction::Binary(Binary::Add, 1, 0), rest @ ..]) => {
            if rest.is_empty() { (program.outputs() == [2]).then_some(Limit::None) } else { limit_of(program, 2, rest) }
        }
        _ => None,
    }
}

/// What the last instructions of a program, its only output, do to a register.
fn limit_of(program: &Program, register: usize, instructions: &[Instruction]) -> Option<Limit> {
    use Instruction::{Binary as Two, Const, Unary as One};
    let (relu, last) = (One(Unary::Relu, register), program.inputs() + program.instructions().len() - 1);
    match *instructions {
        _ if program.outputs() != [last] => None,
        [only] if only == relu => Some(Limit::Relu),
        [first, Const(most), Two(Binary::Min, a, b)] if first == relu && (a, b) == (last - 2, last - 1) => {
            (most.0 > 0.0).then_some(Limit::Within(most.0 as f32))
        }
        _ => None,
    }
}

fn count(marks: &[bool]) -> usize {
    marks.iter().filter(|&&mark| mark).count()
}

impl fmt::Display for Epilogues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
