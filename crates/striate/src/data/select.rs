//! Smaller data sets out of larger ones. Every choice keeps the order of the samples.

use super::Dataset;
use striate_tensor::{Error, Result, Rng};

impl Dataset {
    /// The first `count` samples, or all if there are fewer.
    ///
    /// ```
    /// assert_eq!(striate::data::Digits::test().take(10).labels(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    /// ```
    pub fn take(&self, count: usize) -> Dataset {
        self.subset(&(0..count.min(self.len())).collect::<Vec<_>>())
    }

    /// The first samples of each class, `count` in all (or all if there are fewer): as many of each class as of any
    /// other, while they last.
    ///
    /// ```
    /// let hundred = striate::data::Digits::test().take_balanced(100);
    /// assert_eq!(hundred.class_counts(), [10; 10]);
    /// ```
    pub fn take_balanced(&self, count: usize) -> Dataset {
        let by_class = self.by_class();
        // First round: the first sample of each class; second round: the second …
        let rounds = by_class.iter().map(Vec::len).max().unwrap_or(0);
        let in_turn = (0..rounds).flat_map(|round| by_class.iter().filter_map(move |class| class.get(round).copied()));
        let mut chosen: Vec<usize> = in_turn.take(count).collect();
        chosen.sort_unstable();
        self.subset(&chosen)
    }

    /// Sets `count` samples aside for validation: (the others, those). They are drawn by `seed`, from each class in
    /// proportion to its size.
    ///
    /// # Errors
    /// `Fault::Usage`: `count` leaves nothing to train on.
    ///
    /// ```
    /// let (train, validation) = striate::data::Digits::test().split_validation(500, 1)?;
    /// assert_eq!((train.len(), validation.len()), (1500, 500));
    /// assert_eq!(validation.class_counts(), [50; 10]);
    /// # Ok::<(), striate_tensor::Error>(())
    /// ```
    pub fn split_validation(&self, count: usize, seed: u64) -> Result<(Dataset, Dataset)> {
        if count >= self.len() {
            return Err(Error::usage("the validation part leaves nothing to train on")
                .found(format!("{count} of {} samples for validation", self.len()))
                .expected(format!("fewer than {}", self.len())));
        }
        let aside = set_aside(self.by_class(), self.len(), count, seed);
        let part = |side| self.subset(&(0..self.len()).filter(|&sample| aside[sample] == side).collect::<Vec<_>>());
        Ok((part(false), part(true)))
    }

    /// The numbers of the samples of each class.
    fn by_class(&self) -> Vec<Vec<usize>> {
        let mut by_class = vec![vec![]; self.classes().len().max(1)];
        for (sample, &label) in self.labels().iter().enumerate() {
            by_class[label as usize].push(sample);
        }
        by_class
    }
}

/// Which of `len` samples are set aside: `count` in all, drawn by `seed` from each class in proportion to its size.
pub(crate) fn set_aside(by_class: Vec<Vec<usize>>, len: usize, count: usize, seed: u64) -> Vec<bool> {
    let mut aside = vec![false; len];
    let quotas = quotas(&by_class.iter().map(Vec::len).collect::<Vec<_>>(), count);
    for (class, (mut samples, quota)) in by_class.into_iter().zip(quotas).enumerate() {
        Rng::new(seed).stream("validation").substream(class as u64).shuffle(&mut samples);
        samples[..quota].iter().for_each(|&sample| aside[sample] = true);
    }
    aside
}

/// `total` shared out in proportion to the sizes: rounded down, then one more for the largest remainders.
fn quotas(sizes: &[usize], total: usize) -> Vec<usize> {
    let all: usize = sizes.iter().sum();
    let exact = |size: usize| size as u128 * total as u128;
    let mut quotas: Vec<usize> = sizes.iter().map(|&size| (exact(size) / all as u128) as usize).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&class| std::cmp::Reverse(exact(sizes[class]) % all as u128));
    let missing = total - quotas.iter().sum::<usize>();
    order.iter().take(missing).for_each(|&class| quotas[class] += 1);
    quotas
}

#[cfg(test)]
mod tests {
    use super::quotas;

    #[test]
    fn quotas_add_up_and_never_exceed() {
        assert_eq!(quotas(&[10, 10, 10], 3), [1, 1, 1]);
        assert_eq!(quotas(&[10, 10, 10], 4), [2, 1, 1]);
        assert_eq!(quotas(&[1, 0, 98], 50), [1, 0, 49]);
        for total in 0..17 {
            let quotas = quotas(&[1, 5, 0, 7, 3], total);
            assert_eq!(quotas.iter().sum::<usize>(), total);
            assert!(quotas.iter().zip([1, 5, 0, 7, 3]).all(|(&quota, size)| quota <= size));
        }
    }
}
