use striate_tensor::{Connections, ConvGeometry, Window};

/// A convolution with exactly three spatial axes (those that lack are of size 1) and its connections as blocks.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub batch: usize,
    pub in_channels: usize,
    pub out_channels: usize,
    pub windows: [Window; 3],
    pub outputs: [usize; 3],
    pub flipped: bool,
    /// Groups of the dense blocks that the weights are packed to.
    pub groups: usize,
    /// With a connection table, the weight row of `output · in_channels + input`, where there is one.
    pub table: Option<Vec<Option<usize>>>,
    pub rows: usize,
}

impl Problem {
    pub(crate) fn new(geometry: &ConvGeometry) -> Self {
        let one = Window { input: 1, kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };
        assert!((1..=3).contains(&geometry.windows.len()), "a convolution has 1 to 3 spatial axes");
        let missing = 3 - geometry.windows.len();
        let windows: [Window; 3] =
            std::array::from_fn(|axis| if axis < missing { one } else { geometry.windows[axis - missing] });
        let (groups, table) = match &geometry.connections {
            Connections::Groups(groups) => (*groups, None),
            Connections::Table(_) => {
                let mut rows = vec![None; geometry.out_channels * geometry.in_channels];
                for link in geometry.connections.links(geometry.in_channels, geometry.out_channels) {
                    rows[link.output * geometry.in_channels + link.input] = Some(link.row);
                }
                (1, Some(rows))
            }
        };
        Problem {
            batch: geometry.batch,
            in_channels: geometry.in_channels,
            out_channels: geometry.out_channels,
            windows,
            outputs: windows.map(|w| w.output().unwrap_or(0)),
            flipped: geometry.flipped,
            groups,
            table,
            rows: geometry.rows(),
        }
    }

    /// Input channels of a group.
    pub(crate) fn ins(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Output channels of a group.
    pub(crate) fn outs(&self) -> usize {
        self.out_channels / self.groups
    }

    /// Taps of a kernel plane.
    pub(crate) fn taps(&self) -> usize {
        self.windows.iter().map(|w| w.kernel).product()
    }

    /// Input elements of a channel.
    pub(crate) fn pixels(&self) -> usize {
        self.windows.iter().map(|w| w.input).product()
    }

    /// Output elements of a channel.
    pub(crate) fn positions(&self) -> usize {
        self.outputs.iter().product()
    }

    /// The kernel element that acts at geometric tap `tap`.
    pub(crate) fn element(&self, tap: usize) -> usize {
        if self.flipped { self.taps() - 1 - tap } else { tap }
    }

    /// The coordinates of a tap.
    pub(crate) fn tap(&self, tap: usize) -> [usize; 3] {
        let [_, y, x] = self.windows.map(|w| w.kernel);
        [tap / (y * x), tap / x % y, tap % x]
    }

    /// The weight row that joins input `input` and output `output` of group `group`, channels counted in the group.
    #[inline]
    pub(crate) fn row(&self, group: usize, output: usize, input: usize) -> Option<usize> {
        match &self.table {
            Some(rows) => rows[output * self.in_channels + input],
            None => Some((group * self.outs() + output) * self.ins() + input),
        }
    }
}
