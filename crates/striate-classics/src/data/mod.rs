//! Four small data sets for first steps and for tests, inside the library.
//!
//! | | samples | numbers | classes | source |
//! |---|---|---|---|---|
//! | [`iris`] | 150 | 4 | 3 | R. A. Fisher (1936), DOI 10.24432/C56C76 |
//! | [`wine`] | 178 | 13 | 3 | S. Aeberhard, M. Forina (1991), DOI 10.24432/C5PC7J |
//! | [`breast_cancer`] | 569 | 30 | 2 | W. Wolberg, O. Mangasarian, N. Street, W. Street (1995), DOI 10.24432/C5DW2B |
//! | [`digits`] | 1,797 | 8×8 | 10 | E. Alpaydin, C. Kaynak (1998), test part, DOI 10.24432/C50P49 |
//!
//! All are of the UCI Machine Learning Repository under CC BY 4.0, in the form in which scikit-learn carries them (its
//! iris has the two values of Fisher's paper that UCI's file has wrong).
//!
//! What to watch: the columns of wine and breast cancer differ in scale by a factor of thousands: put a
//! [`Standardizer`] before any network that adds them up. It must be fitted to the training part alone.
//!
//! ```
//! use striate_classics::data;
//! let digits = data::digits();
//! assert_eq!((digits.len(), digits.width(), digits.classes().len()), (1797, 64, 10));
//! let (train, test) = digits.split(0.25, 7);
//! assert_eq!((train.len(), test.len()), (1348, 449));
//! ```

mod room;
mod samples;
mod standardizer;

pub use room::{breast_cancer, digits, iris, wine};
pub use samples::Samples;
pub use standardizer::Standardizer;
