//! "Did you mean …?"

/// The candidate that a misspelt word most likely stands for.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let scored = candidates.into_iter().map(|c| (strsim::jaro_winkler(&lower, &c.to_lowercase()), c));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn misspelt_words() {
        let kinds = ["conv1d", "conv2d", "dense", "max_pool2d", "mean_pool2d", "relu"];
        for (word, meant) in [("conv2", "conv2d"), ("maxpool2d", "max_pool2d"), ("Relu", "relu"), ("dens", "dense")] {
            assert_eq!(nearest(word, kinds), Some(meant));
        }
        assert_eq!(nearest("attention", kinds), None);
    }
}
