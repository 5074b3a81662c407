use super::map::{From, MOST_INPUTS, MOST_OUTPUTS, sources};
use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::ops;
use striate_kernels::{MapSums, Workers};
use striate_tensor::Shape;

/// An elementwise program with sums for each channel.
struct Summing {
    map: MapSums,
    text: String,
    inputs: Vec<From>,
    /// The equation's outputs that are kept, and those that are sums.
    kept: Vec<usize>,
    sums: Vec<usize>,
}

pub(super) fn kernel(problem: &Problem<'_>, op: &ops::map_sums::MapSums) -> Option<Box<dyn Kernel>> {
    let equation = &problem.graph.equations[problem.equation];
    if equation.inputs.len() > MOST_INPUTS || equation.outputs.len() > MOST_OUTPUTS {
        return None;
    }
    let shapes: Vec<Shape> = (0..equation.inputs.len()).map(|i| problem.shape(i)).collect();
    let shape = shapes.iter().max_by_key(|s| s.elements())?.clone();
    let kept_axes: Vec<usize> = (0..shape.rank()).filter(|axis| !op.axes.contains(axis)).collect();
    let [axis] = kept_axes[..] else { return None };
    let map = MapSums::prepare(&op.program, &shape, &shapes, &op.summed, axis, problem.isa).ok()?;
    let (sums, kept): (Vec<_>, Vec<_>) = (0..equation.outputs.len()).partition(|&o| op.summed[o]);
    let number = |output: usize| kept.iter().position(|&k| k == output).unwrap_or(0);
    let inputs = sources(problem, number);
    Some(Box::new(Summing { map, text: format!("map {} with {} sums", op.program, sums.len()), inputs, kept, sums }))
}

impl Kernel for Summing {
    fn name(&self) -> String {
        self.text.clone()
    }

    fn scratch(&self, _threads: usize) -> usize {
        self.map.partials_len(self.map.chunks())
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        let take = |numbers: &[usize]| {
            let mut outputs: [&mut [f32]; MOST_OUTPUTS] = Default::default();
            outputs.iter_mut().zip(numbers).for_each(|(output, &number)| *output = io.out_f32(number));
            outputs
        };
        let (mut kept, mut sums) = (take(&self.kept), take(&self.sums));
        let inputs = From::all(&self.inputs, io);
        self.map.run(
            workers,
            &inputs[..self.inputs.len()],
            &mut kept[..self.kept.len()],
            &mut sums[..self.sums.len()],
            scratch,
        );
    }
}
