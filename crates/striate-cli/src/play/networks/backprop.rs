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

use super::accuracy;
use crate::draw::{chart, plane};
use crate::play::{Entry, Setup, Shown};
use striate::classics::data::Samples;
use striate::classics::mlp::Mlp;
use striate::prelude::*;

pub(crate) const ENTRY: Entry = Entry {
    name: "backprop",
    about: "back-propagation: one update of a small network in numbers, then xor",
    lesson: "The input goes forward (I, O); the error comes back from the output, through the weights, to the hidden \
             units (Err); each weight moves by rate · its unit's error · what it carried. A weight from an input of 0 \
             stays. Xor has no line between its classes: only hidden units, which fold the plane, can tell them apart. The \
             curve is flat at first, while these units still do the same.",
    show,
};

const RATE: f32 = 0.9;
/// Hidden units for xor; two are enough, but more get stuck less often.
const HIDDEN: usize = 4;
/// Epochs between two points of the curve.
const EVERY: usize = 25;

/// The textbook's update as a table, and the output before it.
fn by_hand() -> Result<(String, f32)> {
    let x = [1.0, 0.0, 1.0];
    let mut network = Mlp::new(&[x.len(), 2, 1], RATE, 0)?;
    // A row holds the weights that reach a unit.
    network.set_layer(0, &[0.2, 0.4, -0.5, -0.3, 0.1, 0.2], &[-0.4, 0.2])?;
    network.set_layer(1, &[-0.3, -0.2], &[0.1])?;
    let before = network.clone();
    let step = network.learn_targets(&x, &[1.0])?;
    let (hidden, output) = (&step.outputs[0], &step.outputs[1]);
    let into = |layer: usize, below: &[f32]| -> Vec<f32> {
        let rows = before.weights(layer).chunks(below.len()).zip(before.bias(layer));
        rows.map(|(row, bias)| row.iter().zip(below).map(|(w, o)| w * o).sum::<f32>() + bias).collect()
    };
    let inputs = [into(0, &x), into(1, hidden)].concat();
    let (outputs, errors) = ([&hidden[..], output].concat(), step.errors.concat());
    let mut lines = vec!["unit   I_j      O_j      Err_j".to_string()];
    for unit in 0..3 {
        lines.push(format!("{:<4} {:>7.3} {:>8.3} {:>9.4}", unit + 4, inputs[unit], outputs[unit], errors[unit]));
    }
    lines.push("\nweight  before    after".to_string());
    let names =
        [(["w14", "w24", "w34", "w15", "w25", "w35"].as_slice(), ["θ4", "θ5"].as_slice()), (&["w46", "w56"], &["θ6"])];
    for (layer, (weights, biases)) in names.into_iter().enumerate() {
        let changes = before.weights(layer).iter().zip(network.weights(layer));
        let changes = changes.chain(before.bias(layer).iter().zip(network.bias(layer)));
        let named = weights.iter().chain(biases).zip(changes);
        lines.extend(named.map(|(name, (old, new))| format!("{name:<6} {old:>7.3} {new:>8.3}")));
    }
    Ok((lines.join("\n"), output[0]))
}

fn show(setup: Setup) -> Result<Shown> {
    let (table, output) = by_hand()?;
    let classes = ["0 (equal)", "1 (different)"].map(String::from).to_vec();
    let xor = Samples::new("xor", vec![0., 0., 0., 1., 1., 0., 1., 1.], 2, vec![0, 1, 1, 0], classes)?;
    let mut network = Mlp::for_classes(2, &[HIDDEN], 2, RATE, setup.seed)?;
    let (epochs, mut curve) = (setup.passes(4000), vec![]);
    for epoch in 0..epochs {
        let mut error = 0.0;
        for (x, &y) in xor.rows().iter().zip(xor.labels()) {
            let step = network.learn_targets(x, &[y as f32])?;
            error += 0.5 * f64::from(y as f32 - step.outputs[1][0]).powi(2);
        }
        if epoch % EVERY == 0 || epoch + 1 == epochs {
            curve.push(error);
        }
    }
    let classify = |x: &[f32]| network.predict(x).map(Some);
    let errors = [("E, four samples".to_string(), curve.clone())];
    let title = "Back-propagation: xor, on either side of output 0.5";
    Ok(Shown::default()
        .fact("output_of_the_3-2-1_network", output)
        .fact("xor_hidden_units", HIDDEN)
        .fact("xor_epochs", epochs)
        .fact("xor_error_first", curve.first().copied())
        .fact("xor_error_last", curve.last().copied())
        .fact("xor_accuracy", accuracy(&xor, classify)?)
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
