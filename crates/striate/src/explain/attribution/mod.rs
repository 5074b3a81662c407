//! Attribution: which elements of a sample x make the score S of a class what it is.
//!
//! S is what the model gives for the class, before the softmax that makes probabilities (a softmax or log_softmax layer that
//! ends the model is left out); of a model with a class for each place, the sum over all places. Methods and their signs are
//! those of Captum, whose target is the output of the forward pass.
//!
//! | method | map | source |
//! |---|---|---|
//! | `saliency` | \|∂S/∂x\| | Simonyan et al. 2013 |
//! | `gradient-input` | x · ∂S/∂x | Shrikumar et al. 2016 |
//! | `integrated-gradients` | (x − x′) · mean of ∂S/∂x from the baseline x′ to x | Sundararajan et al. 2017 |
//! | `smooth-grad` | mean of ∂S/∂x over x with noise | Smilkov et al. 2017 |
//! | `guided-backprop` | ∂S/∂x, where ReLUs pass on positive gradients alone | Springenberg et al. 2014 |
//! | `occlusion` | how far S falls when a window is covered by the baseline | Zeiler and Fergus 2013 |
//! | `grad-cam` | relu(Σₖ wₖ·Aₖ), wₖ the mean of ∂S/∂Aₖ, for the maps Aₖ of a layer | Selvaraju et al. 2017 |
//! | `grad-cam++` | the same with wₖ of positive gradients, weighed by place | Chattopadhay et al. 2018 |
//!
//! ```
//! use striate::explain::attribution::{self, Method, Settings};
//! use striate::explain::Lens;
//! use striate::plan::Workers;
//! use striate::prelude::*;
//! use striate::tensor::Array;
//!
//! let lens = Lens::untrained(zoo::find("lenet5")?, 1)?;
//! let digit = Array::from_fn([1, 28, 28], |i| (i % 7) as f32 / 7.0);
//! let method = Method::named("grad-cam")?;
//! let map = attribution::attribute(&lens, &Workers::new(1), &digit, method, Some(3), &Settings::default())?;
//! assert_eq!(map.layer.as_deref(), Some("conv2")); // the last that has maps
//! assert_eq!(map.heat().shape()[..], [28, 28]);
//! # Ok::<(), Error>(())
//! ```

mod cam;
mod gradient;
mod occlusion;
mod sanity;
mod target;

pub use cam::cam_layer;
pub use gradient::mean_gradient;
pub use sanity::{Sanity, SanityStep, rank_correlation, sanity};
pub use target::class_named;

use super::Lens;
use crate::suggest::nearest;
use serde::Serialize;
use striate_plan::Workers;
use striate_tensor::{Array, Error, Result};
use target::Target;

/// A way to attribute.
#[derive(Debug)]
pub struct Method {
    /// Its name, as the command line writes it.
    pub name: &'static str,
    /// What its map tells, in one line.
    pub about: &'static str,
    /// Whether its numbers have a sign: for and against the class.
    pub signed: bool,
    /// Whether it looks at the maps of a layer.
    pub of_layer: bool,
    run: fn(&Target<'_>) -> Result<Found>,
}

/// What a method finds.
struct Found {
    values: Array<f32>,
    coarse: Option<Array<f32>>,
    layer: Option<String>,
    completeness: Option<Completeness>,
}

impl From<Array<f32>> for Found {
    fn from(values: Array<f32>) -> Self {
        Found { values, coarse: None, layer: None, completeness: None }
    }
}

const METHODS: &[Method] = &[
    Method {
        name: "saliency",
        about: "how much the score changes with each element",
        signed: false,
        of_layer: false,
        run: gradient::saliency,
    },
    Method {
        name: "gradient-input",
        about: "each element times its slope",
        signed: true,
        of_layer: false,
        run: gradient::times_input,
    },
    Method {
        name: "integrated-gradients",
        about: "slopes on the straight way from the baseline; they add up to the score's difference",
        signed: true,
        of_layer: false,
        run: gradient::integrated,
    },
    Method {
        name: "smooth-grad",
        about: "the mean slope over the sample with noise",
        signed: true,
        of_layer: false,
        run: gradient::smooth,
    },
    Method {
        name: "guided-backprop",
        about: "slopes, of which each ReLU passes positive ones on alone",
        signed: true,
        of_layer: false,
        run: gradient::guided,
    },
    Method {
        name: "occlusion",
        about: "how far the score falls when a window is covered",
        signed: true,
        of_layer: false,
        run: occlusion::occlusion,
    },
    Method {
        name: "grad-cam",
        about: "the maps of a layer, weighed by their mean slopes",
        signed: false,
        of_layer: true,
        run: cam::grad_cam,
    },
    Method {
        name: "grad-cam++",
        about: "the maps of a layer, weighed by their positive slopes, place by place",
        signed: false,
        of_layer: true,
        run: cam::grad_cam_plus_plus,
    },
];

impl Method {
    /// All of them.
    pub fn all() -> &'static [Method] {
        METHODS
    }

    /// The method of that name.
    ///
    /// # Errors
    /// `Fault::Usage`: there is none; the hint says what was probably meant.
    ///
    /// ```
    /// use striate::explain::attribution::Method;
    /// let error = Method::named("gradcam").unwrap_err();
    /// assert!(error.to_string().contains("did you mean `grad-cam`?"));
    /// ```
    pub fn named(name: &str) -> Result<&'static Method> {
        METHODS.iter().find(|method| method.name == name).ok_or_else(|| {
            let names = || METHODS.iter().map(|method| method.name);
            let error = Error::usage(format!("there is no method of attribution `{name}`"));
            let error = error.expected(names().collect::<Vec<_>>().join(", "));
            match nearest(name, names()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }
}

/// What methods leave to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The layer whose maps Grad-CAM weighs; none: that of [`cam_layer`].
    pub layer: Option<String>,
    /// The sample that says nothing, x′ of integrated gradients and the cover of occlusion; none: a picture of black pixels as
    /// the model's preprocessing makes it.
    pub baseline: Option<Array<f32>>,
    /// Points on the way of integrated gradients, the middles of equal parts.
    pub steps: usize,
    /// Samples with noise that SmoothGrad takes the mean of.
    pub draws: usize,
    /// Standard deviation of SmoothGrad's noise, as a part of the sample's range.
    pub noise: f32,
    /// Edge of the window that occlusion covers; none: a seventh of the shorter edge.
    pub window: Option<usize>,
    /// How far apart the windows are; none: half a window.
    pub stride: Option<usize>,
    /// Decides the noise.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        let (steps, draws, noise) = (64, 32, 0.15);
        Settings { layer: None, baseline: None, steps, draws, noise, window: None, stride: None, seed: 0 }
    }
}

/// How well the attributions of integrated gradients add up to what they are to explain.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Completeness {
    /// Sum of all attributions.
    pub sum: f64,
    /// S(x) − S(x′).
    pub difference: f64,
}

impl Completeness {
    /// |sum − difference|; it falls with the number of steps.
    pub fn error(&self) -> f64 {
        (self.sum - self.difference).abs()
    }
}

/// The map of one method for one sample and one class.
#[derive(Clone, Debug)]
pub struct Attribution {
    /// Which method.
    pub method: &'static Method,
    /// Number of the class.
    pub class: usize,
    /// Its score S for the sample.
    pub score: f32,
    /// One number for each element of the sample; of a method that looks at a layer one for each place, 1×H×W, interpolated
    /// linearly between the places of the layer.
    pub values: Array<f32>,
    /// The layer that the method looked at.
    pub layer: Option<String>,
    /// The map at the layer's own places, h×w.
    pub coarse: Option<Array<f32>>,
    /// Of integrated gradients.
    pub completeness: Option<Completeness>,
}

impl Attribution {
    /// One number for each place: the sum over channels, or of magnitudes (`saliency`) the greatest. H×W, or of samples
    /// with one spatial axis its length; of samples without any, one for each element.
    pub fn heat(&self) -> Array<f32> {
        let shape = self.values.shape();
        let places = shape[1..].iter().product::<usize>();
        if shape.rank() == 1 {
            return self.values.clone();
        }
        let channels = || self.values.data().chunks_exact(places);
        let heat = (0..places).map(|place| {
            let at = channels().map(|channel| channel[place]);
            if self.method.signed { at.sum() } else { at.fold(f32::NEG_INFINITY, f32::max) }
        });
        Array::new(&shape[1..], heat.collect())
    }
}

/// What a method says of a sample (of the shape of the model's input) and a class; without one, the predicted class.
///
/// # Errors
/// `Fault::Data`: the sample or the baseline has another shape. `Fault::Usage`: there is no such class or layer, or a setting is
/// unusable. `Fault::Model`: the method does not fit the model.
pub fn attribute(
    lens: &Lens,
    workers: &Workers,
    sample: &Array<f32>,
    method: &'static Method,
    class: Option<usize>,
    settings: &Settings,
) -> Result<Attribution> {
    let target = Target::new(lens, workers, sample, class, settings)?;
    let Found { values, coarse, layer, completeness } = (method.run)(&target)?;
    Ok(Attribution { method, class: target.class, score: target.score, values, layer, coarse, completeness })
}
