use super::{Epilogues, Kernel, Problem};
use crate::memory::Io;
use crate::{ConvPass, Options};
use striate_graph::Op;
use striate_kernels::{ConvOptions, Forward, GradInput, GradWeight, Isa, Weights, Workers};
use striate_tensor::{ConvGeometry, Result};

/// The kernel of a convolution or of one of its gradients.
pub(super) fn kernel(
    problem: &Problem<'_>,
    op: &Op,
    epilogue: impl FnOnce(usize, bool) -> Result<Epilogues>,
) -> Result<Option<Box<dyn Kernel>>> {
    Ok(match op {
        Op::Conv(conv) => {
            let kind = if problem.constant(1).is_some() { ConvPass::ForwardPacked } else { ConvPass::Forward };
            let geometry = conv.geometry(problem.shape(0)[0]);
            let pass = prepared(problem.options, kind, &geometry, |o| Forward::prepare(&geometry, problem.isa, o))?;
            let packed = packed(problem.constant(1), pass.packed_len(), |w, to| pass.pack(&Workers::new(1), w, to));
            let epilogue = epilogue(pass.parts(), pass.adds())?;
            Some(Box::new(Output { pass, packed, biased: epilogue.inputs > 2, epilogue }))
        }
        Op::ConvGradInput(conv) => {
            let (kind, geometry) = (ConvPass::GradInput, conv.0.geometry(problem.shape(1)[0]));
            let pass = prepared(problem.options, kind, &geometry, |o| GradInput::prepare(&geometry, problem.isa, o))?;
            let packed = packed(problem.constant(0), pass.packed_len(), |w, to| pass.pack(&Workers::new(1), w, to));
            let epilogue = epilogue(pass.parts(), pass.adds())?;
            Some(Box::new(ToInput { pass, packed, epilogue }))
        }
        Op::ConvGradWeight(conv) => {
            let (kind, geometry) = (ConvPass::GradWeight, conv.0.geometry(problem.shape(0)[0]));
            let pass = prepared(problem.options, kind, &geometry, |o| GradWeight::prepare(&geometry, problem.isa, o))?;
            Some(Box::new(ToWeight { pass }))
        }
        _ => None,
    })
}

/// The variant that the table of choices names if it accepts the problem, else the one that the rules give.
fn prepared<P>(
    options: &Options,
    pass: ConvPass,
    geometry: &ConvGeometry,
    prepare: impl Fn(&ConvOptions) -> Result<P>,
) -> Result<P> {
    let named = options.choices.variant(pass, geometry).map(str::to_string);
    let of = |variant: Option<String>| prepare(&ConvOptions { exact: options.exact, variant });
    match named.map(|name| of(Some(name))) {
        Some(Ok(pass)) => Ok(pass),
        _ => of(None),
    }
}

impl Options {
    /// The variant that a plan takes for a pass of a convolution.
    ///
    /// # Errors
    /// When no variant accepts the problem.
    pub fn variant(&self, pass: ConvPass, geometry: &ConvGeometry, isa: Isa) -> Result<&'static str> {
        match pass {
            ConvPass::Forward | ConvPass::ForwardPacked => {
                prepared(self, pass, geometry, |o| Ok(Forward::prepare(geometry, isa, o)?.variant()))
            }
            ConvPass::GradInput => {
                prepared(self, pass, geometry, |o| Ok(GradInput::prepare(geometry, isa, o)?.variant()))
            }
            ConvPass::GradWeight => {
                prepared(self, pass, geometry, |o| Ok(GradWeight::prepare(geometry, isa, o)?.variant()))
            }
        }
    }
}

/// Weights that never change, packed once.
fn packed(weights: Option<&[f32]>, len: usize, pack: impl Fn(&[f32], &mut [f32])) -> Option<Vec<f32>> {
    weights.map(|weights| {
        let mut packed = vec![0.0; len];
        pack(weights, &mut packed);
        packed
    })
}

/// The weights of a run: packed before, or input `input` as it lies.
fn weights<'a>(packed: &'a Option<Vec<f32>>, io: &Io<'a>, input: usize) -> Weights<'a> {
    packed.as_ref().map_or_else(|| Weights::Plain(io.f32(input)), |packed| Weights::Packed(packed))
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
        self.epilogue.scratch() + self.pass.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        let bias = self.biased.then(|| io.f32(2));
        let weights = weights(&self.packed, io, 1);
        self.epilogue.run(workers, io, scratch, |epilogue, y, scratch| {
            self.pass.run(workers, io.f32(0), weights, bias, epilogue, y, scratch);
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
        self.epilogue.scratch() + self.pass.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        let weights = weights(&self.packed, io, 0);
        self.epilogue.run(workers, io, scratch, |epilogue, grad_x, scratch| {
            self.pass.run(workers, io.f32(1), weights, None, epilogue, grad_x, scratch);
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
