//! Rows of numbers and their labels: checked once, at the door of each network.

use striate_tensor::{Error, Result};

/// How many rows of `width` numbers these are.
///
/// # Errors
/// `Fault::Data`: no row, a part of a row, or a number that is not finite.
pub(crate) fn count(rows: &[f32], width: usize) -> Result<usize> {
    if rows.is_empty() || !rows.len().is_multiple_of(width) {
        return Err(Error::data("the data are not whole rows")
            .found(format!("{} numbers", rows.len()))
            .expected(format!("a multiple of the row length {width}, at least one row"))
            .hint("give all rows one behind the other, each as long as the network has inputs"));
    }
    match rows.iter().position(|x| !x.is_finite()) {
        Some(at) => Err(Error::data(format!("row {} has a number that is not finite", at / width))
            .found(format!("{} in column {}", rows[at], at % width))
            .expected("finite numbers")
            .hint("leave the row out or fill the gap")),
        None => Ok(rows.len() / width),
    }
}

/// One row of that length.
///
/// # Errors
/// As [`count`].
pub(crate) fn one(row: &[f32], width: usize) -> Result<()> {
    if row.len() != width {
        return Err(Error::data("the row has another length")
            .found(format!("{} numbers", row.len()))
            .expected(format!("{width}, one for each input of the network"))
            .hint("give one row"));
    }
    count(row, width).map(drop)
}

/// One label below `classes` for each of `rows` rows.
///
/// # Errors
/// `Fault::Data`: another number of labels, or one that is too large.
pub(crate) fn labels(labels: &[usize], rows: usize, classes: usize) -> Result<()> {
    if labels.len() != rows {
        return Err(Error::data("the labels do not match the rows")
            .found(format!("{} labels", labels.len()))
            .expected(format!("{rows}, one for each row"))
            .hint("give the labels in the order of the rows"));
    }
    match labels.iter().position(|&label| label >= classes) {
        Some(at) => Err(Error::data(format!("the label of row {at} is too large"))
            .found(labels[at])
            .expected(format!("a label below {classes}"))
            .hint("count classes from 0")),
        None => Ok(()),
    }
}

/// Refuses a size of 0, and one whose double or product with another might overflow.
///
/// # Errors
/// `Fault::Model` with what was found and expected.
pub(crate) fn size(name: &str, size: usize) -> Result<()> {
    setting((1..=i32::MAX as usize).contains(&size), name, size, "from 1 to 2,147,483,647")
}

/// Refuses a setting unless `holds`.
///
/// # Errors
/// `Fault::Model` with what was found and expected.
pub(crate) fn setting(holds: bool, name: &str, found: impl std::fmt::Display, expected: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    let what = format!("the setting `{name}` is out of range");
    Err(Error::model(what).found(found).expected(expected).hint(format!("change `{name}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(count(&[1.0; 6], 3).unwrap(), 2);
        let text = |failure: Result<usize>| failure.unwrap_err().to_string();
        assert!(text(count(&[1.0; 5], 3)).contains("found: 5 numbers"));
        assert!(text(count(&[], 3)).contains("at least one row"));
        assert!(text(count(&[0.0, 1.0, 2.0, f32::NAN], 2)).contains("row 1 has a number that is not finite"));
        assert!(one(&[1.0, 2.0], 3).is_err() && one(&[f32::INFINITY], 1).is_err());
        assert!(labels(&[0, 2], 2, 2).unwrap_err().to_string().contains("row 1"));
        assert!(labels(&[0], 2, 2).is_err());
    }
}
