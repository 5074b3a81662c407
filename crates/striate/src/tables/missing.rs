//! Values that are not there, and categories that were never seen: what happens to them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use striate_tensor::{Error, Result};

/// What happens to a missing value, or to a category that no training row has. What it needs is learned from the training
/// part and saved with the model.
///
/// | policy | a number | a category |
/// |---|---|---|
/// | `error` | refused | refused |
/// | `drop` | the row is left out | the row is left out |
/// | `mean` | the training part's mean | the training part's most frequent category |
/// | `category` | the mean, and one more input that says 1 where it is missing (if the training part has such rows) | one more input, for all that is missing or unknown |
///
/// ```
/// use striate::tables::Missing;
/// assert_eq!("mean".parse::<Missing>()?, Missing::Mean);
/// # Ok::<(), striate::prelude::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Refused, with line and column.
    #[default]
    Error,
    /// The row is left out: of learning, of measuring, of answering.
    Drop,
    /// The mean, or the most frequent category.
    Mean,
    /// A category of its own.
    Category,
}

const NAMES: [(&str, Missing); 4] =
    [("error", Missing::Error), ("drop", Missing::Drop), ("mean", Missing::Mean), ("category", Missing::Category)];

impl FromStr for Missing {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let names = || NAMES.iter().map(|(name, _)| *name);
        NAMES.iter().find(|(name, _)| *name == text).map(|(_, policy)| *policy).ok_or_else(|| {
            let error = Error::usage("there is no such policy for missing values").found(format!("`{text}`"));
            let error = error.expected(names().collect::<Vec<_>>().join(", "));
            match crate::suggest::nearest(text, names()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(_, policy)| policy == self).map_or("", |(name, _)| name))
    }
}

/// Whether a field says that its value is missing: it is empty, `?`, `NA`, `N/A`, `NaN` or `null`, in any case.
///
/// ```
/// assert!(["", "?", "na", "NULL"].into_iter().all(striate::tables::is_missing));
/// assert!(!striate::tables::is_missing("0"));
/// ```
pub fn is_missing(field: &str) -> bool {
    field.is_empty() || ["?", "na", "n/a", "nan", "null"].iter().any(|word| field.eq_ignore_ascii_case(word))
}
