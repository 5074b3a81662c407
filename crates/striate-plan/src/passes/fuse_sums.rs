use super::Readers;
use super::fuse_maps::fits;
use striate_graph::ops::map_sums::MapSums;
use striate_graph::ops::reduce::{Reduce, Reduction};
use striate_graph::{Graph, Op, ValueId};
use striate_tensor::{Program, Register};

/// Outputs of one equation at most.
const MOST_OUTPUTS: usize = 8;

/// Takes the sum for each channel of a value while the map that computes or reads it has it in the cache.
pub(super) fn fuse_sums(mut graph: Graph, notes: &mut Vec<String>) -> Graph {
    let mut dropped = vec![false; graph.equations.len()];
    let taken = sums_of_maps(&mut graph, &mut dropped);
    let joined = sums_of_what_a_sum_reads(&mut graph, &mut dropped);
    let beside = sums_beside_sums(&mut graph, &mut dropped);
    let mut gone = dropped.into_iter();
    graph.equations.retain(|_| !gone.next().unwrap_or(false));
    if taken + joined + beside > 0 {
        notes.push(format!(
            "{taken} sums are taken where a map computes them, {joined} where another sum reads, {beside} beside another"
        ));
    }
    graph
}

/// A reduction to one axis, which is not the innermost: what the kernel sums.
fn as_channel_sum<'a>(graph: &Graph, op: &'a Op, x: ValueId) -> Option<&'a Reduce> {
    let Op::Reduce(reduce) = op else { return None };
    let sizes = graph.value(x).ty.shape();
    let kept: Vec<usize> = (0..sizes.rank()).filter(|axis| !reduce.axes.contains(axis)).collect();
    let [axis] = kept[..] else { return None };
    let inner: usize = sizes[axis + 1..].iter().product();
    (reduce.reduction == Reduction::Sum && inner > 1).then_some(reduce)
}

/// The program and the marks of a map, or of a map with sums over these axes.
fn as_map<'a>(op: &'a Op, axes: &[usize]) -> Option<(&'a Program, Vec<bool>)> {
    match op {
        Op::Map(map) => Some((&map.program, vec![false; map.program.outputs().len()])),
        Op::MapSums(map) if map.axes == axes => Some((&map.program, map.summed.clone())),
        _ => None,
    }
}

/// The same program with more outputs.
fn with_more(program: &Program, more: &[Register]) -> Program {
    program.returning(program.outputs().iter().chain(more).copied().collect())
}

/// Step 1: a sum of what a map computes is an output of the map.
fn sums_of_maps(graph: &mut Graph, dropped: &mut [bool]) -> usize {
    let readers = Readers::of(graph);
    let mut taken = 0;
    for at in 0..graph.equations.len() {
        let sum = graph.equations[at].clone();
        let Some(reduce) = as_channel_sum(graph, &sum.op, sum.inputs[0]) else { continue };
        let value = sum.inputs[0];
        let Some(maker) = (0..at).find(|&e| !dropped[e] && graph.equations[e].outputs.contains(&value)) else {
            continue;
        };
        let equation = &graph.equations[maker];
        let Some((program, mut summed)) = as_map(&equation.op, &reduce.axes) else { continue };
        let number = equation.outputs.iter().position(|&o| o == value).expect("it is an output");
        let mut program = program.clone();
        let mut outputs = equation.outputs.clone();
        if readers.only(graph, value) == Some(at) {
            (summed[number], outputs[number]) = (true, sum.outputs[0]);
        } else if outputs.len() < MOST_OUTPUTS {
            program = with_more(&program, &[program.outputs()[number]]);
            summed.push(true);
            outputs.push(sum.outputs[0]);
        } else {
            continue;
        }
        let equation = &mut graph.equations[maker];
        equation.op = MapSums { program, summed, axes: reduce.axes.clone() }.into();
        equation.outputs = outputs;
        dropped[at] = true;
        taken += 1;
    }
    taken
}

/// Step 2: sums that read what a map keeps, and else only what is known before it, are outputs of that map too.
fn sums_of_what_a_sum_reads(graph: &mut Graph, dropped: &mut [bool]) -> usize {
    let mut joined = 0;
    for at in 0..graph.equations.len() {
        let Op::MapSums(sums) = graph.equations[at].op.clone() else { continue };
        if dropped[at] || sums.summed.contains(&false) {
            continue;
        }
        let inputs = graph.equations[at].inputs.clone();
        let made = |value: &ValueId| (0..at).find(|&e| !dropped[e] && graph.equations[e].outputs.contains(value));
        let whole = |e: &usize| as_map(&graph.equations[*e].op, &sums.axes).is_some();
        let same_shape = |v: &&ValueId| graph.value(**v).ty.shape().elements() == elements(graph, at);
        let Some(maker) = inputs.iter().filter(same_shape).filter_map(made).filter(whole).max() else { continue };
        if inputs.iter().filter_map(made).any(|e| e > maker) {
            continue;
        }
        let first = &graph.equations[maker];
        let (program, summed) = as_map(&first.op, &sums.axes).expect("`whole` asked for it");
        if first.outputs.iter().zip(&summed).any(|(o, &s)| s && inputs.contains(o)) {
            continue;
        }
        let mut all: Vec<ValueId> = first.inputs.clone();
        all.extend(inputs.iter().filter(|i| !first.outputs.contains(i) && !first.inputs.contains(i)));
        let joint = Program::build(all.len(), |p| {
            let place = |v: &ValueId| all.iter().position(|i| i == v);
            let names: Vec<_> = first.inputs.iter().filter_map(place).collect();
            let mut outputs = p.call(program, &names);
            let made = |v: &ValueId| first.outputs.iter().position(|o| o == v);
            let names: Vec<_> =
                inputs.iter().filter_map(|v| made(v).map(|k| outputs[k]).or_else(|| place(v))).collect();
            outputs.extend(p.call(&sums.program, &names));
            outputs
        });
        let outputs = [&first.outputs[..], &graph.equations[at].outputs].concat();
        if !fits(&joint, &all) || outputs.len() > MOST_OUTPUTS {
            continue;
        }
        let summed = [summed, sums.summed.clone()].concat();
        let first = &mut graph.equations[maker];
        (first.inputs, first.outputs) = (all, outputs);
        first.op = MapSums { program: joint, summed, axes: sums.axes }.into();
        dropped[at] = true;
        joined += 1;
    }
    joined
}

/// Elements that the program of equation `at` runs over.
fn elements(graph: &Graph, at: usize) -> usize {
    let equation = &graph.equations[at];
    equation.inputs.iter().map(|&i| graph.value(i).ty.shape().elements()).max().unwrap_or(0)
}

/// Step 3: a plain sum of what an earlier map with sums reads is an output of it.
fn sums_beside_sums(graph: &mut Graph, dropped: &mut [bool]) -> usize {
    let mut beside = 0;
    for at in 0..graph.equations.len() {
        let sum = graph.equations[at].clone();
        let Some(reduce) = as_channel_sum(graph, &sum.op, sum.inputs[0]) else { continue };
        let value = sum.inputs[0];
        let reads = |e: &usize| {
            let equation = &graph.equations[*e];
            matches!(&equation.op, Op::MapSums(map) if map.axes == reduce.axes)
                && equation.inputs.contains(&value)
                && equation.outputs.len() < MOST_OUTPUTS
                && elements(graph, *e) == graph.value(value).ty.shape().elements()
        };
        let Some(reader) = (0..at).filter(|&e| !dropped[at] && !dropped[e]).find(reads) else { continue };
        let equation = &mut graph.equations[reader];
        let Op::MapSums(map) = &mut equation.op else { continue };
        let register = equation.inputs.iter().position(|&i| i == value).expect("it reads the value");
        map.program = with_more(&map.program, &[register]);
        map.summed.push(true);
        equation.outputs.push(sum.outputs[0]);
        dropped[at] = true;
        beside += 1;
    }
    beside
}
