//! Case strings, numbers and the plain reference that the tests share.
#![allow(dead_code, unreachable_pub)] // each test file uses its own part

use striate_tensor::{Connections, ConvGeometry, Rng, Window};

/// A case: `n2 c4 9x7 -> o8 k3x2 s2x1 p1x0 d1 g2`. After `p` the padding before and after each axis may differ
/// (`p1:0x2`); `t` with rows of inputs (`t0,1/1,2`) is a connection table; `flip` mirrors the kernel.
#[track_caller]
pub fn case(text: &str) -> ConvGeometry {
    let number = |s: &str| s.parse::<usize>().unwrap_or_else(|_| panic!("`{s}` in `{text}`"));
    let (input, rest) = text.split_once("->").expect("an arrow");
    let mut sizes = vec![];
    let (mut batch, mut channels, mut out) = (1, 1, 1);
    for word in input.split_whitespace() {
        match word.split_at(1) {
            ("n", n) => batch = number(n),
            ("c", c) => channels = number(c),
            _ => sizes = word.split('x').map(number).collect(),
        }
    }
    let rank = sizes.len();
    let axes = |s: &str| -> Vec<usize> {
        let all: Vec<_> = s.split('x').map(number).collect();
        if all.len() == 1 { vec![all[0]; rank] } else { all }
    };
    let (mut kernel, mut stride, mut dilation) = (vec![1; rank], vec![1; rank], vec![1; rank]);
    let mut padding = vec![(0, 0); rank];
    let (mut connections, mut flipped) = (Connections::Groups(1), false);
    for word in rest.split_whitespace() {
        if word == "flip" {
            flipped = true;
            continue;
        }
        match word.split_at(1) {
            ("o", o) => out = number(o),
            ("k", k) => kernel = axes(k),
            ("s", s) => stride = axes(s),
            ("d", d) => dilation = axes(d),
            ("g", g) => connections = Connections::Groups(number(g)),
            ("t", t) => {
                let row = |r: &str| r.split(',').map(number).collect();
                connections = Connections::Table(t.split('/').map(row).collect());
            }
            ("p", p) => {
                let one =
                    |s: &str| s.split_once(':').map_or_else(|| (number(s), number(s)), |(a, b)| (number(a), number(b)));
                let all: Vec<_> = p.split('x').map(one).collect();
                padding = if all.len() == 1 { vec![all[0]; rank] } else { all };
            }
            _ => panic!("`{word}` in `{text}`"),
        }
    }
    let window = |a: usize| Window {
        input: sizes[a],
        kernel: kernel[a],
        stride: stride[a],
        dilation: dilation[a],
        before: padding[a].0,
        after: padding[a].1,
    };
    let windows = (0..rank).map(window).collect();
    ConvGeometry { batch, in_channels: channels, out_channels: out, windows, connections, flipped }
}

/// Small integers, so that sums of products are exact in any order.
pub fn integers(name: &str, len: usize) -> Vec<f32> {
    let rng = Rng::new(7).stream(name);
    (0..len).map(|i| rng.below(i as u64, 9) as f32 - 4.0).collect()
}

/// Normal numbers.
pub fn normals(name: &str, len: usize) -> Vec<f32> {
    let rng = Rng::new(8).stream(name);
    (0..len).map(|i| rng.normal(i as u64)).collect()
}

/// The three passes by the definition, in f64.
pub struct Reference {
    pub y: Vec<f64>,
    pub grad_x: Vec<f64>,
    pub grad_w: Vec<f64>,
}

pub fn convolve(g: &ConvGeometry, x: &[f32], w: &[f32], bias: &[f32], grad_y: &[f32]) -> Reference {
    let (p, q, t) = (g.positions(), g.pixels(), g.taps());
    let mut y: Vec<f64> = (0..g.batch * g.out_channels * p).map(|i| f64::from(bias[i / p % g.out_channels])).collect();
    let (mut grad_x, mut grad_w) = (vec![0.0; x.len()], vec![0.0; w.len()]);
    g.each_product(|link, sample, position, tap, pixel| {
        let xi = (sample * g.in_channels + link.input) * q + pixel;
        let yi = (sample * g.out_channels + link.output) * p + position;
        let wi = link.row * t + tap;
        let (x, w, dy) = (f64::from(x[xi]), f64::from(w[wi]), f64::from(grad_y[yi]));
        y[yi] += x * w;
        grad_x[xi] += w * dy;
        grad_w[wi] += x * dy;
    });
    Reference { y, grad_x, grad_w }
}

/// Equal to the last bit (−0 = 0).
#[track_caller]
pub fn same(what: &str, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    if let Some(i) = (0..found.len()).find(|&i| f64::from(found[i]) != expected[i]) {
        panic!("{what}: element {i} of {} is {} instead of {}", found.len(), found[i], expected[i]);
    }
}

/// Equal within `tolerance` of the greatest magnitude.
#[track_caller]
pub fn close(what: &str, found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-30f64, |a, b| a.max(b.abs()));
    for (i, (&f, &e)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(f) - e).abs() <= tolerance * scale, "{what}: element {i} is {f} instead of {e}");
    }
}
