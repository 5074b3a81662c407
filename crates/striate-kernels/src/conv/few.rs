//! The forward pass where there are few positions and many channels, at one sample or some: what it costs is reading
//! the weights, so each is read once, and lanes run along the outputs.
//!
//! ```text
//! y[p, o…o+16] = Σ_t Σ_c w[t, c, o…o+16] · x[c, q(p, t)]
//! ```
//!
//! Tap after tap, the positions that the tap is not in the padding for are taken six or twelve at a time; their sums wait in the
//! first-level cache for the next tap. `x` is read as it lies.
#![allow(clippy::needless_range_loop)] // index loops of constant length, which the compiler unrolls into registers

use super::problem::Problem;
use super::{Block, ConvOptions, DataCall, DataPass};
use crate::parts::Parts;
use crate::product::accumulate;
use crate::simd::{Isa, Kernel, LANES, Simd, Wide};
use crate::workers::Workers;

/// Outputs of an item: two vectors.
const WIDE: usize = 2 * LANES;
/// Positions of all samples together beyond which lanes along the positions are better.
const MOST: usize = 49;

struct Few {
    isa: Isa,
    batch: usize,
    ins: usize,
    outs: usize,
    pixels: usize,
    positions: usize,
    /// For each tap its kernel element and its live (position, element of x) pairs, over all samples.
    taps: Vec<(usize, Vec<(u32, u32)>)>,
}

pub(super) fn forward(problem: &Problem, isa: Isa, options: &ConvOptions) -> Result<Box<dyn DataPass>, String> {
    if problem.groups > 1 || problem.table.is_some() {
        return Err("not every input is joined to every output".into());
    }
    let positions = problem.batch * problem.positions();
    let asked = options.variant.is_some();
    if positions > MOST && !asked {
        return Err(format!("{positions} positions, more than {MOST}"));
    }
    if (problem.ins() < 32 || problem.outs() < 2 * WIDE) && !asked {
        return Err("too few channels to fill the lanes and to make long sums".into());
    }
    if problem.taps() == 1 && problem.outs() > problem.ins() && !asked {
        return Err("one tap, and more outputs than inputs: too little to sum for what is read".into());
    }
    let live = |tap: usize| {
        let mut pairs = vec![];
        for sample in 0..problem.batch {
            for position in 0..problem.positions() {
                let at = |axis: usize| {
                    let below: usize = problem.outputs[axis + 1..].iter().product();
                    let window = &problem.windows[axis];
                    let padded = position / below % problem.outputs[axis] * window.stride
                        + problem.tap(tap)[axis] * window.dilation;
                    padded.checked_sub(window.before).filter(|&q| q < window.input)
                };
                let (Some(z), Some(y), Some(x)) = (at(0), at(1), at(2)) else { continue };
                let pixel = (z * problem.windows[1].input + y) * problem.windows[2].input + x;
                let element = sample * problem.in_channels * problem.pixels() + pixel;
                pairs.push(((sample * problem.positions() + position) as u32, element as u32));
            }
        }
        (problem.element(tap), pairs)
    };
    if problem.batch * problem.in_channels * problem.pixels() > u32::MAX as usize {
        return Err("x has too many elements for 32-bit offsets".into());
    }
    Ok(Box::new(Few {
        isa,
        batch: problem.batch,
        ins: problem.ins(),
        outs: problem.outs(),
        pixels: problem.pixels(),
        positions: problem.positions(),
        taps: (0..problem.taps()).map(live).collect(),
    }))
}

impl Few {
    fn item_len(&self) -> usize {
        self.taps.len() * self.ins * WIDE
    }

    fn sums_len(&self) -> usize {
        self.batch * self.positions * WIDE
    }
}

impl DataPass for Few {
    fn packed_len(&self) -> usize {
        self.outs.div_ceil(WIDE) * self.item_len()
    }

    fn pack(&self, workers: &Workers, weights: &[f32], packed: &mut [f32]) {
        workers.chunks(packed, self.item_len(), |item, _, packed| {
            let live = WIDE.min(self.outs - item * WIDE);
            for (tap, packed) in self.taps.iter().zip(packed.chunks_exact_mut(self.ins * WIDE)) {
                for (input, to) in packed.chunks_exact_mut(WIDE).enumerate() {
                    to[live..].fill(0.0);
                    for (o, to) in to[..live].iter_mut().enumerate() {
                        let row = (item * WIDE + o) * self.ins + input;
                        *to = weights[row * self.taps.len() + tap.0];
                    }
                }
            }
        });
    }

    fn scratch_len(&self, threads: usize) -> usize {
        threads * self.sums_len()
    }

    fn parts(&self) -> usize {
        1
    }

    fn run(&self, workers: &Workers, call: DataCall<'_>) {
        let DataCall { input, packed, bias, epilogue, output, scratch } = call;
        let (output, own, len) = (Parts::new(output), Parts::new(scratch), self.sums_len());
        let products = self.taps.iter().map(|t| t.1.len()).sum::<usize>() * self.ins * self.outs;
        workers.run_worth(products, self.outs.div_ceil(WIDE), |item, worker| {
            // SAFETY: each worker has its own part, and runs one item at a time.
            let sums = unsafe { own.part(worker * len..(worker + 1) * len) };
            let packed = &packed[item * self.item_len()..][..self.item_len()];
            self.isa.run(Item { few: self, x: input, packed, sums });
            let (first, live) = (item * WIDE, WIDE.min(self.outs - item * WIDE));
            for sample in 0..self.batch {
                let start = (sample * self.outs + first) * self.positions;
                // SAFETY: this item alone writes these channels, and runs once.
                let y = unsafe { output.part(start..start + live * self.positions) };
                let sums = &sums[sample * self.positions * WIDE..];
                for (channel, y) in y.chunks_exact_mut(self.positions).enumerate() {
                    let bias = bias.map_or(0.0, |b| b[first + channel]);
                    for (position, y) in y.iter_mut().enumerate() {
                        *y = epilogue.limit.number(sums[position * WIDE + channel] + bias);
                    }
                }
                if let Some(hook) = epilogue.hook {
                    hook(Block { start, sample, channel: first, position: 0, part: 0, worker }, y);
                }
            }
        });
    }
}

/// The sums of sixteen outputs: `sums[position][output]`.
struct Item<'a> {
    few: &'a Few,
    x: &'a [f32],
    packed: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for Item<'_> {
    type Output = ();
    const WIDE: bool = true;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.sums.fill(0.0);
        let step = self.few.ins * WIDE;
        for ((_, pairs), w) in self.few.taps.iter().zip(self.packed.chunks_exact(step)) {
            let mut rest = &pairs[..];
            macro_rules! rounds {
                ($registers:literal; $($count:literal),*) => {{$(
                    while let Some((now, after)) = rest.split_first_chunk::<$count>() {
                        // SAFETY: the pairs lie in the sums and in the first channel of x; `w` has a vector pair a channel.
                        unsafe { tap::<S, $registers, $count>(simd, self.few, self.x, w, self.sums, now) };
                        rest = after;
                    }
                )*}};
            }
            if S::Wide::LANES == WIDE {
                rounds!(1; 12, 6, 4, 3, 2, 1);
            } else {
                rounds!(2; 6, 4, 3, 2, 1);
            }
        }
    }
}

/// Adds one tap at `P` positions, the outputs in `V` registers.
///
/// # Safety
/// The positions must lie in `sums` and the elements in channel 0 of their samples of `x`.
#[inline(always)]
unsafe fn tap<S: Simd, const V: usize, const P: usize>(
    simd: S,
    few: &Few,
    x: &[f32],
    w: &[f32],
    sums: &mut [f32],
    pairs: &[(u32, u32); P],
) {
    let (wide, lanes) = (simd.wide(), S::Wide::LANES);
    assert_eq!(V * lanes, WIDE, "registers of an item");
    let sums = sums.as_mut_ptr();
    let places = pairs.map(|pair| sums.wrapping_add(pair.0 as usize * WIDE));
    let from = pairs.map(|pair| x.as_ptr().wrapping_add(pair.1 as usize));
    let w = w.as_ptr();
    let mut totals = [[wide.splat(0.0); V]; P];
    // SAFETY: by the contract above; `x` has `pixels` numbers a channel, `w` has `WIDE`.
    unsafe {
        for p in 0..P {
            for v in 0..V {
                totals[p][v] = wide.load(places[p].add(v * lanes));
            }
        }
        accumulate(
            wide,
            few.ins,
            |channel, p| from[p].wrapping_add(channel * few.pixels),
            |channel, v| {
                if v == 0 {
                    // the next page of weights: nothing else tells the memory
                    simd.fetch(w.wrapping_add((channel + 32) * WIDE));
                }
                wide.load(w.add(channel * WIDE + v * lanes))
            },
            &mut totals,
        );
        for p in 0..P {
            for v in 0..V {
                wide.store(places[p].add(v * lanes), totals[p][v]);
            }
        }
    }
}
