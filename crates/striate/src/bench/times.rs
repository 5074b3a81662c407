use std::time::Duration;

/// Durations of equal pieces of work, shortest first.
#[derive(Clone, Debug)]
pub struct Times(Vec<Duration>);

impl Times {
    /// These durations, in any order.
    pub fn new(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Times(durations)
    }

    /// The middle one, or the mean of the middle two; 0 where there is none.
    pub fn median(&self) -> Duration {
        let Times(sorted) = self;
        match sorted.len() {
            0 => Duration::ZERO,
            n if n % 2 == 0 => (sorted[n / 2 - 1] + sorted[n / 2]) / 2,
            n => sorted[n / 2],
        }
    }

    /// The shortest; 0 where there is none.
    pub fn least(&self) -> Duration {
        self.0.first().copied().unwrap_or_default()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_shortest() {
        let of = |ms: &[u64]| {
            let times = Times::new(ms.iter().map(|&ms| Duration::from_millis(ms)).collect());
            (times.median().as_micros(), times.least().as_micros(), times.count())
        };
        assert_eq!(of(&[]), (0, 0, 0));
        assert_eq!(of(&[7]), (7_000, 7_000, 1));
        assert_eq!(of(&[9, 1, 5]), (5_000, 1_000, 3));
        assert_eq!(of(&[9, 2, 5, 1]), (3_500, 1_000, 4));
    }
}
