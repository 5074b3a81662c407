use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::Op;
use striate_kernels::{ConvOptions, Epilogue, Forward, GradInput, GradWeight, Weights, Workers};
use striate_tensor::{Instruction, Program, Result, Unary};

/// The kernel of a convolution or of one of its gradients, with or without an epilogue.
pub(super) fn kernel(problem: &Problem<'_>) -> Result<Option<Box<dyn Kernel>>> {
    let (op, program) = match problem.op() {
        Op::Fused(fused) => (&*fused.first, Some(&fused.program)),
        op => (op, None),
    };
    let relu = match program {
        None => false,
        Some(program) if is_relu(program) => true,
        Some(_) => return Ok(None),
    };
    let options = ConvOptions::default();
    Ok(match op {
        Op::Conv(conv) => {
            let batch = problem.shape(0)[0];
            let pass = Forward::prepare(&conv.geometry(batch), problem.isa, &options)?;
            Some(Box::new(Data { pass, relu }))
        }
        Op::ConvGradInput(conv) if !relu => {
            let batch = problem.shape(1)[0];
            Some(Box::new(ToInput(GradInput::prepare(&conv.0.geometry(batch), problem.isa, &options)?)))
        }
        Op::ConvGradWeight(conv) => {
            let batch = problem.shape(0)[0];
            Some(Box::new(ToWeight(GradWeight::prepare(&conv.0.geometry(batch), problem.isa, &options)?)))
        }
        _ => None,
    })
}

fn is_relu(program: &Program) -> bool {
    program.instructions() == [Instruction::Unary(Unary::Relu, 0)]
}

struct Data {
    pass: Forward,
    relu: bool,
}

impl Kernel for Data {
    fn name(&self) -> String {
        format!("conv {}{}", self.pass.variant(), if self.relu { " + relu" } else { "" })
    }

    fn scratch(&self, threads: usize) -> usize {
        self.pass.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        let bias = (io.inputs() > 2).then(|| io.f32(2));
        let epilogue = if self.relu { Epilogue::RELU } else { Epilogue::NONE };
        self.pass.run(workers, io.f32(0), Weights::Plain(io.f32(1)), bias, epilogue, io.out_f32(0), scratch);
    }
}

struct ToInput(GradInput);

impl Kernel for ToInput {
    fn name(&self) -> String {
        format!("conv_grad_input {}", self.0.variant())
    }

    fn scratch(&self, threads: usize) -> usize {
        self.0.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        let weights = Weights::Plain(io.f32(0));
        self.0.run(workers, io.f32(1), weights, None, Epilogue::NONE, io.out_f32(0), scratch);
    }
}

struct ToWeight(GradWeight);

impl Kernel for ToWeight {
    fn name(&self) -> String {
        format!("conv_grad_weight {}", self.0.variant())
    }

    fn scratch(&self, threads: usize) -> usize {
        self.0.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        self.0.run(workers, io.f32(0), io.f32(1), io.out_f32(0), scratch);
    }
}
