//! The hierarchy of features: what excites each channel of each layer, from edges to parts to objects. Two ways to see it:
//! pieces of pictures that are there ([`exciters`], Zeiler and Fergus 2013), and pictures that are made for it ([`maximize`],
//! Erhan et al. 2009).
//!
//! Both look at what a layer gives, before the activation that follows it, and at what one unit sees: its receptive field.

mod exciters;
mod maximize;

pub use exciters::{Channel, Exciters, Patch, cut, exciters};
pub use maximize::{Ascent, Maximized, Origin, maximize};

use super::{Boxes, Lens, LensLayer, ReceptiveField};
use std::ops::Range;
use striate_tensor::{Error, Result};

/// The layers that have features of their own: those that convolve (`conv…`, `local…`) and the dense ones.
pub fn layers(lens: &Lens) -> Vec<&LensLayer> {
    let own = |kind: &str| kind.starts_with("conv") || kind.starts_with("local") || kind == "dense";
    lens.layers().iter().filter(|layer| own(layer.kind)).collect()
}

/// Where a unit of a layer looks.
struct Sight {
    /// The sizes of the sample's spatial axes.
    sizes: Vec<usize>,
    /// None where every unit sees the whole sample.
    field: Option<ReceptiveField>,
    /// Where the box depends on the place.
    boxes: Option<Boxes>,
}

impl Sight {
    fn of(lens: &Lens, layer: &LensLayer) -> Result<Self> {
        let input = &lens.model().input;
        let sizes = input.get(1..).unwrap_or_default().to_vec();
        let summary = lens.model().summary()?;
        let found = summary.layers.into_iter().find(|l| l.name == layer.name);
        let (field, boxes) = found.map_or((None, None), |l| (l.receptive_field, l.boxes));
        let spatial = layer.output.rank() == input.rank() && input.rank() > 1;
        if !spatial && layer.output.rank() != 1 {
            return Err(Error::usage(format!("the layer `{}` has no channels over the sample", layer.name))
                .found(format!("an output of {}", layer.output))
                .expected("channels with the sample's spatial axes, or units without any"));
        }
        let slides = |field: &ReceptiveField| field.stride.iter().all(|&stride| stride > 0);
        let field = field.filter(|field| spatial && slides(field));
        Ok(Sight { sizes, field, boxes: boxes.filter(|_| spatial) })
    }

    /// The elements that the unit at a position sees, an axis each; they may lie in the padding.
    fn at(&self, position: &[usize]) -> Vec<Range<i64>> {
        match (&self.field, &self.boxes) {
            (Some(field), _) => field.at(position),
            (None, Some(boxes)) => {
                boxes.at(position).into_iter().map(|range| range.start as i64..range.end as i64).collect()
            }
            (None, None) => self.sizes.iter().map(|&size| 0..size as i64).collect(),
        }
    }
}
