use crate::{Op, Type, Value};
use striate_tensor::{Array, DType, Number, Rng, Shape};

/// A small problem: an operation with inputs, by a short text that a failing test prints.
#[derive(Clone, Debug)]
pub struct Case {
    /// The text: the operation's name and its inputs.
    pub text: String,
    /// The operation with its attributes.
    pub op: Op,
    /// Its inputs.
    pub inputs: Vec<CaseInput>,
}

/// An input of a [`Case`]: a shape and what to fill it with.
///
/// Written `2x3` (normal numbers), `+2x3` (positive numbers), `2x3<10` (indices below 10) or
/// `2x3<10u8` (small indices); a scalar is `.`.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseInput {
    /// Type without `N`.
    pub ty: Type,
    fill: Fill,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fill {
    Normal,
    Positive,
    Below(usize),
}

impl Case {
    /// A case of `op` with inputs written as text, separated by spaces.
    ///
    /// # Panics
    /// When the text cannot be read: cases are source code.
    #[track_caller]
    pub fn new(op: impl Into<Op>, inputs: &str) -> Self {
        let op = op.into();
        let text = format!("{} {inputs}", op.name());
        let inputs = inputs.split_whitespace().map(CaseInput::parse).collect();
        Case { text, op, inputs }
    }

    /// The same case under another text.
    pub fn named(mut self, text: &str) -> Self {
        self.text = format!("{} {text}", self.op.name());
        self
    }

    /// The types of the inputs.
    pub fn types(&self) -> Vec<Type> {
        self.inputs.iter().map(|i| i.ty.clone()).collect()
    }

    /// Numbers for the inputs, the same for every call with the same seed.
    pub fn values<T: Number>(&self, seed: u64) -> Vec<Value<T>> {
        self.inputs.iter().enumerate().map(|(i, input)| input.value(Rng::new(seed).substream(i as u64))).collect()
    }
}

impl CaseInput {
    #[track_caller]
    fn parse(text: &str) -> Self {
        let (sizes, fill, dtype) = match text.split_once('<') {
            Some((sizes, bound)) => match bound.strip_suffix("u8") {
                Some(bound) => (sizes, Fill::Below(number(bound)), DType::U8),
                None => (sizes, Fill::Below(number(bound)), DType::I32),
            },
            None => match text.strip_prefix('+') {
                Some(sizes) => (sizes, Fill::Positive, DType::F32),
                None => (text, Fill::Normal, DType::F32),
            },
        };
        let dims: Vec<usize> = if sizes == "." { vec![] } else { sizes.split('x').map(number).collect() };
        CaseInput { ty: Type::new(dtype, dims), fill }
    }

    /// Whether the numbers may be moved by a little: positive or normal reals.
    pub fn is_real(&self) -> bool {
        self.ty.dtype == DType::F32
    }

    /// Small integers instead of real numbers, so that every order of summing gives the same bits.
    pub fn integers(&self, rng: Rng) -> Array<f32> {
        let low = if self.fill == Fill::Positive { 1 } else { -4 };
        Array::from_fn(self.ty.shape(), |i| (rng.below(i as u64, 8) as i32 + low) as f32)
    }

    fn value<T: Number>(&self, rng: Rng) -> Value<T> {
        let shape: Shape = self.ty.shape();
        match self.fill {
            Fill::Normal => Value::Real(Array::from_fn(shape, |i| T::from_f64(rng.normal(i as u64).into()))),
            Fill::Positive => {
                Value::Real(Array::from_fn(shape, |i| T::from_f64(0.25 + 1.5 * f64::from(rng.uniform(i as u64)))))
            }
            Fill::Below(bound) => Value::Index(Array::from_fn(shape, |i| rng.below(i as u64, bound) as i32)),
        }
    }
}

#[track_caller]
fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| panic!("a case has the number `{text}`"))
}
