//! Matrix products in all four transpositions against the definition.

mod common;

use common::*;
use striate_kernels::*;

fn transposed(rows: usize, columns: usize, matrix: &[f32]) -> Vec<f32> {
    (0..rows * columns).map(|i| matrix[i % rows * columns + i / rows]).collect()
}

#[track_caller]
fn check(numbers: fn(&str, usize) -> Vec<f32>, compare: fn(&str, &[f32], &[f64])) {
    let sizes = [
        (1, 1, 1),
        (1, 10, 84),
        (1, 130, 70),
        (2, 33, 40),
        (3, 9, 17),
        (4, 17, 300),
        (5, 16, 16),
        (6, 15, 9),
        (7, 10, 84),
        (64, 120, 400),
        (120, 400, 64),
        (200, 70, 520),
        (13, 31, 1),
        (20, 130, 3),
        (1, 200, 1),
    ];
    for threads in 1..=4 {
        let workers = Workers::eager(threads);
        for isa in Isa::all() {
            for (m, n, k) in sizes {
                let (a, b) = (numbers("a", m * k), numbers("b", k * n));
                let (bias, start) = (numbers("bias", n), numbers("c", m * n));
                let product = |i: usize, t: usize| f64::from(a[i / n * k + t]) * f64::from(b[t * n + i % n]);
                let products: Vec<f64> = (0..m * n).map(|i| (0..k).map(|t| product(i, t)).sum()).collect();
                for mask in 0..32 {
                    let bit = |i: u32| mask & (1 << i) != 0;
                    let (ta, tb, relu) = (bit(0), bit(1), bit(4));
                    let gemm = Gemm::prepare(MatrixSizes { m, n, k }, ta, tb, isa);
                    let at = if ta { transposed(m, k, &a) } else { a.clone() };
                    let bt = if tb { transposed(k, n, &b) } else { b.clone() };
                    let mut c = if bit(3) { start.clone() } else { vec![f32::NAN; m * n] };
                    let mut scratch = vec![f32::NAN; gemm.scratch_len(threads)];
                    let epilogue = if relu { Epilogue::RELU } else { Epilogue::NONE };
                    gemm.run(&workers, &at, &bt, bit(2).then_some(&bias), bit(3), epilogue, &mut c, &mut scratch);
                    let element = |i: usize| {
                        let mut sum = products[i];
                        sum += if bit(2) { f64::from(bias[i % n]) } else { 0.0 };
                        sum += if bit(3) { f64::from(start[i]) } else { 0.0 };
                        if relu { sum.max(0.0) } else { sum }
                    };
                    let expected: Vec<f64> = (0..m * n).map(element).collect();
                    compare(&format!("{m}x{n}x{k} {mask:b} {isa} {threads} threads"), &c, &expected);
                    let mut packed = vec![f32::NAN; gemm.packed_len()];
                    gemm.pack(&bt, &mut packed);
                    if !packed.is_empty() {
                        c = if bit(3) { start.clone() } else { vec![f32::NAN; m * n] };
                        let bias = bit(2).then_some(&bias[..]);
                        gemm.run_packed(&workers, &at, &packed, bias, bit(3), epilogue, &mut c, &mut scratch);
                        compare(&format!("{m}x{n}x{k} {mask:b} {isa} {threads} threads, packed"), &c, &expected);
                    }
                }
            }
        }
    }
}

#[test]
fn integers_agree_bit_for_bit() {
    check(integers, same);
}

#[test]
fn real_numbers_agree_closely() {
    check(normals, |what, found, expected| close(what, found, expected, 1e-5));
}

#[test]
fn any_number_of_threads_and_any_width_of_registers_give_the_same_bits_and_the_hook_sees_all() {
    let (m, n, k) = (130, 150, 300);
    let (a, b) = (normals("a", m * k), normals("b", k * n));
    let product = |threads: usize, isa: Isa| {
        let gemm = Gemm::prepare(MatrixSizes { m, n, k }, false, false, isa);
        let mut c = vec![f32::NAN; m * n];
        let hook = |block: Block, c: &mut [f32]| {
            assert_eq!(block.start, block.sample * n + block.position);
            c.iter_mut().for_each(|c| *c += 1.0);
        };
        let epilogue = Epilogue { hook: Some(&hook), ..Epilogue::NONE };
        let mut scratch = vec![0.0; gemm.scratch_len(threads)];
        gemm.run(&Workers::eager(threads), &a, &b, None, false, epilogue, &mut c, &mut scratch);
        c.into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    let one = product(1, Isa::best());
    assert!(f32::from_bits(one[0]).is_finite());
    for threads in 2..=4 {
        assert!(one == product(threads, Isa::best()), "{threads} threads");
    }
    // the portable one rounds each product
    for isa in Isa::all().into_iter().filter(|isa| !matches!(isa, Isa::Portable(_))) {
        assert!(one == product(2, isa), "{isa}");
    }
}
