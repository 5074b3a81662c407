//! Methods that read ∂S/∂x: of the sample, of samples on a way to it, of samples around it, or with ReLUs that pass on less.
//!
//! ```text
//! saliency               |∂S/∂x|
//! gradient-input         x · ∂S/∂x
//! integrated-gradients   (x − x′) · 1/m Σₖ ∂S/∂x at x′ + (k + ½)/m · (x − x′),  k = 0 … m − 1
//! smooth-grad            1/n Σᵢ ∂S/∂x at x + σ·εᵢ,  εᵢ standard normal
//! guided-backprop        ∂S/∂x, where each y = relu(z) passes ∂z = [y > 0] · relu(∂y) on
//! ```
//!
//! x′ the baseline, m the steps, n the draws, σ the noise. Middles of m equal parts are Captum's `riemann_middle`.

use super::target::Target;
use super::{Completeness, Found, Settings};
use crate::explain::Lens;
use crate::model::Model;
use striate_graph::{Adjoint, GradientRule, Layer, Op, Var};
use striate_plan::Workers;
use striate_tensor::{Array, Error, Instruction, Place, Program, Result, Rng, Unary};

/// The equations' own gradients.
const OWN: GradientRule = |_| None;

pub(super) fn saliency(target: &Target<'_>) -> Result<Found> {
    Ok(of_sample(target, OWN)?.map(f32::abs).into())
}

pub(super) fn times_input(target: &Target<'_>) -> Result<Found> {
    let slopes = of_sample(target, OWN)?;
    Ok(combined(&slopes, target.sample, |slope, x| slope * x).into())
}

pub(super) fn guided(target: &Target<'_>) -> Result<Found> {
    check_guided(target.lens.model())?;
    Ok(of_sample(target, guided_rule)?.into())
}

pub(super) fn integrated(target: &Target<'_>) -> Result<Found> {
    let (x, baseline) = (target.sample, target.baseline()?);
    let steps = at_least_one("steps", target.settings.steps)?;
    let way: Vec<_> = (0..steps)
        .map(|k| {
            let part = ((k as f64 + 0.5) / steps as f64) as f32;
            combined(x, &baseline, |x, from| from + part * (x - from))
        })
        .collect();
    let mean = mean(&target.gradients(&super::target::batch(&way.iter().collect::<Vec<_>>()), OWN)?);
    let difference = combined(x, &baseline, |x, from| x - from);
    let values = combined(&mean, &difference, |slope, x| slope * x);
    let at_baseline = target.scores(&super::target::batch(&[&baseline]))?[0];
    let completeness = Completeness {
        sum: values.data().iter().map(|&v| f64::from(v)).sum(),
        difference: f64::from(target.score) - f64::from(at_baseline),
    };
    Ok(Found { completeness: Some(completeness), ..values.into() })
}

pub(super) fn smooth(target: &Target<'_>) -> Result<Found> {
    let Settings { draws, noise, seed, .. } = *target.settings;
    let draws = at_least_one("draws", draws)?;
    if !(noise.is_finite() && noise >= 0.0) {
        return Err(Error::usage("smooth-grad: the noise is not usable").found(noise).expected("a number from 0 on"));
    }
    let x = target.sample;
    let (low, high) = x.data().iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    let (sigma, size) = (noise * (high - low), x.data().len());
    let rng = Rng::new(seed).stream("smooth-grad");
    let shape: Vec<usize> = [draws].into_iter().chain(x.shape().iter().copied()).collect();
    let noisy = Array::from_fn(shape, |i| x.data()[i % size] + sigma * rng.normal(i as u64));
    Ok(mean(&target.gradients(&noisy, OWN)?).into())
}

/// The mean of ∂S/∂x over samples N×…, of the shape of one sample: what SmoothGrad computes for samples of its own drawing.
///
/// # Errors
/// `Fault::Usage`: there is no such class. `Fault::Data`: the samples do not fit the model, or there are none.
pub fn mean_gradient(lens: &Lens, workers: &Workers, samples: &Array<f32>, class: usize) -> Result<Array<f32>> {
    let shape = lens.model().input.clone();
    if samples.shape().first().is_none_or(|&count| count == 0) || samples.shape()[1..] != shape[..] {
        let error = Error::data("the samples do not fit the model").found(samples.shape());
        return Err(error.expected(format!("N×{shape}, with at least one sample")));
    }
    let first = Array::new(shape.clone(), samples.data()[..shape.elements()].to_vec());
    let settings = Settings::default();
    Ok(mean(&Target::new(lens, workers, &first, Some(class), &settings)?.gradients(samples, OWN)?))
}

/// ∂S/∂x of the sample alone.
fn of_sample(target: &Target<'_>, rule: GradientRule) -> Result<Array<f32>> {
    Ok(mean(&target.gradients(&target.alone(), rule)?))
}

/// The mean over the first axis, summed in the order of the samples.
fn mean(all: &Array<f32>) -> Array<f32> {
    let (count, shape) = (all.shape()[0], &all.shape()[1..]);
    let size = shape.iter().product::<usize>();
    let sum = |i: usize| all.data().iter().skip(i).step_by(size).map(|&v| f64::from(v)).sum::<f64>();
    Array::from_fn(shape, |i| (sum(i) / count as f64) as f32)
}

/// Element by element.
fn combined(a: &Array<f32>, b: &Array<f32>, f: impl Fn(f32, f32) -> f32) -> Array<f32> {
    Array::from_fn(a.shape().clone(), |i| f(a.data()[i], b.data()[i]))
}

fn at_least_one(what: &str, count: usize) -> Result<usize> {
    match count {
        0 => Err(Error::usage(format!("attribution needs {what}")).found(0).expected("1 or more")),
        count => Ok(count),
    }
}

/// ∂z = [y > 0] · relu(∂y) for y = relu(z).
fn guided_rule<'g>(at: &Adjoint<'g>) -> Option<Vec<Option<Var<'g>>>> {
    match at.op() {
        Op::Map(map) if is_relu(&map.program) => {
            let gated = at.output(0).with(at.upstream(0), |p, y, dy| {
                let (positive, zero) = (p.unary(Unary::Relu, dy), p.constant(0.0));
                p.select(y, positive, zero)
            });
            Some(vec![Some(gated)])
        }
        _ => None,
    }
}

fn is_relu(program: &Program) -> bool {
    program.inputs() == 1 && *program.instructions() == [Instruction::Unary(Unary::Relu, 0)]
}

/// Guided back-propagation is a rule for ReLUs: with other activations its map would be a mixture that nobody defined.
fn check_guided(model: &Model) -> Result<()> {
    let other = |layer: &Layer| match layer {
        Layer::Activation(_) => layer.kind() != "relu",
        Layer::RecurrentLayer(_) | Layer::JordanLayer(_) => true,
        _ => false,
    };
    let wrong = |what: String| {
        Error::model(format!("guided-backprop does not fit the model: {what}"))
            .expected("a model whose activations are all `relu`")
            .hint("take another method, such as saliency or integrated-gradients")
    };
    if let Some(layer) = model.layers.iter().find(|layer| other(&layer.layer)) {
        let error = wrong(format!("the layer `{}` is a {}", layer.name, layer.layer.kind()));
        return Err(error.at(Place::Layer(layer.name.clone())));
    }
    match model.layers.iter().any(|layer| layer.layer.kind() == "relu") {
        true => Ok(()),
        false => Err(wrong("it has no ReLU".to_string())),
    }
}
