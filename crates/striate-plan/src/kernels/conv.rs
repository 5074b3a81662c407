use super::{Epilogues, Kernel, Problem};
use crate::memory::Io;
use striate_graph::Op;
use striate_kernels::{ConvOptions, Forward, GradInput, GradWeight, Weights, Workers};
use striate_tensor::Result;

/// The kernel of a convolution or of one of its gradients.
pub(super) fn kernel(
    problem: &Problem<'_>,
    op: &Op,
    epilogue: impl FnOnce(usize) -> Result<Epilogues>,
) -> Result<Option<Box<dyn Kernel>>> {
    let options = ConvOptions::default();
    Ok(match op {
        Op::Conv(conv) => {
            let pass = Forward::prepare(&conv.geometry(problem.shape(0)[0]), problem.isa, &options)?;
            let epilogue = epilogue(pass.parts())?;
            Some(Box::new(Output { pass, biased: epilogue.inputs > 2, epilogue }))
        }
        Op::ConvGradInput(conv) => {
            let pass = GradInput::prepare(&conv.0.geometry(problem.shape(1)[0]), problem.isa, &options)?;
            let epilogue = epilogue(pass.parts())?;
            Some(Box::new(ToInput { pass, epilogue }))
        }
        Op::ConvGradWeight(conv) => {
            let pass = GradWeight::prepare(&conv.0.geometry(problem.shape(0)[0]), problem.isa, &options)?;
            Some(Box::new(ToWeight { pass }))
        }
        _ => None,
    })
}

struct Output {
    pass: Forward,
    biased: bool,
    epilogue: Epilogues,
}

impl Kernel for Output {
    fn name(&self) -> String {
        format!("conv {}{}", self.pass.variant(), self.epilogue)
    }

    fn scratch(&self, threads: usize) -> usize {
        self.epilogue.scratch() + self.pass.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        let bias = self.biased.then(|| io.f32(2));
        self.epilogue.run(workers, io, scratch, |epilogue, y, scratch| {
            self.pass.run(workers, io.f32(0), Weights::Plain(io.f32(1)), bias, epilogue, y, scratch);
        });
    }
}

struct ToInput {
    pass: GradInput,
    epilogue: Epilogues,
}

impl Kernel for ToInput {
    fn name(&self) -> String {
        format!("conv_grad_input {}{}", self.pass.variant(), self.epilogue)
    }

    fn scratch(&self, threads: usize) -> usize {
        self.epilogue.scratch() + self.pass.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        self.epilogue.run(workers, io, scratch, |epilogue, grad_x, scratch| {
            self.pass.run(workers, io.f32(1), Weights::Plain(io.f32(0)), None, epilogue, grad_x, scratch);
        });
    }
}

struct ToWeight {
    pass: GradWeight,
}

impl Kernel for ToWeight {
    fn name(&self) -> String {
        format!("conv_grad_weight {}", self.pass.variant())
    }

    fn scratch(&self, threads: usize) -> usize {
        self.pass.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        self.pass.run(workers, io.f32(0), io.f32(1), io.out_f32(0), scratch);
    }
}
