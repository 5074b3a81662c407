//! Matrix products of any size on one piece of scratch that grows once.

use striate_kernels::{Epilogue, Gemm, Isa, MatrixSizes, Workers};
use striate_tensor::Result;

/// `C = op(A)·op(B) (+ bias) (+ C)`; see [`Gemm`].
pub(crate) struct Product<'w> {
    workers: &'w Workers,
    isa: Isa,
    scratch: Vec<f32>,
}

/// Which of the two matrices lie transposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// `A` m×k, `B` k×n.
    Plain,
    /// `A` k×m, `B` k×n.
    ATransposed,
    /// `A` m×k, `B` n×k.
    BTransposed,
}

impl<'w> Product<'w> {
    /// # Errors
    /// When the environment asks for an instruction set that this machine lacks.
    pub(crate) fn new(workers: &'w Workers) -> Result<Self> {
        Ok(Product { workers, isa: Isa::from_environment()?, scratch: vec![] })
    }

    pub(crate) fn workers(&self) -> &'w Workers {
        self.workers
    }

    /// `c` (m×n) from `a` and `b` with `k` terms each; adds to `c` with `accumulate`.
    #[allow(clippy::too_many_arguments)] // the equation has so many letters
    pub(crate) fn run(
        &mut self,
        lie: Lie,
        (m, n, k): (usize, usize, usize),
        a: &[f32],
        b: &[f32],
        bias: Option<&[f32]>,
        accumulate: bool,
        c: &mut [f32],
    ) {
        let gemm = Gemm::prepare(MatrixSizes { m, n, k }, lie == Lie::ATransposed, lie == Lie::BTransposed, self.isa);
        let scratch = gemm.scratch_len(self.workers.threads());
        if self.scratch.len() < scratch {
            self.scratch.resize(scratch, 0.0);
        }
        gemm.run(self.workers, a, b, bias, accumulate, Epilogue::NONE, c, &mut self.scratch);
    }
}
