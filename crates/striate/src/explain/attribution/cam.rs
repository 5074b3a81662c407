//! Class activation maps: the maps of a layer, weighed by what they do for a class.
//!
//! ```text
//! L = relu(Σₖ wₖ · Aₖ),   g = ∂S/∂A
//! Grad-CAM:    wₖ = mean over places of gₖ
//! Grad-CAM++:  wₖ = Σᵢⱼ αₖᵢⱼ · relu(gₖᵢⱼ),   αₖᵢⱼ = g² / (2g² + Σₐᵦ Aₖₐᵦ · g³), 0 where the divisor is 0
//! ```
//!
//! A the layer's output, k a channel, i, j, a, b places. Grad-CAM++ is stated for Y = eˢ, whose second and third derivatives are
//! eˢg² and eˢg³ where S is piecewise linear in A; the factor eˢ, the same at every place, is left out.

use super::Found;
use super::target::{Target, of_class};
use crate::explain::{Lens, LensLayer};
use striate_tensor::{Array, Error, Place, Result};

pub(super) fn grad_cam(target: &Target<'_>) -> Result<Found> {
    cam(target, |_, g| g.iter().map(|&g| f64::from(g)).sum::<f64>() / g.len() as f64)
}

pub(super) fn grad_cam_plus_plus(target: &Target<'_>) -> Result<Found> {
    cam(target, |a, g| {
        let sum: f64 = a.iter().map(|&a| f64::from(a)).sum();
        let weight = |g: f64| {
            let below = 2.0 * g.powi(2) + sum * g.powi(3);
            if below == 0.0 { 0.0 } else { g.powi(2) / below * g.max(0.0) }
        };
        g.iter().map(|&g| weight(g.into())).sum()
    })
}

/// The map for the weight of a channel as a function of its places and their slopes.
fn cam(target: &Target<'_>, weight: impl Fn(&[f32], &[f32]) -> f64) -> Result<Found> {
    let layer = match &target.settings.layer {
        Some(name) => with_maps(target.lens, name)?,
        None => cam_layer(target.lens)?,
    };
    let (name, class) = (layer.name.clone(), target.class);
    let mut question = target.lens.ask(|view| {
        let maps = view.layer(&name);
        let slopes = view.builder.grad(of_class(view, class).sum_all(), &[maps]);
        [vec![maps], slopes].concat()
    })?;
    let answer = question.answer(target.workers, &target.alone(), &[])?;
    let sizes = layer.output[1..].to_vec();
    let plane = sizes.iter().product::<usize>();
    let mut map = vec![0f64; plane];
    for (a, g) in answer[0].data().chunks_exact(plane).zip(answer[1].data().chunks_exact(plane)) {
        let weight = weight(a, g);
        map.iter_mut().zip(a).for_each(|(sum, &a)| *sum += weight * f64::from(a));
    }
    let coarse = Array::new(sizes, map.iter().map(|&v| v.max(0.0) as f32).collect());
    let values = upsampled(&coarse, &target.sample.shape()[1..]);
    Ok(Found { values, coarse: Some(coarse), layer: Some(name), completeness: None })
}

/// The layer whose maps Grad-CAM looks at when none is named: the last that convolves (`conv…`, `local…`) and has more than one
/// place for each channel.
///
/// # Errors
/// `Fault::Model`: there is none.
///
/// ```
/// use striate::{explain::{Lens, attribution::cam_layer}, prelude::*};
/// assert_eq!(cam_layer(&Lens::untrained(zoo::find("lenet5")?, 1)?)?.name, "conv2");
/// assert!(cam_layer(&Lens::untrained(zoo::find("mlp")?, 1)?).is_err());
/// # Ok::<(), Error>(())
/// ```
pub fn cam_layer(lens: &Lens) -> Result<&LensLayer> {
    let convolves = |layer: &LensLayer| layer.kind.starts_with("conv") || layer.kind.starts_with("local");
    lens.layers().iter().rfind(|layer| convolves(layer) && has_maps(lens, layer)).ok_or_else(|| {
        Error::model("Grad-CAM does not fit the model: no layer that convolves has maps")
            .expected("a convolution with more than one place in its output")
            .at(Place::Layer(lens.model().name.clone()))
            .hint("take another method, such as integrated-gradients")
    })
}

fn with_maps<'a>(lens: &'a Lens, name: &str) -> Result<&'a LensLayer> {
    let layer = lens.layer(name)?;
    if has_maps(lens, layer) {
        return Ok(layer);
    }
    let others = lens.layers().iter().filter(|layer| has_maps(lens, layer)).map(|layer| layer.name.as_str());
    Err(Error::usage(format!("the layer `{name}` has no maps to weigh"))
        .found(format!("an output of {}", layer.output))
        .expected(others.collect::<Vec<_>>().join(", ")))
}

/// Whether a layer gives channels over the sample's spatial axes (one or two), with more than one place.
fn has_maps(lens: &Lens, layer: &LensLayer) -> bool {
    let rank = lens.model().input.rank();
    (2..=3).contains(&rank) && layer.output.rank() == rank && layer.output[1..].iter().product::<usize>() > 1
}

/// 1×H×W from h×w (or 1×L from l), linear between the middles of places, level beyond the outermost.
fn upsampled(map: &Array<f32>, to: &[usize]) -> Array<f32> {
    let ([.., width], [.., wide]) = (&map.shape()[..], to) else { return map.clone() };
    let (height, high) = (map.data().len() / width, to.iter().product::<usize>() / wide);
    let axis = |i: usize, n: usize, of: usize| {
        let at = ((i as f64 + 0.5) * n as f64 / of as f64 - 0.5).max(0.0);
        let low = (at as usize).min(n - 1);
        (low, (low + 1).min(n - 1), at - low as f64)
    };
    let values = (0..high * wide).map(|i| {
        let (top, bottom, v) = axis(i / wide, height, high);
        let (left, right, u) = axis(i % wide, *width, *wide);
        let of = |row: usize, column: usize| f64::from(map.data()[row * width + column]);
        let across = |row: usize| of(row, left) * (1.0 - u) + of(row, right) * u;
        (across(top) * (1.0 - v) + across(bottom) * v) as f32
    });
    Array::new([&[1], to].concat(), values.collect())
}
