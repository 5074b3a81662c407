use super::Readers;
use striate_graph::ops::map::Map;
use striate_graph::{Graph, Op, ValueId};
use striate_tensor::Program;

/// Instructions and inputs beyond which a program no longer keeps its registers in the cache.
const LONGEST: usize = 48;
const MOST_INPUTS: usize = 12;

/// Writes a map whose output only one other map reads, in the same shape, into that map.
pub(super) fn fuse_maps(mut graph: Graph, notes: &mut Vec<String>) -> Graph {
    let readers = Readers::of(&graph);
    let mut fused = 0;
    for at in 0..graph.equations.len() {
        let Op::Map(first) = graph.equations[at].op.clone() else { continue };
        let [value] = graph.equations[at].outputs[..] else { continue };
        let Some(into) = readers.only(&graph, value) else { continue };
        let Op::Map(second) = graph.equations[into].op.clone() else { continue };
        if graph.value(value).ty != graph.value(graph.equations[into].outputs[0]).ty {
            continue; // it would be computed again for each element that it is broadcast to
        }
        let (program, inputs) =
            join(&first.program, &graph.equations[at].inputs, &second.program, &graph.equations[into].inputs, value);
        if !fits(&program, &inputs) {
            notes.push(format!(
                "left `{}` and its reader apart: the program would be too long",
                graph.value(value).name
            ));
            continue;
        }
        let equation = &mut graph.equations[into];
        (equation.op, equation.inputs) = (Op::Map(Map { program }), inputs);
        fused += 1;
    }
    if fused > 0 {
        notes.push(format!("wrote {fused} maps into the maps that read them"));
    }
    graph
}

/// Whether a program is one that the elementwise kernel runs well.
pub(super) fn fits(program: &Program, inputs: &[ValueId]) -> bool {
    program.instructions().len() <= LONGEST && inputs.len() <= MOST_INPUTS
}

/// The program that computes `first` and then `second`, which reads it under the name `value`; and its inputs.
pub(super) fn join(
    first: &Program,
    first_inputs: &[ValueId],
    second: &Program,
    second_inputs: &[ValueId],
    value: ValueId,
) -> (Program, Vec<ValueId>) {
    let mut inputs: Vec<ValueId> = Vec::new();
    for &input in first_inputs.iter().chain(second_inputs).filter(|&&input| input != value) {
        if !inputs.contains(&input) {
            inputs.push(input);
        }
    }
    let place = |input: &ValueId| inputs.iter().position(|i| i == input);
    let program = Program::build(inputs.len(), |p| {
        let registers: Vec<_> = first_inputs.iter().filter_map(place).collect();
        let middle = p.call(first, &registers)[0];
        let registers: Vec<_> = second_inputs.iter().map(|i| place(i).unwrap_or(middle)).collect();
        p.call(second, &registers)
    });
    (program, inputs)
}
