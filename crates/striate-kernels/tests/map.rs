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

/// Against sums in f64; each full input in place of each output that is kept; and sample by sample.
#[track_caller]
fn check_sums(program: &Program, shape: [usize; 3], inputs: &[&[usize]], summed: &[bool]) {
    let [batch, channels, inner] = shape;
    let shape = Shape::from(shape);
    let shapes: Vec<Shape> = inputs.iter().map(|s| Shape::from(*s)).collect();
    let data: Vec<_> = shapes.iter().enumerate().map(|(i, s)| normals(&i.to_string(), s.elements())).collect();
    let n = shape.elements();
    let (mut expected, mut totals) = (vec![vec![0.0; n]; summed.len()], vec![vec![0.0; channels]; summed.len()]);
    for at in 0..n {
        let values: Vec<f64> = data.iter().zip(&shapes).map(|(d, s)| f64::from(d[element(&shape, s, at)])).collect();
        for (o, value) in program.evaluate(&values).into_iter().enumerate() {
            expected[o][at] = value;
            totals[o][at / inner % channels] += value;
        }
    }
    let of = |all: &[Vec<f64>], which: bool| -> Vec<Vec<f64>> {
        all.iter().zip(summed).filter(|&(_, &s)| s == which).map(|(x, _)| x.clone()).collect()
    };
    let (expected, totals) = (of(&expected, false), of(&totals, true));
    let kept: Vec<usize> = (0..summed.len()).filter(|&o| !summed[o]).collect();
    for isa in Isa::all() {
        let label = format!("{program} {shape} {summed:?} {isa}");
        let map = MapSums::prepare(program, &shape, &shapes, summed, 1, isa).unwrap();
        let run = |sources: &[Source<'_>], mut outputs: Vec<Vec<f32>>| {
            let mut sums = vec![vec![f32::NAN; channels]; totals.len()];
            let mut partials = vec![f32::NAN; map.partials_len(map.chunks())];
            let mut out: Vec<&mut [f32]> = outputs.iter_mut().map(|o| &mut o[..]).collect();
            let mut to: Vec<&mut [f32]> = sums.iter_mut().map(|o| &mut o[..]).collect();
            map.run(&Workers::new(2), sources, &mut out, &mut to, &mut partials);
            (outputs, sums)
        };
        let sources: Vec<_> = data.iter().map(|d| Source::Slice(d)).collect();
        let (outputs, sums) = run(&sources, vec![vec![f32::NAN; n]; kept.len()]);
        outputs.iter().zip(&expected).for_each(|(o, e)| close(&label, o, e, 2e-6));
        sums.iter().zip(&totals).for_each(|(o, e)| close(&label, o, e, 1e-5));
        for input in (0..inputs.len()).filter(|&i| shapes[i] == shape) {
            for number in 0..kept.len() {
                if kept.iter().any(|&o| o != kept[number] && program.outputs()[o] == input) {
                    continue;
                }
                let mut sources = sources.clone();
                sources[input] = Source::Output(number);
                let mut before = vec![vec![f32::NAN; n]; kept.len()];
                before[number].copy_from_slice(&data[input]);
                let same = run(&sources, before) == (outputs.clone(), sums.clone());
                assert!(same, "{label}: input {input} in place of output {number}");
            }
        }
        if kept.len() == 1 && shapes[0] == shape {
            let (mut whole, sample) = (data[0].clone(), channels * inner);
            let mut partials = vec![f32::NAN; map.partials_len(batch)];
            let places = Parts::new(&mut partials[..]);
            let mut sources = sources.clone();
            sources[0] = Source::Output(0);
            for (number, part) in whole.chunks_mut(sample).enumerate() {
                let start = number * sample;
                let block = Block { start, sample: number, channel: 0, position: 0, part: 0, worker: 0 };
                map.run_part(block, &sources, part, 1, &places);
            }
            let mut sums = vec![vec![f32::NAN; channels]; totals.len()];
            let mut to: Vec<&mut [f32]> = sums.iter_mut().map(|o| &mut o[..]).collect();
            map.finish(&Workers::new(1), batch, &partials, &mut to);
            assert!(whole == outputs[0], "{label}: part by part");
            sums.iter().zip(&totals).for_each(|(o, e)| close(&label, o, e, 1e-5));
        }
    }
}

#[test]
fn sums_of_channels_in_any_order_and_place() {
    for inner in [1, 31, 33, 513] {
        let shape = [3, 5, inner];
        let (full, channel): (&[usize], &[usize]) = (&shape, &[5, 1]);
        // what comes back through a normalisation; its outputs in several orders
        for (order, summed) in
            [([0, 0, 1], [false, true, true]), ([1, 0, 0], [true, false, true]), ([1, 0, 0], [true, true, false])]
        {
            let slopes = program(4, |p| {
                let slope = p.binary(Binary::Mul, 1, 2);
                let centred = p.binary(Binary::Sub, 0, 3);
                let product = p.binary(Binary::Mul, slope, centred);
                order.map(|o| [slope, product][o]).to_vec()
            });
            check_sums(&slopes, shape, &[full, full, channel, channel], &summed);
        }
        // of s·x: the slope of s is summed and comes first, that of x is kept
        let scaled = program(3, |p| vec![p.binary(Binary::Mul, 0, 1), p.binary(Binary::Mul, 0, 2)]);
        check_sums(&scaled, shape, &[full, full, channel], &[true, false]);
        let scalars = program(3, |p| vec![p.binary(Binary::Mul, 1, 2), 0]);
        check_sums(&scalars, shape, &[full, channel, &[]], &[true, false]);
    }
}

#[test]
fn joined_passes_give_special_values_as_single_instructions_do() {
    let special = [0.0f32, -0.0, 1.5, -2.0, 6.5, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX];
    let n = special.len();
    let column = |stride: usize| (0..n * n * n).map(|i| special[i / stride % n]).collect::<Vec<_>>();
    let (a, b, c) = (column(1), column(n), column(n * n));
    type Build = fn(&mut ProgramBuilder) -> Vec<Register>;
    // the registers in the middle first, the joined one last
    let programs: [Build; 7] = [
        |p| {
            let m = p.binary(Binary::Mul, 0, 1);
            vec![m, p.binary(Binary::Add, m, 2)]
        },
        |p| {
            let m = p.binary(Binary::Mul, 0, 1);
            vec![m, p.binary(Binary::Add, 2, m)]
        },
        |p| {
            let m = p.binary(Binary::Mul, 0, 1);
            vec![m, p.binary(Binary::Sub, 2, m)]
        },
        |p| {
            let d = p.binary(Binary::Sub, 0, 1);
            vec![d, p.binary(Binary::Mul, d, 2)]
        },
        |p| {
            let r = p.unary(Unary::Relu, 0);
            vec![r, p.binary(Binary::Min, r, 1)]
        },
        |p| {
            let r = p.unary(Unary::Relu, 0);
            vec![r, p.select(r, 1, 2)]
        },
        |p| {
            let (zero, r) = (p.constant(0.0), p.unary(Unary::Relu, 0));
            let above = p.binary(Binary::Sub, r, 1);
            let below = p.select(above, zero, 2);
            vec![r, above, below, p.select(r, below, zero)]
        },
    ];
    for (number, build) in programs.into_iter().enumerate() {
        let shape = Shape::from([a.len()]);
        let inputs = [shape.clone(), shape.clone(), shape.clone()];
        let last = |program: &Program| -> Vec<Vec<u32>> {
            Isa::all()
                .into_iter()
                .map(|isa| {
                    let map = Map::prepare(program, &shape, &inputs, isa).unwrap();
                    let mut outputs = vec![vec![0.5f32; a.len()]; program.outputs().len()];
                    let mut slices: Vec<&mut [f32]> = outputs.iter_mut().map(|o| &mut o[..]).collect();
                    map.run(&Workers::new(1), &[Source::Slice(&a), Source::Slice(&b), Source::Slice(&c)], &mut slices);
                    let bits = |x: &f32| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() };
                    outputs.last().unwrap().iter().map(bits).collect()
                })
                .collect()
        };
        let apart = program(3, build);
        let joined = apart.returning(vec![*apart.outputs().last().unwrap()]);
        assert!(last(&apart) == last(&joined), "program {number}: {joined}");
    }
}
