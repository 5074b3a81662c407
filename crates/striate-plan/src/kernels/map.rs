use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::ops::reduce::Expand;
use striate_kernels::{Map, Source, Workers};
use striate_tensor::{Binary, Program, Result, Shape};

/// Inputs and outputs of one elementwise equation at most; passes keep programs smaller.
pub(crate) const MOST_INPUTS: usize = 16;
pub(crate) const MOST_OUTPUTS: usize = 8;

/// An elementwise program, some of whose outputs may be written over its inputs.
struct Elementwise {
    map: Map,
    text: String,
    inputs: Vec<From>,
    outputs: usize,
}

/// Where an input of the program is read.
#[derive(Clone, Copy)]
pub(super) enum From {
    Input(usize),
    /// It lies under that output.
    Output(usize),
}

impl From {
    /// The sources of one run.
    pub(super) fn all<'a>(from: &[From], io: &Io<'a>) -> [Source<'a>; MOST_INPUTS] {
        let mut sources = [Source::Output(0); MOST_INPUTS];
        for (source, from) in sources.iter_mut().zip(from) {
            *source = match *from {
                From::Input(i) => Source::Slice(io.f32(i)),
                From::Output(k) => Source::Output(k),
            };
        }
        sources
    }
}

/// Where each input of an equation is read; `number` says which of the program's outputs an output is.
pub(super) fn sources(problem: &Problem<'_>, number: impl Fn(usize) -> usize) -> Vec<From> {
    let under = |i: usize| problem.in_place.iter().find(|p| p.0 == i).map(|p| number(p.1));
    let inputs = problem.graph.equations[problem.equation].inputs.len();
    (0..inputs).map(|i| under(i).map_or(From::Input(i), From::Output)).collect()
}

pub(super) fn kernel(problem: &Problem<'_>, program: &Program, text: String) -> Result<Option<Box<dyn Kernel>>> {
    let equation = &problem.graph.equations[problem.equation];
    if equation.inputs.len() > MOST_INPUTS || equation.outputs.len() > MOST_OUTPUTS {
        return Ok(None);
    }
    let shapes: Vec<Shape> = (0..equation.inputs.len()).map(|i| problem.shape(i)).collect();
    let shape = problem.out_shape(0);
    // A program beyond the kernel's fixed tables is left to the reference.
    let Ok(map) = Map::prepare(program, &shape, &shapes, problem.isa) else { return Ok(None) };
    let inputs = sources(problem, |output| output);
    Ok(Some(Box::new(Elementwise { map, text, inputs, outputs: equation.outputs.len() })))
}

/// Repetition is a map of one input that is broadcast.
pub(super) fn expand(problem: &Problem<'_>, op: &Expand) -> Result<Option<Box<dyn Kernel>>> {
    let repeats = problem.out_shape(0).elements() / problem.shape(0).elements().max(1);
    let program = Program::build(1, |p| {
        let m = p.constant(if op.shared { repeats as f64 } else { 1.0 });
        vec![p.binary(Binary::Div, 0, m)]
    });
    kernel(problem, &program, "expand".into())
}

impl Kernel for Elementwise {
    fn name(&self) -> String {
        self.text.clone()
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let mut outputs: [&mut [f32]; MOST_OUTPUTS] = Default::default();
        outputs.iter_mut().enumerate().take(self.outputs).for_each(|(k, o)| *o = io.out_f32(k));
        let inputs = From::all(&self.inputs, io);
        self.map.run(workers, &inputs[..self.inputs.len()], &mut outputs[..self.outputs]);
    }
}
