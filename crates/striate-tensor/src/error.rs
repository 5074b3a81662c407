use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::fmt;

/// `std::result::Result` with Striate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whose fault it is; the command line turns it into an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A defect of Striate itself (exit code 1).
    Internal,
    /// A flag or an argument (exit code 2).
    Usage,
    /// A data file, an image, a run folder, the disk (exit code 3).
    Data,
    /// A model: its layers, shapes, weights (exit code 4).
    Model,
    /// Training diverged: a value is no longer finite (exit code 5).
    Diverged,
}

impl Fault {
    /// One word for machines.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Internal => "internal",
            Fault::Usage => "usage",
            Fault::Data => "data",
            Fault::Model => "model",
            Fault::Diverged => "diverged",
        }
    }

    /// The exit code of a program that ends because of it.
    pub fn exit_code(self) -> u8 {
        match self {
            Fault::Internal => 1,
            Fault::Usage => 2,
            Fault::Data => 3,
            Fault::Model => 4,
            Fault::Diverged => 5,
        }
    }
}

/// Where in the user's own text a mistake is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a Rust source, by `#[track_caller]`.
    Source(&'static std::panic::Location<'static>),
    /// A line of a file, counted from 1.
    Line(String, usize),
    /// A file or folder as a whole.
    File(String),
    /// A layer or value by its name.
    Layer(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Source(at) => write!(f, "{}:{}:{}", at.file(), at.line(), at.column()),
            Place::Line(file, line) => write!(f, "{file}:{line}"),
            Place::File(file) => write!(f, "{file}"),
            Place::Layer(name) => write!(f, "layer `{name}`"),
        }
    }
}

/// A mistake, stated as four facts: what was found, what was expected, where, and what to do.
///
/// ```
/// use striate_tensor::{Error, Fault};
/// let e = Error::new(Fault::Model, "conv2d: the kernel does not fit the input")
///     .found("kernel 7 on 4 pixels")
///     .expected("a kernel of at most 4")
///     .hint("use padding = \"same\"");
/// assert_eq!(e.fault(), Fault::Model);
/// assert!(e.to_string().contains("expected: a kernel of at most 4"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Facts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Facts {
    fault: Fault,
    what: String,
    found: Option<String>,
    expected: Option<String>,
    places: Vec<Place>,
    hint: Option<String>,
    also: Vec<Error>,
}

impl Error {
    /// An error of the given kind; `what` is one sentence without a full stop.
    pub fn new(fault: Fault, what: impl Into<String>) -> Self {
        let what = what.into();
        Error(Box::new(Facts { fault, what, found: None, expected: None, places: vec![], hint: None, also: vec![] }))
    }

    /// A mistake in a model.
    pub fn model(what: impl Into<String>) -> Self {
        Self::new(Fault::Model, what)
    }

    /// A mistake in a data file or folder.
    pub fn data(what: impl Into<String>) -> Self {
        Self::new(Fault::Data, what)
    }

    /// A mistake in a flag or argument.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Fault::Usage, what)
    }

    /// A defect of Striate itself.
    pub fn internal(what: impl Into<String>) -> Self {
        Self::new(Fault::Internal, what)
    }

    /// What was found.
    pub fn found(mut self, found: impl fmt::Display) -> Self {
        self.0.found = Some(found.to_string());
        self
    }

    /// What was expected instead.
    pub fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.0.expected = Some(expected.to_string());
        self
    }

    /// Where it is; the innermost place is added first.
    pub fn at(mut self, place: Place) -> Self {
        if !self.0.places.contains(&place) {
            self.0.places.push(place);
        }
        self
    }

    /// What the user can do about it.
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.0.hint = Some(hint.to_string());
        self
    }

    /// One more, independent mistake found in the same reading.
    pub fn also(mut self, other: Error) -> Self {
        self.0.also.push(other);
        self
    }

    /// Several independent mistakes as one error; `None` when there are none.
    pub fn all(errors: impl IntoIterator<Item = Error>) -> Option<Self> {
        let mut errors = errors.into_iter();
        let first = errors.next()?;
        Some(errors.fold(first, Error::also))
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.0.fault
    }

    /// The sentence that says what is wrong.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// Where it is, innermost first.
    pub fn places(&self) -> &[Place] {
        &self.0.places
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = &*self.0;
        f.write_str(&facts.what)?;
        for (label, fact) in [("found", &facts.found), ("expected", &facts.expected)] {
            if let Some(fact) = fact {
                write!(f, "\n  {label}: {fact}")?;
            }
        }
        for place in &facts.places {
            write!(f, "\n  at: {place}")?;
        }
        if let Some(hint) = &facts.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        for other in &facts.also {
            write!(f, "\nand: {other}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// The same facts for machines: `fault`, `what`, `found`, `expected`, `at` (a list), `hint`, `also` (a list of errors).
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Facts { fault, what, found, expected, places, hint, also } = &*self.0;
        let mut facts = serializer.serialize_struct("Error", 7)?;
        facts.serialize_field("fault", fault.name())?;
        facts.serialize_field("what", what)?;
        facts.serialize_field("found", found)?;
        facts.serialize_field("expected", expected)?;
        facts.serialize_field("at", &places.iter().map(Place::to_string).collect::<Vec<_>>())?;
        facts.serialize_field("hint", hint)?;
        facts.serialize_field("also", also)?;
        facts.end()
    }
}
