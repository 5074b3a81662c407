//! A line through each channel of a linear operation's output, written into its weights: batch normalisation at rest.
//!
//! ```text
//! y[n, c, p] = a[c] · (Σ w[r] · x[…] + b[c]) + d[c]   =   Σ (a[c]·w[r]) · x[…] + (a[c]·b[c] + d[c])      r: rows of c
//! ```
//!
//! w, b, a and d are constants. Products are taken in f64 and rounded once.

use super::{Readers, constants};
use striate_graph::ops::map::Map;
use striate_graph::{Graph, Op, ValueId};
use striate_tensor::{Array, Binary, Instruction, Program, Unary};

/// Writes maps that are a line through each output channel into the weights and bias of the convolution, transposed
/// convolution or matrix product that they alone read. Maps in a row are taken one after another.
pub(super) fn fold_affine(mut graph: Graph, notes: &mut Vec<String>) -> Graph {
    let readers = Readers::of(&graph);
    let mut dropped = vec![false; graph.equations.len()];
    for at in 0..graph.equations.len() {
        let Some(linear) = Linear::of(&graph, at) else { continue };
        while let Some(reader) = readers.only(&graph, graph.equations[at].outputs[0]) {
            let equation = &graph.equations[reader];
            let Op::Map(map) = &equation.op else { break };
            let text = format!("`{}` ({}): {}", graph.equations[at].layer, graph.equations[at].op.name(), map.program);
            let lines = match lines(&graph, reader, graph.equations[at].outputs[0], &linear) {
                Ok(lines) => lines,
                // of an activation alone nobody expects it
                Err(_) if equation.inputs.len() == 1 => break,
                Err(why) => {
                    notes.push(format!("{text} is not folded: {why}"));
                    break;
                }
            };
            let shift_stays = !linear.takes_bias && lines.iter().any(|line| line.shift != 0.0);
            if shift_stays && lines.iter().all(|line| line.scale == 1.0) {
                notes.push(format!("{text} is not folded: the operation has no bias"));
                break;
            }
            linear.fold(&mut graph, at, &lines);
            if shift_stays {
                // only the scale goes into the weights; what is left is a sum
                let shape: Vec<_> =
                    (0..linear.rank).map(|axis| if axis == linear.axis { lines.len() } else { 1 }).collect();
                let shifts = Array::new(shape, lines.iter().map(|line| line.shift as f32).collect::<Vec<_>>());
                let name = format!("{}.shift", graph.value(graph.equations[at].outputs[0]).name);
                let shifts = constants::push(&mut graph, &name, shifts);
                let value = graph.equations[at].outputs[0];
                let equation = &mut graph.equations[reader];
                equation.op = Op::Map(Map { program: Program::build(2, |p| vec![p.binary(Binary::Add, 0, 1)]) });
                equation.inputs = vec![value, shifts];
                notes.push(format!("{text}: the scale is in the weights, the shift stays"));
                break;
            }
            let output = graph.equations[reader].outputs.clone();
            graph.equations[at].outputs = output;
            dropped[reader] = true;
            notes.push(format!("{text} is in the weights"));
        }
    }
    let mut dropped = dropped.into_iter();
    graph.equations.retain(|_| !dropped.next().unwrap_or(false));
    constants::drop_unread(&mut graph);
    graph
}

/// What becomes of an element x of a channel: `scale·x + shift`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    scale: f64,
    shift: f64,
}

/// An operation that is linear in a constant weight, as this pass sees it.
struct Linear {
    /// Which input is the weight.
    weight: usize,
    takes_bias: bool,
    /// The output's axis of channels, and how many axes it has.
    axis: usize,
    rank: usize,
    channels: usize,
    /// For each weight in turn the output channel that it belongs to.
    channel_of: Vec<usize>,
}

impl Linear {
    fn of(graph: &Graph, at: usize) -> Option<Self> {
        let equation = &graph.equations[at];
        let rank = graph.value(*equation.outputs.first()?).ty.rank();
        let (weight, takes_bias, axis) = match &equation.op {
            Op::Conv(_) => (1, true, 1),
            Op::ConvGradInput(_) => (0, false, 1),
            Op::MatMul(_) => (1, true, 1),
            _ => return None,
        };
        let weights = constants::of(graph, equation.inputs[weight])?;
        if let Some(&bias) = equation.inputs.get(2) {
            constants::of(graph, bias)?;
        }
        let channels = graph.value(equation.outputs[0]).ty.shape()[axis];
        let links = |conv: &striate_graph::ops::conv::Conv, forward: bool| -> Vec<usize> {
            let links = conv.connections.links(conv.in_channels, conv.out_channels);
            let taps = conv.geometry(1).taps();
            let channel = |link: &striate_tensor::Link| if forward { link.output } else { link.input };
            links.iter().flat_map(|link| std::iter::repeat_n(channel(link), taps)).collect()
        };
        let channel_of = match &equation.op {
            Op::Conv(conv) => links(conv, true),
            Op::ConvGradInput(conv) => links(&conv.0, false),
            Op::MatMul(op) if op.b_transposed => {
                (0..channels).flat_map(|j| std::iter::repeat_n(j, weights.shape()[1])).collect()
            }
            _ => (0..weights.data().len()).map(|i| i % channels).collect(),
        };
        Some(Linear { weight, takes_bias, axis, rank, channels, channel_of })
    }

    /// Writes the lines into new constants that equation `at` reads instead of its own; shifts only where it takes a bias.
    fn fold(&self, graph: &mut Graph, at: usize, lines: &[Line]) {
        let old = graph.equations[at].inputs[self.weight];
        let Some(weights) = constants::of(graph, old) else { return };
        let scaled = weights.data().iter().zip(&self.channel_of);
        let scaled = scaled.map(|(&w, &channel)| (f64::from(w) * lines[channel].scale) as f32).collect();
        let scaled = Array::new(weights.shape().clone(), scaled);
        let name = graph.value(old).name.clone();
        graph.equations[at].inputs[self.weight] = constants::push(graph, &name, scaled);
        if !self.takes_bias {
            return;
        }
        let old = graph.equations[at].inputs.get(2).copied();
        let bias = old.and_then(|id| constants::of(graph, id)).map(|b| b.data().to_vec());
        if bias.is_none() && lines.iter().all(|line| line.shift == 0.0) {
            return;
        }
        let bias = bias.unwrap_or_else(|| vec![0.0; self.channels]);
        let moved = bias.iter().zip(lines).map(|(&b, line)| (line.scale * f64::from(b) + line.shift) as f32).collect();
        let name = old.map_or_else(|| format!("{name}.shift"), |id| graph.value(id).name.clone());
        let moved = constants::push(graph, &name, Array::new([self.channels], moved));
        graph.equations[at].inputs.truncate(2);
        graph.equations[at].inputs.push(moved);
    }
}

/// A register of the map's program: the same number for all samples and positions of a channel, or a line through the
/// operation's output.
#[derive(Clone, Copy, PartialEq)]
enum Term {
    Fixed(f64),
    Line(Line),
}

/// The lines, one a channel, that the map of equation `reader` draws through `value`; or why it does not.
fn lines(graph: &Graph, reader: usize, value: ValueId, linear: &Linear) -> Result<Vec<Line>, &'static str> {
    let equation = &graph.equations[reader];
    let Op::Map(map) = &equation.op else { return Err("no map follows") };
    let [output] = equation.outputs[..] else { return Err("the map has several outputs") };
    if graph.value(output).ty != graph.value(value).ty {
        return Err("the map repeats the output");
    }
    let mut operands = Vec::new();
    for &input in &equation.inputs {
        operands.push(match (input == value, constants::of(graph, input)) {
            (true, _) => None,
            (_, Some(array)) => Some(by_channel(array, linear).ok_or("an operand differs within a channel")?),
            _ => return Err("an operand is not constant"),
        });
    }
    let line = |channel: usize| {
        let mut terms: Vec<Term> = operands
            .iter()
            .map(|operand| match operand {
                None => Term::Line(Line { scale: 1.0, shift: 0.0 }),
                Some(numbers) => Term::Fixed(numbers[channel].into()),
            })
            .collect();
        for instruction in map.program.instructions() {
            terms.push(term(instruction, &terms).ok_or("it is not a line through each channel")?);
        }
        let line = match terms[map.program.outputs()[0]] {
            Term::Line(line) => line,
            Term::Fixed(_) => return Err("it does not read the output"),
        };
        // beyond f32 the products would round differently
        let usable = |x: f64| (x as f32).is_finite();
        if usable(line.scale) && usable(line.shift) { Ok(line) } else { Err("a channel's line is not finite") }
    };
    (0..linear.channels).map(line).collect()
}

/// One number a channel, if the array is the same for all samples and positions.
fn by_channel(array: &Array<f32>, linear: &Linear) -> Option<Vec<f32>> {
    let axis_of = |axis: usize| axis + linear.rank - array.shape().rank();
    let others = array.shape().iter().enumerate().all(|(axis, &size)| size == 1 || axis_of(axis) == linear.axis);
    match array.data() {
        _ if !others => None,
        [same] => Some(vec![*same; linear.channels]),
        numbers => (numbers.len() == linear.channels).then(|| numbers.to_vec()),
    }
}

/// What an instruction makes of terms, if that is a number or a line.
fn term(instruction: &Instruction, terms: &[Term]) -> Option<Term> {
    use Term::{Fixed, Line as L};
    let line = |scale, shift| Some(L(Line { scale, shift }));
    match *instruction {
        Instruction::Const(c) => Some(Fixed(c.0)),
        Instruction::Unary(f, a) => match (f, terms[a]) {
            (f, Fixed(a)) => Some(Fixed(f.evaluate(a))),
            (Unary::Neg, L(a)) => line(-a.scale, -a.shift),
            _ => None,
        },
        Instruction::Binary(f, a, b) => match (f, terms[a], terms[b]) {
            (f, Fixed(a), Fixed(b)) => Some(Fixed(f.evaluate(a, b))),
            (Binary::Add, L(a), Fixed(b)) | (Binary::Add, Fixed(b), L(a)) => line(a.scale, a.shift + b),
            (Binary::Add, L(a), L(b)) => line(a.scale + b.scale, a.shift + b.shift),
            (Binary::Sub, L(a), Fixed(b)) => line(a.scale, a.shift - b),
            (Binary::Sub, Fixed(a), L(b)) => line(-b.scale, a - b.shift),
            (Binary::Sub, L(a), L(b)) => line(a.scale - b.scale, a.shift - b.shift),
            (Binary::Mul, L(a), Fixed(b)) | (Binary::Mul, Fixed(b), L(a)) => line(a.scale * b, a.shift * b),
            (Binary::Div, L(a), Fixed(b)) => line(a.scale / b, a.shift / b),
            _ => None,
        },
        Instruction::Select(c, a, b) => match terms[c] {
            Fixed(c) => Some(if c > 0.0 { terms[a] } else { terms[b] }),
            L(_) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::{fold::fold, freeze, share::share};
    use crate::{Store, Tensor};
    use striate_graph::ops::batch_norm::BatchNormLayer;
    use striate_graph::ops::conv::{Conv, ConvGradInput};
    use striate_graph::ops::matmul::MatMul;
    use striate_graph::{Builder, Init, Layer, Mode, Scope, State, Var, f32, interpret};
    use striate_tensor::Rng;

    /// Numbers of few bits everywhere, and running variances whose deviations are powers of two: no product is rounded.
    fn numbers(graph: &Graph) -> Store {
        let mut store = Store::new(graph, 1);
        let tensors: Vec<_> = store.iter().map(|(name, tensor)| (name.to_string(), tensor.clone())).collect();
        for (seed, (name, tensor)) in tensors.into_iter().enumerate() {
            let Tensor::F32(array) = tensor else { unreachable!("no counters here") };
            let rng = Rng::new(seed as u64);
            let variance = name.ends_with("running_var");
            let number = |i: usize| match variance {
                true => [0.75, 3.75, 15.75][i % 3],
                false => (rng.normal(i as u64) * 16.0).round() / 16.0,
            };
            store.set(&name, Tensor::F32(Array::from_fn(array.shape().clone(), number))).expect("its own shape");
        }
        store
    }

    /// The graph frozen and folded computes what it did; returns it with the pass's notes.
    #[track_caller]
    fn check(build: impl for<'g> Fn(&'g Builder) -> Var<'g>) -> (Graph, String) {
        let g = Builder::new();
        let output = build(&g);
        let graph = g.finish([output]).unwrap_or_else(|e| panic!("{e}"));
        let store = numbers(&graph);
        let mut notes = Vec::new();
        let frozen = freeze(graph, &store, &mut notes).unwrap_or_else(|e| panic!("{e}"));
        let rng = Rng::new(9);
        let run = |graph: &Graph| {
            let inputs = graph.inputs().map(|id| graph.value(id));
            let numbers = inputs.map(|v| (v.name.as_str(), v.ty.shape()));
            let numbers =
                numbers.map(|(n, shape)| (n, Array::from_fn(shape, |i| f64::from(rng.normal(i as u64))).into()));
            let trace = interpret::<f64>(graph, &State::new(), &numbers.collect::<Vec<_>>());
            trace.unwrap_or_else(|e| panic!("{e}")).value(graph.outputs[0]).real().clone()
        };
        let before = run(&frozen);
        let folded = fold_affine(fold(share(frozen, &mut notes), &mut notes), &mut notes);
        folded.verify().unwrap_or_else(|e| panic!("{e}"));
        let after = run(&folded);
        let largest = before.data().iter().fold(0.0f64, |m, x| m.max(x.abs()));
        assert!(largest > 0.1, "nothing to compare");
        for (a, b) in before.data().iter().zip(after.data()) {
            assert!((a - b).abs() < 1e-12 * largest.max(1.0), "{a} is not {b}\n{folded}");
        }
        (folded, notes.join("\n"))
    }

    fn weight<'g>(g: &'g Builder, name: &str, ty: striate_graph::Type) -> Var<'g> {
        g.parameter(name, ty, Init::Fill(0.0))
    }

    fn normed<'g>(x: Var<'g>, name: &str) -> Var<'g> {
        let layer = Layer::from(BatchNormLayer { epsilon: 0.25, ..BatchNormLayer::default() });
        let scope = Scope { builder: x.builder(), name: name.into(), mode: Mode::Infer };
        x.builder().in_layer(name, None, || layer.apply(&[x], &scope))
    }

    fn conv<'g>(g: &'g Builder, text: &str, bias: bool) -> Var<'g> {
        let (n, conv) = Conv::parse(text).expect("source code");
        let (x, w) = (g.input("x", conv.input().at_batch(n)), weight(g, "w", conv.weight()));
        let b = bias.then(|| weight(g, "b", f32([conv.out_channels])));
        let inputs: Vec<_> = [Some(x), Some(w), b].into_iter().flatten().collect();
        g.apply(conv, &inputs).get(0)
    }

    #[test]
    fn batch_norm_goes_into_every_kind_of_convolution() {
        for text in [
            "n2 c3 5x6 -> o4 k3x2 s2x1 p1",
            "n1 c4 7 -> o6 k3 g2",
            "n2 c4 5x5 -> o8 k3 p1 g4",
            "n1 c4 4x4 -> o5 k2 table",
            "n1 c2 3x4x5 -> o3 k2 flip",
        ] {
            for bias in [true, false] {
                let (graph, notes) = check(|g| normed(conv(g, text, bias), "bn").relu());
                let names: Vec<_> = graph.equations.iter().map(|e| e.op.name()).collect();
                assert_eq!(names, ["conv", "map"], "{text}\n{notes}\n{graph}");
            }
        }
    }

    #[test]
    fn batch_norm_goes_into_products_of_either_storage() {
        for b_transposed in [true, false] {
            let (graph, notes) = check(|g| {
                let x = g.input("x", f32([3, 4]));
                let w = weight(g, "w", f32(if b_transposed { [5, 4] } else { [4, 5] }));
                normed(g.apply(MatMul { a_transposed: false, b_transposed }, &[x, w]).get(0), "bn")
            });
            assert_eq!(graph.equations.len(), 1, "{notes}\n{graph}");
        }
    }

    #[test]
    fn a_transposed_convolution_takes_the_scale_and_leaves_the_shift() {
        for text in ["n2 c3 5x6 -> o4 k3x2 s2x1 p1", "n2 c4 5x5 -> o8 k3 p1 g4", "n1 c4 4x4 -> o5 k2 table"] {
            let (graph, notes) = check(|g| {
                let (n, conv) = Conv::parse(text).expect("source code");
                let (x, w) = (g.input("x", conv.output().at_batch(n)), weight(g, "w", conv.weight()));
                normed(g.apply(ConvGradInput(conv), &[w, x]).get(0), "bn")
            });
            let names: Vec<_> = graph.equations.iter().map(|e| e.op.name()).collect();
            assert_eq!(names, ["conv_grad_input", "map"], "{notes}\n{graph}");
            assert!(graph.to_string().contains("map[x0 + x1]"), "{graph}");
        }
    }

    #[test]
    fn what_is_no_line_through_a_channel_stays() {
        let text = "n2 c3 4x4 -> o4 k3 p1";
        let (graph, notes) = check(|g| conv(g, text, true) * weight(g, "plane", f32([1, 1, 4, 4])));
        assert!(notes.contains("an operand differs within a channel"), "{notes}\n{graph}");
        let (_, notes) = check(|g| conv(g, text, true) * g.input("z", f32([2, 4, 4, 4])));
        assert!(notes.contains("an operand is not constant"), "{notes}");
        let (graph, _) = check(|g| {
            let y = conv(g, text, true);
            y * 2.0 + y.relu()
        });
        assert_eq!(graph.equations.len(), 4, "it is read more than once:\n{graph}");
    }

    #[test]
    fn numbers_and_signs_are_lines_too() {
        let (graph, notes) = check(|g| (-conv(g, "n1 c2 4x4 -> o3 k3", true) * 0.5 - 2.0) / 4.0);
        assert_eq!(graph.equations.len(), 1, "{notes}\n{graph}");
    }
}
