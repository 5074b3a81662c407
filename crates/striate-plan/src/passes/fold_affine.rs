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
