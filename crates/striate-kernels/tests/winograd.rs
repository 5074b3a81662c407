//! Winograd's variants: their rounding errors, what they decline, and that they are not taken where they must not be.

mod common;

use common::*;
use striate_kernels::*;

fn only(variant: &str) -> ConvOptions {
    ConvOptions { variant: Some(variant.into()), ..ConvOptions::default() }
}

/// Errors relative to the greatest element, of `y` and `∂x` below `data`, of `∂w` below `weight`.
#[track_caller]
fn check(text: &str, variant: &str, data: f64, weight: f64) {
    let (g, workers, isa) = (case(text), Workers::new(2), Isa::best());
    // as after a relu, so that nothing cancels
    let x: Vec<f32> = normals("x", g.batch * g.in_channels * g.pixels()).iter().map(|x| x.max(0.0)).collect();
    let (w, bias) = (normals("w", g.rows() * g.taps()), normals("b", g.out_channels));
    let dy = normals("dy", g.batch * g.out_channels * g.positions());
    let expected = convolve(&g, &x, &w, &bias, &dy);
    let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), w.clone());
    let conv = Forward::prepare(&g, isa, &only(variant)).unwrap();
    let mut room = vec![f32::NAN; conv.scratch_len(2)];
    conv.run(&workers, &x, Weights::Plain(&w), Some(&bias), Epilogue::NONE, &mut y, &mut room);
    close(&format!("{text} y {variant}"), &y, &expected.y, data);
    let conv = GradInput::prepare(&g, isa, &only(variant)).unwrap();
    let mut room = vec![f32::NAN; conv.scratch_len(2)];
    conv.run(&workers, &dy, Weights::Plain(&w), None, Epilogue::NONE, &mut dx, &mut room);
    close(&format!("{text} dx {variant}"), &dx, &expected.grad_x, data);
    let conv = GradWeight::prepare(&g, isa, &only(variant)).unwrap();
    conv.run(&workers, &x, &dy, &mut dw, &mut vec![f32::NAN; conv.scratch_len(2)]);
    close(&format!("{text} dw {variant}"), &dw, &expected.grad_w, weight);
    if std::env::var_os("SHOW_ERRORS").is_some() {
        let error = |found: &[f32], expected: &[f64]| {
            let scale = expected.iter().fold(0.0f64, |a, b| a.max(b.abs()));
            found.iter().zip(expected).fold(0.0f64, |a, (&f, e)| a.max((f64::from(f) - e).abs())) / scale
        };
        let errors = [error(&y, &expected.y), error(&dx, &expected.grad_x), error(&dw, &expected.grad_w)];
        println!("{text} {variant}: y {:.1e}, dx {:.1e}, dw {:.1e}", errors[0], errors[1], errors[2]);
    }
}

#[test]
fn errors_stay_below_what_the_documentation_says() {
    for text in [
        "n2 c512 7x7 -> o24 k3 p1",
        "n2 c24 8x8 -> o512 k3 p1",
        "n16 c8 32x32 -> o12 k3 p1",
        "n4 c64 28x28 -> o32 k3 p1",
        "n1 c16 64x64 -> o16 k3",
    ] {
        check(text, "winograd4", 1e-5, 3e-5);
        check(text, "winograd2", 3e-6, 1e-5);
    }
    for text in [
        "n2 c256 256 -> o24 k7 s2 p3",
        "n3 c24 100 -> o256 k7 s2 p3",
        "n16 c16 512 -> o16 k3 p1",
        "n4 c64 130 -> o32 k8 s2 p2",
        "n1 c16 1000 -> o16 k5 s3",
    ] {
        check(text, "winograd_line", 5e-6, 1e-5);
    }
}

#[test]
fn lines_take_what_is_worth_it() {
    for (text, taken) in [
        ("n32 c32 2048 -> o64 k7 s2 p3", true),
        ("n8 c64 512 -> o64 k3 p1", true),
        ("n8 c16 512 -> o16 k3 p1", false),
        ("n8 c32 100 -> o32 k3 s2 p1", false),
        ("n1 c1 4096 -> o32 k7 s2 p3", false),
        ("n8 c64 100 -> o64 k9 s2 p4", false),
    ] {
        let options = ConvOptions::default();
        let found = [
            Forward::prepare(&case(text), Isa::best(), &options).unwrap().variant(),
            GradInput::prepare(&case(text), Isa::best(), &options).unwrap().variant(),
            GradWeight::prepare(&case(text), Isa::best(), &options).unwrap().variant(),
        ];
        assert_eq!(found, [if taken { "winograd_line" } else { "direct" }; 3], "{text}");
    }
}

#[test]
fn lines_of_any_size_stride_and_padding_are_right() {
    for kernel in 2..=8usize {
        for stride in kernel.div_ceil(4)..kernel.min(5) {
            for (size, before, after) in [(8, 0, 0), (9, 1, 0), (30, 3, 2), (67, 0, kernel), (5, kernel, kernel - 1)] {
                if stride * 3 + kernel > 16 || size + before + after < kernel {
                    continue;
                }
                for (batch, channels) in [(1, "c3 -> o5"), (5, "c16 -> o9"), (2, "c8 -> o12 g2")] {
                    let (ins, outs) = channels.split_once(" -> ").unwrap();
                    let text = format!("n{batch} {ins} {size} -> {outs} k{kernel} s{stride} p{before}:{after}");
                    check(&text, "winograd_line", 1e-5, 1e-5);
                }
            }
        }
    }
}

#[test]
fn exact_results_come_from_other_variants() {
    let g = case("n8 c64 28x28 -> o64 k3 p1");
    let exact = ConvOptions { exact: true, ..ConvOptions::default() };
    let found = |options: &ConvOptions| {
        [
            Forward::prepare(&g, Isa::best(), options).unwrap().variant(),
            GradInput::prepare(&g, Isa::best(), options).unwrap().variant(),
            GradWeight::prepare(&g, Isa::best(), options).unwrap().variant(),
        ]
    };
    assert_eq!(found(&exact), ["direct"; 3]);
    assert_eq!(found(&ConvOptions::default()), ["winograd4"; 3]);
    let both = ConvOptions { exact: true, ..only("winograd4") };
    let error = Forward::prepare(&g, Isa::best(), &both).unwrap_err();
    assert!(error.to_string().contains("exact results are asked for"), "{error}");
}

#[test]
fn other_kernels_are_declined_with_the_reason() {
    for (text, reason) in [
        ("n2 c8 20x20 -> o8 k5", "not a 3×3 kernel over two axes"),
        ("n2 c8 20 -> o8 k3", "not a 3×3 kernel over two axes"),
        ("n2 c8 20x20 -> o8 k3 s2", "stride and dilation are not 1"),
        ("n2 c8 20x20 -> o8 k3 d2", "stride and dilation are not 1"),
        ("n2 c3 20x20 -> o2 k3 t0,1/2", "a table connects the channels"),
        ("n2 c8 3x20x20 -> o8 k1x3x3", "not a 3×3 kernel over two axes"),
    ] {
        let conv = Forward::prepare(&case(text), Isa::best(), &ConvOptions::default()).unwrap();
        let refused = conv.refused();
        assert!(refused.iter().any(|(name, why)| *name == "winograd4" && why == reason), "{text}: {refused:?}");
    }
    let conv = Forward::prepare(&case("n1 c1 28x28 -> o4 k3"), Isa::best(), &ConvOptions::default()).unwrap();
    let cheaper = |(name, why): &(&str, String)| *name == "winograd4" && why.contains("direct is cheaper");
    assert!(conv.refused().iter().any(cheaper), "{:?}", conv.refused());
}
