//! Reductions, statistics, softmax, permutations and copies against their definitions.

mod common;

use common::*;
use striate_kernels::*;
use striate_tensor::Shape;

const SHAPES: &[(&[usize], &[usize])] = &[
    (&[7], &[0]),
    (&[1], &[]),
    (&[5, 9], &[]),
    (&[64, 10], &[0]),
    (&[64, 10], &[1]),
    (&[64, 130], &[0]),
    (&[8, 16, 12, 12], &[0, 2, 3]),
    (&[3, 5, 7, 2], &[1, 3]),
    (&[3, 5, 7, 2], &[0, 2]),
    (&[3, 1, 7, 2], &[0, 1, 2, 3]),
    (&[200_000], &[0]),
    (&[2, 100_000], &[1]),
    (&[300, 2, 1000], &[0, 2]),
    (&[1000, 3, 70], &[0]),
];

fn reference(shape: &Shape, axes: &[usize], x: &[f32], reduction: Reduction) -> Vec<f64> {
    let kept: Vec<usize> = (0..shape.rank()).filter(|a| !axes.contains(a)).collect();
    let out: Shape = kept.iter().map(|&a| shape[a]).collect();
    let start = if reduction == Reduction::Max { f64::NEG_INFINITY } else { 0.0 };
    let mut y = vec![start; out.elements()];
    for (i, &x) in x.iter().enumerate() {
        let position = shape.position(i);
        let at = out.index(&kept.iter().map(|&a| position[a]).collect::<Vec<_>>());
        let x = f64::from(x);
        y[at] = if reduction == Reduction::Max { y[at].max(x) } else { y[at] + x };
    }
    if reduction == Reduction::Mean {
        let count = (shape.elements() / out.elements()) as f64;
        y.iter_mut().for_each(|y| *y /= count);
    }
    y
}

#[test]
fn reductions_over_any_axes() {
    for &(sizes, axes) in SHAPES {
        let shape = Shape::from(sizes);
        let whole = integers("x", shape.elements());
        let real = normals("x", shape.elements());
        for reduction in [Reduction::Sum, Reduction::Mean, Reduction::Max] {
            let exact = reference(&shape, axes, &whole, reduction);
            let near = reference(&shape, axes, &real, reduction);
            for isa in Isa::all() {
                let reduce = Reduce::prepare(&shape, axes, isa);
                let mut first: Option<Vec<f32>> = None;
                for threads in 1..=4 {
                    let workers = Workers::new(threads);
                    let label = format!("{shape} {axes:?} {reduction:?} {isa} {threads} threads");
                    let mut y = vec![f32::NAN; reduce.outputs()];
                    if reduction != Reduction::Mean {
                        reduce.run(&workers, reduction, &whole, &mut y);
                        same(&label, &y, &exact);
                    }
                    reduce.run(&workers, reduction, &real, &mut y);
                    close(&label, &y, &near, 1e-5);
                    assert!(first.get_or_insert(y.clone()) == &y, "{label}: other bits");
                }
            }
        }
    }
}

#[test]
fn a_nan_is_the_maximum() {
    for (sizes, axes) in [([4, 20], [0]), ([4, 20], [1])] {
        let mut x = normals("x", 80);
        (x[25], x[79]) = (f32::NAN, f32::NAN);
        for isa in Isa::all() {
            let reduce = Reduce::prepare(&Shape::from(sizes), &axes, isa);
            let mut y = vec![0.0; reduce.outputs()];
            reduce.run(&Workers::new(2), Reduction::Max, &x, &mut y);
            assert_eq!(y.iter().filter(|y| y.is_nan()).count(), 2, "{y:?}");
        }
    }
}

#[test]
fn statistics_of_channels_far_from_zero() {
    let (samples, channels, plane) = (6, 5, 77);
    let x: Vec<f32> = normals("x", samples * channels * plane).iter().map(|x| x + 1000.0).collect();
    for isa in Isa::all() {
        let (mut mean, mut variance) = ([0.0; 5], [0.0; 5]);
        channel_statistics(&Workers::new(3), isa, &x, plane, &mut mean, &mut variance);
        for c in 0..channels {
            let of = |n: usize| &x[(n * channels + c) * plane..][..plane];
            let all: Vec<f64> = (0..samples).flat_map(|n| of(n).iter().map(|&x| f64::from(x))).collect();
            let m = all.iter().sum::<f64>() / all.len() as f64;
            let v = all.iter().map(|x| (x - m).powi(2)).sum::<f64>() / all.len() as f64;
            close("mean", &mean[c..=c], &[m], 1e-6);
            close("variance", &variance[c..=c], &[v], 1e-5);
        }
    }
}

#[test]
fn softmax_along_any_axis() {
    for (outer, axis, inner) in [(64, 10, 1), (3, 37, 1), (2, 8, 1), (5, 1, 1), (2, 4, 21), (1, 3, 300)] {
        let x: Vec<f32> = normals("x", outer * axis * inner).iter().map(|x| 5.0 * x + 200.0).collect();
        let mut expected = vec![0.0; x.len()];
        for o in 0..outer {
            for i in 0..inner {
                let at = |a: usize| (o * axis + a) * inner + i;
                let max = (0..axis).map(|a| f64::from(x[at(a)])).fold(f64::MIN, f64::max);
                let sum: f64 = (0..axis).map(|a| (f64::from(x[at(a)]) - max).exp()).sum();
                (0..axis).for_each(|a| expected[at(a)] = (f64::from(x[at(a)]) - max).exp() / sum);
            }
        }
        let logs: Vec<f64> = expected.iter().map(|e| e.ln()).collect();
        for isa in Isa::all() {
            let workers = Workers::new(2);
            let mut y = vec![f32::NAN; x.len()];
            softmax(&workers, isa, &x, (axis, inner), false, &mut y);
            close("softmax", &y, &expected, 2e-6);
            softmax(&workers, isa, &x, (axis, inner), true, &mut y);
            close("log-softmax", &y, &logs, 2e-6);
        }
    }
}

#[test]
fn permutations() {
    let cases: [(&[usize], &[usize]); 9] = [
        (&[5], &[0]),
        (&[], &[]),
        (&[9, 17], &[1, 0]),
        (&[64, 48], &[1, 0]),
        (&[3, 4, 5], &[0, 2, 1]),
        (&[3, 4, 5], &[2, 1, 0]),
        (&[3, 4, 5], &[1, 0, 2]),
        (&[2, 8, 9, 7], &[0, 2, 3, 1]),
        (&[2, 3, 1, 5, 4], &[3, 2, 0, 4, 1]),
    ];
    for (sizes, order) in cases {
        let shape = Shape::from(sizes);
        let x = integers("x", shape.elements());
        let out: Shape = order.iter().map(|&a| shape[a]).collect();
        let mut expected = vec![0.0; x.len()];
        for (i, &x) in x.iter().enumerate() {
            let position = shape.position(i);
            expected[out.index(&order.iter().map(|&a| position[a]).collect::<Vec<_>>())] = f64::from(x);
        }
        for isa in Isa::all() {
            let mut y = vec![f32::NAN; x.len()];
            Permute::prepare(&shape, order, isa).run(&Workers::new(3), &x, &mut y);
            same(&format!("{shape} {order:?} {isa}"), &y, &expected);
        }
    }
}

#[test]
fn boxes() {
    let workers = Workers::new(2);
    let x: Vec<i32> = (0..24).collect(); // 4×6
    let mut y = vec![-1; 30]; // 5×6
    // every second row from the last, columns 1, 3, 5, to rows 0 and 1 from column 2
    let from = BoxAt { start: 3 * 6 + 1, steps: &[-12, 2] };
    copy_box(&workers, &[2, 3], &x, from, &mut y, BoxAt { start: 2, steps: &[6, 1] });
    assert_eq!(y[..12], [-1, -1, 19, 21, 23, -1, -1, -1, 7, 9, 11, -1]);
    let big: Vec<f32> = normals("x", 100_000);
    let mut all = vec![0.0; 100_000];
    let whole = BoxAt { start: 0, steps: &[100, 1] };
    copy_box(&workers, &[1000, 100], &big, whole, &mut all, whole);
    assert!(all == big);
    let turned = BoxAt { start: 0, steps: &[1, 1000] };
    copy_box(&workers, &[1000, 100], &big, whole, &mut all, turned);
    assert!(all[1000] == big[1] && all[1] == big[100]);
}
