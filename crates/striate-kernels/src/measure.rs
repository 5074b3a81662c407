//! Measuring kernels: the shortest time of a call, and the most multiply-adds that the machine can do.

use crate::simd::{Isa, Kernel, LANES, Simd, Wide};
use crate::workers::Workers;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The shortest time of one call: many short stretches, so that some fall between other programs' turns.
pub fn shortest(mut call: impl FnMut()) -> Duration {
    let once = |call: &mut dyn FnMut(), times: u32| {
        let start = Instant::now();
        (0..times).for_each(|_| call());
        start.elapsed() / times
    };
    once(&mut call, 1);
    let times = (1e-3 / once(&mut call, 1).as_secs_f64().max(1e-9)).ceil().min(10_000.0) as u32;
    let start = Instant::now();
    let mut shortest = Duration::MAX;
    for round in 0.. {
        shortest = shortest.min(once(&mut call, times));
        if round >= 5 && start.elapsed().as_millis() > 250 {
            break;
        }
    }
    shortest
}

/// Twelve independent chains of multiply-adds: enough to keep all multipliers busy.
struct Chains(usize);

const CHAINS: usize = 12;

impl Kernel for Chains {
    type Output = f32;
    const WIDE: bool = true;
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let wide = simd.wide();
        let mut sums = [wide.splat(1.0); CHAINS];
        let (a, b) = (wide.splat(black_box(0.999)), wide.splat(black_box(0.001)));
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = wide.fma(*sum, a, b);
            }
        }
        let total = sums.into_iter().fold(simd.splat(0.0), |all, sum| {
            let all = simd.add(all, wide.eight(sum, 0));
            simd.add(all, wide.eight(sum, S::Wide::LANES / LANES - 1))
        });
        simd.sum(total)
    }
}

/// The multipliers' peak with these workers in floating-point operations a second, two for each multiply-add.
pub fn multiply_add_peak(isa: Isa, workers: &Workers) -> f64 {
    const ROUNDS: usize = 100_000;
    let items = 4 * workers.threads();
    let time = shortest(|| {
        workers.run(items, |_, _| {
            black_box(isa.run(Chains(ROUNDS)));
        })
    });
    (items * ROUNDS * CHAINS * isa.wide_lanes() * 2) as f64 / time.as_secs_f64()
}
