//! Elementwise programs some of whose outputs are summed, channel by channel, while they are in the cache.

use super::tile::{Channels, Tile};
use super::{Map, OUTPUTS, Source};
use crate::conv::Block;
use crate::parts::Parts;
use crate::simd::Isa;
use crate::workers::Workers;
use striate_tensor::{Program, Result, Shape};

/// Channels that one call sums at a time at most.
const GANG: usize = 64;
/// Elements of a sample that are worth an item's turn.
const TURN: usize = 2048;
/// Items that are enough for any number of threads.
const ITEMS: usize = 16;

/// A program over a tensor of `before × channels × inner` elements, some of whose outputs are summed over all but the
/// channels.
///
/// Stretches of a channel are summed in f32 by eight lanes, and the stretches in f64, always in the same order.
///
/// ```
/// use striate_kernels::{Isa, MapSums, Source, Workers};
/// use striate_tensor::{Binary, Program, Shape};
/// // y = a·b, and the sums of a and of y for each of two channels
/// let program = Program::build(2, |p| {
///     let y = p.binary(Binary::Mul, 0, 1);
///     vec![y, 0, y]
/// });
/// let shape = Shape::from([2, 2, 2]);
/// let inputs = [shape.clone(), shape.clone()];
/// let map = MapSums::prepare(&program, &shape, &inputs, &[false, true, true], 1, Isa::best()).unwrap();
/// let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [10.0; 8]);
/// let (mut y, mut sum_a, mut sum_y) = ([0.0; 8], [0.0; 2], [0.0; 2]);
/// let mut partials = vec![0.0; map.partials_len(map.chunks())];
/// let inputs = [Source::Slice(&a), Source::Slice(&b)];
/// map.run(&Workers::new(1), &inputs, &mut [&mut y], &mut [&mut sum_a, &mut sum_y], &mut partials);
/// assert_eq!((sum_a, sum_y, y[0]), ([14.0, 22.0], [140.0, 220.0], 10.0));
/// ```
#[derive(Clone, Debug)]
pub struct MapSums {
    map: Map,
    /// For each output of the program whether it is summed.
    summed: Vec<bool>,
    before: usize,
    channels: usize,
    inner: usize,
    /// Channels of an item.
    gang: usize,
    /// Samples of an item.
    chunk: usize,
}

impl MapSums {
    /// A program over tensors of `shape`, whose outputs marked in `summed` are summed over all axes but `axis`.
    ///
    /// # Errors
    /// Those of [`Map::prepare`].
    pub fn prepare(
        program: &Program,
        shape: &Shape,
        inputs: &[Shape],
        summed: &[bool],
        axis: usize,
        isa: Isa,
    ) -> Result<Self> {
        let map = Map::with_sums(program, shape, inputs, summed, isa)?;
        assert_eq!(summed.len(), program.outputs().len(), "one mark for each output");
        let (before, channels): (usize, usize) = (shape[..axis].iter().product(), shape[axis]);
        let inner: usize = shape[axis + 1..].iter().product();
        let gang = TURN.div_ceil(inner.max(1)).clamp(1, GANG.min(channels.max(1)));
        let chunks = ITEMS.div_ceil(channels.div_ceil(gang).max(1)).clamp(1, before.max(1));
        let chunk = before.div_ceil(chunks).max(1);
        Ok(MapSums { map, summed: summed.to_vec(), before, channels, inner, gang, chunk })
    }

    fn sums(&self) -> usize {
        self.summed.iter().filter(|&&s| s).count()
    }

    /// Parts of the batch that [`MapSums::run`] sums on their own.
    pub fn chunks(&self) -> usize {
        self.before.div_ceil(self.chunk)
    }

    /// f32s that hold the sums of so many parts of the batch.
    pub fn partials_len(&self, parts: usize) -> usize {
        parts * self.sums() * self.channels
    }

    /// Computes the outputs that are kept, in their order, and the sums of the others, in theirs. `partials` has at
    /// least [`MapSums::partials_len`] of [`MapSums::chunks`] numbers.
    pub fn run(
        &self,
        workers: &Workers,
        inputs: &[Source<'_>],
        outputs: &mut [&mut [f32]],
        sums: &mut [&mut [f32]],
        partials: &mut [f32],
    ) {
        assert!(outputs.iter().all(|o| o.len() == self.map.elements), "outputs of {} elements", self.map.elements);
        let mut pointers = self.map.check(inputs, outputs, |o| self.kept(o));
        let places = self.spread(&mut pointers.0);
        let (pointers, used) = (&pointers, self.partials_len(self.chunks()));
        let gangs = self.channels.div_ceil(self.gang);
        let parts = Parts::new(&mut partials[..used]);
        workers.run(self.chunks() * gangs, |item, _| {
            let (chunk, first) = (item / gangs, item % gangs * self.gang);
            let gang = self.gang.min(self.channels - first);
            let mut totals = [0.0; OUTPUTS * GANG];
            for sample in chunk * self.chunk..self.before.min((chunk + 1) * self.chunk) {
                let start = (sample * self.channels + first) * self.inner;
                let channels = self.marks(start, &mut totals);
                let range = start..start + gang * self.inner;
                let tile =
                    Tile { map: &self.map, inputs, outputs: pointers.0, places, first: 0, range, sums: Some(channels) };
                self.map.isa.run(tile);
            }
            self.put(&parts, chunk, first, gang, &totals);
        });
        self.finish(workers, self.chunks(), partials, sums);
    }

    /// Computes a finished part of another kernel's output, `part` being in place of output 0 of those that are kept and
    /// [`Source::Output`] of input 0, and puts its sums into `partials`, which is for `parts` parts of each sample.
    pub fn run_part(
        &self,
        block: Block,
        inputs: &[Source<'_>],
        part: &mut [f32],
        parts: usize,
        partials: &Parts<'_, f32>,
    ) {
        let channels = (part.len() / self.inner.max(1)).max(1);
        for done in (0..channels).step_by(GANG) {
            let gang = GANG.min(channels - done);
            let len = if channels == 1 { part.len() } else { gang * self.inner };
            let part = &mut part[done * self.inner..][..len];
            let (start, first) = (block.start + done * self.inner, block.channel + done);
            let mut pointers = self.map.check(inputs, &mut [part], |o| self.kept(o));
            let places = self.spread(&mut pointers.0);
            let (mut one, mut many);
            let totals: &mut [f64] = if gang == 1 {
                one = [0.0; OUTPUTS];
                &mut one
            } else {
                many = [0.0; OUTPUTS * GANG];
                &mut many
            };
            let channels = self.marks(start, totals);
            let range = start..start + len;
            let tile =
                Tile { map: &self.map, inputs, outputs: pointers.0, places, first: start, range, sums: Some(channels) };
            self.map.isa.run(tile);
            self.put(partials, block.sample * parts + block.part, first, gang, totals);
        }
    }

    /// Adds the sums of so many parts of the batch, in order.
    pub fn finish(&self, workers: &Workers, parts: usize, partials: &[f32], sums: &mut [&mut [f32]]) {
        let count = self.sums();
        assert!(sums.len() == count && sums.iter().all(|s| s.len() == self.channels), "sums");
        let step = count * self.channels;
        for (number, sums) in sums.iter_mut().enumerate() {
            workers.chunks(sums, 256, |item, _, sums| {
                for (i, sum) in sums.iter_mut().enumerate() {
                    let at = number * self.channels + item * 256 + i;
                    *sum = (0..parts).map(|part| f64::from(partials[part * step + at])).sum::<f64>() as f32;
                }
            });
        }
    }

    /// Which of the outputs that are kept output `output` of the program is.
    fn kept(&self, output: usize) -> Option<usize> {
        (!self.summed[output]).then(|| self.summed[..output].iter().filter(|&&s| !s).count())
    }

    /// From a pointer for each kept output to a pointer for each output; which output each kept one is.
    fn spread(&self, pointers: &mut [*mut f32; OUTPUTS]) -> [usize; OUTPUTS] {
        let (kept, mut places) = (*pointers, [0; OUTPUTS]);
        for (output, pointer) in pointers.iter_mut().enumerate().take(self.summed.len()) {
            *pointer = std::ptr::null_mut();
            if let Some(number) = self.kept(output) {
                *pointer = kept[number];
                places[number] = output;
            }
        }
        places
    }

    /// From element `start` on; `totals` has as many numbers for each output.
    fn marks<'a>(&'a self, start: usize, totals: &'a mut [f64]) -> Channels<'a> {
        let (gang, inner) = (totals.len() / OUTPUTS, self.inner);
        Channels { summed: &self.summed, inner, channel: 0, within: start % inner.max(1), gang, totals }
    }

    fn put(&self, partials: &Parts<'_, f32>, part: usize, first: usize, gang: usize, totals: &[f64]) {
        let summed = (0..self.summed.len()).filter(|&o| self.summed[o]);
        for (number, output) in summed.enumerate() {
            let start = (part * self.sums() + number) * self.channels + first;
            // SAFETY: a part of the batch and a channel belong to one item (or one finished part), which runs once.
            let to = unsafe { partials.part(start..start + gang) };
            to.iter_mut().zip(&totals[output * (totals.len() / OUTPUTS)..]).for_each(|(to, &total)| *to = total as f32);
        }
    }
}
