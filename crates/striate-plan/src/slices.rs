//! How many samples of a batch are computed at a time.
//!
//! A plan goes equation by equation: where what an equation gives for a whole batch is larger than the caches, the next
//! one fetches it from memory. If no sample concerns another, the batch can be cut, and all equations be run for one
//! slice after the other. That pays as long as reading the weights anew for each slice costs less.

use striate_graph::{Equation, Graph, N, Op, Type, ValueId};

/// Bytes beside each other, inputs and outputs of an equation, that are still found in the caches: by measurement on
/// a processor with 1 MiB for each core and 32 MiB for all of them.
const HOT: usize = 8 << 20;

/// By how much weights grow when Winograd's filters are made of them, at most.
const PACKED: usize = 4;

/// Samples at a time: a divisor of `batch`.
pub(crate) fn samples_at_a_time(graph: &Graph, batch: usize) -> usize {
    if batch < 2 || !each_by_itself(graph) {
        return batch;
    }
    let bytes = |id: &ValueId| if batched(&graph.value(*id).ty) { size(graph, *id) } else { 0 };
    let moved = |equation: &Equation| equation.inputs.iter().chain(&equation.outputs).map(bytes).sum();
    let hottest = graph.equations.iter().map(moved).max().unwrap_or(0usize);
    let written: usize = graph.equations.iter().flat_map(|e| &e.outputs).map(bytes).sum();
    let weights: usize = graph.states().map(|id| size(graph, id)).sum();
    let fitting = (HOT / hottest.max(1)).clamp(1, batch);
    let samples = (1..=fitting).rev().find(|&samples| batch.is_multiple_of(samples)).unwrap_or(1);
    // much smaller slices than the caches hold would only be more of them
    if 2 * samples < fitting {
        return batch;
    }
    if PACKED * weights > samples * written { batch } else { samples }
}

/// Bytes of a value, for one sample where there are more.
fn size(graph: &Graph, id: ValueId) -> usize {
    let ty = &graph.value(id).ty;
    ty.dtype.bytes() * ty.shape().elements()
}

fn batched(ty: &Type) -> bool {
    ty.dims.iter().any(|dim| dim.known().is_none())
}

/// Whether what the graph gives for a sample depends on that sample alone, and lies at its number in every output.
fn each_by_itself(graph: &Graph) -> bool {
    let own = |ty: &Type| ty.dims.first() == Some(&N) && !batched(&ty.with_dims(ty.dims[1..].to_vec()));
    let given = graph.inputs().chain(graph.outputs.iter().copied()).all(|id| own(&graph.value(id).ty));
    let computed = graph.equations.iter().all(|equation| {
        let types = |ids: &[ValueId]| ids.iter().map(|id| graph.value(*id).ty.clone()).collect::<Vec<_>>();
        let (inputs, outputs) = (types(&equation.inputs), types(&equation.outputs));
        if !inputs.iter().chain(&outputs).any(batched) {
            return true;
        }
        let fine = |ty: &Type| !batched(ty) || own(ty);
        inputs.iter().all(fine) && outputs.iter().all(own) && keeps_samples_apart(&equation.op, &inputs)
    });
    given && computed && graph.updates.is_empty()
}

/// Whether an operation on values with a sample at each number of axis 0 gives the same.
fn keeps_samples_apart(op: &Op, inputs: &[Type]) -> bool {
    match op {
        Op::Map(_) | Op::MaxPool(_) | Op::MeanPool(_) | Op::Resample(_) | Op::Reshape(_) => true,
        // what is shared out among the samples depends on their number
        Op::Expand(expand) => !expand.shared || batched(&inputs[0]),
        Op::Conv(_) => !batched(&inputs[1]),
        Op::ConvGradInput(_) => !batched(&inputs[0]),
        Op::MatMul(matmul) => !matmul.a_transposed && !batched(&inputs[1]),
        Op::Softmax(_) | Op::LogSoftmax(_) => inputs[0].rank() > 1,
        Op::Concat(concat) => concat.axis > 0,
        Op::Transpose(transpose) => transpose.order[0] == 0,
        Op::Slice(slice) => slice.ranges[0].is_none(),
        Op::PadZeros(pad) => pad.sides[0] == (0, 0),
        Op::Reduce(reduce) => !reduce.axes.contains(&0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Feed, Options, Plan, Store, Workers};
    use striate_graph::ops::reduce::{Expand, Reduction};
    use striate_graph::{Builder, Init, f32};

    const SIZE: usize = 1 << 19;

    #[test]
    fn a_sliced_batch_gives_what_its_samples_give() {
        let g = Builder::for_inference();
        let x = g.input("x", f32([N, SIZE.into()]));
        let w = g.parameter("w", f32([1, SIZE]), Init::Fill(3.0));
        let y = (x * w).relu();
        let graph = g.finish([y, y.reduce(Reduction::Sum, &[1])]).unwrap();
        let mut store = Store::new(&graph, 1);
        let numbers: Vec<f32> = (0..6 * SIZE).map(|i| (i % 257) as f32 - 100.0).collect();
        let mut plan = Plan::frozen(&graph, 6, &store, &Options::default()).unwrap();
        assert!(plan.notes()[0].starts_with("slices: 2 of 6"), "{:?}", plan.notes());
        let workers = Workers::new(2);
        let mut durations = vec![];
        plan.run_timed(&workers, &mut store, &[Feed::F32(&numbers)], &mut durations).unwrap();
        assert_eq!(durations.len(), plan.steps().count());
        let mut one = Plan::frozen(&graph, 1, &store, &Options::default()).unwrap();
        for (sample, numbers) in numbers.chunks(SIZE).enumerate() {
            one.run(&workers, &mut store, &[Feed::F32(numbers)]).unwrap();
            assert_eq!(one.output(0), &plan.output(0)[sample * SIZE..][..SIZE]);
            assert_eq!(one.output(1), &plan.output(1)[sample..][..1]);
        }
        let wrong = plan.run(&workers, &mut store, &[Feed::F32(&numbers[SIZE..])]).unwrap_err().to_string();
        assert!(wrong.contains("3 times"), "{wrong}");
    }

    #[test]
    fn samples_that_concern_each_other_stay_together() {
        let sliced = |make: &dyn Fn(&Builder)| {
            let g = Builder::for_inference();
            make(&g);
            let output = g.peek(|graph| graph.equations.last().unwrap().outputs[0]);
            let graph = g.finish([g.var(output)]).unwrap();
            samples_at_a_time(&graph, 8) < 8
        };
        let image = || f32([N, 4.into(), 512.into(), 512.into()]);
        assert!(sliced(&|g| _ = g.input("x", image()).relu()));
        assert!(sliced(&|g| _ = g.input("x", image()).relu().reduce(Reduction::Sum, &[1, 2])));
        assert!(!sliced(&|g| _ = g.input("x", image()).relu().reduce(Reduction::Sum, &[0])));
        assert!(!sliced(&|g| _ = g.input("x", image()).relu().transpose(&[1, 0, 2, 3])));
        assert!(!sliced(&|g| {
            let x = g.input("x", image());
            _ = x - x.reduce(Reduction::Sum, &[0]);
        }));
        assert!(!sliced(&|g| {
            let w = g.parameter("w", f32([1, 4, 512, 512]), Init::Fill(1.0));
            let dims = image().dims;
            _ = g.input("x", image()) * w.apply(Expand { dims, shared: true });
        }));
        // few numbers against many weights
        assert!(!sliced(&|g| {
            let w = g.parameter("w", f32([SIZE, 64]), Init::Fill(1.0));
            _ = g.input("x", f32([N, SIZE.into()])).matmul(w);
        }));
    }
}
