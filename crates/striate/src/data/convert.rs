use super::Preprocessing;
use striate_tensor::{Error, Result, Shape};

/// A [`Preprocessing`] made ready for samples of one shape: the one place where bytes become numbers.
#[derive(Clone, Debug)]
pub(super) struct Convert {
    /// Channels, rows, columns of a sample before padding; a sample of any other rank is one row in each channel.
    channels: usize,
    rows: usize,
    columns: usize,
    pad: usize,
    output: Shape,
    /// For each channel what a byte becomes.
    tables: Vec<[f32; 256]>,
    /// For each channel what to subtract from a real number and what to multiply it with.
    affine: Vec<(f32, f32)>,
}

impl Convert {
    pub(super) fn new(preprocessing: &Preprocessing, sample: &Shape) -> Result<Self> {
        let (channels, rows, columns) = match sample[..] {
            [] => (1, 1, 1),
            [channels, rows, columns] => (channels, rows, columns),
            [channels, ..] => (channels, 1, sample[1..].iter().product()),
        };
        preprocessing.check(channels)?;
        if preprocessing.pad > 0 && sample.rank() != 3 {
            return Err(Error::model("preprocessing: only images can be padded")
                .found(format!("pad = {} for samples of {sample}", preprocessing.pad))
                .expected("samples of channels × height × width"));
        }
        let [low, high] = preprocessing.range.map(f64::from);
        let table = |channel| {
            let (mean, std) = preprocessing.moments(channel);
            // In f64, rounded once.
            let value = |byte: usize| {
                let scaled = low + (high - low) * byte as f64 / 255.0;
                ((scaled - f64::from(mean)) / f64::from(std)) as f32
            };
            std::array::from_fn(value)
        };
        Ok(Convert {
            channels,
            rows,
            columns,
            pad: preprocessing.pad,
            output: preprocessing.output_shape(sample),
            tables: (0..channels).map(table).collect(),
            affine: (0..channels).map(|channel| preprocessing.moments(channel)).collect(),
        })
    }

    /// The shape of a sample after conversion.
    pub(super) fn output(&self) -> &Shape {
        &self.output
    }

    /// Bytes of one sample to numbers; the lengths must be those of the shapes.
    pub(super) fn bytes(&self, from: &[u8], to: &mut [f32]) {
        self.each_channel(from, to, 0, |channel, from, to| {
            let table = &self.tables[channel];
            to.iter_mut().zip(from).for_each(|(to, &byte)| *to = table[byte as usize]);
        });
    }

    /// Real numbers of one sample, already scaled.
    pub(super) fn reals(&self, from: &[f32], to: &mut [f32]) {
        self.each_channel(from, to, 0.0, |channel, from, to| {
            let (mean, std) = self.affine[channel];
            to.iter_mut().zip(from).for_each(|(to, &x)| *to = (x - mean) / std);
        });
    }

    /// Calls `convert(channel, from, to)` for runs that cover the sample; `zero` stands for a padded pixel.
    fn each_channel<T: Copy>(&self, from: &[T], to: &mut [f32], zero: T, convert: impl Fn(usize, &[T], &mut [f32])) {
        let plane = self.rows * self.columns;
        if self.pad == 0 {
            for (channel, (from, to)) in from.chunks_exact(plane).zip(to.chunks_exact_mut(plane)).enumerate() {
                convert(channel, from, to);
            }
            return;
        }
        let (pad, width) = (self.pad, self.columns + 2 * self.pad);
        let wide = (self.rows + 2 * pad) * width;
        for (channel, (from, to)) in from.chunks_exact(plane).zip(to.chunks_exact_mut(wide)).enumerate() {
            let mut ground = [0.0];
            convert(channel, &[zero], &mut ground);
            to.fill(ground[0]);
            let inner = to.chunks_exact_mut(width).skip(pad);
            for (from, to) in from.chunks_exact(self.columns).zip(inner) {
                convert(channel, from, &mut to[pad..pad + self.columns]);
            }
        }
        debug_assert_eq!(self.channels * wide, to.len());
    }
}
