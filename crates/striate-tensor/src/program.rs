use crate::Number;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::{Hash, Hasher};

/// Names a value inside a [`Program`]: first the inputs, then one for each instruction.
pub type Register = usize;

/// A constant, compared by its bits.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Literal(pub f64);

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}
impl Eq for Literal {}
impl Hash for Literal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// Functions of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unary {
    /// −x
    Neg,
    /// |x|
    Abs,
    /// eˣ
    Exp,
    /// Natural logarithm.
    Ln,
    /// √x
    Sqrt,
    /// Hyperbolic tangent.
    Tanh,
    /// 1 / (1 + e⁻ˣ)
    Logistic,
    /// The error function.
    Erf,
    /// ln(1 + eˣ)
    Softplus,
    /// x where x > 0, NaN where x is NaN, else 0.
    Relu,
    /// 1 where x > 0, else 0.
    Step,
    /// 1, 0 or −1.
    Sign,
}

/// Functions of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binary {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// a / b
    Div,
    /// b where b > a, else a (so a NaN in `a` stays).
    Max,
    /// b where b < a, else a (so a NaN in `a` stays).
    Min,
    /// aᵇ
    Pow,
}

/// One step of a [`Program`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instruction {
    /// A constant.
    Const(Literal),
    /// A function of one register.
    Unary(Unary, Register),
    /// A function of two registers.
    Binary(Binary, Register, Register),
    /// The second register where the first is > 0, else the third.
    Select(Register, Register, Register),
}

impl Instruction {
    /// The registers that it reads.
    pub fn reads(&self) -> impl Iterator<Item = Register> {
        let (a, b, c) = match *self {
            Instruction::Const(_) => (None, None, None),
            Instruction::Unary(_, a) => (Some(a), None, None),
            Instruction::Binary(_, a, b) => (Some(a), Some(b), None),
            Instruction::Select(a, b, c) => (Some(a), Some(b), Some(c)),
        };
        [a, b, c].into_iter().flatten()
    }

    /// The same instruction reading other registers.
    pub fn renamed(&self, name: impl Fn(Register) -> Register) -> Self {
        match *self {
            Instruction::Const(c) => Instruction::Const(c),
            Instruction::Unary(f, a) => Instruction::Unary(f, name(a)),
            Instruction::Binary(f, a, b) => Instruction::Binary(f, name(a), name(b)),
            Instruction::Select(a, b, c) => Instruction::Select(name(a), name(b), name(c)),
        }
    }

    fn evaluate<T: Number>(&self, registers: &[T]) -> T {
        match *self {
            Instruction::Const(c) => T::from_f64(c.0),
            Instruction::Unary(f, a) => f.evaluate(registers[a]),
            Instruction::Binary(f, a, b) => f.evaluate(registers[a], registers[b]),
            Instruction::Select(c, a, b) => {
                if registers[c] > T::zero() {
                    registers[a]
                } else {
                    registers[b]
                }
            }
        }
    }
}

impl Unary {
    /// The function's value.
    pub fn evaluate<T: Number>(self, x: T) -> T {
        match self {
            Unary::Neg => -x,
            Unary::Abs => x.abs(),
            Unary::Exp => x.exp(),
            Unary::Ln => x.ln(),
            Unary::Sqrt => x.sqrt(),
            Unary::Tanh => x.tanh(),
            Unary::Logistic => x.logistic(),
            Unary::Erf => x.erf(),
            Unary::Softplus => x.softplus(),
            Unary::Relu if x <= T::zero() => T::zero(),
            Unary::Relu => x,
            Unary::Step if x > T::zero() => T::one(),
            Unary::Step => T::zero(),
            Unary::Sign if x > T::zero() => T::one(),
            Unary::Sign if x < T::zero() => -T::one(),
            Unary::Sign => T::zero(),
        }
    }
}

impl Binary {
    /// The function's value.
    pub fn evaluate<T: Number>(self, a: T, b: T) -> T {
        match self {
            Binary::Add => a + b,
            Binary::Sub => a - b,
            Binary::Mul => a * b,
            Binary::Div => a / b,
            Binary::Max if b > a => b,
            Binary::Min if b < a => b,
            Binary::Max | Binary::Min => a,
            Binary::Pow => a.pow(b),
        }
    }
}

/// Elementwise arithmetic as a straight line of instructions: the attribute of a map, the epilogue of a convolution.
///
/// ```
/// use striate_tensor::{Binary, Program};
/// let relu_of_sum = Program::build(2, |p| {
///     let sum = p.binary(Binary::Add, 0, 1);
///     let zero = p.constant(0.0);
///     vec![p.binary(Binary::Max, sum, zero)]
/// });
/// assert_eq!(relu_of_sum.evaluate(&[1.0, -3.0]), [0.0]);
/// assert_eq!(relu_of_sum.to_string(), "max(x0 + x1, 0)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Program {
    inputs: usize,
    instructions: Vec<Instruction>,
    outputs: Vec<Register>,
}

impl Program {
    /// A program of so many inputs; `body` writes its instructions and returns the output registers.
    /// Equal instructions are kept once, and instructions that no output needs are dropped.
    pub fn build(inputs: usize, body: impl FnOnce(&mut ProgramBuilder) -> Vec<Register>) -> Self {
        let mut builder = ProgramBuilder { inputs, instructions: Vec::new() };
        let outputs = body(&mut builder);
        Program { inputs, instructions: builder.instructions, outputs }.without_dead()
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The instructions; number `i` writes register `inputs() + i`.
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// The registers that hold the outputs.
    pub fn outputs(&self) -> &[Register] {
        &self.outputs
    }

    /// The outputs for one element of each input.
    pub fn evaluate<T: Number>(&self, inputs: &[T]) -> Vec<T> {
        debug_assert_eq!(inputs.len(), self.inputs);
        let mut registers = inputs.to_vec();
        for instruction in &self.instructions {
            let value = instruction.evaluate(&registers);
            registers.push(value);
        }
        self.outputs.iter().map(|&r| registers[r]).collect()
    }

    /// The same instructions with other registers as outputs.
    pub fn returning(&self, outputs: Vec<Register>) -> Self {
        Program { outputs, ..self.clone() }.without_dead()
    }

    /// The same program of `inputs` inputs, where input `i` is read from input `names[i]`.
    pub fn reading(&self, inputs: usize, names: &[usize]) -> Self {
        Program::build(inputs, |p| p.call(self, names))
    }

    /// The program of these outputs alone.
    pub fn with_outputs(&self, kept: &[usize]) -> Self {
        self.returning(kept.iter().map(|&k| self.outputs[k]).collect())
    }

    /// The program without the inputs that it never reads, and which inputs are left, in order.
    pub fn without_unread_inputs(&self) -> (Self, Vec<usize>) {
        let read: Vec<usize> = (0..self.inputs).filter(|&i| self.reads_input(i)).collect();
        let dropped = self.inputs - read.len();
        let name = |r: Register| read.iter().position(|&i| i == r).unwrap_or(r.wrapping_sub(dropped));
        let instructions = self.instructions.iter().map(|i| i.renamed(name)).collect();
        let outputs = self.outputs.iter().map(|&r| name(r)).collect();
        (Program { inputs: read.len(), instructions, outputs }, read)
    }

    /// Whether any output depends on input `input`.
    pub fn reads_input(&self, input: usize) -> bool {
        self.outputs.contains(&input) || self.instructions.iter().any(|i| i.reads().any(|r| r == input))
    }

    fn without_dead(self) -> Self {
        let mut live = vec![false; self.inputs + self.instructions.len()];
        self.outputs.iter().for_each(|&r| live[r] = true);
        for (i, instruction) in self.instructions.iter().enumerate().rev() {
            if live[self.inputs + i] {
                instruction.reads().for_each(|r| live[r] = true);
            }
        }
        let mut names: Vec<Register> = (0..self.inputs).collect();
        let mut instructions = Vec::new();
        for (i, instruction) in self.instructions.iter().enumerate() {
            names.push(self.inputs + instructions.len());
            if live[self.inputs + i] {
                instructions.push(instruction.renamed(|r| names[r]));
            }
        }
        let outputs = self.outputs.iter().map(|&r| names[r]).collect();
        Program { inputs: self.inputs, instructions, outputs }
    }

    fn formula(&self, register: Register) -> String {
        let Some(i) = register.checked_sub(self.inputs) else { return format!("x{register}") };
        let term = |r: Register| {
            use Binary::{Add, Div, Mul, Sub};
            let operator = r.checked_sub(self.inputs).map(|i| self.instructions[i]);
            match operator {
                Some(Instruction::Binary(Add | Sub | Mul | Div, ..)) => format!("({})", self.formula(r)),
                _ => self.formula(r),
            }
        };
        match self.instructions[i] {
            Instruction::Const(c) => format!("{}", c.0),
            Instruction::Unary(Unary::Neg, a) => format!("-{}", term(a)),
            Instruction::Unary(f, a) => format!("{}({})", format!("{f:?}").to_lowercase(), self.formula(a)),
            Instruction::Binary(f, a, b) => match f {
                Binary::Add => format!("{} + {}", term(a), term(b)),
                Binary::Sub => format!("{} - {}", term(a), term(b)),
                Binary::Mul => format!("{} * {}", term(a), term(b)),
                Binary::Div => format!("{} / {}", term(a), term(b)),
                _ => format!("{}({}, {})", format!("{f:?}").to_lowercase(), self.formula(a), self.formula(b)),
            },
            Instruction::Select(c, a, b) => {
                format!("select({} > 0, {}, {})", self.formula(c), self.formula(a), self.formula(b))
            }
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let formulas: Vec<_> = self.outputs.iter().map(|&r| self.formula(r)).collect();
        f.write_str(&formulas.join(", "))
    }
}

/// Writes the instructions of a [`Program`]; equal instructions get the same register.
#[derive(Debug)]
pub struct ProgramBuilder {
    inputs: usize,
    instructions: Vec<Instruction>,
}

impl ProgramBuilder {
    /// The register of an instruction.
    pub fn push(&mut self, instruction: Instruction) -> Register {
        let known = self.instructions.iter().position(|i| *i == instruction);
        self.inputs
            + known.unwrap_or_else(|| {
                self.instructions.push(instruction);
                self.instructions.len() - 1
            })
    }

    /// A constant.
    pub fn constant(&mut self, value: f64) -> Register {
        self.push(Instruction::Const(Literal(value)))
    }

    /// A function of one register.
    pub fn unary(&mut self, function: Unary, a: Register) -> Register {
        self.push(Instruction::Unary(function, a))
    }

    /// A function of two registers; multiplying by 1 and adding 0 cost nothing.
    pub fn binary(&mut self, function: Binary, a: Register, b: Register) -> Register {
        match (function, self.value(a), self.value(b)) {
            (Binary::Mul, _, Some(1.0)) | (Binary::Div, _, Some(1.0)) => a,
            (Binary::Mul, Some(1.0), _) => b,
            _ => self.push(Instruction::Binary(function, a, b)),
        }
    }

    /// `then` where `condition` > 0, else `otherwise`.
    pub fn select(&mut self, condition: Register, then: Register, otherwise: Register) -> Register {
        self.push(Instruction::Select(condition, then, otherwise))
    }

    /// Writes a whole program whose inputs are the given registers; returns its output registers.
    pub fn call(&mut self, program: &Program, inputs: &[Register]) -> Vec<Register> {
        let mut names = inputs.to_vec();
        for instruction in program.instructions() {
            let renamed = instruction.renamed(|r| names[r]);
            names.push(self.push(renamed));
        }
        program.outputs().iter().map(|&r| names[r]).collect()
    }

    fn value(&self, register: Register) -> Option<f64> {
        match self.instructions.get(register.checked_sub(self.inputs)?)? {
            Instruction::Const(c) => Some(c.0),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_instructions_are_kept_once_and_dead_ones_dropped() {
        let p = Program::build(1, |p| {
            let dead = p.unary(Unary::Exp, 0);
            p.unary(Unary::Ln, dead);
            let a = p.unary(Unary::Tanh, 0);
            let b = p.unary(Unary::Tanh, 0);
            vec![p.binary(Binary::Mul, a, b)]
        });
        assert_eq!(p.instructions().len(), 2);
        assert_eq!(p.to_string(), "tanh(x0) * tanh(x0)");
    }

    #[test]
    fn a_formula_has_the_brackets_that_it_needs() {
        let p = Program::build(4, |p| {
            let difference = p.binary(Binary::Sub, 0, 1);
            let sum = p.binary(Binary::Add, 2, 3);
            let both = p.binary(Binary::Sub, difference, sum);
            vec![p.binary(Binary::Mul, both, 0)]
        });
        assert_eq!(p.to_string(), "((x0 - x1) - (x2 + x3)) * x0");
    }

    #[test]
    fn nan_survives_relu_and_max() {
        assert!(Unary::Relu.evaluate(f32::NAN).is_nan());
        assert!(Binary::Max.evaluate(f32::NAN, 0.0).is_nan());
        assert!(Number::softplus(f32::NAN).is_nan());
        assert_eq!(Number::softplus(-200.0f64), (-200.0f64).exp());
    }
}
