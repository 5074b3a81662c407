//! After `prepare`, nothing allocates.

mod common;
#[path = "common/counting.rs"]
mod counting;

use common::*;
use striate_kernels::*;
use striate_tensor::{Binary, Program, Shape, Taps, Unary, Window};

#[track_caller]
fn allocates_nothing(run: impl FnMut()) {
    assert_eq!(counting::fewest_allocations(run), 0, "allocations");
}

#[test]
fn run_allocates_nothing() {
    let workers = Workers::new(2);
    for text in [
        "n4 c6 14x14 -> o16 k5",
        "n9 c6 28x28 -> o16 k3 p1",
        "n2 c4 9x7 -> o8 k3x2 s2x1 p1x0 g2",
        "n1 c3 6x5 -> o3 k3 p1 t0/2,1/1",
        "n2 c6 9x9 -> o6 k3 p1 g6",
        "n2 c4 32x32 -> o4 k15 p7 g4",
        "n2 c16 6x6 -> o16 k1",
    ] {
        let g = case(text);
        let x = normals("x", g.batch * g.in_channels * g.pixels());
        let w = normals("w", g.rows() * g.taps());
        let dy = normals("dy", g.batch * g.out_channels * g.positions());
        let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), w.clone());
        let only = |variant: &str| ConvOptions { variant: Some(variant.into()), ..ConvOptions::default() };
        for variant in Forward::variants() {
            let Ok(pass) = Forward::prepare(&g, Isa::best(), &only(variant)) else { continue };
            let mut scratch = vec![0.0; pass.scratch_len(2)];
            allocates_nothing(|| {
                pass.run(&workers, &x, Weights::Plain(&w), None, Epilogue::RELU, &mut y, &mut scratch);
            });
        }
        for variant in GradInput::variants() {
            let Ok(pass) = GradInput::prepare(&g, Isa::best(), &only(variant)) else { continue };
            let mut scratch = vec![0.0; pass.scratch_len(2)];
            allocates_nothing(|| {
                pass.run(&workers, &dy, Weights::Plain(&w), None, Epilogue::NONE, &mut dx, &mut scratch);
            });
        }
        for variant in GradWeight::variants() {
            let Ok(pass) = GradWeight::prepare(&g, Isa::best(), &only(variant)) else { continue };
            let mut scratch = vec![0.0; pass.scratch_len(2)];
            allocates_nothing(|| pass.run(&workers, &x, &dy, &mut dw, &mut scratch));
        }
    }

    let mut scratch = vec![0.0; 100_000];
    for (m, ta, tb) in [(64, false, true), (1, false, false), (1, false, true), (40, true, false)] {
        let gemm = Gemm::prepare(MatrixSizes { m, n: 50, k: 300 }, ta, tb, Isa::best());
        let (a, b, mut c) = (normals("a", m * 300), normals("b", 300 * 50), vec![0.0; m * 50]);
        allocates_nothing(|| gemm.run(&workers, &a, &b, None, false, Epilogue::NONE, &mut c, &mut scratch));
    }

    let shape = Shape::from([8, 6, 32, 32]);
    let x = normals("x", shape.elements());
    let mut y = x.clone();
    let program = Program::build(2, |p| {
        let sum = p.binary(Binary::Add, 0, 1);
        vec![p.unary(Unary::Relu, sum)]
    });
    let map = Map::prepare(&program, &shape, &[shape.clone(), [6, 1, 1].into()], Isa::best()).unwrap();
    allocates_nothing(|| map.run(&workers, &[Source::Output(0), Source::Slice(&x[..6])], &mut [&mut y]));
    let window = Window { input: 32, kernel: 2, stride: 2, dilation: 1, before: 0, after: 0 };
    let pool = Pool::prepare(&Taps::sliding(&[window; 2]), Isa::best());
    let (mut small, mut index) = (vec![0.0; x.len() / 4], vec![0u8; x.len() / 4]);
    allocates_nothing(|| {
        pool.max(&workers, &x, &mut small, Some(&mut index));
        pool.max_grad(&workers, &small, &index, &mut y);
        pool.mean(&workers, &x, Divisor::Live, &mut small);
        pool.mean_grad(&workers, &small, Divisor::Live, &mut y);
    });
    for axes in [vec![0, 2, 3], vec![0], vec![1, 2, 3], vec![0, 1, 2, 3]] {
        let reduce = Reduce::prepare(&shape, &axes, Isa::best());
        let mut out = vec![0.0; reduce.outputs()];
        allocates_nothing(|| reduce.run(&workers, Reduction::Mean, &x, &mut out));
    }
    let turn = Permute::prepare(&shape, &[0, 2, 3, 1], Isa::best());
    let at = BoxAt { start: 0, steps: &[32, 1] };
    allocates_nothing(|| {
        softmax(&workers, Isa::best(), &x, (32, 1), true, &mut y);
        turn.run(&workers, &x, &mut y);
        copy_box(&workers, &[1000, 16], &x, at, &mut y, at);
        let (mean, variance) = small.split_at_mut(6);
        channel_statistics(&workers, Isa::best(), &x, 1024, mean, &mut variance[..6]);
    });
}
