//! Kernels that people designed, by name, to try on any picture.
//!
//! Box and Gaussian blur; Sobel 1968, Scharr 2000, Laplace, emboss, sharpen; Gabor 1946 with the angles of a bank (Daugman 1985):
//!
//! ```text
//! gaussian  e^(−(x² + y²)/2σ²), its sum 1                           gabor  e^(−(x'² + ¼y'²)/2σ²) · cos(2πx'/λ), its mean 0
//! ```
//!
//! with (x', y') turned by the angle, σ = 0.56 λ. Kernels are cross-correlated, as layers do; pixels beyond the border are those
//! at it. A filter of several kernels gives √Σ(responses²), the strength of an edge in whatever direction.

use super::transform::Plane;
use crate::suggest::nearest;
use std::f32::consts::PI;
use striate_tensor::{Array, Error, Result};

/// A filter by name.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Whether its output is a picture again; else it is signed, or a strength.
    pub keeps_grey: bool,
    make: fn() -> Vec<Array<f32>>,
}

const ALL: &[Filter] = &[
    Filter { name: "box", about: "mean over 5×5: blurs", keeps_grey: true, make: || vec![Array::full([5, 5], 0.04)] },
    Filter {
        name: "gaussian",
        about: "Gaussian of σ 1.5 over 9×9: blurs without edges of its own",
        keeps_grey: true,
        make: || vec![gaussian(9, 1.5)],
    },
    Filter {
        name: "sobel-x",
        about: "upright edges",
        keeps_grey: false,
        make: || vec![of([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])],
    },
    Filter {
        name: "sobel-y",
        about: "lying edges",
        keeps_grey: false,
        make: || vec![of([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])],
    },
    Filter {
        name: "sobel",
        about: "edges of all directions: the strength of sobel-x and sobel-y together",
        keeps_grey: false,
        make: || vec![of([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]), of([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])],
    },
    Filter {
        name: "scharr-x",
        about: "upright edges, with the weights that favour no angle",
        keeps_grey: false,
        make: || vec![of([[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]])],
    },
    Filter {
        name: "scharr-y",
        about: "lying edges, with the weights that favour no angle",
        keeps_grey: false,
        make: || vec![of([[-3, -10, -3], [0, 0, 0], [3, 10, 3]])],
    },
    Filter {
        name: "scharr",
        about: "edges of all directions",
        keeps_grey: false,
        make: || vec![of([[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]]), of([[-3, -10, -3], [0, 0, 0], [3, 10, 3]])],
    },
    Filter {
        name: "laplacian",
        about: "second derivative: thin lines and noise",
        keeps_grey: false,
        make: || vec![of([[0, 1, 0], [1, -4, 1], [0, 1, 0]])],
    },
    Filter {
        name: "emboss",
        about: "as if lit from the upper left",
        keeps_grey: true,
        make: || vec![of([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])],
    },
    Filter {
        name: "sharpen",
        about: "the picture and its own Laplacian subtracted",
        keeps_grey: true,
        make: || vec![of([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])],
    },
    Filter { name: "gabor-0", about: "upright stripes 6 pixels apart", keeps_grey: false, make: || vec![gabor(0.0)] },
    Filter { name: "gabor-45", about: "stripes across the diagonal", keeps_grey: false, make: || vec![gabor(45.0)] },
    Filter { name: "gabor-90", about: "lying stripes", keeps_grey: false, make: || vec![gabor(90.0)] },
    Filter {
        name: "gabor-135",
        about: "stripes across the other diagonal",
        keeps_grey: false,
        make: || vec![gabor(135.0)],
    },
    Filter {
        name: "gabor",
        about: "stripes of any of eight directions",
        keeps_grey: false,
        make: || (0..8).map(|i| gabor(22.5 * i as f32)).collect(),
    },
];

/// All of them.
pub fn filters() -> &'static [Filter] {
    ALL
}

/// The filter of that name.
///
/// # Errors
/// `Fault::Usage`: there is none; says what was probably meant.
///
/// ```
/// let error = striate::explain::filter("sobbel").unwrap_err();
/// assert!(error.to_string().contains("did you mean `sobel`?"));
/// ```
pub fn filter(name: &str) -> Result<&'static Filter> {
    ALL.iter().find(|filter| filter.name == name).ok_or_else(|| {
        let names = || ALL.iter().map(|filter| filter.name);
        let error = Error::usage(format!("there is no filter `{name}`"));
        let error = error.expected(names().collect::<Vec<_>>().join(", "));
        match nearest(name, names()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`striate filter` lists them"),
        }
    })
}

impl Filter {
    /// Its kernels, rows × columns each.
    pub fn kernels(&self) -> Vec<Array<f32>> {
        (self.make)()
    }

    /// The filtered picture C×H×W, channel by channel.
    ///
    /// # Errors
    /// `Fault::Data`: the picture has no such shape, or no pixels.
    pub fn apply(&self, picture: &Array<f32>) -> Result<Array<f32>> {
        let [_, rows, columns] = picture.shape()[..] else {
            return Err(Error::data("not a picture").found(picture.shape()).expected("channels × height × width"));
        };
        if rows * columns == 0 {
            return Err(Error::data("a picture without pixels").found(picture.shape()));
        }
        let kernels = self.kernels();
        let plane = |plane: &[f32]| -> Vec<f32> {
            let responses: Vec<Vec<f32>> = kernels.iter().map(|kernel| correlate(plane, columns, kernel)).collect();
            match &responses[..] {
                [only] => only.clone(),
                several => (0..plane.len()).map(|i| several.iter().map(|r| r[i] * r[i]).sum::<f32>().sqrt()).collect(),
            }
        };
        let data = picture.data().chunks_exact(rows * columns).flat_map(plane).collect();
        Ok(Array::new(picture.shape().clone(), data))
    }
}

/// Cross-correlation that keeps the size, by the definition; pixels beyond the border are those at it.
fn correlate(plane: &[f32], columns: usize, kernel: &Array<f32>) -> Vec<f32> {
    let rows = plane.len() / columns;
    let (high, wide) = (kernel.shape()[0], kernel.shape()[1]);
    let clamped = |at: usize, tap: usize, half: usize, size: usize| (at + tap).saturating_sub(half).min(size - 1);
    let value = |i: usize| {
        let mut sum = 0.0f32;
        for t in 0..high {
            let row = clamped(i / columns, t, high / 2, rows) * columns;
            for s in 0..wide {
                sum += kernel.data()[t * wide + s] * plane[row + clamped(i % columns, s, wide / 2, columns)];
            }
        }
        sum
    };
    (0..plane.len()).map(value).collect()
}

/// The convolution theorem at work: the cross-correlation of pictures with a kernel, "valid" positions only, computed twice.
#[derive(Clone, Debug)]
pub struct TwoPaths {
    /// Rows and columns of the results.
    pub size: (usize, usize),
    /// Σ over the window, in pixels.
    pub spatial: Vec<f32>,
    /// Product of the spectra, transformed back.
    pub spectral: Vec<f32>,
    /// |X|, |H| and |X·H*|, each row-major with [`TwoPaths::frequencies`] columns, frequency 0 first; of several planes the
    /// root of the sum of squares, but |Σ X·H*|.
    pub spectra: [Vec<f64>; 3],
    /// Rows and columns of the spectra.
    pub frequencies: (usize, usize),
    /// The greatest difference of the two results, over the greatest result.
    pub difference: f64,
}

/// Both paths for a plane of so many columns.
///
/// # Errors
/// `Fault::Usage`: the kernel is larger than the plane.
pub fn two_paths(plane: &[f32], columns: usize, kernel: &[f32], kernel_columns: usize) -> Result<TwoPaths> {
    two_paths_of(&[(plane, kernel)], columns, kernel_columns)
}

/// Both paths for planes of one size, each with its own plane of the kernel, added up.
pub(super) fn two_paths_of(pairs: &[(&[f32], &[f32])], columns: usize, kernel_columns: usize) -> Result<TwoPaths> {
    let of = |values: Option<usize>, columns: usize| values.unwrap_or(0) / columns.max(1);
    let first = pairs.first();
    let (rows, high) = (of(first.map(|p| p.0.len()), columns), of(first.map(|p| p.1.len()), kernel_columns));
    if high == 0 || high > rows || kernel_columns > columns {
        return Err(Error::usage("the kernel does not fit the picture")
            .found(format!("{high}×{kernel_columns} on {rows}×{columns}"))
            .expected("a kernel no larger than the picture"));
    }
    let size = (rows - high + 1, columns - kernel_columns + 1);
    let value = |i: usize| -> f32 {
        let (r, c) = (i / size.1, i % size.1);
        let tap = |plane: &[f32], kernel: &[f32], t: usize| {
            let at = (r + t / kernel_columns) * columns + c + t % kernel_columns;
            f64::from(kernel[t]) * f64::from(plane[at])
        };
        let sum = |(plane, kernel): &(&[f32], &[f32])| (0..kernel.len()).map(|t| tap(plane, kernel, t)).sum::<f64>();
        pairs.iter().map(sum).sum::<f64>() as f32
    };
    let spatial: Vec<f32> = (0..size.0 * size.1).map(value).collect();
    let mut all: Option<Plane> = None;
    let mut powers = [vec![], vec![]];
    for (plane, kernel) in pairs {
        let x = Plane::padded(plane, columns, (rows, columns)).spectrum();
        let h = Plane::padded(kernel, kernel_columns, x.size).spectrum();
        for (sum, plane) in powers.iter_mut().zip([&x, &h]) {
            sum.resize(plane.re.len(), 0.0);
            sum.iter_mut().zip(plane.magnitudes()).for_each(|(sum, m)| *sum += m * m);
        }
        let product = x.times_conjugate(&h);
        match &mut all {
            None => all = Some(product),
            Some(all) => {
                all.re.iter_mut().zip(product.re).for_each(|(sum, v)| *sum += v);
                all.im.iter_mut().zip(product.im).for_each(|(sum, v)| *sum += v);
            }
        }
    }
    let product = all.ok_or_else(|| Error::internal("a kernel without planes"))?;
    let [x, h] = powers.map(|power| power.into_iter().map(f64::sqrt).collect());
    let spectra = [x, h, product.magnitudes()];
    let frequencies = product.size;
    let back = product.inverse();
    // No window that lies inside the plane wraps around.
    let spectral: Vec<f32> =
        (0..spatial.len()).map(|i| back.re[i / size.1 * frequencies.1 + i % size.1] as f32).collect();
    let most = spatial.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(f64::from(v.abs())));
    let apart = |(a, b): (&f32, &f32)| f64::from((a - b).abs());
    let difference = spatial.iter().zip(&spectral).map(apart).fold(0.0, f64::max) / most;
    Ok(TwoPaths { size, spatial, spectral, spectra, frequencies, difference })
}

fn of(rows: [[i8; 3]; 3]) -> Array<f32> {
    Array::new([3, 3], rows.concat().into_iter().map(f32::from).collect())
}

fn gaussian(side: usize, sigma: f32) -> Array<f32> {
    let half = (side / 2) as f32;
    let raw = Array::from_fn([side, side], |i| {
        let (y, x) = ((i / side) as f32 - half, (i % side) as f32 - half);
        (-(x * x + y * y) / (2.0 * sigma * sigma)).exp()
    });
    let sum: f32 = raw.data().iter().sum();
    raw.map(|v| v / sum)
}

fn gabor(degrees: f32) -> Array<f32> {
    let (side, wave) = (13, 6.0f32);
    let (sigma, half) = (0.56 * wave, (side / 2) as f32);
    let (sin, cos) = (degrees * PI / 180.0).sin_cos();
    let raw = Array::from_fn([side, side], |i| {
        // Upwards is positive.
        let (y, x) = (half - (i / side) as f32, (i % side) as f32 - half);
        let (along, across) = (x * cos + y * sin, y * cos - x * sin);
        (-(along * along + 0.25 * across * across) / (2.0 * sigma * sigma)).exp() * (2.0 * PI * along / wave).cos()
    });
    let mean = raw.data().iter().sum::<f32>() / (side * side) as f32;
    let size: f32 = raw.data().iter().map(|v| (v - mean).abs()).sum();
    raw.map(|v| 2.0 * (v - mean) / size)
}
