//! Locally connected layers: plain loops over a table of products, since each weight is used once a sample.

use super::{Kernel, Problem};
use crate::memory::Io;
use striate_graph::Op;
use striate_graph::ops::conv::Conv;
use striate_kernels::Workers;

/// A product within one sample: `y[y] += w[w]·x[x]`.
#[derive(Clone, Copy)]
struct Triple {
    x: u32,
    w: u32,
    y: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Pass {
    Output { biased: bool },
    ToInput,
    ToWeight,
}

struct Local {
    pass: Pass,
    /// By rising position, hence by rising weight.
    triples: Vec<Triple>,
    /// Where the triples of each position start; one more at the end.
    starts: Vec<usize>,
    /// Elements of a sample's input and output.
    x_len: usize,
    y_len: usize,
}

pub(super) fn kernel(problem: &Problem<'_>) -> Option<Box<dyn Kernel>> {
    let inputs = problem.graph.equations[problem.equation].inputs.len();
    let (conv, pass) = match problem.op() {
        Op::Local(op) => (&op.0, Pass::Output { biased: inputs > 2 }),
        Op::LocalGradInput(op) => (&op.0, Pass::ToInput),
        Op::LocalGradWeight(op) => (&op.0, Pass::ToWeight),
        _ => return None,
    };
    Some(Box::new(Local::new(conv, pass)))
}

impl Local {
    fn new(conv: &Conv, pass: Pass) -> Self {
        let g = conv.geometry(1);
        let positions = g.positions();
        let mut triples = Vec::new();
        striate_graph::ops::local::Local(conv.clone())
            .each_triple(1, |x, w, y| triples.push(Triple { x: x as u32, w: w as u32, y: y as u32 }));
        let mut starts: Vec<_> =
            (0..positions).map(|p| triples.partition_point(|t| (t.y as usize % positions) < p)).collect();
        starts.push(triples.len());
        Local { pass, triples, starts, x_len: g.in_channels * g.pixels(), y_len: g.out_channels * positions }
    }
}

impl Kernel for Local {
    fn name(&self) -> String {
        match self.pass {
            Pass::Output { .. } => "local",
            Pass::ToInput => "local_grad_input",
            Pass::ToWeight => "local_grad_weight",
        }
        .into()
    }

    fn run(&self, workers: &Workers, io: &Io<'_>, _scratch: &mut [f32]) {
        let (a, b, out) = (io.f32(0), io.f32(1), io.out_f32(0));
        let bias = (self.pass == Pass::Output { biased: true }).then(|| io.f32(2));
        match self.pass {
            Pass::Output { .. } => workers.chunks(out, self.y_len, |n, _, y| {
                match bias {
                    Some(bias) => y.copy_from_slice(bias),
                    None => y.fill(0.0),
                }
                let x = &a[n * self.x_len..][..self.x_len];
                self.triples.iter().for_each(|t| y[t.y as usize] += b[t.w as usize] * x[t.x as usize]);
            }),
            Pass::ToInput => workers.chunks(out, self.x_len, |n, _, dx| {
                dx.fill(0.0);
                let dy = &b[n * self.y_len..][..self.y_len];
                self.triples.iter().for_each(|t| dx[t.x as usize] += a[t.w as usize] * dy[t.y as usize]);
            }),
            Pass::ToWeight => {
                let len = out.len() / (self.starts.len() - 1);
                workers.chunks(out, len, |position, _, dw| {
                    dw.fill(0.0);
                    let triples = &self.triples[self.starts[position]..self.starts[position + 1]];
                    for (x, dy) in a.chunks_exact(self.x_len).zip(b.chunks_exact(self.y_len)) {
                        for t in triples {
                            dw[t.w as usize - position * len] += x[t.x as usize] * dy[t.y as usize];
                        }
                    }
                });
            }
        }
    }
}
