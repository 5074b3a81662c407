//! Times the kernels on the shapes of well-known networks: GFLOP/s (padding taps counted) and share of the multipliers'
//! peak. The best of several repetitions counts, since other programs may share the machine.
//!
//! `cargo run --release --example rates [threads [part of a name]]`

use std::hint::black_box;
use std::time::Instant;
use striate_kernels::simd::{Kernel, LANES, Simd};
use striate_kernels::*;
use striate_tensor::{Connections, ConvGeometry, Rng, Window};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments.next().map_or(1, |a| a.parse().expect("a number of threads"));
    let wanted = arguments.next().unwrap_or_default();
    let isa = Isa::from_environment().expect("STRIATE_ISA names an instruction set of this machine");
    let workers = Workers::new(threads);
    let peak = peak(isa, &workers);
    println!("{isa}, {threads} workers, multipliers' peak {peak:.1} GFLOP/s");
    let bench = Bench { isa, workers, peak, wanted };
    bench.convolutions();
}

struct Bench {
    isa: Isa,
    workers: Workers,
    peak: f64,
    wanted: String,
}

/// The best time of one call in seconds: many short stretches, so that some fall between other programs' turns.
fn best(mut call: impl FnMut()) -> f64 {
    let once = |call: &mut dyn FnMut(), times: u32| {
        let start = Instant::now();
        (0..times).for_each(|_| call());
        start.elapsed().as_secs_f64() / f64::from(times)
    };
    once(&mut call, 1);
    let times = (0.001 / once(&mut call, 1)).ceil().min(10_000.0) as u32;
    let start = Instant::now();
    let mut best = f64::INFINITY;
    for round in 0.. {
        best = best.min(once(&mut call, times));
        if round >= 5 && start.elapsed().as_millis() > 250 {
            break;
        }
    }
    best
}

fn normals(name: &str, len: usize) -> Vec<f32> {
    let rng = Rng::new(8).stream(name);
    (0..len).map(|i| rng.normal(i as u64)).collect()
}

/// Twelve independent chains of multiply-adds.
struct Chains(usize);

impl Kernel for Chains {
    type Output = f32;
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let mut sums = [simd.splat(1.0); 12];
        let (a, b) = (simd.splat(black_box(0.999)), simd.splat(black_box(0.001)));
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = simd.fma(*sum, a, b);
            }
        }
        let total = sums.into_iter().fold(simd.splat(0.0), |a, b| simd.add(a, b));
        simd.sum(total)
    }
}

fn peak(isa: Isa, workers: &Workers) -> f64 {
    const ROUNDS: usize = 100_000;
    let items = 4 * workers.threads();
    let seconds = best(|| {
        workers.run(items, |_, _| {
            black_box(isa.run(Chains(ROUNDS)));
        })
    });
    (items * ROUNDS * 12 * LANES * 2) as f64 / seconds / 1e9
}

#[allow(clippy::too_many_arguments)] // a row of a table
fn square(n: usize, c: usize, size: usize, o: usize, k: usize, s: usize, pad: usize, groups: usize) -> ConvGeometry {
    let window = Window { input: size, kernel: k, stride: s, dilation: 1, before: pad, after: pad };
    let connections = Connections::Groups(groups);
    let windows = vec![window; 2];
    ConvGeometry { batch: n, in_channels: c, out_channels: o, windows, connections, flipped: false }
}

impl Bench {
    fn convolutions(&self) {
        let shapes = [
            ("lenet c1 b64", square(64, 1, 28, 6, 5, 1, 2, 1)),
            ("lenet c2 b64", square(64, 6, 14, 16, 5, 1, 0, 1)),
            ("lenet c1 b1", square(1, 1, 28, 6, 5, 1, 2, 1)),
            ("lenet c2 b1", square(1, 6, 14, 16, 5, 1, 0, 1)),
            ("fashion 1-32 b64", square(64, 1, 28, 32, 3, 1, 0, 1)),
            ("fashion 32-64 b64", square(64, 32, 26, 64, 3, 1, 0, 1)),
            ("fashion 32-64 b1", square(1, 32, 26, 64, 3, 1, 0, 1)),
            ("3-16 32px b64", square(64, 3, 32, 16, 3, 1, 1, 1)),
            ("16-16 32px b64", square(64, 16, 32, 16, 3, 1, 1, 1)),
            ("16-32 32px s2 b64", square(64, 16, 32, 32, 3, 2, 1, 1)),
            ("16-32 1x1 s2 b64", square(64, 16, 32, 32, 1, 2, 0, 1)),
            ("32-32 16px b64", square(64, 32, 16, 32, 3, 1, 1, 1)),
            ("64-64 8px b64", square(64, 64, 8, 64, 3, 1, 1, 1)),
            ("64-64 32px b32", square(32, 64, 32, 64, 3, 1, 1, 1)),
            ("128-128 16px b32", square(32, 128, 16, 128, 3, 1, 1, 1)),
            ("256-256 8px b32", square(32, 256, 8, 256, 3, 1, 1, 1)),
            ("512-512 4px b32", square(32, 512, 4, 512, 3, 1, 1, 1)),
            ("512-512 4px b1", square(1, 512, 4, 512, 3, 1, 1, 1)),
            ("64-256 1x1 28px b4", square(4, 64, 28, 256, 1, 1, 0, 1)),
            ("stem 3-64 7x7 s2 112px b4", square(4, 3, 112, 64, 7, 2, 3, 1)),
            ("depthwise 96 3x3 28px b8", square(8, 96, 28, 96, 3, 1, 1, 96)),
            ("depthwise 96 3x3 s2 28px b8", square(8, 96, 28, 96, 3, 2, 1, 96)),
        ];
        println!("{:<28} {:>16} {:>16} {:>16}", "convolution", "forward", "grad input", "grad weight");
        for (name, g) in shapes.iter().filter(|(name, _)| name.contains(&self.wanted)) {
            let flops = 2.0 * g.multiply_adds() as f64 / 1e9;
            let rate = |seconds: f64| format!("{:.1} ({:.0} %)", flops / seconds, 100.0 * flops / seconds / self.peak);
            let x = normals("x", g.batch * g.in_channels * g.pixels());
            let w = normals("w", g.rows() * g.taps());
            let dy = normals("dy", g.batch * g.out_channels * g.positions());
            let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), w.clone());
            let (workers, options) = (&self.workers, ConvOptions::default());
            let threads = workers.threads();
            let conv = Forward::prepare(g, self.isa, &options).expect("a variant");
            let mut room = vec![0.0; conv.scratch_len(threads)];
            let forward = best(|| conv.run(workers, &x, Weights::Plain(&w), None, Epilogue::NONE, &mut y, &mut room));
            let conv = GradInput::prepare(g, self.isa, &options).expect("a variant");
            let mut room = vec![0.0; conv.scratch_len(threads)];
            let input = best(|| conv.run(workers, &dy, Weights::Plain(&w), None, Epilogue::NONE, &mut dx, &mut room));
            let conv = GradWeight::prepare(g, self.isa, &options).expect("a variant");
            let mut room = vec![0.0; conv.scratch_len(threads)];
            let weight = best(|| conv.run(workers, &x, &dy, &mut dw, &mut room));
            println!("{name:<28} {:>16} {:>16} {:>16}", rate(forward), rate(input), rate(weight));
        }
    }
}
