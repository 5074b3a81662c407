//! Elementwise programs against `Program::evaluate`.

mod common;

use common::*;
use striate_kernels::*;
use striate_tensor::{Binary, Program, ProgramBuilder, Register, Shape, Unary};

const UNARY: [Unary; 12] = [
    Unary::Neg,
    Unary::Abs,
    Unary::Exp,
    Unary::Ln,
    Unary::Sqrt,
    Unary::Tanh,
    Unary::Logistic,
    Unary::Erf,
    Unary::Softplus,
    Unary::Relu,
    Unary::Step,
    Unary::Sign,
];
const BINARY: [Binary; 7] = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Max, Binary::Min, Binary::Pow];

fn program(inputs: usize, body: impl FnOnce(&mut ProgramBuilder) -> Vec<Register>) -> Program {
    Program::build(inputs, body)
}

/// The element of a broadcast input under element `at` of `shape`.
fn element(shape: &Shape, input: &Shape, at: usize) -> usize {
    let position = shape.position(at);
    let missing = shape.rank() - input.rank();
    let position: Vec<_> = input.iter().zip(&position[missing..]).map(|(&size, &p)| p.min(size - 1)).collect();
    input.index(&position)
}

#[track_caller]
fn check(program: &Program, shape: &[usize], inputs: &[&[usize]]) {
    let shape = Shape::from(shape);
    let shapes: Vec<Shape> = inputs.iter().map(|s| Shape::from(*s)).collect();
    let data: Vec<_> = shapes.iter().enumerate().map(|(i, s)| normals(&i.to_string(), s.elements())).collect();
    let n = shape.elements();
    let mut expected = vec![vec![0.0f64; n]; program.outputs().len()];
    for at in 0..n {
        let values: Vec<f64> = data.iter().zip(&shapes).map(|(d, s)| f64::from(d[element(&shape, s, at)])).collect();
        for (expected, value) in expected.iter_mut().zip(program.evaluate(&values)) {
            expected[at] = value;
        }
    }
    for isa in Isa::all() {
        let map = Map::prepare(program, &shape, &shapes, isa).unwrap();
        for threads in [1, 3] {
            let workers = Workers::new(threads);
            let label = format!("{program} {shape} {isa} {threads} threads");
            let sources: Vec<_> = data.iter().map(|d| Source::Slice(d)).collect();
            let mut outputs = vec![vec![f32::NAN; n]; expected.len()];
            let mut slices: Vec<&mut [f32]> = outputs.iter_mut().map(|o| &mut o[..]).collect();
            map.run(&workers, &sources, &mut slices);
            outputs.iter().zip(&expected).for_each(|(o, e)| close(&label, o, e, 2e-6));

            // each full input once in place of an output
            for input in (0..inputs.len()).filter(|&i| shapes[i] == shape) {
                let mut sources = sources.clone();
                sources[input] = Source::Output(0);
                if program.outputs().iter().enumerate().any(|(o, &r)| r == input && o != 0) {
                    continue;
                }
                let mut again = outputs.clone();
                again[0].copy_from_slice(&data[input]);
                let mut slices: Vec<&mut [f32]> = again.iter_mut().map(|o| &mut o[..]).collect();
                map.run(&workers, &sources, &mut slices);
                assert!(again == outputs, "{label} in place");
            }

            // a part by itself
            let (start, end) = (n / 3, n - n / 4);
            let mut part: Vec<Vec<f32>> = vec![vec![f32::NAN; end - start]; expected.len()];
            let mut slices: Vec<&mut [f32]> = part.iter_mut().map(|o| &mut o[..]).collect();
            map.run_part(start, &sources, &mut slices);
            assert!(part.iter().zip(&outputs).all(|(p, o)| p[..] == o[start..end]), "{label} part");
        }
    }
}

#[test]
fn every_function_and_many_shapes() {
    for f in UNARY {
        // of |x|, for the functions that need it
        check(
            &program(1, |p| {
                let size = p.unary(Unary::Abs, 0);
                let x = if matches!(f, Unary::Ln | Unary::Sqrt) { size } else { 0 };
                vec![p.unary(f, x)]
            }),
            &[1003],
            &[&[1003]],
        );
    }
    let shapes: [(&[usize], &[usize], &[usize]); 7] = [
        (&[777], &[777], &[777]),
        (&[20, 7], &[20, 7], &[7]),
        (&[3, 4, 200], &[4, 1], &[3, 4, 200]),
        (&[3, 5, 6, 6], &[3, 5, 6, 6], &[5, 1, 1]),
        (&[40, 300], &[40, 1], &[1, 300]),
        (&[2, 3, 1, 5], &[1], &[2, 1, 1, 5]),
        (&[1], &[1], &[]),
    ];
    for f in BINARY {
        for (shape, a, b) in shapes {
            check(
                &program(2, |p| {
                    let size = p.unary(Unary::Abs, 0);
                    let one = p.constant(1.0);
                    let a = if f == Binary::Pow { p.binary(Binary::Add, size, one) } else { 0 };
                    let b = if f == Binary::Div { p.unary(Unary::Exp, 1) } else { 1 };
                    vec![p.binary(f, a, b)]
                }),
                shape,
                &[a, b],
            );
        }
    }
}

#[test]
fn programs_of_several_outputs() {
    // momentum: v ← μv + g, w ← w − ηv
    let momentum = program(3, |p| {
        let (mu, eta) = (p.constant(0.9), p.constant(0.01));
        let decayed = p.binary(Binary::Mul, mu, 2);
        let v = p.binary(Binary::Add, decayed, 1);
        let step = p.binary(Binary::Mul, eta, v);
        vec![p.binary(Binary::Sub, 0, step), v]
    });
    check(&momentum, &[5000], &[&[5000], &[5000], &[5000]]);
    let mixed = program(2, |p| {
        let c = p.constant(3.0);
        let y = p.select(0, 1, c);
        vec![y, y, 0, c]
    });
    check(&mixed, &[40_000], &[&[40_000], &[40_000]]);
    // a normalisation within bounds, and what comes back through it: several instructions a pass
    let bounded = program(6, |p| {
        let scaled = p.binary(Binary::Mul, 0, 1);
        let line = p.binary(Binary::Add, 2, scaled);
        let relu = p.unary(Unary::Relu, line);
        let (zero, most) = (p.constant(0.0), p.constant(0.6));
        let y = p.binary(Binary::Min, relu, most);
        let above = p.binary(Binary::Sub, relu, most);
        let below = p.select(above, zero, 3);
        let slope = p.select(relu, below, zero);
        let centred = p.binary(Binary::Sub, 0, 4);
        let normed = p.binary(Binary::Mul, 5, centred);
        let product = p.binary(Binary::Mul, slope, normed);
        vec![y, p.binary(Binary::Sub, 3, product), slope]
    });
    let (full, channel) = ([3, 5, 7, 30], [5, 1, 1]);
    check(&bounded, &full, &[&full, &channel, &channel, &full, &channel, &channel]);
    check(&bounded, &[2, 3, 5], &[&[2, 3, 5], &[3, 1], &[], &[2, 3, 5], &[1], &[5]]);
    let many = program(1, |p| {
        let powers: Vec<_> = (0..15)
            .map(|i| {
                let c = p.constant(f64::from(i));
                p.binary(Binary::Add, 0, c)
            })
            .collect();
        let sum = powers.into_iter().reduce(|a, b| p.binary(Binary::Max, a, b)).unwrap();
        vec![sum]
    });
    check(&many, &[100], &[&[100]]);
}

#[test]
fn functions_keep_their_precision_everywhere() {
    let xs: Vec<f32> = (-20_000..20_000)
        .map(|i| i as f32 * 0.004)
        .chain((1..100).flat_map(|i| [1e-6 * i as f32, -1e-5 * i as f32]))
        .collect();
    for f in UNARY {
        let map = Map::prepare(
            &program(1, |p| vec![p.unary(f, 0)]),
            &Shape::from([xs.len()]),
            &[[xs.len()].into()],
            Isa::best(),
        )
        .unwrap();
        let mut y = vec![0.0; xs.len()];
        map.run(&Workers::new(1), &[Source::Slice(&xs)], &mut [&mut y]);
        for (&x, &y) in xs.iter().zip(&y) {
            let expected = f.evaluate(f64::from(x));
            let tiny = expected.abs() < f64::from(f32::MIN_POSITIVE) && y == 0.0 || f64::from(y) == expected;
            let error = (f64::from(y) - expected).abs() / expected.abs().max(1e-37);
            assert!(tiny || error < 1e-6 || (y.is_nan() && expected.is_nan()), "{f:?}({x}) = {y}, not {expected}");
        }
    }
}

#[test]
fn special_values() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let xs = [0.0, inf, -inf, nan, 1e30, -1e30, 100.0, -100.0];
    for isa in Isa::all() {
        for f in UNARY {
            let map = Map::prepare(&program(1, |p| vec![p.unary(f, 0)]), &[8].into(), &[[8].into()], isa).unwrap();
            let mut y = [0.0; 8];
            map.run(&Workers::new(1), &[Source::Slice(&xs)], &mut [&mut y]);
            for (x, y) in xs.into_iter().zip(y) {
                let expected = f.evaluate(f64::from(x)) as f32;
                let flushed = expected.abs() < f32::MIN_POSITIVE && y == 0.0;
                let equal = y == expected || (y - expected).abs() <= 1e-6 * expected.abs();
                assert!(
                    flushed || equal || (y.is_nan() && expected.is_nan()),
                    "{f:?}({x}) = {y}, not {expected} ({isa})"
                );
            }
        }
    }
}
