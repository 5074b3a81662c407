use super::{add_value, equation};
use striate_graph::ops::batch_norm::ChannelStatistics;
use striate_graph::ops::map::Map;
use striate_graph::ops::shape::Reshape;
use striate_graph::{Dim, Equation, Graph, Op, f32};
use striate_tensor::{Binary, Program};

/// Writes batch normalisation as statistics and the line a·x + b that they give each channel, with a = γ·r and
/// b = β − a·μ: the line is a map, which takes what follows into itself.
pub(super) fn split_norms(mut graph: Graph, notes: &mut Vec<String>) -> Graph {
    let mut equations = Vec::with_capacity(graph.equations.len());
    let mut split = 0;
    for norm in std::mem::take(&mut graph.equations) {
        let Op::BatchNorm(op) = &norm.op else {
            equations.push(norm);
            continue;
        };
        let statistics = ChannelStatistics { epsilon: op.epsilon };
        let (x, y) = (norm.inputs[0], norm.outputs[0]);
        let dims = &graph.value(x).ty.dims;
        let channels = dims[1];
        let beside: Vec<Dim> = (0..dims.len()).map(|axis| if axis == 1 { channels } else { 1.into() }).collect();
        let mut value = |name: &str, dims: &[Dim]| add_value(&mut graph, name, f32(dims.to_vec()));
        let [a, b] = ["scale", "shift"].map(|name| value(name, &[channels]));
        let [a_beside, b_beside] = ["scale", "shift"].map(|name| value(name, &beside));
        let line = Program::build(4, |p| {
            let [gamma, beta, mean, inv_std] = [0, 1, 2, 3];
            let a = p.binary(Binary::Mul, gamma, inv_std);
            let moved = p.binary(Binary::Mul, a, mean);
            vec![a, p.binary(Binary::Sub, beta, moved)]
        });
        let along = Program::build(3, |p| {
            let scaled = p.binary(Binary::Mul, 0, 1);
            vec![p.binary(Binary::Add, scaled, 2)]
        });
        let reshape = Reshape { dims: beside };
        let of_norm = |op: Op, inputs: &[_], outputs: &[_]| Equation {
            layer: norm.layer.clone(),
            place: norm.place.clone(),
            ..equation(op, inputs, outputs)
        };
        equations.extend([
            of_norm(statistics.into(), &[x], &norm.outputs[1..]),
            of_norm(
                Map { program: line }.into(),
                &[norm.inputs[1], norm.inputs[2], norm.outputs[1], norm.outputs[2]],
                &[a, b],
            ),
            of_norm(reshape.clone().into(), &[a], &[a_beside]),
            of_norm(reshape.into(), &[b], &[b_beside]),
            of_norm(Map { program: along }.into(), &[x, a_beside, b_beside], &[y]),
        ]);
        split += 1;
    }
    graph.equations = equations;
    if split > 0 {
        notes.push(format!("{split} batch normalisations are statistics and a line for each channel"));
    }
    graph
}
