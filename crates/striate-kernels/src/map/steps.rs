//! From the instructions of a program to passes over a tile. A pass loads and stores vectors whatever it computes, so
//! neighbours that programs are full of become one; each number is rounded as it would be without that.

use striate_tensor::{Binary, Instruction, Program, Register, Unary};

/// What one pass computes from registers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    One(Unary, Register),
    Two(Binary, Register, Register),
    /// `a > 0 ? b : c`
    Select(Register, Register, Register),
    /// `a · b + c`
    MulAdd(Register, Register, Register),
    /// `c − a · b`
    MulFrom(Register, Register, Register),
    /// `(a − b) · c`
    SubMul(Register, Register, Register),
    /// `min(max(a, 0), b)`
    Clamp(Register, Register),
    /// `a > 0 and not a − b > 0 ? c : 0`
    Within(Register, Register, Register),
}

impl Step {
    /// The registers that it reads.
    pub(super) fn reads(self) -> impl Iterator<Item = Register> {
        let (a, b, c) = match self {
            Step::One(_, a) => (a, None, None),
            Step::Two(_, a, b) | Step::Clamp(a, b) => (a, Some(b), None),
            Step::Select(a, b, c)
            | Step::MulAdd(a, b, c)
            | Step::MulFrom(a, b, c)
            | Step::SubMul(a, b, c)
            | Step::Within(a, b, c) => (a, Some(b), Some(c)),
        };
        [Some(a), b, c].into_iter().flatten()
    }
}

/// A program as passes.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    /// Registers that hold a constant.
    pub constants: Vec<(Register, f32)>,
    /// The passes in order, each with the register that it gives.
    pub passes: Vec<(Register, Step)>,
}

impl Steps {
    /// The passes that give the registers in `kept`; without `join` each is one instruction.
    pub(super) fn new(program: &Program, kept: &[Register], join: bool) -> Self {
        let inputs = program.inputs();
        let instructions = program.instructions();
        let mut uses = vec![0; inputs + instructions.len()];
        instructions.iter().flat_map(Instruction::reads).chain(kept.iter().copied()).for_each(|r| uses[r] += 1);
        let mut made = Made { uses, constants: vec![None; inputs], steps: vec![None; inputs] };
        for &instruction in instructions {
            let (constant, step) = match instruction {
                Instruction::Const(c) => (Some(c.0 as f32), None),
                Instruction::Unary(function, a) => (None, Some(Step::One(function, a))),
                Instruction::Binary(function, a, b) if join => (None, Some(made.two(function, a, b))),
                Instruction::Binary(function, a, b) => (None, Some(Step::Two(function, a, b))),
                Instruction::Select(a, b, c) if join => (None, Some(made.select(a, b, c))),
                Instruction::Select(a, b, c) => (None, Some(Step::Select(a, b, c))),
            };
            made.constants.push(constant);
            made.steps.push(step);
        }
        let mut needed = vec![false; made.steps.len()];
        kept.iter().for_each(|&r| needed[r] = true);
        let mut passes: Vec<_> = made.steps.iter().enumerate().filter_map(|(r, step)| Some((r, (*step)?))).collect();
        for &(register, step) in passes.iter().rev() {
            if needed[register] {
                step.reads().for_each(|r| needed[r] = true);
            }
        }
        passes.retain(|&(register, _)| needed[register]);
        let constants = made.constants.iter().enumerate().filter_map(|(r, c)| Some((r, (*c)?))).collect();
        Steps { constants, passes }
    }
}

/// What gives each register so far.
struct Made {
    uses: Vec<usize>,
    constants: Vec<Option<f32>>,
    steps: Vec<Option<Step>>,
}

impl Made {
    /// The operands of `function` if it gives register `r`, for one reader.
    fn only(&self, r: Register, function: Binary) -> Option<(Register, Register)> {
        match self.steps[r] {
            Some(Step::Two(f, a, b)) if f == function && self.uses[r] == 1 => Some((a, b)),
            _ => None,
        }
    }

    fn two(&self, function: Binary, a: Register, b: Register) -> Step {
        let (one, other) = match function {
            Binary::Add => (self.only(a, Binary::Mul), self.only(b, Binary::Mul)),
            Binary::Mul => (self.only(a, Binary::Sub), self.only(b, Binary::Sub)),
            Binary::Sub => (None, self.only(b, Binary::Mul)),
            _ => (None, None),
        };
        match (function, one, other, self.steps[a]) {
            (Binary::Add, Some((x, y)), ..) => Step::MulAdd(x, y, b),
            (Binary::Add, None, Some((x, y)), _) => Step::MulAdd(x, y, a),
            (Binary::Mul, Some((x, y)), ..) => Step::SubMul(x, y, b),
            (Binary::Mul, None, Some((x, y)), _) => Step::SubMul(x, y, a),
            (Binary::Sub, _, Some((x, y)), _) => Step::MulFrom(x, y, a),
            (Binary::Min, .., Some(Step::One(Unary::Relu, x))) => Step::Clamp(x, b),
            _ => Step::Two(function, a, b),
        }
    }

    fn select(&self, condition: Register, yes: Register, no: Register) -> Step {
        let condition = self.before_relu(condition);
        let zero = |r: Register| self.constants[r].is_some_and(|c| c.to_bits() == 0);
        if let Some(Step::Select(above, then, within)) = self.steps[yes]
            && let Some(Step::Two(Binary::Sub, a, most)) = self.steps[above]
            && self.before_relu(a) == condition
            && zero(then)
            && zero(no)
        {
            return Step::Within(condition, most, within);
        }
        Step::Select(condition, yes, no)
    }

    /// `max(x, 0)` is above 0 where `x` is.
    fn before_relu(&self, r: Register) -> Register {
        match self.steps[r] {
            Some(Step::One(Unary::Relu, x)) => x,
            _ => r,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_become_one_pass() {
        // the line of a normalisation, limited, and what comes back through both
        let program = Program::build(4, |p| {
            let scaled = p.binary(Binary::Mul, 0, 1);
            let line = p.binary(Binary::Add, scaled, 2);
            let relu = p.unary(Unary::Relu, line);
            let (zero, six) = (p.constant(0.0), p.constant(6.0));
            let y = p.binary(Binary::Min, relu, six);
            let above = p.binary(Binary::Sub, relu, six);
            let below_six = p.select(above, zero, 3);
            vec![y, p.select(relu, below_six, zero)]
        });
        let [y, slope] = program.outputs() else { panic!("two outputs") };
        let steps = |kept: &[Register]| Steps::new(&program, kept, true).passes;
        let line = (5, Step::MulAdd(0, 1, 2));
        assert_eq!(steps(&[*slope]), [line, (*slope, Step::Within(5, 8, 3))]);
        assert_eq!(steps(&[*y]), [line, (*y, Step::Clamp(5, 8))]);
    }

    #[test]
    fn what_others_read_is_kept() {
        let program = Program::build(3, |p| {
            let product = p.binary(Binary::Mul, 0, 1);
            vec![p.binary(Binary::Add, product, 2), product]
        });
        let passes = Steps::new(&program, program.outputs(), true).passes;
        assert_eq!(passes, [(3, Step::Two(Binary::Mul, 0, 1)), (4, Step::Two(Binary::Add, 3, 2))]);
    }
}
