//! Parts of the rows that learn and parts that judge, each class in proportion, drawn by a seed.

use striate_tensor::{Error, Result, Rng};

/// The places of the labels that learn, and of those that are held out: the share `share` of them, rounded, at least one.
/// Each class gives in proportion to its size.
///
/// # Errors
/// `Fault::Usage`: the share is not between 0 and 1, or leaves nothing to learn from.
///
/// ```
/// let (learn, held_out) = striate::tables::hold_out(&[0, 0, 0, 0, 1, 1, 1, 1], 2, 0.25, 1)?;
/// assert_eq!((learn.len(), held_out.len()), (6, 2));
/// assert!(held_out[0] < 4 && held_out[1] >= 4);
/// # Ok::<(), striate::prelude::Error>(())
/// ```
pub fn hold_out(labels: &[usize], classes: usize, share: f64, seed: u64) -> Result<(Vec<usize>, Vec<usize>)> {
    let count = (share * labels.len() as f64).round().max(1.0) as usize;
    if !(share > 0.0 && share < 1.0) || count >= labels.len() {
        return Err(Error::usage("the held-out part makes no sense")
            .found(format!("the part {share} of {} rows", labels.len()))
            .expected("a part above 0 and below 1, such as 0.2, that leaves rows to learn from"));
    }
    let aside = crate::data::set_aside(by_class(labels, classes), labels.len(), count, seed);
    let part = |side| (0..labels.len()).filter(|&place| aside[place] == side).collect();
    Ok((part(false), part(true)))
}

/// The places of the labels in `k` folds; each class is dealt out evenly.
///
/// # Errors
/// `Fault::Usage`: fewer than two folds, or more than there are labels.
///
/// ```
/// let folds = striate::tables::folds(&[0, 0, 0, 1, 1, 1], 2, 3, 1)?;
/// assert!(folds.iter().all(|fold| fold.len() == 2 && fold[0] < 3 && fold[1] >= 3));
/// # Ok::<(), striate::prelude::Error>(())
/// ```
pub fn folds(labels: &[usize], classes: usize, k: usize, seed: u64) -> Result<Vec<Vec<usize>>> {
    if k < 2 || k > labels.len() {
        return Err(Error::usage("the number of folds makes no sense")
            .found(k)
            .expected(format!("at least 2, and at most {}, the number of rows", labels.len())));
    }
    let mut folds = vec![vec![]; k];
    let mut next = 0;
    for (class, mut places) in by_class(labels, classes).into_iter().enumerate() {
        Rng::new(seed).stream("folds").substream(class as u64).shuffle(&mut places);
        // Goes on where the class before it ended, so that the folds are of one size.
        for place in places {
            folds[next % k].push(place);
            next += 1;
        }
    }
    folds.iter_mut().for_each(|fold| fold.sort_unstable());
    Ok(folds)
}

fn by_class(labels: &[usize], classes: usize) -> Vec<Vec<usize>> {
    let mut by_class = vec![vec![]; classes.max(1)];
    labels.iter().enumerate().for_each(|(place, &label)| by_class[label].push(place));
    by_class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_share_out_everything_once() {
        let labels: Vec<usize> = (0..103).map(|i| usize::from(i % 10 == 0)).collect();
        let folds = folds(&labels, 2, 5, 3).unwrap();
        let mut all: Vec<usize> = folds.iter().flatten().copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..103).collect::<Vec<_>>());
        for fold in &folds {
            let rare = fold.iter().filter(|&&place| labels[place] == 1).count();
            assert!((20..=21).contains(&fold.len()) && (2..=3).contains(&rare), "{} {rare}", fold.len());
        }
        assert!(super::folds(&labels, 2, 1, 3).is_err() && super::folds(&labels, 2, 104, 3).is_err());
    }

    #[test]
    fn a_held_out_part_is_drawn_by_the_seed() {
        let labels: Vec<usize> = (0..60).map(|i| i % 3).collect();
        let (learn, held_out) = hold_out(&labels, 3, 0.2, 5).unwrap();
        assert_eq!((learn.len(), held_out.len()), (48, 12));
        assert_eq!(hold_out(&labels, 3, 0.2, 5).unwrap().1, held_out);
        assert_ne!(hold_out(&labels, 3, 0.2, 6).unwrap().1, held_out);
        for share in [0.0, 1.0, -1.0, f64::NAN] {
            assert!(hold_out(&labels, 3, share, 1).is_err());
        }
    }
}
