//! Oja's unit and Sanger's find the components of the digits.

use super::{inked, weight_sheet};
use crate::draw::colour::symmetric;
use crate::draw::{chart, terminal};
use crate::play::{Entry, Setup, Shown};
use striate::classics::Rows;
use striate::classics::hebb::{Oja, Sanger, Settings};
use striate::prelude::*;

pub(crate) const ENTRY: Entry = Entry {
    name: "hebb",
    about: "Oja's and Sanger's rules: the principal components of digits",
    lesson: "What fires together, grows together; Oja's rule keeps the weights at length 1 and so finds the \
             direction in which the digits vary most. Sanger's units each leave to the next what they explain: \
             the principal components, in order. The curve bends where further ones explain little.",
    show,
};

const UNITS: usize = 8;

fn show(setup: Setup) -> Result<Shown> {
    let digits = inked()?;
    let n = digits.len() as f32;
    let mean: Vec<f32> = (0..64).map(|k| digits.rows().iter().map(|x| x[k]).sum::<f32>() / n).collect();
    let centred: Vec<f32> = digits.rows().iter().flat_map(|x| x.iter().zip(&mean).map(|(x, m)| x - m)).collect();
    let rows = Rows::new(&centred, 64)?;
    let settings = Settings { rate: 0.01, decay: 0.3, epochs: setup.passes(40), seed: setup.seed };
    let mut oja = Oja::new(64, setup.seed)?;
    oja.train(rows, &settings)?;
    let mut sanger = Sanger::new(64, UNITS, setup.seed)?;
    sanger.train(rows, &settings)?;

    let total: f64 = centred.iter().map(|v| f64::from(*v).powi(2)).sum();
    let mut variance = [0.0f64; UNITS];
    for x in rows.iter() {
        variance.iter_mut().zip(sanger.outputs(x)?).for_each(|(sum, y)| *sum += f64::from(y).powi(2));
    }
    let parts: Vec<f64> = variance.iter().map(|sum| sum / total).collect();
    let mut sums = vec![0.0];
    parts.iter().for_each(|part| sums.push(sums[sums.len() - 1] + part));
    let agreement: f32 = oja.weights().iter().zip(sanger.weights(0)).map(|(a, b)| a * b).sum::<f32>().abs();

    let all: Vec<f32> = (0..UNITS).flat_map(|unit| sanger.weights(unit).to_vec()).collect();
    let named = parts.iter().enumerate().map(|(unit, part)| format!("{}: {:.1} %", unit + 1, 100.0 * part));
    let first = [(oja.weights(), "Oja".to_string())];
    let pictures = first.into_iter().chain(all.chunks(64).zip(named));
    let title = "Components of the digits: Oja's unit, then Sanger's with their part of the variance";
    Ok(Shown::default()
        .fact("explained_variance", parts.iter().sum::<f64>())
        .fact("first_component", parts[0])
        .fact("agreement_of_first", f64::from(agreement))
        .text("the first four of Sanger's components (blank below 0, dark above)", {
            terminal::strip(all.chunks(64).take(4), 8, symmetric(&all))
        })
        .picture("components.svg", weight_sheet(title, 9, pictures))
        .picture(
            "variance.svg",
            chart::curves(
                "Sanger's units: variance explained by the first components",
                "components",
                "part of the variance",
                &[("sum of parts".to_string(), sums)],
            ),
        ))
}
