use serde::{Deserialize, Serialize};

/// A window that slides along one axis: position `p` and tap `t` meet input `p·stride + t·dilation − before`.
///
/// ```
/// use striate_tensor::Window;
/// let w = Window { input: 28, kernel: 5, stride: 1, dilation: 1, before: 2, after: 2 };
/// assert_eq!(w.output(), Some(28));
/// assert_eq!(w.meets(0, 1), None);       // in the padding
/// assert_eq!(w.meets(0, 2), Some(0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// Size of the axis.
    pub input: usize,
    /// Number of taps.
    pub kernel: usize,
    /// Steps between two positions.
    pub stride: usize,
    /// Steps between two taps.
    pub dilation: usize,
    /// Padding before the first element.
    pub before: usize,
    /// Padding after the last element.
    pub after: usize,
}

impl Window {
    /// The extent from the first tap to the last: `(kernel − 1)·dilation + 1`.
    pub fn extent(&self) -> usize {
        (self.kernel - 1) * self.dilation + 1
    }

    /// Number of positions, `⌊(input + before + after − extent)/stride⌋ + 1`; `None` when the window does not fit.
    pub fn output(&self) -> Option<usize> {
        let room = (self.input + self.before + self.after).checked_sub(self.extent())?;
        Some(room / self.stride + 1)
    }

    /// The input element that `tap` meets at `position`, or `None` in the padding.
    pub fn meets(&self, position: usize, tap: usize) -> Option<usize> {
        (position * self.stride + tap * self.dilation).checked_sub(self.before).filter(|&at| at < self.input)
    }
}

/// How much padding a window gets on each side of one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum Padding {
    /// None: the window stays inside.
    #[default]
    Valid,
    /// As much as makes the output `⌈input/stride⌉` long; the odd one comes after (as in TensorFlow and ONNX `SAME_UPPER`).
    Same,
    /// So much before and so much after.
    Explicit(usize, usize),
}

impl Padding {
    /// The padding before and after, for a window of `extent` that moves by `stride` over `input`.
    pub fn resolve(self, input: usize, extent: usize, stride: usize) -> (usize, usize) {
        match self {
            Padding::Valid => (0, 0),
            Padding::Explicit(before, after) => (before, after),
            Padding::Same => {
                let output = input.div_ceil(stride.max(1));
                let total = (output.saturating_sub(1) * stride + extent).saturating_sub(input);
                (total / 2, total - total / 2)
            }
        }
    }
}

/// Which input elements each output position of 1–3 axes sees, and through which tap.
///
/// Positions, taps and input elements ("pixels") are counted row-major over all axes, so that code
/// for one, two and three dimensions is the same code. Taps in the padding do not appear.
#[derive(Clone, Debug, PartialEq)]
pub struct Taps {
    axes: Vec<AxisTaps>,
}

#[derive(Clone, Debug, PartialEq)]
struct AxisTaps {
    input: usize,
    kernel: usize,
    /// For each position: (tap, input element), by rising tap.
    meets: Vec<Vec<(usize, usize)>>,
}

impl Taps {
    /// The taps of sliding windows, one an axis. A window that does not fit has no positions.
    pub fn sliding(windows: &[Window]) -> Self {
        let axis = |w: &Window| AxisTaps {
            input: w.input,
            kernel: w.kernel,
            meets: (0..w.output().unwrap_or(0))
                .map(|p| (0..w.kernel).filter_map(|t| w.meets(p, t).map(|q| (t, q))).collect())
                .collect(),
        };
        Taps { axes: windows.iter().map(axis).collect() }
    }

    /// Adaptive windows: position `p` of `output` sees `⌊p·input/output⌋ .. ⌈(p+1)·input/output⌉`.
    pub fn adaptive(input: &[usize], output: &[usize]) -> Self {
        let axis = |(&input, &output): (&usize, &usize)| {
            let meets: Vec<Vec<_>> = (0..output)
                .map(|p| (p * input / output..((p + 1) * input).div_ceil(output)).enumerate().collect())
                .collect();
            AxisTaps { input, kernel: meets.iter().map(Vec::len).max().unwrap_or(0), meets }
        };
        Taps { axes: input.iter().zip(output).map(axis).collect() }
    }

    /// Number of output positions.
    pub fn positions(&self) -> usize {
        self.axes.iter().map(|a| a.meets.len()).product()
    }

    /// Number of input elements.
    pub fn pixels(&self) -> usize {
        self.axes.iter().map(|a| a.input).product()
    }

    /// Number of taps of a whole window.
    pub fn taps(&self) -> usize {
        self.axes.iter().map(|a| a.kernel).product()
    }

    /// Number of (position, tap) pairs outside the padding.
    pub fn live(&self) -> usize {
        self.axes.iter().map(|a| a.meets.iter().map(Vec::len).sum::<usize>()).product()
    }

    /// The (tap, pixel) pairs that `position` sees, by rising tap.
    pub fn at(&self, position: usize) -> Vec<(usize, usize)> {
        let mut rest = position;
        let mut places = vec![0; self.axes.len()];
        for (place, axis) in places.iter_mut().zip(&self.axes).rev() {
            *place = rest % axis.meets.len();
            rest /= axis.meets.len();
        }
        let mut pairs = vec![(0, 0)];
        for (place, axis) in places.iter().zip(&self.axes) {
            let wider = |&(tap, pixel): &(usize, usize)| {
                axis.meets[*place].iter().map(move |(t, q)| (tap * axis.kernel + t, pixel * axis.input + q))
            };
            pairs = pairs.iter().flat_map(wider).collect();
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(input: usize, kernel: usize, stride: usize, padding: Padding) -> Window {
        let (before, after) = padding.resolve(input, kernel, stride);
        Window { input, kernel, stride, dilation: 1, before, after }
    }

    #[test]
    fn same_keeps_the_ceiling_at_any_stride() {
        for input in 1..20 {
            for kernel in 1..8 {
                for stride in 1..5 {
                    assert_eq!(window(input, kernel, stride, Padding::Same).output(), Some(input.div_ceil(stride)));
                }
            }
        }
    }

    #[test]
    fn a_window_larger_than_its_input_has_no_output() {
        assert_eq!(window(4, 7, 1, Padding::Valid).output(), None);
        assert_eq!(window(4, 7, 1, Padding::Explicit(2, 1)).output(), Some(1));
    }

    #[test]
    fn taps_count_row_major_and_skip_the_padding() {
        let axis = window(3, 3, 1, Padding::Explicit(1, 1));
        let taps = Taps::sliding(&[axis, axis]);
        assert_eq!((taps.positions(), taps.pixels(), taps.taps(), taps.live()), (9, 9, 9, 49));
        assert_eq!(taps.at(0), [(4, 0), (5, 1), (7, 3), (8, 4)]);
        assert_eq!(taps.at(4).len(), 9);
    }

    #[test]
    fn adaptive_windows_cover_everything() {
        let taps = Taps::adaptive(&[7], &[3]);
        assert_eq!(taps.at(0), [(0, 0), (1, 1), (2, 2)]);
        assert_eq!(taps.at(2), [(0, 4), (1, 5), (2, 6)]);
    }
}
