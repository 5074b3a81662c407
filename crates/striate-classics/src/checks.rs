//! What users can get wrong, said once: sizes, settings, labels.

use crate::Rows;
use striate_tensor::{Error, Fault, Result};

/// `x` is one row of `width` finite numbers.
pub(crate) fn row(x: &[f32], width: usize) -> Result<()> {
    length("row", x, width, "as many as the network has inputs")
}

/// `y` is one row of as many finite numbers as the network has outputs.
pub(crate) fn targets(y: &[f32], outputs: usize) -> Result<()> {
    length("row of targets", y, outputs, "as many as the network has outputs")
}

fn length(what: &str, x: &[f32], length: usize, why: &str) -> Result<()> {
    if x.len() != length {
        return Err(Error::data(format!("the {what} has the wrong length"))
            .found(format!("{} numbers", x.len()))
            .expected(format!("{length}, {why}")));
    }
    finite(x)
}

/// All rows are as wide as the network.
pub(crate) fn width(rows: Rows<'_>, width: usize) -> Result<()> {
    if rows.width() == width {
        return Ok(());
    }
    Err(Error::data("the rows have the wrong width")
        .found(format!("{} numbers a row", rows.width()))
        .expected(format!("{width}, as many as the network has inputs")))
}

/// No number is infinite or not a number.
pub(crate) fn finite(values: &[f32]) -> Result<()> {
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(at) => Err(Error::data("a number is not finite")
            .found(format!("{} at place {at}", values[at]))
            .expected("finite numbers")
            .hint("replace or leave out missing values first")),
    }
}

/// One label for each row, each below `classes`.
pub(crate) fn labels(labels: &[usize], rows: usize, classes: usize) -> Result<()> {
    if labels.len() != rows {
        return Err(Error::data("the numbers of labels and rows differ")
            .found(format!("{} labels", labels.len()))
            .expected(format!("{rows}, one for each row")));
    }
    labels.iter().try_for_each(|&y| label(y, classes))
}

/// A label below `classes`.
pub(crate) fn label(y: usize, classes: usize) -> Result<()> {
    if y < classes {
        return Ok(());
    }
    Err(Error::data("a label has no class")
        .found(format!("label {y}"))
        .expected(format!("0 to {}, for {classes} classes", classes.saturating_sub(1))))
}

/// A setting that must be finite and above 0.
pub(crate) fn positive(name: &str, value: f32) -> Result<()> {
    within(name, value, f32::MIN_POSITIVE, f32::MAX)
}

/// A setting that must lie in `low..=high`.
pub(crate) fn within(name: &str, value: f32, low: f32, high: f32) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let expected = match (low, high) {
        (f32::MIN_POSITIVE, f32::MAX) => "a finite number above 0".to_string(),
        (low, f32::MAX) => format!("a finite number of at least {low}"),
        _ => format!("{low} to {high}"),
    };
    Err(Error::usage(format!("the setting `{name}` is out of range")).found(value).expected(expected))
}

/// A setting that counts something and must be at least `least`.
pub(crate) fn at_least(name: &str, value: usize, least: usize) -> Result<()> {
    if value >= least {
        return Ok(());
    }
    Err(Error::usage(format!("the setting `{name}` is too small")).found(value).expected(format!("at least {least}")))
}

/// The sizes multiply to a number of weights that fits the memory of an ordinary machine.
pub(crate) fn product(sizes: &[usize]) -> Result<usize> {
    let product = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    product.filter(|&product| product <= MOST_WEIGHTS).ok_or_else(|| {
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        Error::usage("the network is too large")
            .found(format!("{} weights", sizes.join(" × ")))
            .expected(format!("at most {MOST_WEIGHTS}"))
    })
}

const MOST_WEIGHTS: usize = 1 << 28;

/// The weights are still numbers after training at this rate.
pub(crate) fn bounded(weights: &[f32], rate: f32, expected: &str) -> Result<()> {
    if weights.iter().all(|w| w.is_finite()) {
        return Ok(());
    }
    Err(Error::new(Fault::Diverged, "the weights have grown beyond all numbers")
        .found(format!("a rate of {rate}"))
        .expected(expected)
        .hint("lower `rate`, or standardize the columns"))
}
