//! Pooling against its definition.

mod common;

use common::*;
use striate_kernels::*;
use striate_tensor::{Taps, Window};

fn sliding(axes: &[[usize; 6]]) -> Taps {
    let window = |&[input, kernel, stride, dilation, before, after]: &[usize; 6]| Window {
        input,
        kernel,
        stride,
        dilation,
        before,
        after,
    };
    Taps::sliding(&axes.iter().map(window).collect::<Vec<_>>())
}

fn cases() -> Vec<Taps> {
    vec![
        sliding(&[[28, 2, 2, 1, 0, 0], [28, 2, 2, 1, 0, 0]]),
        sliding(&[[13, 2, 2, 1, 0, 0], [37, 2, 2, 1, 0, 0]]),
        sliding(&[[17, 3, 2, 1, 1, 1], [18, 3, 2, 1, 1, 1]]),
        sliding(&[[9, 3, 1, 1, 1, 1], [30, 3, 1, 1, 1, 1]]),
        sliding(&[[11, 3, 3, 2, 2, 1], [23, 2, 3, 3, 0, 1]]),
        sliding(&[[50, 3, 2, 1, 0, 0]]),
        sliding(&[[50, 5, 1, 2, 4, 4]]),
        sliding(&[[6, 2, 2, 1, 0, 0], [5, 3, 1, 1, 1, 0], [20, 2, 2, 1, 0, 0]]),
        sliding(&[[20, 17, 3, 1, 0, 0], [18, 16, 1, 1, 0, 0]]),
        Taps::adaptive(&[7, 11], &[3, 4]),
        Taps::adaptive(&[8, 8], &[1, 1]),
        Taps::adaptive(&[5], &[8]),
    ]
}

const PLANES: usize = 5;

fn check<I: TapIndex + Default + PartialEq + std::fmt::Debug>(taps: &Taps) {
    let (positions, pixels) = (taps.positions(), taps.pixels());
    for (numbers, exact) in [(integers as fn(&str, usize) -> Vec<f32>, true), (normals, false)] {
        let compare: fn(&str, &[f32], &[f64]) = if exact { same } else { |w, f, e| close(w, f, e, 1e-6) };
        let x = numbers("x", PLANES * pixels);
        let dy = numbers("dy", PLANES * positions);
        let (mut max, mut index) = (vec![0.0; dy.len()], vec![I::default(); dy.len()]);
        let (mut max_grad, mut sums) = (vec![0.0; x.len()], vec![0.0; dy.len()]);
        let (mut counts, mut wide, mut live) = (vec![0; positions], vec![0.0; x.len()], vec![0.0; x.len()]);
        for plane in 0..PLANES {
            for (p, count) in counts.iter_mut().enumerate() {
                let at = plane * positions + p;
                let seen = taps.at(p);
                let (mut best, mut place) = (f64::NEG_INFINITY, seen[0]);
                for &(tap, pixel) in &seen {
                    let x = f64::from(x[plane * pixels + pixel]);
                    if x > best {
                        (best, place) = (x, (tap, pixel));
                    }
                    sums[at] += x;
                    wide[plane * pixels + pixel] += f64::from(dy[at]) / taps.taps() as f64;
                    live[plane * pixels + pixel] += f64::from(dy[at]) / seen.len() as f64;
                }
                *count = seen.len();
                (max[at], index[at]) = (best, I::of(place.0 as u32));
                max_grad[plane * pixels + place.1] += f64::from(dy[at]);
            }
        }
        let mean = |divisor: Divisor| -> Vec<f64> {
            let of = |i: usize| if divisor == Divisor::Live { counts[i % positions] } else { taps.taps() };
            sums.iter().enumerate().map(|(i, s)| s / of(i) as f64).collect()
        };
        for isa in Isa::all() {
            let pool = Pool::prepare(taps, isa);
            for threads in 1..=3 {
                let workers = Workers::new(threads);
                let label = format!("{positions} positions of {pixels} pixels, {isa}, {threads} threads");
                let (mut y, mut found) = (vec![f32::NAN; dy.len()], vec![I::default(); dy.len()]);
                pool.max(&workers, &x, &mut y, Some(&mut found));
                same(&label, &y, &max);
                assert_eq!(found, index, "{label}");
                y.fill(f32::NAN);
                pool.max::<I>(&workers, &x, &mut y, None);
                same(&format!("{label}, no index"), &y, &max);
                let mut dx = vec![f32::NAN; x.len()];
                pool.max_grad(&workers, &dy, &found, &mut dx);
                compare(&label, &dx, &max_grad);
                for (divisor, grad) in [(Divisor::Window, &wide), (Divisor::Live, &live)] {
                    pool.mean(&workers, &x, divisor, &mut y);
                    close(&label, &y, &mean(divisor), 1e-6);
                    pool.mean_grad(&workers, &dy, divisor, &mut dx);
                    close(&label, &dx, grad, 1e-6);
                }
            }
        }
    }
}

#[test]
fn maxima_means_and_gradients() {
    for taps in cases() {
        if taps.taps() <= 256 {
            check::<u8>(&taps);
        }
        check::<i32>(&taps);
    }
}

#[test]
fn the_first_nan_is_the_maximum() {
    let taps = &cases()[0];
    let mut x = vec![1.0; 28 * 28];
    for pixel in [1, 28, 28 * 27 + 27] {
        x[pixel] = f32::NAN;
    }
    for isa in Isa::all() {
        let pool = Pool::prepare(taps, isa);
        let (mut y, mut index) = (vec![0.0; 196], vec![0u8; 196]);
        pool.max(&Workers::new(1), &x, &mut y, Some(&mut index));
        assert!(y[0].is_nan() && y[195].is_nan() && y[1] == 1.0);
        assert_eq!((index[0], index[195], index[1]), (1, 3, 0));
        let mut alone = vec![0.0; 196];
        pool.max::<u8>(&Workers::new(1), &x, &mut alone, None);
        assert!(alone.iter().zip(&y).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}
