//! Exercises on convolution and pooling, whose answers are computed: layers are built, run and measured, nothing is looked up.
//!
//! ```
//! use striate::exercises::all;
//! let exercises = all()?;
//! let first = &exercises[0];
//! assert!(first.judge("196,609,000")?.right);
//! assert!(!first.judge("196608000")?.right);
//! assert!(first.judge("many").is_err());
//! # Ok::<(), striate::tensor::Error>(())
//! ```

mod article;
mod layers;
mod more;

use serde::Serialize;
use striate_tensor::{Error, Result};

/// A question with its answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exercise {
    /// A word to find it by.
    pub name: &'static str,
    /// What is asked.
    pub question: String,
    /// The answers to choose from; none where a number or numbers are asked.
    pub choices: Vec<Choice>,
    /// What is right.
    pub answer: Answer,
    /// The way to it, step by step.
    pub steps: Vec<String>,
}

/// A statement to judge.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choice {
    /// The statement.
    pub text: String,
    /// Whether it was found to be true.
    pub holds: bool,
    /// By which numbers.
    pub because: String,
}

/// What is right.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A whole number, such as 280.
    Number(i64),
    /// Whole numbers in order: a shape or the elements of an array.
    Numbers(Vec<i64>),
    /// The choice of this letter, `A` the first.
    Letter(char),
}

/// Whether an answer was right.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether it was.
    pub right: bool,
    /// What was understood.
    pub given: Answer,
    /// Of a wrong choice: why its statement is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Answer::Number(number) => write!(f, "{number}"),
            Answer::Numbers(numbers) => f.write_str(&numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")),
            Answer::Letter(letter) => write!(f, "{letter}"),
        }
    }
}

impl Exercise {
    /// What a right answer looks like, in words.
    pub fn expected(&self) -> String {
        match &self.answer {
            Answer::Number(_) => "a whole number, such as 1000 or 1,000".into(),
            Answer::Numbers(numbers) => format!("{} whole numbers, such as 4×10×10 or 4 10 10", numbers.len()),
            Answer::Letter(_) => {
                let last = char::from(b'A' + self.choices.len().saturating_sub(1) as u8);
                format!("a letter from A to {last}")
            }
        }
    }

    /// Reads an answer and says whether it is right.
    ///
    /// # Errors
    /// `Fault::Usage`: it is no answer to this kind of question.
    pub fn judge(&self, text: &str) -> Result<Verdict> {
        let unclear = || {
            Error::usage("this is no answer to the question")
                .found(format!("`{}`", text.trim()))
                .expected(self.expected())
        };
        let given = match &self.answer {
            Answer::Number(_) => {
                let plain: String = text.chars().filter(|c| !(c.is_whitespace() || ",_'".contains(*c))).collect();
                Answer::Number(plain.parse().map_err(|_| unclear())?)
            }
            Answer::Numbers(numbers) => {
                let words = text.split(|c: char| !(c.is_ascii_digit() || c == '-')).filter(|word| !word.is_empty());
                let given: Vec<i64> =
                    words.map(str::parse).collect::<std::result::Result<_, _>>().map_err(|_| unclear())?;
                if given.len() != numbers.len() {
                    return Err(unclear());
                }
                Answer::Numbers(given)
            }
            Answer::Letter(_) => {
                let mut letters = text.trim().trim_end_matches(['.', ')']).chars();
                let letter = letters.next().map(|c| c.to_ascii_uppercase()).ok_or_else(unclear)?;
                let at = u32::from(letter).wrapping_sub(u32::from('A')) as usize;
                if letters.next().is_some() || at >= self.choices.len() {
                    return Err(unclear());
                }
                Answer::Letter(letter)
            }
        };
        let right = given == self.answer;
        let because = match given {
            Answer::Letter(letter) if !right => {
                self.choices.get(usize::from(letter as u8 - b'A')).map(|choice| choice.because.clone())
            }
            _ => None,
        };
        Ok(Verdict { right, given, because })
    }
}

/// All exercises: the five of the article, and more.
///
/// # Errors
/// A layer could not be built or run: a defect of Striate itself.
pub fn all() -> Result<Vec<Exercise>> {
    let makers = article::EXERCISES.iter().chain(more::EXERCISES);
    makers.map(|make| make()).collect()
}

/// The letter of the only statement that does not hold.
fn only_false(choices: &[Choice]) -> Result<Answer> {
    let wrong: Vec<usize> = (0..choices.len()).filter(|&i| !choices[i].holds).collect();
    match wrong[..] {
        [at] => Ok(Answer::Letter(char::from(b'A' + at as u8))),
        _ => Err(Error::internal("an exercise has not one wrong statement").found(format!("{}", wrong.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Exercise {
        all().unwrap().into_iter().find(|exercise| exercise.name == name).unwrap()
    }

    #[test]
    fn the_computed_answers_are_those_of_the_article() {
        let answers: Vec<String> = all().unwrap().iter().map(|exercise| exercise.answer.to_string()).collect();
        assert_eq!(answers[..5], ["196609000", "280", "4 102 102", "B", "A"]);
        assert_eq!(answers[5..], ["19 25 37 43", "4 34 50", "8", "1516", "5 6 7 7 13 14 15 15"]);
    }

    #[test]
    fn answers_are_read_as_people_write_them() {
        let shape = named("shape-with-padding");
        for text in ["4×102×102", "4 102 102", "(4, 102, 102)\n", "4x102x102"] {
            assert!(shape.judge(text).unwrap().right, "{text}");
        }
        assert!(shape.judge("102 102").unwrap_err().to_string().contains("3 whole numbers"));
        let pooling = named("pooling");
        assert!(pooling.judge(" a) ").unwrap().right);
        let wrong = pooling.judge("B").unwrap();
        assert!(!wrong.right && wrong.because.unwrap().contains("0 parameters"));
        for text in ["E", "AB", "", "1"] {
            assert!(pooling.judge(text).is_err(), "{text}");
        }
    }

    #[test]
    fn each_tells_the_way_and_has_a_name_of_its_own() {
        let all = all().unwrap();
        let mut names: Vec<_> = all.iter().map(|exercise| exercise.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len());
        assert!(all.iter().all(|exercise| !exercise.steps.is_empty() || exercise.choices.len() > 1));
    }
}
