use super::Readers;
use super::fuse_maps::{fits, join};
use striate_graph::ops::map::Map;
use striate_graph::{Graph, Op, ValueId};
use striate_tensor::{Instruction, Unary};

/// Instructions that are computed again rather than kept in memory.
const SHORT: usize = 4;

/// Writes a short map of one whole tensor (and numbers for each channel) into all the maps that read it: they read its
/// input instead, which costs no more memory traffic, and the map need not be kept.
pub(super) fn inline_maps(mut graph: Graph, notes: &mut Vec<String>) -> Graph {
    let mut inlined = 0;
    for at in 0..graph.equations.len() {
        let readers = Readers::of(&graph);
        let Op::Map(first) = graph.equations[at].op.clone() else { continue };
        let [value] = graph.equations[at].outputs[..] else { continue };
        let inputs = graph.equations[at].inputs.clone();
        let into = &readers.0[value.0];
        let whole = inputs.iter().filter(|i| graph.value(**i).ty == graph.value(value).ty).count();
        let is_short = first.program.instructions().len() <= SHORT && first.program.instructions().iter().all(is_cheap);
        if into.len() < 2 || whole != 1 || !is_short || !into.iter().all(|&r| takes(&graph, r, value)) {
            continue;
        }
        let joined: Vec<_> = into
            .iter()
            .map(|&reader| {
                let equation = &graph.equations[reader];
                let Op::Map(second) = &equation.op else { unreachable!("`takes` asked for a map") };
                (reader, join(&first.program, &inputs, &second.program, &equation.inputs, value))
            })
            .collect();
        if !joined.iter().all(|(_, (program, inputs))| fits(program, inputs)) {
            continue;
        }
        for (reader, (program, inputs)) in joined {
            let equation = &mut graph.equations[reader];
            (equation.op, equation.inputs) = (Map { program }.into(), inputs);
        }
        inlined += 1;
    }
    if inlined > 0 {
        notes.push(format!("{inlined} short maps are computed where they are read"));
    }
    graph
}

/// Whether equation `reader` is a map of the shape of `value`.
fn takes(graph: &Graph, reader: usize, value: ValueId) -> bool {
    graph.equations.get(reader).is_some_and(|equation| {
        matches!(equation.op, Op::Map(_)) && graph.value(equation.outputs[0]).ty == graph.value(value).ty
    })
}

/// Whether an instruction costs about as much as a load.
fn is_cheap(instruction: &Instruction) -> bool {
    use striate_tensor::Binary::{Div, Pow};
    match instruction {
        Instruction::Unary(f, _) => {
            matches!(f, Unary::Neg | Unary::Abs | Unary::Relu | Unary::Step | Unary::Sign)
        }
        Instruction::Binary(f, ..) => !matches!(f, Div | Pow),
        Instruction::Const(_) | Instruction::Select(..) => true,
    }
}
