//! Spectra: their rounding errors, what they decline, and where they are taken.

mod common;

use common::*;
use striate_kernels::*;

fn only(variant: &str) -> ConvOptions {
    ConvOptions { variant: Some(variant.into()), ..ConvOptions::default() }
}

/// Errors of all three passes relative to the greatest element of each.
#[track_caller]
fn check(text: &str) {
    let (g, workers, isa) = (case(text), Workers::new(2), Isa::best());
    // as after a relu, so that nothing cancels
    let x: Vec<f32> = normals("x", g.batch * g.in_channels * g.pixels()).iter().map(|x| x.max(0.0)).collect();
    let (w, bias) = (normals("w", g.rows() * g.taps()), normals("b", g.out_channels));
    let dy = normals("dy", g.batch * g.out_channels * g.positions());
    let expected = convolve(&g, &x, &w, &bias, &dy);
    let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), w.clone());
    let conv = Forward::prepare(&g, isa, &only("fft")).unwrap();
    let mut room = vec![f32::NAN; conv.scratch_len(2)];
    conv.run(&workers, &x, Weights::Plain(&w), Some(&bias), Epilogue::NONE, &mut y, &mut room);
    close(&format!("{text} y"), &y, &expected.y, 1e-5);
    let conv = GradInput::prepare(&g, isa, &only("fft")).unwrap();
    let mut room = vec![f32::NAN; conv.scratch_len(2)];
    conv.run(&workers, &dy, Weights::Plain(&w), None, Epilogue::NONE, &mut dx, &mut room);
    close(&format!("{text} dx"), &dx, &expected.grad_x, 1e-5);
    let conv = GradWeight::prepare(&g, isa, &only("fft")).unwrap();
    conv.run(&workers, &x, &dy, &mut dw, &mut vec![f32::NAN; conv.scratch_len(2)]);
    close(&format!("{text} dw"), &dw, &expected.grad_w, 1e-5);
}

#[test]
fn errors_stay_below_what_the_documentation_says() {
    for text in [
        "n2 c3 64x64 -> o3 k31 p15 g3",
        "n1 c1 100x90 -> o1 k63",
        "n4 c16 28x28 -> o12 k7 p3",
        "n2 c64 16x16 -> o4 k9 p4",
        "n70 c20 20x20 -> o24 k5 p2",
    ] {
        check(text);
    }
}

/// Every length of a series up to a hundred, in the height as in the width.
#[test]
fn every_size_is_transformed() {
    for size in (2..100).step_by(3) {
        check(&format!("n1 c1 {size}x{} -> o1 k3 p1", 102 - size));
    }
}

#[test]
fn large_kernels_take_them_and_exact_results_do_not() {
    let g = case("n2 c8 64x64 -> o8 k31 p15 g8");
    let found = |options: &ConvOptions| {
        [
            Forward::prepare(&g, Isa::best(), options).unwrap().variant(),
            GradInput::prepare(&g, Isa::best(), options).unwrap().variant(),
            GradWeight::prepare(&g, Isa::best(), options).unwrap().variant(),
        ]
    };
    assert_eq!(found(&ConvOptions::default()), ["fft"; 3]);
    assert_eq!(found(&ConvOptions { exact: true, ..ConvOptions::default() }), ["direct"; 3]);
    for (text, reason) in [
        ("n2 c8 40 -> o8 k31", "over one axis"),
        ("n2 c8 64x64 -> o8 k31 s2", "stride and dilation are not 1"),
        ("n2 c3 40x40 -> o2 k15 t0,1/2", "a table connects the channels"),
        ("n2 c8 20x20 -> o8 k5 p2", "direct is cheaper"),
    ] {
        let conv = Forward::prepare(&case(text), Isa::best(), &ConvOptions::default()).unwrap();
        let refused = conv.refused();
        assert!(refused.iter().any(|(name, why)| *name == "fft" && why.contains(reason)), "{text}: {refused:?}");
    }
}
