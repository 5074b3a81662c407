use std::fmt;
use striate_kernels::{Block, Epilogue, Isa, Map, Source};
use striate_tensor::{Instruction, Program, Result, Shape, Unary};

/// What is done to the output of a convolution or a product while it is in the cache.
pub(super) enum Epilogues {
    None,
    Relu,
    /// A program of one value.
    Program(Box<Map>, String),
}

impl Epilogues {
    /// For a program over an output of that shape.
    pub(super) fn new(program: Option<&Program>, shape: &Shape, isa: Isa) -> Result<Self> {
        Ok(match program {
            None => Epilogues::None,
            Some(program) if program.instructions() == [Instruction::Unary(Unary::Relu, 0)] => Epilogues::Relu,
            Some(program) => {
                let map = Map::prepare(program, shape, std::slice::from_ref(shape), isa)?;
                Epilogues::Program(Box::new(map), program.to_string())
            }
        })
    }

    /// Calls a kernel with the epilogue in the form that kernels take.
    pub(super) fn with<R>(&self, kernel: impl FnOnce(Epilogue<'_>) -> R) -> R {
        match self {
            Epilogues::None => kernel(Epilogue::NONE),
            Epilogues::Relu => kernel(Epilogue::RELU),
            Epilogues::Program(map, _) => {
                let hook = |block: Block, part: &mut [f32]| {
                    map.run_part(block.start, &[Source::Output(0)], &mut [part]);
                };
                kernel(Epilogue { relu: false, hook: Some(&hook) })
            }
        }
    }
}

impl fmt::Display for Epilogues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Epilogues::None => Ok(()),
            Epilogues::Relu => f.write_str(" + relu"),
            Epilogues::Program(_, text) => write!(f, " + {text}"),
        }
    }
}
