//! What users can get wrong, said once: sizes, settings, labels.

use crate::Rows;
use std::fmt::Display;
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
            .expected(format!("{length}, {why}"))
            .hint("give one row"));
    }
    finite(x)
}

/// How many rows of `width` numbers these are: at least one, all whole, all finite.
pub(crate) fn count(rows: &[f32], width: usize) -> Result<usize> {
    if width == 0 || rows.is_empty() || !rows.len().is_multiple_of(width) {
        return Err(Error::data("the numbers do not make whole rows")
            .found(format!("{} numbers for a width of {width}", rows.len()))
            .expected("one row or more, each of at least one number")
            .hint("give all rows one behind the other, each as long as the network has inputs"));
    }
    match rows.iter().position(|x| !x.is_finite()) {
        Some(at) => Err(Error::data(format!("row {} has a number that is not finite", at / width))
            .found(format!("{} in column {}", rows[at], at % width))
            .expected("finite numbers")
            .hint(NOT_FINITE)),
        None => Ok(rows.len() / width),
    }
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

const NOT_FINITE: &str = "replace missing values, or leave their rows out";

/// No number is infinite or not a number.
pub(crate) fn finite(values: &[f32]) -> Result<()> {
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(at) => Err(Error::data("a number is not finite")
            .found(format!("{} at place {at}", values[at]))
            .expected("finite numbers")
            .hint(NOT_FINITE)),
    }
}

/// One label for each row, each below `classes`.
pub(crate) fn labels(labels: &[usize], rows: usize, classes: usize) -> Result<()> {
    if labels.len() != rows {
        return Err(Error::data("the numbers of labels and rows differ")
            .found(format!("{} labels", labels.len()))
            .expected(format!("{rows}, one for each row"))
            .hint("give the labels in the order of the rows"));
    }
    match labels.iter().position(|&y| y >= classes) {
        Some(row) => Err(no_class(&format!("the label of row {row}"), labels[row], classes)),
        None => Ok(()),
    }
}

/// A label below `classes`.
pub(crate) fn label(y: usize, classes: usize) -> Result<()> {
    if y < classes {
        return Ok(());
    }
    Err(no_class("a label", y, classes))
}

fn no_class(which: &str, y: usize, classes: usize) -> Error {
    Error::data(format!("{which} has no class"))
        .found(format!("label {y}"))
        .expected(format!("0 to {}, for {classes} classes", classes.saturating_sub(1)))
        .hint("count classes from 0")
}

/// A setting that must be finite and above 0.
pub(crate) fn positive(name: &str, value: f32) -> Result<()> {
    within(name, value, f32::MIN_POSITIVE, f32::MAX)
}

/// A setting that must lie in `low..=high`.
pub(crate) fn within(name: &str, value: f32, low: f32, high: f32) -> Result<()> {
    let expected = match (low, high) {
        (f32::MIN_POSITIVE, f32::MAX) => "a finite number above 0".to_string(),
        (low, f32::MAX) => format!("a finite number of at least {low}"),
        _ => format!("{low} to {high}"),
    };
    setting((low..=high).contains(&value), name, value, &expected)
}

/// A setting that counts something and must be at least `least`.
pub(crate) fn at_least(name: &str, value: usize, least: usize) -> Result<()> {
    setting(value >= least, name, value, &format!("at least {least}"))
}

/// A size of at least 1, whose double or sum with another cannot overflow.
pub(crate) fn size(name: &str, size: usize) -> Result<()> {
    setting((1..=i32::MAX as usize).contains(&size), name, size, "from 1 to 2,147,483,647")
}

/// A setting of which `holds` is true.
pub(crate) fn setting(holds: bool, name: &str, found: impl Display, expected: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    let what = format!("the setting `{name}` is out of range");
    Err(Error::model(what).found(found).expected(expected).hint(format!("change `{name}`")))
}

/// The sizes multiply to a number of weights that fits the memory of an ordinary machine.
pub(crate) fn product(sizes: &[usize]) -> Result<usize> {
    let product = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    product.filter(|&product| product <= MOST_WEIGHTS).ok_or_else(|| {
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        Error::model("the network is too large")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(count(&[1.0; 6], 3).unwrap(), 2);
        let text = |failure: Result<usize>| failure.unwrap_err().to_string();
        assert!(text(count(&[1.0; 5], 3)).contains("found: 5 numbers"));
        assert!(text(count(&[], 3)).contains("one row or more"));
        assert!(text(count(&[0.0, 1.0, 2.0, f32::NAN], 2)).contains("row 1 has a number that is not finite"));
        assert!(row(&[1.0, 2.0], 3).is_err() && row(&[f32::INFINITY], 1).is_err());
        let failure = labels(&[0, 2], 2, 2).unwrap_err().to_string();
        assert!(failure.contains("row 1") && failure.contains("0 to 1"), "{failure}");
        assert!(labels(&[0], 2, 2).is_err());
        assert!(product(&[1 << 20, 1 << 20]).is_err() && product(&[usize::MAX, 2]).is_err());
        assert!(setting(false, "rate", 2.0, "below 1").unwrap_err().to_string().contains("hint: change `rate`"));
    }
}
