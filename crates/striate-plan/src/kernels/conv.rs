use super::{Epilogues, Kernel, Problem};
use crate::memory::Io;
use striate_graph::Op;
use striate_kernels::{ConvOptions, Forward, GradInput, GradWeight, Weights, Workers};
use striate_tensor::Result;

/// The kernel of a convolution or of one of its gradients.
pub(super) fn kernel(
    problem: &Problem<'_>,
    op: &Op,
    inputs: usize,
    epilogue: Epilogues,
) -> Result<Option<Box<dyn Kernel>>> {
    let options = ConvOptions::default();
    Ok(match op {
        Op::Conv(conv) => {
            let pass = Forward::prepare(&conv.geometry(problem.shape(0)[0]), problem.isa, &options)?;
            let packed = problem.constant(1).map(|weights| {
                let mut packed = vec![0.0; pass.packed_len()];
                pass.pack(&Workers::new(1), weights, &mut packed);
                packed
            });
            Some(Box::new(Output { pass, packed, biased: inputs > 2, epilogue }))
        }
        Op::ConvGradInput(conv) => {
            let pass = GradInput::prepare(&conv.0.geometry(problem.shape(1)[0]), problem.isa, &options)?;
            let packed = problem.constant(0).map(|weights| {
                let mut packed = vec![0.0; pass.packed_len()];
                pass.pack(&Workers::new(1), weights, &mut packed);
                packed
            });
            Some(Box::new(ToInput { pass, packed, epilogue }))
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
    /// Constant weights, packed when the plan was made.
    packed: Option<Vec<f32>>,
    biased: bool,
    epilogue: Epilogues,
}

impl Kernel for Output {
    fn name(&self) -> String {
        format!("conv {}{}{}", self.pass.variant(), packed_text(&self.packed), self.epilogue)
    }

    fn reads(&self, index: usize) -> bool {
        index != 1 || self.packed.is_none()
    }

    fn scratch(&self, threads: usize) -> usize {
        self.pass.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        let bias = self.biased.then(|| io.f32(2));
        let weights = self.packed.as_ref().map_or_else(|| Weights::Plain(io.f32(1)), |packed| Weights::Packed(packed));
        self.epilogue.with(|epilogue| {
            self.pass.run(workers, io.f32(0), weights, bias, epilogue, io.out_f32(0), scratch);
        });
    }
}

struct ToInput {
    pass: GradInput,
    /// Constant weights, packed when the plan was made.
    packed: Option<Vec<f32>>,
    epilogue: Epilogues,
}

impl Kernel for ToInput {
    fn name(&self) -> String {
        format!("conv_grad_input {}{}{}", self.pass.variant(), packed_text(&self.packed), self.epilogue)
    }

    fn reads(&self, index: usize) -> bool {
        index != 0 || self.packed.is_none()
    }

    fn scratch(&self, threads: usize) -> usize {
        self.pass.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        let weights = self.packed.as_ref().map_or_else(|| Weights::Plain(io.f32(0)), |packed| Weights::Packed(packed));
        self.epilogue.with(|epilogue| {
            self.pass.run(workers, io.f32(1), weights, None, epilogue, io.out_f32(0), scratch);
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

/// What the plan's text says of weights that are packed for good.
fn packed_text(packed: &Option<Vec<f32>>) -> &'static str {
    if packed.is_some() { ", packed once" } else { "" }
}
