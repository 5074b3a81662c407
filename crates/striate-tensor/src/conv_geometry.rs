use crate::{Taps, Window};
use serde::{Deserialize, Serialize};

/// Which input channels each output channel sees.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connections {
    /// Channels in so many equal groups; 1 joins all with all, as many as channels is depthwise.
    Groups(usize),
    /// For each output channel the list of its input channels (LeNet-5's C3).
    Table(Vec<Vec<usize>>),
}

impl Default for Connections {
    fn default() -> Self {
        Connections::Groups(1)
    }
}

impl Connections {
    /// The links between channels in the order of the weights' rows.
    pub fn links(&self, in_channels: usize, out_channels: usize) -> Vec<Link> {
        let inputs_of = |output: usize| match self {
            Connections::Groups(groups) => {
                let width = in_channels / groups;
                let first = output / (out_channels / groups) * width;
                (first..first + width).collect()
            }
            Connections::Table(table) => table[output].clone(),
        };
        (0..out_channels)
            .flat_map(|output| inputs_of(output).into_iter().map(move |input| (input, output)))
            .enumerate()
            .map(|(row, (input, output))| Link { input, output, row })
            .collect()
    }
}

/// One kernel plane: row `row` of the weights joins input channel `input` to output channel `output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Input channel.
    pub input: usize,
    /// Output channel.
    pub output: usize,
    /// Row of the weights, seen as `rows × taps`.
    pub row: usize,
}

/// Everything that a convolution's output, both its gradients, its cost and its kernels must agree on.
#[derive(Clone, Debug, PartialEq)]
pub struct ConvGeometry {
    /// Samples in the batch.
    pub batch: usize,
    /// Input channels.
    pub in_channels: usize,
    /// Output channels.
    pub out_channels: usize,
    /// The window along each spatial axis.
    pub windows: Vec<Window>,
    /// Which channels meet.
    pub connections: Connections,
    /// Whether the kernel is flipped along every axis: true convolution instead of cross-correlation.
    pub flipped: bool,
}

impl ConvGeometry {
    /// Calls `product(link, sample, position, tap, pixel)` once for every product of the convolution.
    /// `tap` is the kernel element that meets `pixel` (already mirrored where the kernel is flipped).
    pub fn each_product(&self, mut product: impl FnMut(Link, usize, usize, usize, usize)) {
        let taps = Taps::sliding(&self.windows);
        let links = self.connections.links(self.in_channels, self.out_channels);
        for position in 0..taps.positions() {
            for (tap, pixel) in taps.at(position) {
                let tap = if self.flipped { taps.taps() - 1 - tap } else { tap };
                for &link in &links {
                    for sample in 0..self.batch {
                        product(link, sample, position, tap, pixel);
                    }
                }
            }
        }
    }

    /// Calls `product(x, w, y)` once for every product of the convolution, with the row-major indices of the input, the
    /// weight and the output that it joins: `y[..] += w[..]·x[..]`.
    pub fn each_triple(&self, mut product: impl FnMut(usize, usize, usize)) {
        let (pixels, taps, positions) = (self.pixels(), self.taps(), self.positions());
        self.each_product(|link, n, p, t, q| {
            let x = (n * self.in_channels + link.input) * pixels + q;
            let y = (n * self.out_channels + link.output) * positions + p;
            product(x, link.row * taps + t, y);
        });
    }

    /// Rows of the weights seen as `rows × taps`: the number of links.
    pub fn rows(&self) -> usize {
        match &self.connections {
            Connections::Groups(groups) => self.out_channels * (self.in_channels / groups),
            Connections::Table(table) => table.iter().map(Vec::len).sum(),
        }
    }

    /// Output positions of one channel.
    pub fn positions(&self) -> usize {
        self.windows.iter().map(|w| w.output().unwrap_or(0)).product()
    }

    /// Input elements of one channel.
    pub fn pixels(&self) -> usize {
        self.windows.iter().map(|w| w.input).product()
    }

    /// Taps of one kernel plane.
    pub fn taps(&self) -> usize {
        self.windows.iter().map(|w| w.kernel).product()
    }

    /// Multiply-adds of one pass, taps in the padding counted, as everybody counts them.
    pub fn multiply_adds(&self) -> u64 {
        (self.batch * self.rows() * self.taps() * self.positions()) as u64
    }

    /// Multiply-adds of one pass that meet real pixels.
    pub fn live_multiply_adds(&self) -> u64 {
        (self.batch * self.rows() * Taps::sliding(&self.windows).live()) as u64
    }
}
