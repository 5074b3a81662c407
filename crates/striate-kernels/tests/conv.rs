//! Every variant of every pass, on every instruction set, with one to four workers, against the definition.

mod common;

use common::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use striate_kernels::*;

const CASES: &[&str] = &[
    // one axis
    "n2 c3 17 -> o5 k3",
    "n3 c2 40 -> o6 k7 s2 p3",
    "n1 c4 33 -> o8 k5 d3 p6 g2",
    "n2 c2 9 -> o2 k4 s3 p2:1 flip",
    "n1 c1 700 -> o3 k5 p2",
    "n2 c9 40 -> o7 k5 s2 p2 flip",
    "n2 c4 300 -> o8 k7 s2 p3 g2",
    // two axes
    "n1 c1 1x1 -> o1 k1",
    "n9 c1 28x28 -> o6 k5 p2",
    "n5 c6 14x14 -> o16 k5",
    "n2 c6 14x14 -> o4 k5 t0,1,2/1,2,3,5/0,4/0,1,2,3,4,5",
    "n2 c3 6x5 -> o3 k3 p1 t0/2,1/1 flip",
    "n2 c4 9x7 -> o8 k3x2 s2x1 p1x0 d1 g2",
    "n1 c3 8x8 -> o7 k3 p1",
    "n2 c5 11x13 -> o10 k3 s2 p1",
    "n2 c5 12x12 -> o11 k3 s2 p0:1",
    "n2 c4 8x9 -> o9 k1",
    "n2 c4 8x9 -> o12 k1 s2",
    "n2 c6 8x9 -> o5 k1 s3x2 p1",
    "n1 c2 4x4 -> o7 k1 p10",
    "n2 c3 8 -> o2 k3 p12",
    "n3 c2 5x7 -> o6 k3 s2 p7",
    "n2 c3 16x16 -> o13 k7 s2 p3",
    "n17 c8 4x4 -> o16 k3 p1",
    "n6 c4 2x2 -> o6 k3 p1",
    "n3 c16 9x9 -> o17 k3 p1 flip",
    "n2 c8 12x10 -> o8 k3 p1 g8",
    "n2 c8 12x10 -> o16 k3 s2 p1 g8",
    "n2 c6 7x7 -> o9 k3 p2 d2 g3",
    "n1 c2 15x15 -> o2 k3 d4 p4 s3",
    "n1 c2 5x5 -> o2 k2 p3",
    "n1 c2 5x6 -> o3 k2 s4",
    "n1 c2 4x4 -> o2 k3 p5 s2",
    "n1 c1 3x3 -> o1 k5 p1",
    "n1 c32 16x16 -> o40 k3 p1",
    "n1 c8 64x40 -> o8 k3 p1",
    "n1 c16 100x70 -> o4 k3 s2 p1",
    // what Winograd's variants take
    "n2 c8 9x11 -> o8 k3",
    "n3 c5 8x13 -> o6 k3 p2",
    "n2 c9 7x7 -> o5 k3 p2:0x0:1",
    "n5 c3 3x3 -> o2 k3",
    "n4 c7 1x2 -> o9 k3 p1 flip",
    "n2 c3 3x3 -> o4 k3 p5",
    "n13 c17 14x14 -> o33 k3 p1",
    "n2 c12 20x37 -> o20 k3 p1 g2",
    "n1 c40 6x140 -> o36 k3 p1",
    "n33 c16 4x4 -> o24 k3 p1",
    "n7 c9 33x30 -> o10 k3 p1",
    // pointwise
    "n2 c9 8x9 -> o13 k1",
    "n1 c24 14x14 -> o40 k1",
    "n9 c40 7x7 -> o9 k1 flip",
    "n1 c300 7x7 -> o16 k1",
    "n2 c16 5x5 -> o270 k1",
    "n5 c12 40x30 -> o8 k1",
    "n1 c128 20x30 -> o64 k1",
    "n3 c17 1x1 -> o24 k1",
    "n33 c8 1x1 -> o9 k1",
    "n3 c10 9x9 -> o12 k1 s2",
    "n3 c10 9x14 -> o65 k1 s2",
    "n2 c16 16x33 -> o20 k1 s2",
    "n1 c8 7x20 -> o8 k1 s3x1",
    "n2 c8 3x4x10 -> o11 k1 s1x1x2",
    "n1 c8 4x5x6 -> o8 k1",
    "n2 c20 31 -> o12 k1 s2",
    // depthwise
    "n2 c3 7x7 -> o3 k3 p1 g3",
    "n1 c4 6x9 -> o8 k3 p0:2x1:0 g4",
    "n2 c3 5x18 -> o9 k3 p2x1 g3 flip",
    "n2 c5 1x1 -> o5 k3 p1 g5",
    "n3 c2 2x3 -> o2 k5 p2 g2",
    "n1 c3 20x41 -> o3 k5 p2 g3",
    "n1 c2 9x16 -> o6 k5 p0:1x4 g2",
    "n2 c3 14x14 -> o3 k3 s2 p1 g3",
    "n2 c3 7x7 -> o3 k3 s2 p1 g3",
    "n1 c4 15x34 -> o8 k3 s2 p0:1 g4 flip",
    "n1 c3 10x33 -> o3 k3 s2 p2x0 g3",
    "n2 c2 12x13 -> o2 k5 s2 p2 g2",
    "n1 c2 17x40 -> o4 k5 s2 p1x3 g2",
    "n1 c2 4x2 -> o2 k5 s2 p4 g2",
    "n1 c2 70x130 -> o2 k3 p1 g2",
    "n1 c2 90x130 -> o2 k5 s2 p2 g2",
    "n7 c2 3x3 -> o2 k3 s2 p0 g2",
    "n2 c3 9x70 -> o6 k3 s2 p1 g3",
    "n2 c3 6x28 -> o3 k3 p1 g3",
    "n1 c2 5x13 -> o6 k3 p1 g2",
    // large kernels, as spectra take them
    "n2 c3 32x32 -> o3 k15 p7 g3",
    "n3 c4 20x17 -> o6 k7x9 p3x4 g2 flip",
    "n1 c2 9x11 -> o5 k11 p10",
    "n5 c3 12x30 -> o7 k9x8 p0:3x2:0",
    "n2 c2 40x21 -> o2 k31x7 p15x3 g2",
    // three axes
    "n2 c2 5x6x7 -> o3 k3x2x3 p1x0x1",
    "n1 c3 4x5x9 -> o4 k2 s2 g1",
    "n2 c4 6x6x6 -> o4 k3 s2x1x2 p1 d1x2x1 g2 flip",
];

fn each_case(check: impl Fn(&str, Isa, &Workers)) {
    let pools: Vec<_> = (1..=4).map(Workers::eager).collect();
    for text in CASES {
        for isa in Isa::all() {
            for workers in &pools {
                check(text, isa, workers);
            }
        }
    }
}

/// Scratch that is full of NaN: a kernel that reads what it did not write is found out.
fn scratch(len: usize) -> Vec<f32> {
    vec![f32::NAN; len]
}

fn only(variant: &str) -> ConvOptions {
    ConvOptions { variant: Some(variant.into()), ..ConvOptions::default() }
}

/// The variant, where it takes the case; `every_variant_takes_a_case` sees that none declines all.
fn prepared<P>(_variant: &str, pass: striate_tensor::Result<P>) -> Option<P> {
    pass.ok()
}

type Numbers = fn(&str, usize) -> Vec<f32>;
type Compare = fn(&str, &[f32], &[f64]);
/// A pass with this bias and epilogue.
type Run<'a> = &'a dyn Fn(Option<&[f32]>, Epilogue<'_>) -> Vec<f32>;

fn check_all(numbers: Numbers, compare: Compare) {
    each_case(|text, isa, workers| {
        let g = case(text);
        let (p, q) = (g.positions(), g.pixels());
        let x = numbers("x", g.batch * g.in_channels * q);
        let w = numbers("w", g.rows() * g.taps());
        let bias = numbers("b", g.out_channels);
        let grad_y = numbers("dy", g.batch * g.out_channels * p);
        let expected = convolve(&g, &x, &w, &bias, &grad_y);
        let threads = workers.threads();
        let label = |pass: &str, variant: &str| format!("{text}: {pass} {variant} {isa} {threads} threads");
        for variant in Forward::variants() {
            let Some(conv) = prepared(variant, Forward::prepare(&g, isa, &only(variant))) else { continue };
            let mut y = vec![f32::NAN; grad_y.len()];
            let mut room = scratch(conv.scratch_len(threads));
            conv.run(workers, &x, Weights::Plain(&w), Some(&bias), Epilogue::NONE, &mut y, &mut room);
            compare(&label("y", variant), &y, &expected.y);
        }
        for variant in GradInput::variants() {
            let Some(conv) = prepared(variant, GradInput::prepare(&g, isa, &only(variant))) else { continue };
            let mut packed = scratch(conv.packed_len());
            conv.pack(workers, &w, &mut packed);
            let mut dx = vec![f32::NAN; x.len()];
            let mut room = scratch(conv.scratch_len(threads));
            conv.run(workers, &grad_y, Weights::Packed(&packed), None, Epilogue::NONE, &mut dx, &mut room);
            compare(&label("dx", variant), &dx, &expected.grad_x);
        }
        for variant in GradWeight::variants() {
            let Some(conv) = prepared(variant, GradWeight::prepare(&g, isa, &only(variant))) else { continue };
            let mut dw = vec![f32::NAN; w.len()];
            conv.run(workers, &x, &grad_y, &mut dw, &mut scratch(conv.scratch_len(threads)));
            compare(&label("dw", variant), &dw, &expected.grad_w);
        }
    });
}

#[test]
fn integers_agree_bit_for_bit() {
    // F(4×4, 3×3) and F(4, R) divide by three, spectra turn by irrational angles
    check_all(integers, |what, found, expected| {
        let divides = ["winograd4", "winograd_line", "fft"].iter().any(|name| what.contains(name));
        if divides { close(what, found, expected, 1e-5) } else { same(what, found, expected) }
    });
}

#[test]
fn real_numbers_agree_closely() {
    check_all(normals, |what, found, expected| close(what, found, expected, 1e-5));
}

/// Of the forward pass, and of the input gradient, which with a bias is a transposed convolution.
#[test]
fn a_limit_bounds_what_there_is_with_the_bias_and_what_is_added() {
    let workers = Workers::eager(2);
    let limits = [(Limit::None, f32::INFINITY), (Limit::Relu, f32::INFINITY), (Limit::Within(0.75), 0.75)];
    for (text, isa) in CASES.iter().flat_map(|text| Isa::all().into_iter().map(move |isa| (text, isa))) {
        let g = case(text);
        let (x, y) = (g.batch * g.in_channels * g.pixels(), g.batch * g.out_channels * g.positions());
        let w = normals("w", g.rows() * g.taps());
        let check = |what: String, channels: usize, place: usize, adds: bool, run: Run<'_>| {
            let bias = normals("b", channels);
            let plain = run(None, Epilogue::NONE);
            let biased = run(Some(&bias), Epilogue::NONE);
            let add = normals("add", plain.len());
            let sums = plain.iter().enumerate().map(|(i, &v)| f64::from(v) + f64::from(bias[i / place % channels]));
            close(&what, &biased, &sums.collect::<Vec<_>>(), 1e-5);
            for (limit, most) in limits {
                let bound = |v: f32| if v > 0.0 || matches!(limit, Limit::None) { v.min(most) } else { 0.0 };
                let bounded: Vec<f32> = biased.iter().map(|&v| bound(v)).collect();
                let epilogue = Epilogue { limit, ..Epilogue::NONE };
                assert!(run(Some(&bias), epilogue) == bounded, "{what}: {limit:?}");
                if adds {
                    let added: Vec<f32> = biased.iter().zip(&add).map(|(&v, &add)| bound(v + add)).collect();
                    let epilogue = Epilogue { add: Some(&add), ..epilogue };
                    assert!(run(Some(&bias), epilogue) == added, "{what}: {limit:?} of a sum");
                }
            }
        };
        for variant in Forward::variants() {
            let Some(conv) = prepared(variant, Forward::prepare(&g, isa, &only(variant))) else { continue };
            let input = normals("x", x);
            check(
                format!("{text}: y {variant} {isa}"),
                g.out_channels,
                g.positions().max(1),
                conv.adds(),
                &|bias, epilogue| {
                    let (mut out, mut room) = (vec![f32::NAN; y], scratch(conv.scratch_len(2)));
                    conv.run(&workers, &input, Weights::Plain(&w), bias, epilogue, &mut out, &mut room);
                    out
                },
            );
        }
        for variant in GradInput::variants() {
            let Some(conv) = prepared(variant, GradInput::prepare(&g, isa, &only(variant))) else { continue };
            let input = normals("dy", y);
            check(
                format!("{text}: dx {variant} {isa}"),
                g.in_channels,
                g.pixels().max(1),
                conv.adds(),
                &|bias, epilogue| {
                    let (mut out, mut room) = (vec![f32::NAN; x], scratch(conv.scratch_len(2)));
                    conv.run(&workers, &input, Weights::Plain(&w), bias, epilogue, &mut out, &mut room);
                    out
                },
            );
        }
    }
}

#[test]
fn any_number_of_threads_and_any_width_of_registers_give_the_same_bits() {
    let pools: Vec<_> = (1..=4).map(Workers::eager).collect();
    for text in CASES {
        let g = case(text);
        let x = normals("x", g.batch * g.in_channels * g.pixels());
        let w = normals("w", g.rows() * g.taps());
        let dy = normals("dy", g.batch * g.out_channels * g.positions());
        let variants = ["winograd_line", "winograd4", "winograd2", "fft"].map(only);
        for options in [&[ConvOptions::default()], &variants[..]].concat() {
            let all = |workers: &Workers, isa: Isa| {
                let threads = workers.threads();
                let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), w.clone());
                let conv = Forward::prepare(&g, isa, &options).ok()?;
                let mut room = scratch(conv.scratch_len(threads));
                conv.run(workers, &x, Weights::Plain(&w), None, Epilogue::RELU, &mut y, &mut room);
                let conv = GradInput::prepare(&g, isa, &options).ok()?;
                let mut room = scratch(conv.scratch_len(threads));
                conv.run(workers, &dy, Weights::Plain(&w), None, Epilogue::NONE, &mut dx, &mut room);
                let conv = GradWeight::prepare(&g, isa, &options).ok()?;
                conv.run(workers, &x, &dy, &mut dw, &mut scratch(conv.scratch_len(threads)));
                Some([y, dx, dw].concat().into_iter().map(f32::to_bits).collect::<Vec<_>>())
            };
            let one = all(&pools[0], Isa::best());
            assert!(one.is_some() || options.variant.is_some(), "{text}: no variant");
            for workers in &pools[1..] {
                assert!(one == all(workers, Isa::best()), "{text} {options:?}: {} threads", workers.threads());
            }
            // the portable one rounds each product
            for isa in Isa::all().into_iter().filter(|isa| !matches!(isa, Isa::Portable(_))) {
                assert!(one == all(&pools[1], isa), "{text} {options:?}: {isa}");
            }
        }
    }
}

/// Else sums that an epilogue takes part by part would depend on the machine.
#[test]
fn epilogues_get_the_same_parts_on_every_instruction_set() {
    let workers = Workers::eager(2);
    let large = ["n8 c128 28x28 -> o128 k1", "n2 c64 28x28 -> o64 k3 p1", "n2 c32 3000 -> o32 k7 s2 p3"];
    for text in CASES.iter().chain(&large) {
        let g = case(text);
        let (p, len) = (g.positions(), g.batch * g.out_channels * g.positions());
        let x = integers("x", g.batch * g.in_channels * g.pixels());
        let w = integers("w", g.rows() * g.taps());
        for variant in Forward::variants() {
            let parts = |isa: Isa| {
                let conv = prepared(variant, Forward::prepare(&g, isa, &only(variant)))?;
                let seen = std::sync::Mutex::new(vec![]);
                // how many channels come together does not matter
                let hook = |block: Block, y: &mut [f32]| {
                    let each = y.len().min(p);
                    let channels = block.channel..block.channel + y.len() / each;
                    let parts = channels.map(|c| (block.sample, c, block.position, block.part, each));
                    seen.lock().unwrap().extend(parts);
                };
                let epilogue = Epilogue { hook: Some(&hook), ..Epilogue::NONE };
                let (mut y, mut room) = (vec![f32::NAN; len], scratch(conv.scratch_len(2)));
                conv.run(&workers, &x, Weights::Plain(&w), None, epilogue, &mut y, &mut room);
                let mut seen = seen.into_inner().unwrap();
                seen.sort_unstable();
                Some(seen)
            };
            let best = parts(Isa::best());
            for isa in Isa::all() {
                assert!(best == parts(isa), "{text}: {variant} {isa}");
            }
        }
    }
}

#[test]
fn the_hook_sees_every_element_once_after_relu() {
    each_case(|text, isa, workers| {
        let g = case(text);
        let (p, o) = (g.positions(), g.out_channels);
        let x = integers("x", g.batch * g.in_channels * g.pixels());
        let w = integers("w", g.rows() * g.taps());
        for variant in Forward::variants() {
            let Some(conv) = prepared(variant, Forward::prepare(&g, isa, &only(variant))) else { continue };
            let mut room = scratch(conv.scratch_len(workers.threads()));
            let mut plain = vec![f32::NAN; g.batch * o * p];
            conv.run(workers, &x, Weights::Plain(&w), None, Epilogue::NONE, &mut plain, &mut room);
            let seen = AtomicUsize::new(0);
            let hook = |block: Block, y: &mut [f32]| {
                assert_eq!(block.start, (block.sample * o + block.channel) * p + block.position);
                assert!(block.worker < workers.threads() && (y.len().is_multiple_of(p) || y.len() < p));
                seen.fetch_add(y.len(), Ordering::Relaxed);
                y.iter_mut().for_each(|y| *y = 2.0 * *y + 1.0);
            };
            let mut y = vec![f32::NAN; plain.len()];
            let epilogue = Epilogue { hook: Some(&hook), ..Epilogue::RELU };
            conv.run(workers, &x, Weights::Plain(&w), None, epilogue, &mut y, &mut room);
            assert_eq!(seen.into_inner(), y.len(), "{text} {variant}");
            let expected: Vec<f64> = plain.iter().map(|&y| f64::from(2.0 * y.max(0.0) + 1.0)).collect();
            same(&format!("{text} {variant}"), &y, &expected);
        }
    });
}

/// Rows that lie beside a plane in memory are read; they must not reach its outputs.
#[test]
fn what_is_beside_a_plane_does_not_reach_it() {
    let workers = Workers::new(1);
    for text in ["n2 c6 14x14 -> o6 k3 p1 g6", "n1 c7 9x30 -> o7 k5 p2 g7", "n2 c5 15x20 -> o5 k3 s2 p1 g5"] {
        let g = case(text);
        for (isa, bad) in Isa::all().into_iter().flat_map(|isa| (0..g.in_channels).map(move |bad| (isa, bad))) {
            let mut x = normals("x", g.batch * g.in_channels * g.pixels());
            let planes = x.chunks_mut(g.pixels()).enumerate();
            planes.filter(|(n, _)| n % g.in_channels == bad).for_each(|(_, plane)| plane.fill(f32::NAN));
            let w = normals("w", g.rows() * g.taps());
            let conv = Forward::prepare(&g, isa, &only("depthwise")).unwrap();
            let mut y = vec![f32::NAN; g.batch * g.out_channels * g.positions()];
            let mut room = scratch(conv.scratch_len(1));
            conv.run(&workers, &x, Weights::Plain(&w), None, Epilogue::NONE, &mut y, &mut room);
            for (n, plane) in y.chunks(g.positions()).enumerate() {
                let spoiled = plane.iter().all(|y| y.is_nan());
                let clean = plane.iter().all(|y| y.is_finite());
                assert!(if n % g.out_channels == bad { spoiled } else { clean }, "{text} {isa}: plane {n}");
            }
        }
    }
}

/// Where a variant declines, the tests above pass it by: here each must take at least one case.
#[test]
fn every_variant_takes_a_case() {
    let cases: Vec<_> = CASES.iter().map(|text| case(text)).collect();
    for variant in Forward::variants() {
        assert!(cases.iter().any(|g| Forward::prepare(g, Isa::best(), &only(variant)).is_ok()), "y {variant}");
    }
    for variant in GradInput::variants() {
        assert!(cases.iter().any(|g| GradInput::prepare(g, Isa::best(), &only(variant)).is_ok()), "dx {variant}");
    }
    for variant in GradWeight::variants() {
        assert!(cases.iter().any(|g| GradWeight::prepare(g, Isa::best(), &only(variant)).is_ok()), "dw {variant}");
    }
}

#[test]
fn an_unknown_variant_is_an_error() {
    let error = Forward::prepare(&case(CASES[0]), Isa::best(), &only("fast")).unwrap_err();
    assert!(error.to_string().contains("direct, plain"), "{error}");
}
