//! Occlusion: a window slides over the sample and covers all channels with the baseline.
//!
//! ```text
//! map[p] = mean over the windows w that cover p of  S(x) − S(x with w from x′)
//! ```
//!
//! Windows begin at multiples of the stride, as many as cover the sample; the last of an axis may reach beyond its end.

use super::Found;
use super::target::Target;
use striate_tensor::{Array, Error, Result, Shape};

/// Covered samples that are made at a time.
const AT_A_TIME: usize = 64;

pub(super) fn occlusion(target: &Target<'_>) -> Result<Found> {
    let (x, baseline) = (target.sample, target.baseline()?);
    let sizes = x.shape()[1..].to_vec();
    let (window, stride) = windows(target, &sizes)?;
    let count = |size: usize| (size - window.min(size)).div_ceil(stride) + 1;
    let starts: Shape = sizes.iter().map(|&size| count(size)).collect();
    let places: Shape = sizes.iter().copied().collect();
    let covers = |number: usize, place: usize| {
        let (at, place) = (starts.position(number), places.position(place));
        at.iter().zip(&place).all(|(&at, &p)| (at * stride..at * stride + window).contains(&p))
    };
    let plane = places.elements();
    let (mut sums, mut counts) = (vec![0f64; plane], vec![0u32; plane]);
    let numbers: Vec<usize> = (0..starts.elements()).collect();
    for numbers in numbers.chunks(AT_A_TIME) {
        let covered = |number: usize| {
            Array::from_fn(x.shape().clone(), |i| match covers(number, i % plane) {
                true => baseline.data()[i],
                false => x.data()[i],
            })
        };
        let samples: Vec<_> = numbers.iter().map(|&number| covered(number)).collect();
        let scores = target.scores(&super::target::batch(&samples.iter().collect::<Vec<_>>()))?;
        for (&number, score) in numbers.iter().zip(scores) {
            for place in (0..plane).filter(|&place| covers(number, place)) {
                sums[place] += f64::from(target.score) - f64::from(score);
                counts[place] += 1;
            }
        }
    }
    let mean: Vec<f32> = sums.iter().zip(counts).map(|(sum, count)| (sum / f64::from(count)) as f32).collect();
    Ok(Array::new([&[1], &sizes[..]].concat(), mean).into())
}

/// Window and stride, as chosen or by the sample's size.
fn windows(target: &Target<'_>, sizes: &[usize]) -> Result<(usize, usize)> {
    let (Some(&shorter), Some(&longer)) = (sizes.iter().min(), sizes.iter().max()) else {
        return Err(Error::model("occlusion needs samples with places to cover")
            .found(format!("samples of {}", target.sample.shape()))
            .expected("channels × height × width, or channels × length"));
    };
    let window = target.settings.window.unwrap_or_else(|| (shorter / 7).max(1));
    let stride = target.settings.stride.unwrap_or_else(|| (window / 2).max(1));
    if window == 0 || window > longer {
        return Err(Error::usage("occlusion: the window does not fit the sample")
            .found(format!("a window of {window}"))
            .expected(format!("1 to {longer}")));
    }
    if stride == 0 || stride > window {
        return Err(Error::usage("occlusion: the stride would leave places uncovered")
            .found(format!("a stride of {stride}"))
            .expected(format!("1 to {window}, the window")));
    }
    Ok((window, stride))
}
