use super::{Epilogues, Kernel, Problem};
use crate::memory::Io;
use striate_graph::ops::matmul::MatMul;
use striate_kernels::{Gemm, MatrixSizes, Workers};

/// A matrix product, its bias and its epilogue.
struct Product {
    gemm: Gemm,
    /// A constant B, packed when the plan was made; empty if it is not, or if that does not pay.
    packed: Vec<f32>,
    biased: bool,
    epilogue: Epilogues,
}

pub(super) fn kernel(problem: &Problem<'_>, op: &MatMul, epilogue: Epilogues) -> Box<dyn Kernel> {
    let (a, b) = (problem.shape(0), problem.shape(1));
    let (m, k) = if op.a_transposed { (a[1], a[0]) } else { (a[0], a[1]) };
    let n = b[if op.b_transposed { 0 } else { 1 }];
    let gemm = Gemm::prepare(MatrixSizes { m, n, k }, op.a_transposed, op.b_transposed, problem.isa);
    let mut packed = Vec::new();
    if let Some(b) = problem.constant(1) {
        packed.resize(gemm.packed_len(), 0.0);
        gemm.pack(b, &mut packed);
    }
    Box::new(Product { gemm, packed, biased: epilogue.inputs > 2, epilogue })
}

impl Kernel for Product {
    fn name(&self) -> String {
        let packed = if self.packed.is_empty() { "" } else { ", packed once" };
        format!("matmul{packed}{}", self.epilogue)
    }

    fn reads(&self, index: usize) -> bool {
        index != 1 || self.packed.is_empty()
    }

    fn scratch(&self, threads: usize) -> usize {
        self.epilogue.scratch() + self.gemm.scratch_len(threads)
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, scratch: &mut [f32]) {
        let bias = self.biased.then(|| io.f32(2));
        self.epilogue.run(workers, io, scratch, |epilogue, c, scratch| match self.packed.is_empty() {
            true => self.gemm.run(workers, io.f32(0), io.f32(1), bias, false, epilogue, c, scratch),
            false => self.gemm.run_packed(workers, io.f32(0), &self.packed, bias, false, epilogue, c, scratch),
        });
    }
}
