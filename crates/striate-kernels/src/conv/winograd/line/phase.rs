//! A strided filter as filters of stride 1: with stride `s`, kernel `k` and padding `p`,
//!
//! ```text
//! y[j]        = Σ_φ Σ_i w[φ + s·i] · x[s·(j + i) + φ − p]             φ = 0 … s−1
//! ∂x[s·u + ρ] = Σ_i w[φ + s·(r−1−i)] · ∂y[u + h − (r−1) + i]          ρ = 0 … s−1,  φ + s·h = ρ + p
//! ```
//!
//! where `r` taps have the phase `φ`. The forward pass adds its phases up, the input gradient writes them in turn.

use super::super::super::problem::Problem;
use super::transform::{TAPS, TILE, points};

/// Numbers that all phases of a tile read from at most: two vectors.
pub(super) const SPAN: usize = 16;
/// Taps of a kernel at most: a vector.
pub(super) const KERNEL: usize = 8;

/// Strides at most.
pub(super) const PLACES: usize = 4;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Phase {
    /// Taps, and the kernel's tap that each is.
    pub taps: usize,
    pub tap: [usize; TAPS],
    /// The first number of a tile's span that it reads.
    pub read: usize,
    /// Its first point among those of all phases.
    pub point: usize,
}

/// How a pass reads and writes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Phases {
    pub all: Vec<Phase>,
    /// Points of all phases.
    pub points: usize,
    /// The first number of the first tile's span; negative in the padding.
    pub first: isize,
    /// Numbers of a span, distance between those that a phase reads, and between two tiles' spans.
    pub span: usize,
    pub step: usize,
    pub tile: usize,
    /// Outputs of a tile.
    pub outputs: usize,
}

impl Phases {
    pub(super) fn forward(problem: &Problem) -> Phases {
        let window = problem.windows[2];
        let (stride, kernel) = (window.stride, window.kernel);
        let element = |tap: usize| problem.element(tap);
        let of = |phase: usize| {
            let taps = (kernel - phase).div_ceil(stride);
            let mut tap = [0; TAPS];
            (0..taps).for_each(|i| tap[i] = element(phase + stride * i));
            Phase { taps, tap, read: phase, point: 0 }
        };
        let span = stride * (TILE - 1) + kernel;
        let first = -(window.before as isize);
        Phases::numbered((0..stride).map(of).collect(), first, span, stride, stride * TILE, TILE)
    }

    pub(super) fn backward(problem: &Problem) -> Phases {
        let window = problem.windows[2];
        let (stride, kernel) = (window.stride, window.kernel);
        let element = |tap: usize| problem.element(tap);
        let start = |rest: usize| {
            let (phase, ahead) = ((rest + window.before) % stride, (rest + window.before) / stride);
            ahead as isize + 1 - (kernel - phase).div_ceil(stride) as isize
        };
        let first = (0..stride).map(start).min().unwrap_or(0);
        let of = |rest: usize| {
            let phase = (rest + window.before) % stride;
            let taps = (kernel - phase).div_ceil(stride);
            let mut tap = [0; TAPS];
            (0..taps).for_each(|i| tap[i] = element(phase + stride * (taps - 1 - i)));
            Phase { taps, tap, read: (start(rest) - first) as usize, point: 0 }
        };
        let all: Vec<_> = (0..stride).map(of).collect();
        let span = all.iter().map(|phase| phase.read + points(phase.taps)).max().unwrap_or(0);
        Phases::numbered(all, first, span, 1, TILE, stride * TILE)
    }

    fn numbered(mut all: Vec<Phase>, first: isize, span: usize, step: usize, tile: usize, outputs: usize) -> Self {
        let mut next = 0;
        for phase in &mut all {
            phase.point = next;
            next += points(phase.taps);
        }
        Phases { all, points: next, first, span, step, tile, outputs }
    }
}

/// Why there is no such form of a kernel over one axis.
pub(super) fn accept(problem: &Problem) -> Result<(), String> {
    let [z, y, x] = &problem.windows;
    if [z, y].iter().any(|w| w.kernel != 1 || w.input != 1 || w.before + w.after > 0) {
        return Err("not a kernel over one axis".into());
    }
    if x.dilation != 1 {
        return Err("dilated".into());
    }
    if x.stride > PLACES || x.kernel <= x.stride || x.kernel > KERNEL || x.kernel.div_ceil(x.stride) > TAPS {
        return Err(format!("not 2 to {TAPS} taps for each place of a stride up to {PLACES}"));
    }
    if [Phases::forward(problem), Phases::backward(problem)].iter().any(|phases| phases.span > SPAN) {
        return Err(format!("a tile reads more than {SPAN} numbers"));
    }
    Ok(())
}
