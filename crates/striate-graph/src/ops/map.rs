//! Elementwise arithmetic: one operation whose attribute is a small straight-line program.
//!
//! ```text
//! (y₁, y₂, …)[i] = program(x₁[i], x₂[i], …)
//! ```
//!
//! Inputs of different shapes are broadcast as in NumPy: shapes are aligned at their last axes, and a size of 1 (or a
//! missing axis) is repeated. The gradient is a program too: the adjoint of each instruction, last to first, reusing
//! the outputs instead of computing them again (so that tanh and ReLU need only y, not x).

use crate::operation::{Field, Operation};
use crate::{Adjoint, Case, Dim, Type, Value, Var, f32};
use serde::{Deserialize, Serialize};
use striate_tensor::{
    Array, Binary, DType, Error, Instruction, Number, Program, ProgramBuilder, Register, Result, Shape, Unary,
};

/// `map(x₁, x₂, …) → (y₁, y₂, …)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Map {
    /// What is done to each element.
    pub program: Program,
}

impl Operation for Map {
    const NAME: &'static str = "map";

    fn types(&self, inputs: &[Type]) -> Result<Vec<Type>> {
        if inputs.len() != self.program.inputs() {
            return Err(Error::model("wrong number of inputs").found(inputs.len()).expected(self.program.inputs()));
        }
        if let Some(index) = inputs.iter().find(|t| t.dtype != DType::F32) {
            return Err(Error::model("elementwise arithmetic takes real numbers").found(index).expected("f32"));
        }
        let dims = broadcast(inputs)?;
        Ok(vec![f32(dims); self.program.outputs().len()])
    }

    fn reference<T: Number>(&self, inputs: &[&Value<T>]) -> Vec<Value<T>> {
        let arrays: Vec<_> = inputs.iter().map(|v| v.real()).collect();
        let types: Vec<_> = arrays.iter().map(|a| f32(a.shape().iter().copied())).collect();
        let shape = f32(broadcast(&types).expect("types were checked")).shape();
        let mut outputs = vec![Array::full(shape.clone(), T::zero()); self.program.outputs().len()];
        for i in 0..shape.elements() {
            let position = shape.position(i);
            let xs: Vec<T> = arrays.iter().map(|a| a.data()[repeated(a.shape(), &position)]).collect();
            for (output, y) in outputs.iter_mut().zip(self.program.evaluate(&xs)) {
                output.data_mut()[i] = y;
            }
        }
        outputs.into_iter().map(Value::Real).collect()
    }

    fn gradient<'g>(&self, at: &Adjoint<'g>) -> Vec<Option<Var<'g>>> {
        let inputs = self.program.inputs();
        let outputs = self.program.outputs().len();
        let upstream: Vec<bool> = (0..outputs).map(|k| at.has_upstream(k)).collect();
        let wanted: Vec<usize> = (0..inputs).filter(|&i| at.wants(i)).collect();
        let (adjoint, reached) = adjoint(&self.program, &wanted, &upstream);
        let all = (0..inputs).map(|i| at.input(i)).chain((0..outputs).map(|k| at.output(k)));
        let all: Vec<_> =
            all.chain((0..outputs).map(|k| if upstream[k] { at.upstream(k) } else { at.output(k) })).collect();
        let mut parts = at.map(adjoint, &all).into_iter();
        let mut gradients = vec![None; inputs];
        for input in reached {
            gradients[input] = parts.next().map(|part| part.sum_to(&at.input(input).ty()));
        }
        gradients
    }

    fn field(&self) -> Field {
        Field::Point
    }

    fn cases() -> Vec<Case> {
        let unary = |f: Unary| Program::build(1, |p| vec![p.unary(f, 0)]);
        let binary = |f: Binary| Program::build(2, |p| vec![p.binary(f, 0, 1)]);
        let case = |program: Program, inputs: &str| {
            let text = format!("{program} : {inputs}");
            Case::new(Map { program }, inputs).named(&text)
        };
        let mut cases = vec![
            case(binary(Binary::Add), "2x3x4x5 3x1x1"),
            case(binary(Binary::Mul), "2x1x4 3x1"),
            case(binary(Binary::Sub), "7 ."),
            case(binary(Binary::Div), "+5 +5"),
            case(binary(Binary::Max), "3x5 3x5"),
            case(binary(Binary::Min), "3x5 5"),
            case(binary(Binary::Pow), "+3x5 +3x5"),
            case(Program::build(3, |p| vec![p.select(0, 1, 2)]), "2x9 2x9 9"),
            case(
                Program::build(2, |p| {
                    let velocity = p.binary(Binary::Mul, 0, 1);
                    let weight = p.binary(Binary::Sub, 1, velocity);
                    vec![velocity, weight]
                }),
                "33 33",
            ),
        ];
        use Unary::*;
        for f in [Neg, Abs, Exp, Tanh, Logistic, Erf, Softplus, Relu, Step, Sign] {
            cases.push(case(unary(f), "2x19"));
        }
        cases.extend([Ln, Sqrt].map(|f| case(unary(f), "+2x19")));
        cases
    }
}

/// The sizes that the inputs broadcast to.
pub fn broadcast(inputs: &[Type]) -> Result<Vec<Dim>> {
    let rank = inputs.iter().map(Type::rank).max().unwrap_or(0);
    (0..rank)
        .map(|axis| {
            let sizes = inputs.iter().filter_map(|t| (axis + t.rank()).checked_sub(rank).map(|a| t.dims[a]));
            let mut joint = Dim::from(1);
            for size in sizes {
                if joint == Dim::from(1) {
                    joint = size;
                } else if size != joint && size != Dim::from(1) {
                    return Err(Error::model("the shapes cannot be broadcast together")
                        .found(inputs.iter().map(Type::to_string).collect::<Vec<_>>().join(" and "))
                        .expected("equal sizes, or 1, on each axis counted from the last"));
                }
            }
            Ok(joint)
        })
        .collect()
}

/// The element of an array of `shape` that meets `position` of the shape it is broadcast to.
fn repeated(shape: &Shape, position: &[usize]) -> usize {
    let skipped = position.len() - shape.rank();
    shape.iter().zip(&position[skipped..]).fold(0, |index, (&size, &p)| index * size + if size == 1 { 0 } else { p })
}

/// The program of the gradient: from `(x…, y…, ∂y…)` to the `∂x` of those wanted inputs that the outputs depend on,
/// and which these are.
fn adjoint(program: &Program, wanted: &[usize], upstream: &[bool]) -> (Program, Vec<usize>) {
    let (inputs, outputs) = (program.inputs(), program.outputs().len());
    let mut reached = Vec::new();
    let result = Program::build(inputs + 2 * outputs, |p| {
        let mut tape = Tape { program, p, adjoints: vec![None; inputs + program.instructions().len()] };
        for (k, &y) in program.outputs().iter().enumerate() {
            if upstream[k] {
                tape.add(y, inputs + outputs + k);
            }
        }
        for (i, instruction) in program.instructions().iter().enumerate().rev() {
            if let Some(dy) = tape.adjoints[inputs + i] {
                tape.step(*instruction, inputs + i, dy);
            }
        }
        let adjoints = tape.adjoints;
        reached = wanted.iter().copied().filter(|&i| adjoints[i].is_some()).collect();
        reached.iter().filter_map(|&i| adjoints[i]).collect()
    });
    (result, reached)
}

struct Tape<'a> {
    program: &'a Program,
    p: &'a mut ProgramBuilder,
    /// For each register of the forward program the register of its gradient so far.
    adjoints: Vec<Option<Register>>,
}

impl Tape<'_> {
    fn add(&mut self, to: Register, part: Register) {
        self.adjoints[to] = Some(match self.adjoints[to] {
            Some(sum) => self.p.binary(Binary::Add, sum, part),
            None => part,
        });
    }

    /// A value of the forward program: an input, an output, or computed again.
    fn value(&mut self, r: Register) -> Register {
        let inputs = self.program.inputs();
        if r < inputs {
            return r;
        }
        if let Some(k) = self.program.outputs().iter().position(|&y| y == r) {
            return inputs + k;
        }
        let instruction = self.program.instructions()[r - inputs];
        let names: Vec<_> = instruction.reads().map(|a| (a, self.value(a))).collect();
        self.p.push(instruction.renamed(|a| names.iter().find(|n| n.0 == a).expect("every read is named").1))
    }

    /// Hands the gradient `dy` of the instruction that wrote `y` on to what it read.
    fn step(&mut self, instruction: Instruction, y: Register, dy: Register) {
        match instruction {
            Instruction::Const(_) => {}
            Instruction::Unary(f, a) => {
                if let Some(da) = self.unary(f, a, y, dy) {
                    self.add(a, da);
                }
            }
            Instruction::Binary(f, a, b) => self.binary(f, a, b, y, dy),
            Instruction::Select(c, a, b) => {
                let (c, zero) = (self.value(c), self.p.constant(0.0));
                let da = self.p.select(c, dy, zero);
                let db = self.p.select(c, zero, dy);
                self.add(a, da);
                self.add(b, db);
            }
        }
    }

    fn unary(&mut self, f: Unary, a: Register, y: Register, dy: Register) -> Option<Register> {
        use Binary::{Div, Mul, Sub};
        let slope = match f {
            Unary::Step | Unary::Sign => return None,
            Unary::Neg => return Some(self.p.unary(Unary::Neg, dy)),
            Unary::Relu => {
                let (y, zero) = (self.value(y), self.p.constant(0.0));
                return Some(self.p.select(y, dy, zero));
            }
            Unary::Ln => {
                let a = self.value(a);
                return Some(self.p.binary(Div, dy, a));
            }
            Unary::Sqrt => {
                let (y, half) = (self.value(y), self.p.constant(0.5));
                let dy = self.p.binary(Mul, dy, half);
                return Some(self.p.binary(Div, dy, y));
            }
            Unary::Abs => {
                let a = self.value(a);
                self.p.unary(Unary::Sign, a)
            }
            Unary::Exp => self.value(y),
            Unary::Tanh => {
                let (y, one) = (self.value(y), self.p.constant(1.0));
                let square = self.p.binary(Mul, y, y);
                self.p.binary(Sub, one, square)
            }
            Unary::Logistic => {
                let (y, one) = (self.value(y), self.p.constant(1.0));
                let rest = self.p.binary(Sub, one, y);
                self.p.binary(Mul, y, rest)
            }
            Unary::Erf => {
                let a = self.value(a);
                let square = self.p.binary(Mul, a, a);
                let minus = self.p.unary(Unary::Neg, square);
                let bell = self.p.unary(Unary::Exp, minus);
                let scale = self.p.constant(std::f64::consts::FRAC_2_SQRT_PI);
                self.p.binary(Mul, bell, scale)
            }
            Unary::Softplus => {
                let a = self.value(a);
                self.p.unary(Unary::Logistic, a)
            }
        };
        Some(self.p.binary(Mul, dy, slope))
    }

    fn binary(&mut self, f: Binary, a: Register, b: Register, y: Register, dy: Register) {
        use Binary::{Add, Div, Max, Min, Mul, Pow, Sub};
        let (da, db) = match f {
            Add => (dy, dy),
            Sub => (dy, self.p.unary(Unary::Neg, dy)),
            Mul => {
                let (va, vb) = (self.value(a), self.value(b));
                (self.p.binary(Mul, dy, vb), self.p.binary(Mul, dy, va))
            }
            Div => {
                let (y, b) = (self.value(y), self.value(b));
                let da = self.p.binary(Div, dy, b);
                let slope = self.p.binary(Mul, da, y);
                (da, self.p.unary(Unary::Neg, slope))
            }
            Max | Min => {
                let (va, vb, zero) = (self.value(a), self.value(b), self.p.constant(0.0));
                let takes_b = if f == Max { self.p.binary(Sub, vb, va) } else { self.p.binary(Sub, va, vb) };
                (self.p.select(takes_b, zero, dy), self.p.select(takes_b, dy, zero))
            }
            Pow => {
                let (va, vb, y, one) = (self.value(a), self.value(b), self.value(y), self.p.constant(1.0));
                let less = self.p.binary(Sub, vb, one);
                let power = self.p.binary(Pow, va, less);
                let slope = self.p.binary(Mul, vb, power);
                let (ln, dyy) = (self.p.unary(Unary::Ln, va), self.p.binary(Mul, dy, y));
                (self.p.binary(Mul, dy, slope), self.p.binary(Mul, dyy, ln))
            }
        };
        self.add(a, da);
        self.add(b, db);
    }
}
