//! Back-propagation in numbers: one update of a 3-2-1 network, then xor learnt by the same equations.
//!
//! ```text
//! I_j = Σ w_ij·O_i + θ_j     O_j = 1/(1 + e^(−I_j))     E = ½·Σ (T − O)²
//! Err = O·(1 − O)·(T − O) at the output,  O·(1 − O)·Σ Err_k·w_jk in between
//! w_ij ← w_ij + l·Err_j·O_i     θ_j ← θ_j + l·Err_j
//! ```
//!
//! Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 323, 1986; the
//! 3-2-1 network: Han and Kamber, "Data Mining: Concepts and Techniques", 2000.

use crate::draw::{chart, plane};
use crate::play::{Entry, Setup, Shown};
use striate::classics::data::Samples;
use striate::graph::optim::{Optimizer, Sgd};
use striate::graph::{State, Trace, Value, interpret};
use striate::prelude::*;
use striate::tensor::Array;

pub(crate) const ENTRY: Entry = Entry {
    name: "backprop",
    about: "back-propagation: one update of a small network in numbers, then xor",
    lesson: "The input goes forward (I, O); the error comes back from the output, through the weights, to the hidden \
             units (Err); each weight moves by rate · its unit's error · what it carried. A weight from an input of 0 \
             stays. Xor has no line between its classes: only hidden units, which fold the plane, can tell them apart. The \
             curve is flat at first, while these units still do the same.",
    show,
};

const RATE: f64 = 0.9;
/// Hidden units for xor; two are enough, but more get stuck less often.
const HIDDEN: usize = 4;
/// Epochs between two points of the curve.
const EVERY: usize = 25;

/// inputs-hidden-1, its gradient and its update. Row i of a matrix holds the weights that leave unit i.
fn network(inputs: usize, hidden: usize, start: [Init; 4]) -> Result<Graph> {
    let g = Builder::new();
    let [w_hidden, b_hidden, w_output, b_output] = start;
    let (x, target) = (g.input("x", f32([1, inputs])), g.input("target", f32([1, 1])));
    let parameters = [
        g.parameter("w", f32([inputs, hidden]), w_hidden),
        g.parameter("θ", f32([1, hidden]), b_hidden),
        g.parameter("v", f32([hidden, 1]), w_output),
        g.parameter("φ", f32([1, 1]), b_output),
    ];
    let [w, theta, v, phi] = parameters;
    let into_hidden = (x.matmul(w) + theta).named("I hidden");
    let out_of_hidden = into_hidden.logistic().named("O hidden");
    let into_output = (out_of_hidden.matmul(v) + phi).named("I output");
    let output = into_output.logistic().named("O output");
    let away = output - target;
    let loss = (away * away * 0.5).sum_all().named("E");
    let slopes = g.grad(loss, &[into_hidden, into_output]);
    let errors = [(-slopes[0]).named("Err hidden"), (-slopes[1]).named("Err output")];
    let pairs: Vec<_> = parameters.into_iter().zip(g.grad(loss, &parameters)).collect();
    let descent = Optimizer::from(Sgd { momentum: 0.0, ..Sgd::default() });
    descent.append(&g, &pairs, g.input("rate", f32([1])));
    g.finish([loss, output, errors[0], errors[1]])
}

fn run(graph: &Graph, state: &State<f64>, x: &[f64], target: f64) -> Result<Trace<f64>> {
    let row = |values: &[f64]| Value::from(Array::new([1, values.len()], values.to_vec()));
    let rate = Array::new([1], vec![RATE]).into();
    interpret(graph, state, &[("x", row(x)), ("target", row(&[target])), ("rate", rate)])
}

fn numbers(value: &Value<f64>) -> Vec<f64> {
    value.real().data().to_vec()
}

/// The textbook's update as a table.
fn by_hand() -> Result<(String, f64)> {
    let start = [vec![0.2, -0.3, 0.4, 0.1, -0.5, 0.2], vec![-0.4, 0.2], vec![-0.3, -0.2], vec![0.1]];
    let graph = network(3, 2, start.map(Init::Values))?;
    let before = graph.initial_state(0);
    let trace = run(&graph, &before, &[1.0, 0.0, 1.0], 1.0)?;
    let after = trace.next_state();
    let pair = |of: &str| [format!("{of} hidden"), format!("{of} output")].map(|name| numbers(trace.output(&name)));
    let [inputs, outputs, errors] = ["I", "O", "Err"].map(|of| pair(of).concat());
    let mut lines = vec!["unit   I_j      O_j      Err_j".to_string()];
    for unit in 0..3 {
        lines.push(format!("{:<4} {:>7.3} {:>8.3} {:>9.4}", unit + 4, inputs[unit], outputs[unit], errors[unit]));
    }
    lines.push("\nweight  before    after".to_string());
    let names = [&["w14", "w15", "w24", "w25", "w34", "w35"][..], &["θ4", "θ5"], &["w46", "w56"], &["θ6"]];
    for (of, names) in ["w", "θ", "v", "φ"].iter().zip(names) {
        let change = numbers(&before[*of]).into_iter().zip(numbers(&after[*of]));
        lines.extend(names.iter().zip(change).map(|(name, (old, new))| format!("{name:<6} {old:>7.3} {new:>8.3}")));
    }
    Ok((lines.join("\n"), outputs[2]))
}

fn show(setup: Setup) -> Result<Shown> {
    let (table, output) = by_hand()?;
    let classes = ["0 (equal)", "1 (different)"].map(String::from).to_vec();
    let xor = Samples::new("xor", vec![0., 0., 0., 1., 1., 0., 1., 1.], 2, vec![0, 1, 1, 0], classes)?;
    let wide = || Init::Uniform(1.0);
    let graph = network(2, HIDDEN, [wide(), wide(), wide(), wide()])?;
    let mut state: State<f64> = graph.initial_state(setup.seed);
    let point = |x: &[f32]| [f64::from(x[0]), f64::from(x[1])];
    let mut curve = vec![];
    let epochs = setup.passes(2000);
    for epoch in 0..epochs {
        let mut error = 0.0;
        for (x, &y) in xor.rows().iter().zip(xor.labels()) {
            let trace = run(&graph, &state, &point(x), y as f64)?;
            error += numbers(trace.output("E"))[0];
            state = trace.next_state();
        }
        if epoch % EVERY == 0 || epoch + 1 == epochs {
            curve.push(error);
        }
    }
    let answer = |x: &[f32]| -> Result<f64> { Ok(numbers(run(&graph, &state, &point(x), 0.0)?.output("O output"))[0]) };
    let classify = |x: &[f32]| Ok(Some(usize::from(answer(x)? > 0.5)));
    let mut right = vec![];
    for (x, y) in xor.rows().iter().zip(xor.labels()) {
        right.push(classify(x)? == Some(*y));
    }
    let errors = [("E, four samples".to_string(), curve.clone())];
    let title = "Back-propagation: xor, on either side of output 0.5";
    Ok(Shown::default()
        .fact("output_of_the_3-2-1_network", output)
        .fact("xor_hidden_units", HIDDEN)
        .fact("xor_epochs", epochs)
        .fact("xor_error_first", curve.first().copied())
        .fact("xor_error_last", curve.last().copied())
        .fact("xor_accuracy", super::share(right))
        .text("3-2-1 network: x = (1, 0, 1), target 1, rate 0.9, one update", table)
        .picture(
            "error.svg",
            chart::curves_every(EVERY as f64, "Back-propagation: the error on xor", "epoch", "E", &errors),
        )
        .picture("xor.svg", plane::draw(title, ["x₁", "x₂"], &xor, &classify, &[], "")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_textbooks_numbers() {
        let (table, _) = by_hand().unwrap();
        for line in [
            "4     -0.700    0.332   -0.0087",
            "w46     -0.300   -0.261",
            "w34     -0.500   -0.508",
            "θ6       0.100    0.218",
        ] {
            assert!(table.contains(line), "{line:?} in\n{table}");
        }
    }
}
