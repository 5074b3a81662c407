//! Problems for single operations, as text.
//!
//! ```text
//! conv2d n32 c64 32x32 -> o64 k3 p1          conv, conv1d, conv2d, conv3d
//! max_pool2d n64 c16 28x28 k2                max_pool1d … mean_pool3d
//! dense n64 400 -> 120
//! ```
//!
//! n batch, c channels, sizes by themselves, o output channels, k kernel (or window), s stride (of a pool the window, if absent),
//! p padding, d dilation, g groups; a number for each axis is `3x5`, padding before and after `0:1`, and `same` is a padding too.

use crate::suggest::nearest;
use serde::Serialize;
use std::fmt;
use striate_graph::ops::conv::Conv;
use striate_plan::ConvPass;
use striate_tensor::{ConvGeometry, Error, Result, Window};

/// What is computed of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pass {
    /// y.
    Forward,
    /// ∂x.
    GradInput,
    /// ∂w.
    GradWeight,
}

impl From<Pass> for ConvPass {
    fn from(pass: Pass) -> Self {
        match pass {
            Pass::Forward => ConvPass::Forward,
            Pass::GradInput => ConvPass::GradInput,
            Pass::GradWeight => ConvPass::GradWeight,
        }
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pass::Forward => "forward",
            Pass::GradInput => "grad-input",
            Pass::GradWeight => "grad-weight",
        })
    }
}

/// An operation with its sizes.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// A convolution.
    Conv {
        /// Samples.
        batch: usize,
        /// All else.
        conv: Conv,
    },
    /// A pool.
    Pool {
        /// Samples.
        batch: usize,
        /// Channels.
        channels: usize,
        /// The window along each axis.
        windows: Vec<Window>,
        /// Maxima instead of means.
        max: bool,
    },
    /// A dense layer.
    Dense {
        /// Samples.
        batch: usize,
        /// Features of a sample.
        inputs: usize,
        /// Units.
        units: usize,
    },
}

const KINDS: [&str; 11] = [
    "conv",
    "conv1d",
    "conv2d",
    "conv3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "mean_pool1d",
    "mean_pool2d",
    "mean_pool3d",
    "dense",
];

/// Numbers in one tensor beyond which a problem is taken for a mistake: 4 GiB.
const MOST_ELEMENTS: usize = 1 << 30;

impl Problem {
    /// Reads a problem.
    ///
    /// # Errors
    /// `Fault::Usage`: an unknown operation, a part that is none, sizes that do not fit each other or no machine.
    ///
    /// ```
    /// use striate::bench::Problem;
    /// let problem = Problem::parse("conv2d n32 c64 32x32 -> o64 k3 p1")?;
    /// assert_eq!(problem.multiply_adds(), 32 * 64 * 64 * 9 * 32 * 32);
    /// assert!(Problem::parse("conv2d n32 c64 32x32 -> o64 q3").unwrap_err().to_string().contains("`q3`"));
    /// # Ok::<(), striate::tensor::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let (kind, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let stem = kind.trim_end_matches(|c: char| c == 'd' || c.is_ascii_digit());
        let problem = match stem {
            _ if !KINDS.contains(&kind) => return Err(no_such_kind(kind, text)),
            "conv" => conv(rest)?,
            "max_pool" | "mean_pool" => pool(rest, stem == "max_pool")?,
            _ => dense(rest, text)?,
        };
        let axes = kind[stem.len()..].strip_suffix('d').and_then(|axes| axes.parse::<usize>().ok());
        if let (Some(axes), Some(found)) =
            (axes, problem.axes().filter(|&found| axes.is_some_and(|axes| axes != found)))
        {
            return Err(Error::usage(format!("`{kind}` works on {axes} spatial axes"))
                .found(format!("{found} sizes in `{text}`"))
                .expected(axes));
        }
        match problem.largest() {
            Some(elements) if elements <= MOST_ELEMENTS => Ok(problem),
            _ => Err(Error::usage("the problem is far too large")
                .found(text)
                .expected(format!("at most {MOST_ELEMENTS} numbers in one tensor"))),
        }
    }

    /// Multiply-adds of each pass, taps in the padding included.
    pub fn multiply_adds(&self) -> u64 {
        match self {
            Problem::Conv { batch, conv } => conv.geometry(*batch).multiply_adds(),
            Problem::Pool { .. } => 0,
            Problem::Dense { batch, inputs, units } => (batch * inputs * units) as u64,
        }
    }

    /// Numbers that each pass reads and writes, at least.
    pub fn elements(&self) -> u64 {
        self.tensors().map_or(0, |sizes| sizes.iter().sum::<usize>() as u64)
    }

    fn axes(&self) -> Option<usize> {
        match self {
            Problem::Conv { conv, .. } => Some(conv.windows.len()),
            Problem::Pool { windows, .. } => Some(windows.len()),
            Problem::Dense { .. } => None,
        }
    }

    fn largest(&self) -> Option<usize> {
        self.tensors()?.into_iter().max()
    }

    /// Elements of x, y and w; `None` where they cannot be counted.
    fn tensors(&self) -> Option<[usize; 3]> {
        let product = |sizes: &[usize]| sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        let each =
            |size: fn(&Window) -> usize, windows: &[Window]| product(&windows.iter().map(size).collect::<Vec<_>>());
        let output = |w: &Window| w.output().unwrap_or(0);
        Some(match self {
            Problem::Conv { batch, conv } => [
                product(&[*batch, conv.in_channels, each(|w| w.input, &conv.windows)?])?,
                product(&[*batch, conv.out_channels, each(output, &conv.windows)?])?,
                product(&[conv.in_channels, conv.out_channels, each(|w| w.kernel, &conv.windows)?])?,
            ],
            Problem::Pool { batch, channels, windows, .. } => [
                product(&[*batch, *channels, each(|w| w.input, windows)?])?,
                product(&[*batch, *channels, each(output, windows)?])?,
                0,
            ],
            Problem::Dense { batch, inputs, units } => {
                [product(&[*batch, *inputs])?, product(&[*batch, *units])?, product(&[*inputs, *units])?]
            }
        })
    }

    /// The geometry, if it is a convolution.
    pub(super) fn geometry(&self) -> Option<ConvGeometry> {
        match self {
            Problem::Conv { batch, conv } => Some(conv.geometry(*batch)),
            _ => None,
        }
    }
}

fn no_such_kind(kind: &str, text: &str) -> Error {
    let error = Error::usage(format!("there is no operation `{kind}` to measure")).found(format!("`{text}`"));
    match nearest(kind, KINDS) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.expected(KINDS.join(", ")),
    }
}

fn conv(rest: &str) -> Result<Problem> {
    let (batch, conv) = parsed(rest)?;
    Ok(Problem::Conv { batch, conv })
}

/// What [`Conv::parse`] reads; here a mistake is one of an argument.
fn parsed(rest: &str) -> Result<(usize, Conv)> {
    Conv::parse(rest)
        .map_err(|error| Error::usage("the sizes do not make sense").found(format!("`{rest}`")).also(error))
}

fn pool(rest: &str, max: bool) -> Result<Problem> {
    let parts = || rest.split_whitespace();
    let is = |part: &str, letter: char| {
        part.strip_prefix(letter).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    if let Some(part) = parts().find(|p| is(p, 'o') || is(p, 'g') || ["->", "flip", "table"].contains(p)) {
        return Err(Error::usage(format!("`{part}` is not a part of a pool"))
            .found(format!("`{rest}`"))
            .expected("something like `n64 c16 28x28 k2 s2 p0`"));
    }
    let window = parts().find(|part| is(part, 'k')).map(|part| &part[1..]);
    let stride = match window {
        Some(window) if !parts().any(|part| is(part, 's')) => format!(" s{window}"),
        _ => String::new(),
    };
    let (batch, conv) = parsed(&format!("{rest}{stride}"))?;
    Ok(Problem::Pool { batch, channels: conv.in_channels, windows: conv.windows, max })
}

fn dense(rest: &str, text: &str) -> Result<Problem> {
    let mut batch = 1;
    let mut sizes = Vec::new();
    for part in rest.split_whitespace().filter(|part| *part != "->") {
        let number = part.strip_prefix('n').unwrap_or(part).parse().ok().filter(|n| (1..=MOST_ELEMENTS).contains(n));
        let number = number.ok_or_else(|| {
            Error::usage(format!("`{part}` is not a part of a dense layer"))
                .found(format!("`{text}`"))
                .expected("something like `dense n64 400 -> 120`")
        })?;
        if part.starts_with('n') { batch = number } else { sizes.push(number) }
    }
    match sizes[..] {
        [inputs, units] => Ok(Problem::Dense { batch, inputs, units }),
        _ => Err(Error::usage("a dense layer has two sizes, its inputs and its units")
            .found(format!("{} in `{text}`", sizes.len()))
            .expected("something like `dense n64 400 -> 120`")),
    }
}
