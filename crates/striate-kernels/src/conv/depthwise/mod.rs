//! Depthwise convolution: every group has one input channel `c` and a few output channels (the multiplier), in two
//! dimensions, kernels `K×K` with `K` 3 or 5, stride `S` 1 or 2.
//!
//! Each plane is so cheap that reading it is what counts: lanes run along the width, and a register's width of columns
//! loads every row once for all outputs of a plane that it belongs to ([`correlate`]). The input gradient gathers
//! ([`data`]): at stride 1 it is the same correlation with the kernel turned round, at stride 2 every vector of `∂x` is two
//! vectors, one for each parity of its columns, zipped ([`upsample`]). The weight gradient ([`weight`]) keeps lanes as
//! partial sums over a plane. The last two copy a few rows at a time with their padding ([`layout`]).

mod correlate;
mod data;
mod layout;
mod upsample;
mod weight;

pub(super) use data::{forward, grad_input};
pub(super) use weight::grad_weight;

use super::problem::Problem;

/// Floats that stay in the first-level cache: of the copies of planes, beside the output, and of the outputs that an
/// epilogue gets at once. As many planes are copied at a time: a plane of few rows is not read back while its stores are
/// on their way.
const NEAR: usize = 4 << 10;
/// Products that are worth handing to another worker.
const WORTH: usize = 100_000;

/// `body` for each `NAME` below `limit`, at most 5, written out so that sums stay in registers.
macro_rules! each {
    ($name:ident < $limit:expr, $body:block) => { each!(@ $name $limit, $body; 0 1 2 3 4) };
    (@ $name:ident $limit:expr, $body:block; $($n:literal)*) => {$(
        {
            const $name: usize = $n;
            if $name < $limit $body
        }
    )*};
}
use each;

/// Kernel size and stride, where the problem is depthwise.
fn accept(problem: &Problem) -> Result<(usize, usize), String> {
    let [deep, high, wide] = problem.windows;
    if problem.table.is_some() || problem.ins() != 1 || problem.groups == 1 {
        return Err("not one input channel a group".into());
    }
    if deep.kernel != 1 || deep.stride != 1 || problem.outputs[0] != 1 || deep.input != 1 {
        return Err("more than two dimensions".into());
    }
    if high.kernel != wide.kernel || !matches!(wide.kernel, 3 | 5) {
        return Err("the kernel is neither 3×3 nor 5×5".into());
    }
    if high.stride != wide.stride || !matches!(wide.stride, 1 | 2) {
        return Err("the stride is neither 1 nor 2".into());
    }
    if high.dilation != 1 || wide.dilation != 1 {
        return Err("dilated".into());
    }
    let all = [high.before, high.after, wide.before, wide.after];
    if all.iter().any(|&pad| pad >= wide.kernel) || problem.positions() == 0 {
        return Err("the padding is as large as the kernel".into());
    }
    if problem.outs() > 8 {
        return Err("more than eight outputs a group".into());
    }
    Ok((wide.kernel, wide.stride))
}

/// Groups whose planes make an item.
fn gang(problem: &Problem, planes: usize) -> usize {
    let products = planes * problem.outs() * problem.positions() * problem.taps();
    (WORTH / products.max(1)).clamp(1, problem.groups)
}
