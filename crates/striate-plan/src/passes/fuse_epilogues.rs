use super::Readers;
use striate_graph::ops::fused::Fused;
use striate_graph::{Equation, Graph, Op, ValueId};

/// Writes what follows a convolution or a matrix product into its epilogue: the statistics of its output, or the map
/// that alone reads it, which then is computed where the map was, when all its operands are known.
pub(super) fn fuse_epilogues(mut graph: Graph, notes: &mut Vec<String>) -> Graph {
    let mut dropped = vec![false; graph.equations.len()];
    for at in 0..graph.equations.len() {
        if !takes_epilogue(&graph.equations[at].op) {
            continue;
        }
        let readers = Readers::of(&graph);
        let said = match statistics_of(&graph, &readers, at).or_else(|| map_of(&graph, &readers, at).transpose()) {
            None => continue,
            Some(Err(why)) => Err(why),
            Some(Ok(reader)) => Ok(join(&mut graph, &mut dropped, at, reader)),
        };
        let first = &graph.equations[at];
        notes.push(match said {
            Ok(what) => format!("`{}` ({}) ends with {what}", first.layer, first.op.name()),
            Err(why) => format!("`{}` ({}): {why}", first.layer, first.op.name()),
        });
    }
    let mut dropped = dropped.into_iter();
    graph.equations.retain(|_| !dropped.next().unwrap_or(false));
    graph
}

fn takes_epilogue(op: &Op) -> bool {
    matches!(op, Op::Conv(_) | Op::ConvGradInput(_) | Op::MatMul(_))
}

type Found = Result<usize, String>;

/// The statistics that are taken of the output of a convolution.
fn statistics_of(graph: &Graph, readers: &Readers, at: usize) -> Option<Found> {
    let value = graph.equations[at].outputs[0];
    let of_channels =
        |&&reader: &&usize| graph.equations.get(reader).is_some_and(|e| matches!(e.op, Op::ChannelStatistics(_)));
    let found = readers.0[value.0].iter().find(of_channels)?;
    (!matches!(graph.equations[at].op, Op::MatMul(_))).then_some(Ok(*found))
}

/// The map that alone reads the output.
fn map_of(graph: &Graph, readers: &Readers, at: usize) -> Result<Option<usize>, String> {
    let value = graph.equations[at].outputs[0];
    let Some(reader) = readers.only(graph, value) else {
        return match readers.0[value.0].len() {
            0 => Ok(None),
            _ => Err("its output is read more than once, or returned".into()),
        };
    };
    let map = &graph.equations[reader];
    let kept = match &map.op {
        Op::Map(op) => op.program.outputs().len(),
        Op::MapSums(_) if matches!(graph.equations[at].op, Op::MatMul(_)) => {
            return Err("the map that follows sums".into());
        }
        Op::MapSums(op) => op.summed.iter().filter(|&&summed| !summed).count(),
        op => return Err(format!("{} follows, not a map", op.name())),
    };
    if kept != 1 {
        return Err(format!("the map that follows keeps {kept} values"));
    }
    let is_kept = |o: &&ValueId| graph.value(**o).ty == graph.value(value).ty;
    match map.outputs.iter().any(|o| is_kept(&o)) {
        true => Ok(Some(reader)),
        false => Err("the map that follows has another shape".into()),
    }
}

/// Makes one equation of `at` and `reader`; returns what it ends with.
fn join(graph: &mut Graph, dropped: &mut [bool], at: usize, reader: usize) -> String {
    let (first, then) = (graph.equations[at].clone(), graph.equations[reader].clone());
    let value = first.outputs[0];
    let statistics = matches!(then.op, Op::ChannelStatistics(_));
    let what = match &then.op {
        Op::Map(map) => map.program.to_string(),
        Op::MapSums(map) => format!("{} and {} sums", map.program, map.summed.iter().filter(|&&s| s).count()),
        _ => "the statistics of its channels".into(),
    };
    // the fused output is input 0 of what follows, the other operands come after it
    let operands: Vec<ValueId> = then.inputs.iter().copied().filter(|&i| i != value).collect();
    let place = |i: &ValueId| if *i == value { 0 } else { 1 + operands.iter().position(|o| o == i).unwrap_or(0) };
    let names: Vec<usize> = then.inputs.iter().map(place).collect();
    let op = match &then.op {
        Op::Map(map) => {
            Op::from(striate_graph::ops::map::Map { program: map.program.reading(operands.len() + 1, &names) })
        }
        Op::MapSums(map) => Op::from(striate_graph::ops::map_sums::MapSums {
            program: map.program.reading(operands.len() + 1, &names),
            ..map.clone()
        }),
        op => op.clone(),
    };
    let kept = if statistics { vec![value] } else { vec![] };
    let equation = Equation {
        op: Fused {
            first: Box::new(first.op.clone()),
            inputs: first.inputs.len(),
            then: Box::new(op),
            keeps: statistics,
        }
        .into(),
        inputs: [&first.inputs[..], &operands].concat(),
        outputs: [&kept[..], &then.outputs].concat(),
        layer: first.layer,
        place: first.place,
    };
    // statistics come early, a map's other operands may come late
    let (place, gone) = if statistics { (at, reader) } else { (reader, at) };
    graph.equations[place] = equation;
    dropped[gone] = true;
    graph.equations[gone].inputs.clear();
    what
}
