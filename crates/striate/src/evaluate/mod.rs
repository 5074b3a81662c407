//! What a trained classifier gets right, what it gets wrong, and whether its probabilities can be believed.
//!
//! [`Answers`] are the probabilities that a model gives to the samples of a data set; all the rest are readings of them:
//! [`Confusion`] (with [`precision, recall and F1`](Scores)), [`Separation`] (ROC and precision-recall curves),
//! [`Calibration`], the [worst samples](Answers::worst).
//!
//! ```
//! use striate::evaluate::{Answers, Calibration, Separation};
//! let classes = ["cat", "dog"].map(String::from).to_vec();
//! // Three samples: a cat, and two dogs of which one is taken for a cat.
//! let answers = Answers::new(classes, vec![0, 1, 1], vec![0.9, 0.1, 0.2, 0.8, 0.6, 0.4])?;
//! let confusion = answers.confusion();
//! assert_eq!((confusion.count(1, 0), confusion.accuracy()), (1, 2.0 / 3.0));
//! assert_eq!(confusion.scores(1).precision, 1.0);
//! assert_eq!(answers.worst(1)[0].sample, 2);
//! assert_eq!(Separation::of(&answers, 0).map(|curves| curves.roc_area), Some(1.0));
//! assert!((Calibration::of(&answers, 15).error - 0.3).abs() < 1e-6);
//! # Ok::<(), striate::tensor::Error>(())
//! ```

mod answers;
mod calibration;
mod confusion;
mod separation;

pub use answers::{Answers, Judged};
pub use calibration::{Bin, Calibration};
pub use confusion::{Confusion, Pair, Scores};
pub use separation::Separation;
