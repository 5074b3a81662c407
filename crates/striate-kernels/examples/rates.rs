//! Times the kernels on the shapes of well-known networks: GFLOP/s (padding taps counted) and share of the multipliers'
//! peak. The best of several repetitions counts, since other programs may share the machine.
//!
//! Of a convolution every variant that accepts is timed; `*` marks the one that a caller gets without asking.
//!
//! `cargo run --release --example rates [threads [part of a name]]`

use std::time::Instant;
use striate_kernels::*;
use striate_tensor::{Binary, Connections, ConvGeometry, Program, Rng, Unary, Window};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments.next().map_or(1, |a| a.parse().expect("a number of threads"));
    let wanted = arguments.next().unwrap_or_default();
    let isa = Isa::from_environment().expect("STRIATE_ISA names an instruction set of this machine");
    let workers = Workers::new(threads);
    let peak = multiply_add_peak(isa, &workers) / 1e9;
    println!("{isa}, {threads} workers, multipliers' peak {peak:.1} GFLOP/s");
    let bench = Bench { isa, workers, peak, wanted };
    bench.convolutions();
    bench.products();
    bench.streams();
}

struct Bench {
    isa: Isa,
    workers: Workers,
    peak: f64,
    wanted: String,
}

/// The best time of one call in seconds.
fn best(call: impl FnMut()) -> f64 {
    shortest(call).as_secs_f64()
}

/// [`best`] of each call, in turns, so that all have the same neighbours.
fn best_of(calls: &mut [Box<dyn FnMut() + '_>]) -> Vec<f64> {
    let once = |call: &mut dyn FnMut(), times: u32| {
        let start = Instant::now();
        (0..times).for_each(|_| call());
        start.elapsed().as_secs_f64() / f64::from(times)
    };
    let mut times = vec![];
    for call in calls.iter_mut() {
        once(call, 1);
        times.push((0.001 / once(call, 1)).ceil().min(10_000.0) as u32);
    }
    let start = Instant::now();
    let mut best = vec![f64::INFINITY; calls.len()];
    for round in 0.. {
        for ((call, best), &times) in calls.iter_mut().zip(&mut best).zip(&times) {
            *best = best.min(once(call, times));
        }
        if round >= 5 && start.elapsed().as_millis() > 250 * calls.len() as u128 {
            break;
        }
    }
    best
}

/// How fast a variant is.
struct Rate {
    variant: &'static str,
    seconds: f64,
    /// Whether it is the one that a caller gets without asking.
    chosen: bool,
}

/// All variants that accept but the plain one, and the chosen one in any case.
fn rates<'a>(
    variants: impl Iterator<Item = &'static str>,
    prepare: impl Fn(&ConvOptions) -> Option<(&'static str, Box<dyn FnMut() + 'a>)>,
) -> Vec<Rate> {
    let chosen = prepare(&ConvOptions::default()).expect("a variant").0;
    let only = |variant: &str| ConvOptions { variant: Some(variant.into()), ..ConvOptions::default() };
    let (names, mut calls): (Vec<_>, Vec<_>) =
        variants.filter(|&v| v != "plain" || v == chosen).filter_map(|v| prepare(&only(v))).unzip();
    let seconds = best_of(&mut calls);
    let rate = |(variant, seconds)| Rate { variant, seconds, chosen: variant == chosen };
    names.into_iter().zip(seconds).map(rate).collect()
}

/// `x`, `w` and `∂y`.
fn numbers(g: &ConvGeometry) -> [Vec<f32>; 3] {
    [
        normals("x", g.batch * g.in_channels * g.pixels()),
        normals("w", g.rows() * g.taps()),
        normals("dy", g.batch * g.out_channels * g.positions()),
    ]
}

/// Zeros, and from where on they are aligned to a cache line, as in a plan.
fn room(len: usize) -> (Vec<f32>, usize) {
    let room = vec![0.0; len + 16];
    let start = room.as_ptr().align_offset(64);
    (room, start)
}

fn normals(name: &str, len: usize) -> Vec<f32> {
    let rng = Rng::new(8).stream(name);
    (0..len).map(|i| rng.normal(i as u64)).collect()
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
            ("fashion 32-64 b4", square(4, 32, 26, 64, 3, 1, 0, 1)),
            ("fashion 32-64 b1", square(1, 32, 26, 64, 3, 1, 0, 1)),
            ("3-16 32px b4", square(4, 3, 32, 16, 3, 1, 1, 1)),
            ("16-16 32px b4", square(4, 16, 32, 16, 3, 1, 1, 1)),
            ("16-32 32px s2 b4", square(4, 16, 32, 32, 3, 2, 1, 1)),
            ("16-32 1x1 s2 b4", square(4, 16, 32, 32, 1, 2, 0, 1)),
            ("32-32 16px b4", square(4, 32, 16, 32, 3, 1, 1, 1)),
            ("64-64 8px b4", square(4, 64, 8, 64, 3, 1, 1, 1)),
            ("64-64 32px b4", square(4, 64, 32, 64, 3, 1, 1, 1)),
            ("128-128 16px b4", square(4, 128, 16, 128, 3, 1, 1, 1)),
            ("256-256 8px b4", square(4, 256, 8, 256, 3, 1, 1, 1)),
            ("512-512 4px b32", square(32, 512, 4, 512, 3, 1, 1, 1)),
            ("512-512 4px b1", square(1, 512, 4, 512, 3, 1, 1, 1)),
            ("512-512 2px b32", square(32, 512, 2, 512, 3, 1, 1, 1)),
            ("64-64 32px b32", square(32, 64, 32, 64, 3, 1, 1, 1)),
            ("128-128 16px b32", square(32, 128, 16, 128, 3, 1, 1, 1)),
            ("256-256 8px b32", square(32, 256, 8, 256, 3, 1, 1, 1)),
            ("32-64 26px b64", square(64, 32, 26, 64, 3, 1, 0, 1)),
            ("16-16 128px b4", square(4, 16, 128, 16, 3, 1, 1, 1)),
            ("64-64 56px b8", square(8, 64, 56, 64, 3, 1, 1, 1)),
            ("128-128 28px b8", square(8, 128, 28, 128, 3, 1, 1, 1)),
            ("256-256 14px b8", square(8, 256, 14, 256, 3, 1, 1, 1)),
            ("512-512 7px b8", square(8, 512, 7, 512, 3, 1, 1, 1)),
            ("64-64 32px b1", square(1, 64, 32, 64, 3, 1, 1, 1)),
            ("128-128 16px b1", square(1, 128, 16, 128, 3, 1, 1, 1)),
            ("256-256 8px b1", square(1, 256, 8, 256, 3, 1, 1, 1)),
            ("512-512 2px b1", square(1, 512, 2, 512, 3, 1, 1, 1)),
            ("16-16 128px b1", square(1, 16, 128, 16, 3, 1, 1, 1)),
            ("64-64 56px b1", square(1, 64, 56, 64, 3, 1, 1, 1)),
            ("128-128 28px b1", square(1, 128, 28, 128, 3, 1, 1, 1)),
            ("256-256 14px b1", square(1, 256, 14, 256, 3, 1, 1, 1)),
            ("512-512 7px b1", square(1, 512, 7, 512, 3, 1, 1, 1)),
            ("64-256 1x1 28px b4", square(4, 64, 28, 256, 1, 1, 0, 1)),
            ("stem 3-64 7x7 s2 112px b4", square(4, 3, 112, 64, 7, 2, 3, 1)),
            ("512-512 2px b32", square(32, 512, 2, 512, 3, 1, 1, 1)),
            ("512-512 2px b1", square(1, 512, 2, 512, 3, 1, 1, 1)),
            ("stem 3-64 3x3 32px b32", square(32, 3, 32, 64, 3, 1, 1, 1)),
            ("stem 3-32 3x3 s2 224px b1", square(1, 3, 224, 32, 3, 2, 1, 1)),
            ("depthwise 96 3x3 28px b8", square(8, 96, 28, 96, 3, 1, 1, 96)),
            ("depthwise 96 3x3 s2 28px b8", square(8, 96, 28, 96, 3, 2, 1, 96)),
            ("depthwise 32 3x3 112px b1", square(1, 32, 112, 32, 3, 1, 1, 32)),
            ("depthwise 96 3x3 s2 112px b1", square(1, 96, 112, 96, 3, 2, 1, 96)),
            ("depthwise 144 3x3 56px b8", square(8, 144, 56, 144, 3, 1, 1, 144)),
            ("depthwise 576 3x3 14px b8", square(8, 576, 14, 576, 3, 1, 1, 576)),
            ("depthwise 576 3x3 s2 14px b8", square(8, 576, 14, 576, 3, 2, 1, 576)),
            ("depthwise 960 3x3 7px b8", square(8, 960, 7, 960, 3, 1, 1, 960)),
            ("depthwise 960 3x3 7px b1", square(1, 960, 7, 960, 3, 1, 1, 960)),
            ("depthwise 240 5x5 28px b8", square(8, 240, 28, 240, 5, 1, 2, 240)),
            ("depthwise 240 5x5 s2 28px b8", square(8, 240, 28, 240, 5, 2, 2, 240)),
            ("64-256 1x1 56px b8", square(8, 64, 56, 256, 1, 1, 0, 1)),
            ("24-144 1x1 56px b8", square(8, 24, 56, 144, 1, 1, 0, 1)),
            ("144-24 1x1 56px b8", square(8, 144, 56, 24, 1, 1, 0, 1)),
            ("144-24 1x1 56px b1", square(1, 144, 56, 24, 1, 1, 0, 1)),
            ("96-576 1x1 14px b8", square(8, 96, 14, 576, 1, 1, 0, 1)),
            ("576-96 1x1 14px b8", square(8, 576, 14, 96, 1, 1, 0, 1)),
            ("576-96 1x1 14px b1", square(1, 576, 14, 96, 1, 1, 0, 1)),
            ("960-160 1x1 7px b8", square(8, 960, 7, 160, 1, 1, 0, 1)),
            ("960-160 1x1 7px b1", square(1, 960, 7, 160, 1, 1, 0, 1)),
            ("320-1280 1x1 7px b8", square(8, 320, 7, 1280, 1, 1, 0, 1)),
            ("320-1280 1x1 7px b1", square(1, 320, 7, 1280, 1, 1, 0, 1)),
            ("64-128 1x1 s2 56px b4", square(4, 64, 56, 128, 1, 2, 0, 1)),
        ];
        println!("{:<28} {:<10} {:>16} {:>16} {:>16}", "convolution", "", "forward", "grad input", "grad weight");
        for (name, g) in shapes.iter().filter(|(name, _)| name.contains(&self.wanted)) {
            let passes = [self.forward(g), self.grad_input(g), self.grad_weight(g)];
            let flops = 2.0 * g.multiply_adds() as f64 / 1e9;
            let rate = |found: &Rate| {
                let rate = flops / found.seconds;
                format!("{}{rate:.1} ({:.0} %)", if found.chosen { "*" } else { "" }, 100.0 * rate / self.peak)
            };
            for variant in Forward::variants() {
                let cells = passes.each_ref().map(|pass| pass.iter().find(|found| found.variant == variant).map(rate));
                if cells.iter().any(Option::is_some) {
                    let [forward, input, weight] = cells.map(|cell| cell.unwrap_or_else(|| "-".into()));
                    println!("{name:<28} {variant:<10} {forward:>16} {input:>16} {weight:>16}");
                }
            }
        }
    }

    fn forward(&self, g: &ConvGeometry) -> Vec<Rate> {
        let [x, w, y] = numbers(g);
        rates(Forward::variants(), |options| {
            let conv = Forward::prepare(g, self.isa, options).ok()?;
            let (mut y, mut scratch) = (y.clone(), room(conv.scratch_len(self.workers.threads())));
            let (x, w, workers, variant) = (&x, &w, &self.workers, conv.variant());
            let run = move || {
                conv.run(workers, x, Weights::Plain(w), None, Epilogue::NONE, &mut y, &mut scratch.0[scratch.1..])
            };
            Some((variant, Box::new(run) as _))
        })
    }

    fn grad_input(&self, g: &ConvGeometry) -> Vec<Rate> {
        let [x, w, dy] = numbers(g);
        rates(GradInput::variants(), |options| {
            let conv = GradInput::prepare(g, self.isa, options).ok()?;
            let (mut dx, mut scratch) = (x.clone(), room(conv.scratch_len(self.workers.threads())));
            let (dy, w, workers, variant) = (&dy, &w, &self.workers, conv.variant());
            let run = move || {
                conv.run(workers, dy, Weights::Plain(w), None, Epilogue::NONE, &mut dx, &mut scratch.0[scratch.1..])
            };
            Some((variant, Box::new(run) as _))
        })
    }

    fn grad_weight(&self, g: &ConvGeometry) -> Vec<Rate> {
        let [x, w, dy] = numbers(g);
        rates(GradWeight::variants(), |options| {
            let conv = GradWeight::prepare(g, self.isa, options).ok()?;
            let (mut dw, mut scratch) = (w.clone(), room(conv.scratch_len(self.workers.threads())));
            let (x, dy, workers, variant) = (&x, &dy, &self.workers, conv.variant());
            Some((variant, Box::new(move || conv.run(workers, x, dy, &mut dw, &mut scratch.0[scratch.1..])) as _))
        })
    }

    /// Dense layers, beside the `matrixmultiply` crate on one thread.
    fn products(&self) {
        // (name, m, n, k, A transposed, B transposed): a layer k→n on m samples, and its gradients
        let shapes = [
            ("dense 400-120 b64", 64, 120, 400, false, true),
            ("its grad input", 64, 400, 120, false, false),
            ("its grad weight", 120, 400, 64, true, false),
            ("dense 84-10 b64", 64, 10, 84, false, true),
            ("dense 1600-128 b64", 64, 128, 1600, false, true),
            ("its grad input", 64, 1600, 128, false, false),
            ("its grad weight", 128, 1600, 64, true, false),
            ("dense 1600-128 b1", 1, 128, 1600, false, true),
            ("its grad input", 1, 1600, 128, false, false),
            ("its grad weight", 128, 1600, 1, true, false),
            ("square 512", 512, 512, 512, false, false),
        ];
        println!("{:<28} {:>16} {:>16} {:>8}", "product", "here", "matrixmultiply", "ratio");
        for (name, m, n, k, ta, tb) in shapes.into_iter().filter(|s| s.0.contains(&self.wanted)) {
            let (a, b) = (normals("a", m * k), normals("b", k * n));
            let mut c = vec![0.0; m * n];
            let gemm = Gemm::prepare(MatrixSizes { m, n, k }, ta, tb, self.isa);
            let mut scratch = room(gemm.scratch_len(self.workers.threads()));
            let own = best(|| {
                gemm.run(&self.workers, &a, &b, None, false, Epilogue::NONE, &mut c, &mut scratch.0[scratch.1..])
            });
            let (rsa, csa) = if ta { (1, m) } else { (k, 1) };
            let (rsb, csb) = if tb { (1, k) } else { (n, 1) };
            let other = best(|| {
                // SAFETY: the matrices have these sizes and steps.
                unsafe {
                    matrixmultiply::sgemm(
                        m,
                        k,
                        n,
                        1.0,
                        a.as_ptr(),
                        rsa as isize,
                        csa as isize,
                        b.as_ptr(),
                        rsb as isize,
                        csb as isize,
                        0.0,
                        c.as_mut_ptr(),
                        n as isize,
                        1,
                    );
                }
            });
            let flops = (2 * m * n * k) as f64 / 1e9;
            let rate = |seconds: f64| format!("{:.1} ({:.0} %)", flops / seconds, 100.0 * flops / seconds / self.peak);
            println!("{name:<28} {:>16} {:>16} {:>8.2}", rate(own), rate(other), other / own);
        }
    }

    /// What moves numbers more than it computes: GB/s read and written.
    fn streams(&self) {
        println!("{:<28} {:>16}", "stream", "GB/s");
        let (workers, isa) = (&self.workers, self.isa);
        let show = |name: &str, floats: usize, call: &mut dyn FnMut()| {
            if name.contains(&self.wanted) {
                println!("{name:<28} {:>16.1}", (4 * floats) as f64 / best(call) / 1e9);
            }
        };
        let n = 64 * 32 * 24 * 24;
        let (x, z) = (normals("x", n), normals("z", n));
        let mut y = vec![0.0; n];
        show("copy", 2 * n, &mut || y.copy_from_slice(&x));
        let shape = striate_tensor::Shape::from([64, 32, 24, 24]);
        let channel = striate_tensor::Shape::from([32, 1, 1]);
        let map = |program: &Program, inputs: &[striate_tensor::Shape]| {
            Map::prepare(program, &shape, inputs, isa).expect("a small program")
        };
        let relu = map(&Program::build(1, |p| vec![p.unary(Unary::Relu, 0)]), std::slice::from_ref(&shape));
        show("relu", 2 * n, &mut || relu.run(workers, &[Source::Slice(&x)], &mut [&mut y]));
        show("relu in place", 2 * n, &mut || relu.run(workers, &[Source::Output(0)], &mut [&mut y]));
        let gate = map(
            &Program::build(2, |p| {
                let zero = p.constant(0.0);
                vec![p.select(0, 1, zero)]
            }),
            &[shape.clone(), shape.clone()],
        );
        show("relu gradient", 3 * n, &mut || gate.run(workers, &[Source::Slice(&x), Source::Slice(&z)], &mut [&mut y]));
        let scale = map(
            &Program::build(3, |p| {
                let scaled = p.binary(Binary::Mul, 0, 1);
                let moved = p.binary(Binary::Add, scaled, 2);
                vec![p.unary(Unary::Relu, moved)]
            }),
            &[shape.clone(), channel.clone(), channel.clone()],
        );
        let c = normals("c", 32);
        show("scale, shift, relu", 2 * n, &mut || {
            scale.run(workers, &[Source::Slice(&x), Source::Slice(&c), Source::Slice(&c)], &mut [&mut y]);
        });
        for f in [Unary::Exp, Unary::Tanh] {
            let map = map(&Program::build(1, |p| vec![p.unary(f, 0)]), std::slice::from_ref(&shape));
            show(&format!("{f:?}"), 2 * n, &mut || map.run(workers, &[Source::Slice(&x)], &mut [&mut y]));
        }
        let window = Window { input: 24, kernel: 2, stride: 2, dilation: 1, before: 0, after: 0 };
        let pool = Pool::prepare(&striate_tensor::Taps::sliding(&[window; 2]), isa);
        let (mut small, mut index) = (vec![0.0; n / 4], vec![0u8; n / 4]);
        show("max-pool 2x2", n + n / 4, &mut || pool.max(workers, &x, &mut small, Some(&mut index)));
        show("max-pool 2x2 gradient", n + n / 4, &mut || pool.max_grad(workers, &small, &index, &mut y));
        show("mean-pool 2x2", n + n / 4, &mut || pool.mean(workers, &x, Divisor::Window, &mut small));
        show("mean-pool 2x2 gradient", n + n / 4, &mut || {
            pool.mean_grad(workers, &small, Divisor::Window, &mut y);
        });
        let reduce = Reduce::prepare(&shape, &[0, 2, 3], isa);
        let mut sums = vec![0.0; 32];
        show("channel sums", n, &mut || reduce.run(workers, Reduction::Sum, &x, &mut sums));
        let rows = Reduce::prepare(&[n / 128, 128].into(), &[0], isa);
        let mut columns = vec![0.0; 128];
        show("column sums", n, &mut || rows.run(workers, Reduction::Sum, &x, &mut columns));
        let (mut mean, mut variance) = (vec![0.0; 32], vec![0.0; 32]);
        show("channel statistics", n, &mut || channel_statistics(workers, isa, &x, 576, &mut mean, &mut variance));
        show("softmax of 10", 2 * (n / 10 * 10), &mut || {
            softmax(workers, isa, &x[..n / 10 * 10], (10, 1), true, &mut y[..n / 10 * 10]);
        });
        let turn = Permute::prepare(&shape, &[0, 2, 3, 1], isa);
        show("channels last", 2 * n, &mut || turn.run(workers, &x, &mut y));
    }
}
